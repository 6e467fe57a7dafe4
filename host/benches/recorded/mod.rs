//! A run's two streams as the callback sends them, made from a few recorded events: each
//! again and again, under a number, a UUID and a host of its own.

use playhouse::events::{Event, EventSource, Nonce};

/// One event of each kind, in the form of `job_events`, with `HOST` and `UUID` in it.
const RECORDED: &str = include_str!("events.jsonl");

/// The kinds, by their line above, as they follow each other: a task on four hosts with a
/// loop, and in each second one a host that skips and one that fails.
const ORDER: [usize; 16] = [0, 1, 1, 1, 1, 3, 3, 3, 3, 2, 2, 0, 1, 2, 5, 4];

const HOSTS: usize = 200;

/// Makes the streams, a piece at a time.
pub(crate) struct Recorded {
    kinds: Vec<Kind>,
    nonce: Nonce,
    made: usize,
}

/// A recorded event.
struct Kind {
    name: String,
    record: String,
    /// Where in it `event_data` begins, before which nothing is replaced.
    data_at: usize,
    stdout: String,
}

/// What comes of some events.
#[derive(Default)]
pub(crate) struct Piece {
    /// Frames of the channel.
    pub(crate) records: Vec<u8>,
    /// Bytes of the terminal, with markers.
    pub(crate) output: Vec<u8>,
}

impl Recorded {
    /// From the first event on.
    pub(crate) fn new(nonce: &Nonce) -> Self {
        let kinds = RECORDED.lines().map(|line| {
            let event = Event::from_json(line).expect("a recorded event");
            let EventSource::Callback { record, data: Some(data), .. } = event.source else {
                unreachable!("the callback made it")
            };
            Kind { name: event.name, record, data_at: data.start, stdout: event.stdout }
        });
        Self { kinds: kinds.collect(), nonce: nonce.clone(), made: 0 }
    }

    /// The next events.
    pub(crate) fn next_piece(&mut self, events: usize) -> Piece {
        let mut piece = Piece::default();
        for _ in 0..events {
            self.push_event(&mut piece);
        }
        piece
    }

    fn push_event(&mut self, piece: &mut Piece) {
        let kind = &self.kinds[ORDER[self.made % ORDER.len()]];
        self.made += 1;
        let number = self.made;
        let host = format!("web{}", number % HOSTS);
        let uuid = format!("0b1c2d3e-0000-4000-8000-{number:012}");
        let record = kind.record.replace("HOST", &host).replace("UUID", &uuid);
        let data = record.len() - kind.data_at - 1;
        let head = format!("{number} {uuid} {} {} {data}\n", kind.name, record.len());
        for part in [&head, &record, "\n"] {
            piece.records.extend_from_slice(part.as_bytes());
        }
        if kind.stdout.is_empty() {
            self.push_marker(&mut piece.output, '.');
            return;
        }
        self.push_marker(&mut piece.output, '(');
        piece.output.extend_from_slice(kind.stdout.replace("HOST", &host).as_bytes());
        piece.output.extend_from_slice(b"\r\n");
        self.push_marker(&mut piece.output, ')');
    }

    fn push_marker(&self, output: &mut Vec<u8>, kind: char) {
        let marker = format!("\x1b_{};{}{kind}\x1b\\", self.nonce.as_str(), self.made);
        output.extend_from_slice(marker.as_bytes());
    }
}
