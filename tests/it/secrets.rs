//! Secrets: none is in what Playhouse writes, wherever it stood and whoever said it, and
//! Ansible's own words stay what they are.

use tests::{Ran, RunTest, guest};

use crate::{hello, rogues_view};

/// A token of three lines, one of them short and one with what JSON escapes.
const TOKEN: &str = "first \"line\" of the token\nthe second line of it\nthird";

/// What would tell of it.
const TELLING: [&str; 4] =
    ["\"line\" of the token", "\\\"line\\\" of the token", "the second line of it", "> third"];

fn rogue(config: &str) -> RunTest {
    let rogue = guest("rogue").display().to_string();
    let entry = format!(
        "- plugin: {rogue}\n  config: {config}\n  allow: {{set: [/limit]}}\n  secrets: {{token: {{env: TOKEN}}}}\n"
    );
    hello().file("env/plugins", &entry).variable("TOKEN", TOKEN)
}

/// Where a text stands in what a run left and said.
fn places(ran: &Ran, text: &str) -> Vec<String> {
    let mut places = ran.files_with(text);
    places.retain(|path| path.starts_with("artifacts"));
    for (name, said) in [("standard output", &ran.stdout), ("standard error", &ran.stderr)] {
        if said.contains(text) {
            places.push(name.to_owned());
        }
    }
    places
}

#[test]
fn no_word_of_a_plugin_tells_its_secret() {
    for (function, misdeed) in [
        ("init", "tell"),
        ("init", "tell-and-reject"),
        ("init", "tell-and-panic"),
        ("prepare", "tell"),
        ("prepare", "tell-and-reject"),
        ("prepare", "tell-and-panic"),
        ("prepare", "set, set: [[/limit, web1]], text: 'because of {token}'"),
        ("keep", "tell-and-panic"),
        ("enrich", "tell"),
        ("enrich", "tell-and-panic"),
        ("deliver-status", "tell"),
        ("deliver-status", "tell-and-reject"),
        ("deliver-events", "tell"),
        ("deliver-events", "tell-and-reject"),
        ("deliver-events", "tell-and-panic"),
        ("tick", "tell-and-panic"),
        ("finish", "tell"),
        ("finish", "tell-and-panic"),
    ] {
        let ran = rogue(&format!("{{in: {function}, do: {misdeed}}}")).run();
        for telling in TELLING {
            assert_eq!(places(&ran, telling), [""; 0], "{function}, {misdeed}: {telling}");
        }
        assert!(places(&ran, "********").len() > 1, "{function}, {misdeed}: something was said");
    }
}

#[test]
fn an_enrichers_secret_is_in_no_event_and_not_on_the_terminal() {
    let ran = rogue("{in: enrich, do: tell}").run().expect_code(0);
    assert!(ran.stdout.contains("********"), "{}", ran.stdout);
    let events = ran.events();
    let told = events.iter().find(|event| event["playhouse"].is_object());
    let told = told.unwrap_or_else(|| panic!("an event with a note: {events:#?}"));
    assert_eq!(told["stdout"], "********");
}

#[test]
fn variables_on_the_command_line_are_shown_in_no_spelling() {
    let cmdline = [
        "-e a=swordfish-a",
        "--extra-vars b=swordfish-b",
        "--extra-vars=c=swordfish-c",
        "--extra-v d=swordfish-d",
        "-ee=swordfish-e",
        "-ve f=swordfish-f",
        "-veg=swordfish-g",
        "-e '{\"h\": \"swordfish-h\"}'",
        "--ssh-common-args '-o SetEnv=I=swordfish-i'",
        "--ssh-extra-args=-oSetEnv=J=swordfish-j",
    ];
    let ran = hello()
        .arguments(&["--cmdline", &cmdline.join(" "), "--extra-vars", "k=swordfish-k", "--debug"])
        .run()
        .expect_code(0);
    assert_eq!(places(&ran, "swordfish"), [""; 0]);
    let words = ran.json("command")["command"].to_string();
    for shown in ["\"-e\",\"********\"", "--extra-vars=********", "-veg", "--ssh-extra-args=***"] {
        let is_shown = words.contains(shown);
        assert_eq!(is_shown, shown != "-veg", "{shown}: {words}");
    }
    let full = hello()
        .arguments(&["--cmdline", "-e a=swordfish", "--command-file", "full"])
        .run()
        .expect_code(0);
    assert_eq!(places(&full, "swordfish"), ["artifacts/job/command"]);
}

#[test]
fn variables_of_the_environment_are_shown_where_everybody_may_read_them() {
    let ran = hello()
        .file("env/envvars", "MYSQL_PWD: swordfish\nPLAIN: swordfish\nANSIBLE_FORKS: '7'\n")
        .variable("DATABASE_URL", "postgres://me:swordfish@h/x")
        .variable("TZ", "UTC")
        .run()
        .expect_code(0);
    assert_eq!(places(&ran, "swordfish"), [""; 0]);
    let env = &ran.json("command")["env"];
    for (name, value) in [
        ("MYSQL_PWD", "********"),
        ("PLAIN", "********"),
        ("DATABASE_URL", "********"),
        ("ANSIBLE_FORKS", "7"),
        ("TZ", "UTC"),
        ("RUNNER_OMIT_EVENTS", "False"),
    ] {
        assert_eq!(env[name], value, "{name}");
    }
}

#[test]
fn what_a_run_was_given_is_hidden_where_a_plugin_says_it() {
    let rogue = guest("rogue").display().to_string();
    let entry = format!(
        "- plugin: {rogue}\n  config: {{in: nowhere, do: set}}\n  allow: {{view: [/extravars/*, /cmdline]}}\n"
    );
    let ran = hello()
        .file("env/plugins", &entry)
        .file(
            "env/extravars",
            "db: {password: swordfish-1, host: h, url: 'https://u:swordfish-2@h/x'}\nplain: the swordfish-3\nbare: 1\n",
        )
        .file("env/passwords", "'no such prompt': swordfish-3\n")
        .arguments(&["--cmdline", "-e x_token=swordfish-4 --diff"])
        .run()
        .expect_code(0);
    let view = rogues_view(&ran);
    assert_eq!(
        view["extravars"],
        serde_json::json!({
            "db": {"password": {"$secret": true}, "host": "h", "url": "https://********@h/x"},
            "plain": "the ********",
            "bare": 1,
        })
    );
    assert_eq!(view["cmdline"], serde_json::json!(["-e", "********", "--diff"]));
    assert_eq!(places(&ran, "swordfish"), [""; 0]);
}

#[test]
fn what_stands_for_a_secret_in_the_view_cannot_be_set() {
    for (place, value) in [
        ("/cmdline", "['-e', '********']"),
        ("/extravars/db", "{password: {$secret: true}, host: h}"),
    ] {
        let rogue = guest("rogue").display().to_string();
        let entry = format!(
            "- plugin: {rogue}\n  config: {{in: prepare, do: set, set: [[{place}, {value}]]}}\n  allow: {{set: [{place}]}}\n"
        );
        hello().file("env/plugins", &entry).run().expect_code(78).expect_stderr(&format!(
            "the edit at `{place}` cannot be made: it holds what stands in the view for a secret"
        ));
    }
}
