//! The work to measure: playbooks in which Ansible does as little as it can, so that
//! what a runner adds is not lost in it.

use std::fmt::Write as _;
use std::time::Duration;

use super::part::Part;

/// One piece of work.
#[derive(Debug)]
pub(crate) struct Workload {
    /// What it is called on the command line.
    pub(crate) name: String,
    /// What it is, in a few words.
    pub(crate) title: String,
    /// What the project wants to reach, CPU and wall.
    pub(crate) goal: &'static str,
    /// The file `project/site.yml`.
    pub(crate) text: String,
    /// The file `inventory/hosts`.
    pub(crate) inventory: String,
    /// Options of ansible-playbook, which both runners have too.
    pub(crate) options: &'static [&'static str],
    /// Few files and large ones: a run's artifacts are removed behind it.
    pub(crate) is_bulky: bool,
}

impl Workload {
    /// The workload of that name, a tenth of it when `quick`; none where the part is
    /// measured without Ansible.
    pub(crate) fn of(part: Part, quick: bool) -> Option<Self> {
        let scale = if quick { 10 } else { 1 };
        let mut workload = match part {
            Part::EventHeavy => Self::loop_on_one_host(5_000 / scale),
            Part::HostHeavy => Self::many_hosts(100 / scale),
            Part::OutputHeavy => Self::much_output(200_000 / scale),
            Part::BigResults => Self::big_results(5_000_000 / scale),
            Part::StartUp => Self::one_task(1),
            Part::LargeInventory => Self::large_inventory(2_000 / scale),
            Part::Facts => Self::facts(50 / scale),
            Part::Waiting => Self::waiting(5_000 / scale),
            Part::Crossing | Part::Stream => return None,
        };
        workload.name = part.to_string();
        Some(workload)
    }

    /// Many events on one host.
    pub(crate) fn loop_on_one_host(items: usize) -> Self {
        Self {
            title: format!("1 host, one debug looped {items} times"),
            goal: "CPU ≤ 1.04x, wall ≤ 1.01x",
            ..Self::play(1, "", &looped(items))
        }
    }

    fn many_hosts(hosts: usize) -> Self {
        let mut tasks = String::new();
        for task in ["Begin", "Go on", "Go further"] {
            tasks.push_str(&debug(task, task));
        }
        tasks.push_str(&debug("Count", "{{ item }}"));
        tasks.push_str("      loop: [1, 2, 3, 4, 5]\n");
        Self {
            title: format!("{hosts} hosts x 4 tasks, one looped 5 times"),
            goal: "CPU ≤ 1.00x, wall ≤ 1.00x",
            ..Self::play(hosts, "", &tasks)
        }
    }

    fn much_output(lines: usize) -> Self {
        let task = format!("    - name: Count\n      ansible.builtin.command: seq 1 {lines}\n");
        Self {
            title: format!("1 host, `seq 1 {lines}` shown with -v"),
            options: &["-v"],
            is_bulky: true,
            ..Self::play(1, "", &task)
        }
    }

    /// A command's result has what it printed twice, as text and as lines.
    fn big_results(bytes: usize) -> Self {
        let mut tasks = String::new();
        for number in 1..=20 {
            let _ = write!(
                tasks,
                "    - name: Print much, {number}\n      ansible.builtin.shell: head -c {} \
                 /dev/zero | tr '\\0' x\n",
                bytes / 2
            );
        }
        Self {
            title: format!("1 host, 20 tasks with results of {:.1} MB", megabytes(bytes as u64)),
            is_bulky: true,
            ..Self::play(1, "", &tasks)
        }
    }

    /// The least there is to do on so many hosts.
    pub(crate) fn one_task(hosts: usize) -> Self {
        let plural = if hosts == 1 { "" } else { "s" };
        Self {
            title: format!("{hosts} host{plural}, one debug"),
            ..Self::play(hosts, "", &debug("Greet", "hello"))
        }
    }

    fn large_inventory(hosts: usize) -> Self {
        let tasks = "    - name: Remember\n      ansible.builtin.set_fact:\n        seen: true\n"
            .to_owned()
            + &debug("Say it", "{{ seen }}");
        Self {
            title: format!("{hosts} hosts, a set_fact and a debug"),
            ..Self::play(hosts, "", &tasks)
        }
    }

    fn facts(hosts: usize) -> Self {
        Self {
            title: format!("{hosts} hosts, facts gathered over a local connection"),
            ..Self::play(hosts, "  gather_facts: true\n", "")
        }
    }

    /// What takes long and is somebody else's work: what is left is the runner's own.
    fn waiting(milliseconds: usize) -> Self {
        let seconds = Duration::from_millis(milliseconds as u64).as_secs_f32();
        let task = format!("    - name: Wait\n      ansible.builtin.command: sleep {seconds}\n");
        Self {
            title: format!("10 hosts, a command of {seconds} s on each"),
            ..Self::play(10, "", &task)
        }
    }

    /// A play on `hosts` hosts; `more` are other lines of it.
    fn play(hosts: usize, more: &str, tasks: &str) -> Self {
        let more = if more.is_empty() { "  gather_facts: false\n" } else { more };
        let head = if tasks.is_empty() { "" } else { "  tasks:\n" };
        Self {
            name: String::new(),
            title: String::new(),
            goal: "–",
            text: format!("- hosts: all\n{more}{head}{tasks}"),
            inventory: inventory(hosts),
            options: &[],
            is_bulky: false,
        }
    }
}

/// One debug, so many times.
fn looped(items: usize) -> String {
    debug("Say a number", "{{ item }}")
        + &format!("      loop: \"{{{{ range({items}) | list }}}}\"\n")
}

fn debug(name: &str, message: &str) -> String {
    format!("    - name: {name}\n      ansible.builtin.debug:\n        msg: \"{message}\"\n")
}

fn inventory(hosts: usize) -> String {
    let mut text = String::new();
    for host in 1..=hosts {
        let _ = writeln!(text, "host{host:03}");
    }
    text.push_str(
        "\n[all:vars]\nansible_connection=local\n\
         ansible_python_interpreter=\"{{ ansible_playbook_python }}\"\n",
    );
    text
}

/// Millions of bytes.
#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_work_is_a_tenth() {
        let text = |part, quick| Workload::of(part, quick).expect("a workload").text;
        assert!(text(Part::EventHeavy, false).contains("range(5000)"));
        assert!(text(Part::EventHeavy, true).contains("range(500)"));
        assert!(text(Part::BigResults, false).contains("head -c 2500000 "));
        assert!(text(Part::Waiting, false).contains("sleep 5\n"));
        assert!(text(Part::Waiting, true).contains("sleep 0.5\n"));
        let hosts = |quick| {
            let workload = Workload::of(Part::LargeInventory, quick).expect("a workload");
            workload.inventory.lines().filter(|line| line.starts_with("host")).count()
        };
        assert_eq!((hosts(false), hosts(true)), (2_000, 200));
    }

    #[test]
    fn a_play_is_the_yaml_it_should_be() {
        assert_eq!(
            Workload::of(Part::Facts, true).expect("a workload").text,
            "- hosts: all\n  gather_facts: true\n"
        );
        assert_eq!(
            Workload::of(Part::StartUp, false).expect("a workload").text,
            "- hosts: all\n  gather_facts: false\n  tasks:\n    - name: Greet\n      \
             ansible.builtin.debug:\n        msg: \"hello\"\n"
        );
    }
}
