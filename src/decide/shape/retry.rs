//! How long until the next try, and when to give up.
//!
//! # Standards
//! RFC 5321 §4.5.4.1: at least 30 minutes between tries is asked of ordinary mail; a first retry after 15 finds
//! greylisting done.

use std::time::Duration;

use crate::mail::Timestamp;
use crate::model::Capacity;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// The waits after the first tries; then every [`LATER`].
const FIRST: [Duration; 4] = [
    Duration::from_secs(15 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(2 * 60 * 60),
];
const LATER: Duration = Duration::from_secs(4 * 60 * 60);

/// When to try again after attempt `attempt` (from 1) was put off; `None` when it is time to give up: 72 hours after the
/// plan was sealed, 5 days for conveyed mail.
pub fn next_try(attempt: u8, capacity: Capacity, sealed_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let wait = FIRST
        .get(usize::from(attempt).saturating_sub(1))
        .copied()
        .unwrap_or(LATER);
    let next = now.plus(wait);
    (next <= give_up_at(capacity, sealed_at) && attempt < u8::MAX).then_some(next)
}

/// When it is time to give up.
pub fn give_up_at(capacity: Capacity, sealed_at: Timestamp) -> Timestamp {
    sealed_at.plus(match capacity {
        Capacity::Initiated => 72 * HOUR,
        Capacity::Conveyed => 5 * 24 * HOUR,
    })
}

/// When to send again a copy whose end was hidden: soon, since it may well not have arrived, with the same Message-ID.
pub fn hidden_end(now: Timestamp) -> Timestamp {
    now.plus(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: u64) -> Timestamp {
        Timestamp::from_micros(0).plus(hours as u32 * HOUR)
    }

    #[test]
    fn waits_grow_and_end() {
        let next = |attempt, now| next_try(attempt, Capacity::Initiated, at(0), now);
        assert_eq!(next(1, at(0)), Some(at(0).plus(15 * MINUTE)));
        assert_eq!(next(4, at(10)), Some(at(12)));
        assert_eq!(next(9, at(10)), Some(at(14)));
        assert_eq!(next(9, at(68)), Some(at(72)));
        assert_eq!(next(9, at(69)), None);
        assert_eq!(next_try(9, Capacity::Conveyed, at(0), at(69)), Some(at(73)));
        assert_eq!(next(u8::MAX, at(0)), None);
    }
}
