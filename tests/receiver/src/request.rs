//! One HTTP request as it arrived: plain values, no connection behind them.

/// A request that was received whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `POST`
    pub method: String,
    /// Path and query: `/hook?run=1`.
    pub path: String,
    /// In the order sent; names in lower case, values that are not UTF-8 with
    /// replacement characters.
    pub headers: Vec<(String, String)>,
    /// The body's bytes, chunks put together.
    pub body: Vec<u8>,
    /// Which connection it came on, counted from 1. Two requests with one number
    /// shared a connection.
    pub connection: usize,
}

impl Request {
    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text; bytes that are not UTF-8 become replacement characters.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
