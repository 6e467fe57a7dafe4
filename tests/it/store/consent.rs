//! What has to be accepted before a plugin gets it, at installing, at an upgrade and in a run.

use std::fs;

use serde_json::{Value, json};
use tests::component;

use super::{SETTING, Said, User, sets};

#[test]
fn an_upgrade_that_asks_for_more_waits_to_be_accepted() {
    let user = User::new();
    let regions = user.regions("1.0.0", &sets(&["/extravars/region"]));
    user.plugin(&["upgrade", &regions]).expect(78).says("no plugin `regions` is installed");
    user.plugin(&["install", &regions]).expect(0);

    let regions = user.regions("2.0.0", &sets(&["/extravars/region", "/playbook", "/envvars/*"]));
    user.plugin(&["upgrade", &regions])
        .expect(77)
        .says("not upgraded: regions 1.0.0 to 2.0.0")
        .says("set=/playbook   granted by installing it; may run code on this machine")
        .says("set=/envvars/*  too wide to be granted whole")
        .says("playhouse plugin upgrade --accept ./regions.wasm")
        .does_not_say("set=/extravars/region");
    user.plugin(&["list"]).expect(0).says("regions 1.0.0");
    user.plugin(&["verify"]).expect(0).says("regions: ok");
    user.plugin(&["upgrade", &regions, "--accept"]).expect(0).says("upgraded regions");
    let listed: Value =
        serde_json::from_str(&user.plugin(&["list", "--json"]).expect(0).stdout).unwrap();
    assert_eq!(listed["regions"]["version"], "2.0.0");
    assert_eq!(
        listed["regions"]["grants"],
        json!({"set": ["/extravars/region", "/playbook"]}),
        "what is wide is not granted"
    );

    let regions = user.regions("3.0.0", &sets(&["/extravars/region"]));
    user.plugin(&["upgrade", &regions]).expect(0).says("no longer asks for: set=/playbook");
    let regions = user.regions("4.0.0", &sets(&["/extravars/region"]));
    user.plugin(&["upgrade", &regions]).expect(0).does_not_say("asks for");
    user.run(&SETTING).expect(0).says("plugin regions 4.0.0");
}

#[test]
fn a_version_that_sees_more_promises_less_or_is_older_waits_to_be_accepted() {
    let user = User::new();
    let of = |metadata: &Value| {
        let mut json = json!({"name": "labels", "version": "1.2.0"});
        json.as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
        user.annotated("annotate", &json)
    };
    let hooks = |enricher: Value| json!({"hooks": {"event-enricher": enricher}});
    let redactor = json!({"fields": ["stdout", "data"], "redacts": true});
    user.plugin(&["install", &of(&hooks(redactor.clone()))])
        .expect(0)
        .says("sees: text and data of all events (event-enricher)");
    user.plugin(&["inspect", "labels"]).expect(0).says("sees: text and data of all events");

    for (enricher, said) in [
        (json!({"fields": ["stdout", "data"]}), "no longer promises to take secrets out"),
        (
            json!({"select": {"hosts": ["web*"]}, "fields": ["stdout", "data"], "redacts": true}),
            "sees: text and data of all events on web* (event-enricher), and lets pass the rest",
        ),
    ] {
        let refused = user.plugin(&["upgrade", &of(&hooks(enricher))]);
        refused.expect(77).says("not upgraded").says(said).says("upgrade --accept ./labels.wasm");
    }
    let mut older = hooks(redactor.clone());
    older["version"] = json!("1.1.0");
    let older = of(&older);
    user.plugin(&["upgrade", &older]).expect(77).says("is older: 1.1.0, and 1.2.0 is installed");
    user.plugin(&["upgrade", &older, "--accept"]).expect(0);
    user.plugin(&["upgrade", &of(&hooks(redactor))]).expect(0).does_not_say("sees");

    // A lock that an older Playhouse wrote knows nothing of this; the installed component does.
    let path = user.installed("plugins.lock");
    let mut lock: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    lock["plugins"]["labels"].as_object_mut().unwrap().remove("claims").unwrap();
    fs::write(&path, lock.to_string()).unwrap();
    let careless = of(&hooks(json!({"fields": ["stdout", "data"]})));
    user.plugin(&["upgrade", &careless]).expect(77).says("no longer promises to take secrets out");
    let same = of(&hooks(json!({"fields": ["stdout", "data"], "redacts": true})));
    user.plugin(&["upgrade", &same]).expect(0);
}

#[test]
fn what_may_run_code_is_asked_for_at_installing_too() {
    let user = User::new();
    let regions = user.regions("1.0.0", &sets(&["/extravars/region", "/playbook"]));
    user.plugin(&["install", &regions])
        .expect(77)
        .says("`regions` asks for what may run code on this machine: set=/playbook")
        .says("playhouse plugin install --accept ./regions.wasm");
    user.plugin(&["list"]).expect(0).does_not_say("regions");
    user.plugin(&["install", &regions, "--accept"]).expect(0);
}

/// A plugin that takes a variable of the environment for a setting, and a folder from it.
fn nosy(user: &User, variable: &str) -> String {
    user.regions_with(&json!({
        "version": "1.0.0",
        "wants": [{"kind": "dir", "setting": "/envvars", "write": true}],
        "settings": {"env_keys": {variable: "/envvars"}, "runner_keys": {"region_vars": "/extravars"}},
    }))
}

#[test]
fn keys_of_others_are_read_once_they_were_accepted_and_open_nothing() {
    let user = User::new();
    let path = nosy(&user, "HOME");
    let entry = |plugin: &str| format!("- plugin: {plugin}\n  config: {{extravars: {{}}}}\n");
    fs::create_dir_all(user.path("pdd/env")).unwrap();
    fs::write(
        user.path("pdd/env/plugins"),
        entry(&user.path("regions.wasm").display().to_string()),
    )
    .unwrap();
    user.run(&[])
        .expect(0)
        .says("plugin `regions` does not read `HOME` in the environment: nobody has accepted");

    user.plugin(&["install", &path])
        .expect(0)
        .says("reads HOME of the environment as its setting /envvars")
        .says("reads region_vars of env/settings as its setting /extravars");
    user.plugin(&["inspect", "regions"])
        .expect(0)
        .says("reads HOME of the environment as its setting /envvars");
    fs::write(user.path("pdd/env/plugins"), entry("regions")).unwrap();
    // The variable's text is no map of variables: it has arrived.
    user.run(&[]).expect(78).says("plugin `regions` refuses its settings at `/envvars`");
    let record = fs::read_dir(user.path("pdd/artifacts")).unwrap().flatten().find_map(|run| {
        fs::read_to_string(run.path().join("plugins/regions/plugin.json"))
            .ok()
            .filter(|record| record.contains("/home\""))
    });
    let record: Value = serde_json::from_str(&record.expect("the setting came")).unwrap();
    assert_eq!(record["grants"], json!([]), "the folder is not opened");

    fs::remove_file(user.path("pdd/env/plugins")).unwrap();
    user.run(&[]).expect(0).does_not_say("regions");
    let next = nosy(&user, "XDG_CACHE_HOME");
    user.plugin(&["upgrade", &next])
        .expect(77)
        .says("reads XDG_CACHE_HOME of the environment as its setting /envvars")
        .does_not_say("reads region_vars");
}

#[test]
fn a_file_before_an_installed_plugin_is_not_given_what_was_meant_for_that() {
    let user = User::new();
    let regions = user.regions("1.0.0", &sets(&["/extravars/region"]));
    user.plugin(&["install", &regions]).expect(0);
    fs::create_dir_all(user.path("folder")).unwrap();
    let run = |words: &[&str]| {
        let mut command = user.command(&[&["run", "pdd", "-p", "site.yml"], words].concat());
        Said::of(&command.env("PLAYHOUSE_PLUGIN_PATH", user.path("folder")).output().unwrap())
    };
    let plain = ["--plugin", "regions"];
    let granted = ["--plugin", "regions", "--plugin-allow", "regions.set=/extravars/region"];
    fs::copy(user.path("regions.wasm"), user.path("folder/regions.wasm")).unwrap();
    run(&granted).expect(0).does_not_say("stands before");

    let other = user.regions("6.6.6", &sets(&["/extravars/region"]));
    fs::copy(user.path(&other), user.path("folder/regions.wasm")).unwrap();
    run(&plain).expect(0).says("stands before the installed plugin of that name").says("6.6.6");
    run(&granted).expect(78).says("it is not given what was written for `regions`");
    let inspected = user.plugin(&["inspect", &other, "--json"]);
    let inspected: Value = serde_json::from_str(&inspected.expect(0).stdout).unwrap();
    let pinned = format!("regions@{}", inspected["digest"].as_str().unwrap());
    run(&["--plugin", &pinned, granted[2], granted[3]]).expect(0);
}

#[test]
fn metadata_that_means_nothing_is_not_written_and_an_older_components_is_told() {
    let user = User::new();
    for (more, told) in [
        (json!({"want": []}), "has the unknown key `/want`; there are schema, sdk, name"),
        (json!({"wants": [{"kind": "set", "paths": ["/mode"]}]}), "`/mode`, which cannot be set"),
        (json!({"settings": {"confidential": ["url"]}}), "write a JSON Pointer, `/url`"),
    ] {
        let mut json = json!({"name": "regions", "hooks": {"pre-run": {}}});
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fs::write(user.path("plugin.json"), json.to_string()).unwrap();
        let component = component("extra-vars");
        let words = ["annotate", component.to_str().unwrap(), "--metadata", "plugin.json"];
        user.plugin(&[&words[..], &["-o", "x.wasm"]].concat()).expect(78).says(told);
    }

    // As an SDK made it that did not look, and as one made it that does.
    let made = user.regions("1.0.0", &json!([]));
    let bytes = fs::read(user.path(&made)).unwrap();
    let patched = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = bytes.windows(from.len()).rposition(|found| found == from.as_bytes()).unwrap();
        let mut bytes = bytes.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        fs::write(user.path("old.wasm"), bytes).unwrap();
    };
    patched(r#""sdk":"#, r#""sdq":"#);
    let told = "its metadata has the unknown key `/sdq`";
    user.plugin(&["inspect", "./old.wasm"]).expect(0).says(told);
    user.run(&["--plugin", "./old.wasm"]).expect(0).says(told).says("its author has to correct");
    patched(r#""wants":"#, r#""wantz":"#);
    user.run(&["--plugin", "./old.wasm"]).expect(78).says("it has the unknown key `/wantz`");
}

#[test]
fn what_is_given_for_what_a_plugin_does_not_ask_for_is_an_error() {
    let user = User::new();
    let regions = user.regions("1.0.0", &sets(&["/extravars/region"]));
    for (flag, value, told) in [
        ("--plugin-allow", "regions.set=/extravars/zone", "it asks for set=/extravars/region"),
        ("--plugin-allow", "regions.env=HOME", "it asks for nothing of the kind `env`"),
        ("--plugin-secret", "regions.token=env:HOME", "does not ask for the secret `token`"),
    ] {
        user.run(&["--plugin", &regions, flag, value]).expect(78).says(told);
    }
    let annotate = component("annotate");
    let words = ["--plugin", annotate.to_str().unwrap(), "--plugin-config", "annotate.label={}"];
    user.run(&words)
        .expect(78)
        .says("plugin `annotate` has no setting `/label`, only labels, run, rules;");
}

#[test]
fn limits_that_a_version_raises_wait_to_be_accepted_and_end_somewhere() {
    let user = User::new();
    let of = |version: &str, mebibytes: u64| {
        let limits = json!({"memory_mib": mebibytes});
        user.regions_with(&json!({"version": version, "limits": limits}))
    };
    user.plugin(&["install", &of("1.0.0", 32)]).expect(0);
    user.plugin(&["inspect", "regions"])
        .expect(0)
        .says("limits: memory_mib 32, event_bytes 8388608");
    let next = of("2.0.0", 4_096);
    user.plugin(&["upgrade", &next]).expect(77).says("raises a limit: memory_mib 32 to 512");
    user.plugin(&["upgrade", &next, "--accept"]).expect(0);
    user.plugin(&["inspect", "regions"]).expect(0).says("limits: memory_mib 512,");
    user.plugin(&["upgrade", &of("3.0.0", 64)]).expect(0).does_not_say("raises");
}

#[test]
fn a_plugins_reason_is_shown_and_cannot_pass_for_ours() {
    let user = User::new();
    let wants = json!([{
        "kind": "set", "paths": ["/extravars/region"], "why": "to say\u{1b}[2J where\n  granted: all"
    }]);
    let regions = user.regions("1.0.0", &wants);
    for words in [["inspect", &regions], ["install", &regions]] {
        let shown = user.plugin(&words);
        shown.expect(0).says(r"      to say\u{1b}[2J where\n  granted: all");
        shown.does_not_say("\u{1b}");
    }
}
