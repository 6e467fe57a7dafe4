//! The thin layer between the SDK and the host: the component's imports in a component,
//! a recorder in a native test, where the imports would end the process.

#[cfg(target_family = "wasm")]
pub(crate) use component::{Stream, connect, finish, log, read, secret, send, write};
#[cfg(not(target_family = "wasm"))]
pub(crate) use native::{
    Host, Step, Stream, StreamState, connect, finish, log, read, secret, send, with_host, write,
};

#[cfg(target_family = "wasm")]
mod component {
    use std::time::Duration;

    use crate::bindings::base::playhouse::plugin::{
        http, log as host_log, net, secret as host_secret, types,
    };
    use crate::http::{Error, ErrorKind, Request, Response};
    use crate::log::Level;
    use crate::net::Connect;
    use crate::secret::SecretError;

    pub(crate) use net::Connection as Stream;

    pub(crate) fn log(level: Level, message: &str) {
        let level = match level {
            Level::Trace => host_log::Level::Trace,
            Level::Debug => host_log::Level::Debug,
            Level::Info => host_log::Level::Info,
            Level::Warn => host_log::Level::Warn,
            Level::Error => host_log::Level::Error,
        };
        host_log::log(level, message, &[]);
    }

    pub(crate) fn send(request: Request) -> Result<Response, Error> {
        let timeout = request.timeout.map(millis);
        let request = http::Request {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body,
            timeout,
            ext: Vec::new(),
        };
        match http::send(&request) {
            Ok(response) => Ok(Response {
                status: response.status,
                headers: response.headers,
                body: response.body,
            }),
            Err(error) => Err(failure(error)),
        }
    }

    pub(crate) fn connect(connect: Connect) -> Result<Stream, Error> {
        let options = net::Options {
            timeout: millis(connect.timeout),
            alpn: connect.alpn,
            identity: connect.identity,
            ext: Vec::new(),
        };
        Stream::connect(&connect.address, &options).map_err(failure)
    }

    pub(crate) fn read(
        stream: &mut Stream,
        max: usize,
        timeout: Duration,
    ) -> Result<Vec<u8>, Error> {
        stream.read(u32::try_from(max).unwrap_or(u32::MAX), millis(timeout)).map_err(failure)
    }

    pub(crate) fn write(stream: &mut Stream, bytes: &[u8], timeout: Duration) -> Result<(), Error> {
        stream.write(bytes, millis(timeout)).map_err(failure)
    }

    pub(crate) fn finish(stream: &mut Stream) -> Result<(), Error> {
        stream.finish().map_err(failure)
    }

    pub(crate) fn secret(name: &str) -> Result<String, SecretError> {
        host_secret::get(name).map_err(|error| match error {
            host_secret::SecretError::Denied(message) => SecretError::Denied(message),
            host_secret::SecretError::Missing(message) => SecretError::Missing(message),
        })
    }

    fn millis(time: Duration) -> u32 {
        time.as_millis().try_into().unwrap_or(u32::MAX)
    }

    fn failure(error: types::IoError) -> Error {
        Error { kind: kind(error.kind), message: error.message }
    }

    fn kind(kind: types::IoErrorKind) -> ErrorKind {
        match kind {
            types::IoErrorKind::Denied => ErrorKind::Denied,
            types::IoErrorKind::Limit => ErrorKind::Limit,
            types::IoErrorKind::Invalid => ErrorKind::Invalid,
            types::IoErrorKind::Unresolved => ErrorKind::Unresolved,
            types::IoErrorKind::Unreachable => ErrorKind::Unreachable,
            types::IoErrorKind::TimedOut => ErrorKind::TimedOut,
            types::IoErrorKind::Closed => ErrorKind::Closed,
            types::IoErrorKind::Tls => ErrorKind::Tls,
            types::IoErrorKind::Other => ErrorKind::Other,
        }
    }
}

#[cfg(not(target_family = "wasm"))]
mod native {
    use std::cell::RefCell;
    use std::collections::{HashMap, VecDeque};
    use std::time::Duration;

    use crate::http::{Error, ErrorKind, Request, Response};
    use crate::log::Level;
    use crate::net::Connect;
    use crate::secret::SecretError;

    /// What answers a plugin's calls in a native test.
    #[derive(Default)]
    pub(crate) struct Host {
        pub(crate) log: Vec<(Level, String)>,
        pub(crate) requests: Vec<Request>,
        pub(crate) answers: VecDeque<Result<Response, Error>>,
        /// Scripts for connections to come, by address.
        pub(crate) peers: VecDeque<(String, VecDeque<Step>)>,
        pub(crate) streams: Vec<StreamState>,
        pub(crate) secrets: HashMap<String, String>,
    }

    /// What a scripted peer does next.
    #[derive(Debug, Clone)]
    pub(crate) enum Step {
        Expect(Vec<u8>),
        Answer(Vec<u8>),
        Close,
        Fail(Error),
    }

    /// A connection, open or not.
    #[derive(Debug)]
    pub(crate) struct StreamState {
        pub(crate) connect: Connect,
        pub(crate) sent: Vec<u8>,
        pub(crate) finished: bool,
        pub(crate) dropped: bool,
        pub(crate) steps: VecDeque<Step>,
    }

    /// An index into the host's streams.
    #[derive(Debug)]
    pub(crate) struct Stream(usize);

    impl Drop for Stream {
        fn drop(&mut self) {
            // The next test on this thread has another host, and threads end in any order.
            let _ = HOST.try_with(|host| {
                if let Ok(mut host) = host.try_borrow_mut()
                    && let Some(state) = host.streams.get_mut(self.0)
                {
                    state.dropped = true;
                }
            });
        }
    }

    thread_local! {
        static HOST: RefCell<Host> = RefCell::default();
    }

    pub(crate) fn with_host<R>(look: impl FnOnce(&mut Host) -> R) -> R {
        HOST.with_borrow_mut(look)
    }

    pub(crate) fn log(level: Level, message: &str) {
        with_host(|host| host.log.push((level, message.to_owned())));
    }

    pub(crate) fn send(request: Request) -> Result<Response, Error> {
        with_host(|host| {
            host.requests.push(request);
            host.answers.pop_front().unwrap_or_else(|| {
                Err(Error {
                    kind: ErrorKind::Unreachable,
                    message: "the test has no answer for this request".to_owned(),
                })
            })
        })
    }

    pub(crate) fn connect(connect: Connect) -> Result<Stream, Error> {
        with_host(|host| {
            let place = host.peers.iter().position(|(address, _)| *address == connect.address);
            let Some((_, steps)) = place.and_then(|place| host.peers.remove(place)) else {
                let message = format!("the test has no peer at `{}`", connect.address);
                return Err(Error { kind: ErrorKind::Unreachable, message });
            };
            if let Some(Step::Fail(error)) = steps.front() {
                return Err(error.clone());
            }
            host.streams.push(StreamState {
                connect,
                sent: Vec::new(),
                finished: false,
                dropped: false,
                steps,
            });
            Ok(Stream(host.streams.len() - 1))
        })
    }

    pub(crate) fn read(stream: &mut Stream, max: usize, _: Duration) -> Result<Vec<u8>, Error> {
        with_stream(stream, |state| {
            while let Some(Step::Expect(bytes) | Step::Answer(bytes)) = state.steps.front()
                && bytes.is_empty()
            {
                state.steps.pop_front();
            }
            match state.steps.front_mut() {
                Some(Step::Answer(bytes)) => Ok(bytes.drain(..max.min(bytes.len())).collect()),
                Some(Step::Close) => Ok(Vec::new()),
                Some(Step::Fail(error)) => Err(error.clone()),
                Some(Step::Expect(_)) | None => {
                    let message = format!("`{}` sent nothing", state.connect.address);
                    Err(Error { kind: ErrorKind::TimedOut, message })
                }
            }
        })
    }

    pub(crate) fn write(stream: &mut Stream, bytes: &[u8], _: Duration) -> Result<(), Error> {
        with_stream(stream, |state| {
            let at = state.sent.len();
            state.sent.extend_from_slice(bytes);
            let mut rest = bytes;
            for step in &mut state.steps {
                let Step::Expect(expected) = step else { continue };
                let size = expected.len().min(rest.len());
                assert_eq!(
                    rest[..size],
                    expected[..size],
                    "what `{}` was sent, from byte {at} on, and what it expects",
                    state.connect.address
                );
                expected.drain(..size);
                rest = &rest[size..];
            }
            Ok(())
        })
    }

    #[expect(clippy::unnecessary_wraps, reason = "the host's own can fail")]
    pub(crate) fn finish(stream: &mut Stream) -> Result<(), Error> {
        with_stream(stream, |state| state.finished = true);
        Ok(())
    }

    pub(crate) fn secret(name: &str) -> Result<String, SecretError> {
        let value = with_host(|host| host.secrets.get(name).cloned());
        value.ok_or_else(|| SecretError::Denied(format!("the test has no secret `{name}`")))
    }

    fn with_stream<R>(stream: &Stream, look: impl FnOnce(&mut StreamState) -> R) -> R {
        with_host(|host| look(&mut host.streams[stream.0]))
    }
}
