//! Exchanges over `wasi:http`, as libraries make them that know nothing of Playhouse.

use playhouse_plugin::info;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, Method, OutgoingRequest, Scheme};

/// Gets an `http` URL; the answer's status.
pub(crate) fn get(url: &str) -> Result<u16, String> {
    let rest = url.strip_prefix("http://").ok_or("no http URL")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let request = OutgoingRequest::new(Fields::new());
    let refused = |()| "the request cannot be made".to_owned();
    request.set_scheme(Some(&Scheme::Http)).map_err(refused)?;
    request.set_authority(Some(authority)).map_err(refused)?;
    request.set_path_with_query(Some(&format!("/{path}"))).map_err(refused)?;
    let answer = handle(request, None).map_err(|error| error.to_string())?;
    answer.subscribe().block();
    match answer.get() {
        Some(Ok(Ok(response))) => Ok(response.status()),
        Some(Ok(Err(error))) => Err(error.to_string()),
        _ => Err("there is no answer".to_owned()),
    }
}

/// Requests that wait in the host, with much of everything.
pub(crate) fn hoard() {
    let bodies: Vec<_> = (0..30).map(|_| send_large_body()).collect();
    let written: usize = bodies.iter().map(|(written, ..)| written).sum();
    info!("{written} bytes of bodies that are under way");
    let text = "x".repeat(4 << 20);
    let texts: Vec<_> = (0..50)
        .map(|_| {
            let request = OutgoingRequest::new(Fields::new());
            let set = [
                request.set_path_with_query(Some(&format!("/{text}"))),
                request.set_authority(Some(&text)),
                request.set_method(&Method::Other(text.clone())),
                request.set_scheme(Some(&Scheme::Other(text.clone()))),
            ];
            (set.iter().filter(|set| set.is_ok()).count(), request)
        })
        .collect();
    let long: usize = texts.iter().map(|(long, _)| long).sum();
    info!("{long} long texts");
    let headers: Vec<_> = (0..50).map(|_| fill_headers()).collect();
    let set: usize = headers.iter().map(|(set, _)| set).sum();
    info!("{set} headers");
    std::mem::forget((bodies, texts, headers));
}

/// Sends a request and goes on writing its body; how many bytes were taken, and what has to
/// be kept for the host to keep them.
fn send_large_body() -> (usize, impl Sized) {
    let request = OutgoingRequest::new(Fields::new());
    let _ = request.set_scheme(Some(&Scheme::Http));
    let _ = request.set_authority(Some("127.0.0.1:1"));
    let _ = request.set_path_with_query(Some("/"));
    let body = request.body().expect("a body");
    let stream = body.write().expect("a stream");
    let answer = handle(request, None);
    let piece = [1; 4 << 10];
    let mut written = 0;
    while written < 16 << 20 && stream.blocking_write_and_flush(&piece).is_ok() {
        written += piece.len();
    }
    (written, (stream, body, answer))
}

/// How many small headers were taken: nearly as many as there may be, since one more is a
/// trap.
fn fill_headers() -> (usize, Fields) {
    let fields = Fields::new();
    let set =
        (0..200).take_while(|number| fields.append(&format!("x-{number}"), b"1").is_ok()).count();
    (set, fields)
}
