//! What Ansible is given: words, environment, variables.

use crate::{hello, test};

/// Fails unless the variables have these values.
const ASSERT_VARS: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Look
      assert:
        that:
          - from_file == 'file'
          - from_flag == 'flag'
          - lookup('env', 'FROM_ENVVARS') == 'True'
          - ansible_forks == 3
          - ansible_verbosity == 1
";

#[test]
fn flags_and_env_files_reach_ansible() {
    let ran = test()
        .local_hosts(&["web1", "web2"])
        .playbook(ASSERT_VARS)
        .file("env/extravars", "from_file: file\nfrom_flag: file\n")
        .file("env/envvars", "FROM_ENVVARS: true\n")
        .arguments(&["-e", "from_flag=flag", "--limit", "web1", "--forks", "3", "-v"])
        .arguments(&["--command-file", "full"])
        .run()
        .expect_code(0);
    assert!(ran.stdout.contains("web1 ") && !ran.stdout.contains("web2 "), "{}", ran.stdout);
    let command = ran.json("command");
    let words: Vec<&str> =
        command["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let inventory = ran.path("inventory").display().to_string();
    let extravars = format!("@{}", ran.path("env/extravars").display());
    assert_eq!(
        words,
        [
            "ansible-playbook",
            "-i",
            &inventory,
            "--limit",
            "web1",
            "-e",
            &extravars,
            "-e",
            "from_flag=flag",
            "-v",
            "--forks",
            "3",
            "site.yml"
        ]
    );
}

#[test]
fn tags_choose_tasks_and_cmdline_comes_first() {
    let playbook = "\
- hosts: all
  gather_facts: false
  tasks:
    - {name: One, debug: {msg: one}, tags: [a]}
    - {name: Two, debug: {msg: two}, tags: [a, b]}
    - {name: Three, debug: {msg: three}}
";
    let ran = test()
        .local_hosts(&["web1"])
        .playbook(playbook)
        .file("env/cmdline", "--diff --flush-cache\n")
        .arguments(&["--tags", "a", "--skip-tags", "b"])
        .run()
        .expect_code(0);
    assert!(ran.stdout.contains("TASK [One]") && !ran.stdout.contains("TASK [T"), "{}", ran.stdout);
    assert_eq!(ran.json("command")["command"][1], "--diff");

    let ran = hello()
        .file("env/cmdline", "--no-such-option\n")
        .arguments(&["--cmdline", "--check"])
        .run()
        .expect_code(0);
    assert_eq!(ran.json("command")["command"][1], "--check");
}

#[test]
fn without_a_project_folder_playbooks_are_in_the_private_data_dir() {
    let test = test();
    std::fs::remove_dir(test.private_data_dir().join("project")).unwrap();
    let ran = test
        .local_hosts(&["web1"])
        .file("one.yml", crate::HELLO)
        .arguments(&["-p", "one.yml"])
        .run()
        .expect_code(0);
    assert_eq!(
        ran.json("command")["cwd"],
        ran.path("").display().to_string().trim_end_matches('/')
    );
}

#[test]
fn artifacts_and_project_can_be_elsewhere() {
    let ran = test()
        .local_hosts(&["web1"])
        .file("plays/site.yml", crate::HELLO)
        .arguments(&["-p", "site.yml", "--project-dir", "pdd/plays", "--artifact-dir", "pdd/out"])
        .run()
        .expect_code(0);
    assert_eq!(std::fs::read_to_string(ran.path("out/job/status")).unwrap(), "successful");
    assert!(!ran.path("artifacts").exists());
}

#[test]
fn secrets_are_not_in_the_command_file() {
    let ran = hello()
        .file("env/envvars", "AWS_SECRET_ACCESS_KEY: swordfish\nTZ: UTC\n")
        .run()
        .expect_code(0);
    let env = &ran.json("command")["env"];
    assert_eq!(env["AWS_SECRET_ACCESS_KEY"], "********");
    assert_eq!(env["TZ"], "UTC");
    assert!(!ran.artifact("command").contains("swordfish"));
    assert_eq!(ran.mode("command"), 0o600);
}

#[test]
fn what_ansible_cfg_says_is_not_overridden() {
    let ran = hello()
        .file("project/ansible.cfg", "[defaults]\nhost_key_checking = True\n")
        .run()
        .expect_code(0);
    assert!(ran.json("command")["env"].get("ANSIBLE_HOST_KEY_CHECKING").is_none());
    let ran = hello().run().expect_code(0);
    assert_eq!(ran.json("command")["env"]["ANSIBLE_HOST_KEY_CHECKING"], "False");
}

#[test]
fn the_users_stdout_callback_stays_the_users() {
    let ran = hello()
        .file("project/ansible.cfg", "[defaults]\nstdout_callback = minimal\n")
        .run()
        .expect_code(0);
    assert!(ran.stdout.contains("web1 | SUCCESS => {"), "{}", ran.stdout);
    assert!(ran.event_names().contains(&"runner_on_ok".to_owned()));
}

#[test]
fn facts_leave_the_environment_out_by_any_name_and_in_loops() {
    let ran = test()
        .local_hosts(&["web1"])
        .playbook(
            "- hosts: all\n  gather_facts: false\n  tasks:\n    - {ansible.builtin.setup: {gather_subset: [env]}}\n    - {setup: {gather_subset: [env]}, loop: [1, 2]}\n",
        )
        .file("env/envvars", "NOBODY_KNOWS: swordfish\n")
        .run()
        .expect_code(0);
    let events: Vec<String> = ran.events().iter().map(ToString::to_string).collect();
    assert!(events.iter().any(|event| event.contains("ansible_facts")));
    assert!(!events.iter().any(|event| event.contains("swordfish")));
}
