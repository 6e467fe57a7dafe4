//! What a guest can do wrong.

use std::hint::black_box;
use std::time::Duration;

use playhouse_plugin::info;
use serde::Deserialize;

/// See each.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Misdeed {
    /// Panics, with words of its own.
    Panic,
    /// Loops for ever.
    Spin,
    /// Takes memory until there is none.
    Grow,
    /// Calls itself until the stack is gone.
    Recurse,
    /// Sleeps for a minute.
    Sleep,
    /// Writes a million log lines.
    FloodLog,
    /// Answers for more events than it was asked about.
    WrongCount,
    /// Answers with text that is not JSON.
    NotJson,
    /// Says that a setting is wrong.
    Config,
    /// Says that it could not do its work.
    Fail,
    /// Refuses the run.
    Refuse,
    /// Says that something will never be accepted.
    Reject,
    /// Asks the host for an HTTP exchange.
    Http,
    /// Sets what the settings name.
    Set,
}

impl Misdeed {
    /// Does it, where it is not a matter of the answer.
    pub(crate) fn commit(self) {
        match self {
            Self::Panic => panic!("the floor gave way"),
            Self::Spin => loop {
                black_box(());
            },
            Self::Grow => {
                let mut hoard: Vec<Vec<u8>> = Vec::new();
                loop {
                    hoard.push(black_box(vec![1; 1 << 20]));
                }
            }
            Self::Recurse => {
                black_box(descend(black_box(1)));
            }
            Self::Sleep => std::thread::sleep(Duration::from_secs(60)),
            Self::FloodLog => {
                for line in 0..1_000_000 {
                    info!("line {line} of too many\u{1b}[2J");
                }
            }
            Self::WrongCount
            | Self::NotJson
            | Self::Config
            | Self::Fail
            | Self::Refuse
            | Self::Reject
            | Self::Http
            | Self::Set => {}
        }
    }
}

#[expect(unconditional_recursion, reason = "that is the misdeed")]
fn descend(depth: u64) -> u64 {
    black_box(descend(black_box(depth + 1)) + 1)
}
