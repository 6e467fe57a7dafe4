//! The exit codes that are not Ansible's. Where Ansible Runner has one for a situation
//! it is ours too; 64 to 78 are for what it lacks. The README has them in a table.

/// The private data directory or the inventory that was asked for is not there.
pub const INPUT: i32 = 1;

/// `plugin verify`: an installed plugin is not what was installed.
pub const DIFFERS: i32 = 1;

/// The command line cannot be read.
pub const USAGE: i32 = 2;

/// The artifacts or the installed plugins cannot be written, or another run has them.
pub const ARTIFACTS: i32 = 73;

/// Ansible ended with 0, and a sink that is `required` has not taken everything.
pub const UNDELIVERED: i32 = 75;

/// A pre-run plugin refused the run, or an upgrade of a plugin has to be accepted first.
pub const REFUSED: i32 = 77;

/// A file of `env/` or a plugin cannot be used as it is.
pub const CONFIGURATION: i32 = 78;

/// ansible-playbook is not there or may not be executed.
pub const NOT_FOUND: i32 = 127;

/// The run was canceled, or took too long.
pub const STOPPED: i32 = 254;

/// A signal ended Ansible: this and the signal's number.
pub const SIGNALED: i32 = 128;
