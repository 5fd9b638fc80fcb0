//! Whose turn it is, among mailings that want the same connections.
//!
//! Emergency before official before bulk, and yet nobody starves. Within a lane deficit round robin: a message counts
//! for what it weighs, and who comes late begins where the others are. Small mailings slip past large ones, and fresh
//! copies past retries, both at a bounded cost.

use std::collections::BTreeMap;

use crate::model::Lane;

/// One in so many turns goes to the lanes below the first.
const BELOW_EVERY: u64 = 8;
/// One in so many turns of a lane goes to retries, so that they take at most a quarter while fresh copies wait.
const RETRY_EVERY: u64 = 4;
/// One in so many turns of a lane goes to the mailing that has least left: the others take at most a quarter longer.
const SMALL_EVERY: u64 = 5;
/// What a turn is worth, in octets; a larger message waits for more than one.
const QUANTUM_OCTETS: u64 = 64 * 1024;

/// What a mailing has waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Its lane.
    pub lane: Lane,
    /// Copies not tried yet.
    pub fresh: u64,
    /// Retries whose time has come.
    pub due: u64,
    /// What it was served so far: see [`Turns::served`].
    pub served: u64,
}

/// Whose turn, and of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Index of the mailing.
    pub of: usize,
    /// Whether a retry goes, rather than a fresh copy.
    pub is_retry: bool,
    /// Whether it slips past others, since it has least left.
    pub is_ahead: bool,
}

/// The turns given so far.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    count: u64,
    lanes: BTreeMap<Lane, Given>,
}

/// The turns given in one lane.
#[derive(Debug, Clone, Copy, Default)]
struct Given {
    count: u64,
    /// What everybody was served who has been there all the time.
    level: u64,
}

impl Turns {
    /// The next turn; `None` when nobody has anything waiting.
    pub fn next(&self, waiting: &[Waiting]) -> Option<Turn> {
        let ready = || waiting.iter().enumerate().filter(|(_, w)| w.fresh + w.due > 0);
        let first = ready().map(|(_, w)| w.lane).min()?;
        let goes_below = first != Lane::Emergency && (self.count + 1).is_multiple_of(BELOW_EVERY);
        let below = ready().map(|(_, w)| w.lane).filter(|lane| *lane != first).min();
        let lane = below.filter(|_| goes_below).unwrap_or(first);
        let given = self.lanes.get(&lane).copied().unwrap_or_default();
        let number = given.count + 1;
        let of_lane = || ready().filter(|(_, w)| w.lane == lane);
        let has_fresh = of_lane().any(|(_, w)| w.fresh > 0);
        let has_due = of_lane().any(|(_, w)| w.due > 0);
        let is_retry = has_due && (!has_fresh || number.is_multiple_of(RETRY_EVERY));
        let fitting = of_lane().filter(|(_, w)| if is_retry { w.due > 0 } else { w.fresh > 0 });
        let least_served = |w: &Waiting| w.served.max(given.level);
        let is_ahead = number.is_multiple_of(SMALL_EVERY) && !is_retry;
        let chosen = if is_ahead {
            fitting.min_by_key(|(_, w)| (w.fresh, least_served(w)))
        } else {
            fitting.min_by_key(|(_, w)| least_served(w))
        };
        chosen.map(|(of, _)| Turn { of, is_retry, is_ahead })
    }

    /// The turn was taken by its mailing, for a message of so many octets; what it was served so far.
    #[must_use]
    pub fn served(&mut self, turn: Turn, mailing: &Waiting, octets: u64) -> u64 {
        self.count += 1;
        let given = self.lanes.entry(mailing.lane).or_default();
        given.count += 1;
        let start = mailing.served.max(given.level);
        // Whoever slipped past others does not raise the level for them.
        if !turn.is_ahead {
            given.level = start;
        }
        start + octets.max(QUANTUM_OCTETS)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn waiting(lane: Lane, fresh: u64, due: u64) -> Waiting {
        Waiting {
            lane,
            fresh,
            due,
            served: 0,
        }
    }

    /// Takes so many turns; whose each was. Octets of a message are those of its mailing.
    fn turns(mailings: &mut [(Waiting, u64)], count: usize) -> Vec<Turn> {
        let mut turns = Turns::default();
        let mut taken = Vec::new();
        for _ in 0..count {
            let waiting: Vec<Waiting> = mailings.iter().map(|(waiting, _)| *waiting).collect();
            let Some(turn) = turns.next(&waiting) else { break };
            let (mailing, octets) = &mut mailings[turn.of];
            mailing.served = turns.served(turn, mailing, *octets);
            if turn.is_retry {
                mailing.due -= 1;
            } else {
                mailing.fresh -= 1;
            }
            taken.push(turn);
        }
        taken
    }

    fn count(turns: &[Turn], of: usize) -> usize {
        turns.iter().filter(|turn| turn.of == of).count()
    }

    #[test]
    fn an_emergency_goes_before_everything_always() {
        let mut all = [
            (waiting(Lane::Bulk, 99, 0), 1),
            (waiting(Lane::Emergency, 16, 0), 1),
            (waiting(Lane::Official, 99, 0), 1),
        ];
        assert_eq!(count(&turns(&mut all, 16), 1), 16);
    }

    #[test]
    fn bulk_is_served_while_official_mail_flows() {
        let mut all = [(waiting(Lane::Bulk, 99, 0), 1), (waiting(Lane::Official, 99, 0), 1)];
        assert_eq!(count(&turns(&mut all, 80), 0), 10);
    }

    #[test]
    fn equals_take_turns_and_who_comes_late_begins_where_the_others_are() {
        let mut turns = Turns::default();
        let mut old = waiting(Lane::Bulk, 900_000, 0);
        for _ in 0..100 {
            let turn = turns.next(&[old]).expect("a turn");
            old.served = turns.served(turn, &old, 1);
        }
        let mut all = [old, waiting(Lane::Bulk, 800_000, 0)];
        let mut of_late = 0;
        for _ in 0..100 {
            let turn = turns.next(&all).expect("a turn");
            of_late += turn.of;
            all[turn.of].served = turns.served(turn, &all[turn.of], 1);
        }
        // Half of them, and one in five more for the smaller.
        assert!((50..=70).contains(&of_late), "{of_late}");
    }

    #[test]
    fn a_message_that_weighs_sixteen_times_as_much_goes_a_sixteenth_as_often() {
        let mut all = [
            (waiting(Lane::Bulk, 10_000, 0), 1_000),
            (waiting(Lane::Bulk, 100_000, 0), 1024 * 1024),
        ];
        let taken = turns(&mut all, 1_700);
        assert!((90..=110).contains(&count(&taken, 1)), "{}", count(&taken, 1));
    }

    #[test]
    fn ten_copies_slip_past_a_hundred_large_mailings() {
        let mut all: Vec<(Waiting, u64)> = (0..100).map(|_| (waiting(Lane::Bulk, 100_000, 0), 1)).collect();
        all.push((waiting(Lane::Bulk, 10, 0), 1));
        let taken = turns(&mut all, 60);
        assert_eq!(count(&taken, 100), 10);
        let of_others = taken.iter().filter(|turn| turn.of != 100).count();
        assert!(
            of_others >= 60 * 4 / 5,
            "the others take at most a quarter longer: {of_others}"
        );
    }

    #[test]
    fn of_ten_alike_each_has_its_share() {
        let mut all: Vec<(Waiting, u64)> = (0..10).map(|_| (waiting(Lane::Bulk, 50_000, 0), 1)).collect();
        let taken = turns(&mut all, 1_000);
        // One in five goes to whichever has least left.
        let least = (0..10).map(|of| count(&taken, of)).min();
        assert!(least >= Some(75), "{least:?}");
    }

    #[test]
    fn retries_take_a_quarter_while_fresh_copies_wait_and_all_when_none_do() {
        let mut both = [(waiting(Lane::Bulk, 99, 99), 1)];
        let retries = turns(&mut both, 100).iter().filter(|turn| turn.is_retry).count();
        assert_eq!(retries, 25);
        let mut apart = [(waiting(Lane::Bulk, 99, 0), 1), (waiting(Lane::Bulk, 0, 99), 1)];
        assert_eq!(count(&turns(&mut apart, 100), 1), 25);
        let only = Turns::default().next(&[waiting(Lane::Bulk, 0, 1)]);
        assert_eq!(only.map(|turn| (turn.of, turn.is_retry)), Some((0, true)));
        assert_eq!(Turns::default().next(&[waiting(Lane::Bulk, 0, 0)]), None);
    }

    proptest! {
        /// However many there are, of whatever size, lane and weight: everybody gets to their end, and a turn comes to
        /// each of a lane before the others have had so many more that it could be called starving.
        #[test]
        fn nobody_starves(mailings in prop::collection::vec((prop::bool::ANY, 1u64..40, 0u64..20, 1u64..200_000), 1..12)) {
            let mut all: Vec<(Waiting, u64)> = mailings
                .iter()
                .map(|(is_bulk, fresh, due, octets)| {
                    let lane = if *is_bulk { Lane::Bulk } else { Lane::Official };
                    (waiting(lane, *fresh, *due), *octets)
                })
                .collect();
            let in_all: u64 = mailings.iter().map(|(_, fresh, due, _)| fresh + due).sum();
            let taken = turns(&mut all, 10_000);
            prop_assert_eq!(taken.len() as u64, in_all);
            for (of, (_, fresh, due, _)) in mailings.iter().enumerate() {
                prop_assert_eq!(count(&taken, of) as u64, fresh + due);
                // At worst it is bulk beside official mail, one of twelve, and weighs four turns.
                let first = taken.iter().position(|turn| turn.of == of).expect("it has a turn");
                prop_assert!(first <= 8 * 12 * 5, "{first}");
            }
        }
    }
}
