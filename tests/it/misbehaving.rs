//! Guests that trap, loop, grow, lie and flood: the playbook's own result is untouched,
//! unless the hook is pre-run, which stops the run before Ansible starts.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tests::processes::{send, wait_until};
use tests::{Ran, RunTest, guest};

use crate::hello;
use crate::history::ask;

fn rogue(config: &str, more: &str) -> RunTest {
    hello().file(
        "env/plugins",
        &format!("- plugin: {}\n  config: {config}\n{more}", guest("rogue").display()),
    )
}

/// The run is what it would be without the plugin.
fn untouched(ran: &Ran) {
    assert_eq!(ran.artifact("status"), "successful", "{}", ran.stderr);
    assert_eq!(ran.events().len(), 6, "{}", ran.stderr);
    assert!(ran.stdout.contains("PLAY RECAP"), "{}", ran.stdout);
}

#[test]
fn on_the_event_path_nothing_is_lost_whatever_the_guest_does() {
    for function in ["keep", "enrich"] {
        for misdeed in ["panic", "spin", "grow", "recurse", "sleep", "wrong-count", "huge-answer"] {
            let started = Instant::now();
            let ran = rogue(&format!("{{in: {function}, do: {misdeed}}}"), "").run().expect_code(0);
            untouched(&ran);
            let line = ran.plugin_line("rogue");
            assert!(line.contains("failure"), "{function} {misdeed}: {line}");
            let marked = ran
                .events()
                .iter()
                .filter(|event| event["playhouse"]["failed"][0] == "rogue")
                .count();
            assert!(marked > 0, "{function} {misdeed}: events it failed on are marked");
            assert!(started.elapsed() < Duration::from_secs(30), "{function} {misdeed}");
        }
    }
}

#[test]
fn plugins_that_do_not_end_have_one_deadline_together() {
    let entries: Vec<String> = (1..=3)
        .map(|number| {
            format!(
                "- plugin: {}\n  name: rogue-{number}\n  config: {{in: finish, do: sleep}}\n",
                guest("rogue").display()
            )
        })
        .collect();
    let started = Instant::now();
    let ran = hello().file("env/plugins", &entries.concat()).run().expect_code(0);
    untouched(&ran);
    assert_eq!(ran.stderr.matches(" in finish").count(), 3, "{}", ran.stderr);
    // One of them takes 10 s to be given up, and its two lanes end side by side.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn the_event_that_kills_is_isolated_and_the_rest_is_seen() {
    let ran = rogue("{in: keep, do: panic, at: 4}", "").run().expect_code(0);
    untouched(&ran);
    let failed: Vec<u64> = ran
        .events()
        .iter()
        .filter(|event| event.get("playhouse").is_some())
        .map(|event| event["counter"].as_u64().unwrap())
        .collect();
    assert_eq!(failed, [4]);
    let line = ran.plugin_line("rogue");
    assert!(line.contains("1 set aside") && line.contains("1 failure"), "{line}");
    let aside = ran.artifact("plugins/rogue/set-aside.jsonl");
    assert!(aside.contains('4') && aside.lines().count() == 1, "{aside}");
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.contains("the floor gave way"), "the guest's own words: {log}");
}

#[test]
fn the_first_and_the_last_event_are_isolated_like_any_other() {
    for (function, at) in [("keep", 1), ("keep", 6), ("enrich", 1), ("enrich", 6)] {
        let ran =
            rogue(&format!("{{in: {function}, do: panic, at: {at}}}"), "").run().expect_code(0);
        untouched(&ran);
        let failed: Vec<usize> = (0..6)
            .filter(|&index| ran.events()[index].get("playhouse").is_some())
            .map(|index| index + 1)
            .collect();
        assert_eq!(failed, [at], "{function}");
    }
}

#[test]
fn a_run_that_waits_for_a_plugin_is_canceled_at_once() {
    for function in ["prepare", "init"] {
        let test = rogue(&format!("{{in: {function}, do: sleep}}"), "");
        let playhouse = test.start();
        let journal = test.private_data_dir().join("artifacts/job/plugins/rogue/plugin.json");
        wait_until("the plugin is called", || journal.exists());
        let asked = Instant::now();
        send(playhouse.id(), Signal::INT);
        let output = playhouse.wait_with_output().unwrap();
        assert!(asked.elapsed() < Duration::from_secs(5), "{function}: {:?}", asked.elapsed());
        let ran = test.ended(&output).expect_code(254);
        assert_eq!(ran.artifact("status"), "canceled", "{}", ran.stderr);
        assert!(ran.stderr.contains("while plugin `rogue` was at work"), "{}", ran.stderr);
    }
}

#[test]
fn in_delivery_the_run_is_untouched_and_the_rest_is_delivered() {
    for misdeed in ["panic", "spin", "grow", "recurse"] {
        let config = format!("{{in: deliver-events, do: {misdeed}, at: 4}}");
        let ran = rogue(&config, "  limits: {deliver_ms: 2000}\n").run().expect_code(0);
        untouched(&ran);
        let line = ran.plugin_line("rogue");
        assert!(line.contains("3 statuses and 5 events delivered, 0 waiting"), "{misdeed}: {line}");
        assert!(line.contains("failure"), "{misdeed}: {line}");
    }
}

#[test]
fn a_sink_that_never_recovers_ends_and_is_reported() {
    let ran = rogue("{in: deliver-status, do: panic}", "").run().expect_code(0);
    untouched(&ran);
    assert!(ran.plugin_line("rogue").contains("waiting"), "{}", ran.stderr);
    assert!(ran.plugin_line("rogue").contains("failure"), "{}", ran.stderr);
}

#[test]
fn a_pre_run_hook_that_misbehaves_stops_the_run_before_ansible() {
    for (misdeed, limits) in [
        ("panic", ""),
        ("spin", ""),
        ("grow", ""),
        ("recurse", ""),
        ("sleep", "  limits: {prepare_ms: 500}\n"),
        ("not-json", ""),
    ] {
        let ran = rogue(&format!("{{in: prepare, do: {misdeed}}}"), limits)
            .run()
            .expect_code(78)
            .expect_stderr("plugin `rogue` failed in prepare");
        assert_eq!(ran.stdout, "", "{misdeed}: nothing was started");
        assert_eq!(ran.artifact("status"), "failed");
    }
}

#[test]
fn settings_that_init_refuses_stop_the_run_and_name_the_setting() {
    let ran = rogue("{in: init, do: config}", "").run().expect_code(78).expect_stderr(
        "plugin `rogue` refuses its settings at `/at`: seven is too many; write six",
    );
    assert_eq!(ran.stdout, "");
    hello()
        .arguments(&["--plugin", "annotate", "--plugin-config", "annotate.lables={}"])
        .run()
        .expect_code(78)
        .expect_stderr("plugin `annotate` has no setting `/lables`, only labels, run, rules;");
}

#[test]
fn an_init_that_does_not_end_stops_the_run_on_the_path_and_not_in_delivery() {
    for misdeed in ["panic", "spin", "fail"] {
        let ran =
            rogue(&format!("{{in: init, do: {misdeed}, lane: path}}"), "").run().expect_code(78);
        assert!(ran.stderr.contains("plugin `rogue`"), "{}", ran.stderr);
        let ran =
            rogue(&format!("{{in: init, do: {misdeed}, lane: delivery}}"), "").run().expect_code(0);
        untouched(&ran);
        assert!(
            ran.plugin_line("rogue").contains("waiting") || misdeed != "fail",
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn one_log_line_is_cut_and_randomness_is_what_it_is() {
    let ran = rogue("{in: finish, do: long-line, lane: path}", "").run().expect_code(0);
    untouched(&ran);
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.len() < 200_000 && log.contains('…'), "{} bytes", log.len());
    let ran = rogue("{in: finish, do: random, lane: path}", "").run().expect_code(0);
    untouched(&ran);
    assert!(ran.artifact("plugins/rogue/log").contains("1000000 different numbers"));
}

#[test]
fn what_an_enricher_adds_in_a_run_is_bounded() {
    let config = "{in: enrich, do: rewrite, text: x, times: 100000}";
    let ran = rogue(config, "  limits: {added_bytes: 250000}\n").run().expect_code(0);
    let events = ran.events();
    let is_large = |event: &&Value| event["stdout"].as_str().unwrap().len() == 100_000;
    let failed = |event: &&Value| event["playhouse"]["failed"][0] == "rogue";
    assert_eq!(events.iter().filter(is_large).count(), 2, "{}", ran.stderr);
    assert_eq!(events.iter().filter(failed).count(), 4, "{}", ran.stderr);
    assert!(ran.plugin_line("rogue").contains("4 malformed changes"), "{}", ran.stderr);
    let log = ran.artifact("plugins/rogue/log");
    assert_eq!(log.matches("which is its limit `added_bytes`").count(), 1, "{log}");
}

#[test]
fn a_flood_of_log_lines_is_dammed() {
    let ran = rogue("{in: finish, do: flood-log, lane: path}", "").run().expect_code(0);
    untouched(&ran);
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.len() < 3 << 20, "{} bytes", log.len());
    assert!(!log.contains('\u{1b}'), "nothing moves the operator's cursor");
}

#[test]
fn limits_are_the_operators_to_set() {
    for (config, limits, said) in [
        ("{in: keep, do: panic}", "{restarts: 1}", "failed 1 times and takes no further part"),
        (
            "{in: keep, do: sleep}",
            "{call_ms: 100, path_ms: 50, restarts: 99}",
            "passed over since it used up its time",
        ),
        (
            "{in: finish, do: spin, lane: path}",
            "{cpu_ms: 30}",
            "used more than 30 ms of processor time",
        ),
        ("{in: finish, do: long-line, lane: path}", "{call_bytes: 1000000}", "trapped in finish"),
    ] {
        let ran = rogue(config, &format!("  limits: {limits}\n")).run().expect_code(0);
        untouched(&ran);
        let line = ran.plugin_line("rogue");
        assert!(line.contains(said), "{config}: {line}");
    }
    let limits = "  limits: {log_bytes: 5000}\n";
    let ran = rogue("{in: finish, do: flood-log, lane: path}", limits).run().expect_code(0);
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.len() < 6_000 && log.contains("more lines were dropped"), "{log}");
    rogue("{in: keep, do: panic}", "  limits: {memory: 1}\n")
        .run()
        .expect_code(78)
        .expect_stderr("unknown field `memory`, expected one of `memory_mib`");
}

#[test]
fn answers_that_make_no_sense_change_nothing() {
    let ran = rogue("{in: enrich, do: not-json}", "").run().expect_code(0);
    untouched(&ran);
    assert!(ran.plugin_line("rogue").contains("malformed"), "{}", ran.stderr);
    assert!(ran.events().iter().all(|event| event["playhouse"].get("annotations").is_none()));

    let ran = rogue("{in: enrich, do: deep-json}", "").run().expect_code(0);
    untouched(&ran);
    assert!(ran.plugin_line("rogue").contains("malformed"), "{}", ran.stderr);

    let ran = rogue("{in: enrich, do: duplicate, at: 3}", "").run().expect_code(0);
    untouched(&ran);
    assert!(ran.plugin_line("rogue").contains("failure"), "{}", ran.stderr);
}

#[test]
fn of_what_an_enricher_writes_the_terminal_obeys_colours_alone() {
    let text = r"\u001b]52;c;eA==\u0007\u001b[2J\u001b[1A\u001b[31mred\u001b[0m\u202e";
    let config = format!("{{in: enrich, do: rewrite, at: 5, text: \"{text}\"}}");
    let ran = rogue(&config, "").variable("ANSIBLE_FORCE_COLOR", "1").run().expect_code(0);
    let shown = "\\u{1b}]52;c;eA==\\u{7}\\u{1b}[2J\\u{1b}[1A\u{1b}[31mred\u{1b}[0m\\u{202e}";
    assert!(ran.stdout.contains(shown), "{:?}", ran.stdout);
    let ansibles = ran.stdout.replace(shown, "");
    assert!(ansibles.contains("\u{1b}[0;32m"), "Ansible's own colours: {ansibles:?}");
    assert!(ran.events()[4]["stdout"].as_str().unwrap().contains("\u{1b}]52"), "kept as it is");
}

#[test]
fn a_refusal_with_more_lines_imitates_no_message() {
    let text = r"x\nwarning: y\r\nerror: z\rerror: \u001b[2J";
    let ran = rogue(&format!("{{in: prepare, do: refuse, text: \"{text}\"}}"), "")
        .run()
        .expect_code(77)
        .expect_stderr("refuses the run: x\n  warning: y\n  error: z\\rerror: \\u{1b}[2J");
    let errors = ran.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, 1, "{}", ran.stderr);
    assert!(!ran.stderr.lines().any(|line| line.starts_with("warning: ")), "{}", ran.stderr);
}

#[test]
fn a_reason_with_more_lines_is_on_one_line_of_the_status() {
    let set = "set: [[/extravars/region, north]]";
    let reason = r"x\n  artifacts: /elsewhere\u001b[2J";
    let test = rogue(
        &format!("{{in: prepare, do: set, {set}, text: \"{reason}\"}}"),
        "  allow: {set: [/extravars/region]}\n",
    );
    assert!(test.command().output().unwrap().status.success());
    let (code, said) = ask(&test, "status", &["job"]);
    assert_eq!(code, 0, "{said}");
    let shown = "  plugin rogue set /extravars/region: x\\n  artifacts: /elsewhere\\u{1b}[2J\n";
    assert!(said.contains(shown), "{said}");
}

#[test]
fn on_error_withhold_hides_what_the_plugin_could_not_see() {
    let ran =
        rogue("{in: enrich, do: panic, at: 5}", "  on_error: withhold\n").run().expect_code(0);
    let event = &ran.events()[4];
    assert_eq!(event["event_data"], serde_json::json!({}));
    assert_eq!(event["stdout"], "[withheld: rogue failed, see plugins/rogue/log]");
    assert_eq!(ran.events().len(), 6);
    assert!(
        ran.stdout.contains("[withheld: rogue failed, see plugins/rogue/log]"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("ok: [web1]"), "{}", ran.stdout);
}

#[test]
fn on_error_abort_stops_the_run() {
    let ran = rogue("{in: keep, do: panic, at: 3}", "  on_error: abort\n")
        .run()
        .expect_code(78)
        .expect_stderr(
            "the run was stopped because plugin `rogue` failed and is `on_error: abort`",
        );
    assert_eq!(ran.artifact("status"), "failed");
}
