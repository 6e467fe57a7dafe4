//! What a broker's answer means for what was sent. MQTT 5 has one list of reasons for
//! all packets; the return codes of 3.1.1 are put into its words.

use playhouse_plugin::DeliveryError;
use playhouse_plugin::net::{Error, ErrorKind};

/// From here on a reason code is a failure.
const FIRST_FAILURE: u8 = 0x80;

/// The reason code of MQTT 5 that a return code of 3.1.1's CONNACK stands for.
pub(crate) fn reason_of_return_code(code: u8) -> u8 {
    match code {
        0 => 0,
        1 => 0x84,
        2 => 0x85,
        3 => 0x88,
        4 => 0x86,
        _ => 0x87,
    }
}

/// Whether a packet was taken; `what` is what the broker did in that answer.
pub(crate) fn judge(what: &str, code: u8) -> Result<(), DeliveryError> {
    if code < FIRST_FAILURE {
        return Ok(());
    }
    let reason = format!("the broker {what}: {}", words(code));
    Err(match code {
        0x84..=0x87 | 0x8A | 0x8C | 0x8E | 0x9A..=0x9D => DeliveryError::Stopped(reason),
        0x90 | 0x95 | 0x99 => DeliveryError::Rejected(reason),
        _ => DeliveryError::retry(reason),
    })
}

/// What a failure of the stream means.
pub(crate) fn of_stream(error: Error) -> DeliveryError {
    match error.kind {
        ErrorKind::Denied | ErrorKind::Invalid => DeliveryError::Stopped(error.message),
        _ => DeliveryError::retry(error.message),
    }
}

fn words(code: u8) -> String {
    let text = match code {
        0x80 => "no reason given",
        0x81 => "malformed packet",
        0x82 => "protocol error",
        0x84 => "unsupported protocol version; look at `protocol`",
        0x85 => "the client identifier is not valid; look at `client_id`",
        0x86 => "bad user name or password",
        0x87 => "not authorized",
        0x88 => "server unavailable",
        0x89 => "server busy",
        0x8A => "banned",
        0x8B => "it is shutting down",
        0x8C => "bad authentication method",
        0x8D => "nothing came for longer than the keep-alive",
        0x8E => "another client has the same `client_id`",
        0x90 => "the topic is not accepted",
        0x95 => "the packet is too large",
        0x96 => "too many messages",
        0x97 => "a quota is used up",
        0x98 => "an administrator ended it",
        0x99 => "the payload is not accepted",
        0x9A => "retained messages are not supported; look at `retain`",
        0x9B => "the quality of service is not supported; look at `qos`",
        0x9C | 0x9D => "another broker is to be used",
        0x9F => "too many connections",
        _ => return format!("reason 0x{code:02X}"),
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_meaning() {
        let kind = |code| match judge("said no", code) {
            Ok(()) => "taken",
            Err(DeliveryError::Retry { .. }) => "retry",
            Err(DeliveryError::Rejected(_)) => "rejected",
            Err(DeliveryError::Stopped(_)) => "stopped",
        };
        for (code, expected) in [
            (0x00, "taken"),
            (0x10, "taken"),
            (0x80, "retry"),
            (0x86, "stopped"),
            (0x87, "stopped"),
            (0x88, "retry"),
            (0x8B, "retry"),
            (0x8E, "stopped"),
            (0x90, "rejected"),
            (0x95, "rejected"),
            (0x97, "retry"),
            (0x9B, "stopped"),
            (0xFF, "retry"),
        ] {
            assert_eq!(kind(code), expected, "0x{code:02X}");
        }
        assert_eq!(kind(reason_of_return_code(4)), "stopped", "bad user name or password");
        assert_eq!(kind(reason_of_return_code(5)), "stopped", "not authorized");
        assert_eq!(kind(reason_of_return_code(3)), "retry", "server unavailable");
    }
}
