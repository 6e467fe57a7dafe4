//! Makes the exchanges of one plugin and lane, each checked against its grants.

use std::collections::HashMap;
use std::net::IpAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Proxy, redirect};
use tokio::sync::Semaphore;
use url::Url;

use super::error::{EgressError, EgressErrorKind};
use super::held::Held;
use super::origin::{Destination, Family, OriginHost, OriginPattern, Scheme};
use super::proxy::{Proxies, granted_proxy};
use super::resolver::{GrantedResolver, granted_addresses};
use super::tls::Tls;
use crate::plugins::{Grants, HostAnswer, HostCall, Rehearsal};

/// To connect and shake hands: long for a far host, short beside the wall limit.
pub(super) const CONNECT: Duration = Duration::from_secs(10);
/// Bytes of a request's body. Larger ones belong in a stream, which plugins do not have.
pub(in crate::plugins) const LARGEST_BODY_OUT: usize = 16 << 20;
/// Bytes of an answer's body: it goes into the guest's memory and stays there.
const LARGEST_BODY_IN: usize = 4 << 20;
/// Bytes of an answer's headers.
const LARGEST_HEADERS: usize = 64 << 10;

/// Bytes of a request's URL.
const LONGEST_URL: usize = 64 << 10;
/// Headers of a request. Servers take about a hundred.
const MOST_HEADERS_OUT: usize = 1 << 10;
/// Bytes of a request's headers, names and values.
const LARGEST_HEADERS_OUT: usize = 256 << 10;

/// Headers that say how a message is sent, which is not the plugin's to say.
const REFUSED_HEADERS: [&str; 8] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// One exchange as the plugin asks for it.
#[derive(Debug)]
pub(in crate::plugins) struct HttpRequest {
    pub(in crate::plugins) method: String,
    pub(in crate::plugins) url: String,
    pub(in crate::plugins) headers: Vec<(String, Vec<u8>)>,
    pub(in crate::plugins) body: Vec<u8>,
    /// For the whole exchange.
    pub(in crate::plugins) timeout: Duration,
}

/// What came back.
#[derive(Debug)]
pub(in crate::plugins) struct HttpResponse {
    pub(in crate::plugins) status: u16,
    /// Names in lower case.
    pub(in crate::plugins) headers: Vec<(String, Vec<u8>)>,
    pub(in crate::plugins) body: Vec<u8>,
}

/// See the module's head. Lives as long as the lane: connections outlast an instance.
#[derive(Debug)]
pub(in crate::plugins) struct Egress {
    pub(super) grants: Arc<Grants>,
    pub(super) tls: Arc<Tls>,
    proxies: Arc<Proxies>,
    is_proxied: AtomicBool,
    /// Of streams: one permit each while it is open.
    pub(super) connections: Arc<Semaphore>,
    /// Of HTTP exchanges under way: `wasi:http` may ask for many at a time.
    exchanges: Semaphore,
    /// Of HTTP: connections kept for an origin, and origins that they are kept for.
    kept: usize,
    pub(super) rehearsal: Option<Arc<Rehearsal>>,
    clients: Mutex<HashMap<Destination, Client>>,
    refusals: AtomicU64,
}

impl Egress {
    pub(in crate::plugins) fn new(
        grants: Arc<Grants>,
        tls: Arc<Tls>,
        proxies: Arc<Proxies>,
        connections: usize,
        rehearsal: Option<Arc<Rehearsal>>,
    ) -> Self {
        Self {
            proxies,
            is_proxied: AtomicBool::new(false),
            rehearsal,
            grants,
            tls,
            connections: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))),
            exchanges: Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS)),
            kept: connections,
            clients: Mutex::default(),
            refusals: AtomicU64::new(0),
        }
    }

    /// How many exchanges were not granted.
    pub(in crate::plugins) fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }

    /// Whether anything went through a proxy.
    pub(in crate::plugins) fn is_proxied(&self) -> bool {
        self.is_proxied.load(Ordering::Relaxed)
    }

    /// Counts a refusal made elsewhere.
    pub(in crate::plugins) fn count_refusal(&self) {
        self.refusals.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes one exchange. A redirect is an answer, whose body is `held`.
    pub(in crate::plugins) async fn send(
        &self,
        request: HttpRequest,
        held: &mut Held,
    ) -> Result<HttpResponse, EgressError> {
        let Some(rehearsal) = &self.rehearsal else {
            return self.count(self.exchange(request, held).await);
        };
        let mut call = HostCall::of_request(&request);
        if rehearsal.is_scripted() {
            return rehearsal.answer(call).into_response();
        }
        let result = self.exchange(request, held).await;
        call.answer = HostAnswer::of_response(&result);
        rehearsal.hear(call);
        self.count(result)
    }

    /// Who answers for the world where the plugin is under test.
    pub(in crate::plugins) fn rehearsal(&self) -> Option<&Rehearsal> {
        self.rehearsal.as_deref()
    }

    pub(super) fn count<T>(&self, result: Result<T, EgressError>) -> Result<T, EgressError> {
        if matches!(&result, Err(error) if error.kind == EgressErrorKind::Denied) {
            self.count_refusal();
        }
        result
    }

    /// The operator's patterns that grant a destination.
    pub(super) fn granted(
        &self,
        family: Family,
        destination: &Destination,
    ) -> Result<Arc<[OriginPattern]>, EgressError> {
        self.grants
            .egress(family, destination)
            .map(|granted| granted.into_iter().cloned().collect())
            .map_err(|refusal| EgressError::new(EgressErrorKind::Denied, refusal))
    }

    async fn exchange(
        &self,
        request: HttpRequest,
        held: &mut Held,
    ) -> Result<HttpResponse, EgressError> {
        let invalid = |message: String| EgressError::new(EgressErrorKind::Invalid, message);
        if request.url.len() > LONGEST_URL {
            let message =
                format!("the URL has {} bytes; {LONGEST_URL} are allowed", request.url.len());
            return Err(EgressError::new(EgressErrorKind::Limit, message));
        }
        let mut url = Url::parse(&request.url)
            .map_err(|error| invalid(format!("`{}` is no URL: {error}", request.url)))?;
        let destination = Destination::of_url(&url)
            .map_err(|reason| invalid(format!("`{}` cannot be sent to: {reason}", request.url)))?;
        let granted = self.granted(Family::Http, &destination)?;
        if request.body.len() > LARGEST_BODY_OUT {
            let message = format!(
                "the body has {} bytes; {LARGEST_BODY_OUT} are allowed",
                request.body.len()
            );
            return Err(EgressError::new(EgressErrorKind::Limit, message));
        }
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| {
            invalid(format!("`{}` is no HTTP method", request.method.escape_default()))
        })?;
        let headers = checked_headers(&request.headers)?;
        let client = match &destination {
            Destination::Socket(path) => {
                check_socket(path)?;
                url = url_on_socket(&url)?;
                self.client(&destination, |builder| Ok(builder.unix_socket(path.as_path())))?
            }
            Destination::Origin(origin) => {
                if let OriginHost::Address(address) = &origin.host {
                    check_literal(*address, &granted, &self.grants)?;
                }
                let proxy = self.proxies.on_the_way_to(origin)?;
                if proxy.is_some() {
                    self.is_proxied.store(true, Ordering::Relaxed);
                }
                self.client(&destination, |mut builder| {
                    let grants = Arc::clone(&self.grants);
                    let mut granted = granted;
                    if let Some(proxy) = proxy {
                        // The proxy's name is the one that is looked up.
                        granted = granted_proxy(&proxy).into_iter().collect();
                        let failed = |error: reqwest::Error| invalid(error.to_string());
                        builder = builder.proxy(Proxy::all(proxy).map_err(failed)?);
                    }
                    let builder = builder.dns_resolver(GrantedResolver { grants, granted });
                    if origin.scheme == Scheme::Http {
                        // Reading the machine's certificates takes longer than an exchange.
                        Ok(builder.tls_certs_only([]))
                    } else if self.tls.is_default() {
                        Ok(builder)
                    } else {
                        let identity = self.tls.identity_for(&destination);
                        let protocols = ["http/1.1".to_owned()];
                        let config = self.tls.client_config(identity, &protocols)?;
                        Ok(builder.tls_backend_preconfigured(config))
                    }
                })?
            }
        };
        let shown = destination.to_string();
        let exchange = client.request(method, url).headers(headers).body(request.body);
        let in_turn = async {
            // The semaphore is never closed.
            let _turn = self.exchanges.acquire().await;
            read_response(exchange, &shown, held).await
        };
        tokio::time::timeout(request.timeout, in_turn).await.unwrap_or_else(|_| {
            let message = format!("`{shown}` did not answer in {} ms", request.timeout.as_millis());
            Err(EgressError::new(EgressErrorKind::TimedOut, message))
        })
    }

    /// The client of a destination: connections are never shared between destinations,
    /// so that a connection is only ever used for what its addresses were checked for.
    fn client(
        &self,
        destination: &Destination,
        configure: impl FnOnce(reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, EgressError>,
    ) -> Result<Client, EgressError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(destination) {
            return Ok(client.clone());
        }
        let builder = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(self.kept)
            .referer(false);
        let client = configure(builder)?.build().map_err(|error| {
            EgressError::new(EgressErrorKind::Other, format!("no HTTP client can be made: {error}"))
        })?;
        if clients.len() >= self.kept {
            clients.clear();
        }
        clients.insert(destination.clone(), client.clone());
        Ok(client)
    }
}

async fn read_response(
    exchange: reqwest::RequestBuilder,
    destination: &str,
    held: &mut Held,
) -> Result<HttpResponse, EgressError> {
    let of_exchange = |error: reqwest::Error| EgressError::of_exchange(&error, destination);
    let limit = |what: &str, bytes: usize| {
        let message = format!("{what} of `{destination}` is larger than {bytes} bytes");
        EgressError::new(EgressErrorKind::Limit, message)
    };
    let mut response = exchange.send().await.map_err(of_exchange)?;
    let status = response.status().as_u16();
    let headers: Vec<(String, Vec<u8>)> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    if headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > LARGEST_HEADERS
    {
        return Err(limit("the head of the answer", LARGEST_HEADERS));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(of_exchange)? {
        if body.len() + chunk.len() > LARGEST_BODY_IN {
            return Err(limit("the body of the answer", LARGEST_BODY_IN));
        }
        if !held.push(&mut body, &chunk, LARGEST_BODY_IN) {
            let message = format!(
                "the body of the answer of `{destination}` has no room beside the other exchanges; read and drop those first"
            );
            return Err(EgressError::new(EgressErrorKind::Limit, message));
        }
    }
    Ok(HttpResponse { status, headers, body })
}

fn checked_headers(headers: &[(String, Vec<u8>)]) -> Result<HeaderMap, EgressError> {
    let invalid = |message: String| EgressError::new(EgressErrorKind::Invalid, message);
    let limit = |message: String| EgressError::new(EgressErrorKind::Limit, message);
    let count = headers.len();
    if count > MOST_HEADERS_OUT {
        let message = format!("the request has {count} headers; {MOST_HEADERS_OUT} are allowed");
        return Err(limit(message));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > LARGEST_HEADERS_OUT {
        let message = format!(
            "the headers of the request have {bytes} bytes; {LARGEST_HEADERS_OUT} are allowed"
        );
        return Err(limit(message));
    }
    let mut checked = HeaderMap::new();
    for (name, value) in headers {
        let shown = name.escape_default();
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| invalid(format!("`{shown}` is no name of a header")))?;
        if REFUSED_HEADERS.contains(&parsed.as_str()) || parsed.as_str().starts_with("proxy-") {
            return Err(invalid(format!("the header `{shown}` is set by the host alone")));
        }
        let value = HeaderValue::from_bytes(value)
            .map_err(|_| invalid(format!("the value of the header `{shown}` cannot be sent")))?;
        checked.try_append(parsed, value).map_err(|error| limit(error.to_string()))?;
    }
    Ok(checked)
}

/// An address in a URL is never resolved, so the resolver does not see it.
fn check_literal(
    address: IpAddr,
    granted: &[OriginPattern],
    grants: &Grants,
) -> Result<(), EgressError> {
    granted_addresses(&address.to_string(), vec![address], granted, grants).map(|_| ())
}

pub(super) fn check_socket(path: &Path) -> Result<(), EgressError> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.file_type().is_socket() => Ok(()),
        Ok(_) => Err(EgressError::new(
            EgressErrorKind::Unreachable,
            format!("`{}` is not a socket", path.display()),
        )),
        Err(error) => Err(EgressError::new(
            EgressErrorKind::Unreachable,
            format!("there is no socket `{}`: {error}", path.display()),
        )),
    }
}

fn url_on_socket(url: &Url) -> Result<Url, EgressError> {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = if url.path().is_empty() { "/" } else { url.path() };
    Url::parse(&format!("http://localhost{path}{query}"))
        .map_err(|error| EgressError::new(EgressErrorKind::Invalid, error.to_string()))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
