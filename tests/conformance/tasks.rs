//! Kinds of tasks and what comes of them.

use tests::Core;

use crate::case::{Case, different, different_on, equal, tasks};

const NO_JSON: &str = "writes `Infinity`, `NaN` and half surrogate pairs";

pub(crate) const CASES: &[Case] = &[
    equal("ok, changed and failed", |test| {
        tasks(
            test,
            "
    - {name: Fine, debug: {msg: fine}}
    - {name: Changed, command: 'true'}
    - {name: Given, set_fact: {given: [1, 2.5, text, null, true, {a: b}]}}
    - {name: Shown, debug: {var: given}}
    - {name: Broken, command: 'false'}
    - {name: Never, debug: {msg: never}}
",
        )
    }),
    equal("ignored, failed_when and changed_when", |test| {
        tasks(
            test,
            "
    - {command: 'false', ignore_errors: true}
    - {command: echo no, register: said, failed_when: \"'no' in said.stdout\", ignore_errors: true}
    - {command: echo yes, changed_when: false}
    - {assert: {that: [1 == 1, 2 == 3], fail_msg: not so, success_msg: so}, ignore_errors: true}
    - {assert: {that: 1 == 1, quiet: true}}
    - {fail: {msg: \"two\\nlines\"}, ignore_errors: true}
",
        )
    }),
    equal("block, rescue and always", |test| {
        tasks(
            test,
            "
    - name: Outer
      block:
        - name: Inner
          block:
            - {name: Fails, fail: {msg: broken}}
          rescue:
            - {name: Rescues, debug: {var: ansible_failed_result.msg}}
            - {name: Fails again, fail: {msg: broken again}}
          always:
            - {name: Always, debug: {msg: inner}}
      rescue:
        - {name: Names, debug: {var: ansible_failed_task.name}}
      always:
        - {name: Last, debug: {msg: outer}}
",
        )
    }),
    equal("skipped", |test| {
        tasks(
            test,
            "
    - {name: Alone, debug: {msg: no}, when: false}
    - {name: Some, debug: {msg: \"{{ item }}\"}, loop: [1, 2, 3], when: item > 1}
    - {name: All, debug: {msg: \"{{ item }}\"}, loop: [1, 2], when: item > 2}
    - {name: None, debug: {msg: \"{{ item }}\"}, loop: []}
    - {name: Hidden, debug: {msg: later, verbosity: 2}}
    - {name: There, command: {cmd: 'true', creates: /bin/sh}}
",
        )
    }),
    equal("loops", |test| {
        tasks(
            test,
            "
    - {command: \"test {{ item }} != b\", loop: [a, b, c], ignore_errors: true}
    - debug: {msg: \"{{ n }} {{ it.key }}\"}
      loop: \"{{ {'one': 1, 'two': 2} | dict2items }}\"
      loop_control: {loop_var: it, index_var: n, label: \"{{ it.value }}\", extended: true}
    - {debug: {msg: \"{{ item.0 }}{{ item.1 }}\"}, with_nested: [[a, b], [1, 2]]}
    - {debug: {msg: \"{{ item }}\"}, with_fileglob: ['*.yml']}
    - {debug: {msg: \"{{ item }}\"}, loop: [{name: x, password: shown}]}
    - {command: 'echo {{ item }}', loop: [one, two], register: said}
    - {debug: {var: said.results | map(attribute='stdout')}}
",
        )
    }),
    equal("retries", |test| {
        tasks(
            test,
            "
    - {name: Gives up, command: 'false', retries: 2, delay: 0, register: r, until: r.rc == 0, ignore_errors: true}
    - name: Gets there
      shell: 'echo x >> {{ playbook_dir }}/tries; test $(wc -l < {{ playbook_dir }}/tries) -ge 2'
      retries: 3
      delay: 0
      register: t
      until: t is success
    - name: Each
      command: 'test {{ item }} = a'
      loop: [a, b]
      retries: 1
      delay: 0
      register: e
      until: e.rc == 0
",
        )
    }),
    equal("asynchronous", |test| {
        tasks(
            test,
            "
    - {name: Fine, command: echo done, async: 20, poll: 1}
    - {name: Broken, command: 'false', async: 20, poll: 1, ignore_errors: true}
    - {name: Left, command: 'true', async: 20, poll: 0, register: left}
    - name: Fetched
      async_status: {jid: \"{{ left.ansible_job_id }}\"}
      register: job
      until: job.finished
      retries: 20
      delay: 1
",
        )
    }),
    equal("no_log", |test| {
        tasks(
            test,
            "
    - {name: Alone, debug: {msg: swordfish}, no_log: true}
    - {name: Loop, debug: {msg: \"{{ item }}\"}, loop: [sword, fish], no_log: true}
    - {name: Changed, command: echo swordfish, no_log: true}
    - {name: Fails, command: cat /swordfish, no_log: true, ignore_errors: true}
    - {name: Some fail, command: \"test {{ item }} = sword\", loop: [sword, fish], no_log: true}
",
        )
    }),
    equal("differences of files", |test| {
        tasks(
            test,
            "
    - {copy: {content: \"one\\ntwo\\n\", dest: \"{{ playbook_dir }}/new\"}}
    - {lineinfile: {path: \"{{ playbook_dir }}/new\", line: drei, regexp: two}}
    - {template: {src: page.j2, dest: \"{{ playbook_dir }}/page\"}}
    - {file: {path: \"{{ playbook_dir }}/{{ item }}\", state: directory, mode: '0750'}, loop: [d1, d2]}
    - {copy: {content: hidden, dest: \"{{ playbook_dir }}/hidden\"}, no_log: true}
    - {copy: {content: quiet, dest: \"{{ playbook_dir }}/quiet\"}, diff: false}
    - {file: {path: \"{{ playbook_dir }}/new\", state: absent}}
",
        )
        .file("project/templates/page.j2", "{% for n in range(3) %}\nline {{ n }} é\n{% endfor %}\n")
        .file("env/cmdline", "--diff")
    }),
    equal("check mode", |test| {
        tasks(
            test,
            "
    - {copy: {content: x, dest: \"{{ playbook_dir }}/new\"}}
    - {command: 'true'}
    - {command: 'true', check_mode: false}
    - {debug: {var: ansible_check_mode}}
",
        )
        .file("env/cmdline", "--check --diff")
    }),
    equal("set_stats", |test| {
        tasks(
            test,
            "
    - {set_stats: {data: {n: 42, words: [a, é]}}}
    - {set_stats: {data: {n: 1}, aggregate: true}}
    - {set_stats: {data: {own: yes}, per_host: true}}
",
        )
        .variable("ANSIBLE_SHOW_CUSTOM_STATS", "1")
    }),
    equal("included and imported", |test| {
        tasks(
            test,
            "
    - {name: Included, include_tasks: \"{{ item }}.yml\", loop: [one, two]}
    - {name: Imported, import_tasks: one.yml}
    - {name: Not included, include_tasks: one.yml, when: false}
    - {name: Of a role, include_role: {name: greet, tasks_from: other}}
    - {name: A role, import_role: {name: greet}, vars: {who: import}}
    - {name: Public, include_vars: {file: vars.yml, name: more}}
    - {debug: {var: more.a}}
    - {name: Not there, include_tasks: three.yml, ignore_errors: true}
",
        )
        .file("project/one.yml", "- {name: First, debug: {msg: one}}\n")
        .file(
            "project/two.yml",
            "- {name: Second, debug: {msg: two}}\n- {include_tasks: one.yml}\n",
        )
        .file("project/vars.yml", "a: 1\n")
        .file("project/roles/greet/tasks/main.yml", "- {debug: {msg: \"hello {{ who }}\"}}\n")
        .file("project/roles/greet/tasks/other.yml", "- {debug: {msg: other}}\n")
        .file("project/roles/greet/defaults/main.yml", "who: nobody\n")
    }),
    different(
        "lookups and templates",
        |test| {
            tasks(
                test,
                "
    - {debug: {msg: \"{{ lookup('pipe', 'echo piped') }} {{ lookup('env', 'SHOWN') }}\"}}
    - {debug: {msg: \"{{ query('lines', 'seq 3') }}\"}}
    - {debug: {msg: \"{{ lookup('file', 'text') }}\"}}
    - {set_fact: {odd: {1: one, 2.5: x, true: y}}}
    - {debug: {var: odd}}
    - {debug: {msg: \"{{ '{{' }} not a template {{ '}}' }}\"}}
    - {debug: {msg: !unsafe '{{ never }}'}}
    - {debug: {msg: [2026-01-02, 2026-01-02 03:04:05, 1e3, 0o17, ~]}}
",
            )
            .file("project/files/text", "of a file\n\n")
            .variable("SHOWN", "shown")
        },
        &[("`command` holds every value in clear", &["command env SHOWN"])],
    ),
    different(
        "numbers that JSON does not have",
        |test| tasks(test, "    - {debug: {msg: [.inf, -.inf, .nan]}}"),
        &[(NO_JSON, &["event 5 runner_on_ok event_data res msg"])],
    ),
    different_on(
        Core::V2_16,
        "bytes that are no text in a result",
        |test| {
            tasks(test, "    - {shell: 'printf \"caf\\351 \\360\\237\\246\\200\\n\"'}")
                .arguments(&["-v"])
        },
        &[(NO_JSON, &["event 7 runner_on_ok event_data res stdout"])],
    ),
    equal("modules that warn", |test| {
        tasks(
            test,
            "
    - {name: Told, tell: {}}
    - {name: Told in a loop, tell: {}, loop: [1, 2]}
    - {name: Told and failed, tell: {fails: true}}
",
        )
        .file("project/library/tell.py", TELL)
    }),
    equal("modules that are no modules", |test| {
        tasks(
            test,
            "
    - {name: No JSON, words: {}, ignore_errors: true}
    - {name: Facts, facts: {}}
    - {debug: {var: answer}}
",
        )
        .program("project/library/words", "#!/bin/sh\necho words; echo more >&2; exit 3\n")
        .program(
            "project/library/facts",
            "#!/bin/sh\necho '{\"changed\": true, \"ansible_facts\": {\"answer\": [4, 2.0, null]}}'\n",
        )
    }),
    different(
        "a result of a megabyte",
        |test| {
            tasks(
                test,
                "
    - {name: Below, debug: {msg: \"{{ 'x' * 300000 }}\"}}
    - {name: Above, debug: {msg: \"{{ 'é' * 1000000 }}\"}}
    - {name: Many, debug: {msg: \"{{ range(60000) | list }}\"}}
",
            )
        },
        &[("caps a result at 700,000 characters", &["event 8 runner_on_ok event_data res"])],
    ),
    equal("a result of a megabyte, capped as asked", |test| {
        tasks(test, "    - {debug: {msg: \"{{ 'é' * 1000 }}\"}}\n    - {debug: {msg: short}}")
            .variable("MAX_EVENT_RES", "800")
    }),
    equal("long lines and many", |test| {
        tasks(
            test,
            "
    - {command: \"{{ ansible_playbook_python }} -c 'print(\\\"é\\\" * 40000)'\"}
    - {command: seq 1 3000}
    - {debug: {msg: \"{{ 'word ' * 5000 }}\"}}
",
        )
        .arguments(&["-v"])
    }),
];

/// A module that warns and finds its own options old.
const TELL: &str = "\
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule({'fails': {'type': 'bool', 'default': False}})
module.warn('be careful, é')
module.deprecate('too old', version='9.9')
module.deprecate('older still', date='2099-01-01', collection_name='ansible.builtin')
if module.params['fails']:
    module.fail_json(msg='as told', warnings=['and this'])
module.exit_json(changed=False, said=['a', 'b'])
";
