//! The receiver against a client that writes its own bytes, so that nothing but the
//! receiver decides about order, connections and answers.
#![expect(clippy::unwrap_used, reason = "a test says what failed by stopping there")]

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use receiver::{Answer, Receiver, in_turn};

const LONG: Duration = Duration::from_secs(20);

fn connect(receiver: &Receiver) -> TcpStream {
    let stream = TcpStream::connect(receiver.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

fn post(stream: &mut impl Write, path: &str, body: &str) {
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: loopback\r\nSecreto: beefdead\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
}

/// The head and the body of the next answer on this connection.
fn read_answer(stream: &mut impl Read) -> (String, String) {
    let mut reader = BufReader::with_capacity(1, stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "closed after {head:?}");
    }
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[test]
fn requests_are_recorded_in_order_with_their_connection() {
    let receiver = Receiver::start();
    let mut first = connect(&receiver);
    for path in ["/one", "/two?x=1"] {
        post(&mut first, path, "héllo");
        assert!(read_answer(&mut first).0.starts_with("HTTP/1.1 200 OK\r\n"));
    }
    let mut second = connect(&receiver);
    post(&mut second, "/three", "");
    read_answer(&mut second);

    let requests = receiver.requests();
    let seen: Vec<_> = requests.iter().map(|r| (r.path.as_str(), r.connection)).collect();
    assert_eq!(seen, [("/one", 1), ("/two?x=1", 1), ("/three", 2)]);
    assert_eq!(requests[0].method, "POST");
    assert_eq!(requests[0].text(), "héllo");
    assert_eq!(requests[0].header("SECRETO"), Some("beefdead"));
    assert_eq!(requests[0].header("absent"), None);
}

#[test]
fn a_list_of_answers_is_given_in_turn_and_then_everything_is_taken() {
    let receiver = Receiver::start_with(in_turn([
        Answer::status(503).header("Retry-After", "7").body("later"),
        Answer::status(307),
    ]));
    let mut stream = connect(&receiver);
    let mut answers = Vec::new();
    for _ in 0..3 {
        post(&mut stream, "/", "x");
        answers.push(read_answer(&mut stream));
    }
    assert!(answers[0].0.starts_with("HTTP/1.1 503"), "{answers:?}");
    assert!(answers[0].0.to_lowercase().contains("retry-after: 7\r\n"), "{answers:?}");
    assert_eq!(answers[0].1, "later");
    assert!(answers[1].0.starts_with("HTTP/1.1 307"), "{answers:?}");
    assert!(answers[2].0.starts_with("HTTP/1.1 200"), "{answers:?}");
}

#[test]
fn a_script_sees_the_request_it_answers() {
    let receiver = Receiver::start_with(|request| match request.path.as_str() {
        "/events" => Answer::ok(),
        _ => Answer::status(404),
    });
    let mut stream = connect(&receiver);
    post(&mut stream, "/events", "{}");
    assert!(read_answer(&mut stream).0.starts_with("HTTP/1.1 200"));
    post(&mut stream, "/elsewhere", "{}");
    assert!(read_answer(&mut stream).0.starts_with("HTTP/1.1 404"));
}

#[test]
fn a_slow_answer_holds_up_its_own_connection_only() {
    let delay = Duration::from_millis(300);
    let receiver = Receiver::start_with(move |request| match request.path.as_str() {
        "/slow" => Answer::ok().after(delay),
        _ => Answer::ok(),
    });
    let (mut slow, mut quick) = (connect(&receiver), connect(&receiver));
    let start = Instant::now();
    post(&mut slow, "/slow", "");
    assert_eq!(receiver.wait_for(1, LONG).len(), 1);
    post(&mut quick, "/quick", "");
    read_answer(&mut quick);
    slow.set_nonblocking(true).unwrap();
    let early = slow.read(&mut [0; 1]).map_err(|error| error.kind());
    assert_eq!(early, Err(std::io::ErrorKind::WouldBlock), "answered before the quick one");
    slow.set_nonblocking(false).unwrap();
    read_answer(&mut slow);
    assert!(start.elapsed() >= delay);
}

#[test]
fn a_hang_up_is_recorded_and_closes_the_connection() {
    let receiver = Receiver::start_with(in_turn([Answer::hang_up()]));
    let mut stream = connect(&receiver);
    post(&mut stream, "/", "x");
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    assert!(read.is_err() || rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn waiting_ends_when_enough_has_come_or_the_time_is_up() {
    let receiver = Receiver::start();
    assert!(receiver.wait_for(1, Duration::from_millis(20)).is_empty());
    let mut stream = connect(&receiver);
    let client = std::thread::spawn(move || {
        for path in ["/1", "/2", "/last"] {
            post(&mut stream, path, "");
            read_answer(&mut stream);
        }
    });
    assert!(receiver.wait_for(2, LONG).len() >= 2);
    let all = receiver.wait_until(LONG, |all| all.iter().any(|r| r.path == "/last"));
    assert_eq!(all.len(), 3);
    client.join().unwrap();
}

#[test]
fn a_unix_socket_is_served_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hook.sock");
    let receiver = Receiver::start_on_socket(&path, |_| Answer::status(201)).unwrap();
    assert!(receiver.url().starts_with("http+unix://%2F"), "{}", receiver.url());
    assert!(receiver.url().ends_with("%2Fhook.sock"), "{}", receiver.url());
    let mut stream = UnixStream::connect(&path).unwrap();
    post(&mut stream, "/hook", "x");
    assert!(read_answer(&mut stream).0.starts_with("HTTP/1.1 201"));
    drop(receiver);
    assert!(!path.exists());
}

#[test]
fn dropping_it_closes_port_and_connections() {
    let receiver = Receiver::start();
    let address = receiver.url().trim_start_matches("http://").to_owned();
    let mut open = connect(&receiver);
    post(&mut open, "/", "");
    read_answer(&mut open);
    drop(receiver);
    assert!(TcpStream::connect(address).is_err());
    assert!(!matches!(open.read(&mut [0; 1]), Ok(1..)));
}
