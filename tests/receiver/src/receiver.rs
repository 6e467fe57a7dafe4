//! The listening side: one thread with a tokio runtime of its own, one task a
//! connection. A request is recorded before it is answered, so whoever has seen the
//! answer finds the request in the record.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use crate::record::Record;
use crate::{Answer, Request};

/// A running receiver. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Receiver {
    record: Arc<Record>,
    url: String,
    socket: Option<PathBuf>,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// Listens on a free port of 127.0.0.1 and answers 200 to everything.
    ///
    /// # Panics
    ///
    /// When the machine has no free loopback port: there is no test without one.
    pub fn start() -> Self {
        Self::start_with(|_| Answer::ok())
    }

    /// Listens on a free port of 127.0.0.1; `script` is asked once a request, in the
    /// order of the record.
    ///
    /// # Panics
    ///
    /// When the machine has no free loopback port.
    pub fn start_with(script: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        Self::run(format!("http://{address}"), None, script, move || {
            tokio::net::TcpListener::from_std(listener).map(Listener::Tcp)
        })
    }

    /// Listens on a Unix socket at `path`, which must be free and is removed at the end.
    pub fn start_on_socket(
        path: &Path,
        script: impl FnMut(&Request) -> Answer + Send + 'static,
    ) -> io::Result<Self> {
        let listener = std::os::unix::net::UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        let url = format!("http+unix://{}", percent_encoded(path));
        Ok(Self::run(url, Some(path.to_owned()), script, move || {
            tokio::net::UnixListener::from_std(listener).map(Listener::Unix)
        }))
    }

    /// `http://127.0.0.1:4711`, or `http+unix://%2Ftmp%2Fx.sock`; without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Everything received so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.record.requests()
    }

    /// Waits until at least `count` requests were received, or the time is up, and
    /// gives all there are then: fewer than `count` means it was in vain.
    pub fn wait_for(&self, count: usize, timeout: Duration) -> Vec<Request> {
        self.wait_until(timeout, |requests| requests.len() >= count)
    }

    /// Waits until `enough` says yes to all that was received, or the time is up, and
    /// gives all there are then.
    pub fn wait_until(
        &self,
        timeout: Duration,
        enough: impl FnMut(&[Request]) -> bool,
    ) -> Vec<Request> {
        self.record.wait_until(timeout, enough)
    }

    fn run(
        url: String,
        socket: Option<PathBuf>,
        script: impl FnMut(&Request) -> Answer + Send + 'static,
        listen: impl FnOnce() -> io::Result<Listener> + Send + 'static,
    ) -> Self {
        let record = Arc::new(Record::default());
        let (stop, stopped) = oneshot::channel::<Infallible>();
        let thread = std::thread::spawn({
            let record = Arc::clone(&record);
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime needs a few file descriptors and finds them");
                let tasks = LocalSet::new();
                tasks.block_on(&runtime, async move {
                    let listener = listen().expect("the runtime takes a listener of ours");
                    tokio::select! {
                        () = accept(listener, record, script) => {}
                        _ = stopped => {}
                    }
                });
            }
        });
        Self { record, url, socket, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // The thread waits for this sender to go, then drops its connections.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if let Some(socket) = &self.socket {
            let _ = std::fs::remove_file(socket);
        }
    }
}

enum Listener {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<Any: AsyncRead + AsyncWrite + Unpin> Stream for Any {}

impl Listener {
    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Without this a keep-alive client may wait 40 ms for each answer.
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

/// Recording and asking the script are one step, so that the script sees requests in
/// the record's order.
struct Desk<Script> {
    record: Arc<Record>,
    script: RefCell<Script>,
}

async fn accept<Script>(listener: Listener, record: Arc<Record>, script: Script)
where
    Script: FnMut(&Request) -> Answer + 'static,
{
    let desk = Rc::new(Desk { record, script: RefCell::new(script) });
    let mut connection = 0;
    loop {
        match listener.accept().await {
            Ok(stream) => {
                connection += 1;
                tokio::task::spawn_local(serve(stream, connection, Rc::clone(&desk)));
            }
            // Out of file descriptors, most likely: some connections have to end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve<Script>(stream: Box<dyn Stream>, connection: usize, desk: Rc<Desk<Script>>)
where
    Script: FnMut(&Request) -> Answer + 'static,
{
    let service = service_fn(move |request| {
        let desk = Rc::clone(&desk);
        async move { desk.answer(request, connection).await }
    });
    // An error here is the client's doing, or a hang-up we asked for.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl<Script: FnMut(&Request) -> Answer> Desk<Script> {
    async fn answer(
        &self,
        request: hyper::Request<Incoming>,
        connection: usize,
    ) -> Result<hyper::Response<Full<Bytes>>, io::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let request = Request {
            method: head.method.to_string(),
            path: head.uri.to_string(),
            headers: head
                .headers
                .iter()
                .map(|(name, value)| {
                    (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                })
                .collect(),
            body: body.to_vec(),
            connection,
        };
        let answer = (self.script.borrow_mut())(&request);
        self.record.push(request);
        tokio::time::sleep(answer.delay).await;
        if answer.hang_up {
            return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
        }
        let mut response = hyper::Response::builder().status(answer.status);
        for (name, value) in &answer.headers {
            response = response.header(name, value);
        }
        response.body(Full::new(Bytes::from(answer.body))).map_err(io::Error::other)
    }
}

/// A socket's path as the host part of a URL.
fn percent_encoded(path: &Path) -> String {
    path.as_os_str()
        .as_encoded_bytes()
        .iter()
        .map(|&byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
