//! A very small AWX: `POST /job_run/<playbook>` runs a playbook of the private data
//! directory and answers with what the terminal would have shown.
//!
//! ```console
//! $ cargo run --release --example job_run -- jp &
//! $ curl -d '{"username": "Jane", "number": 55}' localhost:8081/job_run/two.yml
//! ```

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use playhouse::plugins::PluginLibrary;
use playhouse::{Playhouse, Run};
use serde_json::Map;
use tokio::net::TcpListener;

/// What every request needs.
#[derive(Clone)]
struct Jobs {
    playhouse: Playhouse,
    private_data_dir: String,
}

type Answer = Result<String, (StatusCode, String)>;

/// The body's members are extra vars. They come from strangers, so no text in them is
/// a template.
async fn job_run(State(jobs): State<Jobs>, Path(playbook): Path<String>, body: Bytes) -> Answer {
    let wrong = |error: &dyn std::error::Error| (StatusCode::BAD_REQUEST, format!("{error}\n"));
    let vars = match body.as_ref() {
        b"" => Map::new(),
        json => serde_json::from_slice(json).map_err(|error| wrong(&error))?,
    };
    let run = Run::builder(&jobs.private_data_dir)
        .playbook(playbook)
        .untrusted_vars(vars)
        .envvar("ANSIBLE_NOCOLOR", "1")
        .envvar("ANSIBLE_NOCOWS", "1")
        .persist_inputs()
        .start(&jobs.playhouse)
        .map_err(|error| wrong(&error))?;
    let outcome = run.outcome().await.map_err(|error| wrong(&error))?;
    outcome.stdout().map_err(|error| wrong(&error))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let private_data_dir = arguments.next().unwrap_or_else(|| "jp".to_owned());
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8081".to_owned());
    let runtime = tokio::runtime::Handle::current();
    let playhouse = Playhouse::new(runtime, PluginLibrary::new(Vec::new(), None));
    let router = axum::Router::new().route("/job_run/{playbook}", post(job_run));
    let listener = TcpListener::bind(address).await?;
    axum::serve(listener, router.with_state(Jobs { playhouse, private_data_dir })).await
}
