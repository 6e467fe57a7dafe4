//! `--progress`.

use std::process::Command;

use crate::test;

const PLAYBOOK: &str = "\
- name: Show it
  hosts: all
  gather_facts: false
  tasks:
    - {name: Greet, debug: {msg: hello}, changed_when: true}
    - {name: Fail, fail: {msg: broken}, when: inventory_hostname == 'web2'}
";

#[test]
fn in_a_pipe_each_thing_that_matters_is_a_line() {
    let ran = test()
        .local_hosts(&["web1", "web2"])
        .playbook(PLAYBOOK)
        .arguments(&["--progress", "--forks", "1"])
        .run()
        .expect_code(2);
    let said: Vec<&str> = ran
        .stdout
        .lines()
        .map(|line| line.split_once(" s  ").map_or(line, |(_, what)| what))
        .collect();
    assert_eq!(
        said,
        [
            "PLAY Show it",
            "TASK Greet",
            "TASK Fail",
            "FAILED web2: Fail",
            "web1: ok=1 changed=1 failed=0 unreachable=0",
            "web2: ok=1 changed=1 failed=1 unreachable=0",
        ]
    );
    assert!(ran.artifact("stdout").contains("PLAY RECAP"));
}

#[test]
fn what_keeps_a_play_from_beginning_is_shown() {
    let test = || test().local_hosts(&["web1"]).arguments(&["--progress"]);
    let ran = test().playbook("- hosts: [\n").run();
    assert!(ran.stdout.contains("ERROR"), "{}", ran.stdout);
    let ran = test().playbook(PLAYBOOK).variable("PATH", "/nowhere").run().expect_code(127);
    assert!(ran.stdout.contains("not found or was not executable"), "{}", ran.stdout);
}

#[test]
fn on_a_terminal_it_is_drawn_again_and_again() {
    let test = test().local_hosts(&["web1", "web2"]).playbook(PLAYBOOK).arguments(&["--progress"]);
    let inner = test.command();
    let mut terminal = Command::new(tests::Core::V2_19.bin().join("python"));
    terminal.args(["-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"]);
    terminal.arg(inner.get_program()).args(inner.get_args());
    test.seal(&mut terminal);
    let output = terminal.output().unwrap();
    let ran = test.ended(&output).expect_code(2);
    assert!(ran.stdout.contains("\x1b[4A\x1b[J"), "{:?}", ran.stdout);
    let last = ran.stdout.rsplit("\x1b[J").next().unwrap();
    assert!(last.contains("task  Fail (number 2)\r\n"), "{last:?}");
    assert!(last.contains("2 hosts: ok=2 changed=2 failed=1 unreachable=0\r\n"), "{last:?}");
    assert!(ran.stdout.contains("FAILED web2: Fail"), "{:?}", ran.stdout);
    assert!(ran.stdout.contains("playhouse: failed in "), "{:?}", ran.stdout);
}
