//! What is shown, and how much of it events hold.

use tests::RunTest;

use crate::case::{Case, different, equal, hello, tasks};

const CALLBACKS: &str = "the callback `oneline`, or one that is not there, ends the run with 250";

pub(crate) const CASES: &[Case] = &[
    equal("events as JSON", |test| kinds(test).arguments(&["-j"])),
    different(
        "events as JSON with text between them",
        |test| {
            tasks(test, "    - {debug: {msg: x}}")
                .file("env/cmdline", "--list-tags")
                .arguments(&["-j"])
        },
        &[("`-j` prints text outside of events as it is", &["terminal", "stdout file"])],
    ),
    equal("nothing on the terminal", |test| kinds(test).arguments(&["-q"])),
    equal("nothing on the terminal, by a setting", |test| {
        hello(test).file("env/settings", "suppress_ansible_output: true\n")
    }),
    equal("quiet, and a setting against it", |test| {
        hello(test).file("env/settings", "suppress_ansible_output: false\n").arguments(&["--quiet"])
    }),
    equal("no file of what was shown", |test| {
        hello(test).file("env/settings", "suppress_output_file: true\n")
    }),
    equal("events without data", |test| kinds(test).arguments(&["--omit-event-data"])),
    equal("the data of failures only", |test| {
        tasks(test, "    - {command: 'false', ignore_errors: true}\n    - {debug: {msg: x}}")
            .arguments(&["--only-failed-event-data"])
    }),
    different(
        "the data of failures only, items too",
        |test| kinds(test).arguments(&["--only-failed-event-data"]),
        &[(
            "`--only-failed-event-data` drops the data of failed items",
            &["event 8 runner_item_on_failed"],
        )],
    ),
    equal("the callback minimal", |test| {
        kinds(test).variable("ANSIBLE_STDOUT_CALLBACK", "minimal")
    }),
    different(
        "the callback oneline",
        |test| kinds(test).variable("ANSIBLE_STDOUT_CALLBACK", "oneline"),
        &[(CALLBACKS, &["exit code", "rc", "events", "input project/copied"])],
    ),
    equal("the callback tree beside the default one", |test| {
        kinds(test).file(
            "env/envvars",
            "ANSIBLE_CALLBACKS_ENABLED: tree\nANSIBLE_CALLBACK_TREE_DIR: ../tree\n",
        )
    }),
    equal("a callback by its full name", |test| {
        kinds(test).file("env/envvars", "ANSIBLE_STDOUT_CALLBACK: ansible.builtin.minimal\n")
    }),
    different(
        "a callback that is not there",
        |test| hello(test).variable("ANSIBLE_STDOUT_CALLBACK", "no_such_callback"),
        &[(CALLBACKS, &["exit code", "rc", "events"])],
    ),
    equal("a callback of the project", |test| {
        kinds(test).file("project/mine/loud.py", LOUD).file(
            "env/envvars",
            "ANSIBLE_STDOUT_CALLBACK: loud\nANSIBLE_CALLBACK_PLUGINS: ./mine\n",
        )
    }),
    different(
        "the callback of ansible.cfg",
        |test| kinds(test).file("project/ansible.cfg", "[defaults]\nstdout_callback = minimal\n"),
        &[("ignores `stdout_callback` of `ansible.cfg`", &["event", "terminal", "stdout file"])],
    ),
    equal("other settings of ansible.cfg", |test| {
        kinds(test).file(
            "project/ansible.cfg",
            "[defaults]\nforks = 3\nnocows = 1\ndisplay_skipped_hosts = false\nretry_files_enabled = true\n[diff]\nalways = true\n",
        )
    }),
    equal("results in YAML", |test| kinds(test).variable("ANSIBLE_CALLBACK_RESULT_FORMAT", "yaml")),
    equal("colours", |test| kinds(test).variable("ANSIBLE_FORCE_COLOR", "1")),
    equal("a terminal that has a name", |test| kinds(test).variable("TERM", "xterm-256color")),
    equal("less shown", |test| {
        kinds(test)
            .variable("ANSIBLE_DISPLAY_OK_HOSTS", "false")
            .variable("ANSIBLE_DISPLAY_SKIPPED_HOSTS", "false")
            .variable("ANSIBLE_DISPLAY_FAILED_STDERR", "true")
    }),
    equal("more shown", |test| {
        kinds(test)
            .variable("ANSIBLE_DISPLAY_ARGS_TO_STDOUT", "1")
            .variable("ANSIBLE_SHOW_PER_HOST_START", "1")
            .variable("ANSIBLE_SHOW_TASK_PATH_ON_FAILURE", "1")
            .variable("ANSIBLE_CHECK_MODE_MARKERS", "1")
            .variable("ANSIBLE_VERBOSITY", "1")
    }),
    equal("a job with ids", |test| {
        hello(test).variable("JOB_ID", "17").file("env/envvars", "PROJECT_UPDATE_ID: 4\n")
    }),
    equal("a log of Ansible's own", |test| hello(test).variable("ANSIBLE_LOG_PATH", "/dev/null")),
    equal("lines that are no events", |test| {
        printing(test, "one\\n\\nthree  \\n\\ttab\\nred \\033[31mtext\\033[0m\\nno end")
    }),
    different(
        "carriage returns between events",
        |test| printing(test, "10%%\\r20%%\\r30%%\\nnext\\fpage\\n"),
        &[("cuts text outside of events at carriage returns", &["events"])],
    ),
    equal("bytes that are no text", |test| printing(test, "caf\\351\\nend\\n")),
    different(
        "an Ansible that a task starts",
        |test| {
            tasks(
                test,
                "
    - {name: Nest, command: 'ansible-playbook -i web2, -c local inner.yml', args: {chdir: \"{{ playbook_dir }}\"}}
",
            )
            .file("project/inner.yml", "[{hosts: all, gather_facts: false, tasks: [{debug: {msg: inner}}]}]\n")
        },
        &[(
            "an Ansible that a task starts prints tokens",
            &["event 5 runner_on_ok event_data res stdout", "artifact job_events/partial"],
        )],
    ),
];

/// A run with results of most kinds.
fn kinds(test: RunTest) -> RunTest {
    tasks(
        test,
        "
    - {name: Fine, debug: {msg: [1, \"two\\nlines\", é]}}
    - {name: Loop, command: \"test {{ item }} = b\", loop: [a, b], ignore_errors: true}
    - {name: Skipped, debug: {msg: no}, when: false}
    - {name: Retried, command: 'false', retries: 1, delay: 0, register: r, until: r.rc == 0, ignore_errors: true}
    - {name: Written, copy: {content: \"new\\n\", dest: \"{{ playbook_dir }}/copied\"}, diff: true}
    - {name: Hidden, debug: {msg: secret}, no_log: true}
    - {name: Included, include_tasks: more.yml}
    - {name: Broken, fail: {msg: broken}}
",
    )
    .file("project/more.yml", "- {name: More, debug: {msg: more}}\n")
}

/// A program in Ansible's place that prints this, as printf's format.
fn printing(test: RunTest, format: &str) -> RunTest {
    hello(test)
        .program("print", &format!("#!/bin/sh\nexec printf '{format}'\n"))
        .file("env/cmdline", "../print")
        .arguments(&["-b", "/bin/sh"])
}

/// A stdout callback of a user's own.
const LOUD: &str = "\
from ansible.plugins.callback.default import CallbackModule as Default
DOCUMENTATION = '''
name: loud
type: stdout
short_description: says more
extends_documentation_fragment: [default_callback]
'''
class CallbackModule(Default):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'stdout'
    CALLBACK_NAME = 'loud'
    def v2_runner_on_ok(self, result):
        self._display.display('LOUD ' + result._host.get_name())
        super().v2_runner_on_ok(result)
";
