//! What a receiver answers: a status with headers and a body, at once or late, or no
//! answer at all. A script is any function from request to answer; [`in_turn`] makes
//! one from a list.

use std::time::Duration;

use crate::Request;

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) delay: Duration,
    pub(crate) hang_up: bool,
}

impl Answer {
    /// 200 with an empty body, at once.
    pub fn ok() -> Self {
        Self::status(200)
    }

    /// Any other status, 100 to 999, with an empty body, at once.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            delay: Duration::ZERO,
            hang_up: false,
        }
    }

    /// No answer: the connection is closed after the request was recorded.
    pub fn hang_up() -> Self {
        Self { hang_up: true, ..Self::ok() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Waits this long before answering. Other connections are served meanwhile.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// A script that gives these answers one after another, whatever is asked, and
/// [`Answer::ok`] from then on.
pub fn in_turn(
    answers: impl IntoIterator<Item = Answer>,
) -> impl FnMut(&Request) -> Answer + Send + 'static {
    let mut answers = answers.into_iter().collect::<Vec<_>>().into_iter();
    move |_| answers.next().unwrap_or_else(Answer::ok)
}
