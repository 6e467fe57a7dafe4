//! How long a runner takes until ansible-playbook is executed. A copy of this very
//! program, called `ansible-playbook` and first on PATH, writes down when it began and
//! ends; the time between that and the moment before the runner was started is the
//! start. The stand-in's own start, measured by running it directly, is the floor.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::failure::Failure;

use super::contender::{Contender, Each, Stage, cannot_write};
use super::workload::Workload;

const NAME: &str = "ansible-playbook";

/// A line for each time the stand-in was executed, in its own folder: nanoseconds
/// since 1970, then the arguments.
const STAMPS: &str = "executed";

/// If this process was started as `ansible-playbook`, does that part and gives its
/// exit code.
pub(crate) fn act_as_ansible_playbook() -> Option<ExitCode> {
    let now = nanoseconds_now();
    let program = std::env::current_exe().ok()?;
    if program.file_name()? != NAME {
        return None;
    }
    let words: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let stamps = program.with_file_name(STAMPS);
    let known = fs::read_to_string(&stamps).unwrap_or_default();
    let written = fs::write(&stamps, format!("{known}{now} {}\n", words.join(" ")));
    Some(if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Starts each contender `rounds` times, taking turns, after one start for the caches.
pub(crate) fn starts(
    stage: &Stage,
    workload: &Workload,
    rounds: u32,
) -> Result<Vec<Each<Duration>>, Failure> {
    let bin = stage.folder.join("stand-in");
    fs::create_dir_all(&bin).map_err(cannot_write(&bin))?;
    let program = bin.join(NAME);
    std::env::current_exe()
        .and_then(|ourselves| fs::copy(ourselves, &program))
        .map_err(cannot_write(&program))?;
    let one_round = |round| {
        let mut times = Each::<Duration>::default();
        for contender in Contender::in_round(round) {
            let ident = format!("start-{round}-{}", contender as usize);
            let command = stage.command(contender, &bin, workload, &ident);
            times[contender as usize] = start(command, contender, &bin)?;
        }
        Ok(times)
    };
    one_round(rounds)?;
    (0..rounds).map(one_round).collect()
}

fn start(mut command: Command, contender: Contender, bin: &Path) -> Result<Duration, Failure> {
    let stamps: PathBuf = bin.join(STAMPS);
    fs::write(&stamps, "").map_err(cannot_write(&stamps))?;
    command.stderr(Stdio::null());
    let before = nanoseconds_now();
    // How the runner ends does not matter: an Ansible that does nothing may puzzle it.
    command
        .status()
        .map_err(|error| Failure::new(format!("{} does not start: {error}", contender.title())))?;
    let written = fs::read_to_string(&stamps).unwrap_or_default();
    executed_at(&written)
        .map(|executed| Duration::from_nanos(executed.saturating_sub(before)))
        .ok_or_else(|| {
            Failure::new(format!("{} did not execute ansible-playbook", contender.title()))
        })
}

/// When the playbook was to be run: a runner may ask for a version before.
fn executed_at(stamps: &str) -> Option<u64> {
    stamps.lines().find(|line| line.contains("site.yml"))?.split(' ').next()?.parse().ok()
}

fn nanoseconds_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_for_a_version_is_not_the_start() {
        let stamps = "5 ansible-playbook --version\n9 ansible-playbook -i x site.yml\n";
        assert_eq!(executed_at(stamps), Some(9));
        assert_eq!(executed_at("5 ansible-playbook --version\n"), None);
    }
}
