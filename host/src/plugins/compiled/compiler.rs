//! Compiling in a process of its own: a component that takes the compiler's time or
//! memory takes it from that process, which ends.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::plugins::component::LARGEST_MIB;
use crate::plugins::host::new_engine;

/// How long compiling may take. Python's 18 MB take 7 s on two cores.
const DEADLINE: Duration = Duration::from_mins(2);
/// Memory of the compiling process. The same takes 370 MiB.
const MEMORY: u64 = 2 << 30;
/// What the process says of its failure, at most.
const LONGEST_REASON: u64 = 4 << 10;

/// A program that compiles when it is started with these arguments, a component as its
/// standard input and a file as its standard output: `playhouse plugin compile` does, and
/// so does any program that then calls [`compile`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompilerProgram {
    /// The program's file.
    pub program: PathBuf,
    /// What makes it compile.
    pub arguments: Vec<String>,
}

/// Why there is no code.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CompileError {
    /// It is the component's fault.
    Refused(Refusal),
    /// Something of the system failed; compiling here may do.
    System(String),
}

/// Why no code can be made of a component.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::plugins) enum Refusal {
    /// It is no component, or a broken one.
    Broken(String),
    /// It takes more of time or memory than any plugin should.
    TooMuch(String),
}

impl Refusal {
    /// What the compiler says of a component.
    pub(super) fn of(error: &wasmtime::Error) -> Self {
        Self::Broken(format!("{error:#}"))
    }
}

impl From<Refusal> for CompileError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl CompilerProgram {
    /// Compiles `component` into `code`.
    pub(super) fn compile(&self, component: &[u8], code: File) -> Result<(), CompileError> {
        self.compile_within(DEADLINE, component, code)
    }

    fn compile_within(
        &self,
        limit: Duration,
        component: &[u8],
        code: File,
    ) -> Result<(), CompileError> {
        let system = |error: io::Error| CompileError::System(error.to_string());
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(code)
            .stderr(Stdio::piped())
            .spawn()
            .map_err(system)?;
        let given = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(component));
        let in_time = wait_for_end(&child, Instant::now() + limit);
        if !matches!(in_time, Ok(true)) {
            // It may have ended this moment.
            let _ = child.kill();
        }
        let mut reason = String::new();
        if let Some(stderr) = child.stderr.take() {
            // What cannot be read is not said.
            let _ = stderr.take(LONGEST_REASON).read_to_string(&mut reason);
        }
        let status = child.wait().map_err(system)?;
        if !in_time.map_err(system)? {
            let seconds = limit.as_secs();
            return Err(Refusal::TooMuch(format!("that takes more than {seconds} s")).into());
        }
        match status.code() {
            Some(0) => given.map_err(system),
            Some(_) => Err(Refusal::Broken(reason.trim_end().to_owned()).into()),
            None => Err(Refusal::TooMuch(format!(
                "that takes more than {} GiB of memory, or was stopped: {status}",
                MEMORY >> 30
            ))
            .into()),
        }
    }
}

/// Waits until the child has closed its standard error, which it does by ending. False
/// if it has not in time.
fn wait_for_end(child: &Child, deadline: Instant) -> io::Result<bool> {
    let Some(stderr) = &child.stderr else { return Ok(true) };
    let left = deadline.saturating_duration_since(Instant::now());
    let left = Timespec {
        tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: left.subsec_nanos().into(),
    };
    let mut polled = [PollFd::new(stderr, PollFlags::IN | PollFlags::HUP)];
    loop {
        match poll(&mut polled, Some(&left)) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Compiles what `input` holds into `output`, in a process that is there for nothing
/// else: it limits its own memory. The error says what is wrong with the component.
pub fn compile(input: &mut (dyn Read + '_), output: &mut (dyn Write + '_)) -> Result<(), String> {
    limit_this_process();
    let mut component = Vec::new();
    input
        .take((LARGEST_MIB << 20) + 1)
        .read_to_end(&mut component)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    if component.len() as u64 > LARGEST_MIB << 20 {
        return Err(format!("it is larger than {LARGEST_MIB} MiB"));
    }
    let engine = new_engine().map_err(|error| error.to_string())?;
    let code = engine.precompile_component(&component).map_err(|error| format!("{error:#}"))?;
    output.write_all(&code).map_err(|error| format!("its code cannot be written: {error}"))
}

/// Where the system refuses a limit, the deadline has to do.
fn limit_this_process() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    // Not the address space: each thread of the compiler reserves much more than it uses.
    let limit = Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
    let _ = setrlimit(Resource::Data, limit);
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = setrlimit(Resource::Core, none);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(script: &str, limit: Duration) -> Result<(), CompileError> {
        let program = CompilerProgram {
            program: PathBuf::from("sh"),
            arguments: vec!["-c".to_owned(), script.to_owned()],
        };
        program.compile_within(limit, b"component", tempfile::tempfile().unwrap())
    }

    #[test]
    fn how_the_process_ended_is_told_apart() {
        let patient = Duration::from_mins(1);
        assert_eq!(compile("cat > /dev/null", patient), Ok(()));
        let bad = compile("cat > /dev/null; echo it is bad >&2; exit 1", patient);
        assert_eq!(bad, Err(Refusal::Broken("it is bad".to_owned()).into()));
        let killed = compile("cat > /dev/null; kill -9 $$", patient);
        assert!(
            matches!(&killed, Err(CompileError::Refused(Refusal::TooMuch(reason))) if reason.contains("2 GiB")),
            "{killed:?}"
        );
        let slow = compile("exec sleep 60", Duration::from_millis(50));
        assert!(
            matches!(&slow, Err(CompileError::Refused(Refusal::TooMuch(reason))) if reason.contains("more than")),
            "{slow:?}"
        );
        let program =
            CompilerProgram { program: PathBuf::from("/nowhere/at-all"), arguments: Vec::new() };
        let none = program.compile(b"", tempfile::tempfile().unwrap());
        assert!(matches!(none, Err(CompileError::System(_))), "{none:?}");
    }
}
