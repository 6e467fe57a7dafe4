//! What one event through one typed filter costs. That is measured inside the host, by
//! its bench `typed_filter`, whose last line is `<number> µs an event …`.

use crate::failure::Failure;
use crate::step::step;
use crate::workspace::Workspace;

use super::host_bench;

const BENCH: &str = "typed_filter";

/// The bench's last line.
pub(crate) fn measure(workspace: &Workspace) -> Result<String, Failure> {
    step("one event through one typed filter", || {
        let text = host_bench::run(workspace, BENCH, &[])?;
        let last = text.lines().rev().find(|line| line.contains("µs an event"));
        last.map(|line| line.trim().to_owned()).ok_or_else(|| {
            Failure::new(format!("the bench `{BENCH}` gave no line with `µs an event`"))
        })
    })
}
