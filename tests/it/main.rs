//! The end-to-end suite, in the order of a run.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tests::{Ran, RunTest, guest};

mod input;

mod yaml;

mod prepare;

mod pre_run;

mod data;

mod run;

mod job_events;

mod jobs;

mod waiting;

mod terminal;

mod progress;

mod prompts;

mod ssh;

mod peer;

mod stopping;

mod killing;

mod background;

mod history;

mod filters;

mod provenance;

mod zmq;

mod sinks;

mod deliver;

mod mqtt;

mod replay;

mod misbehaving;

mod sandbox;

mod plugin_secrets;

mod secrets;

mod loading;

mod python;

mod plugin_new;

mod plugin_bench;

mod plugin_test;

mod store;

mod results;

mod embedding;

mod pages;

mod tidy;

/// The program under test.
const PROGRAM: tests::Program = env!("CARGO_BIN_EXE_playhouse-under-test");

/// An empty private data directory.
fn test() -> RunTest {
    RunTest::new(PROGRAM)
}

/// A playbook of one task that says `hello`, for one local host.
fn hello() -> RunTest {
    test().local_hosts(&["web1"]).playbook(HELLO)
}

const HELLO: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Greet
      debug:
        msg: hello
";

/// What the guest `rogue` was shown of the run before it, as its log has it.
fn rogues_view(ran: &Ran) -> Value {
    let log = ran.artifact("plugins/rogue/log");
    let view = log.split("the view is ").nth(1).unwrap().lines().next().unwrap();
    serde_json::from_str(view).unwrap()
}

/// The guest `rogue` in a test's room, under another name and asking for other things.
fn rogue_that_wants(test: &RunTest, name: &str, wants: &Value) -> PathBuf {
    let hooks = ["pre-run", "event-filter", "event-enricher", "status-sink", "event-sink", "timer"];
    let hooks: Value = hooks.into_iter().map(|hook| (hook.to_owned(), json!({}))).collect();
    let metadata = json!({"name": name, "version": "1", "hooks": hooks, "wants": wants});
    fs::write(test.room().join("plugin.json"), metadata.to_string()).unwrap();
    let component = format!("{name}.wasm");
    let mut annotate = Command::new(PROGRAM);
    annotate.args(["plugin", "annotate"]).arg(guest("rogue"));
    annotate.args(["--metadata", "plugin.json", "-o", &component]);
    test.seal(&mut annotate);
    assert!(annotate.status().unwrap().success());
    test.room().join(component)
}
