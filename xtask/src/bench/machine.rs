//! What the numbers were measured on, and whether anybody else was at work there.

use std::fs;

use crate::screen;

/// Above this many processes that want to run, on average of the last minute, a machine
/// is not idle.
const IDLE: f64 = 0.5;

/// The machine, before the bench makes it busy.
#[derive(Debug)]
pub(crate) struct Machine {
    cores: usize,
    model: String,
    /// None where there is no /proc.
    load: Option<f64>,
}

impl Machine {
    /// Looks, and says so if the numbers will not be worth much.
    pub(crate) fn look() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let machine = Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            model: model(&read("/proc/cpuinfo")).unwrap_or(std::env::consts::ARCH).to_owned(),
            load: load(&read("/proc/loadavg")),
        };
        if let Some(load) = machine.load.filter(|&load| load > IDLE) {
            screen::talk(format!(
                "the machine is at work already, with a load of {load:.2}: the numbers are not \
                 for quoting"
            ));
        }
        machine
    }

    /// For the table's last lines.
    pub(crate) fn describe(&self) -> String {
        let Self { cores, model, load } = self;
        match load {
            Some(load) => format!("{cores} cores of {model}, which had a load of {load:.2} before"),
            None => format!("{cores} cores of {model}"),
        }
    }
}

fn model(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start().strip_prefix(':')?.trim()).filter(|model| !model.is_empty())
}

fn load(loadavg: &str) -> Option<f64> {
    loadavg.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_and_load_are_read_from_proc() {
        let cpuinfo = "processor\t: 0\nmodel name\t: A CPU @ 2.0 GHz\nstepping\t: 1\n";
        assert_eq!(model(cpuinfo), Some("A CPU @ 2.0 GHz"));
        assert_eq!(model("Features\t: fp asimd\n"), None);
        assert_eq!(load("0.42 0.10 0.01 1/123 4567\n"), Some(0.42));
        assert_eq!(load(""), None);
    }
}
