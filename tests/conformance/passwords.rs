//! Prompts and `env/passwords`.

use tests::RunTest;

use crate::case::{Case, different, equal, hello, tasks};

pub(crate) const CASES: &[Case] = &[
    equal("prompts of a play", |test| {
        asking(test).file(
            "env/passwords",
            "'What is the word: ?$': open sesame\n'Which port.*: ?$': '8022'\n",
        )
    }),
    equal("answers that are common words, which stand in the events too", |test| {
        hello(test).file(
            "env/passwords",
            "'no such prompt, one': ansible\n'no such prompt, two': a\n'no such prompt, three': 'true'\n'no such prompt, four': Greetings\n",
        )
    }),
    equal("prompts of Ansible", |test| {
        hello(test)
            .file("env/cmdline", "-k -K")
            .file("env/passwords", "'^SSH password:\\s*?$': a\n'^BECOME password.*:\\s*?$': b\n")
    }),
    different(
        "a prompt with a default that nobody is to see",
        |test| {
            test.local_hosts(&["web1"]).playbook(PRIVATE).file("env/passwords", "'word.*: ?$': x\n")
        },
        &[(
            "puts the default of a private prompt into its event",
            &["event 2 playbook_on_vars_prompt event_data default"],
        )],
    ),
    different(
        "a pause that asks",
        |test| {
            tasks(test, "    - {name: Ask, pause: {prompt: Go on}}")
                .file("env/passwords", "'Go on': 'yes'\n")
        },
        &[("cuts text outside of events at carriage returns", &["events"])],
    ),
    different(
        "an answer that is a number",
        |test| {
            asking(test).file(
                "env/passwords",
                "'What is the word: ?$': open sesame\n'Which port.*: ?$': 8022\n",
            )
        },
        &[(
            "ends in a traceback when an answer of `env/passwords` is no text",
            &[
                "exit code",
                "status",
                "rc",
                "artifact status",
                "artifact rc",
                "artifact job_events/partial",
                "events",
            ],
        )],
    ),
    different(
        "prompts and patterns for the beginning of a line",
        |test| {
            asking(test)
                .file(
                    "env/passwords",
                    "'^What is the word: ?$': open sesame\n'^Which port.*: ?$': '8022'\n",
                )
                .file("env/settings", "pexpect_timeout: 1\nidle_timeout: 3\n")
        },
        &[(
            "matches prompts against the last 100 characters",
            &["exit code", "status", "rc", "events"],
        )],
    ),
    different(
        "a prompt that nobody answers",
        |test| asking(test).file("env/settings", "pexpect_timeout: 1\nidle_timeout: 4\n"),
        &[("waits for ever at a prompt that no pattern matches", &["exit code", "status", "rc"])],
    ),
    different(
        "a pattern that is none",
        |test| hello(test).file("env/passwords", "'(open': x\n"),
        &[("drops all passwords when one pattern is no Python regex", &["exit code", "artifacts"])],
    ),
];

const PRIVATE: &str = "\
- hosts: all
  gather_facts: false
  vars_prompt:
    - {name: secret, prompt: What is the word, default: sesame}
  tasks:
    - {assert: {that: [secret == 'x']}}
";

/// A play that asks for a word nobody sees and for one in the open.
fn asking(test: RunTest) -> RunTest {
    test.local_hosts(&["web1"]).playbook(
        "
- hosts: all
  gather_facts: false
  vars_prompt:
    - {name: secret, prompt: What is the word}
    - {name: port, prompt: Which port, private: false, default: '22'}
  tasks:
    - {assert: {that: [secret == 'open sesame', port == '8022']}}
",
    )
}
