use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::thread;

use serde_json::{Map, json};

use super::*;
use crate::plugins::{Allow, Metadata};

/// An egress that asks for everything and is allowed `http` and `addresses`.
fn egress(http: &[&str], addresses: &[&str]) -> Egress {
    let wants = json!({"wants": [{"kind": "http", "origins": ["http://*:*", "https://*:*"]}]});
    let metadata: Metadata = serde_json::from_value(wants).unwrap();
    let allow: Allow =
        serde_json::from_value(json!({"http": http, "addresses": addresses})).unwrap();
    let grants = Grants::new("x".parse().unwrap(), Some(&metadata), &allow, &Map::new()).unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    Egress::new(Arc::new(grants), Arc::default(), Arc::default(), 8, None)
}

fn request(url: &str) -> HttpRequest {
    HttpRequest {
        method: "POST".into(),
        url: url.into(),
        headers: vec![("x-one".into(), b"1".to_vec())],
        body: b"body".to_vec(),
        timeout: Duration::from_secs(5),
    }
}

fn send(egress: &Egress, request: HttpRequest) -> Result<HttpResponse, EgressError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(egress.send(request, &mut Held::uncounted()))
}

fn refused(egress: &Egress, url: &str) -> (EgressErrorKind, String) {
    let error = send(egress, request(url)).expect_err(url);
    (error.kind, error.message)
}

/// Reads one request and gives one answer; the thread ends with what was asked.
fn serve_once(answer: impl Into<String>) -> (u16, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = answer.into();
    let asked = thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let asked = read_request(&mut peer);
        peer.write_all(answer.as_bytes()).unwrap();
        asked
    });
    (port, asked)
}

fn read_request(peer: &mut impl Read) -> String {
    let mut asked = Vec::new();
    while !asked.ends_with(b"body") {
        let mut buffer = [0; 1024];
        let size = peer.read(&mut buffer).unwrap();
        assert!(size > 0, "the request ends with its body");
        asked.extend_from_slice(&buffer[..size]);
    }
    String::from_utf8(asked).unwrap()
}

#[test]
fn a_granted_exchange_is_made_as_asked() {
    let (port, asked) =
        serve_once("HTTP/1.1 201 Created\r\nX-Two: 2\r\nContent-Length: 2\r\n\r\nok");
    let response = send(
        &egress(&["http://localhost:*"], &[]),
        request(&format!("http://localhost:{port}/a?b=c")),
    )
    .unwrap();
    assert_eq!((response.status, response.body.as_slice()), (201, &b"ok"[..]));
    assert!(response.headers.contains(&("x-two".into(), b"2".to_vec())));
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("POST /a?b=c HTTP/1.1\r\n"), "{asked}");
    assert!(
        asked.contains(&format!("host: localhost:{port}\r\n")) && asked.contains("x-one: 1\r\n")
    );
}

#[test]
fn a_redirect_is_the_answer() {
    let (port, _asked) = serve_once(
        "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
    );
    let egress = egress(&["http://127.0.0.1:*"], &[]);
    let response = send(&egress, request(&format!("http://127.0.0.1:{port}/"))).unwrap();
    assert_eq!((response.status, egress.refusals()), (302, 0));
}

#[test]
fn a_refusal_says_the_flag_and_is_counted() {
    let egress = egress(&["http://*:*"], &[]);
    for (url, part) in [
        ("https://h:8443/", "add `--plugin-allow x.http=https://h:8443`"),
        ("http://127.0.0.1:9/", "add `--plugin-allow x.addresses=127.0.0.1`"),
        ("http://2130706433:9/", "add `--plugin-allow x.addresses=127.0.0.1`"),
        ("http://[::ffff:7f00:1]:9/", "add `--plugin-allow x.addresses=::ffff:127.0.0.1`"),
        ("http://localhost:9/", "`localhost` is at 127.0.0.1, which is this machine itself"),
        ("http://169.254.169.254/latest", "`169.254.169.254` is link-local"),
        ("http://10.0.0.1/", "a private network"),
        ("http+unix://%2Frun%2Fx.sock/", "does not ask for it"),
    ] {
        let (kind, message) = refused(&egress, url);
        assert_eq!(kind, EgressErrorKind::Denied, "{url}: {message}");
        assert!(message.contains(part), "{url}: {message}");
    }
    assert_eq!(egress.refusals(), 8);
}

#[test]
fn what_cannot_be_sent_is_invalid() {
    let egress = egress(&["http://h"], &[]);
    for url in
        ["", "h", "ftp://h/", "http://1.2.3.4.5/", "http+unix://x/y", "http://[fe80::1%25e]/"]
    {
        assert_eq!(refused(&egress, url).0, EgressErrorKind::Invalid, "{url}");
    }
    for name in ["Host", "content-length", "Proxy-Authorization", "connection", "a b", ""] {
        let mut request = request("http://h/");
        request.headers = vec![(name.into(), b"1".to_vec())];
        assert_eq!(send(&egress, request).unwrap_err().kind, EgressErrorKind::Invalid, "{name}");
    }
    let mut request = request("http://h/");
    request.headers = vec![("x".into(), b"1\r\nhost: evil".to_vec())];
    assert_eq!(send(&egress, request).unwrap_err().kind, EgressErrorKind::Invalid);
}

#[test]
fn bodies_are_bounded_both_ways() {
    let egress = egress(&["http://127.0.0.1:*"], &[]);
    let mut large = request("http://127.0.0.1:9/");
    large.body = vec![0; LARGEST_BODY_OUT + 1];
    assert_eq!(send(&egress, large).unwrap_err().kind, EgressErrorKind::Limit);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", LARGEST_BODY_IN + 1);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        read_request(&mut peer);
        peer.write_all(head.as_bytes()).unwrap();
        // The reader hangs up where its limit is.
        let _ = peer.write_all(&vec![b'x'; LARGEST_BODY_IN + 1]);
    });
    assert_eq!(refused(&egress, &format!("http://127.0.0.1:{port}/")).0, EgressErrorKind::Limit);
}

#[test]
fn kinds_of_failure_are_told_apart() {
    let egress = egress(&["http://127.0.0.1:*", "https://127.0.0.1:*", "http://*.invalid"], &[]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let unreachable = refused(&egress, &format!("http://127.0.0.1:{free}/"));
    assert_eq!(unreachable.0, EgressErrorKind::Unreachable, "{}", unreachable.1);
    let unresolved = refused(&egress, "http://nobody.invalid/");
    assert_eq!(unresolved.0, EgressErrorKind::Unresolved, "{}", unresolved.1);
    let (port, _asked) = serve_once("");
    let closed = refused(&egress, &format!("http://127.0.0.1:{port}/"));
    assert_eq!(closed.0, EgressErrorKind::Closed, "{}", closed.1);

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut patient = request(&format!("http://127.0.0.1:{port}/"));
    patient.timeout = Duration::from_millis(50);
    assert_eq!(send(&egress, patient).unwrap_err().kind, EgressErrorKind::TimedOut);

    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = plain.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut peer, _) = plain.accept().unwrap();
        let _ = peer.read(&mut [0; 1024]);
        let _ = peer.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let tls = refused(&egress, &format!("https://127.0.0.1:{port}/"));
    assert_eq!(tls.0, EgressErrorKind::Tls, "{}", tls.1);
}

#[test]
fn a_socket_is_reached_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sock");
    let metadata: Metadata =
        serde_json::from_value(json!({"wants": [{"kind": "http", "setting": "/url"}]})).unwrap();
    let config = json!({"url": path});
    let grants = Grants::new(
        "x".parse().unwrap(),
        Some(&metadata),
        &Allow::default(),
        config.as_object().unwrap(),
    );
    let egress = Egress::new(Arc::new(grants.unwrap()), Arc::default(), Arc::default(), 8, None);
    let url = format!("http+unix://{}/hook?a=b", path.to_str().unwrap().replace('/', "%2F"));
    assert_eq!(refused(&egress, &url).0, EgressErrorKind::Unreachable);
    let listener = UnixListener::bind(&path).unwrap();
    let asked = thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let asked = read_request(&mut peer);
        peer.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        asked
    });
    assert_eq!(send(&egress, request(&url)).unwrap().status, 204);
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{asked}");
}

#[test]
fn a_proxy_gets_the_request_and_the_host_is_not_looked_up() {
    let (port, asked) = serve_once("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    let mut environment = crate::prepare::Environment::default();
    environment.set("http_proxy", format!("http://127.0.0.1:{port}"));
    let direct = egress(&["http://nowhere.invalid"], &[]);
    let proxies = Arc::new(Proxies::of(&environment));
    let egress = Egress::new(Arc::clone(&direct.grants), Arc::default(), proxies, 8, None);
    let answer = send(&egress, request("http://nowhere.invalid/x")).unwrap();
    assert_eq!(answer.body, b"ok");
    assert!(egress.is_proxied());
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("POST http://nowhere.invalid/x HTTP/1.1\r\n"), "{asked}");
    // What is not granted does not go there either.
    let (kind, message) = refused(&egress, "http://other.invalid/");
    assert_eq!(kind, EgressErrorKind::Denied, "{message}");
}
