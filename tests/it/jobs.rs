//! What a run can run beside a playbook, and the flags that choose.

use std::fs;

use tests::{Core, Ran, RunTest, same_as_peer};

use crate::{HELLO, hello, test};

#[test]
fn a_module() {
    let module = ["-m", "debug", "-a", "msg={{ inventory_hostname }}", "--hosts", "web1"];
    let ran = same_as_peer(test().local_hosts(&["web1", "web2"]), &module);
    assert_eq!(
        ran.event_names(),
        ["playbook_on_start", "runner_on_start", "runner_on_ok", "playbook_on_stats"]
    );
    // Without hosts it is Ansible that complains.
    same_as_peer(test().local_hosts(&["web1"]), &["-m", "ping"]).expect_code(2);
}

/// A role that says what it is given, in a folder of the private data directory.
fn with_role(folder: &str) -> RunTest {
    test().local_hosts(&["web1"]).file(
        &format!("{folder}/greet/tasks/main.yml"),
        "- debug: {msg: \"{{ who }} {{ times }} {{ ansible_facts | length > 0 }}\"}\n",
    )
}

fn said(ran: &Ran) -> String {
    let events = ran.events();
    let task = events
        .iter()
        .find(|event| event["event"] == "runner_on_ok" && event["event_data"]["role"] == "greet");
    task.expect("the role's task")["event_data"]["res"]["msg"].as_str().unwrap().to_owned()
}

#[test]
fn a_role_is_found_in_the_project_and_in_the_private_data_directory() {
    for (core, folder) in [(Core::V2_16, "roles"), (Core::V2_19, "project/roles")] {
        let ran = with_role(folder)
            .core(core)
            .arguments(&["-r", "greet", "--role-vars", "who=a=b times=3"])
            .run()
            .expect_code(0);
        assert_eq!(said(&ran), "a=b 3 True");
    }
    let ran = with_role("elsewhere")
        .arguments(&["-r", "greet", "--role-vars", "who='you' times=[1,2]", "--role-skip-facts"])
        .arguments(&["--roles-path", "../elsewhere", "--hosts", "web1"])
        .run()
        .expect_code(0);
    assert_eq!(said(&ran), "you [1, 2] False");
}

#[test]
fn a_role_leaves_nothing_in_the_input() {
    let test =
        with_role("project/roles").file("project/group_vars/all.yml", "who: all\ntimes: 1\n");
    let ran = test.arguments(&["-r", "greet"]).run().expect_code(0);
    assert_eq!(said(&ran), "all 1 True");
    let mut left: Vec<_> = fs::read_dir(ran.path("project"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["group_vars", "roles"]);
    assert!(!ran.path("env").exists());
}

#[test]
fn another_program_in_ansibles_place_gets_the_options_only() {
    let test = || test().local_hosts(&["web1"]).file("project/site.yml", HELLO);
    let words = ["-b", "/bin/echo", "-p", "site.yml", "--limit", "web1"];
    let ran = same_as_peer(test().file("env/cmdline", "one 'two three'"), &words);
    assert!(ran.stdout.starts_with("one two three -i "), "{}", ran.stdout);
    let ran = test().arguments(&["-p", "site.yml"]).variable("RUNNER_BINARY", "/bin/echo").run();
    assert!(ran.expect_code(0).stdout.starts_with("-i "));
}

#[test]
fn the_file_args_is_the_whole_command() {
    let test = test().local_hosts(&["web1"]).file("args", "/bin/echo 'a  b' c\n");
    let ran = same_as_peer(test, &["-p", "site.yml", "-v"]);
    assert_eq!(ran.stdout, "a  b c\r\n");
}

#[test]
fn what_cannot_be_meant_is_said_and_makes_nothing() {
    for (arguments, code, message) in [
        (
            &["-p", "site.yml", "--hosts", "web1"][..],
            1,
            "The --hosts option can only be used with -m or -r",
        ),
        (&[], 1, "The -p option must be specified when not using -m or -r"),
        (&["-m", "ping", "-p", "site.yml"], 2, "cannot be used with"),
        (&["-r", "greet", "--role-vars", "who"], 1, "`who` has no `=`"),
        (&["--verbos"], 2, "unexpected argument '--verbos'"),
    ] {
        let ran = test().arguments(arguments).run().expect_code(code).expect_stderr(message);
        assert!(!ran.path("artifacts").exists());
    }
}

#[test]
fn what_to_run_comes_from_the_environment_too_and_flags_win() {
    let test = || test().local_hosts(&["web1"]).file("project/site.yml", HELLO);
    let ran = test().variable("RUNNER_PLAYBOOK", "site.yml").run().expect_code(0);
    assert!(ran.stdout.contains("TASK [Greet]"));
    let ran = test()
        .variable("RUNNER_PLAYBOOK", "site.yml")
        .arguments(&["-m", "ping", "--hosts", "all"])
        .run()
        .expect_code(0);
    assert!(ran.stdout.contains("\"pong\""), "{}", ran.stdout);
}

#[test]
fn options_may_stand_before_the_subcommand_and_more_than_once() {
    let test = hello();
    let mut command = test.command();
    let output = {
        let program = command.get_program().to_owned();
        command = std::process::Command::new(program);
        command.args(["-vi", "other", "--play", "site.yml", "-i", "job", "run"]);
        command.arg(test.private_data_dir());
        test.seal(&mut command);
        command.output().unwrap()
    };
    let ran = test.ended(&output).expect_code(0);
    assert_eq!(ran.event_names().last().unwrap(), "playbook_on_stats");
    assert!(ran.json("command")["command"].as_array().unwrap().contains(&"-v".into()));
}

#[test]
fn event_data_can_be_left_out() {
    let playbook = "\
- hosts: all
  gather_facts: false
  tasks:
    - {name: Loop, command: \"test {{ item }} = a\", loop: [a, b], ignore_errors: true}
";
    let run = |flag: &str| {
        let ran = test().local_hosts(&["web1"]).playbook(playbook).arguments(&[flag]).run();
        ran.expect_code(0).events()
    };
    let kept = |events: &[serde_json::Value]| -> Vec<String> {
        events
            .iter()
            .filter(|event| event["event_data"] != serde_json::json!({}))
            .map(|event| event["event"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(kept(&run("--omit-event-data")), Vec::<String>::new());
    assert_eq!(
        kept(&run("--only-failed-event-data")),
        ["runner_item_on_failed", "runner_on_failed"]
    );
}

#[test]
fn rotation_keeps_the_newest_runs_and_what_is_not_ours() {
    let mut test = hello().file("artifacts/notes.txt", "mine").file("artifacts/old/rc", "0");
    for ident in ["a", "b", "c"] {
        test = test.arguments(&["-i", ident, "--rotate-artifacts", "2"]);
        assert!(test.command().status().unwrap().success());
    }
    let mut left: Vec<_> = fs::read_dir(test.private_data_dir().join("artifacts"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["b", "c", "notes.txt", "old"]);
}

#[test]
fn the_runner_says_what_it_does_when_asked() {
    let ran = hello().arguments(&["--debug", "--logfile", "log", "-e", "word=swordfish"]).run();
    let ran = ran.expect_code(0);
    let log = fs::read_to_string(ran.path("../log")).unwrap();
    for said in [&ran.stderr, &log] {
        assert!(said.contains("command: [\"ansible-playbook\""), "{said}");
        assert!(said.contains("status=successful rc=0"), "{said}");
        assert!(!said.contains("swordfish"), "{said}");
    }
    hello()
        .arguments(&["--logfile", "/nowhere/log"])
        .run()
        .expect_code(1)
        .expect_stderr("the log cannot be written: `/nowhere/log`");
}

#[test]
fn the_command_file_tells_secrets_only_where_it_is_asked_to() {
    let run = |arguments: &[&str]| {
        let test = hello().variable("VAULT_TOKEN", "swordfish").arguments(arguments);
        test.run().expect_code(0).json("command")["env"]["VAULT_TOKEN"].clone()
    };
    assert_eq!(run(&[]), "********");
    assert_eq!(run(&["--command-file", "full"]), "swordfish");
}

#[test]
fn a_run_that_was_to_be_locked_up_does_not_run_free() {
    for arguments in [
        &["--process-isolation", "--container-image", "x"][..],
        &["--directory-isolation-base-path", "/tmp/x"],
    ] {
        let ran = hello().arguments(arguments).run().expect_code(1);
        assert!(ran.stderr.contains("asks for isolation"), "{}", ran.stderr);
        assert!(!ran.artifact_path("").exists());
    }
    // Alone they do nothing, as with the peer.
    let words = ["--container-image", "x", "--process-isolation-path", "/y"];
    hello().arguments(&words).run().expect_code(0);
}
