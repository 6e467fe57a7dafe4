//! Programs that the tests need from the operating system: an OpenSSH server, what
//! types passwords, an MQTT broker with its clients, what makes certificates, what counts
//! instructions, and `jq` for a page. They are installed where this is Debian and we are
//! root; elsewhere the message says what to install.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::step::{self, step};

/// A program and the Debian package that has it.
type Program = (&'static str, &'static str);

/// What `cargo xtask test` needs.
pub(crate) const FOR_TESTS: &[Program] = &[
    ("jq", "jq"),
    ("mosquitto", "mosquitto"),
    ("mosquitto_sub", "mosquitto-clients"),
    ("openssl", "openssl"),
    ("sshd", "openssh-server"),
    ("ssh-agent", "openssh-client"),
    ("sshpass", "sshpass"),
    ("sudo", "sudo"),
    VALGRIND,
];

/// What `cargo xtask instructions` needs.
pub(crate) const FOR_INSTRUCTIONS: &[Program] = &[VALGRIND];

const VALGRIND: Program = ("valgrind", "valgrind");

/// Makes sure that all of these are there.
pub(crate) fn ensure_programs(programs: &[Program]) -> Result<(), Failure> {
    let missing: Vec<&str> = programs
        .iter()
        .filter(|(program, _)| !is_installed(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    if !is_installed("apt-get") || !is_root() {
        return Err(Failure::new(format!(
            "cannot go on without {packages}, as Debian calls them; install them and try again"
        )));
    }
    step(&format!("installing {packages} from Debian"), || {
        step::run(
            Command::new("apt-get").args(["update", "-qq"]),
            "update the lists of Debian's packages",
        )?;
        let install = ["install", "-qq", "-y", "--no-install-recommends"];
        step::run(
            Command::new("apt-get")
                .args(install)
                .args(&missing)
                .env("DEBIAN_FRONTEND", "noninteractive"),
            &format!("install {packages}"),
        )
    })
}

/// Servers are in folders that a user's PATH need not have.
fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/bin".into()]);
    folders.map(|folder| folder.join(program)).any(|file| Path::is_file(&file))
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
