//! `env/ssh_key`, and passwords of SSH, against a real OpenSSH server.

use tests::{Core, RunTest, SSH_PASSWORD, Sshd};

use crate::{hello, test};

/// Goes over SSH and says what it finds there.
const FAR: &str = "\
- hosts: far
  gather_facts: false
  tasks:
    - {name: Go there, raw: echo at $SSH_CONNECTION, register: far}
    - {name: Say, debug: {var: far.stdout}}
";

fn far(sshd: &Sshd) -> RunTest {
    test().file("inventory/hosts", &sshd.inventory()).playbook(FAR)
}

#[test]
fn a_key_opens_the_way_and_is_never_on_disk() {
    let sshd = Sshd::start();
    let key = sshd.authorized_key("");
    let secret = key.lines().nth(2).unwrap();
    let look = format!(
        "- hosts: localhost
  gather_facts: false
  connection: local
  tasks:
    - {{name: Look, command: \"grep -rlF -D skip -e {secret} {{{{ lookup('env', 'TMPDIR') }}}} {{{{ lookup('env', 'AWX_ISOLATED_DATA_DIR') }}}}\", register: look, failed_when: look.rc != 1}}
"
    );
    for core in [Core::V2_16, Core::V2_19] {
        let test = far(&sshd).core(core).file("env/ssh_key", &key);
        let temporary = test.private_data_dir().join("../tmp");
        std::fs::create_dir(&temporary).unwrap();
        let ran = test
            .playbook(&format!("{FAR}{look}"))
            .variable("TMPDIR", &temporary.display().to_string())
            .run()
            .expect_code(0);
        assert!(ran.stdout.contains("\"far.stdout\": \"at 127.0.0.1 "), "{}", ran.stdout);
        assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    }
}

#[test]
fn a_passphrase_comes_from_the_passwords() {
    let sshd = Sshd::start();
    let key = sshd.authorized_key("open sesame");
    let prompt = "'^Enter passphrase for .*/ssh_key_data:\\s*?$'";
    let with = |passwords: &str| {
        far(&sshd).file("env/ssh_key", &key).file("env/passwords", passwords).run()
    };
    with(&format!("{prompt}: open sesame\n")).expect_code(0);
    with(&format!("{prompt}: guessed\n"))
        .expect_code(78)
        .expect_stderr("the passphrase that env/passwords gives is wrong");

    let ran =
        with("").expect_code(78).expect_stderr("nobody answers the prompt `Enter passphrase for");
    assert_eq!((ran.artifact("status"), ran.artifact("rc")), ("failed".into(), "78".into()));
    let (_, line) = ran.stderr.split_once("add to env/passwords: `").unwrap();
    let line = line.split_once('`').unwrap().0.replace("the answer", "open sesame");
    with(&line).expect_code(0);
}

#[test]
fn several_keys_and_a_certificate() {
    let sshd = Sshd::start();
    let (key, certificate) = sshd.certified_key();
    let (stranger, _) = sshd.certified_key();
    far(&sshd).file("env/ssh_key", &stranger).run().expect_code(4);
    far(&sshd).file("env/ssh_key", &format!("{stranger}{key}{certificate}")).run().expect_code(0);
    far(&sshd)
        .file("env/ssh_key", &key)
        .file("env/ssh_key-cert.pub", &certificate)
        .run()
        .expect_code(0);
}

#[test]
fn a_password_is_typed_for_sshpass() {
    let sshd = Sshd::start();
    let ran = far(&sshd)
        .file("env/cmdline", "--ask-pass\n")
        .file("env/passwords", &format!("\"^SSH password.*$\": \"{SSH_PASSWORD}\"\n"))
        .run()
        .expect_code(0);
    assert!(ran.stdout.contains("\"far.stdout\": \"at 127.0.0.1 "), "{}", ran.stdout);
    assert!(!ran.artifact("stdout").contains(&format!("\"{SSH_PASSWORD}\"")));
}

#[test]
fn a_password_is_typed_for_sudo() {
    let sshd = Sshd::start();
    let become_root = FAR
        .replace("echo at $SSH_CONNECTION", "id -un")
        .replace("gather_facts", "become: true\n  gather_facts");
    let ran = far(&sshd)
        .playbook(&become_root)
        .file("env/ssh_key", &sshd.authorized_key(""))
        .file("env/cmdline", "--ask-become-pass\n")
        .file("env/passwords", &format!("'^BECOME password.*:\\s*?$': {SSH_PASSWORD}\n"))
        .run()
        .expect_code(0);
    assert!(ran.stdout.contains("\\r\\nroot"), "{}", ran.stdout);
}

#[test]
fn what_is_no_key_is_an_error() {
    for (text, message) in [
        ("ssh-ed25519 AAAA me\n", "env/ssh_key`: holds no private key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "a key in it has no `-----END` line"),
    ] {
        let ran = hello().file("env/ssh_key", text).run().expect_code(78).expect_stderr(message);
        assert!(!ran.path("artifacts").exists());
    }
    let rubbish =
        "-----BEGIN OPENSSH PRIVATE KEY-----\nrubbish\n-----END OPENSSH PRIVATE KEY-----\n";
    let ran = hello().file("env/ssh_key", rubbish).run().expect_code(78);
    assert!(ran.stderr.contains("error: `env/ssh_key`: Error loading key"), "{}", ran.stderr);
}

#[test]
fn without_an_agent_the_message_says_what_is_missing() {
    let (key, _) = Sshd::start().certified_key();
    let bin = Core::V2_19.bin().display().to_string();
    hello()
        .file("env/ssh_key", &key)
        .variable("PATH", &bin)
        .run()
        .expect_code(78)
        .expect_stderr("`env/ssh_key` needs `ssh-agent`, which cannot be run");
}
