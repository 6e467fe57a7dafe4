//! Plugins that change or refuse a run before it starts.

use tests::{Core, RunTest, component, guest};

use crate::{hello, test};

const ROGUE: &str = "rogue";

fn rogue(test: RunTest, config: &str, allow: &str) -> RunTest {
    test.file(
        "env/plugins",
        &format!("- plugin: {}\n  config: {config}\n  allow: {allow}\n", guest(ROGUE).display()),
    )
}

#[test]
fn extra_vars_and_environment_reach_the_play() {
    let playbook = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Look
      assert:
        that:
          - region == 'eu-north-1'
          - nested.list[1].deep == 1.5
          - lookup('env', 'DEPLOYED_BY') == 'playhouse'
";
    let ran = test()
        .local_hosts(&["web1"])
        .playbook(playbook)
        .file("env/extravars", "region: other\n")
        .arguments(&[
            "--plugin", "extra-vars",
            "--plugin-config", "extra-vars.extravars={\"region\": \"eu-north-1\", \"nested\": {\"list\": [1, {\"deep\": 1.5}]}}",
            "--plugin-config", "extra-vars.envvars.DEPLOYED_BY=playhouse",
            "--plugin-allow", "extra-vars.set=/extravars/*",
            "--plugin-allow", "extra-vars.set=/envvars/DEPLOYED_BY",
        ])
        .run()
        .expect_code(0);
    assert!(ran.plugin_line("extra-vars").contains("3 changes of the run"), "{}", ran.stderr);
    let command = ran.json("command");
    assert_eq!(command["env"]["DEPLOYED_BY"], "********", "what a plugin set is not shown");
    assert!(!command.to_string().contains("eu-north-1"));
}

/// What a plugin sets is data: none of these values may run its command.
fn lookups_are_inert(core: Core) {
    let lookup = |name: &str| format!("{{{{ lookup('pipe', 'touch {name}') }}}}");
    let values = serde_json::json!({
        "plain": lookup("plain"),
        "listed": [lookup("listed"), {"deep": lookup("deep")}],
        "jinja": format!("{{% set x = lookup('pipe', 'touch jinja') %}}{}", lookup("jinja2")),
    });
    let playbook = "\
- hosts: all
  gather_facts: false
  tasks:
    - {name: Plain, debug: {msg: \"{{ plain }}\"}}
    - {name: Listed, debug: {msg: \"{{ listed }} {{ listed[0] }} {{ listed[1].deep }}\"}}
    - {name: Jinja, debug: {msg: \"{{ jinja }}\"}}
    - {name: Given, debug: {msg: \"{{ given }}\"}}
    - {name: Loop, debug: {msg: \"{{ item }}\"}, loop: \"{{ listed }}\"}
";
    let ran = test()
        .core(core)
        .local_hosts(&["web1"])
        .playbook(playbook)
        .file("env/extravars", "given: \"{{ lookup('pipe', 'touch given') }}\"\n")
        .arguments(&[
            "--plugin",
            "extra-vars",
            "--plugin-config",
            &format!("extra-vars.extravars={values}"),
            "--plugin-allow",
            "extra-vars.set=/extravars/*",
        ])
        .run()
        .expect_code(0);
    for name in ["plain", "listed", "deep", "jinja", "jinja2"] {
        assert!(!ran.path("project").join(name).exists(), "{name} was executed");
    }
    assert!(ran.path("project/given").exists(), "the operator's own templates stay templates");
    assert!(ran.stdout.contains("lookup('pipe', 'touch plain')"), "shown as it is: {}", ran.stdout);
}

#[test]
fn lookups_in_what_a_plugin_sets_are_inert_with_core_2_19() {
    lookups_are_inert(Core::V2_19);
}

#[test]
fn lookups_in_what_a_plugin_sets_are_inert_with_core_2_16() {
    lookups_are_inert(Core::V2_16);
}

#[test]
fn members_that_ansible_obeys_are_refused_and_ansible_does_not_start() {
    for value in [
        r#"{"__ansible_unsafe": "{{ lookup('pipe', 'touch pwned') }}"}"#,
        r#"[{"a": {"__ansible_unsafe": {"__ansible_unsafe": "x"}}}]"#,
        r#"{"__ansible_vault": "x"}"#,
    ] {
        let config = format!("{{in: prepare, do: set, set: [[/extravars/x, {value}]]}}");
        let ran = rogue(hello(), &config, "{set: [/extravars/*]}")
            .run()
            .expect_code(78)
            .expect_stderr("plugin `rogue` failed in prepare")
            .expect_stderr("would tell Ansible how to read a value");
        assert_eq!(ran.stdout, "", "nothing was started");
        assert_eq!(ran.artifact("status"), "failed");
        assert_eq!(ran.artifact("rc"), "78");
        assert!(!ran.path("project/pwned").exists());
    }
}

#[test]
fn a_limit_from_a_plugin_cannot_name_a_file() {
    for limit in ["'@/etc/passwd'", "'web1,@/etc/passwd'", "['web1', '!@/etc/passwd']"] {
        let config = format!("{{in: prepare, do: set, set: [[/limit, {limit}]]}}");
        let ran = rogue(hello(), &config, "{set: [/limit]}")
            .run()
            .expect_code(78)
            .expect_stderr("begins with `@`, which would make Ansible read a file");
        assert!(!ran.stderr.contains("root:"), "{}", ran.stderr);
    }
    let config = "{in: prepare, do: set, set: [[/limit, ['web1']], [/tags, ['--help']]]}";
    let ran = rogue(hello(), config, "{set: [/limit, /tags]}").run().expect_code(0);
    let words = ran.json("command")["command"].to_string();
    assert!(words.contains("\"--limit=web1\"") && words.contains("\"--tags=--help\""), "{words}");
}

#[test]
fn an_edit_outside_of_the_grant_changes_nothing_and_prints_the_flag() {
    let config = "{in: prepare, do: set, set: [[/extravars/a, 1], [/extravars/b, 2]]}";
    let ran = rogue(hello(), config, "{set: [/extravars/a]}")
        .run()
        .expect_code(78)
        .expect_stderr("--plugin-allow rogue.set=/extravars/b");
    assert_eq!(ran.stdout, "");
}

#[test]
fn what_can_run_code_matches_no_wildcard() {
    for place in
        ["/extravars/ansible_connection", "/envvars/PATH", "/envvars/LD_PRELOAD", "/playbook"]
    {
        let config = format!("{{in: prepare, do: set, set: [[{place}, x]]}}");
        rogue(hello(), &config, "{set: [/*, /extravars/*, /envvars/*]}")
            .run()
            .expect_code(78)
            .expect_stderr(&format!("--plugin-allow rogue.set={place}"));
    }
}

#[test]
fn a_plugin_sees_what_it_may_and_secrets_have_no_value() {
    let ran = rogue(
        hello(),
        "{in: nowhere, do: set}",
        "{view: [/playbook, /envvars/PLAIN, /envvars/API_*]}",
    )
    .file("env/envvars", "PLAIN: seen\nAPI_TOKEN: swordfish\nOTHER: unseen\n")
    .file("env/extravars", "hidden: 1\n")
    .run()
    .expect_code(0);
    let view = crate::rogues_view(&ran);
    assert_eq!(
        view,
        serde_json::json!({
            "schema": 1,
            "granted": ["/playbook", "/envvars/PLAIN", "/envvars/API_*"],
            "playbook": "site.yml",
            "envvars": {"PLAIN": "seen", "API_TOKEN": {"$secret": true}},
        })
    );
}

#[test]
fn a_refusal_ends_with_77_leaves_artifacts_and_reaches_the_sinks() {
    let receiver = receiver::Receiver::start();
    let ran = test()
        .local_hosts(&["web1"])
        .playbook(crate::HELLO)
        .file(
            "env/plugins",
            &format!(
                "- plugin: extra-vars\n  config: {{refuse: [{{when: {{/limit: null}}, reason: add --limit}}]}}\n  allow: {{view: [/limit]}}\n- plugin: http-sink\n  config: {{url: {}}}\n",
                receiver.url()
            ),
        )
        .run()
        .expect_code(77)
        .expect_stderr("error: plugin `extra-vars` refuses the run: add --limit");
    assert_eq!(ran.stdout, "", "Ansible was not started");
    assert_eq!((ran.artifact("status"), ran.artifact("rc")), ("failed".into(), "77".into()));
    let requests = receiver.requests();
    assert_eq!(requests.len(), 1);
    let status: serde_json::Value = serde_json::from_str(&requests[0].text()).unwrap();
    assert_eq!(status["status"], "failed");
    assert_eq!(status["job_explanation"], "plugin `extra-vars` refuses the run: add --limit");
}

#[test]
fn a_rule_that_does_not_apply_lets_the_run_go_on() {
    hello()
        .arguments(&[
            "--limit",
            "web1",
            "--plugin",
            component("extra-vars").to_str().unwrap(),
            "--plugin-config",
            "extra-vars.refuse=[{\"when\": {\"/limit\": null}, \"reason\": \"add --limit\"}]",
            "--plugin-allow",
            "extra-vars.view=/limit",
        ])
        .run()
        .expect_code(0);
}

#[test]
fn writing_a_rule_lets_it_be_judged_and_what_cannot_be_judged_refuses() {
    let rule = |when: &str| {
        format!(
            "- plugin: extra-vars\n  config: {{refuse: [{{when: {{{when}}}, reason: not now}}]}}\n"
        )
    };
    let run = |when: &str| {
        hello()
            .file("env/extravars", "region: north\napi_token: swordfish\n")
            .file("env/plugins", &rule(when))
            .run()
    };
    run("/limit: null").expect_code(77).expect_stderr("refuses the run: not now");
    run("/extravars/region: north").expect_code(77).expect_stderr("refuses the run: not now");
    run("/extravars/region: south").expect_code(0);
    run("/extravars/nothing: x").expect_code(0);
    let ran = run("/extravars/api_token: x")
        .expect_code(77)
        .expect_stderr("the rule `not now` cannot be judged: there is a secret");
    assert_eq!(ran.stdout, "", "nothing was started");
    for (when, told) in [
        ("/limits: null", "the setting `/refuse/0/when` names it, and the view of a run lacks it"),
        ("/extravars: null", "never seen as a whole"),
    ] {
        let ran = run(when).expect_code(78).expect_stderr(told);
        assert_eq!(ran.stdout, "", "nothing was started");
    }
}

#[test]
fn check_and_diff_are_turned_on_and_not_off() {
    let playbook = "\
- hosts: all
  gather_facts: false
  tasks:
    - assert: {that: ansible_check_mode and ansible_diff_mode}
";
    let config = "{in: prepare, do: set, set: [[/check, true], [/diff, true]]}";
    let ran =
        rogue(test().local_hosts(&["web1"]).playbook(playbook), config, "{set: [/check, /diff]}")
            .file("env/cmdline", "--forks 2")
            .run()
            .expect_code(0);
    let changes = ran.json("plugins/changes.json");
    assert_eq!((&changes[0]["path"], &changes[0]["value"]), (&"/check".into(), &true.into()));
    for value in ["false", "null", "'yes'"] {
        let config = format!("{{in: prepare, do: set, set: [[/check, {value}]]}}");
        rogue(hello(), &config, "{set: [/check]}")
            .arguments(&["--cmdline", "--check"])
            .run()
            .expect_code(78)
            .expect_stderr("it can be turned on, by setting it to true, and not off");
    }
    let config = "{in: prepare, do: set, set: [[/check, true]]}";
    rogue(hello(), config, "{}").run().expect_code(78).expect_stderr("rogue.set=/check");
}

/// The rogue, with metadata that asks to narrow the limit.
fn narrowing(test: RunTest, limit: &str, allow: &str) -> RunTest {
    let hooks = ["pre-run", "event-filter", "event-enricher", "status-sink", "event-sink", "timer"];
    let metadata = serde_json::json!({
        "name": "fence",
        "hooks": hooks.into_iter().map(|hook| (hook, serde_json::json!({}))).collect::<std::collections::BTreeMap<_, _>>(),
        "wants": [
            {"kind": "narrow", "paths": ["/limit"]},
            {"kind": "set", "paths": ["/tags"]},
        ],
    });
    let test = test.file("plugin.json", &metadata.to_string());
    let folder = test.private_data_dir();
    let mut annotate = std::process::Command::new(crate::PROGRAM);
    test.seal(&mut annotate);
    let made = annotate
        .args(["plugin", "annotate"])
        .arg(guest(ROGUE))
        .arg("--metadata")
        .arg(folder.join("plugin.json"))
        .arg("-o")
        .arg(folder.join("fence.wasm"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    test.file(
        "env/plugins",
        &format!("- plugin: fence.wasm\n  config: {{in: prepare, do: set, set: [[/limit, {limit}]]}}\n  allow: {allow}\n"),
    )
}

fn limits_meet(core: Core) {
    let hosts = ["web1", "web2", "db1", "db2"];
    for (given, limit, expected) in [
        (&[][..], "web1", &["web1"][..]),
        (&["--limit", "web1"], "['web*']", &["web1"]),
        (&["--limit", "web1:db1"], "['web1', 'db*']", &["web1", "db1"]),
        (&["--limit", "web1,web2,!web2"], "['web*', 'db1']", &["web1"]),
        (&["--cmdline", "--limit web2"], "['web*', 'db1']", &["web2"]),
    ] {
        let test = test().core(core).local_hosts(&hosts).playbook(crate::HELLO);
        let ran =
            narrowing(test, limit, "{narrow: [/limit]}").arguments(given).run().expect_code(0);
        for host in hosts {
            let ran_there = ran.stdout.lines().any(|line| line.starts_with(host));
            assert_eq!(
                ran_there,
                expected.contains(&host),
                "{given:?} {limit}: {host}\n{}",
                ran.stdout
            );
        }
    }
    let test = test().core(core).local_hosts(&hosts).playbook(crate::HELLO);
    let ran = narrowing(test, "web2", "{narrow: [/limit]}")
        .arguments(&["--limit", "web1"])
        .run()
        .expect_code(77)
        .expect_stderr("plugin `fence` refuses the run: it narrowed the limit to `web1,&web2`, and no host is left");
    assert_eq!((ran.artifact("status"), ran.artifact("rc")), ("failed".into(), "77".into()));
}

#[test]
fn a_limit_that_is_narrowed_holds_hosts_of_both_with_core_2_19() {
    limits_meet(Core::V2_19);
}

#[test]
fn a_limit_that_is_narrowed_holds_hosts_of_both_with_core_2_16() {
    limits_meet(Core::V2_16);
}

#[test]
fn a_limit_that_no_play_has_hosts_of_is_no_success() {
    let playbook = "- hosts: db1\n  gather_facts: false\n  tasks: [{ping: }]\n";
    let test = test().local_hosts(&["web1", "db1"]).playbook(playbook);
    narrowing(test, "web1", "{narrow: [/limit]}")
        .run()
        .expect_code(77)
        .expect_stderr("no host is left");
}

#[test]
fn narrowing_needs_its_grant_and_takes_names_only() {
    narrowing(hello(), "web1", "{set: [/tags]}")
        .run()
        .expect_code(78)
        .expect_stderr("--plugin-allow fence.narrow=/limit");
    for limit in ["'@/etc/passwd'", "'!web1'", "'~.*'", "'web1:db1'", "[]"] {
        narrowing(hello(), limit, "{narrow: [/limit]}")
            .run()
            .expect_code(78)
            .expect_stderr("the edit at `/limit` cannot be made");
    }
}

#[test]
fn a_failure_stops_the_run_unless_the_operator_says_continue() {
    rogue(hello(), "{in: prepare, do: fail}", "{}")
        .run()
        .expect_code(78)
        .expect_stderr("plugin `rogue` failed in prepare: the vault is shut");
    let config = format!(
        "- plugin: {}\n  config: {{in: prepare, do: fail}}\n  on_error: continue\n",
        guest(ROGUE).display()
    );
    hello()
        .file("env/plugins", &config)
        .run()
        .expect_code(0)
        .expect_stderr("warning: plugin `rogue` failed in prepare: the vault is shut");
}

#[test]
fn two_plugins_that_set_one_thing_are_named() {
    let one = |name: &str, value: u32| {
        format!(
            "- plugin: extra-vars\n  name: {name}\n  config: {{extravars: {{x: {value}}}}}\n  allow: {{set: [/extravars/x]}}\n"
        )
    };
    let playbook = "- hosts: all\n  gather_facts: false\n  tasks: [{assert: {that: x == 2}}]\n";
    test()
        .local_hosts(&["web1"])
        .playbook(playbook)
        .file("env/plugins", &(one("first", 1) + &one("second", 2)))
        .run()
        .expect_code(0)
        .expect_stderr(
            "plugins `first` and `second` both change `/extravars/x`; the change of `second` holds",
        );
}
