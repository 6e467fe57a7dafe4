//! How the bench is run under callgrind, and what is read from what that leaves.
//!
//! The bench asks for its parent's id at the borders of its parts; at each, callgrind
//! writes the counts since the last one into a file, `counts.1`, `counts.2`, …

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::Failure;

use super::counts::Part;

const COUNTS: &str = "counts";

/// The bench under callgrind, which leaves its files in `folder`.
pub(super) fn command(folder: &Path, program: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["-q", "--tool=callgrind", "--dump-before=getppid"]);
    command.arg(format!("--callgrind-out-file={}", folder.join(COUNTS).display()));
    command.arg(program);
    // The allocator would make as many arenas as there are cores.
    command.env("MALLOC_ARENA_MAX", "1");
    command
}

/// The parts that the bench has announced, with their counts.
pub(super) fn read(folder: &Path, said: &str) -> Result<Vec<Part>, Failure> {
    let mut parts = Vec::new();
    for (place, name, events) in said.lines().filter_map(announced) {
        let path = folder.join(format!("{COUNTS}.{place}"));
        let text = fs::read_to_string(&path).map_err(|error| {
            Failure::new(format!("callgrind did not leave `{}`: {error}", path.display()))
        })?;
        let instructions = total(&text).ok_or_else(|| {
            Failure::new(format!("callgrind wrote no count into `{}`", path.display()))
        })?;
        parts.push(Part { name: name.to_owned(), instructions: instructions / events });
    }
    if parts.is_empty() {
        return Err(Failure::new(format!("the bench announced no count: {}", said.trim())));
    }
    Ok(parts)
}

/// The bench's executable, in what cargo says of its work.
pub(super) fn executable(said: &str, bench: &str) -> Option<PathBuf> {
    said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let target = &message["target"];
        let is_it = target["name"] == bench && target["kind"][0] == "bench";
        message["executable"].as_str().filter(|_| is_it).map(PathBuf::from)
    })
}

/// `2 decoder 2048`: the second count is the decoder's, for so many events.
fn announced(line: &str) -> Option<(u32, &str, u64)> {
    let mut words = line.split(' ');
    let (place, name, events) = (words.next()?, words.next()?, words.next()?);
    let events = events.parse().ok().filter(|&events| events > 0)?;
    words.next().is_none().then_some((place.parse().ok()?, name, events))
}

fn total(counts: &str) -> Option<u64> {
    counts.lines().find_map(|line| line.strip_prefix("totals:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_a_part_is_read() {
        let counts = "# callgrind format\nversion: 1\ndesc: Trigger: --dump-before=getppid\n\
                      events: Ir\nsummary: 7\n\nfn=(1) work\n3 7\n\ntotals: 1139053\n";
        assert_eq!(total(counts), Some(1_139_053));
        assert_eq!(total("events: Ir\n"), None);
    }

    #[test]
    fn only_announcements_are_taken() {
        assert_eq!(announced("2 decoder 2048"), Some((2, "decoder", 2048)));
        for line in ["", "decoder", "2 decoder 0", "2 decoder 1 more", "x decoder 1"] {
            assert_eq!(announced(line), None, "{line}");
        }
    }

    #[test]
    fn the_executable_is_the_benchs() {
        let message = |name: &str, kind: &str, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"name":"{name}","kind":["{kind}"]}},"executable":{executable}}}"#
            )
        };
        let said = [
            "not JSON".to_owned(),
            message("instructions", "lib", "null"),
            message("other", "bench", r#""/target/other""#),
            message("instructions", "bench", r#""/target/instructions-1""#),
        ]
        .join("\n");
        assert_eq!(executable(&said, "instructions"), Some("/target/instructions-1".into()));
        assert_eq!(executable(&said, "absent"), None);
    }

    #[test]
    fn a_count_that_is_not_there_is_named() {
        let failure = read(Path::new("/nowhere"), "2 decoder 8\n").expect_err("no file");
        assert!(failure.to_string().contains("`/nowhere/counts.2`"), "{failure}");
        let failure = read(Path::new("/nowhere"), "no plugins\n").expect_err("no count");
        assert!(failure.to_string().ends_with("no plugins"), "{failure}");
    }
}
