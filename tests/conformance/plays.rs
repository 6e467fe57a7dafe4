//! Plays: hosts, order, handlers, roles.

use tests::RunTest;

use crate::case::{Case, different, equal, tasks};

pub(crate) const CASES: &[Case] = &[
    equal("several hosts in turn", |test| {
        three_hosts(
            test,
            "
- name: On all
  hosts: all
  gather_facts: false
  order: reverse_sorted
  tasks:
    - {name: Each, debug: {msg: \"{{ inventory_hostname }}\"}}
    - {name: One, command: 'true', run_once: true, register: one}
    - {name: Elsewhere, command: hostname, delegate_to: web3, when: inventory_hostname == 'web1'}
    - {name: Fact, set_fact: {there: \"{{ inventory_hostname }}\"}, delegate_to: web2, delegate_facts: true}
    - {name: Fails on one, command: \"test {{ inventory_hostname }} != web2\"}
    - {name: Two are left, debug: {msg: \"{{ ansible_play_hosts }}\"}}
    - {name: By one, debug: {msg: slow}, throttle: 1}
",
        )
    }),
    equal("serial and its limits", |test| {
        three_hosts(
            test,
            "
- hosts: all
  gather_facts: false
  serial: [1, 2]
  tasks:
    - {debug: {msg: \"{{ ansible_play_batch }}\"}}
- hosts: all
  gather_facts: false
  max_fail_percentage: 10
  tasks:
    - {command: \"test {{ inventory_hostname }} != web2\"}
    - {debug: {msg: never}}
- hosts: all
  gather_facts: false
  tasks:
    - {debug: {msg: never}}
",
        )
    }),
    equal("any error is fatal", |test| {
        three_hosts(
            test,
            "
- hosts: all
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - {command: \"test {{ inventory_hostname }} != web2\"}
    - {debug: {msg: never}}
",
        )
    }),
    equal("hosts that take turns as they like", |test| {
        test.any_order()
            .local_hosts(&["web1", "web2", "web3", "web4"])
            .playbook(
                "
- hosts: all
  gather_facts: false
  tasks:
    - {name: Each, debug: {msg: \"{{ inventory_hostname }}\"}}
    - {name: Loop, command: \"echo {{ item }}\", loop: [a, b]}
    - {name: Skipped, debug: {msg: no}, when: inventory_hostname == 'web2'}
    - {name: Failed, fail: {msg: broken}, when: inventory_hostname == 'web3'}
    - {name: Last, debug: {msg: last}}
",
            )
            .arguments(&["--forks", "3"])
    }),
    equal("unreachable", |test| {
        let hosts = "\
web1 ansible_connection=local ansible_python_interpreter=auto_silent
gone ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1
";
        three_hosts(
            test,
            "
- hosts: all
  gather_facts: false
  tasks:
    - {name: Skipped over, ping: {}, ignore_unreachable: true}
    - {name: Found out, ping: {}}
    - {name: The rest, debug: {msg: \"{{ inventory_hostname }}\"}}
",
        )
        .file("inventory/hosts", hosts)
    }),
    equal("the strategies free and host_pinned on one host", |test| {
        test.local_hosts(&["web1"])
            .playbook(
                "
- hosts: all
  gather_facts: false
  strategy: free
  tasks:
    - {debug: {msg: one}, changed_when: true, notify: told}
    - {include_tasks: more.yml}
    - {command: 'false', ignore_errors: true}
  handlers:
    - {name: told, debug: {msg: told}}
- hosts: all
  gather_facts: false
  strategy: host_pinned
  tasks:
    - {debug: {msg: \"{{ item }}\"}, loop: [1, 2]}
",
            )
            .file("project/more.yml", "- {debug: {msg: more}}\n")
    }),
    equal("handlers", |test| {
        test.local_hosts(&["web1"]).playbook(
            "
- hosts: all
  gather_facts: false
  tasks:
    - {name: One, command: 'true', notify: [late, by topic]}
    - {name: Same again, command: 'true', notify: late}
    - {name: Now, meta: flush_handlers}
    - {name: Unchanged, debug: {msg: x}, notify: late}
    - {name: Two, command: \"echo {{ item }}\", loop: [1, 2], notify: looped}
  handlers:
    - {name: late, debug: {msg: late}}
    - {name: listens, debug: {msg: by topic}, listen: by topic}
    - {name: looped, debug: {msg: \"{{ item }}\"}, loop: [a, b]}
    - {name: never, debug: {msg: never}}
",
        )
    }),
    equal("roles with all they have", |test| {
        test.local_hosts(&["web1"])
            .playbook(
                "
- hosts: all
  gather_facts: false
  pre_tasks: [{debug: {msg: before}}]
  roles: [{role: web, vars: {port: 8080}, tags: [web]}, {role: web, vars: {port: 9090}}]
  post_tasks: [{debug: {msg: after}}]
",
            )
            .file("project/roles/base/tasks/main.yml", "- {name: Base, debug: {msg: base}}\n")
            .file("project/roles/web/meta/main.yml", "dependencies: [{role: base}]\n")
            .file(
                "project/roles/web/tasks/main.yml",
                "- {name: Port, command: \"echo {{ port }}\", notify: restart}\n- {include_tasks: more.yml}\n",
            )
            .file("project/roles/web/tasks/more.yml", "- {debug: {var: port}}\n")
            .file("project/roles/web/handlers/main.yml", "- {name: restart, debug: {msg: restarted}}\n")
            .file("project/roles/web/defaults/main.yml", "port: 80\n")
            .file(
                "project/roles/web/meta/argument_specs.yml",
                "argument_specs: {main: {options: {port: {type: int, required: true}}}}\n",
            )
    }),
    equal("plays that have nobody or nothing", |test| {
        test.local_hosts(&["web1"]).playbook(
            "
- {name: Nobody, hosts: nowhere, tasks: [{debug: {msg: never}}]}
- {name: Nothing, hosts: all, gather_facts: false, tasks: []}
- {hosts: 'all:!web1', gather_facts: false, tasks: [{debug: {msg: never}}]}
- {name: \"Named {{ title }}\", hosts: \"{{ whom }}\", gather_facts: false, vars: {title: é, whom: web1}, tasks: [{debug: {msg: last}}]}
",
        )
        .file("env/extravars", "whom: web1\n")
    }),
    equal("meta tasks", |test| {
        three_hosts(
            test,
            "
- hosts: all
  gather_facts: false
  tasks:
    - {set_fact: {kept: false}}
    - {name: Nothing, meta: noop}
    - {name: Forget, meta: clear_facts}
    - {name: Read again, meta: refresh_inventory}
    - {add_host: {name: web9, groups: fresh, ansible_connection: local}}
    - {group_by: {key: \"named_{{ inventory_hostname[-1] }}\"}}
    - {meta: reset_connection}
    - {name: Leave, meta: end_host, when: inventory_hostname == 'web2'}
    - {debug: {msg: \"{{ group_names }}\"}}
    - {name: End, meta: end_play}
    - {debug: {msg: never}}
- hosts: fresh:named_1
  gather_facts: false
  tasks:
    - {debug: {msg: \"{{ inventory_hostname }}\"}}
    - {name: Clear, meta: clear_host_errors}
",
        )
    }),
    equal("tags", |test| {
        tasks(
            test,
            "
    - {name: A, debug: {msg: a}, tags: [a]}
    - {name: B, debug: {msg: b}, tags: [b]}
    - {name: Both, debug: {msg: both}, tags: [a, b]}
    - {name: Always, debug: {msg: always}, tags: always}
    - {name: Never, debug: {msg: never}, tags: never}
",
        )
        .file("env/cmdline", "--tags a --skip-tags b")
    }),
    equal("a playbook of playbooks", |test| {
        test.local_hosts(&["web1"])
            .playbook("- import_playbook: plays/one.yml\n- import_playbook: plays/one.yml\n  vars: {n: 2}\n")
            .file(
                "project/plays/one.yml",
                "- {hosts: all, gather_facts: false, vars: {n: 1}, tasks: [{debug: {var: n}}, {include_tasks: in.yml}]}\n",
            )
            .file("project/plays/in.yml", "- {name: In, debug: {msg: \"{{ playbook_dir | basename }}\"}}\n")
    }),
    equal("variables from everywhere", |test| {
        test.local_hosts(&["web1"])
            .file("inventory/group_vars/all.yml", "a: inventory\nb: inventory\nc: inventory\n")
            .file("inventory/host_vars/web1.yml", "b: host\n")
            .file("project/group_vars/all.yml", "c: project\n")
            .file("project/vars.yml", "d: file\ne: file\n")
            .file("env/extravars", "e: extra\n")
            .playbook(
                "
- hosts: all
  gather_facts: false
  vars_files: [vars.yml]
  environment: {SHOWN: 'yes'}
  module_defaults: {command: {chdir: /}}
  tasks:
    - {debug: {msg: \"{{ a }} {{ b }} {{ c }} {{ d }} {{ e }}\"}}
    - {shell: 'echo $SHOWN; pwd'}
    - {command: pwd, args: {chdir: /usr}}
",
            )
    }),
    different(
        "unicode everywhere",
        |test| {
            test.file(
            "inventory/hosts",
            "wéb ansible_connection=local ansible_python_interpreter=auto_silent\n\n[grüppe]\nwéb\n",
        )
        .file("env/extravars", "größe: 5\nemoji: \"🦀 漢字 שלום\"\n")
        .file("env/envvars", "GRÜSSE: héllo 🦀\n")
        .file("project/übung.yml", "- {name: Eingefügt ✓, debug: {msg: ✓}}\n")
        .playbook(
            "
- name: Spiel ⚽
  hosts: all
  gather_facts: false
  tasks:
    - {name: Größe 漢字, debug: {msg: \"{{ emoji }} {{ grösse | default('?') }}\"}}
    - {shell: 'echo \"$GRÜSSE\"'}
    - {debug: {msg: \"tab\\there, bell\\a, return\\rback, escape\\e[31mred\\e[0m, \\x85 \\u2028 \\f\"}}
    - {debug: {msg: \"{{ item }}\"}, loop: [é, \"a\\nb\", 🦀]}
    - {include_tasks: übung.yml}
    - {copy: {content: ü, dest: \"{{ playbook_dir }}/dätei\"}, diff: true}
",
        )
        .arguments(&["-v"])
        },
        &[("`command` holds every value in clear", &["command env GRÜSSE"])],
    ),
];

/// A playbook for three local hosts, one at a time. When one begins the other's result may
/// still be on its way.
fn three_hosts(test: RunTest, playbook: &str) -> RunTest {
    test.any_order()
        .local_hosts(&["web1", "web2", "web3"])
        .playbook(playbook)
        .arguments(&["--forks", "1"])
}
