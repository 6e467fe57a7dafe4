//! Puts the terminal's text and the callback's records together into events.
//!
//! Markers say which text belongs to which record. The record is sent before its first
//! marker, so one that is not here yet is on its way: what follows waits for it, and the
//! order of the terminal is kept. Text that no marker encloses becomes one `verbose`
//! event a line.

use std::collections::VecDeque;

use jiff::Timestamp;
use uuid::Uuid;

use super::decoder::{Decoder, MarkerKind, Nonce, Token};
use super::records::{Asks, Record, Records};
use super::{Event, EventSource};

/// Bytes of text outside of events that are kept to look for prompts in.
const LOOSE: usize = 4096;

/// A piece of a run, in the terminal's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// An event of the callback with its text.
    Event(Event),
    /// A line of text that belongs to no callback, as an event of its own.
    Line {
        /// The event; its name is `verbose`.
        event: Event,
        /// What of the line, its end included, no [`Segment::Unfinished`] has shown yet.
        rest: String,
    },
    /// The beginning of such a line: a prompt, most likely.
    Unfinished(String),
}

/// See the module's head.
#[derive(Debug)]
pub struct Assembler {
    decoder: Decoder,
    output: Output,
    records: Records,
    last_name: String,
    /// The last event's text, where it asks for an answer until there is one.
    asked: Option<String>,
    segments: Vec<Segment>,
    last_counter: u64,
}

/// What the terminal's bytes are cut into.
#[derive(Debug, Default)]
struct Output {
    /// The event whose text is being read.
    open: Option<(u64, Vec<u8>)>,
    /// Text outside of events, up to its line end.
    line: Vec<u8>,
    /// How much of `line` was shown.
    shown: usize,
    /// Text outside of events, of late: what may be a prompt.
    loose: Vec<u8>,
    drafts: VecDeque<Draft>,
}

/// What is complete but for its place in the count.
#[derive(Debug)]
enum Draft {
    Event { number: u64, text: Vec<u8>, at: Timestamp },
    Line { line: String, rest: String, at: Timestamp },
    Unfinished(String),
}

impl Assembler {
    /// For one run.
    pub fn new(nonce: &Nonce) -> Self {
        Self {
            decoder: Decoder::new(nonce),
            output: Output::default(),
            records: Records::default(),
            last_name: String::new(),
            asked: None,
            segments: Vec::new(),
            last_counter: 0,
        }
    }

    /// Takes bytes of the channel.
    pub fn push_records(&mut self, bytes: &[u8]) {
        self.records.push(bytes);
    }

    /// The channel is broken: no record that is not here will come.
    pub fn give_up_on_records(&mut self) {
        self.records.give_up();
    }

    /// Takes bytes of the terminal, read at `now`.
    pub fn push_output(&mut self, bytes: &[u8], now: Timestamp) {
        self.decoder.push(bytes, |token| self.output.push_token(&token, now));
    }

    /// Whether the beginning of a line waits to be shown.
    pub fn has_unfinished_text(&self) -> bool {
        self.output.has_unfinished_text()
    }

    /// Shows the beginning of a line that has waited long enough for its end.
    pub fn show_unfinished_text(&mut self) {
        self.output.show_unfinished_text();
    }

    /// Text outside of events, and of events that ask for an answer, that nobody has made
    /// [forgotten](Self::forget_loose_text), the last [`LOOSE`] bytes of it at least.
    pub fn loose_text(&self) -> &[u8] {
        &self.output.loose
    }

    /// Forgets the beginning of it.
    pub fn forget_loose_text(&mut self, bytes: usize) {
        self.asked = None;
        self.output.loose.drain(..bytes);
    }

    /// The beginning of a line outside of events, shown or not.
    pub fn unfinished_line(&self) -> &[u8] {
        &self.output.line
    }

    /// What the last event asks for, until it is answered.
    pub fn asked(&self) -> Option<&str> {
        self.asked.as_deref()
    }

    /// The name of the callback's last event; empty before the first.
    pub fn last_name(&self) -> &str {
        &self.last_name
    }

    /// What is complete by now.
    pub fn take_segments(&mut self) -> Vec<Segment> {
        while let Some(draft) = self.output.drafts.pop_front() {
            match draft {
                Draft::Event { number, text, at } => match self.records.take(number) {
                    Some(record) => self.push_event(record, &text),
                    None if self.records.may_come() => {
                        self.output.drafts.push_front(Draft::Event { number, text, at });
                        break;
                    }
                    None => self.push_lines(&text, at),
                },
                Draft::Line { line, rest, at } => self.push_line(&line, rest, at),
                Draft::Unfinished(text) => self.segments.push(Segment::Unfinished(text)),
            }
        }
        std::mem::take(&mut self.segments)
    }

    /// The child has ended and both streams are drained: what is open is closed, and a
    /// record whose marker never came is an event without text.
    pub fn finish(&mut self, now: Timestamp) {
        self.decoder.finish(|token| self.output.push_token(&token, now));
        self.output.close_event(now);
        self.output.close_line(now);
        self.records.give_up();
        let done = self.take_segments();
        self.segments = done;
        for record in self.records.take_rest() {
            self.push_event(record, b"");
        }
    }

    fn push_event(&mut self, record: Record, bytes: &[u8]) {
        let Record { uuid, name, json, data, asks } = record;
        self.last_name.clone_from(&name);
        let source = EventSource::Callback { record: json, data: Some(data), replaced_data: None };
        let text = String::from_utf8_lossy(bytes);
        self.asked = None;
        if let Some(asks) = asks {
            self.output.loose.extend_from_slice(bytes);
            self.asked = (asks == Asks::ForGood).then(|| text.trim().to_owned());
        }
        let event = self.numbered(uuid, name, &text, source);
        self.segments.push(Segment::Event(event));
    }

    /// The text of an event whose record never came.
    fn push_lines(&mut self, text: &[u8], at: Timestamp) {
        for line in String::from_utf8_lossy(text).split_inclusive('\n') {
            self.push_line(line, line.to_owned(), at);
        }
    }

    fn push_line(&mut self, line: &str, rest: String, created: Timestamp) {
        let uuid = Uuid::new_v4().to_string();
        let event = self.numbered(uuid, "verbose".to_owned(), line, EventSource::Text { created });
        self.segments.push(Segment::Line { event, rest });
    }

    fn numbered(&mut self, uuid: String, name: String, text: &str, source: EventSource) -> Event {
        self.last_counter += 1;
        Event {
            counter: self.last_counter,
            uuid,
            name,
            stdout: text.trim_end_matches(['\r', '\n']).to_owned(),
            lines: text.matches('\n').count() as u64,
            start_line: 0,
            source,
            annotations: Vec::new(),
            failed: Vec::new(),
        }
    }
}

impl Output {
    fn push_token(&mut self, token: &Token<'_>, now: Timestamp) {
        match *token {
            Token::Text(bytes) => match &mut self.open {
                Some((_, text)) => text.extend_from_slice(bytes),
                None => self.push_outside_text(bytes, now),
            },
            Token::Marker { number, kind: MarkerKind::Begin } => {
                self.close_event(now);
                self.close_line(now);
                self.open = Some((number, Vec::new()));
            }
            Token::Marker { kind: MarkerKind::End, .. } => self.close_event(now),
            Token::Marker { number, kind: MarkerKind::Whole } => {
                self.close_event(now);
                self.close_line(now);
                self.drafts.push_back(Draft::Event { number, text: Vec::new(), at: now });
            }
        }
    }

    fn push_outside_text(&mut self, bytes: &[u8], now: Timestamp) {
        self.loose.extend_from_slice(bytes);
        if self.loose.len() > 2 * LOOSE {
            self.loose.drain(..self.loose.len() - LOOSE);
        }
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.close_line(now);
            }
        }
    }

    fn close_event(&mut self, now: Timestamp) {
        if let Some((number, text)) = self.open.take() {
            self.drafts.push_back(Draft::Event { number, text, at: now });
        }
    }

    fn close_line(&mut self, now: Timestamp) {
        if self.line.is_empty() {
            return;
        }
        let rest = String::from_utf8_lossy(&self.line[self.shown..]).into_owned();
        let line = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        self.shown = 0;
        self.drafts.push_back(Draft::Line { line, rest, at: now });
    }

    fn has_unfinished_text(&self) -> bool {
        self.open.is_none() && self.shown < self.line.len()
    }

    fn show_unfinished_text(&mut self) {
        if self.has_unfinished_text() {
            let text = String::from_utf8_lossy(&self.line[self.shown..]).into_owned();
            self.shown = self.line.len();
            self.drafts.push_back(Draft::Unfinished(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(number: u64, name: &str) -> String {
        format!("{number} u-{number} {name} 18 2\n{{\"event_data\": {{}}}}\n")
    }

    struct Stream {
        nonce: Nonce,
        assembler: Assembler,
        seen: Vec<String>,
    }

    impl Stream {
        fn new() -> Self {
            let nonce = Nonce::random();
            Self { assembler: Assembler::new(&nonce), nonce, seen: Vec::new() }
        }

        fn record(mut self, number: u64, name: &str) -> Self {
            self.assembler.push_records(frame(number, name).as_bytes());
            self.look()
        }

        fn text(mut self, text: &str) -> Self {
            self.assembler.push_output(text.as_bytes(), Timestamp::UNIX_EPOCH);
            self.look()
        }

        fn marker(self, marker: &str) -> Self {
            let text = format!("\x1b_{};{marker}\x1b\\", self.nonce.as_str());
            self.text(&text)
        }

        fn prompt(mut self) -> Self {
            self.assembler.show_unfinished_text();
            self.look()
        }

        fn look(mut self) -> Self {
            for segment in self.assembler.take_segments() {
                self.seen.push(match segment {
                    Segment::Event(event) => {
                        format!(
                            "{} {} {:?}/{}",
                            event.counter, event.name, event.stdout, event.lines
                        )
                    }
                    Segment::Line { event, rest } => {
                        format!("{} line {:?} rest {rest:?}", event.counter, event.stdout)
                    }
                    Segment::Unfinished(text) => format!("unfinished {text:?}"),
                });
            }
            self
        }

        fn end(mut self) -> Vec<String> {
            self.assembler.finish(Timestamp::UNIX_EPOCH);
            self.look().seen
        }
    }

    #[test]
    fn text_and_records_meet_by_number() {
        let seen = Stream::new()
            .record(1, "playbook_on_start")
            .record(2, "playbook_on_play_start")
            .marker("1.")
            .marker("2(")
            .text("\r\nPLAY [all] ***\r\n")
            .marker("2)")
            .end();
        assert_eq!(
            seen,
            ["1 playbook_on_start \"\"/0", "2 playbook_on_play_start \"\\r\\nPLAY [all] ***\"/2"]
        );
    }

    #[test]
    fn a_marker_ahead_of_its_record_holds_up_what_follows() {
        let stream = Stream::new().marker("1(").text("ok\r\n").marker("1)").text("stray\r\n");
        assert!(stream.seen.is_empty(), "{:?}", stream.seen);
        let seen = stream.record(1, "runner_on_ok").end();
        assert_eq!(seen, ["1 runner_on_ok \"ok\"/1", "2 line \"stray\" rest \"stray\\r\\n\""]);
    }

    #[test]
    fn prompts_are_shown_before_their_line_ends() {
        let seen = Stream::new().text("Pass").prompt().text("word: \r\n").end();
        assert_eq!(seen, ["unfinished \"Pass\"", "1 line \"Password: \" rest \"word: \\r\\n\""]);
    }

    #[test]
    fn nothing_is_lost_when_ansible_dies_in_mid_sentence() {
        let seen = Stream::new()
            .record(1, "runner_on_start")
            .record(2, "runner_on_ok")
            .record(3, "runner_on_start")
            .marker("2(")
            .text("ok: [we")
            .end();
        assert_eq!(
            seen,
            [
                "1 runner_on_ok \"ok: [we\"/0",
                "2 runner_on_start \"\"/0",
                "3 runner_on_start \"\"/0"
            ]
        );
    }

    #[test]
    fn text_of_a_record_that_never_comes_is_text() {
        let seen = Stream::new().marker("9(").text("a\r\nb\r\n").marker("9)").end();
        assert_eq!(seen, ["1 line \"a\" rest \"a\\r\\n\"", "2 line \"b\" rest \"b\\r\\n\""]);
    }

    /// Pieces of a terminal's stream: text, control characters, markers, records, rubbish.
    fn piece() -> impl Strategy<Value = (bool, Vec<u8>)> {
        let marker = (0_u64..4, prop::sample::select(vec!["(", ")", ".", "x"])).prop_map(
            |(number, kind)| (false, format!("\x1b_NONCE;{number}{kind}\x1b\\").into_bytes()),
        );
        let record = (0_u64..4, prop::bool::ANY).prop_map(|(number, asks)| {
            let mark = if asks { "?" } else { "" };
            (true, frame(number, &format!("verbose{mark}")).into_bytes())
        });
        prop_oneof![
            "[a-z\r\n\x1b_;\\\\]{0,12}".prop_map(|text| (false, text.into_bytes())),
            prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| (false, bytes)),
            marker,
            record,
            prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| (true, bytes)),
        ]
    }

    proptest! {
        /// However text and records are cut and whatever is in them, counters have no
        /// gaps, and what is no marker is in an event.
        #[test]
        fn nothing_breaks_it_and_no_text_is_lost(
            pieces in prop::collection::vec(piece(), 0..24),
            letters in "[A-Z]{1,8}",
        ) {
            let nonce = Nonce::random();
            let mut assembler = Assembler::new(&nonce);
            let mut segments = Vec::new();
            for (is_record, bytes) in pieces {
                if is_record {
                    assembler.push_records(&bytes);
                } else {
                    let marked = String::from_utf8_lossy(&bytes).replace("NONCE", nonce.as_str());
                    let is_marker = marked.contains(nonce.as_str());
                    let bytes = if is_marker { marked.into_bytes() } else { bytes };
                    assembler.push_output(&bytes, Timestamp::UNIX_EPOCH);
                }
                segments.extend(assembler.take_segments());
            }
            assembler.push_output(b"\x1b\\", Timestamp::UNIX_EPOCH);
            assembler.push_output(letters.as_bytes(), Timestamp::UNIX_EPOCH);
            assembler.finish(Timestamp::UNIX_EPOCH);
            segments.extend(assembler.take_segments());
            let mut text = String::new();
            let mut last = 0;
            for segment in &segments {
                match segment {
                    Segment::Event(event) | Segment::Line { event, .. } => {
                        prop_assert_eq!(event.counter, last + 1);
                        last = event.counter;
                        text.push_str(&event.stdout);
                    }
                    Segment::Unfinished(_) => {}
                }
            }
            prop_assert!(text.contains(&letters), "{letters} in {text:?}");
        }
    }
}
