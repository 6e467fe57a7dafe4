//! What waits between the child and the pipeline.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use crate::events::{Event, EventSource, Segment};

/// When this many segments or bytes wait, the child is not read until there is room.
/// Memory stays flat; a child whose terminal is full waits.
const MOST_SEGMENTS: usize = 4096;
const MOST_BYTES: usize = 16 << 20;

/// A bounded queue of segments between two threads.
#[derive(Debug, Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    segments: VecDeque<Segment>,
    bytes: usize,
    closed: bool,
}

/// What a look at the queue gave.
#[derive(Debug)]
pub enum Popped {
    /// All that waited, in order.
    Segments(Vec<Segment>),
    /// Nothing came until the deadline.
    TimedOut,
    /// Nothing waits, and nothing more will come.
    Closed,
}

impl Queue {
    /// Adds segments, waiting for room first. After [`Queue::close`] they are dropped:
    /// nobody reads them.
    pub fn push(&self, segments: Vec<Segment>) {
        let mut state = self.lock();
        for segment in segments {
            while !state.closed
                && (state.segments.len() >= MOST_SEGMENTS || state.bytes >= MOST_BYTES)
            {
                self.changed.notify_all();
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.closed {
                return;
            }
            state.bytes += size(&segment);
            state.segments.push_back(segment);
        }
        self.changed.notify_all();
    }

    /// Nothing more will come.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Takes what waits; sleeps until there is something, or until `deadline`.
    pub fn pop(&self, deadline: Option<Instant>) -> Popped {
        let mut state = self.lock();
        loop {
            if !state.segments.is_empty() {
                state.bytes = 0;
                let segments = std::mem::take(&mut state.segments).into();
                self.changed.notify_all();
                return Popped::Segments(segments);
            }
            if state.closed {
                return Popped::Closed;
            }
            state = match deadline {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                        return Popped::TimedOut;
                    };
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes a segment keeps in memory, nearly.
pub(super) fn size(segment: &Segment) -> usize {
    match segment {
        Segment::Event(event) | Segment::Line { event, .. } => event_size(event),
        Segment::Unfinished(text) => text.len(),
    }
}

fn event_size(event: &Event) -> usize {
    let record = match &event.source {
        EventSource::Callback { record, .. } => record.len(),
        EventSource::Text { .. } => 0,
    };
    event.stdout.len() + record + 256
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn a_full_queue_holds_the_writer_until_it_is_read() {
        let queue = Arc::new(Queue::default());
        let writer = Arc::clone(&queue);
        let thread = std::thread::spawn(move || {
            let big = Segment::Unfinished("x".repeat(MOST_BYTES));
            writer.push(vec![big, Segment::Unfinished("last".into())]);
            writer.close();
        });
        let Popped::Segments(first) = queue.pop(None) else { panic!("segments") };
        assert_eq!(first.len(), 1, "the second had to wait");
        let Popped::Segments(second) = queue.pop(None) else { panic!("segments") };
        assert_eq!(second, [Segment::Unfinished("last".into())]);
        assert!(matches!(queue.pop(None), Popped::Closed));
        thread.join().unwrap();
    }

    #[test]
    fn waiting_ends_at_the_deadline() {
        let queue = Queue::default();
        let deadline = Instant::now() + Duration::from_millis(5);
        assert!(matches!(queue.pop(Some(deadline)), Popped::TimedOut));
        assert!(Instant::now() >= deadline);
    }
}
