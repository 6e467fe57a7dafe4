//! The plugin over a recorded run, natively. `playhouse run demo -p site.yml -j` prints
//! such lines, and `Recording::of_folder` reads the `job_events` of a run.

//< event-filter event-enricher event-sink
use playhouse_plugin::testing::{Recording, TestPlugin, check_schema};
//>
//< not event-filter event-enricher event-sink
use playhouse_plugin::testing::{TestPlugin, check_schema};
//>
//< pre-run event-sink
{{test_imports}}
//>
use serde_json::json;

use {{crate}}::{{type}};

fn plugin() -> TestPlugin<{{type}}> {
    TestPlugin::start(json!({{settings}})).unwrap()
}
//< event-filter event-enricher event-sink

fn recording() -> Recording {
    Recording::of_lines(include_str!("../recorded.jsonl")).unwrap()
}
//>
//< pre-run

#[test]
fn the_region_is_set() {
    let edits = plugin().prepare(json!({})).unwrap();
    assert_eq!(
        edits,
        [Edit::Set {
            path: "/extravars/region".to_owned(),
            value: "\"north\"".to_owned(),
            reason: "from the settings".to_owned(),
        }]
    );
}
//>
//< event-filter

#[test]
fn debug_events_are_left_out() {
    let kept = plugin().keep(&recording());
    assert_eq!(kept, [1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14, 15]);
}
//>
//< event-enricher

#[test]
fn events_of_hosts_get_the_team() {
    let changes = plugin().enrich(&recording());
    let (counter, change) = &changes[0];
    assert_eq!(*counter, 4);
    assert_eq!(change.notes, [("team".to_owned(), json!("web"))]);
}
//>
//< status-sink

#[test]
fn statuses_are_posted() {
    let mut plugin = plugin().answer_status(200);
    plugin.deliver_status(1, "starting").unwrap();
    assert!(plugin.requests()[0].body.starts_with(b"{\"status\": \"starting\""));
}
//>
//< event-sink

#[test]
fn an_event_that_is_turned_away_comes_again() {
    let mut plugin = plugin().answer_status(200).answer_status(503);
    let failure = plugin.deliver(&recording()).unwrap_err();
    assert_eq!(failure.accepted, 1);
    assert_eq!(failure.error, DeliveryError::retry("status 503"));
}
//>

#[test]
fn the_schema_is_that_of_the_settings() {
    assert_eq!(check_schema::<{{type}}>("plugin.json"), Ok(()));
}

#[test]
fn an_unknown_setting_is_refused() {
    let error = TestPlugin::<{{type}}>::start(json!({"tema": "web"})).err().unwrap();
    assert!(format!("{error:?}").contains("/tema"), "{error:?}");
}
