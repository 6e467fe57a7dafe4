//! Facts and where they are kept.

use crate::case::{Case, different, equal, tasks};

pub(crate) const CASES: &[Case] = &[
    equal("facts of hosts", |test| {
        test.local_hosts(&["web1"]).playbook(
            "
- hosts: all
  gather_facts: true
  gather_subset: [min]
  tasks:
    - {set_fact: {kept: {n: 1, word: é}, cacheable: true}}
    - {set_fact: {gone: 1}}
    - {debug: {msg: \"{{ ansible_facts.system }}\"}}
",
        )
    }),
    equal("all facts of a host", |test| {
        test.local_hosts(&["web1"])
            .playbook("- {hosts: all, tasks: [{setup: {filter: [ansible_python*]}}]}\n")
    }),
    equal("facts in a folder of another name", |test| {
        tasks(test, "    - {set_fact: {kept: 1, cacheable: true}}")
            .file("env/settings", "fact_cache: kept/here\n")
    }),
    different(
        "facts where the environment wants them",
        |test| {
            tasks(test, "    - {set_fact: {kept: 1, cacheable: true}}")
                .file("env/envvars", "ANSIBLE_CACHE_PLUGIN: memory\n")
        },
        &[(
            "overrides `host_key_checking` and `fact_caching` of `ansible.cfg`",
            &["command env ANSIBLE_CACHE_PLUGIN", "artifact fact_cache", "facts"],
        )],
    ),
    different(
        "facts where ansible.cfg wants them",
        |test| {
            tasks(test, "    - {set_fact: {kept: 1, cacheable: true}}").file(
                "project/ansible.cfg",
                "[defaults]\nfact_caching = memory\nhost_key_checking = True\n",
            )
        },
        &[(
            "overrides `host_key_checking` and `fact_caching` of `ansible.cfg`",
            &[
                "command env ANSIBLE_CACHE_PLUGIN",
                "command env ANSIBLE_HOST_KEY_CHECKING",
                "artifact fact_cache",
                "facts",
            ],
        )],
    ),
    different(
        "facts of the run before with the same ident",
        |test| {
            test.local_hosts(&["web1"])
                .playbook(
                    "
- hosts: all
  gather_subset: [min]
  tasks:
    - {debug: {msg: \"{{ kept | default('not yet') }}\"}}
    - {set_fact: {kept: already, cacheable: true}}
",
                )
                .variable("ANSIBLE_GATHERING", "smart")
                .times(2)
        },
        &[("keeps the events of an earlier run with the same ident", &["events"])],
    ),
];
