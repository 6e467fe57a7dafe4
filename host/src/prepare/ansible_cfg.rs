//! Whether the operator's `ansible.cfg` speaks of an option that a run would otherwise
//! set through the environment, which beats the file.

use std::path::PathBuf;
use std::{fs, path::Path};

use super::Environment;

/// The `[defaults]` options of the `ansible.cfg` that Ansible will read.
#[derive(Debug, Default)]
pub(super) struct AnsibleCfg {
    defaults: Vec<String>,
}

impl AnsibleCfg {
    /// Finds the file as Ansible does: `ANSIBLE_CONFIG`, the working directory, the home
    /// directory, `/etc/ansible`. One that cannot be read says nothing.
    pub(super) fn read(environment: &Environment, project_dir: &Path) -> Self {
        let candidates = [
            environment.text("ANSIBLE_CONFIG").map(|path| {
                let path = project_dir.join(path);
                if path.is_dir() { path.join("ansible.cfg") } else { path }
            }),
            Some(project_dir.join("ansible.cfg")),
            environment.text("HOME").map(|home| PathBuf::from(home).join(".ansible.cfg")),
            Some(PathBuf::from("/etc/ansible/ansible.cfg")),
        ];
        let text = candidates.into_iter().flatten().find_map(|path| fs::read_to_string(path).ok());
        Self { defaults: text.map(|text| options_of_defaults(&text)).unwrap_or_default() }
    }

    /// Whether `[defaults]` sets this option.
    pub(super) fn sets(&self, option: &str) -> bool {
        self.defaults.iter().any(|known| known == option)
    }
}

fn options_of_defaults(text: &str) -> Vec<String> {
    let mut section = "";
    let mut options = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = name;
        } else if section == "defaults"
            && !line.starts_with(['#', ';', ' ', '\t'])
            && let Some((option, _)) = line.split_once(['=', ':'])
        {
            options.push(option.trim().to_ascii_lowercase());
        }
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_options_of_defaults_count() {
        let text = "[defaults]\nHost_Key_Checking = True\n#fact_caching = redis\n[ssh]\nforks: 3\n";
        assert_eq!(options_of_defaults(text), ["host_key_checking"]);
    }
}
