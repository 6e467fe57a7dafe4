//! Reads the callback's records from the channel's bytes.
//!
//! A frame is `<number> <uuid> <event> <bytes>`, a line feed, that many bytes of JSON
//! and a line feed. The number is the one in the event's markers. A `?` behind the event
//! says that its text asks for an answer, a `~` that it does so for a limited time.

use std::collections::BTreeMap;

/// One event as the callback sent it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) json: String,
    pub(super) asks: Option<Asks>,
}

/// How an event's text asks for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// Until there is one.
    ForGood,
    /// And then goes on.
    ForAWhile,
}

/// Records that no marker has asked for yet.
#[derive(Debug, Default)]
pub(super) struct Records {
    buffer: Vec<u8>,
    waiting: BTreeMap<u64, Record>,
    /// No more will come: what was sent is not a frame, or the channel broke.
    broken: bool,
}

/// The longest head a frame can have: two numbers, a UUID with a suffix, a name.
const LONGEST_HEAD: usize = 256;

impl Records {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.broken {
            return;
        }
        self.buffer.extend_from_slice(bytes);
        let mut read = 0;
        while let Some(frame) = Frame::parse(&self.buffer[read..]) {
            match frame {
                Frame::Whole { number, record, size } => {
                    self.waiting.insert(number, record);
                    read += size;
                }
                Frame::Broken => {
                    self.give_up();
                    return;
                }
            }
        }
        self.buffer.drain(..read);
    }

    pub(super) fn take(&mut self, number: u64) -> Option<Record> {
        self.waiting.remove(&number)
    }

    /// In the order they were sent, what no marker named.
    pub(super) fn take_rest(&mut self) -> impl Iterator<Item = Record> + use<> {
        std::mem::take(&mut self.waiting).into_values()
    }

    /// Whether a record that is not here may still come.
    pub(super) fn may_come(&self) -> bool {
        !self.broken
    }

    pub(super) fn give_up(&mut self) {
        self.broken = true;
        self.buffer = Vec::new();
    }
}

enum Frame {
    Whole { number: u64, record: Record, size: usize },
    Broken,
}

impl Frame {
    /// None: more bytes are needed.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let Some(head_size) = bytes.iter().take(LONGEST_HEAD).position(|&byte| byte == b'\n')
        else {
            return (bytes.len() >= LONGEST_HEAD).then_some(Self::Broken);
        };
        let Some((number, uuid, name, json_size)) = parse_head(&bytes[..head_size]) else {
            return Some(Self::Broken);
        };
        let size = head_size.checked_add(json_size)?.checked_add(2)?;
        let json = bytes.get(head_size + 1..size - 1)?;
        if *bytes.get(size - 1)? != b'\n' || json.first() != Some(&b'{') {
            return Some(Self::Broken);
        }
        let Ok(json) = std::str::from_utf8(json) else { return Some(Self::Broken) };
        let (name, asks) = match (name.strip_suffix('?'), name.strip_suffix('~')) {
            (Some(name), _) => (name, Some(Asks::ForGood)),
            (_, Some(name)) => (name, Some(Asks::ForAWhile)),
            (None, None) => (name, None),
        };
        let record =
            Record { uuid: uuid.to_owned(), name: name.to_owned(), json: json.to_owned(), asks };
        Some(Self::Whole { number, record, size })
    }
}

fn parse_head(head: &[u8]) -> Option<(u64, &str, &str, usize)> {
    let mut words = std::str::from_utf8(head).ok()?.split(' ');
    let number = words.next()?.parse().ok()?;
    let uuid = words.next().filter(|word| is_file_name(word))?;
    let name = words.next().filter(|word| !word.is_empty())?;
    let size = words.next()?.parse().ok()?;
    words.next().is_none().then_some((number, uuid, name, size))
}

/// The UUID becomes part of a file's name.
fn is_file_name(word: &str) -> bool {
    !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_wherever_they_are_cut() {
        let stream = b"1 u-1 playbook_on_start 2\n{}\n2 u-2 verbose 9\n{\"a\":\"\n\"}\n".as_slice();
        for cut in 0..=stream.len() {
            let mut records = Records::default();
            records.push(&stream[..cut]);
            records.push(&stream[cut..]);
            assert_eq!(records.take(1).expect("first").name, "playbook_on_start");
            assert_eq!(records.take(2).expect("second").json, "{\"a\":\"\n\"}");
            assert!(records.may_come());
        }
    }

    #[test]
    fn rubbish_ends_the_channel() {
        for rubbish in ["hello\n", "1 ../x verbose 2\n{}\n", "1 u v 2\n[]\n", &"x".repeat(300)] {
            let mut records = Records::default();
            records.push(b"1 u-1 verbose 2\n{}\n");
            records.push(rubbish.as_bytes());
            assert!(!records.may_come(), "{rubbish}");
            assert!(records.take(1).is_some(), "what came before it counts");
        }
    }
}
