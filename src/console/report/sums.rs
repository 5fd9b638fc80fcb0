//! What went out and came back, summed up by month, audience, category and provider.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::faring::faring;
use super::{Error, Room, Words};
use crate::model::lifecycle::State;
use crate::model::{CameBack, Tally};

/// Mailings looked through.
const LOOKED_AT_MAX: usize = 5_000;
/// Months on the trend, the one of the report being the last.
const MONTHS: i32 = 12;
/// Copies of a month that are looked through for the breakdowns.
const COPIES_MAX: u64 = 5_000_000;
/// A group with fewer copies is not told of alone: its numbers would name people.
const GROUP_MIN: u64 = 10;

/// What some mailings came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) mailings: u64,
    /// Copies that were handed on, or refused at once.
    pub(super) copies: u64,
    /// Those that did not come to their end at the first try; counted by provider, audience and category.
    pub(super) deferred: u64,
    /// Those that were given up here, without a word from the other side.
    pub(super) failed: u64,
    pub(super) back: CameBack,
}

/// One line of a breakdown; nameless are those too small to be told of alone.
pub(super) type Group = (Option<String>, Sum);

/// The report's numbers.
#[derive(Debug)]
pub(super) struct Sums {
    /// Oldest first.
    pub(super) months: Vec<(Date, Sum)>,
    /// Of the last month, by audience.
    pub(super) audiences: Vec<Group>,
    /// By what it was for.
    pub(super) categories: Vec<Group>,
    /// By where people read their mail.
    pub(super) providers: Vec<Group>,
    /// Whether so much went out that not all of it is in the breakdowns.
    pub(super) is_cut: bool,
}

impl Sum {
    /// What a mailing came to.
    fn of(tally: &Tally, back: CameBack) -> Self {
        Self {
            mailings: 1,
            copies: tally.accepted + tally.failed,
            deferred: 0,
            failed: tally.failed,
            back,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.mailings += other.mailings;
        self.copies += other.copies;
        self.deferred += other.deferred;
        self.failed += other.failed;
        self.back.add(&other.back);
    }

    /// Copies that did not come back, as far as is known.
    pub(super) fn delivered(&self) -> u64 {
        self.copies.saturating_sub(self.bounced())
    }

    /// Copies that came back, or were given up.
    pub(super) fn bounced(&self) -> u64 {
        self.back.bounces().max(self.failed)
    }
}

/// A part of a whole, in parts of a million; of nothing, nothing.
pub(super) fn share(part: u64, whole: u64) -> u64 {
    part.saturating_mul(1_000_000).checked_div(whole).unwrap_or_default()
}

/// The numbers of the month that begins so, and of those before it.
pub(super) fn sums(room: &Room, words: Words, first: Date) -> Result<Sums, Error> {
    let begins = (0..MONTHS)
        .rev()
        .filter_map(|back| first.checked_sub(back.months()).ok());
    let mut months: Vec<(Date, Sum)> = begins.map(|date| (date, Sum::default())).collect();
    let mut by = Breakdowns::default();
    for state in room.state.store.newest_cases(LOOKED_AT_MAX)? {
        let Some(month) = month_of(room, &state) else { continue };
        let Some((_, of_month)) = months.iter_mut().find(|(date, _)| *date == month) else {
            continue;
        };
        let tally = room.state.store.tally(state.id())?;
        let mut sum = Sum::of(&tally, room.state.store.came_back(state.id())?);
        if month == first {
            by.add(room, words, &state, &mut sum)?;
        }
        of_month.add(&sum);
    }
    Ok(Sums {
        months,
        audiences: grouped(by.audiences),
        categories: grouped(by.categories),
        providers: grouped(by.providers),
        is_cut: by.is_cut,
    })
}

/// One month's mailings, broken down.
#[derive(Debug, Default)]
struct Breakdowns {
    audiences: BTreeMap<String, Sum>,
    categories: BTreeMap<String, Sum>,
    providers: BTreeMap<String, Sum>,
    /// Copies looked through.
    copies: u64,
    is_cut: bool,
}

impl Breakdowns {
    /// Adds a mailing. Its sum becomes what its providers' come to: copies leave and come back while the page is made, and
    /// those of a stopped mailing that are still under way are told of in its ledger alone.
    fn add(&mut self, room: &Room, words: Words, state: &State, sum: &mut Sum) -> Result<(), Error> {
        self.copies = self.copies.saturating_add(sum.copies);
        if self.copies > COPIES_MAX {
            self.is_cut = true;
            return Ok(());
        }
        let faring = faring(room, state, &sum.back)?;
        for (name, of_provider) in &faring.by_provider {
            self.providers.entry(name.clone()).or_default().add(of_provider);
        }
        if let Some(whole) = faring.whole() {
            *sum = whole;
        }
        let mailing = state.mailing();
        let audience = words.audience(mailing);
        self.audiences.entry(audience).or_default().add(sum);
        let category = words.category(mailing.category);
        self.categories.entry(category).or_default().add(sum);
        Ok(())
    }
}

/// The groups, those with most copies first; the small ones in one, which is left out when it is small itself and would
/// be what is missing of the whole.
fn grouped(sums: BTreeMap<String, Sum>) -> Vec<Group> {
    let mut groups: Vec<(String, Sum)> = sums.into_iter().collect();
    groups.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.copies));
    let mut small = Sum::default();
    // A group is added to the small ones until they are large enough together.
    while let Some((_, last)) = groups.last() {
        let is_hidden = small.copies > 0 && small.copies < GROUP_MIN;
        if last.copies >= GROUP_MIN && !is_hidden {
            break;
        }
        small.add(last);
        groups.pop();
    }
    let mut told: Vec<Group> = groups.into_iter().map(|(name, sum)| (Some(name), sum)).collect();
    if small.copies >= GROUP_MIN {
        told.push((None, small));
    }
    told
}

/// The month in which its copies began to leave.
fn month_of(room: &Room, state: &State) -> Option<Date> {
    let at = match state {
        State::Expanded(expanded) => expanded.expanded_at(),
        State::Closed(closed) => closed.release().not_before,
        State::Held(_) | State::Released(_) | State::Ended(_) => return None,
    };
    Some(at.local(&room.state.zone).date().first_of_month())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(copies: &[u64]) -> Vec<(Option<String>, u64)> {
        let sum = |copies: &u64| Sum {
            mailings: 1,
            copies: *copies,
            ..Sum::default()
        };
        let named = copies.iter().map(|copies| (format!("to {copies}"), sum(copies)));
        let told = grouped(named.collect()).into_iter();
        told.map(|(name, sum)| (name, sum.copies)).collect()
    }

    #[test]
    fn a_share_is_of_a_million_and_of_nothing_nothing() {
        assert_eq!(share(3, 1_000), 3_000);
        assert_eq!(share(1, 3), 333_333);
        assert_eq!(share(7, 0), 0);
    }

    #[test]
    fn nobody_can_reckon_from_the_rest_what_a_small_group_came_to() {
        let large = |copies: u64| (Some(format!("to {copies}")), copies);
        assert_eq!(told(&[20, 300]), [large(300), large(20)]);
        assert_eq!(told(&[300, 6, 7]), [large(300), (None, 13)]);
        // The only small one takes the next with it.
        assert_eq!(told(&[300, 20, 3]), [large(300), (None, 23)]);
        assert_eq!(told(&[300, 3]), [(None, 303)]);
        assert_eq!(told(&[3, 4]), []);
        assert_eq!(told(&[]), []);
    }
}
