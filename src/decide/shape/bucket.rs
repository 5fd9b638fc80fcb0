//! Bucket: a rate, kept exactly, with a burst of one second (the generic cell rate algorithm).
//!
//! It remembers one moment: when the copies let go so far would have gone at an even pace. A rate that changes needs
//! nothing else, nor does a restart; and asking spends nothing. In any stretch of time no more goes than the burst and
//! what the rate allows in that time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits::Rate;
use crate::mail::Timestamp;

/// When the next copy is due at an even pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Bucket(Timestamp);

impl Default for Bucket {
    /// Full: nothing has gone for ever.
    fn default() -> Self {
        Self(Timestamp::from_micros(i64::MIN))
    }
}

impl Bucket {
    /// A bucket from which nothing may go yet, as if a whole burst had just gone.
    pub(super) fn empty(rate: Rate, now: Timestamp) -> Self {
        Self(now.plus(burst(rate)).plus(apart(rate)))
    }

    /// When a copy may go; not after `now` when it may go now. Spends nothing.
    pub(super) fn next(&self, rate: Rate) -> Timestamp {
        self.0.minus(burst(rate))
    }

    /// Lets a copy go.
    pub(super) fn spend(&mut self, rate: Rate, now: Timestamp) {
        self.0 = self.0.max(now).plus(apart(rate));
    }
}

/// How far apart copies are at an even pace; never less than it should be.
fn apart(rate: Rate) -> Duration {
    Duration::from_micros((1_000_000.0 / rate.as_f64()).ceil() as u64)
}

/// How far ahead of an even pace they may run: what goes in one second, less the one that always may.
fn burst(rate: Rate) -> Duration {
    let copies = rate.as_f64().floor().max(1.0) as u32;
    apart(rate).saturating_mul(copies - 1)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use governor::clock::FakeRelativeClock;
    use governor::{Quota, RateLimiter};
    use proptest::prelude::*;

    use super::*;

    fn rate(copies: f64) -> Rate {
        Rate::per_second(copies).expect("a rate")
    }

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(1_795_489_514_000_000 + micros as i64)
    }

    /// The moments, of those at which somebody asks, at which a copy goes.
    fn gone(rate: Rate, asked: &[u64]) -> Vec<u64> {
        let mut bucket = Bucket::default();
        let goes = |now: &&u64| {
            let may = bucket.next(rate) <= at(**now);
            if may {
                bucket.spend(rate, at(**now));
            }
            may
        };
        asked.iter().filter(goes).copied().collect()
    }

    fn moments() -> impl Strategy<Value = Vec<u64>> {
        prop::collection::vec(0u64..400_000, 1..200).prop_map(|gaps| {
            let sum = |now: &mut u64, gap: u64| {
                *now += gap;
                Some(*now)
            };
            gaps.into_iter().scan(0, sum).collect()
        })
    }

    proptest! {
        #[test]
        fn a_bucket_never_beats_its_rate(per_second in 0.05f64..300.0, asked in moments()) {
            let gone = gone(rate(per_second), &asked);
            for (first, from) in gone.iter().enumerate() {
                for (last, to) in gone.iter().enumerate().skip(first) {
                    let allowed = per_second.floor().max(1.0) + per_second * (to - from) as f64 / 1e6;
                    prop_assert!((last - first + 1) as f64 <= allowed + 1e-6);
                }
            }
        }

        #[test]
        fn an_empty_bucket_has_nothing_of_a_burst(per_second in 1.0f64..300.0) {
            let rate = rate(per_second);
            let bucket = Bucket::empty(rate, at(0));
            prop_assert_eq!(bucket.next(rate), at(0).plus(apart(rate)));
        }

        /// What governor lets go, we let go, and nothing else: the same algorithm, by other hands.
        #[test]
        fn a_bucket_agrees_with_governor(per_second in prop::sample::select(vec![1u32, 2, 4, 5, 8, 20, 125, 250]), asked in moments()) {
            let clock = FakeRelativeClock::default();
            let quota = Quota::per_second(NonZeroU32::new(per_second).expect("not zero"));
            let theirs = RateLimiter::direct_with_clock(quota, clock.clone());
            let mut now = 0;
            let goes = |moment: &&u64| {
                clock.advance(Duration::from_micros(**moment - now));
                now = **moment;
                theirs.check().is_ok()
            };
            let theirs: Vec<u64> = asked.iter().filter(goes).copied().collect();
            prop_assert_eq!(gone(rate(f64::from(per_second)), &asked), theirs);
        }
    }
}
