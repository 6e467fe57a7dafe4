//! What leaves the machine on a plugin's behalf, and what may not.
//!
//! In: a request and the plugin's grants. Out: the answer, or an error that says what
//! would allow it. Nothing here knows of components.
//!
//! 1. A grant is a scheme, a host and a port; the port is the scheme's unless it is said
//!    (`tcp` and `tls` have none), and `:*` is any. A host is a name, `*.name` (what lies below it), an address or `*`.
//!    `unix:/path` grants one socket.
//! 2. Grant and request are normalised alike, and compared before any look-up: to look a
//!    name up is to tell someone.
//! 3. Each connection resolves its host once and goes to those addresses. Loopback,
//!    link-local, multicast and metadata addresses are refused unless they are named;
//!    private networks unless the host is. IPv4 inside IPv6 counts as IPv4.
//! 4. `localhost`, names below it and loopback addresses grant loopback for themselves;
//!    `localhost` is never looked up. Any other name that is at home here needs
//!    `addresses` beside its grant.
//! 5. A redirect is an answer: the next request is checked like the first.
//! 6. A proxy of the operator's environment is on the way to names, never to addresses and
//!    `localhost`; it is asked for what is granted, and its own address is checked.
//! 7. A socket's path is used as it was granted, and has to be a socket.

mod address;
mod client;
mod error;
mod held;
mod masked;
mod origin;
mod proxy;
mod recorded;
mod resolver;
mod stream;
mod tls;

pub(super) use client::{Egress, HttpRequest, HttpResponse, LARGEST_BODY_OUT};
pub(super) use error::{EgressError, EgressErrorKind};
pub(super) use held::{Held, Room};
pub(super) use origin::{Destination, Family, OriginPattern};
pub(super) use proxy::Proxies;
#[expect(unreachable_pub, reason = "the generated code re-exports it")]
pub use stream::Connection;
pub(super) use stream::StreamOptions;
pub use tls::IdentityFiles;
pub(super) use tls::Tls;
