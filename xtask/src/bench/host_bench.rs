//! Benches of the host itself, which measure without Ansible.

use std::time::Duration;

use crate::components;
use crate::failure::Failure;
use crate::step;
use crate::workspace::Workspace;

use super::measure::Usage;

/// What a bench says.
pub(crate) fn run(
    workspace: &Workspace,
    bench: &str,
    arguments: &[String],
) -> Result<String, Failure> {
    let mut command = workspace.cargo();
    // All of the workspace, so that dependencies have the features they have elsewhere.
    command.args(["bench", "--quiet", "--workspace", "--bench", bench, "--"]).args(arguments);
    command.env("PLAYHOUSE_COMPONENTS", components::plugin_folder(workspace));
    step::output_of(&mut command, &format!("run the bench `{bench}`"))
}

/// The tables of a recorded run of so many events, stage by stage.
pub(crate) fn stages(workspace: &Workspace, events: u64) -> Result<String, Failure> {
    run(workspace, "stream", &["--events".to_owned(), events.to_string()])
}

/// What a recorded run of so many events costs in the pipeline, without plugins.
pub(crate) fn stream(workspace: &Workspace, events: u64) -> Result<Usage, Failure> {
    let arguments = ["--only", "Pipeline0", "--events", &events.to_string()].map(str::to_owned);
    let said = run(workspace, "stream", &arguments)?;
    said.lines()
        .find_map(usage)
        .ok_or_else(|| Failure::new(format!("the bench `stream` gave no cost: {}", said.trim())))
}

/// `Pipeline0 <events> <wall> <CPU> <memory>`: nanoseconds and KiB.
fn usage(line: &str) -> Option<Usage> {
    let mut numbers = line.strip_prefix("Pipeline0 ")?.split(' ').map(str::parse::<u64>);
    let mut next = || numbers.next()?.ok();
    let (_events, wall, cpu, memory) = (next()?, next()?, next()?, next()?);
    let cpu = Duration::from_nanos(cpu);
    Some(Usage { wall: Duration::from_nanos(wall), cpu, own_cpu: cpu, peak_memory: memory * 1024 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_read() {
        let usage = usage("Pipeline0 1000 2000000 3000000 4096").expect("a cost");
        assert_eq!(usage.wall, Duration::from_millis(2));
        assert_eq!(usage.own_cpu, Duration::from_millis(3));
        assert_eq!(usage.peak_memory, 4 << 20);
        assert!(super::usage("Pipeline0 1000").is_none());
    }
}
