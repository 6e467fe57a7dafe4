//! The thin layer between the SDK and the host: the component's imports in a component,
//! a recorder in a native test, where the imports would end the process.

#[cfg(target_family = "wasm")]
pub(crate) use component::{log, send};
#[cfg(not(target_family = "wasm"))]
pub(crate) use native::{Host, log, send, with_host};

#[cfg(target_family = "wasm")]
mod component {
    use crate::bindings::base::playhouse::plugin::{http, log as host_log, types};
    use crate::http::{Error, ErrorKind, Request, Response};
    use crate::log::Level;

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
        let timeout =
            request.timeout.map(|timeout| timeout.as_millis().try_into().unwrap_or(u32::MAX));
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
            Err(error) => Err(Error { kind: kind(error.kind), message: error.message }),
        }
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

    use crate::http::{Error, ErrorKind, Request, Response};
    use crate::log::Level;

    /// What answers a plugin's calls in a native test.
    #[derive(Default)]
    pub(crate) struct Host {
        pub(crate) log: Vec<(Level, String)>,
        pub(crate) requests: Vec<Request>,
        pub(crate) answers: std::collections::VecDeque<Result<Response, Error>>,
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
}
