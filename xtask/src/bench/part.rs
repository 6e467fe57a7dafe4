//! What can be measured, by the names that the command line has for it.

use std::fmt;

use clap::ValueEnum;

/// One thing to measure. The minutes are those of seven rounds on two idle cores, about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// One host, a debug looped 5,000 times; 10 min
    EventHeavy,
    /// 100 hosts, four tasks, one of them looped five times; 4 min
    HostHeavy,
    /// 200,000 lines of a command shown with -v; 2 min
    OutputHeavy,
    /// 20 tasks with results of 5 MB; 6 min
    BigResults,
    /// One debug, and the time until ansible-playbook is executed; 1 min
    StartUp,
    /// 2,000 hosts, two tasks; 40 min
    LargeInventory,
    /// 50 hosts, facts gathered over a local connection; 20 min
    Facts,
    /// 10 hosts, a command of 5 seconds on each; 6 min
    Waiting,
    /// One event through a typed filter and through an enricher, without Ansible; 1 min
    Crossing,
    /// A recorded run of 100,000 events through each stage, without Ansible; 3 min
    Stream,
}

impl Part {
    /// What was asked for, each once and in our order; all where nothing was.
    pub(crate) fn chosen(asked: &[Self]) -> Vec<Self> {
        let all = Self::value_variants().iter().copied();
        all.filter(|part| asked.is_empty() || asked.contains(part)).collect()
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        formatter.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_the_default_and_nothing_is_done_twice() {
        assert_eq!(Part::chosen(&[]).len(), Part::value_variants().len());
        let asked = [Part::Facts, Part::EventHeavy, Part::Facts];
        assert_eq!(Part::chosen(&asked), [Part::EventHeavy, Part::Facts]);
    }
}
