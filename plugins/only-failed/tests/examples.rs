//! The examples of the README.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use only_failed::OnlyFailed;
use playhouse_plugin::InitError;
use playhouse_plugin::testing::{Recording, TestPlugin, check_schema};
use serde_json::{Value, json};

fn kept(settings: Value) -> Vec<u64> {
    let recording = Recording::of_lines(include_str!("../examples/events.jsonl")).unwrap();
    TestPlugin::<OnlyFailed>::start(settings).unwrap().keep(&recording)
}

#[test]
fn the_schema_is_that_of_the_settings() {
    assert_eq!(check_schema::<OnlyFailed>("plugin.json"), Ok(()));
}

#[test]
fn trouble_and_the_recap_are_kept() {
    assert_eq!(kept(json!({})), [3, 4, 5, 6]);
}

#[test]
fn settings_narrow_and_widen() {
    assert_eq!(kept(json!({"ignored": false})), [3, 5, 6]);
    assert_eq!(kept(json!({"changed": true})), [2, 3, 4, 5, 6]);
    assert_eq!(kept(json!({"names": ["runner_on_start"]})), [1, 3, 4, 5, 6]);
}

#[test]
fn an_unknown_setting_is_refused() {
    let error = TestPlugin::<OnlyFailed>::start(json!({"chnaged": true})).err().unwrap();
    let InitError::Config { setting, message } = error else { panic!("{error:?}") };
    assert_eq!(setting, "/chnaged");
    assert!(message.starts_with("unknown field `chnaged`, expected one of"), "{message}");
}
