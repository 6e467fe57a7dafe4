//! Inventories, projects, artifact directories and idents.

use tests::Core;

use crate::case::{Case, different, different_on, equal, hello, tasks};

pub(crate) const CASES: &[Case] = &[
    equal("an inventory that is a file", |test| {
        test.file("inventory", "web1 ansible_connection=local\n")
            .playbook("- {hosts: all, gather_facts: false, tasks: [{debug: {msg: \"{{ inventory_file | basename }}\"}}]}\n")
    }),
    equal("an inventory of many files", |test| {
        hello(test)
            .file("inventory/more.yml", "all: {hosts: {web2: {ansible_connection: local}}}\n")
            .file("inventory/group_vars/all/one.yml", "one: 1\n")
            .any_order()
            .arguments(&["--forks", "1"])
    }),
    equal("an inventory that is a program", |test| {
        hello(test).program(
            "inventory/script",
            "#!/bin/sh\necho '{\"_meta\": {\"hostvars\": {\"web0\": {\"ansible_connection\": \"local\"}}}, \"scripted\": {\"hosts\": [\"web0\"]}}'\n",
        )
        .arguments(&["--limit", "scripted"])
    }),
    equal("no inventory", |test| {
        test.playbook("- {hosts: localhost, gather_facts: false, tasks: [{debug: {msg: x}}]}\n")
    }),
    equal("an inventory by its name in the folder", |test| {
        hello(test)
            .file("inventory/stage", "stage1 ansible_connection=local\n")
            .arguments(&["--inventory", "stage"])
    }),
    equal("an inventory by its path", |test| {
        hello(test)
            .file("elsewhere/hosts", "other1 ansible_connection=local\n")
            .arguments(&["--inventory", "pdd/elsewhere/../elsewhere"])
    }),
    equal("an inventory by a path that is not there", |test| {
        hello(test).arguments(&["--inventory", "nowhere"])
    }),
    equal("an inventory that is a list of hosts", |test| {
        hello(test).arguments(&["--inventory", "web1,web2,"])
    }),
    equal("limit, forks and verbosity together", |test| {
        hello(test)
            .arguments(&["--limit", "web1:!web2", "--forks", "2", "-v", "-v"])
            .file("env/extravars", "a: 1\n")
    }),
    different_on(
        Core::V2_19,
        "much verbosity",
        |test| {
            tasks(test, "    - {command: echo hello}\n    - {debug: {msg: x}, when: false}")
                .arguments(&["-vvv"])
        },
        &[("with core 2.19, what workers say in `-vvv` has no `verbosity`", &["event"])],
    ),
    equal("no project", |test| {
        test.local_hosts(&["web1"])
            .file("site.yml", "- {hosts: all, gather_facts: false, tasks: [{command: pwd}]}\n")
            .without("project")
            .arguments(&["-p", "site.yml"])
    }),
    different(
        "a project elsewhere",
        |test| {
            hello(test)
                .file(
                    "other/site.yml",
                    "- {hosts: all, gather_facts: false, tasks: [{command: pwd}]}\n",
                )
                .arguments(&["--project-dir", "pdd/other"])
        },
        &[("`command` has `--project-dir` as it was given", &["command cwd"])],
    ),
    equal("a playbook in a folder of the project", |test| {
        test.local_hosts(&["web1"])
            .file(
                "project/plays/site.yml",
                "- {hosts: all, gather_facts: false, tasks: [{command: pwd}]}\n",
            )
            .arguments(&["-p", "plays/../plays/site.yml"])
    }),
    equal("artifacts elsewhere", |test| {
        hello(test).arguments(&["--artifact-dir", "pdd/kept/here"]).artifacts_in("kept/here/job")
    }),
    equal("an ident with a slash and a space", |test| {
        hello(test).arguments(&["-i", "a b/c:d é"]).artifacts_in("artifacts/a b/c:d é")
    }),
    different(
        "an ident that was used before",
        |test| hello(test).times(2),
        &[("keeps the events of an earlier run with the same ident", &["events"])],
    ),
    equal("words that are abbreviated or glued", |test| {
        hello(test)
            .arguments(&["--art=pdd/kept", "-ijob", "--for=1", "-vv", "--lim", "all"])
            .artifacts_in("kept/job")
    }),
    different(
        "a private data directory that is not there",
        |test| {
            test.words(&["run", "DIR/missing", "-p", "site.yml", "-i", "job"])
                .artifacts_in("missing/artifacts/job")
        },
        &[("makes a private data directory that is missing", &["artifacts"])],
    ),
    equal("a private data directory that is a file", |test| {
        test.file("file", "").words(&["run", "DIR/file", "-p", "site.yml"])
    }),
];
