//! `playhouse plugin`: the plugins of this machine, one file a command or two.

mod annotate;
mod bench;
mod compile;
mod dev;
mod failure;
mod inspect;
mod install;
mod list;
mod new;
mod project;
mod show;
mod subject;
mod template;
mod test;
mod verify;

use clap::Subcommand;

use super::printer;

/// Installs plugins, looks at them, writes them and tests them. An installed plugin is
/// asked for by its name.
#[derive(Debug, clap::Args)]
pub(super) struct PluginSubcommand {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    Install(install::InstallArgs),
    Upgrade(install::UpgradeArgs),
    List(list::ListArgs),
    Inspect(inspect::InspectArgs),
    Verify(verify::VerifyArgs),
    Remove(list::RemoveArgs),
    Annotate(annotate::AnnotateArgs),
    /// Write a project for a new plugin, which builds, tests and runs as it is
    New(new::NewArgs),
    /// Run one over a recorded run and compare what it does with a snapshot
    Test(test::TestArgs),
    /// Build a project and show what its plugin does, again at each change
    Dev(dev::DevArgs),
    /// Measure what a filter or an enricher costs an event, over a recorded run
    Bench(bench::BenchArgs),
    /// Compile the component on standard input to standard output, for a run
    #[command(hide = true)]
    Compile,
}

/// Does what is asked for; the exit code.
pub(super) fn plugin(args: &PluginSubcommand) -> i32 {
    let done = match &args.command {
        PluginCommand::Install(args) => install::install(args),
        PluginCommand::Upgrade(args) => install::upgrade(args),
        PluginCommand::List(args) => list::list(args),
        PluginCommand::Inspect(args) => inspect::inspect(args),
        PluginCommand::Verify(args) => verify::verify(args),
        PluginCommand::Remove(args) => list::remove(args),
        PluginCommand::Annotate(args) => annotate::annotate(args),
        PluginCommand::New(args) => Ok(new::new(args)),
        PluginCommand::Test(args) => Ok(test::test(args)),
        PluginCommand::Dev(args) => Ok(dev::dev(args)),
        PluginCommand::Bench(args) => Ok(bench::bench(args)),
        PluginCommand::Compile => Ok(compile::compile()),
    };
    done.unwrap_or_else(|failure| {
        printer::error(&failure.message);
        failure.code
    })
}
