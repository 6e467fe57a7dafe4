//! What an enricher adds to events. It is kept on disk more than once, so it is bounded by
//! what was there before: an event at a time, and over the run.

use super::bindings::exports::playhouse::plugin::event_enricher::Change;
use crate::events::SeenEvent;

/// Bytes that an enricher may give an event beside twice what the event has.
const AN_EVENT: usize = 256 << 10;

/// What one enricher may still add in a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Growth {
    /// Over the run, beside twice what each event has.
    most: usize,
    added: usize,
    /// The log has it that there is no more.
    said: bool,
}

impl Growth {
    pub(super) fn new(most: usize) -> Self {
        Self { most, added: 0, said: false }
    }

    /// Counts what a change adds, as far as the run has room for it: whether it has. The
    /// error says why no run has room for such a change.
    pub(super) fn takes(&mut self, change: &Change, seen: &SeenEvent<'_>) -> Result<bool, String> {
        let notes: usize = change.notes.iter().map(|note| note.key.len() + note.value.len()).sum();
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let new = notes + length(&change.data) + length(&change.stdout);
        let old = seen.event.stdout.len() + seen.event.data().map_or(0, str::len);
        let added = new.saturating_sub(2 * old);
        if added > AN_EVENT {
            let (counter, most) = (change.counter, AN_EVENT + 2 * old);
            return Err(format!("gave event {counter} {new} bytes in enrich; {most} are allowed"));
        }
        let has_room = added <= self.most - self.added;
        if has_room {
            self.added += added;
        }
        Ok(has_room)
    }

    /// What the log is told of the first change that there is no room for.
    pub(super) fn complaint(&mut self) -> Option<String> {
        let most = self.most;
        (!std::mem::replace(&mut self.said, true)).then(|| {
            format!(
                "it has added {most} bytes to the events of this run beside twice their own, which is its limit `added_bytes`; changes that add more fail from here on"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Event, EventSource, Fields};

    fn change(length: usize) -> Change {
        Change {
            counter: 1,
            notes: Vec::new(),
            data: None,
            stdout: Some("x".repeat(length)),
            ext: Vec::new(),
        }
    }

    #[test]
    fn what_is_added_is_bounded_by_event_and_over_the_run() {
        let events = [Event {
            counter: 1,
            uuid: "u".into(),
            name: "verbose".into(),
            stdout: "0123456789".into(),
            lines: 1,
            start_line: 0,
            source: EventSource::of_record("{}"),
            annotations: Vec::new(),
            failed: Vec::new(),
        }];
        let fields = Fields::of_events(&events);
        let seen = SeenEvent::of_events(&events, &fields)[0];
        let twice = 2 * (10 + events[0].data().map_or(0, str::len));
        let mut growth = Growth::new(AN_EVENT + 100);
        let mut takes = |added: usize| growth.takes(&change(twice + added), &seen);
        assert!(takes(AN_EVENT + 1).unwrap_err().contains("bytes in enrich"));
        assert_eq!(takes(AN_EVENT), Ok(true));
        assert_eq!(takes(101), Ok(false));
        assert_eq!(takes(100), Ok(true));
        assert_eq!(takes(1), Ok(false));
        assert_eq!(takes(0), Ok(true), "what adds nothing is never refused");
        assert!(growth.complaint().is_some_and(|said| said.contains("added_bytes")));
        assert_eq!(growth.complaint(), None, "it is said once");
    }
}
