//! Real HTTPS servers on loopback that ask for certificates and do not insist on one.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::certificates::certify;
use crate::processes::wait_until;

/// Servers of one authority. They end when this is dropped.
pub struct HttpsServers {
    servers: Vec<(u16, Child)>,
    folder: TempDir,
}

impl HttpsServers {
    /// So many, running.
    pub fn start(count: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        certify(folder.path());
        let mut all = Self { servers: Vec::new(), folder };
        all.servers = (0..count).map(|number| all.start_one(number)).collect();
        all
    }

    fn start_one(&self, number: usize) -> (u16, Child) {
        // Free a moment ago; whoever takes it meanwhile makes the server say so.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = port.expect("a free port").port();
        let log = File::options().append(true).create(true).open(self.log_path(number));
        let log = log.expect("a log");
        let server = Command::new("openssl")
            .args(["s_server", "-www", "-verify", "1", "-accept", &format!("127.0.0.1:{port}")])
            .args(["-cert", "server.pem", "-key", "server.key", "-CAfile", "ca.pem"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("a log"))
            .stdout(log)
            .spawn()
            .expect("`openssl` starts");
        wait_until("the server listens", || self.log(number).contains("ACCEPT"));
        (port, server)
    }

    /// The URL of one.
    pub fn url(&self, number: usize) -> String {
        format!("https://127.0.0.1:{}", self.servers[number].0)
    }

    /// A file that the authority made.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How often one was shown the certificate of `tester`, since it was last asked.
    pub fn shown(&self, number: usize) -> usize {
        let shown = self.log(number).lines().filter(|line| is_testers(line)).count();
        File::options()
            .write(true)
            .open(self.log_path(number))
            .and_then(|log| log.set_len(0))
            .expect("a log");
        shown
    }

    fn log(&self, number: usize) -> String {
        fs::read_to_string(self.log_path(number)).unwrap_or_default()
    }

    fn log_path(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("log-{number}"))
    }
}

/// `depth=0 CN=tester`, with spaces in some versions.
fn is_testers(line: &str) -> bool {
    line.starts_with("depth=0") && line.ends_with("tester")
}

impl Drop for HttpsServers {
    fn drop(&mut self) {
        for (_, server) in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
