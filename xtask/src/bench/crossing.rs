//! What one event through one typed plugin costs. That is measured inside the host, by its
//! bench `typed_plugins`, which says `<hook>: <number> µs an event …` of each.

use crate::failure::Failure;
use crate::step::step;
use crate::workspace::Workspace;

use super::host_bench;

const BENCH: &str = "typed_plugins";

/// A hook that takes events in batches, and what that costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crossing {
    /// `filter`, `enricher`
    pub(crate) hook: String,
    /// `0.45 µs an event through …`
    pub(crate) cost: String,
}

/// What the bench says.
pub(crate) fn measure(workspace: &Workspace) -> Result<Vec<Crossing>, Failure> {
    step("one event through one typed plugin", || {
        let said = host_bench::run(workspace, BENCH, &[])?;
        let crossings: Vec<Crossing> = said.lines().filter_map(crossing).collect();
        if crossings.is_empty() {
            return Err(Failure::new(format!(
                "the bench `{BENCH}` gave no line with `µs an event`: {}",
                said.trim()
            )));
        }
        Ok(crossings)
    })
}

fn crossing(line: &str) -> Option<Crossing> {
    let (hook, cost) = line.split_once(": ")?;
    let is_cost = cost.contains("µs an event");
    is_cost.then(|| Crossing { hook: hook.to_owned(), cost: cost.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_read() {
        let known = crossing("filter: 0.45 µs an event through `only-failed`").expect("a cost");
        assert_eq!(known.hook, "filter");
        assert_eq!(known.cost, "0.45 µs an event through `only-failed`");
        assert_eq!(crossing("warning: nothing to say"), None);
    }
}
