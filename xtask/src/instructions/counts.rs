//! The counts that are kept, by the machine's architecture, and what moving away from
//! them means.

use std::fmt;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// Where nothing is kept yet. The toolchain is not pinned and neither is the C library,
/// and another version of either moves counts by a few percent; what the guard is for,
/// a copy or a parse more for each event, moves them by more than this.
const BAND: f64 = 10.0;

/// What was counted.
#[derive(Debug)]
pub(super) struct Counts {
    /// The compiler that made the program.
    pub(super) rustc: String,
    pub(super) parts: Vec<Part>,
}

/// One part of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: String,
    /// For one event.
    pub(super) instructions: u64,
}

/// The file with what is to be expected.
#[derive(Debug)]
pub(super) struct Kept(Value);

impl Kept {
    /// Reads it; a file that is not there keeps nothing yet.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let Ok(text) = fs::read_to_string(path) else {
            return Ok(Self(json!({"band_percent": BAND})));
        };
        let kept = serde_json::from_str(&text).ok().filter(Value::is_object);
        kept.map(Self)
            .ok_or_else(|| Failure::new(format!("`{}` is no JSON object", path.display())))
    }

    /// Writes it.
    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        fs::write(path, format!("{:#}\n", self.0))
            .map_err(|error| Failure::new(format!("cannot write `{}`: {error}", path.display())))
    }

    /// One line for each count.
    pub(super) fn describe(&self, counts: &Counts) -> Vec<String> {
        let lines = counts.parts.iter().map(|part| match self.expected(&part.name) {
            Some(expected) => format!(
                "{}: {} instructions an event, kept {expected}, {}",
                part.name,
                part.instructions,
                Change::of(expected, part.instructions)
            ),
            None => format!("{}: {} instructions an event", part.name, part.instructions),
        });
        lines.collect()
    }

    /// Fails where a count has left its band. On an architecture that nothing is kept for
    /// there is nothing to hold it against.
    pub(super) fn check(&self, counts: &Counts) -> Result<(), Failure> {
        let band = self.0["band_percent"].as_f64().unwrap_or(BAND);
        let moved: Vec<String> = counts
            .parts
            .iter()
            .filter_map(|part| {
                let expected = self.expected(&part.name)?;
                let change = Change::of(expected, part.instructions);
                (change.0.abs() > band).then(|| {
                    format!("`{}` from {expected} to {}, {change}", part.name, part.instructions)
                })
            })
            .collect();
        if moved.is_empty() {
            return Ok(());
        }
        let made_by = self.0[std::env::consts::ARCH]["rustc"].as_str().unwrap_or_default();
        let compiler = if made_by == counts.rustc {
            String::new()
        } else {
            format!(" The kept ones were made by {made_by}, these by {}.", counts.rustc)
        };
        Err(Failure::new(format!(
            "the instructions for one event have moved by more than {band} %: {}.{compiler} If \
             that is meant, `cargo xtask instructions --accept` keeps the new counts in `{}`",
            moved.join("; "),
            super::KEPT
        )))
    }

    /// Keeps these for this architecture.
    pub(super) fn accept(&mut self, counts: Counts) {
        let mut kept = Map::new();
        kept.insert("rustc".to_owned(), counts.rustc.into());
        for part in counts.parts {
            kept.insert(part.name, part.instructions.into());
        }
        self.0[std::env::consts::ARCH] = kept.into();
    }

    fn expected(&self, part: &str) -> Option<u64> {
        self.0[std::env::consts::ARCH][part].as_u64()
    }
}

/// By how many percent something moved.
struct Change(f64);

impl Change {
    #[expect(clippy::cast_precision_loss, reason = "percent with one digit")]
    fn of(before: u64, now: u64) -> Self {
        Self(100.0 * (now as f64 - before as f64) / before.max(1) as f64)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:+.1} %", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(decoder: u64, rustc: &str) -> Counts {
        let parts = vec![Part { name: "decoder".to_owned(), instructions: decoder }];
        Counts { rustc: rustc.to_owned(), parts }
    }

    fn kept() -> Kept {
        let mut kept = Kept(json!({"band_percent": 5.0}));
        kept.accept(counts(1_000, "rustc 1"));
        kept
    }

    #[test]
    fn within_the_band_a_count_may_move() {
        for now in [951, 1_000, 1_050] {
            kept().check(&counts(now, "rustc 1")).expect("within 5 %");
        }
    }

    #[test]
    fn a_count_that_left_its_band_is_named_with_what_to_do() {
        let failure = kept().check(&counts(1_100, "rustc 1")).expect_err("10 % more");
        assert_eq!(
            failure.to_string(),
            "the instructions for one event have moved by more than 5 %: `decoder` from 1000 to \
             1100, +10.0 %. If that is meant, `cargo xtask instructions --accept` keeps the new \
             counts in `tests/instructions.json`"
        );
        let failure = kept().check(&counts(900, "rustc 2")).expect_err("10 % less");
        assert!(
            failure
                .to_string()
                .contains("to 900, -10.0 %. The kept ones were made by rustc 1, these by rustc 2."),
            "{failure}"
        );
    }

    #[test]
    fn where_nothing_is_kept_nothing_fails_until_it_is_accepted() {
        let mut kept = Kept(json!({"band_percent": 5.0, "another_architecture": {"decoder": 1}}));
        kept.check(&counts(1_000, "rustc 1")).expect("nothing to hold it against");
        assert_eq!(kept.describe(&counts(7, "")), ["decoder: 7 instructions an event"]);
        kept.accept(counts(1_000, "rustc 1"));
        kept.check(&counts(2_000, "rustc 1")).expect_err("twice as many");
        assert_eq!(kept.0["another_architecture"]["decoder"], 1);
    }
}
