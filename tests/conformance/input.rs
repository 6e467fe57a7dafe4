//! The files of `env/`.

use crate::case::{Case, different, equal, hello, tasks};

const BROKEN: &str = "ignores a broken file of `env/`";

const HIDES: &str = "`command` holds every value in clear";

const WRITES: &str = "`--cmdline` and `-r` write to `env/` and `project/`";

pub(crate) const CASES: &[Case] = &[
    equal("extra vars in YAML", |test| {
        tasks(test, "    - {debug: {msg: \"{{ text }} {{ number + 1 }} {{ list }} {{ map.a }} {{ day }}\"}}")
            .file("env/extravars", "---\ntext: é\nnumber: 1\nlist: [1, two]\nmap: {a: b}\nday: 2026-01-02\n")
    }),
    equal("extra vars in JSON", |test| {
        tasks(test, "    - {debug: {var: given}}")
            .file("env/extravars", "{\"given\": {\"a\": [1, 2.5, null, true, \"\\u00e9\"]}}\n")
    }),
    equal("extra vars that are secret", |test| {
        tasks(test, "    - {debug: {msg: \"{{ region }} {{ secret }}\"}}")
            .file("env/extravars", VAULT)
            .file("env/cmdline", "--ask-vault-pass")
            .file("env/passwords", "'Vault password:\\s*?$': swordfish\n")
    }),
    equal("extra vars that are secret, and a wrong password", |test| {
        hello(test)
            .file("env/extravars", VAULT)
            .file("env/cmdline", "--ask-vault-pass")
            .file("env/passwords", "{\"Vault password:\\\\s*?$\": \"wrong\"}")
    }),
    equal("a secret among the extra vars, and its password in a file", |test| {
        let secret = VAULT.trim_end().replace('\n', "\n  ");
        tasks(test, "    - {debug: {var: hidden}}\n    - {debug: {msg: \"{{ hidden }}\"}}")
            .file("project/group_vars/all.yml", &format!("hidden: !vault |\n  {secret}\n"))
            .file("env/envvars", "ANSIBLE_VAULT_PASSWORD_FILE: ../word\n")
            .file("word", "swordfish\n")
    }),
    different(
        "environment variables of every kind",
        |test| {
            tasks(test, "    - {shell: 'env | grep ^GIVEN_ | sort'}").file("env/envvars", SCALARS)
        },
        &[(HIDES, &["command env GIVEN_"])],
    ),
    different(
        "environment variables in JSON",
        |test| {
            tasks(test, "    - {shell: 'env | grep ^GIVEN_ | sort'}").file(
                "env/envvars",
                "{\"GIVEN_T\": true, \"GIVEN_N\": null, \"GIVEN_I\": -3, \"GIVEN_F\": 1.50, \"GIVEN_E\": 1e3, \"GIVEN_S\": \"a b\"}",
            )
        },
        &[(HIDES, &["command env GIVEN_"])],
    ),
    different(
        "environment variables over those of the caller",
        |test| {
            tasks(test, "    - {shell: 'echo $GIVEN $KEPT'}")
                .variable("GIVEN", "caller")
                .variable("KEPT", "kept")
                .file("env/envvars", "GIVEN: file\nHOME: /\n")
        },
        &[(HIDES, &["command env GIVEN", "command env KEPT"])],
    ),
    different(
        "environment variables that are secret",
        |test| {
            tasks(test, "    - {shell: 'test $DB_PASSWORD = swordfish'}")
                .variable("API_TOKEN", "open")
                .file("env/envvars", "DB_PASSWORD: swordfish\nVAULT_PASSWORD_FILE: /nowhere\n")
        },
        &[(
            HIDES,
            &[
                "command env API_TOKEN",
                "command env DB_PASSWORD",
                "command env VAULT_PASSWORD_FILE",
            ],
        )],
    ),
    different(
        "words for Ansible in a file",
        |test| hello(test).file("env/cmdline", "-e 'word=\"two words\"' --skip-tags x --diff\n"),
        &[(HIDES, &["command argv"])],
    ),
    different(
        "words for Ansible on the command line",
        |test| {
            hello(test)
                .file("env/settings", "job_timeout: 60\n")
                .arguments(&["--cmdline", "--tags all --check"])
        },
        &[(WRITES, &["input env/cmdline"])],
    ),
    equal("words for Ansible in a file and on the command line", |test| {
        hello(test).file("env/cmdline", "--tags none").arguments(&[
            "--cmdline",
            "--tags all",
            "--limit",
            "web1",
        ])
    }),
    equal("files that are empty", |test| {
        hello(test)
            .file("env/envvars", "")
            .file("env/settings", "")
            .file("env/passwords", "")
            .file("env/cmdline", "")
    }),
    equal("files with nothing but comments", |test| {
        hello(test)
            .file("env/envvars", "# none\n")
            .file("env/settings", "---\n# none\n")
            .file("env/passwords", "{}\n")
    }),
    equal("extra vars that are empty", |test| hello(test).file("env/extravars", "")),
    different(
        "broken environment variables",
        |test| hello(test).file("env/envvars", "A: 1\nB: [\n"),
        &[(BROKEN, &["exit code", "artifacts"])],
    ),
    different(
        "environment variables in a list",
        |test| hello(test).file("env/envvars", "[A, B]\n"),
        &[(BROKEN, &["exit code", "artifacts"])],
    ),
    different(
        "broken settings",
        |test| hello(test).file("env/settings", "fact_cache: {\n"),
        &[(BROKEN, &["exit code", "artifacts"])],
    ),
    different(
        "broken passwords",
        |test| hello(test).file("env/passwords", "word: 'open\n"),
        &[(BROKEN, &["exit code", "artifacts"])],
    ),
    equal("settings that change nothing here", |test| {
        hello(test).file(
            "env/settings",
            "{\"idle_timeout\": 600, \"job_timeout\": 3600, \"pexpect_timeout\": 10, \"pexpect_use_poll\": false, \"process_isolation\": false, \"fact_cache_type\": \"jsonfile\"}",
        )
    }),
    equal("settings nobody knows", |test| hello(test).file("env/settings", "colour: red\n")),
    equal("a run that takes too long", |test| {
        tasks(test, "    - {name: Sleep, command: sleep 9}")
            .file("env/settings", "job_timeout: 2\npexpect_timeout: 1\n")
    }),
    equal("a run that says nothing for too long", |test| {
        tasks(test, "    - {name: Sleep, command: sleep 9}")
            .file("env/settings", "idle_timeout: 2\npexpect_timeout: 1\n")
    }),
];

/// Scalars as YAML has them.
const SCALARS: &str = "\
GIVEN_TEXT: a b
GIVEN_QUOTED: 'yes'
GIVEN_YES: yes
GIVEN_NO: No
GIVEN_ON: on
GIVEN_TRUE: true
GIVEN_NULL: null
GIVEN_TILDE: ~
GIVEN_NOTHING:
GIVEN_INT: 3
GIVEN_NEGATIVE: -7
GIVEN_PLUS: +7
GIVEN_UNDERSCORE: 1_000
GIVEN_HEX: 0x1F
GIVEN_BINARY: 0b11
GIVEN_FLOAT: 1.50
GIVEN_EXPONENT: 1.0e+3
GIVEN_VERSION: 1.2.3
GIVEN_DAY: 2026-01-02
GIVEN_FOLDED: >
  two
  lines
GIVEN_LITERAL: |
  two
  lines
GIVEN_TAGGED: !!str 5
GIVEN_ANCHOR: &a anchored
GIVEN_ALIAS: *a
";

/// `region` and `secret`, by the password `swordfish`.
const VAULT: &str = "\
$ANSIBLE_VAULT;1.1;AES256
61306330316435323863336362366664323037363262633733616336623439623132633336663163
3135373433373966383435343630323065383432363038350a343366633363306163623531336362
32623162306265383430633838383639323332663863656433396531386163316139326634613130
6131313166663664340a383261303865316635613535616133666336313965373739663139333734
32636531303562636232366263653535396336393039616637383364346564616561
";
