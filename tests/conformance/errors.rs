//! Playbooks that cannot be read or cannot go on, and what Ansible warns of.

use tests::Core;

use crate::case::{Case, different_on, equal, hello, tasks};

pub(crate) const CASES: &[Case] = &[
    equal("YAML that is none", |test| {
        test.local_hosts(&["web1"]).playbook("- hosts: all\n  tasks: {\n")
    }),
    equal("a playbook that is no playbook", |test| {
        test.local_hosts(&["web1"]).playbook("hosts: all\n")
    }),
    equal("a playbook that is empty", |test| test.local_hosts(&["web1"]).playbook("")),
    equal("a playbook that is not there", |test| {
        test.local_hosts(&["web1"]).arguments(&["-p", "missing.yml"])
    }),
    equal("a module that is not there", |test| tasks(test, "    - no_such_module: {}")),
    equal("a role that is not there", |test| {
        test.local_hosts(&["web1"])
            .playbook("- {hosts: all, gather_facts: false, roles: [no_such_role]}\n")
    }),
    equal("a file of tasks that is not there", |test| {
        tasks(test, "    - import_tasks: missing.yml")
    }),
    equal("a key that is unknown", |test| tasks(test, "    - {debug: {msg: x}, when_: y}")),
    equal("two actions in a task", |test| tasks(test, "    - {debug: {msg: x}, command: 'true'}")),
    equal("an undefined variable", |test| {
        tasks(
            test,
            "
    - {name: \"Named {{ missing }}\", debug: {msg: x}}
    - {debug: {msg: \"{{ missing }}\"}, ignore_errors: true}
    - {debug: {msg: \"{{ missing.further }}\"}, loop: [1, 2], ignore_errors: true}
    - {debug: {msg: x}, when: missing.further, ignore_errors: true}
    - {debug: {var: missing}}
    - {template: {src: bad.j2, dest: \"{{ playbook_dir }}/out\"}, ignore_errors: true}
    - {debug: {msg: \"{{ 1 | no_such_filter }}\"}}
",
        )
        .file("project/templates/bad.j2", "{{ one }}\n{% if %}\n")
    }),
    equal("arguments that are wrong", |test| {
        tasks(
            test,
            "
    - {copy: {dest: /tmp/x}, ignore_errors: true}
    - {copy: {src: missing, dest: /tmp/x}, ignore_errors: true}
    - {file: {path: /tmp/x, state: sideways}, ignore_errors: true}
    - {command: no-such-program --at all, ignore_errors: true}
    - {ping: {dat: x}}
",
        )
    }),
    different_on(
        Core::V2_19,
        "a deprecation",
        |test| tasks(test, "    - {debug: {msg: x}, when: \"{{ true }}\"}"),
        &[("with core 2.19, deprecations do not say", &["event", "terminal", "stdout file"])],
    ),
    equal("warnings and old ways", |test| {
        tasks(
            test,
            "
    - {command: echo, vars: {name: reserved}}
    - {debug: {msg: \"{{ ansible_play_hosts_all }}\"}, with_items: ['{{ [1] }}']}
    - {name: Unnamed group, debug: {msg: \"{{ groups['a-b'] }}\"}}
    - {shell: 'warn=1 true'}
",
        )
        .file("inventory/more", "[a-b]\nweb1\n")
    }),
    equal("a limit that matches nobody", |test| hello(test).arguments(&["--limit", "nobody"])),
    equal("a host that no inventory has", |test| {
        test.playbook("- {hosts: web1, gather_facts: false, tasks: [{debug: {msg: x}}]}\n")
    }),
    equal("an inventory that cannot be read", |test| {
        hello(test).file("inventory/hosts", "[web\nweb1 ansible_connection=local\n")
    }),
    equal("an option Ansible does not know", |test| {
        hello(test).file("env/cmdline", "--no-such-option")
    }),
    equal("forks that are no number", |test| hello(test).arguments(&["--forks", "many"])),
    equal("a syntax check and a list of tasks", |test| {
        hello(test).file("env/cmdline", "--list-tasks --list-hosts --list-tags")
    }),
];
