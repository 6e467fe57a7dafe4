//! Command lines that cannot be meant: the exit code, and that nothing is made.

use crate::case::{Case, different, equal, hello};

pub(crate) const CASES: &[Case] = &[
    equal("no words at all", |test| test.words(&[])),
    equal("an unknown command", |test| test.words(&["walk", "DIR"])),
    equal("no private data directory", |test| test.words(&["run"])),
    equal("the version", |test| test.words(&["--version"])),
    equal("help", |test| test.words(&["--help"])),
    equal("help for a run", |test| test.words(&["run", "--help"])),
    equal("nothing to run", |test| test.words(&["run", "DIR"])),
    equal("a playbook and a module", |test| test.arguments(&["-p", "site.yml", "-m", "ping"])),
    equal("a module and a role", |test| test.arguments(&["-m", "ping", "-r", "greet"])),
    equal("hosts without a module", |test| test.arguments(&["-p", "site.yml", "--hosts", "web1"])),
    equal("an unknown option", |test| test.arguments(&["-p", "site.yml", "--nope"])),
    equal("an option without its value", |test| test.arguments(&["-p"])),
    equal("an ambiguous option", |test| test.arguments(&["-p", "site.yml", "--ro", "x"])),
    equal("a number that is none", |test| hello(test).arguments(&["--rotate-artifacts", "few"])),
    equal("one word too many", |test| hello(test).arguments(&["more"])),
    different(
        "options before the command",
        |test| hello(test).words(&["-v", "-i", "job", "run", "DIR"]),
        &[("ignores options before the sub-command", &["artifacts", "input artifacts/"])],
    ),
];
