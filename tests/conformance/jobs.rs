//! What can be run beside a playbook.

use tests::RunTest;

use crate::case::{Case, different, equal, hello};

const WRITES: &str = "`--cmdline` and `-r` write to `env/` and `project/`";

pub(crate) const CASES: &[Case] = &[
    equal("a module", |test| {
        module(
            test.any_order(),
            &[
                "-m",
                "debug",
                "-a",
                "msg={{ inventory_hostname }}",
                "--hosts",
                "all",
                "--forks",
                "1",
            ],
        )
    }),
    equal("a module that changes and says much", |test| {
        module(test, &["-m", "shell", "-a", "echo one; echo two >&2", "--hosts", "web1", "-v"])
    }),
    equal("a module that fails", |test| {
        module(test, &["-m", "command", "-a", "false", "--hosts", "web1"])
    }),
    equal("a module that is not there", |test| {
        module(test, &["-m", "no_such_module", "--hosts", "web1"])
    }),
    equal("a module for nobody", |test| module(test, &["-m", "ping", "--hosts", "nobody"])),
    equal("a module without hosts", |test| module(test, &["-m", "ping"])),
    equal("a module in one line", |test| {
        module(test, &["-m", "command", "-a", "echo one", "--hosts", "web1"])
            .file("env/cmdline", "-o")
    }),
    different(
        "a module with the callback oneline",
        |test| {
            module(test, &["-m", "command", "-a", "echo one", "--hosts", "web1"])
                .variable("ANSIBLE_STDOUT_CALLBACK", "oneline")
        },
        &[(
            "the callback `oneline`, or one that is not there, ends the run with 250",
            &["exit code", "status", "rc", "events"],
        )],
    ),
    different(
        "a module with the callback default",
        |test| {
            module(test, &["-m", "command", "-a", "echo one", "--hosts", "web1"])
                .variable("ANSIBLE_STDOUT_CALLBACK", "default")
        },
        &[(
            "shows a module's results by the callback `default` if `ANSIBLE_STDOUT_CALLBACK` says so",
            &["event", "terminal", "stdout file"],
        )],
    ),
    equal("a module with an id of its own", |test| {
        module(test, &["-m", "ping", "--hosts", "web1"]).variable("AD_HOC_COMMAND_ID", "12")
    }),
    equal("a module that gathers facts", |test| {
        module(
            test,
            &[
                "-m",
                "setup",
                "-a",
                "gather_subset=!all,!min filter=ansible_python",
                "--hosts",
                "web1",
            ],
        )
    }),
    equal("a module in the background", |test| {
        module(test, &["-m", "command", "-a", "true", "--hosts", "web1"])
            .file("env/cmdline", "-B 20 -P 1")
    }),
    different(
        "a role",
        |test| {
            role(test, "project/roles").arguments(&[
                "-r",
                "greet",
                "--role-vars",
                "who='you' times=[1,2]",
            ])
        },
        &[(WRITES, &["command argv", "event", "facts"])],
    ),
    different(
        "a role on some hosts, without facts",
        |test| {
            role(test, "elsewhere")
                .arguments(&["-r", "greet", "--role-skip-facts", "--hosts", "web1"])
                .arguments(&["--roles-path", "../elsewhere", "--role-vars", "who=you times=3"])
        },
        &[(WRITES, &["command argv", "event"])],
    ),
    different(
        "a role of the private data directory",
        |test| {
            role(test, "roles").arguments(&[
                "-r",
                "greet",
                "--role-vars",
                "who=you times=3",
                "--role-skip-facts",
            ])
        },
        &[
            (WRITES, &["command argv"]),
            (
                "a role in `roles/` of the private data directory is not found",
                &["exit code", "status", "rc", "events"],
            ),
        ],
    ),
    different(
        "a role with an equals sign in its variables",
        |test| {
            role(test, "project/roles").arguments(&[
                "-r",
                "greet",
                "--role-vars",
                "who=a=b times=3",
            ])
        },
        &[(
            "a role in `roles/` of the private data directory is not found",
            &["exit code", "artifacts"],
        )],
    ),
    equal("another program", |test| {
        hello(test)
            .file("env/cmdline", "-c 'env | sort | grep -Ev \"CALLBACK|PLAYHOUSE_(CH|NO)\"'")
            .arguments(&["-b", "/bin/sh", "-v", "--limit", "web1"])
    }),
    equal("another program, by the environment", |test| {
        hello(test).variable("RUNNER_BINARY", "/bin/echo").file("env/extravars", "a: 1\n")
    }),
    equal("another program for a module", |test| {
        module(test, &["-m", "ping", "--hosts", "web1", "-b", "/bin/echo"])
    }),
    equal("a program that fails", |test| hello(test).arguments(&["-b", "/bin/false"])),
    different(
        "a program that a signal ends",
        |test| hello(test).file("env/cmdline", "-c 'kill -9 $$'").arguments(&["-b", "/bin/sh"]),
        &[("exits 0 and writes `None` to `rc` when a signal ended Ansible", &["exit code", "rc"])],
    ),
    equal("a program that is not there", |test| hello(test).arguments(&["-b", "no-such-program"])),
    equal("no Ansible", |test| hello(test).variable("PATH", "/nowhere")),
    equal("no Ansible by the file's path", |test| {
        hello(test).file("env/envvars", "PATH: /nowhere\n")
    }),
    equal("a whole command", |test| {
        hello(test)
            .file("args", "/bin/sh -c 'echo \"a  b\"; pwd; exit 7'\n")
            .file("env/cmdline", "--not-used")
            .arguments(&["-vv"])
    }),
    equal("a whole command that is Ansible", |test| {
        hello(test).file("args", "ansible-playbook -i web9, -c local site.yml")
    }),
    equal("a playbook by the environment", |test| {
        test.local_hosts(&["web1"])
            .file(
                "project/site.yml",
                "- {hosts: all, gather_facts: false, tasks: [{debug: {msg: x}}]}\n",
            )
            .variable("RUNNER_PLAYBOOK", "site.yml")
    }),
    equal("a module by the environment", |test| {
        test.local_hosts(&["web1"])
            .variable("RUNNER_MODULE", "ping")
            .arguments(&["--hosts", "web1"])
    }),
];

/// One module on two local hosts.
fn module(test: RunTest, arguments: &[&str]) -> RunTest {
    test.local_hosts(&["web1", "web2"]).arguments(arguments)
}

/// A role that says what it is given, in a folder of the private data directory.
fn role(test: RunTest, folder: &str) -> RunTest {
    test.local_hosts(&["web1"]).file(
        &format!("{folder}/greet/tasks/main.yml"),
        "- debug: {msg: \"{{ who }} {{ times }} {{ ansible_facts | length > 0 }}\"}\n",
    )
}
