//! Ansible Runner's options for isolation, which is not there yet. They are taken, so
//! that a command line that does not use them means what it did; a run that was to be
//! locked up does not run free.

/// What would lock a run up.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct IsolationArgs {
    #[arg(long, hide = true)]
    process_isolation: bool,
    #[arg(long, hide = true)]
    process_isolation_executable: Option<String>,
    #[arg(long, hide = true)]
    process_isolation_path: Option<String>,
    #[arg(long, hide = true, num_args = 0..)]
    process_isolation_hide_paths: Vec<String>,
    #[arg(long, hide = true, num_args = 0..)]
    process_isolation_show_paths: Vec<String>,
    #[arg(long, hide = true, num_args = 0..)]
    process_isolation_ro_paths: Vec<String>,
    #[arg(long, hide = true)]
    directory_isolation_base_path: Option<String>,
    #[arg(long, hide = true)]
    container_image: Option<String>,
    #[arg(long, hide = true)]
    container_volume_mount: Vec<String>,
    #[arg(long, hide = true, allow_hyphen_values = true)]
    container_option: Vec<String>,
}

impl IsolationArgs {
    /// Why a run cannot be what it was asked to be; the other options do nothing alone.
    pub(super) fn refusal(&self) -> Option<String> {
        let asks = [
            (self.process_isolation, "--process-isolation"),
            (self.directory_isolation_base_path.is_some(), "--directory-isolation-base-path"),
        ];
        let (_, flag) = asks.into_iter().find(|(asks, _)| *asks)?;
        Some(format!(
            "`{flag}` asks for isolation, which there is none of yet; take it out to run as this user on this machine"
        ))
    }
}
