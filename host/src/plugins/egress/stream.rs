//! Byte streams to granted peers: resolved, checked and encrypted here, so that a plugin
//! sees neither addresses nor keys.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::client::{CONNECT, Egress, check_socket};
use super::error::{EgressError, EgressErrorKind, kind_of_io};
use super::origin::{Destination, Family, Origin, OriginHost, OriginPattern, Scheme};
use super::recorded::text;
use super::resolver::{granted_addresses, look_up};
use crate::plugins::{HostAnswer, HostCall, Rehearsal};

/// Bytes of one read or write. A plugin that has more calls again.
const LARGEST_PIECE: usize = 1 << 20;

/// Bytes of a protocol's name: TLS has one byte for its length.
const LONGEST_PROTOCOL: usize = 255;
/// Protocols that one handshake offers.
const MOST_PROTOCOLS: usize = 16;

/// How a connection is to be made.
#[derive(Debug)]
pub(in crate::plugins) struct StreamOptions {
    /// To resolve, connect and shake hands.
    pub(in crate::plugins) timeout: Duration,
    /// Protocols offered in the TLS handshake.
    pub(in crate::plugins) alpn: Vec<String>,
    /// The client certificate's name.
    pub(in crate::plugins) identity: Option<String>,
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A granted, open connection. Dropping it closes both ways.
#[expect(unreachable_pub, reason = "the generated code re-exports it")]
pub struct Connection {
    /// None where a recording stands for the peer.
    stream: Option<Box<dyn Duplex>>,
    address: String,
    rehearsal: Option<Arc<Rehearsal>>,
    _permit: Option<OwnedSemaphorePermit>,
}

/// What cannot be written into a handshake never comes near it.
fn check_protocols(names: &[String]) -> Result<(), EgressError> {
    let fits = |name: &String| (1..=LONGEST_PROTOCOL).contains(&name.len());
    if names.len() <= MOST_PROTOCOLS && names.iter().all(fits) {
        return Ok(());
    }
    let message = format!(
        "a handshake offers at most {MOST_PROTOCOLS} protocols, with names of 1 to {LONGEST_PROTOCOL} bytes"
    );
    Err(EgressError::new(EgressErrorKind::Invalid, message))
}

impl Egress {
    /// Connects to `tcp://host:port`, `tls://host:port` or `unix:/path`.
    pub(in crate::plugins) async fn connect(
        &self,
        address: &str,
        options: StreamOptions,
    ) -> Result<Connection, EgressError> {
        if let Some(rehearsal) = self.rehearsal.as_ref().filter(|script| script.is_scripted()) {
            let address = address.to_owned();
            let call = HostCall::new(format!("connect {address}"));
            rehearsal.answer(call).into_done()?;
            let rehearsal = Some(Arc::clone(rehearsal));
            return Ok(Connection { stream: None, address, rehearsal, _permit: None });
        }
        let result = self.connect_in_time(address, options).await;
        if let Some(rehearsal) = &self.rehearsal {
            let answer = match &result {
                Ok(_) => HostAnswer::Done,
                Err(error) => HostAnswer::of_error(error),
            };
            rehearsal.hear(HostCall { answer, ..HostCall::new(format!("connect {address}")) });
        }
        self.count(result)
    }

    async fn connect_in_time(
        &self,
        address: &str,
        options: StreamOptions,
    ) -> Result<Connection, EgressError> {
        let limit = options.timeout.min(CONNECT);
        timeout(limit, self.open(address, options)).await.unwrap_or_else(|_| {
            let message = format!("`{address}` did not answer in {} ms", limit.as_millis());
            Err(EgressError::new(EgressErrorKind::TimedOut, message))
        })
    }

    async fn open(&self, address: &str, options: StreamOptions) -> Result<Connection, EgressError> {
        let destination = Destination::of_address(address).map_err(|reason| {
            let message = format!("`{}` is no address: {reason}", address.escape_default());
            EgressError::new(EgressErrorKind::Invalid, message)
        })?;
        let granted = self.granted(Family::Net, &destination)?;
        check_protocols(&options.alpn)?;
        let permit = Arc::clone(&self.connections).try_acquire_owned().map_err(|_| {
            let message = "too many connections are open; close one first".to_owned();
            EgressError::new(EgressErrorKind::Limit, message)
        })?;
        let address = destination.to_string();
        let failed = |error: io::Error| of_io(&error, &address);
        let stream: Box<dyn Duplex> = match &destination {
            Destination::Socket(path) => {
                check_socket(path)?;
                Box::new(UnixStream::connect(path).await.map_err(failed)?)
            }
            Destination::Origin(origin) => {
                let stream = self.open_tcp(origin, &granted).await?;
                if origin.scheme == Scheme::Tls {
                    let config =
                        self.tls.client_config(options.identity.as_deref(), &options.alpn)?;
                    let stream = TlsConnector::from(Arc::new(config))
                        .connect(server_name(origin)?, stream)
                        .await
                        .map_err(failed)?;
                    Box::new(stream)
                } else {
                    Box::new(stream)
                }
            }
        };
        let rehearsal = self.rehearsal.clone();
        Ok(Connection { stream: Some(stream), address, rehearsal, _permit: Some(permit) })
    }

    /// The first of the host's granted addresses that answers.
    async fn open_tcp(
        &self,
        origin: &Origin,
        granted: &[OriginPattern],
    ) -> Result<TcpStream, EgressError> {
        let (name, addresses) = match &origin.host {
            OriginHost::Name(name) => (name.clone(), look_up(name).await?),
            OriginHost::Address(address) => (address.to_string(), vec![*address]),
        };
        let mut failure = None;
        for address in granted_addresses(&name, addresses, granted, &self.grants)? {
            match TcpStream::connect(SocketAddr::new(address, origin.port)).await {
                Ok(stream) => {
                    // Sinks write whole messages; waiting for more only delays them.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => failure = Some(error),
            }
        }
        let error = failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
        Err(of_io(&error, &Destination::Origin(origin.clone()).to_string()))
    }
}

impl Connection {
    /// Up to `max` bytes as soon as there are any; empty at the peer's end.
    pub(in crate::plugins) async fn read(
        &mut self,
        max: usize,
        limit: Duration,
    ) -> Result<Vec<u8>, EgressError> {
        let mut call = HostCall::new(format!("read {}", self.address));
        let Some(stream) = &mut self.stream else {
            return self.recorded(call).into_bytes();
        };
        let mut bytes = vec![0; max.min(LARGEST_PIECE)];
        // What has arrived may not be noticed yet at the first look.
        let limit = limit.max(Duration::from_millis(1));
        let result = match timeout(limit, stream.read(&mut bytes)).await {
            Ok(Ok(size)) => {
                bytes.truncate(size);
                Ok(bytes)
            }
            Ok(Err(error)) => Err(of_io(&error, &self.address)),
            Err(_) => Err(self.timed_out("sent nothing", limit)),
        };
        if let Some(rehearsal) = &self.rehearsal {
            call.answer = match &result {
                Ok(bytes) => HostAnswer::Read(text(bytes)),
                Err(error) => HostAnswer::of_error(error),
            };
            rehearsal.hear(call);
        }
        result
    }

    fn recorded(&self, call: HostCall) -> HostAnswer {
        match &self.rehearsal {
            Some(rehearsal) => rehearsal.answer(call),
            None => call.answer,
        }
    }

    /// Writes all of it. After an error it is not known how much went out.
    pub(in crate::plugins) async fn write(
        &mut self,
        bytes: &[u8],
        limit: Duration,
    ) -> Result<(), EgressError> {
        if bytes.len() > LARGEST_PIECE {
            let message = format!(
                "{} bytes in one write; {LARGEST_PIECE} are allowed: write in pieces",
                bytes.len()
            );
            return Err(EgressError::new(EgressErrorKind::Limit, message));
        }
        let mut call =
            HostCall { sent: text(bytes), ..HostCall::new(format!("write {}", self.address)) };
        let Some(stream) = &mut self.stream else {
            return self.recorded(call).into_done();
        };
        let write = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        let result = match timeout(limit, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(of_io(&error, &self.address)),
            Err(_) => Err(self.timed_out("took nothing", limit)),
        };
        if let Some(rehearsal) = &self.rehearsal {
            if let Err(error) = &result {
                call.answer = HostAnswer::of_error(error);
            }
            rehearsal.hear(call);
        }
        result
    }

    /// Says that no more is sent.
    pub(in crate::plugins) async fn finish(&mut self) -> Result<(), EgressError> {
        match &mut self.stream {
            Some(stream) => stream.shutdown().await.map_err(|error| of_io(&error, &self.address)),
            None => Ok(()),
        }
    }

    fn timed_out(&self, what: &str, limit: Duration) -> EgressError {
        let message = format!("`{}` {what} for {} ms", self.address, limit.as_millis());
        EgressError::new(EgressErrorKind::TimedOut, message)
    }
}

fn server_name(origin: &Origin) -> Result<ServerName<'static>, EgressError> {
    match &origin.host {
        OriginHost::Address(address) => Ok(ServerName::IpAddress((*address).into())),
        OriginHost::Name(name) => ServerName::try_from(name.clone()).map_err(|error| {
            let message = format!("`{name}` is no name for TLS: {error}");
            EgressError::new(EgressErrorKind::Invalid, message)
        }),
    }
}

fn of_io(error: &io::Error, address: &str) -> EgressError {
    let kind = kind_of_io(error).unwrap_or(EgressErrorKind::Other);
    let what = match kind {
        EgressErrorKind::Tls => "is not trusted",
        EgressErrorKind::Unreachable => "cannot be reached",
        EgressErrorKind::TimedOut => "did not answer in time",
        EgressErrorKind::Closed => "ended the connection",
        _ => "could not be talked to",
    };
    EgressError::new(kind, format!("`{address}` {what}: {error}"))
}
