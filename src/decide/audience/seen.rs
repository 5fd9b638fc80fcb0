//! Seen: the mailboxes that get a copy, by mark; half a million in some ten megabytes.
//!
//! A hash set doubles: it has room for twice as many as are in it, and for three times as many while it grows. Two walks may
//! go on at once, of an expansion and of a count beside it. So marks are parted into shares, and each share grows by a
//! quarter of itself. A mark is a hash already, so that nothing is hashed here.

use crate::model::Mark;

/// Shares, each with memory of its own: large enough that it is the system's again when it is done with.
const SHARES: usize = 32;
/// What stands where no mark does. The mark that looks like it is kept beside.
const NONE: Mark = [0; 16];
/// Places that a share gets at least when it grows.
const MORE: usize = 64;

/// Marks, each once.
#[derive(Debug)]
pub(super) struct Seen {
    shares: Vec<Share>,
    has_none: bool,
}

/// Marks, each at the place it asks for or at the next free one after it.
#[derive(Debug, Clone, Default)]
struct Share {
    places: Vec<Mark>,
    taken: usize,
}

impl Seen {
    /// Nobody yet.
    pub(super) fn new() -> Self {
        Self {
            shares: vec![Share::default(); SHARES],
            has_none: false,
        }
    }

    /// Adds a mark; returns whether it is new.
    pub(super) fn insert(&mut self, mark: Mark) -> bool {
        if mark == NONE {
            return !std::mem::replace(&mut self.has_none, true);
        }
        let [first, ..] = mark;
        let share = self.shares.get_mut(usize::from(first) % SHARES);
        share.is_some_and(|share| share.insert(mark))
    }
}

impl Share {
    fn insert(&mut self, mark: Mark) -> bool {
        // Four of five places are taken at most.
        if (self.taken + 1) * 5 > self.places.len() * 4 {
            self.grow();
        }
        let is_new = self.put(mark);
        self.taken += usize::from(is_new);
        is_new
    }

    fn grow(&mut self) {
        let places = self.places.len();
        let larger = vec![NONE; places + (places / 4).max(MORE)];
        for mark in std::mem::replace(&mut self.places, larger) {
            if mark != NONE {
                self.put(mark);
            }
        }
    }

    /// Puts a mark where it belongs, unless it is there.
    fn put(&mut self, mark: Mark) -> bool {
        let asked_for = place_of(&mark, self.places.len());
        let (before, from) = self.places.split_at_mut(asked_for);
        let place = from
            .iter_mut()
            .chain(before)
            .find(|place| **place == NONE || **place == mark);
        match place {
            Some(place) if *place == NONE => {
                *place = mark;
                true
            }
            Some(_) | None => false,
        }
    }
}

/// The place that a mark asks for among so many: as far along them as its last octets are along all numbers.
fn place_of(mark: &Mark, places: usize) -> usize {
    let [.., a, b, c, d] = *mark;
    let along = u64::from(u32::from_be_bytes([a, b, c, d]));
    let place = (along * places as u64) >> u32::BITS;
    usize::try_from(place).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use proptest::prelude::*;

    /// A mark that is spread as marks are.
    fn mark(number: u64) -> Mark {
        let spread = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let halves = [spread(number), spread(spread(number))].map(u64::to_be_bytes);
        halves.concat().try_into().expect("16 octets")
    }

    proptest! {
        #[test]
        fn a_mark_is_new_once(marks in proptest::collection::vec((any::<bool>(), 0u8..3, any::<u8>()), 0..2_000)) {
            let (mut seen, mut known) = (Seen::new(), HashSet::new());
            for (is_last, first, other) in marks {
                let mut mark = [if is_last { 255 } else { 0 }; 16];
                (mark[0], mark[7]) = (first, other);
                prop_assert_eq!(seen.insert(mark), known.insert(mark));
            }
        }
    }

    #[test]
    fn a_hundred_thousand_are_known_again_and_take_little_more_than_themselves() {
        let mut seen = Seen::new();
        assert!((0..100_000).all(|number| seen.insert(mark(number))));
        assert!((0..100_000).all(|number| !seen.insert(mark(number))));
        let places: usize = seen.shares.iter().map(|share| share.places.len()).sum();
        assert!(places < 170_000, "{places}");
    }
}
