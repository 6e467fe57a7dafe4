//! `start`, `stop` and `is-alive`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use rustix::process::Signal;
use tests::RunTest;
use tests::processes::{processes_in, processes_of, send, wait_until};

use crate::stopping::SLEEP;
use crate::{hello, test};

/// What a subcommand with the test's options comes to: its exit code and what it says.
fn call(test: &RunTest, subcommand: &str) -> (i32, String) {
    let Output { status, stderr, stdout } = test.command_of(subcommand).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&stdout), "");
    (status.code().unwrap(), String::from_utf8_lossy(&stderr).into_owned())
}

fn asleep(seconds: &str) -> RunTest {
    test().local_hosts(&["web1"]).playbook(&SLEEP.replace("60.0625", seconds))
}

fn artifact(test: &RunTest, name: &str) -> String {
    fs::read_to_string(test.private_data_dir().join("artifacts/job").join(name)).unwrap()
}

#[test]
fn a_run_in_the_background_is_up_when_start_returns_and_goes_its_way() {
    let test = asleep("1.0625");
    assert_eq!(call(&test, "is-alive"), (1, String::new()));
    assert_eq!(call(&test, "start"), (0, String::new()));
    let pid = test.private_data_dir().join("pid");
    assert_eq!(call(&test, "is-alive"), (0, String::new()));
    let number: u32 = fs::read_to_string(&pid).unwrap().trim_end().parse().unwrap();
    assert!(processes_in(test.room()).contains(&number));
    wait_until("it has ended", || !pid.exists());
    assert_eq!(call(&test, "is-alive").0, 1);
    assert_eq!(
        (artifact(&test, "status"), artifact(&test, "rc")),
        ("successful".into(), "0".into())
    );
    assert!(artifact(&test, "stdout").contains("PLAY RECAP"));
}

#[test]
fn start_says_why_a_run_does_not_come_up() {
    let broken = hello().file("env/settings", "idle_timeout: [\n");
    let (code, said) = call(&broken, "start");
    assert_eq!(code, 78);
    assert!(said.starts_with("error: `") && said.contains("env/settings`, line"), "{said}");

    let (code, said) = call(&hello().variable("PATH", "/nowhere"), "start");
    assert_eq!(code, 127, "{said}");
    assert!(said.contains("ansible-playbook"), "{said}");

    let nameless = test().local_hosts(&["web1"]);
    assert_eq!(call(&nameless, "start").0, 1);
    assert!(!nameless.private_data_dir().join("pid").exists());
}

#[test]
fn stop_ends_the_run_and_its_result_says_so() {
    let test = asleep("64.0625");
    assert_eq!(call(&test, "start").0, 0);
    wait_until("the task runs", || !processes_of(&["sleep", "64.0625"]).is_empty());
    assert_eq!(call(&test, "stop"), (0, String::new()));
    assert_eq!(
        (artifact(&test, "status"), artifact(&test, "rc")),
        ("canceled".into(), "254".into())
    );
    assert_eq!(processes_in(test.room()), Vec::<u32>::new());
    assert!(!test.private_data_dir().join("pid").exists());
    let (code, said) = call(&test, "stop");
    assert_eq!(code, 1);
    assert!(said.contains("nothing was started in"), "{said}");
}

#[test]
fn a_pid_file_that_was_left_behind_is_no_run() {
    let test = asleep("64.125");
    assert_eq!(call(&test, "start").0, 0);
    let pid = test.private_data_dir().join("pid");
    send(fs::read_to_string(&pid).unwrap().trim_end().parse().unwrap(), Signal::KILL);
    wait_until("all of it has ended", || processes_in(test.room()).is_empty());
    assert!(pid.exists());
    assert_eq!(call(&test, "is-alive").0, 1);
    let (code, said) = call(&test, "stop");
    assert_eq!(code, 0);
    assert!(said.contains("had ended without removing"), "{said}");
    assert!(!pid.exists());

    fs::write(&pid, "4194305\n").unwrap();
    assert_eq!(call(&test, "start").0, 0);
    assert_eq!(call(&test, "stop").0, 0);
}

#[test]
fn of_two_starts_at_once_one_wins_and_the_other_says_why() {
    let test = asleep("64.25");
    let starts: Vec<_> = (0..6)
        .map(|number| {
            let ident = format!("job{number}");
            test.command_of("start").args(["-i", &ident]).spawn().unwrap()
        })
        .collect();
    let mut codes = Vec::new();
    for start in starts {
        let output = start.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        codes.push(output.status.code().unwrap());
        assert_eq!(output.status.success(), said.is_empty());
        assert!(output.status.success() || said.contains("is under way as process"), "{said}");
    }
    codes.sort_unstable();
    assert_eq!(codes, [0, 73, 73, 73, 73, 73]);
    assert_eq!(call(&test, "is-alive").0, 0);
    assert_eq!(call(&test, "stop").0, 0);
    assert_eq!(processes_in(test.room()), Vec::<u32>::new());
}

#[test]
fn the_background_keeps_working_directory_and_umask() {
    let test = hello();
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "umask 027 && exec \"$@\"", "sh"]);
    let start = test.command_of("start");
    command.arg(start.get_program()).args(start.get_args()).args(["--artifact-dir", "kept/here"]);
    test.seal(&mut command);
    assert!(command.status().unwrap().success());
    let root = test.room().join("kept/here");
    wait_until("it has ended", || root.join("job/rc").exists());
    assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o750);
    assert_eq!(fs::metadata(root.join("job/stderr")).unwrap().permissions().mode() & 0o777, 0o640);
}
