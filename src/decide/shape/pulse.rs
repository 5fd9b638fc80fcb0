//! Pulse: how many copies came to an end in which stretch of time: the pace of a mailing, and the course it has taken.
//!
//! A pulse has a bounded number of stretches, all of one length, that begin at whole multiples of it. One that keeps the
//! whole makes each stretch twice as long whenever there would be too many; one that keeps what was lately lets go of the
//! oldest.

use std::collections::VecDeque;
use std::time::Duration;

use crate::mail::Timestamp;
use crate::model::Outcome;

/// Stretches of a pulse.
const BEATS_MAX: usize = 60;
/// The first length of a mailing's stretches, and the last of its pace.
const SHORT: Duration = Duration::from_secs(5);
/// The length of the house's.
const MINUTE: Duration = Duration::from_secs(60);
/// Over which time a pace is said.
const PACE_OVER: Duration = Duration::from_secs(60);

/// What came to an end in one stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Beat {
    /// Copies that were taken.
    pub accepted: u32,
    /// Copies put off, the uncertain ones among them.
    pub deferred: u32,
    /// Copies given up.
    pub failed: u32,
}

impl Beat {
    /// All of them.
    pub fn sum(&self) -> u32 {
        self.accepted + self.deferred + self.failed
    }

    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted(_) => self.accepted += 1,
            Outcome::Deferred { .. } | Outcome::Uncertain { .. } => self.deferred += 1,
            Outcome::Failed(_) => self.failed += 1,
            // No copy was sent.
            Outcome::Suppressed(_) => {}
        }
    }

    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.deferred += other.deferred;
        self.failed += other.failed;
    }
}

/// What came to an end, stretch by stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    width: Duration,
    /// The number of the first stretch: how many of them lie between the epoch and it.
    first: i64,
    beats: VecDeque<Beat>,
    is_whole: bool,
}

impl Pulse {
    /// All there was, ever coarser: the course of a mailing.
    pub fn whole() -> Self {
        Self::new(SHORT, true)
    }

    /// The last minutes, finely: the pace of a mailing.
    pub fn fine() -> Self {
        Self::new(SHORT, false)
    }

    /// The last hour, minute by minute.
    pub fn hour() -> Self {
        Self::new(MINUTE, false)
    }

    fn new(width: Duration, is_whole: bool) -> Self {
        Self {
            width,
            first: 0,
            beats: VecDeque::new(),
            is_whole,
        }
    }

    /// How long a stretch is.
    pub fn width(&self) -> Duration {
        self.width
    }

    /// Counts an outcome; they need not come in their order.
    pub fn count(&mut self, at: Timestamp, outcome: &Outcome) {
        if let Some(beat) = self.beat(at) {
            beat.count(outcome);
        }
    }

    /// As it is at a moment: with the stretches since, in which nothing was; of what was lately, all there are.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        let mut pulse = self.clone();
        if !(pulse.is_whole && pulse.beats.is_empty()) {
            // An empty stretch, if need be, up to which all others are.
            let _latest = pulse.beat(now);
        }
        while !pulse.is_whole && pulse.beats.len() < BEATS_MAX {
            pulse.beats.push_front(Beat::default());
            pulse.first -= 1;
        }
        pulse
    }

    /// The stretches, each with its beginning.
    pub fn beats(&self) -> impl Iterator<Item = (Timestamp, &Beat)> {
        let begins = |number: i64| Timestamp::from_micros(number.saturating_mul(self.width_micros()));
        (self.first..).map(begins).zip(&self.beats)
    }

    /// Copies taken a second, over the last minute; over what there was of it, when it began later.
    pub fn per_second(&self, now: Timestamp) -> f64 {
        let from = now.minus(PACE_OVER);
        let lately = || self.beats().filter(|(at, _)| *at >= from);
        let began = lately().find(|(_, beat)| beat.sum() > 0).map(|(at, _)| at);
        let Some(began) = began else { return 0.0 };
        let taken: u32 = lately().map(|(_, beat)| beat.accepted).sum();
        // A stretch that has just begun says little of a second.
        f64::from(taken) / now.since(began).max(SHORT).as_secs_f64()
    }

    /// The stretch of a moment; `None` when it is too long ago.
    fn beat(&mut self, at: Timestamp) -> Option<&mut Beat> {
        if self.beats.is_empty() {
            self.first = self.number(at);
        }
        loop {
            let number = self.number(at);
            let (first, last) = (self.first.min(number), self.last().max(number));
            if last - first < count(BEATS_MAX) {
                break;
            }
            if self.is_whole {
                self.double();
            } else if number < self.first {
                return None;
            } else {
                // All that is left of the old ones is dropped at once when it is long ago.
                self.beats.pop_front();
                self.first = if self.beats.is_empty() { number } else { self.first + 1 };
            }
        }
        let number = self.number(at);
        while number < self.first {
            self.beats.push_front(Beat::default());
            self.first -= 1;
        }
        while self.last() < number {
            self.beats.push_back(Beat::default());
        }
        let place = usize::try_from(number - self.first).ok()?;
        self.beats.get_mut(place)
    }

    /// Each two become one of twice the length.
    fn double(&mut self) {
        let first = self.first.div_euclid(2);
        let mut beats: VecDeque<Beat> = VecDeque::new();
        for (number, beat) in (self.first..).zip(&self.beats) {
            let place = usize::try_from(number.div_euclid(2) - first).unwrap_or_default();
            if place == beats.len() {
                beats.push_back(Beat::default());
            }
            if let Some(both) = beats.get_mut(place) {
                both.add(*beat);
            }
        }
        (self.width, self.first, self.beats) = (self.width * 2, first, beats);
    }

    fn number(&self, at: Timestamp) -> i64 {
        at.as_micros().div_euclid(self.width_micros())
    }

    fn width_micros(&self) -> i64 {
        i64::try_from(self.width.as_micros()).unwrap_or(i64::MAX)
    }

    fn last(&self) -> i64 {
        self.first + count(self.beats.len()) - 1
    }
}

fn count(stretches: usize) -> i64 {
    i64::try_from(stretches).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mail::Status;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(0).plus(Duration::from_secs(seconds))
    }

    fn taken() -> Outcome {
        Outcome::Accepted(Status::new(250, 0, 0, "ok"))
    }

    fn of(mut pulse: Pulse, seconds: impl IntoIterator<Item = u64>) -> Pulse {
        seconds.into_iter().for_each(|second| pulse.count(at(second), &taken()));
        pulse
    }

    fn sums(pulse: &Pulse, now: u64) -> Vec<u32> {
        pulse.at(at(now)).beats().map(|(_, beat)| beat.sum()).collect()
    }

    #[test]
    fn a_whole_course_is_kept_ever_coarser() {
        let pulse = of(Pulse::whole(), 0..300);
        assert_eq!((pulse.width(), sums(&pulse, 299)), (SHORT, vec![5; 60]));
        let pulse = of(pulse, [300]);
        assert_eq!(pulse.width(), SHORT * 2);
        assert_eq!(sums(&pulse, 300).iter().sum::<u32>(), 301);
        let pulse = of(pulse, [40 * 60 * 60]);
        assert!(sums(&pulse, 40 * 60 * 60).len() <= BEATS_MAX);
        assert_eq!(sums(&pulse, 40 * 60 * 60).iter().sum::<u32>(), 302);
        assert!(
            sums(&pulse, 4_000_000).len() <= BEATS_MAX,
            "a pause of days is shown, too"
        );
    }

    #[test]
    fn of_what_was_lately_the_oldest_is_let_go() {
        let pulse = of(Pulse::hour(), (0..90).map(|minute| minute * 60));
        assert_eq!(sums(&pulse, 89 * 60), vec![1; 60]);
        assert_eq!(
            sums(&pulse, 91 * 60).iter().sum::<u32>(),
            58,
            "time goes on without copies"
        );
        assert_eq!(sums(&pulse, 999 * 60), vec![0; 60]);
        let pulse = of(pulse, [10]);
        assert_eq!(
            sums(&pulse, 89 * 60).iter().sum::<u32>(),
            60,
            "what was too long ago counts no more"
        );
    }

    #[test]
    fn a_pace_is_that_of_the_last_minute_or_of_what_there_was_of_it() {
        let none = Pulse::fine();
        assert_eq!(none.per_second(at(100)), 0.0);
        let ten = of(Pulse::fine(), (100..110).flat_map(|second| [second; 10]));
        assert_eq!(ten.per_second(at(110)), 10.0);
        assert_eq!(ten.per_second(at(150)), 2.0);
        assert_eq!(ten.per_second(at(400)), 0.0);
    }

    #[test]
    fn a_ledger_read_in_another_order_says_the_same() {
        let forth = of(Pulse::whole(), 0..2_000);
        let back = of(Pulse::whole(), (0..2_000).rev());
        assert_eq!(forth, back);
    }

    proptest! {
        /// Nothing is lost of a whole course, whatever the order, and it never has more stretches than it may.
        #[test]
        fn a_whole_course_counts_all(seconds in proptest::collection::vec(0u64..10_000_000, 1..200)) {
            let pulse = of(Pulse::whole(), seconds.iter().copied());
            let last = seconds.iter().max().copied().unwrap_or_default();
            let sums = sums(&pulse, last);
            prop_assert!(sums.len() <= BEATS_MAX);
            prop_assert_eq!(sums.iter().sum::<u32>(), u32::try_from(seconds.len()).expect("few"));
        }
    }
}
