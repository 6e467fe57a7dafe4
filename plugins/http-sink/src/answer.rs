//! What an answer means for what was sent.

use std::time::Duration;

use playhouse_plugin::DeliveryError;
use playhouse_plugin::http::{Error, ErrorKind, Response};

/// Delivered, or what to tell the host.
pub(crate) fn judge(answer: Result<Response, Error>) -> Result<(), DeliveryError> {
    let response = match answer {
        Ok(response) => response,
        Err(error) => {
            return Err(match error.kind {
                ErrorKind::Denied | ErrorKind::Invalid => DeliveryError::Stopped(error.message),
                ErrorKind::Limit => DeliveryError::Rejected(error.message),
                _ => DeliveryError::retry(error.message),
            });
        }
    };
    let status = response.status;
    match status {
        200..=299 => Ok(()),
        408 | 425 | 429 | 500..=599 => Err(DeliveryError::Retry {
            after: response.header("retry-after").and_then(seconds),
            reason: format!("the receiver answered {status}"),
        }),
        401 | 403 | 404 | 405 | 407 | 410 => Err(DeliveryError::stopped(format!(
            "the receiver answered {status}; look at the URL and the headers"
        ))),
        300..=399 => Err(DeliveryError::stopped(format!(
            "the receiver answered {status}, and redirects are not followed; write the URL it names{}",
            response.header("location").map(|place| format!(": {place}")).unwrap_or_default()
        ))),
        _ => Err(DeliveryError::rejected(format!("the receiver answered {status}"))),
    }
}

/// `Retry-After` in its form of seconds; as a date it is left to the host's own patience.
fn seconds(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}
