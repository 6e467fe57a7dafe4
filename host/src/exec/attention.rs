//! When the child is left alone. Each look at it takes a processor from somebody, so one
//! that says a little now and then is looked at fifty times a second at the most. One that
//! says much is not left alone: what it says has little room, and it waits until that is
//! read.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

/// How long the child is left alone; people do not see this.
pub(super) const REST: Duration = Duration::from_millis(20);

/// Less than this at one look is a little. A terminal gives 4095 bytes at a time and holds
/// some 8 KiB more, a socket some 100 records.
const LITTLE: Heard = Heard { terminal: 2048, channel: 16 << 10 };

/// This from one rest to the next is much: at 20 ms, 200 KB a second on the terminal. Then
/// the child is in the middle of something long, of which a look may still catch a little.
const MUCH: Heard = Heard { terminal: 4095, channel: 64 << 10 };

/// What came from the child, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) terminal: usize,
    pub(super) channel: usize,
}

impl Heard {
    pub(super) fn is_nothing(self) -> bool {
        self == Self::default()
    }

    fn reaches(self, bound: Self) -> bool {
        self.terminal >= bound.terminal || self.channel >= bound.channel
    }
}

impl AddAssign for Heard {
    fn add_assign(&mut self, more: Self) {
        self.terminal += more.terminal;
        self.channel += more.channel;
    }
}

/// See the module's head.
#[derive(Debug, Default)]
pub(super) struct Attention {
    /// At the last look.
    last: Heard,
    /// Since the last rest, or since it was much.
    sum: Heard,
    /// When it last was much.
    much_at: Option<Instant>,
}

impl Attention {
    /// Takes account of a look.
    pub(super) fn look(&mut self, heard: Heard, now: Instant) {
        self.last = heard;
        self.sum += heard;
        if self.sum.reaches(MUCH) {
            self.sum = Heard::default();
            self.much_at = Some(now);
        }
    }

    /// Whether the child can be left alone until a rest is over, which then begins.
    pub(super) fn take_rest(&mut self, now: Instant) -> bool {
        let is_little = !self.last.is_nothing() && !self.last.reaches(LITTLE);
        let is_quiet = self.much_at.is_none_or(|much_at| now.duration_since(much_at) >= REST);
        let rests = is_little && is_quiet;
        if rests {
            self.sum = Heard::default();
        }
        rests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AN_EVENT: Heard = Heard { terminal: 150, channel: 1200 };

    fn terminal(bytes: usize) -> Heard {
        Heard { terminal: bytes, channel: 0 }
    }

    /// Looks that follow each other by so many milliseconds: which of them a rest follows.
    fn rests(looks: &[(u64, Heard)]) -> Vec<bool> {
        let mut attention = Attention::default();
        let mut now = Instant::now();
        let rest_after = |&(wait, heard): &(u64, Heard)| {
            now += Duration::from_millis(wait);
            attention.look(heard, now);
            attention.take_rest(now)
        };
        looks.iter().map(rest_after).collect()
    }

    #[test]
    fn a_child_that_says_a_little_is_left_alone() {
        assert_eq!(rests(&[(0, AN_EVENT), (20, AN_EVENT), (3000, AN_EVENT)]), [true; 3]);
        let seven = Heard { terminal: 7 * AN_EVENT.terminal, channel: 7 * AN_EVENT.channel };
        assert_eq!(rests(&[(20, seven); 100]), [true; 100]);
    }

    #[test]
    fn there_is_no_rest_after_nothing() {
        assert_eq!(rests(&[(0, Heard::default())]), [false]);
    }

    #[test]
    fn a_little_in_the_middle_of_much_is_no_rest() {
        let looks =
            [(0, terminal(4095)), (0, terminal(3)), (0, terminal(4095)), (1, terminal(256))];
        assert_eq!(rests(&looks), [false; 4]);
        assert_eq!(
            rests(&[(0, Heard { terminal: 0, channel: 5 << 20 }), (1, AN_EVENT)]),
            [false; 2]
        );
        // What is read as fast as it is written comes in small pieces.
        let mut looks = vec![(0, terminal(4095))];
        looks.extend([(1, terminal(900)); 100]);
        assert_eq!(rests(&looks), [false; 101]);
    }

    #[test]
    fn much_is_over_after_the_time_of_a_rest() {
        let looks = [(0, terminal(4095)), (19, AN_EVENT), (1, AN_EVENT), (20, AN_EVENT)];
        assert_eq!(rests(&looks), [false, false, true, true]);
    }
}
