//! Group: the people one author has written to on one subject lately, over all the messages that were. Policy C7.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::MailingId;
use crate::mail::Timestamp;

/// Minima a sketch has.
const MINIMA: usize = 64;
/// How many of them two sketches must share to be of one text: 0.55, as texts share their word triples.
const LIKE_MIN: usize = 35;
/// People a group remembers: no limit may count further.
pub const PEOPLE_MAX: usize = 250;
/// Messages under way that a group remembers.
const UNDER_WAY_MAX: usize = 80;
/// Times of its last messages that a group remembers.
const TIMES_MAX: usize = 32;

/// A text in 64 numbers: two texts share as many of them, in proportion, as they share word triples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketch(Vec<u16>);

impl Sketch {
    /// The sketch of a set of hashes. Each minimum is that of another order of all numbers; sixteen bits tell the thousand
    /// triples of a text apart, and the processor turns eight of them at once.
    pub fn of(hashes: impl Iterator<Item = u16>) -> Self {
        let [turns, factors] = [16, 32].map(order_bits);
        let mut minima = [i16::MAX; MINIMA];
        for hash in hashes {
            for ((minimum, turn), factor) in minima.iter_mut().zip(&turns).zip(&factors) {
                let place = (hash ^ turn).wrapping_mul(factor | 1);
                *minimum = (*minimum).min(place.cast_signed());
            }
        }
        Self(minima.iter().map(|minimum| minimum.cast_unsigned()).collect())
    }

    /// The numbers.
    pub fn minima(&self) -> &[u16] {
        &self.0
    }

    /// Whether the two are of one text.
    pub fn is_like(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).filter(|(one, other)| one == other).count() >= LIKE_MIN
    }
}

/// Bits that part the orders of the minima, the same for ever: sixteen of each multiple of the golden ratio.
fn order_bits(shift: u32) -> [u16; MINIMA] {
    let mut multiple = 0_u64;
    [(); MINIMA].map(|()| {
        multiple = multiple.wrapping_add(0x9e37_79b9_7f4a_7c15);
        u16::try_from((multiple >> shift) & 0xffff).unwrap_or_default()
    })
}

/// One person of a group: a hash of their address, and when they were last written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Of the address; says nothing about it.
    pub hash: u64,
    /// When.
    pub at: Timestamp,
    /// Whether they are outside the campus.
    pub is_outside: bool,
}

/// Everything one author has sent on one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Unique within the author's.
    pub id: u64,
    /// The text of its first message, when that says enough.
    pub sketch: Option<Sketch>,
    /// Who was written to.
    pub people: Vec<Person>,
    /// When its last messages came; of a list's topic, when its last mailings were released.
    pub times: Vec<Timestamp>,
    /// Messages the policy passed that may not have left yet.
    pub under_way: Vec<MailingId>,
    /// The case it is held as.
    pub case: Option<MailingId>,
    /// Its author has said, with a reason, that these are people they work with.
    pub is_attested: bool,
    /// Its author has been told that it grows.
    pub is_nudged: bool,
}

impl Group {
    /// A group that nobody is in yet.
    pub fn new(id: u64, sketch: Option<Sketch>) -> Self {
        Self {
            id,
            sketch,
            people: Vec::new(),
            times: Vec::new(),
            under_way: Vec::new(),
            case: None,
            is_attested: false,
            is_nudged: false,
        }
    }

    /// One message more. Who was last written to before the window no longer counts.
    pub fn add(&mut self, people: impl IntoIterator<Item = Person>, now: Timestamp, window: Duration) {
        self.people.retain(|person| now.since(person.at) < window);
        for person in people {
            self.people.retain(|known| known.hash != person.hash);
            if self.people.len() < PEOPLE_MAX {
                self.people.push(person);
            }
        }
        self.times.push(now);
        let surplus = self.times.len().saturating_sub(TIMES_MAX);
        self.times.drain(..surplus);
    }

    /// Joins what another group knows to this one.
    pub fn absorb(&mut self, other: Self) {
        for person in other.people {
            let is_known = self.people.iter().any(|known| known.hash == person.hash);
            if !is_known && self.people.len() < PEOPLE_MAX {
                self.people.push(person);
            }
        }
        other.times.into_iter().for_each(|at| self.went(at));
        other.under_way.into_iter().for_each(|id| self.goes(id));
        self.case = self.case.or(other.case);
        self.is_attested |= other.is_attested;
        self.is_nudged |= other.is_nudged;
    }

    /// A message of it that the policy has passed.
    pub fn goes(&mut self, id: MailingId) {
        self.under_way.push(id);
        let surplus = self.under_way.len().saturating_sub(UNDER_WAY_MAX);
        self.under_way.drain(..surplus);
    }

    /// One of a list's topic was released then.
    pub fn went(&mut self, at: Timestamp) {
        let place = self.times.partition_point(|other| *other <= at);
        self.times.insert(place, at);
        let surplus = self.times.len().saturating_sub(TIMES_MAX);
        self.times.drain(..surplus);
    }

    /// How many people on campus, and how many outside.
    pub fn counts(&self) -> (u32, u32) {
        let outside = self.people.iter().filter(|person| person.is_outside).count();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (number(self.people.len() - outside), number(outside))
    }

    /// How many messages came since then.
    pub fn messages_since(&self, since: Timestamp) -> usize {
        self.times.iter().filter(|at| **at >= since).count()
    }
}

/// What one author's ordinary mail has reached lately, by the hour. Policy C2.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace(Vec<(i64, u32)>);

const HOUR_MICROS: i64 = 60 * 60 * 1_000_000;
const DAY_HOURS: i64 = 24;

impl Pace {
    /// So many recipients more, in the hour that `at` is in.
    pub fn add(&mut self, recipients: u32, at: Timestamp) {
        let hour = at.as_micros().div_euclid(HOUR_MICROS);
        self.0.retain(|(then, _)| *then > hour - DAY_HOURS);
        match self.0.iter_mut().find(|(then, _)| *then == hour) {
            Some((_, count)) => *count = count.saturating_add(recipients),
            None => self.0.push((hour, recipients)),
        }
    }

    /// The first moment, from `now` on, at which so many recipients more keep within both limits. Whoever alone is over
    /// them goes when nobody else is counted.
    pub fn room(&self, recipients: u32, hour_max: u32, day_max: u32, now: Timestamp) -> Timestamp {
        let this_hour = now.as_micros().div_euclid(HOUR_MICROS);
        let fits = |hour: i64| {
            let in_hour = self.sum(|then| then == hour);
            let in_day = self.sum(|then| then > hour - DAY_HOURS && then <= hour);
            (in_hour == 0 || in_hour.saturating_add(recipients) <= hour_max)
                && (in_day == 0 || in_day.saturating_add(recipients) <= day_max)
        };
        // Hours ahead may be taken by what waits already.
        match (this_hour..this_hour + 8 * DAY_HOURS).find(|hour| fits(*hour)) {
            Some(hour) if hour == this_hour => now,
            Some(hour) => Timestamp::from_micros(hour.saturating_mul(HOUR_MICROS)),
            None => now.plus(Duration::from_secs(7 * 24 * 60 * 60)),
        }
    }

    fn sum(&self, counts: impl Fn(i64) -> bool) -> u32 {
        self.0
            .iter()
            .filter(|(hour, _)| counts(*hour))
            .fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_pace_never_beats_its_limits(sends in proptest::collection::vec((1u32..40, 0u64..7_200), 1..200)) {
            let mut pace = Pace::default();
            let mut now = Timestamp::from_micros(0);
            let mut gone: std::collections::BTreeMap<i64, u32> = std::collections::BTreeMap::new();
            for (recipients, later) in sends {
                now = now.plus(Duration::from_secs(later));
                let at = pace.room(recipients, 100, 400, now);
                prop_assert!(at >= now);
                pace.add(recipients, at);
                *gone.entry(at.as_micros().div_euclid(HOUR_MICROS)).or_default() += recipients;
            }
            prop_assert!(gone.values().all(|count| *count <= 100), "{gone:?}");
        }
    }

    #[test]
    fn who_is_written_to_twice_is_one_and_old_ones_no_longer_count() {
        let week = Duration::from_secs(7 * 24 * 60 * 60);
        let start = Timestamp::from_micros(0);
        let person = |hash, at| Person {
            hash,
            at,
            is_outside: hash > 1,
        };
        let mut group = Group::new(1, None);
        group.add([person(1, start), person(2, start)], start, week);
        let later = start.plus(week / 2);
        group.add([person(2, later)], later, week);
        assert_eq!(group.counts(), (1, 1));
        group.add([], start.plus(week), week);
        assert_eq!(group.counts(), (0, 1));
    }
}
