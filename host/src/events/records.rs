//! Reads the callback's records from the channel's bytes.
//!
//! A frame is `<number> <uuid> <event> <bytes> <data>`, a line feed, that many bytes of
//! JSON and a line feed. The number is the one in the event's markers. A `?` behind the
//! event says that its text asks for an answer, a `~` that it does so for a limited time.
//! The last member of the JSON is `event_data`, of `<data>` bytes.

use std::collections::BTreeMap;
use std::ops::Range;

/// One event as the callback sent it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) json: String,
    /// The bytes of `json` that are `event_data`.
    pub(super) data: Range<usize>,
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

/// The longest head a frame can have: three numbers, a UUID with a suffix, a name.
const LONGEST_HEAD: usize = 256;

/// What stands before the data in a record.
pub(super) const DATA_KEY: &str = "\"event_data\": ";

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
        let Some(head) = Head::parse(&bytes[..head_size]) else { return Some(Self::Broken) };
        let size = head_size.checked_add(head.json_size)?.checked_add(2)?;
        let json = bytes.get(head_size + 1..size - 1)?;
        if *bytes.get(size - 1)? != b'\n' {
            return Some(Self::Broken);
        }
        let Some((json, data)) = json_with_data(json, head.data_size) else {
            return Some(Self::Broken);
        };
        let Head { number, uuid, name, .. } = head;
        let (name, asks) = match (name.strip_suffix('?'), name.strip_suffix('~')) {
            (Some(name), _) => (name, Some(Asks::ForGood)),
            (_, Some(name)) => (name, Some(Asks::ForAWhile)),
            (None, None) => (name, None),
        };
        let (uuid, name, json) = (uuid.to_owned(), name.to_owned(), json.to_owned());
        let record = Record { uuid, name, json, data, asks };
        Some(Self::Whole { number, record, size })
    }
}

/// A frame's first line.
struct Head<'a> {
    number: u64,
    uuid: &'a str,
    name: &'a str,
    json_size: usize,
    data_size: usize,
}

impl<'a> Head<'a> {
    fn parse(head: &'a [u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(head).ok()?.split(' ');
        let head = Self {
            number: words.next()?.parse().ok()?,
            uuid: words.next().filter(|word| is_file_name(word))?,
            name: words.next().filter(|word| !word.is_empty())?,
            json_size: words.next()?.parse().ok()?,
            data_size: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(head)
    }
}

/// The record as text, and where its last member stands.
fn json_with_data(json: &[u8], data_size: usize) -> Option<(&str, Range<usize>)> {
    let json = std::str::from_utf8(json).ok()?;
    let members = json.strip_prefix('{')?.strip_suffix('}')?;
    let end = 1 + members.len();
    let start = end.checked_sub(data_size)?;
    let is_there = json.get(start..end)?.starts_with('{') && json[..start].ends_with(DATA_KEY);
    is_there.then_some((json, start..end))
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
        let (first, second) =
            (r#"{"event_data": {}}"#, "{\"a\": \"\n\", \"event_data\": {\"b\": 1}}");
        let stream =
            format!("1 u-1 playbook_on_start 18 2\n{first}\n2 u-2 verbose 34 8\n{second}\n");
        let stream = stream.as_bytes();
        for cut in 0..=stream.len() {
            let mut records = Records::default();
            records.push(&stream[..cut]);
            records.push(&stream[cut..]);
            assert_eq!(records.take(1).expect("first").name, "playbook_on_start");
            let record = records.take(2).expect("second");
            assert_eq!(record.json, second);
            assert_eq!(&record.json[record.data], r#"{"b": 1}"#);
            assert!(records.may_come());
        }
    }

    #[test]
    fn rubbish_ends_the_channel() {
        for rubbish in [
            "hello\n",
            "2 ../x verbose 18 2\n{\"event_data\": {}}\n",
            "2 u v 18\n{\"event_data\": {}}\n",
            "2 u v 18 3\n{\"event_data\": {}}\n",
            "2 u v 18 20\n{\"event_data\": {}}\n",
            "2 u v 18 2\n{\"event_dada\": {}}\n",
            "2 u v 18 2\n[\"event_data\": {}]\n",
            "2 u v 18 2\n{\"event_data\": []}\n",
            &"x".repeat(300),
        ] {
            let mut records = Records::default();
            records.push(b"1 u-1 verbose 18 2\n{\"event_data\": {}}\n");
            records.push(rubbish.as_bytes());
            assert!(!records.may_come(), "{rubbish}");
            assert!(records.take(1).is_some(), "what came before it counts");
        }
    }
}
