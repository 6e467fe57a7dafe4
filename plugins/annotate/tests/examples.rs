//! The examples of the README.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use annotate::Annotate;
use playhouse_plugin::InitError;
use playhouse_plugin::testing::{Recording, TestPlugin, check_schema};
use serde_json::{Value, json};

fn notes(settings: Value) -> Vec<(u64, Value)> {
    let recording = Recording::of_lines(include_str!("../examples/events.jsonl")).unwrap();
    let changes = TestPlugin::<Annotate>::start(settings).unwrap().enrich(&recording);
    changes
        .into_iter()
        .map(|(counter, change)| {
            assert_eq!((change.data, change.stdout), (None, None), "nothing is replaced");
            (counter, Value::Object(change.notes.into_iter().collect()))
        })
        .collect()
}

#[test]
fn the_schema_is_that_of_the_settings() {
    assert_eq!(check_schema::<Annotate>("plugin.json"), Ok(()));
}

#[test]
fn labels_come_from_settings_run_and_rules() {
    let settings = serde_json::from_str(include_str!("../examples/settings.json")).unwrap();
    let notes = notes(settings);
    let plain = json!({"controller": "localhost", "ident": "test", "team": "web", "tier": 1});
    assert_eq!(notes[0], (1, plain.clone()));
    assert_eq!(notes[2].1["page"], true);
    assert_eq!(notes[4].1["team"], "data", "the later rule wins");
    assert_eq!(notes[5], (6, plain));
}

#[test]
fn without_settings_nothing_changes() {
    assert_eq!(notes(json!({})), []);
}

#[test]
fn a_label_that_cannot_be_a_key_is_named() {
    for (settings, place) in [
        (json!({"labels": {"a b": 1}}), "/labels/a b"),
        (json!({"rules": [{"labels": {"": 1}}]}), "/rules/0/labels/"),
        (json!({"rules": [{"labels": {}, "host": []}]}), "/rules/0/host"),
    ] {
        let error = TestPlugin::<Annotate>::start(settings).err().unwrap();
        let InitError::Config { setting, .. } = error else { panic!("{error:?}") };
        assert_eq!(setting, place);
    }
}
