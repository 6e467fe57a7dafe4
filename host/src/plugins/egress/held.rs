//! What the host holds of a plugin's exchanges while they are under way, and of answers
//! until the plugin has read them: it is not in the plugin's own memory, so it is counted
//! here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that may be held at a time.
#[derive(Debug)]
pub(in crate::plugins) struct Room {
    left: AtomicUsize,
}

impl Room {
    pub(in crate::plugins) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(bytes) })
    }
}

/// A part of a room, given back when it is dropped.
#[derive(Debug)]
pub(in crate::plugins) struct Held {
    /// None where the caller waits for the one exchange that it makes.
    room: Option<Arc<Room>>,
    bytes: usize,
}

impl Held {
    /// Nothing yet.
    pub(in crate::plugins) fn nothing_of(room: &Arc<Room>) -> Self {
        Self { room: Some(Arc::clone(room)), bytes: 0 }
    }

    /// For what is bounded otherwise.
    pub(in crate::plugins) fn uncounted() -> Self {
        Self { room: None, bytes: 0 }
    }

    /// Takes more; whether there is as much.
    #[must_use]
    pub(in crate::plugins) fn grow(&mut self, bytes: usize) -> bool {
        let Some(room) = &self.room else { return true };
        let less = |left: usize| left.checked_sub(bytes);
        let taken = room.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_ok();
        if taken {
            self.bytes += bytes;
        }
        taken
    }

    /// Adds to a buffer and takes what it grows by; whether there is as much. It grows by
    /// doubling, up to `most` bytes, which it must not be asked to pass.
    #[must_use]
    pub(in crate::plugins) fn push(
        &mut self,
        buffer: &mut Vec<u8>,
        bytes: &[u8],
        most: usize,
    ) -> bool {
        let needed = buffer.len() + bytes.len();
        if needed > buffer.capacity() {
            let capacity = needed.next_power_of_two().min(most.max(needed));
            if !self.grow(capacity - buffer.capacity()) {
                return false;
            }
            buffer.reserve_exact(capacity - buffer.len());
        }
        buffer.extend_from_slice(bytes);
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(room) = &self.room {
            room.left.fetch_add(self.bytes, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_for_all_and_takes_back_what_is_dropped() {
        let room = Room::new(100);
        let (mut one, mut other) = (Held::nothing_of(&room), Held::nothing_of(&room));
        assert!(one.grow(60) && !other.grow(41) && other.grow(40) && !one.grow(1));
        drop(one);
        assert!(other.grow(60) && !other.grow(1));
        assert!(Held::uncounted().grow(usize::MAX));
    }

    #[test]
    fn a_buffer_takes_what_it_has_room_for() {
        let room = Room::new(64);
        let mut held = Held::nothing_of(&room);
        let mut buffer = Vec::new();
        for _ in 0..5 {
            assert!(held.push(&mut buffer, &[1; 10], 60));
        }
        assert_eq!((buffer.capacity(), held.bytes), (60, 60));
        assert!(held.push(&mut buffer, &[1; 10], 60) && !held.push(&mut buffer, &[1; 10], 100));
        assert_eq!(buffer.len(), 60);
    }
}
