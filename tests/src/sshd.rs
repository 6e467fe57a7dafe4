//! A real OpenSSH server on loopback, for one user who may come with a key, a
//! certificate or a password, and may do anything with `sudo` and that password.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The password of [`Sshd`]'s user.
pub const SSH_PASSWORD: &str = "ansible";

/// The hash of it, as `/etc/shadow` has it.
const HASH: &str = "$6$playhouse$KzyE4OzsjYGorWWuFr2E2QlTrkVXdy5wAY8owvuTf.KUxTgPsSZAAcktWSItxdg/k96VwCtCbTyIrmU3vCESp1";

/// The server. It ends when this is dropped.
pub struct Sshd {
    process: Child,
    folder: TempDir,
    port: u16,
}

impl Sshd {
    /// Starts it in a mount namespace of its own, in which its user's password is known.
    pub fn start() -> Self {
        let readable = fs::Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(readable).tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        keygen(&["-f", &text(&at("host_key"))], "");
        keygen(&["-f", &text(&at("authority"))], "");
        fs::write(at("authorized_keys"), "").expect("a file");
        let users = [
            ("passwd", "root:x:0:0::/root:/bin/sh\nsshd:x:102:65534::/run/sshd:/bin/false\ntester:x:4242:4242::/tmp:/bin/sh\n".to_owned()),
            ("shadow", format!("root:*:19000::::::\ntester:{HASH}:19000::::::\n")),
            ("sudoers", "tester ALL=(ALL) ALL\n".to_owned()),
        ];
        for (name, text) in &users {
            fs::write(at(name), text).expect("a file");
        }
        // Free a moment ago; whoever takes it meanwhile makes the server say so.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = port.expect("a free port").port();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host_key\nPidFile none\nStrictModes no\nUsePAM no\n\
             AuthorizedKeysFile {0}/authorized_keys\nTrustedUserCAKeys {0}/authority.pub\nMaxStartups 100\n",
            folder.path().display()
        );
        fs::write(at("config"), config).expect("a file");
        let script = format!(
            "mount -t tmpfs none /run && mkdir /run/sshd && for file in passwd shadow sudoers; do mount --bind {0}/$file /etc/$file || exit; done && exec /usr/sbin/sshd -D -e -f {0}/config",
            folder.path().display()
        );
        let mut process = Command::new("unshare")
            .args(["--mount", "sh", "-c", &script])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("`unshare` starts");
        let mut said = String::new();
        let mut stderr = BufReader::new(process.stderr.take().expect("piped"));
        while !said.contains("Server listening") {
            let size = stderr.read_line(&mut said).expect("a line");
            assert_ne!(size, 0, "the OpenSSH server does not start; it needs root: {said}");
        }
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        Self { process, folder, port }
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// An inventory with one host, `far`, that is this server.
    pub fn inventory(&self) -> String {
        format!(
            "far ansible_connection=ssh ansible_host=127.0.0.1 ansible_port={} ansible_user=tester ansible_ssh_common_args='-F /dev/null -o UserKnownHostsFile=/dev/null -o IdentityFile=none'\n",
            self.port
        )
    }

    /// A new private key that the server knows.
    pub fn authorized_key(&self, passphrase: &str) -> String {
        let (key, public) = self.new_key(passphrase);
        let path = self.folder.path().join("authorized_keys");
        let known = fs::read_to_string(&path).expect("a file");
        fs::write(path, known + &public).expect("a file");
        key
    }

    /// A new private key that the server does not know, and a certificate for it of the
    /// authority that it does.
    pub fn certified_key(&self) -> (String, String) {
        let (key, _) = self.new_key("");
        let at = |name: &str| text(&self.folder.path().join(name));
        keygen_as_is(&[
            "-q",
            "-s",
            &at("authority"),
            "-I",
            "tester",
            "-n",
            "tester",
            &at("key.pub"),
        ]);
        (key, fs::read_to_string(at("key-cert.pub")).expect("a certificate"))
    }

    fn new_key(&self, passphrase: &str) -> (String, String) {
        let path = self.folder.path().join("key");
        let _ = fs::remove_file(&path);
        keygen(&["-f", &text(&path)], passphrase);
        let public = fs::read_to_string(path.with_extension("pub")).expect("a public key");
        (fs::read_to_string(path).expect("a private key"), public)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn keygen(arguments: &[&str], passphrase: &str) {
    keygen_as_is(&[&["-q", "-t", "ed25519", "-N", passphrase], arguments].concat());
}

fn keygen_as_is(arguments: &[&str]) {
    let status = Command::new("ssh-keygen").args(arguments).status().expect("`ssh-keygen` starts");
    assert!(status.success(), "ssh-keygen {arguments:?}");
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
