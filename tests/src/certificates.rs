//! Certificates of an authority that only tests trust.

use std::path::Path;
use std::process::Command;

/// Makes an authority in a folder, and certificates of it for a server on 127.0.0.1 and for
/// a client called `tester`: `ca`, `server` and `client`, each `.pem` and `.key`.
pub(crate) fn certify(folder: &Path) {
    let at = |name: &str| folder.join(name).display().to_string();
    let make = |name: &str, subject: &str, more: &[&str]| {
        let (key, certificate) = (at(&format!("{name}.key")), at(&format!("{name}.pem")));
        let request = ["req", "-x509", "-subj", subject, "-keyout", &key, "-out", &certificate];
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        run("openssl", &[&request[..], &key, more].concat());
    };
    let (ca, ca_key) = (at("ca.pem"), at("ca.key"));
    let signed = ["-CA", &ca, "-CAkey", &ca_key, "-addext", "basicConstraints=critical,CA:FALSE"];
    make("ca", "/CN=authority", &[]);
    let name = ["-addext", "subjectAltName=IP:127.0.0.1"];
    make("server", "/CN=server", &[&signed[..], &name].concat());
    make("client", "/CN=tester", &signed);
}

/// Runs a program to its good end.
pub(crate) fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("`{program}` does not start: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
