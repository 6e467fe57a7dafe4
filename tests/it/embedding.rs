//! The library as another program uses it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use playhouse::artifacts::{Logged, RunStatus};
use playhouse::plugins::PluginLibrary;
use playhouse::{Playhouse, Run};
use serde_json::{Map, Value, json};
use tests::processes::{processes_of, wait_until};
use tests::{Core, RunTest, component};

use crate::stopping::SLEEP;
use crate::{hello, test};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn playhouse() -> Playhouse {
    Playhouse::new(tokio::runtime::Handle::current(), PluginLibrary::new(Vec::new(), None))
}

/// A run of a room's private data directory, with the room's environment.
fn run(test: &RunTest) -> Run {
    let home = test.room().join("home").display().to_string();
    Run::builder(test.private_data_dir())
        .playbook("site.yml")
        .ident("job")
        .envvar("HOME", home)
        .envvar("LC_ALL", "C.UTF-8")
        .envvar("PATH", format!("{}:/usr/bin:/bin", Core::V2_19.bin().display()))
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { panic!("an object") };
    members
}

#[test]
fn a_run_is_followed_from_its_first_status_to_its_last() {
    let playbook = "\
- hosts: all
  gather_subset: [min]
  tasks:
    - {name: Say, debug: {msg: \"{{ item }}\"}, loop: [1, 2, 3]}
";
    let test = test().local_hosts(&["web1", "web2"]).playbook(playbook);
    runtime().block_on(async {
        let heard = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&heard);
        let handler = move |_: &_| {
            counter.fetch_add(1, Ordering::SeqCst);
        };
        let annotate =
            json!({"plugin": component("annotate"), "config": {"labels": {"env": "prod"}}});
        let mut run = run(&test)
            .plugin(serde_json::from_value(annotate).unwrap())
            .on_event(handler)
            .start(&playhouse())
            .unwrap();
        let (mut statuses, mut counters) = (Vec::new(), Vec::new());
        while let Some(logged) = run.next().await.unwrap() {
            match logged {
                Logged::Status(change) => statuses.push((change.status, counters.len())),
                Logged::Event { counter, json } => {
                    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["counter"], counter);
                    counters.push(counter);
                }
            }
        }
        let outcome = run.outcome().await.unwrap();
        let count = counters.len();
        assert_eq!(counters, (1..=outcome.events).collect::<Vec<_>>());
        assert_eq!(heard.load(Ordering::SeqCst), outcome.events);
        let wanted =
            [(RunStatus::Starting, 0), (RunStatus::Running, 0), (RunStatus::Successful, count)];
        assert_eq!(statuses, wanted);
        assert_eq!(
            (outcome.status, outcome.rc, outcome.exit_code()),
            (RunStatus::Successful, 0, 0)
        );
        assert_eq!(outcome.stats.as_ref().unwrap()["web2"].ok, 2);
        assert_eq!(outcome.host_events("web1").unwrap().len(), 2 + 5);
        let facts = outcome.facts("web1").unwrap().unwrap();
        assert!(facts["ansible_python_version"].is_string(), "{facts}");
        assert_eq!(outcome.facts("web3").unwrap(), None);
        assert!(outcome.stdout().unwrap().contains("PLAY RECAP"));
    });
}

#[test]
fn several_runs_go_on_at_once() {
    let test = hello();
    runtime().block_on(async {
        let playhouse = playhouse();
        let mut runs = BTreeMap::new();
        for number in 0..6 {
            let ident = format!("run{number}");
            runs.insert(ident.clone(), run(&test).ident(ident).start(&playhouse).unwrap());
        }
        for (ident, run) in runs {
            let outcome = run.outcome().await.unwrap();
            assert_eq!((outcome.ident, outcome.events), (ident, 6));
        }
    });
}

#[test]
fn a_run_is_canceled_and_leaves_nothing() {
    let test = test().local_hosts(&["web1"]).playbook(&SLEEP.replace("60.0625", "63.0625"));
    runtime().block_on(async {
        let run = run(&test).start(&playhouse()).unwrap();
        wait_until("the task runs", || !processes_of(&["sleep", "63.0625"]).is_empty());
        run.cancel();
        let outcome = tokio::time::timeout(Duration::from_secs(8), run.outcome()).await.unwrap();
        assert_eq!(outcome.unwrap().status, RunStatus::Canceled);
        assert_eq!(processes_of(&["sleep", "63.0625"]), Vec::<u32>::new());
    });
}

#[test]
fn a_run_that_cannot_begin_says_why() {
    runtime().block_on(async {
        let mut run =
            Run::builder("/nowhere/at/all").playbook("x.yml").start(&playhouse()).unwrap();
        assert!(run.next().await.unwrap().is_none());
        let error = run.outcome().await.unwrap_err();
        assert!(error.to_string().contains("`/nowhere/at/all` does not exist"), "{error}");
    });
}

#[test]
fn what_strangers_say_is_no_template() {
    let show = "- hosts: all\n  gather_facts: false\n  tasks: [{debug: {msg: \"{{ ours }} {{ theirs }}\"}}]\n";
    let test = test().local_hosts(&["web1"]).playbook(show);
    let runtime = runtime();
    let _context = runtime.enter();
    let outcome = run(&test)
        .extra_vars(object(json!({"ours": "{{ 1 + 1 }}"})))
        .untrusted_vars(object(json!({"theirs": "{{ lookup('pipe', 'id') }}"})))
        .persist_inputs()
        .run(&playhouse())
        .unwrap();
    let said = |host_events: Vec<Value>| host_events[1]["event_data"]["res"]["msg"].clone();
    let expected = "2 {{ lookup('pipe', 'id') }}";
    assert_eq!(said(outcome.host_events("web1").unwrap()), expected);

    // What it left in `env/` means the same to the next run.
    let outcome = run(&test).run(&playhouse()).unwrap();
    assert_eq!(said(outcome.host_events("web1").unwrap()), expected);
}

#[test]
fn what_was_given_counts_below_the_files_of_env() {
    let show = "- hosts: all\n  gather_facts: false\n  tasks: [{debug: {msg: \"{{ lookup('env', 'A') }}{{ lookup('env', 'B') }}\"}}]\n";
    let test = test()
        .local_hosts(&["web1"])
        .playbook(show)
        .file("env/envvars", "A: file\n")
        .file("env/settings", "fact_cache: of_file\n");
    let runtime = runtime();
    let _context = runtime.enter();
    let outcome = run(&test)
        .envvar("A", "given")
        .envvar("B", "given")
        .setting("fact_cache", "given")
        .setting("suppress_output_file", true)
        .run(&playhouse())
        .unwrap();
    let events = outcome.host_events("web1").unwrap();
    assert_eq!(events[1]["event_data"]["res"]["msg"], "filegiven");
    assert!(outcome.fact_cache.ends_with("of_file"));
    assert!(outcome.stdout().is_err());
}

/// The seeds' web program, as `host/examples/job_run.rs` has it.
#[test]
fn the_web_program_answers_with_the_runs_output() {
    let two = "\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - {name: Do ze pong, ping: {}}
    - debug: {var: botella}
";
    let test = test().file("two.yml", two);
    std::fs::remove_dir(test.private_data_dir().join("project")).unwrap();
    let program = Path::new(crate::PROGRAM).with_file_name("examples").join("job_run");
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut command = Command::new(&program);
    command.arg(test.private_data_dir()).arg(&address);
    test.seal(&mut command);
    let mut web = command.stdout(Stdio::null()).spawn().unwrap_or_else(|error| {
        panic!("{}: {error}; it is built by `cargo test --workspace`", program.display())
    });
    wait_until("it listens", || TcpStream::connect(&address).is_ok());
    let body = r#"{"username": "Jane", "number": 55, "botella": "vino tinto"}"#;
    let (status, answer) = post(&address, "/job_run/two.yml", body);
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(answer.contains("TASK [Do ze pong] ***"), "{answer}");
    assert!(answer.contains("    \"botella\": \"vino tinto\"\r\n"), "{answer}");
    assert!(!answer.contains('\x1b'), "{answer}");
    let (status, answer) = post(&address, "/job_run/two.yml", "rubbish");
    assert_eq!((status.as_str(), answer.lines().count()), ("HTTP/1.1 400 Bad Request", 1));
    let left = std::fs::read_to_string(test.private_data_dir().join("env/extravars")).unwrap();
    let expected = "---\n{? \"username\" : !unsafe \"Jane\", ? \"number\" : 55, ";
    assert!(left.starts_with(expected), "{left}");
    web.kill().unwrap();
    web.wait().unwrap();
}

/// The first line of the answer, and its body.
fn post(address: &str, path: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let size = body.len();
    write!(stream, "POST {path} HTTP/1.0\r\nContent-Length: {size}\r\n\r\n{body}").unwrap();
    let mut reader = BufReader::new(stream);
    let mut status = String::new();
    reader.read_line(&mut status).unwrap();
    let mut answer = String::new();
    reader.read_to_string(&mut answer).unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    (status.trim_end().replace("HTTP/1.0", "HTTP/1.1"), body)
}
