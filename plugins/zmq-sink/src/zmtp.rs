//! ZMTP 3.0 and 3.1 with the mechanism NULL, as far as a sender needs it: bytes of the
//! peer become [`Received`], and what is to be sent becomes bytes. No I/O, no clock.

use std::fmt;

/// Bytes of a greeting: signature, version, mechanism, and room.
const GREETING: usize = 64;
/// The longest frame that a peer may send: it has nothing to say but subscriptions.
pub(crate) const LONGEST_FRAME: usize = 64 << 10;

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// What the peer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Received {
    /// It speaks this minor version of ZMTP 3.
    Greeting(u8),
    /// It is a socket of this type: `PULL`, `SUB`, …
    Ready(String),
    /// It wants nothing to do with us.
    Error(String),
    /// It wants what begins with these bytes.
    Subscribe(Vec<u8>),
    /// It does not want that any more.
    Cancel(Vec<u8>),
    /// It wants to be answered with [`pong`] and these bytes.
    Ping(Vec<u8>),
    /// It answered.
    Pong,
}

/// What no peer may send. The connection is of no more use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation(String);

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Takes a peer's bytes apart, in whatever pieces they come.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    buffer: Vec<u8>,
    is_greeted: bool,
    /// The frame before this one said that there is more of the message.
    in_message: bool,
    violation: Option<Violation>,
}

impl Decoder {
    /// Takes the next bytes and gives what they complete. After a violation nothing more
    /// is understood.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> (Vec<Received>, Result<(), Violation>) {
        let mut received = Vec::new();
        if let Some(violation) = &self.violation {
            return (received, Err(violation.clone()));
        }
        self.buffer.extend_from_slice(bytes);
        let mut used = 0;
        let mut ended = Ok(());
        loop {
            match self.next(used, &mut received) {
                Ok(Some(size)) => used += size,
                Ok(None) => break,
                Err(violation) => {
                    self.violation = Some(violation.clone());
                    ended = Err(violation);
                    break;
                }
            }
        }
        self.buffer.drain(..used);
        (received, ended)
    }

    /// One greeting or frame, and its size; none where there is not enough of it yet.
    fn next(
        &mut self,
        from: usize,
        received: &mut Vec<Received>,
    ) -> Result<Option<usize>, Violation> {
        let rest = &self.buffer[from..];
        if !self.is_greeted {
            let Some(minor) = greeting_of(rest)? else { return Ok(None) };
            self.is_greeted = true;
            received.push(Received::Greeting(minor));
            return Ok(Some(GREETING));
        }
        let Some((flags, head, size)) = frame_head(rest)? else { return Ok(None) };
        let Some(body) = rest.get(head..head + size) else { return Ok(None) };
        if flags & COMMAND != 0 {
            received.extend(command(body)?);
        } else {
            // In ZMTP 3.0 a subscription is a message of one frame.
            if !self.in_message && flags & MORE == 0 {
                received.extend(subscription(body));
            }
            self.in_message = flags & MORE != 0;
        }
        Ok(Some(head + size))
    }
}

/// The minor version; none where the greeting is not complete. What cannot become one is
/// refused at its first wrong byte, since an old peer waits with the rest.
fn greeting_of(bytes: &[u8]) -> Result<Option<u8>, Violation> {
    let is = |at: usize, allowed: fn(u8) -> bool| bytes.get(at).is_none_or(|&byte| allowed(byte));
    if !is(0, |byte| byte == 0xFF) || !is(9, |byte| byte == 0x7F) {
        return Err(Violation("it does not speak ZMTP".to_owned()));
    }
    if !is(10, |major| major >= 3) {
        return Err(Violation("it speaks a ZMTP older than 3.0".to_owned()));
    }
    let Some(greeting) = bytes.get(..GREETING) else { return Ok(None) };
    let mechanism = String::from_utf8_lossy(&greeting[12..32]);
    let mechanism = mechanism.trim_end_matches('\0');
    if mechanism != "NULL" {
        return Err(Violation(format!(
            "it wants the mechanism `{}`, and only NULL is there",
            mechanism.escape_default()
        )));
    }
    Ok(Some(greeting[11]))
}

/// Flags, size of the head, size of the body.
fn frame_head(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, Violation> {
    let Some(&flags) = bytes.first() else { return Ok(None) };
    let is_known = flags & !(MORE | LONG | COMMAND) == 0;
    if !is_known || flags & (COMMAND | MORE) == COMMAND | MORE {
        return Err(Violation(format!("a frame begins with 0x{flags:02X}")));
    }
    let (head, size) = if flags & LONG == 0 {
        let Some(&size) = bytes.get(1) else { return Ok(None) };
        (2, u64::from(size))
    } else {
        let Some(size) = bytes.get(1..9).and_then(|size| size.try_into().ok()) else {
            return Ok(None);
        };
        (9, u64::from_be_bytes(size))
    };
    match usize::try_from(size) {
        Ok(size) if size <= LONGEST_FRAME => Ok(Some((flags, head, size))),
        _ => Err(Violation(format!("a frame of {size} bytes, more than {LONGEST_FRAME}"))),
    }
}

/// A command; those we do not know say nothing.
fn command(body: &[u8]) -> Result<Option<Received>, Violation> {
    let malformed = || Violation("a malformed command".to_owned());
    let (name, data) = short_text(body).ok_or_else(malformed)?;
    Ok(match name {
        b"READY" => Some(Received::Ready(socket_type(data).ok_or_else(malformed)?)),
        b"ERROR" => {
            let (reason, _) = short_text(data).ok_or_else(malformed)?;
            Some(Received::Error(String::from_utf8_lossy(reason).into_owned()))
        }
        b"SUBSCRIBE" => Some(Received::Subscribe(data.to_vec())),
        b"CANCEL" => Some(Received::Cancel(data.to_vec())),
        b"PING" => {
            // How long the peer waits, and what it wants to see again.
            Some(Received::Ping(data.get(2..).ok_or_else(malformed)?.to_vec()))
        }
        b"PONG" => Some(Received::Pong),
        _ => None,
    })
}

/// The form that subscriptions have in ZMTP 3.0.
fn subscription(body: &[u8]) -> Option<Received> {
    match body.split_first()? {
        (1, prefix) => Some(Received::Subscribe(prefix.to_vec())),
        (0, prefix) => Some(Received::Cancel(prefix.to_vec())),
        _ => None,
    }
}

/// The `Socket-Type` among READY's properties; empty where there is none.
fn socket_type(mut properties: &[u8]) -> Option<String> {
    let mut found = String::new();
    while !properties.is_empty() {
        let (name, rest) = short_text(properties)?;
        let (size, rest) = rest.split_first_chunk::<4>()?;
        let size = usize::try_from(u32::from_be_bytes(*size)).ok()?;
        let (value, rest) = rest.split_at_checked(size)?;
        if name.eq_ignore_ascii_case(b"Socket-Type") {
            found = String::from_utf8_lossy(value).into_owned();
        }
        properties = rest;
    }
    Some(found)
}

/// A text after one byte that says how long it is, and what follows it.
fn short_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&size, rest) = bytes.split_first()?;
    rest.split_at_checked(size.into())
}

/// The greeting of ZMTP 3.1 with the mechanism NULL.
pub(crate) fn greeting() -> Vec<u8> {
    let mut bytes = vec![0; GREETING];
    bytes[0] = 0xFF;
    bytes[9] = 0x7F;
    bytes[10..12].copy_from_slice(&[3, 1]);
    bytes[12..16].copy_from_slice(b"NULL");
    bytes
}

/// The command that ends a handshake: which type of socket we are.
pub(crate) fn ready(socket_type: &str) -> Vec<u8> {
    let mut body = b"\x05READY\x0bSocket-Type".to_vec();
    body.extend(u32::try_from(socket_type.len()).unwrap_or(u32::MAX).to_be_bytes());
    body.extend(socket_type.as_bytes());
    frame(COMMAND, &body)
}

/// The answer to a ping.
pub(crate) fn pong(context: &[u8]) -> Vec<u8> {
    frame(COMMAND, &[b"\x04PONG", context].concat())
}

/// A message of these parts.
pub(crate) fn message(parts: &[&[u8]]) -> Vec<u8> {
    let last = parts.len().saturating_sub(1);
    let frames = parts.iter().enumerate();
    frames.flat_map(|(at, part)| frame(if at < last { MORE } else { 0 }, part)).collect()
}

fn frame(flags: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = match u8::try_from(body.len()) {
        Ok(size) => vec![flags, size],
        Err(_) => [&[flags | LONG][..], &(body.len() as u64).to_be_bytes()].concat(),
    };
    bytes.extend(body);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    /// What libzmq 4.3.5 sends first.
    const LIBZMQ_GREETING: &str = "ff00000000000000017f03014e554c4c00000000000000000000000000000000
         0000000000000000000000000000000000000000000000000000000000000000";
    /// What its PULL socket sends then, with a heartbeat.
    const LIBZMQ_PULL: &str =
        "041a0552454144590b536f636b65742d547970650000000450554c4c 04070450494e470000";
    /// What its SUB socket sends then, with subscriptions to everything and to `job`.
    const LIBZMQ_SUB: &str = "04190552454144590b536f636b65742d5479706500000003535542
         040a09535542534352494245 040d095355425343524942456a6f62";
    /// How it subscribes to everything where the peer speaks 3.0.
    const LIBZMQ_SUB_3_0: &str = "000101";

    fn received(pieces: &[&[u8]]) -> (Vec<Received>, Result<(), Violation>) {
        let mut decoder = Decoder::default();
        let mut all = Vec::new();
        let mut ended = Ok(());
        for piece in pieces {
            let (received, result) = decoder.feed(piece);
            all.extend(received);
            ended = result;
        }
        (all, ended)
    }

    #[test]
    fn what_libzmq_sends_is_understood() {
        let pull = [bytes(LIBZMQ_GREETING), bytes(LIBZMQ_PULL)].concat();
        let (said, ended) = received(&[&pull]);
        assert_eq!(ended, Ok(()));
        assert_eq!(
            said,
            [Received::Greeting(1), Received::Ready("PULL".into()), Received::Ping(vec![])]
        );
        let sub = [LIBZMQ_GREETING, LIBZMQ_SUB, LIBZMQ_SUB_3_0].map(bytes).concat();
        let (said, ended) = received(&[&sub]);
        assert_eq!(ended, Ok(()));
        assert_eq!(
            said[1..],
            [
                Received::Ready("SUB".into()),
                Received::Subscribe(vec![]),
                Received::Subscribe(b"job".to_vec()),
                Received::Subscribe(vec![]),
            ]
        );
    }

    #[test]
    fn what_we_send_has_the_form_of_what_libzmq_sends() {
        let mut theirs = bytes(LIBZMQ_GREETING);
        // Its signature has the length that peers of ZMTP 1.0 look at.
        theirs[8] = 0;
        assert_eq!(greeting(), theirs);
        assert_eq!(ready("PULL"), bytes(LIBZMQ_PULL)[..28]);
        assert_eq!(pong(b"x"), b"\x04\x06\x04PONGx");
        assert_eq!(message(&[b"t", b"body"]), b"\x01\x01t\x00\x04body");
        let long = message(&[&[7; 256]]);
        assert_eq!(long[..9], [2, 0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(long.len(), 265);
    }

    #[test]
    fn what_is_no_peer_for_us_is_named() {
        let reason = |bytes: &[u8]| received(&[bytes]).1.unwrap_err().0;
        assert_eq!(reason(b"HTTP/1.1 400"), "it does not speak ZMTP");
        assert_eq!(
            reason(&[0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 1]),
            "it speaks a ZMTP older than 3.0"
        );
        let mut curve = greeting();
        curve[12..17].copy_from_slice(b"CURVE");
        assert!(reason(&curve).starts_with("it wants the mechanism `CURVE`"));
        let greeted = |more: &[u8]| reason(&[&greeting(), more].concat());
        assert_eq!(greeted(&[8]), "a frame begins with 0x08");
        assert_eq!(greeted(&[4, 2, 9, b'x']), "a malformed command");
        assert_eq!(
            greeted(&[2, 0, 0, 0, 0, 0, 1, 0, 1]),
            "a frame of 65537 bytes, more than 65536"
        );
        assert!(greeted(&[2, 255, 255, 255, 255, 255, 255, 255, 255]).contains("more than"));
    }

    #[test]
    fn a_message_of_many_frames_is_no_subscription() {
        let (said, ended) = received(&[&greeting(), b"\x01\x02\x01a\x00\x02\x01b\x00\x02\x01c"]);
        assert_eq!((said.len(), ended), (2, Ok(())));
        assert_eq!(said[1], Received::Subscribe(b"c".to_vec()));
    }

    /// Something like traffic, so that more than the first byte is looked at.
    fn traffic() -> impl Strategy<Value = Vec<u8>> {
        let frame = prop_oneof![
            Just(bytes(LIBZMQ_PULL)),
            Just(bytes(LIBZMQ_SUB)),
            (0..8_u8, vec(any::<u8>(), 0..40)).prop_map(|(flags, body)| super::frame(flags, &body)),
            vec(any::<u8>(), 0..12),
        ];
        let greeted = vec(frame, 0..8).prop_map(|frames| [greeting(), frames.concat()].concat());
        prop_oneof![greeted, vec(any::<u8>(), 0..200)]
    }

    proptest! {
        #[test]
        fn bytes_may_be_split_anywhere(bytes in traffic(), cuts in vec(any::<usize>(), 0..6)) {
            let whole = received(&[&bytes]);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
            prop_assert_eq!(received(&pieces), whole);
        }

        #[test]
        fn what_is_kept_is_limited(pieces in vec(traffic(), 0..20)) {
            let mut decoder = Decoder::default();
            for piece in pieces {
                let _ = decoder.feed(&piece);
                prop_assert!(decoder.buffer.len() <= LONGEST_FRAME + 9 + piece.len());
            }
        }
    }
}
