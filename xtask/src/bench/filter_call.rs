//! What one event through one typed filter costs. That is measured inside the host, by
//! its bench `typed_filter`, whose last line is `<number> µs an event …`; without that
//! bench the row is left out.

use crate::failure::Failure;
use crate::step::{self, step};
use crate::workspace::Workspace;

const PACKAGE: &str = "playhouse";
const BENCH: &str = "typed_filter";

/// The bench's last line, if there is such a bench.
pub(crate) fn measure(workspace: &Workspace) -> Result<Option<String>, Failure> {
    if !workspace.has_bench(PACKAGE, BENCH) {
        return Ok(None);
    }
    step("one event through one typed filter", || {
        let mut bench = workspace.cargo();
        // All of the workspace, so that dependencies have the features they have elsewhere.
        bench.args(["bench", "--workspace", "--bench", BENCH]);
        bench.env("PLAYHOUSE_COMPONENTS", crate::components::plugin_folder(workspace));
        let text = step::output_of(&mut bench, "measure a filter's call")?;
        let last = text.lines().rev().find(|line| line.contains("µs an event"));
        last.map(|line| Some(line.trim().to_owned())).ok_or_else(|| {
            Failure::new(format!("the bench `{BENCH}` gave no line with `µs an event`"))
        })
    })
}
