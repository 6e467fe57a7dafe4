//! The part of a run in which Ansible runs.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;

use jiff::Timestamp;
use tracing::debug;

use super::record::{command_file, starting};
use super::{Ended, Stage};
use crate::artifacts::RunStatus;
use crate::events::{Assembler, Nonce};
use crate::exec::{
    Cancel, Channel, Command, ExecError, Exit, PASSPHRASE_PATTERN, Running, SshAgent, Stop,
    Supervision, passphrase_prompt,
};
use crate::pipeline::{Pipeline, PipelineEnd, Queue};
use crate::prepare::{CallbackSetup, LaidOut};
use crate::{RunError, exit_code, plugins};

/// Bytes at the end of what Ansible says that are looked at for its last words.
const LAST_WORDS: usize = 16 << 10;

impl Stage<'_> {
    /// Starts Ansible and takes its events to their end.
    pub(super) fn run_ansible(&mut self, cancel: &Cancel) -> Ended {
        match self.try_run_ansible(cancel) {
            Ok(ended) => ended,
            Err(error) => Ended {
                status: RunStatus::Failed,
                rc: error.exit_code(),
                pipeline: None,
                error: Some(error),
            },
        }
    }

    fn try_run_ansible(&mut self, cancel: &Cancel) -> Result<Ended, RunError> {
        let directory = private_temporary_directory()?;
        let channel = Channel::open(directory.path())?;
        let nonce = Nonce::random();
        let setup = CallbackSetup {
            directory: directory.path(),
            channel: channel.address(),
            nonce: &nonce,
        };
        setup.lay_out()?;
        let words = self.config.command_line(&LaidOut::write(directory.path(), &self.config)?);
        let agent = self.start_ssh_agent(directory.path())?;
        let mut environment = setup.environment(&self.config);
        if let Some(agent) = &agent {
            environment.set("SSH_AUTH_SOCK", agent.socket());
        }

        let told = starting(&self.config, &words, &environment);
        for (name, value) in told.iter().filter(|(name, _)| *name != "env") {
            debug!("{name}: {value}");
        }
        self.enter_status(RunStatus::Starting, None, told)?;
        self.artifacts.write_command(&command_file(&self.config, &words, &environment))?;
        let stdout = if self.config.settings.suppress_output_file {
            None
        } else {
            Some(self.artifacts.open_stdout()?)
        };
        self.enter_status(RunStatus::Running, None, Vec::new())?;

        let command = Command {
            argv: words.iter().map(|word| word.text().to_owned()).collect(),
            environment: environment.into_variables(),
            settings: setup.settings(&self.config),
            cwd: self.config.project_dir.clone(),
        };
        let supervision = Supervision {
            cancel: cancel.clone(),
            job_timeout: self.config.settings.job_timeout,
            idle_timeout: self.config.settings.idle_timeout,
            answers: self.config.answers.clone(),
            keeper: self.keeper.take(),
        };
        let running = Running::start(&command, channel, &nonce, supervision, directory.path());
        if running.is_ok() {
            debug!("ansible is up");
            self.observer.up();
        }
        let pipeline = Pipeline {
            chain: self.seats.chain(),
            artifacts: &mut self.artifacts,
            observer: &mut *self.observer,
            shows: self.config.settings.suppress_ansible_output != Some(true),
            stdout,
            form: self.config.output,
            log: &self.log,
            cancel,
            secrets: self.config.secrets.clone(),
        };
        let queue = Queue::default();
        let running = match running {
            Ok(running) => running,
            Err(error) => return Ok(not_started(error, pipeline, &queue)),
        };
        let (end, exit) = thread::scope(|scope| {
            let reader = thread::Builder::new().name("exec".to_owned()).spawn_scoped(scope, || {
                let exit = running.drive(|segments| queue.push(segments));
                queue.close();
                exit
            });
            match reader {
                Ok(reader) => {
                    let end = pipeline.run(&queue);
                    let exit =
                        reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                    Ok((end, exit))
                }
                Err(source) => Err(RunError::System { what: "a thread cannot be started", source }),
            }
        })?;
        Ok(self.judge(end, exit))
    }

    /// An agent with the keys of `env/ssh_key`, for as long as Ansible runs.
    fn start_ssh_agent(&self, directory: &Path) -> Result<Option<SshAgent>, RunError> {
        let Some(keys) = &self.config.ssh_keys else { return Ok(None) };
        let path = self.config.environment.get("PATH").unwrap_or_default();
        let agent = SshAgent::start(directory, path)?;
        let prompt = passphrase_prompt(&self.config.artifact_dir);
        match agent.add_all(keys, self.config.answers.answer_to(&prompt)) {
            Ok(()) => Ok(Some(agent)),
            Err(ExecError::Passphrase { is_wrong: false }) => {
                let prompt = prompt.trim().to_owned();
                Err(RunError::Unanswered { prompt, pattern: PASSPHRASE_PATTERN.to_owned() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A plugin narrowed the limit until no host was left: Ansible takes that for an error
    /// of the command line, or for success where only the plays match none.
    fn narrowed_to_nothing(&self, rc: i32, end: &PipelineEnd) -> Option<RunError> {
        let plugin = self.config.narrowed_by.clone()?;
        let left_none = match (rc, &end.stats) {
            (0, Some(hosts)) => hosts.is_empty(),
            (1, None) => self.says_that_no_host_is_left(),
            _ => false,
        };
        left_none.then(|| {
            let limit = self.config.limit.clone().unwrap_or_default();
            plugins::PrepareError::Refused {
                plugin,
                reason: format!("it narrowed the limit to `{limit}`, and no host is left"),
            }
            .into()
        })
    }

    /// Looks for Ansible's words, which it breaks into lines and colours, at the end of what
    /// it said.
    fn says_that_no_host_is_left(&self) -> bool {
        let said = fs::read(self.config.artifact_dir.join("stdout")).unwrap_or_default();
        let end = said.len().saturating_sub(LAST_WORDS);
        let said = String::from_utf8_lossy(&said[end..]);
        let words: String = said
            .split("\x1b[")
            .enumerate()
            .map(|(index, piece)| match piece.split_once('m') {
                Some((_, plain)) if index > 0 => plain,
                _ => piece,
            })
            .flat_map(str::split_whitespace)
            .collect();
        words.contains("leavesuswithnohoststotarget")
    }

    /// What the child's end means for the run.
    fn judge(&mut self, end: PipelineEnd, exit: Result<Exit, ExecError>) -> Ended {
        debug!(?exit, "ansible has ended");
        let exit = match exit {
            Ok(exit) => exit,
            Err(error) => {
                let error = RunError::from(error);
                return Ended {
                    status: RunStatus::Failed,
                    rc: error.exit_code(),
                    pipeline: Some(end),
                    error: Some(error),
                };
            }
        };
        if !exit.has_events && exit.stop.is_none() {
            self.warnings.push(
                "the callback sent no events: ansible-playbook ended before it loaded, or could not reach this program; the run is text only".to_owned(),
            );
        }
        self.warnings.extend(exit.left.iter().map(|process| {
            format!("left running, since it had let go of the run or is not ours to end: {process}")
        }));
        let rc = match (exit.code, exit.signal) {
            (Some(code), _) => code,
            (None, Some(signal)) => exit_code::SIGNALED + signal,
            (None, None) => exit_code::ARTIFACTS,
        };
        if let Some(plugin) = end.aborted_by.clone() {
            let error = RunError::PluginAborted { plugin };
            let rc = error.exit_code();
            return Ended {
                status: RunStatus::Failed,
                rc,
                pipeline: Some(end),
                error: Some(error),
            };
        }
        let (status, rc, error) = match exit.stop {
            Some(Stop::Canceled) => (RunStatus::Canceled, exit_code::STOPPED, None),
            Some(Stop::JobTimeout(limit)) => {
                let error = RunError::JobTimeout { seconds: limit.as_secs_f64() };
                (RunStatus::Timeout, exit_code::STOPPED, Some(error))
            }
            Some(Stop::IdleTimeout(limit)) => {
                let error = RunError::IdleTimeout { seconds: limit.as_secs_f64() };
                (RunStatus::Timeout, exit_code::STOPPED, Some(error))
            }
            Some(Stop::Unanswered(prompt)) => {
                let error = RunError::unanswered(prompt);
                (RunStatus::Failed, error.exit_code(), Some(error))
            }
            Some(Stop::KeeperLost) => {
                let error = RunError::from(ExecError::KeeperLost);
                (RunStatus::Failed, error.exit_code(), Some(error))
            }
            None if let Some(error) = self.narrowed_to_nothing(rc, &end) => {
                (RunStatus::Failed, error.exit_code(), Some(error))
            }
            None if rc == 0 => (RunStatus::Successful, 0, None),
            None => (RunStatus::Failed, rc, None),
        };
        Ended { status, rc, pipeline: Some(end), error }
    }
}

/// Ansible could not be started: its line goes where Ansible's own would.
fn not_started(error: ExecError, pipeline: Pipeline<'_>, queue: &Queue) -> Ended {
    let mut assembler = Assembler::new(&Nonce::random());
    assembler.push_output(format!("{error}\n").as_bytes(), Timestamp::now());
    queue.push(assembler.take_segments());
    queue.close();
    let end = pipeline.run(queue);
    let error = RunError::from(error);
    Ended {
        status: RunStatus::Failed,
        rc: error.exit_code(),
        pipeline: Some(end),
        error: Some(error),
    }
}

/// A folder for this run that only this user can enter.
fn private_temporary_directory() -> Result<tempfile::TempDir, RunError> {
    use std::os::unix::fs::PermissionsExt;
    tempfile::Builder::new()
        .prefix("playhouse-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir()
        .map_err(|source: io::Error| RunError::System {
            what: "a temporary directory cannot be made",
            source,
        })
}
