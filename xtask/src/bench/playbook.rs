//! The work to measure: playbooks in which Ansible does as little as it can, so that
//! what a runner adds is not lost in it.

use std::fmt::Write as _;

/// One piece of work.
#[derive(Debug)]
pub(crate) struct Playbook {
    /// For the table and the progress lines.
    pub(crate) title: String,
    /// What the project wants to reach, CPU and wall.
    pub(crate) goal: &'static str,
    /// The file `project/site.yml`.
    pub(crate) text: String,
    /// The file `inventory/hosts`.
    pub(crate) inventory: String,
}

impl Playbook {
    /// Both playbooks; a tenth of the work when `quick`.
    pub(crate) fn all(quick: bool) -> [Self; 2] {
        let scale = if quick { 10 } else { 1 };
        [Self::loop_on_one_host(5_000 / scale), Self::many_hosts(100 / scale)]
    }

    fn loop_on_one_host(items: usize) -> Self {
        Self {
            title: format!("1 host, one debug looped {items} times"),
            goal: "CPU ≤ 1.04x, wall ≤ 1.01x",
            text: format!(
                "- hosts: all\n  gather_facts: false\n  tasks:\n    \
                 - name: Say a number\n      ansible.builtin.debug:\n        \
                 msg: \"{{{{ item }}}}\"\n      loop: \"{{{{ range({items}) | list }}}}\"\n"
            ),
            inventory: inventory(1),
        }
    }

    fn many_hosts(hosts: usize) -> Self {
        let mut text = "- hosts: all\n  gather_facts: false\n  tasks:\n".to_owned();
        for task in ["Begin", "Go on", "Go further"] {
            let _ = write!(
                text,
                "    - name: {task}\n      ansible.builtin.debug:\n        msg: {task}\n"
            );
        }
        text.push_str(
            "    - name: Count\n      ansible.builtin.debug:\n        msg: \"{{ item }}\"\n      \
             loop: [1, 2, 3, 4, 5]\n",
        );
        Self {
            title: format!("{hosts} hosts x 4 tasks, one looped 5 times"),
            goal: "CPU ≤ 1.00x, wall ≤ 1.00x",
            text,
            inventory: inventory(hosts),
        }
    }
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
