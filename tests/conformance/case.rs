//! A case: a private data directory, and where the two runners differ on it.

use std::fmt::Write as _;

use tests::{Comparison, Core, RunTest, compare_with_peer};

use crate::PROGRAM;

/// A private data directory with a command line.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    set_up: fn(RunTest) -> RunTest,
    pub(crate) differences: &'static [Difference],
    /// The only version of Ansible on which they differ, if it is one.
    only_on: Option<Core>,
}

/// A row of the README's table, by the beginning of its first cell, and where it shows:
/// the beginnings of places.
pub(crate) type Difference = (&'static str, &'static [&'static str]);

/// Both give the same.
pub(crate) const fn equal(name: &'static str, set_up: fn(RunTest) -> RunTest) -> Case {
    Case { name, set_up, differences: &[], only_on: None }
}

/// Both give the same but for these.
pub(crate) const fn different(
    name: &'static str,
    set_up: fn(RunTest) -> RunTest,
    differences: &'static [Difference],
) -> Case {
    Case { name, set_up, differences, only_on: None }
}

/// Both give the same but for these, which show on one version of Ansible.
pub(crate) const fn different_on(
    core: Core,
    name: &'static str,
    set_up: fn(RunTest) -> RunTest,
    differences: &'static [Difference],
) -> Case {
    Case { name, set_up, differences, only_on: Some(core) }
}

impl Case {
    /// The rows of its differences on a version of Ansible, in one line.
    pub(crate) fn rows_on(&self, core: Core) -> String {
        let rows: Vec<&str> = self.differences_on(core).iter().map(|(row, _)| *row).collect();
        rows.join("; ")
    }

    fn differences_on(&self, core: Core) -> &[Difference] {
        if self.only_on.is_none_or(|only| only == core) { self.differences } else { &[] }
    }

    /// Runs both; the error is what is not as it must be.
    pub(crate) fn run(&self, core: Core) -> Result<(), String> {
        let test = (self.set_up)(RunTest::new(PROGRAM).core(core));
        let Comparison { ran, unlike } = compare_with_peer(test);
        let differences = self.differences_on(core);
        let places = || differences.iter().flat_map(|(_, places)| *places);
        let mut wrong = String::new();
        for unlike in &unlike {
            if !places().any(|place| unlike.place.starts_with(place)) {
                let _ = write!(wrong, "\n{unlike}");
            }
        }
        for (row, places) in differences {
            for place in *places {
                if !unlike.iter().any(|unlike| unlike.place.starts_with(place)) {
                    let _ = write!(wrong, "\n{place}\n  is equal, though listed for: {row}");
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(format!("{wrong}\n{}", ran.stderr)) }
    }
}

/// A playbook with these tasks, indented by four, for one local host.
pub(crate) fn tasks(test: RunTest, tasks: &str) -> RunTest {
    let tasks = tasks.trim_matches('\n');
    test.local_hosts(&["web1"])
        .playbook(&format!("- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}\n"))
}

/// A playbook of one task that says `hello`, for one local host.
pub(crate) fn hello(test: RunTest) -> RunTest {
    tasks(test, "    - {name: Greet, debug: {msg: hello}}")
}
