//! Runs ansible-playbook in a PTY and turns what it says into segments of a run.
//!
//! In: a [`Command`]. Out: [`Segment`](crate::events::Segment)s in the terminal's order,
//! handed to one function, and at the end an [`Exit`]. The child is read first, always:
//! nothing here waits for a plugin, a disk or a terminal except through that function.

mod attention;
mod cancel;
mod channel;
mod child;
mod error;
mod exit;
mod keeper;
mod keeper_process;
mod prompts;
mod ssh_agent;
mod supervisor;
mod termination;

pub use cancel::Cancel;
pub use channel::{Channel, ChannelAddress};
pub use child::{Command, SETTINGS_DESCRIPTOR};
pub use error::ExecError;
pub use exit::{Exit, Stop};
pub use keeper::{Keeper, KeeperProgram};
pub use keeper_process::keep;
pub use prompts::Answers;
pub use ssh_agent::{PASSPHRASE_PATTERN, SshAgent, passphrase_prompt};
pub use supervisor::{Running, Supervision};
pub use termination::LeftProcess;
pub(crate) use termination::{began, is_alive};
