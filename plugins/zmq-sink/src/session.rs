//! One connection to a peer: handshake, subscriptions, heartbeats, and what is sent.

use std::time::{Duration, Instant};

use playhouse_plugin::DeliveryError;
use playhouse_plugin::net::{Connection, Error, ErrorKind};

use crate::zmtp::{self, Decoder, Received};

/// How long the peer may take to shake hands or to take what is sent.
const ANSWER: Duration = Duration::from_secs(10);
/// How long to wait for the peer to say what it is before we do.
const PEER_FIRST: Duration = Duration::from_millis(500);
/// How long a publisher waits for a new peer to say what it wants.
const FIRST_SUBSCRIPTION: Duration = Duration::from_secs(1);
/// How long the last bytes may take when a session ends.
const GOODBYE: Duration = Duration::from_secs(2);
/// Bytes of one read.
const PIECE: usize = 16 << 10;
/// Prefixes that a peer may subscribe to.
const MOST_SUBSCRIPTIONS: usize = 10_000;

/// What kind of socket we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Socket {
    /// Sends everything.
    Push,
    /// Sends what the peer has subscribed to.
    Pub,
}

impl Socket {
    fn name(self) -> &'static str {
        match self {
            Self::Push => "PUSH",
            Self::Pub => "PUB",
        }
    }

    /// Whether a peer of that type is at the other end.
    fn fits(self, peer: &str) -> bool {
        match self {
            Self::Push => peer == "PULL",
            Self::Pub => matches!(peer, "SUB" | "XSUB"),
        }
    }
}

/// An open connection whose handshake is done.
pub(crate) struct Session {
    stream: Connection,
    decoder: Decoder,
    socket: Socket,
    peer: Option<String>,
    subscriptions: Vec<Vec<u8>>,
}

impl Session {
    /// Connects and shakes hands. A publisher waits a moment for the first subscription.
    pub(crate) fn open(address: &str, socket: Socket) -> Result<Self, DeliveryError> {
        let stream = Connection::to(address).timeout(ANSWER).open().map_err(of_stream)?;
        let mut session = Self {
            stream,
            decoder: Decoder::default(),
            socket,
            peer: None,
            subscriptions: Vec::new(),
        };
        session.write(&zmtp::greeting())?;
        // A peer that does not fit closes as soon as it knows what we are, so it goes first.
        session.receive_until(PEER_FIRST, |session| session.peer.is_some())?;
        session.write(&zmtp::ready(socket.name()))?;
        if !session.receive_until(ANSWER, |session| session.peer.is_some())? {
            return Err(DeliveryError::retry(format!(
                "the peer has not shaken hands for {} s",
                ANSWER.as_secs()
            )));
        }
        if socket == Socket::Pub {
            session
                .receive_until(FIRST_SUBSCRIPTION, |session| !session.subscriptions.is_empty())?;
        }
        Ok(session)
    }

    /// Takes what the peer has sent meanwhile: pings are answered, and one that has gone
    /// is noticed before anything is sent to it.
    pub(crate) fn look(&mut self) -> Result<(), DeliveryError> {
        while self.receive(Duration::ZERO)? {}
        Ok(())
    }

    /// Sends messages, each of these parts. A publisher leaves out what nobody wants.
    pub(crate) fn send(&mut self, messages: &[Vec<&[u8]>]) -> Result<(), DeliveryError> {
        let wanted = messages.iter().filter(|parts| self.is_wanted(parts));
        let bytes: Vec<u8> = wanted.flat_map(|parts| zmtp::message(parts)).collect();
        if bytes.is_empty() { Ok(()) } else { self.write(&bytes) }
    }

    /// Waits until the peer has taken everything.
    pub(crate) fn close(mut self) -> Result<(), String> {
        self.stream.finish().map_err(|error| error.message)?;
        let end = Instant::now() + GOODBYE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.stream.read(PIECE, left) {
                Ok(bytes) if bytes.is_empty() => return Ok(()),
                Ok(_) if left.is_zero() => return Ok(()),
                Ok(_) => {}
                Err(_) => return Ok(()),
            }
        }
    }

    fn is_wanted(&self, parts: &[&[u8]]) -> bool {
        let first = parts.first().copied().unwrap_or_default();
        self.socket == Socket::Push
            || self.subscriptions.iter().any(|prefix| first.starts_with(prefix))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), DeliveryError> {
        self.stream.write(bytes, ANSWER).map_err(of_stream)
    }

    /// Takes what comes until something is so; false where it is not after `wait`.
    fn receive_until(
        &mut self,
        wait: Duration,
        is_so: impl Fn(&Self) -> bool,
    ) -> Result<bool, DeliveryError> {
        let deadline = Instant::now() + wait;
        while !is_so(self) {
            if !self.receive(deadline.saturating_duration_since(Instant::now()))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes what comes within `wait`; whether anything did.
    fn receive(&mut self, wait: Duration) -> Result<bool, DeliveryError> {
        let bytes = match self.stream.read(PIECE, wait) {
            Ok(bytes) => bytes,
            Err(error) if error.kind == ErrorKind::TimedOut => return Ok(false),
            Err(error) => return Err(of_stream(error)),
        };
        if bytes.is_empty() {
            return Err(DeliveryError::retry("the peer ended the connection"));
        }
        let (received, ended) = self.decoder.feed(&bytes);
        for said in received {
            self.take(said)?;
        }
        ended.map_err(|violation| {
            DeliveryError::stopped(format!("the peer cannot be talked to: {violation}"))
        })?;
        Ok(true)
    }

    fn take(&mut self, said: Received) -> Result<(), DeliveryError> {
        match said {
            Received::Greeting(_) | Received::Pong => {}
            Received::Ready(peer) => {
                if !self.socket.fits(&peer) {
                    return Err(DeliveryError::stopped(format!(
                        "the peer is a {} socket, and a {} socket has nothing to say to it",
                        peer.escape_default(),
                        self.socket.name()
                    )));
                }
                self.peer = Some(peer);
            }
            Received::Error(reason) => {
                return Err(DeliveryError::stopped(format!(
                    "the peer refuses the connection: {}",
                    reason.escape_default()
                )));
            }
            Received::Subscribe(prefix) => {
                if self.subscriptions.len() == MOST_SUBSCRIPTIONS {
                    return Err(DeliveryError::retry("the peer subscribes to too much"));
                }
                self.subscriptions.push(prefix);
            }
            Received::Cancel(prefix) => {
                // What was subscribed to twice has to be canceled twice.
                if let Some(at) = self.subscriptions.iter().position(|known| *known == prefix) {
                    self.subscriptions.swap_remove(at);
                }
            }
            Received::Ping(context) => self.write(&zmtp::pong(&context))?,
        }
        Ok(())
    }
}

fn of_stream(error: Error) -> DeliveryError {
    match error.kind {
        ErrorKind::Denied | ErrorKind::Invalid => DeliveryError::Stopped(error.message),
        _ => DeliveryError::retry(error.message),
    }
}
