//! `playhouse plugin`: the plugins of this machine, one file a command.

mod bench;
mod compile;
mod new;
mod project;
mod template;
mod test;

use clap::Subcommand;

/// Installs plugins, looks at them, writes them and tests them
#[derive(Debug, clap::Args)]
pub(super) struct PluginSubcommand {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    /// Write a project for a new plugin, which builds, tests and runs as it is
    New(new::NewArgs),
    /// Run one over a recorded run and compare what it does with a snapshot
    Test(test::TestArgs),
    /// Measure what a filter or an enricher costs an event, over a recorded run
    Bench(bench::BenchArgs),
    /// Compile the component on standard input to standard output, for a run
    #[command(hide = true)]
    Compile,
}

/// Does what is asked for; the exit code.
pub(super) fn plugin(args: &PluginSubcommand) -> i32 {
    match &args.command {
        PluginCommand::New(args) => new::new(args),
        PluginCommand::Test(args) => test::test(args),
        PluginCommand::Bench(args) => bench::bench(args),
        PluginCommand::Compile => compile::compile(),
    }
}
