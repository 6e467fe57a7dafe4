//! Byte streams to peers that the operator granted. The host resolves, connects and does
//! TLS; a plugin sees neither addresses nor keys.
//!
//! ```
//! use std::time::Duration;
//!
//! use playhouse_plugin::net::{Connection, Error};
//!
//! /// Says hello and takes the first bytes of the answer.
//! fn greet(address: &str) -> Result<Vec<u8>, Error> {
//!     let mut peer = Connection::to(address).timeout(Duration::from_secs(5)).open()?;
//!     peer.write(b"hello\n", Duration::from_secs(5))?;
//!     peer.read(1024, Duration::from_secs(5))
//! }
//!
//! // In a test the peer is a script.
//! use playhouse_plugin::testing::{Peer, TestPlugin};
//! # use playhouse_plugin::{InitError, Plugin, Setup};
//! # struct Greeter;
//! # impl Plugin for Greeter {
//! #     type Settings = serde_json::Value;
//! #     fn init(_: serde_json::Value, _: &Setup) -> Result<Self, InitError> { Ok(Self) }
//! # }
//!
//! let test = TestPlugin::<Greeter>::start(serde_json::json!({}))
//!     .unwrap()
//!     .peer(Peer::at("tcp://peer:7").expect("hello\n").answer("good day\n"));
//! assert_eq!(greet("tcp://peer:7").unwrap(), b"good day\n");
//! assert_eq!(test.streams()[0].sent, b"hello\n");
//! ```

use std::time::Duration;

use crate::host;

pub use crate::http::{Error, ErrorKind};

/// How long resolving, connecting and the TLS handshake may take unless said otherwise.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of one write: the host refuses more, so larger ones go in pieces.
const LARGEST_PIECE: usize = 1 << 20;

/// Where to connect to and how; [`Connection::to`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// `tcp://host:port`, `tls://host:port` or `unix:/path`.
    pub address: String,
    /// To resolve, connect and shake hands.
    pub timeout: Duration,
    /// For `tls://`: protocols, offered in this order.
    pub alpn: Vec<String>,
    /// For `tls://`: a client certificate, by the name the operator gave it.
    pub identity: Option<String>,
}

impl Connect {
    /// Limits resolving, connecting and the handshake.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Offers one more protocol in the TLS handshake.
    #[must_use]
    pub fn alpn(mut self, protocol: impl Into<String>) -> Self {
        self.alpn.push(protocol.into());
        self
    }

    /// Shows the client certificate that the operator gave this name.
    #[must_use]
    pub fn identity(mut self, name: impl Into<String>) -> Self {
        self.identity = Some(name.into());
        self
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// Where it is not granted, nobody answers or there is no trust: see [`ErrorKind`].
    pub fn open(self) -> Result<Connection, Error> {
        host::connect(self).map(Connection)
    }
}

/// An open connection. Dropping it closes both ways.
#[derive(Debug)]
pub struct Connection(host::Stream);

impl Connection {
    /// Begins to connect to `tcp://host:port`, `tls://host:port` or `unix:/path`.
    pub fn to(address: impl Into<String>) -> Connect {
        Connect {
            address: address.into(),
            timeout: CONNECT_TIMEOUT,
            alpn: Vec::new(),
            identity: None,
        }
    }

    /// Up to `max` bytes as soon as there are any; empty: the peer sends no more.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] where nothing came in time, which loses nothing; a timeout
    /// of zero does not wait. Others end the connection.
    pub fn read(&mut self, max: usize, timeout: Duration) -> Result<Vec<u8>, Error> {
        host::read(&mut self.0, max, timeout)
    }

    /// Writes all of it; `timeout` is for each MiB.
    ///
    /// # Errors
    ///
    /// After any it is not known how much went out: drop the connection.
    pub fn write(&mut self, bytes: &[u8], timeout: Duration) -> Result<(), Error> {
        bytes.chunks(LARGEST_PIECE).try_for_each(|piece| host::write(&mut self.0, piece, timeout))
    }

    /// Says that no more will be sent; reading goes on.
    ///
    /// # Errors
    ///
    /// Where the connection is gone.
    pub fn finish(&mut self) -> Result<(), Error> {
        host::finish(&mut self.0)
    }
}
