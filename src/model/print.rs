//! Print: what an audience was when it was looked at, so that it can be told how far it has changed. Law 3.
//!
//! It has nobody's name in it. Each contact adds one or takes one away in one of [`SUMS`] sums, as a hash of their number
//! says; those who are in two prints cancel out, and the squares of what is left sum to the number of those who are in
//! one of them only (a count sketch). Its error is a share of the *difference*, some 6 %, and not of the audience; how
//! many there are is known exactly.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ContactId, OfficeId};

/// Sums of a print; more of them make it finer.
const SUMS: usize = 512;

/// What an audience was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Print {
    people: u64,
    sums: Vec<i32>,
}

/// How far an audience is from what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// How many there were.
    pub then: u64,
    /// How many there are.
    pub now: u64,
    /// How many have joined, about.
    pub joined: u64,
    /// How many have left, about.
    pub left: u64,
}

/// What an audience was, and each office's share of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prints {
    whole: Print,
    shares: BTreeMap<OfficeId, Print>,
}

impl Prints {
    /// Of nobody yet; these offices have shares of their own.
    pub fn new(offices: impl Iterator<Item = OfficeId>) -> Self {
        Self {
            whole: Print::default(),
            shares: offices.map(|office| (office, Print::default())).collect(),
        }
    }

    /// One more is in it, and in the shares of these offices.
    pub fn add(&mut self, contact: ContactId, is_theirs: impl Fn(&OfficeId) -> bool) {
        self.whole.add(contact);
        let theirs = self.shares.iter_mut().filter(|(office, _)| is_theirs(office));
        theirs.for_each(|(_, share)| share.add(contact));
    }

    /// What an office answers for: its share, or the whole where it has none of its own.
    pub fn of(&self, office: &OfficeId) -> &Print {
        self.shares.get(office).unwrap_or(&self.whole)
    }
}

impl Default for Print {
    fn default() -> Self {
        Self {
            people: 0,
            sums: vec![0; SUMS],
        }
    }
}

impl Print {
    /// One more is in it; each contact once.
    pub fn add(&mut self, contact: ContactId) {
        let hash = mixed(contact.0);
        let place = usize::try_from(hash % SUMS as u64).unwrap_or_default();
        let sign = if hash >> 63 == 0 { 1 } else { -1 };
        if let Some(sum) = self.sums.get_mut(place) {
            *sum = sum.saturating_add(sign);
        }
        self.people += 1;
    }

    /// How many are in it.
    pub fn people(&self) -> u64 {
        self.people
    }

    /// How far `now` is from it.
    pub fn drift(&self, now: &Self) -> Drift {
        let pairs = self.sums.iter().zip(&now.sums);
        let apart = |(then, now): (&i32, &i32)| u64::from(then.abs_diff(*now)).pow(2);
        let changed: u64 = pairs.map(apart).sum();
        // What the counts say is sure: so many at least have changed, and no more than all.
        let net = self.people.abs_diff(now.people);
        let changed = changed.clamp(net, self.people + now.people);
        let (more, less) = (changed.midpoint(net), changed.saturating_sub(changed.midpoint(net)));
        let (joined, left) = if now.people >= self.people {
            (more, less)
        } else {
            (less, more)
        };
        Drift {
            then: self.people,
            now: now.people,
            joined,
            left,
        }
    }
}

impl Drift {
    /// How many have joined or left, in percent of those who were in it, rounded up.
    pub fn percent(&self) -> u64 {
        ((self.joined + self.left) * 100).div_ceil(self.then.max(1))
    }

    /// Whether anybody has.
    pub fn is_none(&self) -> bool {
        self.joined + self.left == 0
    }
}

/// A number's bits, well mixed (splitmix64's last step).
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(contacts: impl IntoIterator<Item = u64>) -> Print {
        let mut print = Print::default();
        contacts.into_iter().for_each(|id| print.add(ContactId(id)));
        print
    }

    #[test]
    fn nobody_has_changed_however_they_are_met() {
        let drift = print(0..5_000).drift(&print((0..5_000).rev()));
        assert!(drift.is_none(), "{drift:?}");
        assert_eq!(drift.percent(), 0);
    }

    #[test]
    fn one_who_joins_and_one_who_leaves_is_seen() {
        let drift = print(0..100).drift(&print(0..101));
        assert_eq!((drift.joined, drift.left, drift.percent()), (1, 0, 1));
        let drift = print(0..100).drift(&print(0..99));
        assert_eq!((drift.joined, drift.left), (0, 1));
    }

    #[test]
    fn others_in_as_great_a_number_are_a_change() {
        // A count alone would say that nothing has happened.
        let drift = print(0..10_000).drift(&print(1_000..11_000));
        assert!((1_600..2_400).contains(&(drift.joined + drift.left)), "{drift:?}");
        assert!((15..=25).contains(&drift.percent()), "{drift:?}");
        assert_eq!(drift.joined.abs_diff(drift.left), 0);
    }

    #[test]
    fn an_audience_that_is_gone_or_new_has_changed_wholly() {
        assert_eq!(print(0..3).drift(&print([])).percent(), 100);
        assert!(print([]).drift(&print(0..3)).percent() >= 300);
    }
}
