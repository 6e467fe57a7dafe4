//! What Ansible asks on the terminal, and `env/passwords`.

use serde_json::{Value, json};
use tests::Core;

use crate::{hello, test};

/// Asks for a word nobody sees and for one in the open, and holds both to be right.
const ASKING: &str = "\
- hosts: all
  gather_facts: false
  vars_prompt:
    - {name: secret, prompt: What is the word}
    - {name: port, prompt: \"Which port, and this is a prompt that is longer than the hundred characters that others look at before they give up\", private: false}
  tasks:
    - name: Check
      assert: {that: [secret == 'open sesame', port == '8022']}
";

#[test]
fn prompts_are_answered_wherever_they_stand() {
    let passwords = "\
'^What is the word: $': open sesame
'^Which port, .* before they give up:\\s*?$': 8022
";
    for core in [Core::V2_16, Core::V2_19] {
        let ran = test()
            .core(core)
            .local_hosts(&["web1"])
            .playbook(ASKING)
            .file("env/passwords", passwords)
            .run()
            .expect_code(0);
        assert!(ran.stdout.contains("What is the word: "), "{}", ran.stdout);
        assert!(!ran.stdout.contains("open sesame"), "nothing is echoed: {}", ran.stdout);
    }
}

#[test]
fn the_default_of_a_private_prompt_is_in_the_prompt_and_not_in_the_event() {
    let playbook = "\
- hosts: all
  gather_facts: false
  vars_prompt:
    - {name: secret, prompt: What is the word, default: sw0rdf1sh}
    - {name: empty, prompt: What is none}
    - {name: port, prompt: Which port, private: false, default: '22'}
  tasks:
    - {assert: {that: [secret == 'sw0rdf1sh', empty == 'x', port == '22']}}
";
    for core in [Core::V2_16, Core::V2_19] {
        let ran = test()
            .core(core)
            .local_hosts(&["web1"])
            .playbook(playbook)
            .file("env/passwords", "'none.*: $': x\n'(word|port).*: $': ''\n")
            .run()
            .expect_code(0);
        let events = ran.events();
        let asked = events.iter().filter(|event| event["event"] == "playbook_on_vars_prompt");
        let defaults: Vec<&Value> = asked.map(|event| &event["event_data"]["default"]).collect();
        assert_eq!(defaults, [&json!("********"), &Value::Null, &json!("22")]);
        assert!(ran.stdout.contains("What is the word [sw0rdf1sh]: "), "{}", ran.stdout);
    }
}

#[test]
fn ansibles_own_prompts_before_any_play_are_answered() {
    let ran = hello()
        .arguments(&["--cmdline", "--ask-become-pass --ask-vault-pass"])
        .file("env/passwords", "'^BECOME password': swordfish\n'^Vault password:\\s*$': 0x1F\n")
        .variable("SAME_WORD", "swordfish")
        .run()
        .expect_code(0);
    assert!(!ran.artifact("command").contains("swordfish"), "{}", ran.artifact("command"));
    let prompts: Vec<String> = ran
        .events()
        .iter()
        .filter(|event| event["event"] == "verbose")
        .map(|event| event["stdout"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(prompts, ["BECOME password: ", "Vault password: "]);
}

#[test]
fn a_prompt_that_nobody_answers_ends_the_run_and_says_what_would_answer_it() {
    let ran = test().local_hosts(&["web1"]).playbook(ASKING).run().expect_code(78).expect_stderr(
        "nobody answers the prompt `What is the word:`; add to env/passwords: `'^What is the word:\\s*?$': the answer`",
    );
    assert_eq!((ran.artifact("status"), ran.artifact("rc")), ("failed".into(), "78".into()));

    let ran = hello()
        .arguments(&["--cmdline", "-k"])
        .file("env/passwords", "'^Wrong': x\n")
        .run()
        .expect_code(78)
        .expect_stderr("'^SSH password:\\s*?$': the answer");
    assert_eq!(ran.event_names(), ["verbose"]);
}

#[test]
fn a_pause_is_answered_or_named_and_one_with_a_time_goes_on() {
    let pause = "\
- hosts: all
  gather_facts: false
  tasks:
    - {name: Wait, pause: {seconds: 3}}
    - {name: Ask, pause: {prompt: Shall we}, register: asked}
    - {name: Check, assert: {that: asked.user_input == 'yes'}}
";
    for core in [Core::V2_16, Core::V2_19] {
        let with = |passwords: &str| {
            let test = test().core(core).local_hosts(&["web1"]).playbook(pause);
            test.file("env/passwords", passwords).run()
        };
        with("'^Shall we:\\s*$': 'yes'\n").expect_code(0);
        with("").expect_code(78).expect_stderr(
            "nobody answers the prompt `Shall we:`; add to env/passwords: `'^Shall we:\\s*?$': the answer`",
        );
    }
}

#[test]
fn what_the_message_says_to_add_answers_the_prompt() {
    let ran = hello().arguments(&["--cmdline", "-K"]).run().expect_code(78);
    let (_, line) = ran.stderr.split_once("add to env/passwords: `").unwrap();
    let line = line.split_once('`').unwrap().0.replace("the answer", "swordfish");
    hello().arguments(&["--cmdline", "-K"]).file("env/passwords", &line).run().expect_code(0);
}

#[test]
fn a_pattern_that_cannot_be_honoured_is_an_error() {
    let ran = hello().file("env/passwords", "'(?<!SSH )password:': x\n").run().expect_code(78);
    assert!(
        ran.stderr.contains("env/passwords`: the pattern `(?<!SSH )password:`"),
        "{}",
        ran.stderr
    );
    assert!(!ran.artifact_path("").exists());
}
