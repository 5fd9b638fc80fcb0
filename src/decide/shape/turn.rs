//! Whose turn it is, among mailings that want the same connections.

use crate::model::Lane;

/// One in so many turns goes to the lanes below the first, so that nobody starves.
const BELOW_EVERY: u64 = 8;
/// One in so many turns goes to retries, so that they take at most a quarter of the slots while fresh copies wait.
const RETRY_EVERY: u64 = 4;

/// What a mailing has waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Its lane.
    pub lane: Lane,
    /// Copies not tried yet.
    pub fresh: u64,
    /// Retries whose time has come.
    pub due: u64,
    /// The turn it had last; 0 for none.
    pub last_turn: u64,
}

/// Whose turn, and of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Index of the mailing.
    pub of: usize,
    /// Whether a retry goes, rather than a fresh copy.
    pub is_retry: bool,
}

/// The next turn, counted `turn` from 1: emergency before official before bulk, round robin within a lane, so that a
/// small mailing is soon done beside a large one.
impl Turn {
    /// Picks it; `None` when nobody has anything waiting.
    pub fn next(waiting: &[Waiting], turn: u64) -> Option<Self> {
        let ready = || waiting.iter().enumerate().filter(|(_, w)| w.fresh + w.due > 0);
        let first = ready().map(|(_, w)| w.lane).min()?;
        let goes_below = first != Lane::Emergency && turn.is_multiple_of(BELOW_EVERY);
        let below = ready().map(|(_, w)| w.lane).filter(|lane| *lane != first).min();
        let lane = below.filter(|_| goes_below).unwrap_or(first);
        let (of, chosen) = ready()
            .filter(|(_, w)| w.lane == lane)
            .min_by_key(|(_, w)| w.last_turn)?;
        let is_retry = chosen.due > 0 && (chosen.fresh == 0 || turn.is_multiple_of(RETRY_EVERY));
        Some(Self { of, is_retry })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(lane: Lane, fresh: u64, due: u64, last_turn: u64) -> Waiting {
        Waiting {
            lane,
            fresh,
            due,
            last_turn,
        }
    }

    #[test]
    fn an_emergency_goes_before_everything_always() {
        let all = [
            waiting(Lane::Bulk, 9, 0, 0),
            waiting(Lane::Emergency, 1, 0, 5),
            waiting(Lane::Official, 9, 0, 0),
        ];
        for turn in 1..=16 {
            assert_eq!(Turn::next(&all, turn).map(|t| t.of), Some(1));
        }
    }

    #[test]
    fn bulk_is_served_while_official_mail_flows() {
        let all = [waiting(Lane::Bulk, 9, 0, 0), waiting(Lane::Official, 9, 0, 0)];
        let bulk = (1..=80)
            .filter(|&turn| Turn::next(&all, turn).map(|t| t.of) == Some(0))
            .count();
        assert_eq!(bulk, 10);
    }

    #[test]
    fn equals_take_turns() {
        let all = [waiting(Lane::Bulk, 500_000, 0, 7), waiting(Lane::Bulk, 10, 0, 6)];
        assert_eq!(Turn::next(&all, 9).map(|t| t.of), Some(1));
    }

    #[test]
    fn retries_take_a_quarter_while_fresh_copies_wait_and_all_when_none_do() {
        let both = [waiting(Lane::Bulk, 9, 9, 0)];
        assert_eq!(
            (1..=100)
                .filter(|&turn| Turn::next(&both, turn).is_some_and(|t| t.is_retry))
                .count(),
            25
        );
        assert_eq!(
            Turn::next(&[waiting(Lane::Bulk, 0, 1, 0)], 1),
            Some(Turn { of: 0, is_retry: true })
        );
        assert_eq!(Turn::next(&[waiting(Lane::Bulk, 0, 0, 0)], 1), None);
    }
}
