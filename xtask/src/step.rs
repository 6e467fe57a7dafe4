//! Steps: named pieces of work that are announced, timed, and fail with a sentence.
//! Programs that a step starts share our terminal, so nothing they say is lost.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::screen;

/// Announces `name`, does the work and says how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    screen::talk(format!("==> {name}"));
    let start = Instant::now();
    let done = work()?;
    screen::talk(format!("    {name}: {}", seconds(start.elapsed())));
    Ok(done)
}

/// Runs a program to its end, which must be a good one. `purpose` completes the
/// sentence "cannot …".
pub(crate) fn run(command: &mut Command, purpose: &str) -> Result<(), Failure> {
    let status = command.status().map_err(|error| not_started(command, purpose, &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::of_program(
        format!("cannot {purpose}: `{}` ended with {status}", shown(command)),
        status.code(),
    ))
}

/// What a program prints; its errors go to our terminal.
pub(crate) fn output_of(command: &mut Command, purpose: &str) -> Result<String, Failure> {
    command.stderr(std::process::Stdio::inherit());
    let output = command.output().map_err(|error| not_started(command, purpose, &error))?;
    if !output.status.success() {
        return Err(Failure::of_program(
            format!("cannot {purpose}: `{}` ended with {}", shown(command), output.status),
            output.status.code(),
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `0.42 s`, `12.3 s`, `3 min 07 s`
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.2} s", time.as_secs_f64()),
        10..60 => format!("{:.1} s", time.as_secs_f64()),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

fn not_started(command: &Command, purpose: &str, error: &std::io::Error) -> Failure {
    let program = command.get_program().to_string_lossy();
    match error.kind() {
        ErrorKind::NotFound => {
            Failure::new(format!("cannot {purpose}: there is no `{program}` to run; install it"))
        }
        _ => Failure::new(format!("cannot {purpose}: `{program}` does not start: {error}")),
    }
}

/// The command as one could type it; long ones keep their beginning.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![program.file_name().unwrap_or(program.as_os_str()).to_string_lossy()];
    words.extend(command.get_args().map(|word| word.to_string_lossy()));
    let many = words.len() > 9;
    words.truncate(9);
    let line = words.join(" ");
    if many { format!("{line} …") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_gives_its_code_and_is_named() {
        let failure = run(Command::new("sh").args(["-c", "exit 7"]), "count to eight")
            .expect_err("exit 7 is no success");
        assert_eq!(
            failure.to_string(),
            "cannot count to eight: `sh -c exit 7` ended with exit status: 7"
        );
        assert_eq!(failure.exit_code(), std::process::ExitCode::from(7));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failure = output_of(&mut Command::new("no-such-program"), "try").expect_err("absent");
        assert_eq!(
            failure.to_string(),
            "cannot try: there is no `no-such-program` to run; install it"
        );
    }

    #[test]
    fn times_have_three_forms() {
        let shown = [0.424, 12.34, 187.0].map(|time| seconds(Duration::from_secs_f64(time)));
        assert_eq!(shown, ["0.42 s", "12.3 s", "3 min 07 s"]);
    }
}
