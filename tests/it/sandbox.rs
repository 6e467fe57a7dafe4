//! What a guest sees of the machine and whom it can talk to: nothing and nobody, unless the
//! operator said so. Each refusal is counted, and the log has the line that would allow it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use receiver::{Answer, Receiver};
use tests::{HttpsServers, RunTest, guest};

use crate::hello;

fn rogue(entry: &str) -> RunTest {
    hello().file("env/plugins", &format!("- plugin: {}\n  {entry}\n", guest("rogue").display()))
}

/// A peer that hears a line and says a word, so many times.
fn peer(times: usize) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = thread::spawn(move || {
        listener
            .incoming()
            .take(times)
            .map(|stream| {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                stream.write_all(b"good morning").unwrap();
                line
            })
            .collect()
    });
    (port, heard)
}

#[test]
fn a_guest_sees_no_variables_arguments_folders_or_files() {
    let ran = rogue("config: {in: finish, do: look, lane: delivery}")
        .file("env/envvars", "CI_JOB: the-job\n")
        .run()
        .expect_code(0);
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.contains("variables: []") && log.contains("arguments: []"), "{log}");
    assert!(!log.contains("entered") && !log.contains("read /"), "{log}");
    assert_eq!(log.matches("os error").count(), 7, "each place and each file: {log}");
}

#[test]
fn variables_and_folders_are_seen_as_far_as_they_are_granted() {
    let test = rogue("config: {in: finish, do: look, lane: delivery}\n  allow: {env: [CI_*]}")
        .file("env/envvars", "CI_JOB: the-job\nCLOUD_KEY: hidden\n");
    let room = test.room().to_owned();
    let dir = format!("rogue.dir={}", room.display());
    let ran = test.arguments(&["--plugin-allow", &dir]).run().expect_code(0);
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.contains(r#"variables: [("CI_JOB", "the-job")]"#), "{log}");
    let ran = rogue("config: {in: finish, do: look, lane: delivery}")
        .arguments(&["--plugin-allow", "rogue.dir=/nowhere/at-all"])
        .run();
    assert!(ran.stderr.contains("cannot enter the folder `/nowhere/at-all`"), "{}", ran.stderr);
}

#[test]
fn sockets_and_the_resolver_of_wasi_are_refused_and_counted() {
    let ran = rogue("config: {in: finish, do: sockets, lane: delivery}").run().expect_code(0);
    let log = ran.artifact("plugins/rogue/log");
    assert!(!log.contains("worked"), "{log}");
    for words in ["no TCP socket: ", "no UDP socket: ", "the name `ansible.invalid` is not"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    assert!(ran.plugin_line("rogue").contains("4 refusals"), "{}", ran.stderr);
}

#[test]
fn no_socket_is_opened_that_a_guest_could_keep() {
    let ran = rogue("config: {in: enrich, do: hoard-sockets}").run().expect_code(0);
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.contains(" 0 sockets") && log.contains("no TCP socket: "), "{log}");
    assert!(ran.plugin_line("rogue").contains(" refusal"), "{}", ran.stderr);
    assert_eq!(ran.events().len(), 6, "{}", ran.stderr);
}

/// The most memory that Playhouse's own process had in a run, in MiB, and the run's log of
/// the plugin.
fn peak_memory(entry: &str) -> (u64, String) {
    let test = rogue(entry);
    let mut playhouse = test.start();
    let status = format!("/proc/{}/status", playhouse.id());
    let mut peak = 0;
    // What is asked for here happens in `init`, a whole run before the end.
    while playhouse.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or_default());
        thread::sleep(Duration::from_millis(5));
    }
    let ran = test.ended(&playhouse.wait_with_output().unwrap()).expect_code(0);
    assert_eq!(ran.events().len(), 6, "{}", ran.stderr);
    (peak >> 10, ran.artifact("plugins/rogue/log"))
}

#[test]
fn what_waits_in_the_host_for_a_plugin_is_bounded() {
    let entry = |function: &str| {
        format!(
            "config: {{in: {function}, do: hoard-requests, lane: path}}\n  limits: {{memory_mib: 32, cpu_ms: 60000, init_ms: 60000}}"
        )
    };
    let (usual, _) = peak_memory(&entry("nothing"));
    let (peak, log) = peak_memory(&entry("init"));
    assert!(peak < usual + 32 + 64, "{usual} MiB without and {peak} MiB with: {log}");
    assert!(log.contains(" 0 long texts"), "{log}");
    assert!(log.contains("a request is not sent: "), "{log}");
    let bodies = log.lines().find_map(|line| {
        line.strip_suffix(" bytes of bodies that are under way")?.rsplit(' ').next()?.parse().ok()
    });
    // The two that have room, and of the others what was under way when they were refused.
    assert!(bodies.is_some_and(|bytes: usize| (32 << 20..36 << 20).contains(&bytes)), "{log}");
}

#[test]
fn a_request_with_too_many_headers_is_refused_in_every_hook() {
    for function in
        ["init", "prepare", "keep", "enrich", "deliver-status", "deliver-events", "tick", "finish"]
    {
        let entry = format!(
            "config: {{in: {function}, do: many-headers}}\n  allow: {{http: [\"http://127.0.0.1:1\"]}}"
        );
        let ran = rogue(&entry).run().expect_code(0);
        let log = ran.artifact("plugins/rogue/log");
        let said = "the request has 40000 headers; 1024 are allowed";
        assert!(log.contains(&format!("Limit: {said}")), "{function}: {log}");
        assert_eq!(ran.events().len(), 6, "{function}: {}", ran.stderr);
    }
}

#[test]
fn links_that_a_plugin_makes_stay_in_its_folder() {
    let test = rogue("config: {in: finish, do: links, lane: delivery}");
    let folder = test.room().join("folder");
    fs::create_dir(&folder).unwrap();
    let allow = format!("rogue.dir={}:rw", folder.display());
    let ran = test.arguments(&["--plugin-allow", &allow]).run().expect_code(0);
    let log = ran.artifact("plugins/rogue/log");
    for out in ["../outside/secret", "/etc/passwd", "a/../../x", ".."] {
        assert!(log.contains(&format!("no link to {out}: not-permitted")), "{out}: {log}");
        assert!(log.contains(&format!("no link `link` to `{out}`: ")), "{out}: {log}");
    }
    assert!(ran.plugin_line("rogue").contains("4 refusals"), "{}", ran.stderr);
    let links = [("7", "ok-name"), ("5", "./a/b")];
    for (name, target) in links {
        let link = fs::read_link(folder.join("deep").join(name)).unwrap();
        assert_eq!(link, Path::new(target), "{log}");
    }
    assert_eq!(fs::read_dir(folder.join("deep")).unwrap().count(), links.len());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "{log}");
}

#[test]
fn places_that_no_grant_reaches_are_refused_in_every_spelling() {
    let receiver = Receiver::start();
    let port = receiver.url().rsplit(':').next().unwrap();
    for (kind, urls, allow) in [
        (
            "http",
            vec![
                "http://169.254.169.254/latest".to_owned(),
                format!("http://2130706433:{port}/"),
                format!("http://0x7f.1:{port}/"),
                format!("http://[::ffff:127.0.0.1]:{port}/"),
            ],
            "http: [\"http://*:*\"]",
        ),
        (
            "wasi-http",
            vec![
                "http://169.254.169.254/latest".to_owned(),
                format!("http://2130706433:{port}/"),
                format!("http://0x7f.1:{port}/"),
                format!("http://[::ffff:127.0.0.1]:{port}/"),
            ],
            "http: [\"http://*:*\"]",
        ),
        (
            "net",
            vec![
                "tcp://169.254.169.254:80".to_owned(),
                format!("tcp://2130706433:{port}"),
                format!("tcp://0177.0.0.1:{port}"),
                format!("tcp://[::ffff:127.0.0.1]:{port}"),
            ],
            "net: [\"tcp://*:*\"]",
        ),
    ] {
        let ran = rogue(&format!(
            "config: {{in: deliver-status, do: {kind}, urls: {urls:?}}}\n  allow: {{{allow}}}"
        ))
        .run()
        .expect_code(0);
        let log = ran.artifact("plugins/rogue/log");
        // The guest logs what it is told, for which `wasi:http` has no words.
        let lines = if kind == "wasi-http" { 12 } else { 24 };
        assert_eq!(log.matches("--plugin-allow rogue.addresses=").count(), lines, "{log}");
        assert!(log.contains("add `--plugin-allow rogue.addresses=169.254.169.254`"), "{log}");
        assert!(ran.plugin_line("rogue").contains("12 refusals"), "{}", ran.stderr);
    }
    assert_eq!(receiver.requests().len(), 0);
}

#[test]
fn a_redirect_is_an_answer_and_its_target_needs_a_grant_of_its_own() {
    let elsewhere = Receiver::start();
    let to = format!("{}/there", elsewhere.url());
    let receiver = Receiver::start_with(move |_| Answer::status(302).header("location", &to));
    let ran = rogue(&format!(
        "config: {{in: deliver-status, do: http, urls: [\"{0}/x\", \"{1}/there\"]}}\n  allow: {{http: [\"{0}\"]}}",
        receiver.url(),
        elsewhere.url(),
    ))
    .run()
    .expect_code(0);
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.contains("/x answered 302"), "{log}");
    assert_eq!(elsewhere.requests().len(), 0);
    assert!(log.contains(&format!("--plugin-allow rogue.http={}", elsewhere.url())), "{log}");
}

#[test]
fn wasi_http_has_the_grants_of_http() {
    let receiver = Receiver::start();
    let urls = format!("[\"{}/x\", \"http://127.0.0.1:1/y\"]", receiver.url());
    let entry = format!(
        "config: {{in: deliver-status, do: wasi-http, urls: {urls}}}\n  allow: {{http: [\"{}\"]}}",
        receiver.url()
    );
    let ran = rogue(&entry).run().expect_code(0);
    let log = ran.artifact("plugins/rogue/log");
    assert_eq!(log.matches("/x answered 200").count(), 3, "{log}");
    assert!(log.contains("add `--plugin-allow rogue.http=http://127.0.0.1:1`"), "{log}");
    assert!(ran.plugin_line("rogue").contains("3 refusals"), "{}", ran.stderr);
    assert_eq!(receiver.requests().len(), 3);
}

#[test]
fn a_certificate_is_shown_to_the_origins_that_it_is_for() {
    let servers = HttpsServers::start(2);
    let (one, other) = (servers.url(0), servers.url(1));
    let file = |name: &str| servers.path(name).display().to_string();
    let (ca, cert, key) = (file("ca.pem"), file("client.pem"), file("client.key"));
    let run = |urls: &[&str], origins: &str| {
        let entry = format!(
            "config: {{in: deliver-status, do: http, urls: {urls:?}}}\n  allow: {{http: {urls:?}}}\n  tls_ca: {ca}\n  identities: {{me: {{{origins}cert: {cert}, key: {key}}}}}"
        );
        rogue(&entry).run()
    };
    let both = [one.as_str(), other.as_str()];
    for (urls, origins, shown, notices) in [
        (&both[..], format!("origins: [\"{other}\"], "), [false, true], 0),
        (&both[..], "origins: [\"https://*:*\"], ".to_owned(), [true, true], 0),
        (&both[..], "origins: [], ".to_owned(), [false, false], 0),
        (&both[..], String::new(), [false, false], 1),
        (&both[..1], String::new(), [true, false], 0),
    ] {
        let ran = run(urls, &origins).expect_code(0);
        let log = ran.artifact("plugins/rogue/log");
        assert_eq!(log.matches(" answered 200").count(), 3 * urls.len(), "{origins}: {log}");
        assert_eq!([0, 1].map(|number| servers.shown(number) > 0), shown, "{origins}: {log}");
        let notice = format!(
            "HTTP exchanges show no certificate of `me`, since the plugin may send to more than one origin (`{one}`, `{other}`); write where"
        );
        assert_eq!(log.matches(&notice).count(), notices, "{origins}: {log}");
    }
    for (origins, said) in [
        (
            "origins: [\"https://a/b\"], ",
            "the origin `https://a/b` of the identity `me` cannot be read: column 10: ",
        ),
        ("origins: [\"http://a\"], ", "a certificate is shown over `https://` alone"),
    ] {
        let _ran = run(&both, origins).expect_code(78).expect_stderr(said);
    }
    let twice = format!(
        "identities: {{me: {{origins: [\"https://*.a\"], cert: {cert}, key: {key}}}, you: {{origins: [\"https://b.a\"], cert: {cert}, key: {key}}}}}"
    );
    let _ran = rogue(&twice).run().expect_code(78).expect_stderr(
        "the identities `me` and `you` are both for some origin: `https://*.a` and `https://b.a`",
    );
}

#[test]
fn a_stream_goes_where_it_is_granted_and_nowhere_else() {
    let (port, heard) = peer(3);
    let entry = format!(
        "config: {{in: deliver-status, do: net, urls: [\"tcp://127.0.0.1:{port}\", \"tcp://127.0.0.1:1\"]}}\n  allow: {{net: [\"tcp://127.0.0.1:{port}\"]}}"
    );
    let ran = rogue(&entry).run().expect_code(0);
    assert_eq!(heard.join().unwrap(), ["hello\n"; 3]);
    let log = ran.artifact("plugins/rogue/log");
    assert_eq!(log.matches("answered good morning").count(), 3, "{log}");
    assert!(log.contains("add `--plugin-allow rogue.net=tcp://127.0.0.1:1`"), "{log}");
    assert!(ran.plugin_line("rogue").contains("3 refusals"), "{}", ran.stderr);
}

#[test]
fn so_many_streams_are_open_at_a_time() {
    let address = "tcp://127.0.0.1:1";
    let entry = format!(
        "config: {{in: deliver-status, do: net, urls: [\"{address}\"]}}\n  allow: {{net: [\"{address}\"]}}"
    );
    let ran = rogue(&entry).run().expect_code(0);
    assert!(ran.artifact("plugins/rogue/log").contains("Unreachable"));
    let ran = rogue(&format!("{entry}\n  limits: {{connections: 0}}")).run().expect_code(0);
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.contains("too many connections are open; close one first"), "{log}");
}

#[test]
fn a_secret_comes_from_where_the_operator_says_and_stays_out_of_everything() {
    let entry = "config: {in: deliver-status, do: secret}\n  secrets: {token: {env: TOKEN}}";
    let ran = rogue(entry).variable("TOKEN", "s3cr3t-of-the-sink").run().expect_code(0);
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.contains("the token is ********, of 18 bytes"), "{log}");
    assert!(log.contains("may not read the secret `other`"), "{log}");
    assert!(!ran.stderr.contains("s3cr3t"), "{}", ran.stderr);

    let ran = rogue("config: {in: deliver-status, do: secret}").run().expect_code(0);
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.contains("--plugin-secret rogue.token=env:VARIABLE"), "{log}");
    assert!(ran.plugin_line("rogue").contains("6 refusals"), "{}", ran.stderr);

    let ran = rogue("config: {in: deliver-status, do: secret}")
        .arguments(&["--plugin-secret", "rogue.token=command:false"])
        .run()
        .expect_code(0);
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.contains("the secret `token` has no value: `false` failed"), "{log}");
}

#[test]
fn a_timer_that_always_wants_more_leaves_the_sink_its_turns() {
    let ran = rogue("config: {in: tick, do: hurry}").run().expect_code(0);
    let line = ran.plugin_line("rogue");
    assert!(line.contains("3 statuses and 6 events delivered, 0 waiting"), "{line}");
    assert!(ran.artifact("plugins/rogue/log").matches("tick").count() > 10, "it is called");

    let ran = rogue("config: {in: tick, do: panic}").run().expect_code(0);
    assert_eq!(ran.events().len(), 6);
    assert!(ran.plugin_line("rogue").contains("trapped in tick"), "{}", ran.stderr);
}
