//! `wasi:http` for libraries that speak it: the same egress as the `http` interface, so
//! the same grants, limits and counts. It has no words for a refusal; those are in the
//! plugin's log.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::egress::{
    Egress, EgressError, EgressErrorKind, Held, HttpRequest, HttpResponse, LARGEST_BODY_OUT, Room,
};
use super::log::{LogLevel, PluginLog};
use super::store::time_before;

/// Bytes that a guest writes to a body at a time.
const BODY_CHUNK: usize = 16 << 10;
/// Bytes of bodies that are sent or were answered, of all exchanges of an instance: two of
/// the largest.
const HELD: usize = 2 * LARGEST_BODY_OUT;

/// The hooks of one instance.
pub(super) struct WasiHttpEgress {
    egress: Arc<Egress>,
    log: Arc<PluginLog>,
    room: Arc<Room>,
    deadline: Instant,
}

type Sent = (http::Response<WasiBody>, Done);
type Done = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpEgress {
    pub(super) fn new(egress: Arc<Egress>, log: Arc<PluginLog>) -> Self {
        Self { egress, log, room: Room::new(HELD), deadline: Instant::now() }
    }

    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }
}

impl WasiHttpHooks for WasiHttpEgress {
    // The egress has the URL, which says the same.
    fn set_host_header(&mut self) -> bool {
        false
    }

    // A body waits in the host until its request is sent: little of it, since there may be
    // as many as a guest may hold.
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Done,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let (egress, log) = (Arc::clone(&self.egress), Arc::clone(&self.log));
        let mut sent = Held::nothing_of(&self.room);
        let mut answered = Held::nothing_of(&self.room);
        let left = time_before(self.deadline);
        let asked = options.and_then(|options| options.first_byte_timeout);
        let timeout = asked.map_or(left, |asked| asked.min(left));
        Box::new(async move {
            let (head, body) = request.into_parts();
            let body = whole(body, &mut sent, &log).await?;
            let headers = head
                .headers
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                .filter(|(name, _)| name != "content-length" && name != "host")
                .collect();
            let request = HttpRequest {
                method: head.method.as_str().to_owned(),
                url: head.uri.to_string(),
                headers,
                body,
                timeout,
            };
            let response = egress.send(request, &mut answered).await.map_err(|error| {
                log.write(LogLevel::Warn, &error.message, &[]);
                as_wasi(&error)
            })?;
            let response =
                response_with_body(response, answered).map_err(|_| Error::HttpProtocolError)?;
            Ok((response, Box::new(std::future::ready(Ok(()))) as Done))
        })
    }
}

/// All of a request's body.
async fn whole(mut body: WasiBody, held: &mut Held, log: &PluginLog) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        // Trailers are not sent.
        let Ok(piece) = frame?.into_data() else { continue };
        if bytes.len() + piece.len() > LARGEST_BODY_OUT
            || !held.push(&mut bytes, &piece, LARGEST_BODY_OUT)
        {
            let message = format!(
                "a request is not sent: a body has at most {LARGEST_BODY_OUT} bytes, and all that are under way {HELD}"
            );
            log.write(LogLevel::Warn, &message, &[]);
            return Err(Error::HttpRequestBodySize(None));
        }
    }
    Ok(bytes)
}

/// A body that is counted until nobody has any of it.
struct HeldBody {
    bytes: Vec<u8>,
    _held: Held,
}

impl AsRef<[u8]> for HeldBody {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn response_with_body(answer: HttpResponse, held: Held) -> http::Result<http::Response<WasiBody>> {
    let mut response = http::Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    let body = Bytes::from_owner(HeldBody { bytes: answer.body, _held: held });
    let body = Full::new(body).map_err(|never| match never {});
    response.body(body.boxed_unsync())
}

fn as_wasi(error: &EgressError) -> Error {
    match error.kind {
        EgressErrorKind::Denied => Error::HttpRequestDenied,
        EgressErrorKind::Limit => Error::HttpResponseBodySize(None),
        EgressErrorKind::Invalid => Error::HttpRequestUriInvalid,
        EgressErrorKind::Unresolved => Error::DestinationNotFound,
        EgressErrorKind::Unreachable => Error::ConnectionRefused,
        EgressErrorKind::TimedOut => Error::HttpResponseTimeout,
        EgressErrorKind::Closed => Error::ConnectionTerminated,
        EgressErrorKind::Tls => Error::TlsCertificateError,
        EgressErrorKind::Other => Error::HttpProtocolError,
    }
}
