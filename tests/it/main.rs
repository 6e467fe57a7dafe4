//! The end-to-end suite, in the order of a run.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use tests::RunTest;

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
