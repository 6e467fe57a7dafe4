//! The command line: names, options and their help. It must not do anything.

use clap::{Args, Parser, Subcommand};

use crate::bench::Part;

/// Builds, tests, shows and measures Playhouse.
///
/// Everything it makes lies in Cargo's target directory, but for Debian packages that
/// the tests need. It needs rustup's Rust and
/// Python 3.11 or newer with its venv module, and fetches the rest by name through
/// rustup, cargo and pip.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", verbatim_doc_comment)]
pub(crate) struct Xtask {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build every plugin into target/plugins and every test guest into target/guests
    ///
    /// Each folder of plugins/ and tests/guests becomes one component, named after the
    /// folder. The Rust target wasm32-wasip2 is added first if it is missing.
    /// Each folder of plugin-sdk/python/examples becomes one in target/python-plugins, with
    /// componentize-py from a virtual environment in target/componentize-py.
    #[command(verbatim_doc_comment)]
    Plugins,

    /// Check the formatting, lint, build everything and run all tests
    ///
    /// Ansible comes from virtual environments, target/ansible-2.16 to target/ansible-2.22,
    /// made once; two of them, 2.16 and 2.19, have Ansible Runner 2.4.3 to compare with.
    /// To use another, set `PLAYHOUSE_ANSIBLE_219`, or what it is called for its version, to
    /// its bin directory. Core 2.20 and newer need Python 3.12 or 3.13: python3, the one that
    /// `PLAYHOUSE_PYTHON_312` or `PLAYHOUSE_PYTHON_313` names, one on PATH or one of pyenv's.
    /// A version without its Python is not tested, and the last line says so. An OpenSSH server, sshpass, sudo and jq are installed from Debian if
    /// they are missing.
    /// The code is checked for macOS and FreeBSD, not run there.
    #[command(verbatim_doc_comment)]
    Test {
        /// Passed on to cargo test, as in: cargo xtask test demo -- --nocapture
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        cargo_test_args: Vec<String>,
    },

    /// Hold Playhouse against Ansible Runner 2.4.3, each case with both versions of Ansible
    ///
    /// cargo xtask test does the same with one version a case, in turn. Prints a line a
    /// run: equal, or different as the README's table "Differences" has it.
    #[command(verbatim_doc_comment)]
    Conformance {
        /// Only cases with one of these texts in their names
        #[arg(value_name = "TEXT")]
        cases: Vec<String>,
    },

    /// Run a small playbook through four plugins and show what came out
    ///
    /// A copy of tests/demo is run in target/demo, with an HTTP receiver on loopback
    /// behind the plugin http-sink. Ends with 0 only if the run did and the receiver got
    /// all it should have, in order and once.
    #[command(verbatim_doc_comment)]
    Demo,

    /// Count what an event costs in instructions and hold that against tests/instructions.json
    ///
    /// The counts come from callgrind: they do not depend on what else the machine does.
    /// cargo xtask test does the same. It needs valgrind.
    #[command(verbatim_doc_comment)]
    Instructions {
        /// Keep what is counted as what is to be expected from now on
        #[arg(long)]
        accept: bool,
    },

    /// Measure Playhouse and Ansible Runner against bare ansible-playbook
    ///
    /// Playhouse runs without plugins and with three. All take turns, and every number is a
    /// median with the lowest and highest that a round gave. Written to target/bench.md too.
    /// All parts take about an hour and a half on two idle cores, --quick less than ten
    /// minutes, beside what has to be built first.
    /// Leave the machine alone meanwhile.
    #[command(verbatim_doc_comment)]
    Bench(BenchOptions),
}

/// What to measure, and how long.
#[derive(Debug, Args)]
pub(crate) struct BenchOptions {
    /// What to measure [default: everything]
    #[arg(value_name = "PART")]
    pub(crate) parts: Vec<Part>,

    /// How often each of the four does each piece of work, after once to warm up [default:
    /// 7, with --quick 3]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: Option<u32>,

    /// A tenth of the work: to see that it runs, not to quote
    #[arg(long)]
    pub(crate) quick: bool,

    /// In place of the parts, 1,000 to 100,000 events and 10 to 5,000 hosts, each once:
    /// what they cost in all and for each; 20 min. Written to target/scale.md and .svg
    #[arg(long, conflicts_with = "parts")]
    pub(crate) scale: bool,

    /// Put the result into README.md too, where a line names this command, and with --scale
    /// the picture into tests/scale.svg
    #[arg(long, conflicts_with = "quick")]
    pub(crate) readme: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Xtask::command().debug_assert();
    }

    #[test]
    fn test_passes_on_what_it_does_not_know() {
        let parsed = Xtask::try_parse_from(["xtask", "test", "--test", "it", "--", "-q"]);
        let Ok(Xtask { command: Command::Test { cargo_test_args } }) = parsed else {
            panic!("{parsed:?}");
        };
        assert_eq!(cargo_test_args, ["--test", "it", "--", "-q"]);
    }

    #[test]
    fn bench_takes_parts_by_name() {
        let parsed = Xtask::try_parse_from(["xtask", "bench", "event-heavy", "start-up"]);
        let Ok(Xtask { command: Command::Bench(options) }) = parsed else { panic!("{parsed:?}") };
        assert_eq!(options.parts, [Part::EventHeavy, Part::StartUp]);
        assert_eq!(options.rounds, None);
    }
}
