//! What a guest can do wrong.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::hint::black_box;
use std::net::{TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::time::Duration;

use playhouse_plugin::bindings::base::playhouse::plugin::secret;
use playhouse_plugin::http::Request;
use playhouse_plugin::info;
use serde::Deserialize;
use wasip2::filesystem::preopens::get_directories;
use wasip2::sockets::network::IpAddressFamily;
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

use crate::wasi_http;

/// See each.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Misdeed {
    /// Panics, with words of its own.
    Panic,
    /// Loops for ever.
    Spin,
    /// Takes memory until there is none.
    Grow,
    /// Calls itself until the stack is gone.
    Recurse,
    /// Sleeps for a minute.
    Sleep,
    /// Writes a million log lines.
    FloodLog,
    /// Answers for more events than it was asked about.
    WrongCount,
    /// Answers with more than the host will read.
    HugeAnswer,
    /// Answers twice for one event.
    Duplicate,
    /// Answers with text that is not JSON.
    NotJson,
    /// Answers with JSON that is ten thousand levels deep.
    DeepJson,
    /// Writes one log line of ten megabytes.
    LongLine,
    /// Asks for more randomness than anyone needs.
    Random,
    /// Says that a setting is wrong.
    Config,
    /// Says that it could not do its work.
    Fail,
    /// Refuses the run, in the words of the setting `text`.
    Refuse,
    /// Gives the event the setting `text` for its own, so many times.
    Rewrite,
    /// Says that something will never be accepted.
    Reject,
    /// Asks the host for HTTP exchanges.
    Http,
    /// The same over `wasi:http`.
    WasiHttp,
    /// Asks for an exchange with more headers than anyone needs.
    ManyHeaders,
    /// Keeps as many sockets as it gets.
    HoardSockets,
    /// Makes links in the folder that it may write to, out of it and in it.
    Links,
    /// Keeps as many requests as it gets, with bodies, texts and headers as large as it can.
    HoardRequests,
    /// Asks the host for a stream.
    Net,
    /// Looks for what belongs to the operator: variables, arguments, folders, files.
    Look,
    /// Uses WASI's own sockets and resolver.
    Sockets,
    /// Reads a secret and tells its log.
    Secret,
    /// Tells a secret in every way it has, and fails with it in its words.
    Tell,
    /// Rejects what it is given, with a secret in its words.
    TellAndReject,
    /// Panics, with a secret in its words.
    TellAndPanic,
    /// Sends a secret to others, in every form.
    Send,
    /// Asks to be called again at once, for ever.
    Hurry,
    /// Sets what the settings name.
    Set,
}

impl Misdeed {
    /// Does it, where it is not a matter of the answer.
    pub(crate) fn commit(self) {
        match self {
            Self::Panic => panic!("the floor gave way"),
            Self::TellAndPanic => panic!("the token was {}", token()),
            Self::Spin => loop {
                black_box(());
            },
            Self::Grow => {
                let mut hoard: Vec<Vec<u8>> = Vec::new();
                loop {
                    hoard.push(black_box(vec![1; 1 << 20]));
                }
            }
            Self::Recurse => {
                black_box(descend(black_box(1)));
            }
            Self::Look => look(),
            Self::Sockets => use_sockets(),
            Self::ManyHeaders => send_many_headers(),
            Self::HoardSockets => hoard_sockets(),
            Self::HoardRequests => wasi_http::hoard(),
            Self::Links => make_links(),
            Self::Sleep => std::thread::sleep(Duration::from_secs(60)),
            Self::FloodLog => {
                for line in 0..1_000_000 {
                    info!("line {line} of too many\u{1b}[2J");
                }
            }
            Self::LongLine => info!("{}", "long ".repeat(2 << 20)),
            Self::Random => draw(),
            Self::WrongCount
            | Self::HugeAnswer
            | Self::Duplicate
            | Self::DeepJson
            | Self::NotJson
            | Self::Config
            | Self::Fail
            | Self::Refuse
            | Self::Rewrite
            | Self::Reject
            | Self::Http
            | Self::WasiHttp
            | Self::Net
            | Self::Secret
            | Self::Tell
            | Self::TellAndReject
            | Self::Send
            | Self::Hurry
            | Self::Set => {}
        }
    }
}

/// The secret `token`, after it was told to the log and to both streams, whole and in parts.
pub(crate) fn token() -> String {
    let token = secret::get("token").unwrap_or_default();
    info!("it is {token}");
    info!("it is {token:?}");
    println!("{token}");
    eprintln!("{token:?}");
    token.lines().for_each(|line| info!("> {line}"));
    token
}

/// A hash map's keys come from the host; a million of them is nothing special for it.
fn draw() {
    let drawn: HashSet<u64> =
        (0..1_000_000).map(|_| RandomState::new().build_hasher().finish()).collect();
    info!("{} different numbers", drawn.len());
}

fn send_many_headers() {
    let mut request = Request::get("http://127.0.0.1:1/");
    for number in 0..40_000 {
        request = request.header(format!("x-{number}"), "1");
    }
    match request.send() {
        Ok(response) => info!("the answer is {}", response.status),
        Err(error) => info!("{:?}: {}", error.kind, error.message),
    }
}

/// The library gives back a socket that cannot connect, so this takes what makes them.
fn hoard_sockets() {
    let sockets: Vec<_> =
        (0..1_000).map_while(|_| create_tcp_socket(IpAddressFamily::Ipv4).ok()).collect();
    info!("{} sockets", sockets.len());
    std::mem::forget(sockets);
}

fn make_links() {
    let directories = get_directories();
    let (folder, _) = directories.first().expect("a granted folder");
    for target in ["../outside/secret", "/etc/passwd", "a/../../x", "..", "ok-name", "./a/b"] {
        match folder.symlink_at(target, "link") {
            Ok(()) => {
                // Elsewhere it leads to what is below as well.
                let _ = folder.create_directory_at("deep");
                let moved = folder.rename_at("link", folder, &format!("deep/{}", target.len()));
                info!("a link to {target}: {moved:?}");
            }
            Err(error) => info!("no link to {target}: {}", error.name()),
        }
    }
}

fn look() {
    info!("variables: {:?}", std::env::vars().collect::<Vec<_>>());
    info!("arguments: {:?}", std::env::args().collect::<Vec<_>>());
    for place in ["/", "/etc", "/proc/self", "."] {
        match std::fs::read_dir(place) {
            Ok(entries) => info!("entered {place}: {:?}", entries.flatten().count()),
            Err(error) => info!("{place}: {error}"),
        }
    }
    for file in ["/etc/passwd", "../env/passwords", "/proc/self/environ"] {
        match std::fs::read(file) {
            Ok(bytes) => info!("read {file}: {} bytes", bytes.len()),
            Err(error) => info!("{file}: {error}"),
        }
    }
}

fn use_sockets() {
    let report = |what: &str, result: std::io::Result<String>| match result {
        Ok(text) => info!("{what} worked: {text}"),
        Err(error) => info!("{what}: {error}"),
    };
    report("connect", TcpStream::connect("127.0.0.1:9").map(|stream| format!("{stream:?}")));
    report("listen", TcpListener::bind("127.0.0.1:0").map(|socket| format!("{socket:?}")));
    report("datagram", UdpSocket::bind("127.0.0.1:0").map(|socket| format!("{socket:?}")));
    let addresses = ("ansible.invalid", 80).to_socket_addrs();
    report("look-up", addresses.map(|addresses| format!("{:?}", addresses.collect::<Vec<_>>())));
}

#[expect(unconditional_recursion, reason = "that is the misdeed")]
fn descend(depth: u64) -> u64 {
    black_box(descend(black_box(depth + 1)) + 1)
}
