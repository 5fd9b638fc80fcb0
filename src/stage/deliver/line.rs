//! Line: the stretches of a plan that go one way, and whose turn it is among their recipients.
//!
//! A place counts a line's recipients in the order of the plan. The slice that goes first is taken at even strides along
//! the places, so that it says something of all of them; the rest follows in order. Which places those are depends on the
//! plan and the share alone: after a restart they are the same, and whoever has begun is passed over.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::ways::Way;
use crate::mail::Timestamp;

/// The stretches of a plan that go one way.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) way: Way,
    /// Its next hop, among those of the run.
    pub(super) host: usize,
    /// Each stretch: the place it begins at, and who stands there.
    spans: Vec<(u32, u32)>,
    /// Copies not tried yet.
    pub(super) fresh: u32,
    /// Copies given out for their first try.
    pub(super) given: u32,
    /// How many of the slice that goes first.
    pub(super) share: u32,
    /// How many of those have been looked at.
    strides: u32,
    /// The place that is next in order.
    place: u32,
    pub(super) due: BinaryHeap<Reverse<(Timestamp, u32, u8)>>,
    pub(super) is_in_fresh: bool,
    pub(super) is_in_due: bool,
}

impl Line {
    pub(super) fn new(way: Way, host: usize) -> Self {
        Self {
            way,
            host,
            spans: Vec::new(),
            fresh: 0,
            given: 0,
            share: 0,
            strides: 0,
            place: 0,
            due: BinaryHeap::new(),
            is_in_fresh: false,
            is_in_due: false,
        }
    }

    /// Adds the recipient who is next in the plan's order; before any has begun.
    pub(super) fn add(&mut self, seq: u32) {
        let place = self.planned();
        let goes_on = self
            .spans
            .last()
            .is_some_and(|(from, first)| first + (place - from) == seq);
        if !goes_on {
            self.spans.push((place, seq));
        }
        self.fresh += 1;
    }

    pub(super) fn planned(&self) -> u32 {
        self.fresh + self.given
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.due.peek().is_some_and(|Reverse((until, _, _))| *until <= now)
    }

    /// The next of the slice who has not begun; when a part of it cannot be found, somebody stands in for them.
    pub(super) fn next_of_slice(&mut self, begun: &[u64]) -> Option<u32> {
        while self.strides < self.share {
            let place = stride(self.strides, self.share, self.planned());
            self.strides += 1;
            if let Some(seq) = self.at(place).filter(|seq| !has_begun(begun, *seq)) {
                return Some(seq);
            }
        }
        self.next_in_order(begun)
    }

    /// The first of its recipients who has not begun.
    pub(super) fn next_in_order(&mut self, begun: &[u64]) -> Option<u32> {
        while self.place < self.planned() {
            let seq = self.at(self.place);
            self.place += 1;
            if let Some(seq) = seq.filter(|seq| !has_begun(begun, *seq)) {
                return Some(seq);
            }
        }
        None
    }

    /// Who stands at a place.
    fn at(&self, place: u32) -> Option<u32> {
        let after = self.spans.partition_point(|(from, _)| *from <= place);
        let (from, first) = self.spans.get(after.checked_sub(1)?)?;
        (place < self.planned()).then(|| first + (place - from))
    }
}

/// The place of one of a share, in the middle of its own part of the line.
fn stride(number: u32, share: u32, planned: u32) -> u32 {
    let place = (2 * u64::from(number) + 1) * u64::from(planned) / (2 * u64::from(share.max(1)));
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Whether a recipient's bit is set; nobody who has none is given out.
pub(super) fn has_begun(begun: &[u64], seq: u32) -> bool {
    let word = usize::try_from(seq / 64).ok().and_then(|at| begun.get(at));
    word.is_none_or(|word| word & (1 << (seq % 64)) != 0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::ways::Next;
    use super::*;
    use crate::decide::shape::{Scope, Stream};

    /// A line of the plan in which `is_in_it` says who belongs to it, and the bits of whom has begun.
    struct Plan {
        line: Line,
        begun: Vec<u64>,
    }

    impl Plan {
        fn new(is_in_it: &[bool], share: u32, ledger: &[u32]) -> Self {
            let stream = Stream {
                name: "other domains".into(),
                host: Scope::All,
                receivers: vec![],
                is_direct: false,
            };
            let way = Way {
                stream: stream.into(),
                next: Next::Exchangers,
            };
            let mut line = Line::new(way, 0);
            for (seq, _) in (0u32..).zip(is_in_it).filter(|(_, is_in_it)| **is_in_it) {
                line.add(seq);
            }
            line.share = share;
            let begun = vec![0; is_in_it.len().div_ceil(64)];
            let mut plan = Self { line, begun };
            ledger.iter().for_each(|seq| plan.begin(*seq));
            plan
        }

        fn begin(&mut self, seq: u32) {
            self.begun[seq as usize / 64] |= 1 << (seq % 64);
            self.line.fresh -= 1;
            self.line.given += 1;
        }

        /// Whose turns come until the slice has gone.
        fn slice(&mut self) -> Vec<u32> {
            self.turns(|line, begun| (line.given < line.share).then(|| line.next_of_slice(begun))?)
        }

        /// Whose turns come after it.
        fn rest(&mut self) -> Vec<u32> {
            self.turns(Line::next_in_order)
        }

        fn turns(&mut self, next: impl Fn(&mut Line, &[u64]) -> Option<u32>) -> Vec<u32> {
            let mut turns = Vec::new();
            while let Some(seq) = next(&mut self.line, &self.begun) {
                self.begin(seq);
                turns.push(seq);
            }
            turns
        }
    }

    #[test]
    fn a_slice_touches_every_part_of_its_line() {
        let mut plan = Plan::new(&[true; 1_000], 10, &[]);
        let slice = plan.slice();
        let tenths: Vec<u32> = slice.iter().map(|seq| seq / 100).collect();
        assert_eq!(tenths, (0..10).collect::<Vec<_>>());
        let rest = plan.rest();
        assert_eq!(rest.len(), 990);
        assert!(rest.is_sorted(), "the rest goes in order");
    }

    #[test]
    fn a_slice_that_was_begun_in_order_is_filled_from_all_along_the_line() {
        let mut plan = Plan::new(&[true; 1_000], 10, &[0, 1, 2, 3, 4]);
        assert_eq!(plan.slice(), [50, 150, 250, 350, 450]);
    }

    #[test]
    fn all_of_a_line_go_in_order_when_all_are_in_the_slice() {
        let mut plan = Plan::new(&[true; 5], 5, &[]);
        assert_eq!(plan.slice(), [0, 1, 2, 3, 4]);
        assert!(plan.rest().is_empty());
    }

    #[test]
    fn who_stands_in_for_the_slice_is_the_first_who_has_not_begun() {
        // A ledger that knows them all, and a share that counts one of them twice.
        let mut plan = Plan::new(&[true, true, true], 4, &[0]);
        assert_eq!(plan.slice(), [1, 2]);
    }

    proptest! {
        #[test]
        fn nobody_is_skipped_and_nobody_twice_however_often_it_is_taken_up(
            is_in_it in prop::collection::vec(any::<bool>(), 1..300),
            share in 0u32..300,
            stops in prop::collection::vec(0usize..300, 0..4),
        ) {
            let all: Vec<u32> = (0u32..).zip(&is_in_it).filter(|(_, is)| **is).map(|(seq, _)| seq).collect();
            let share = share.min(u32::try_from(all.len()).expect("few"));
            let mut whole = Plan::new(&is_in_it, share, &[]);
            let first = whole.slice();
            prop_assert_eq!(first.len(), usize::try_from(share).expect("few"));
            let mut gone: Vec<u32> = Vec::new();
            for stop in stops {
                // The process ends after so many; the next one reads its ledger.
                let mut plan = Plan::new(&is_in_it, share, &gone);
                let mut turns = plan.slice();
                turns.extend(plan.rest());
                gone.extend(turns.into_iter().take(stop));
                gone.sort_unstable();
            }
            let mut plan = Plan::new(&is_in_it, share, &gone);
            gone.extend(plan.slice());
            let of_slice: BTreeSet<u32> = first.into_iter().collect();
            prop_assert!(of_slice.is_subset(&gone.iter().copied().collect()), "the slice is the same after a restart");
            gone.extend(plan.rest());
            gone.sort_unstable();
            prop_assert_eq!(gone, all);
        }
    }
}
