//! The examples of the README.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use extra_vars::ExtraVars;
use playhouse_plugin::testing::{TestPlugin, check_schema};
use playhouse_plugin::{Edit, InitError, PrepareError};
use serde_json::{Value, json};

fn start() -> TestPlugin<ExtraVars> {
    let settings = serde_json::from_str(include_str!("../examples/settings.json")).unwrap();
    TestPlugin::start(settings).unwrap()
}

fn view() -> Value {
    serde_json::from_str(include_str!("../examples/view.json")).unwrap()
}

#[test]
fn the_schema_is_that_of_the_settings() {
    assert_eq!(check_schema::<ExtraVars>("plugin.json"), Ok(()));
}

#[test]
fn it_sets_what_its_settings_name() {
    let edits = start().prepare(view()).unwrap();
    let set = |path: &str, value: Value| Edit::Set {
        path: path.into(),
        value: value.to_string(),
        reason: "from the settings of extra-vars".into(),
    };
    assert_eq!(
        edits,
        [
            set("/extravars/region", json!("eu-north-1")),
            set(
                "/extravars/release",
                json!({"name": "1.4.2", "motto": "{{ nothing is expanded }}"})
            ),
            set("/envvars/DEPLOYED_BY", json!("playhouse")),
        ]
    );
}

#[test]
fn a_rule_refuses_when_all_of_it_applies() {
    let mut view = view();
    view["limit"] = Value::Null;
    let refused = PrepareError::refused("site.yml needs a limit here: add --limit");
    assert_eq!(start().prepare(view.clone()), Err(refused.clone()));
    view.as_object_mut().unwrap().remove("limit");
    assert_eq!(start().prepare(view.clone()), Err(refused), "what is not there is null");
    view["playbook"] = json!("other.yml");
    assert!(start().prepare(view).is_ok());
}

#[test]
fn a_rule_that_cannot_be_judged_refuses() {
    let rule = |when: Value| {
        let settings = json!({"refuse": [{"when": when, "reason": "no"}]});
        TestPlugin::<ExtraVars>::start(settings).unwrap()
    };
    let judged = |when: Value, view: Value| match rule(when).prepare(view) {
        Ok(_) => "passes".to_owned(),
        Err(PrepareError::Refused(reason)) => reason,
        Err(error) => panic!("{error:?}"),
    };
    let region = || json!({"/extravars/region": "north"});
    assert_eq!(
        judged(region(), json!({"granted": ["/limit"]})),
        "the rule `no` cannot be judged: this plugin may not see what is at `/extravars/region`"
    );
    assert!(judged(region(), json!({})).contains("cannot be judged"), "of an older Playhouse");
    let granted = json!({"granted": ["/extravars/region", "/limit"]});
    assert_eq!(judged(region(), granted.clone()), "passes", "nothing is there");
    let mut secret = granted;
    secret["extravars"] = json!({"region": {"$secret": true}});
    assert!(judged(region(), secret.clone()).contains("there is a secret at `/extravars/region`"));
    assert_eq!(judged(json!({"/extravars/region": null}), secret.clone()), "passes");
    let both = json!({"/extravars/region": "north", "/limit": "web"});
    assert_eq!(judged(both, secret), "passes", "the other condition does not hold");
}

#[test]
fn a_rule_that_makes_no_sense_is_named() {
    for (rule, place) in [
        (json!({"when": {}, "reason": "x"}), "/refuse/0/when"),
        (json!({"when": {"limit": null}, "reason": "x"}), "/refuse/0/when/limit"),
    ] {
        let error = TestPlugin::<ExtraVars>::start(json!({"refuse": [rule]})).err().unwrap();
        let InitError::Config { setting, .. } = error else { panic!("{error:?}") };
        assert_eq!(setting, place);
    }
}
