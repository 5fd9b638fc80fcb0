//! What went out and came back, summed up by month, audience and provider.

use std::collections::{BTreeMap, HashMap};

use jiff::ToSpan;
use jiff::civil::Date;

use super::{Error, Room, Words};
use crate::model::lifecycle::State;
use crate::model::{CameBack, Tally};

/// Mailings looked through.
const LOOKED_AT_MAX: usize = 5_000;
/// Months on the trend, the one of the report being the last.
const MONTHS: i32 = 12;
/// What came back in a month that is looked up by provider.
const RETURNS_MAX: usize = 20_000;

/// What some mailings came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) mailings: u64,
    /// Copies that were handed on, or refused at once.
    pub(super) copies: u64,
    pub(super) back: CameBack,
}

/// The report's numbers.
#[derive(Debug)]
pub(super) struct Sums {
    /// Oldest first.
    pub(super) months: Vec<(Date, Sum)>,
    /// Of the last month, by audience.
    pub(super) audiences: BTreeMap<String, Sum>,
    /// Of the last month, by where people read their mail: what came back alone.
    pub(super) providers: BTreeMap<String, Sum>,
    pub(super) is_cut: bool,
}

impl Sum {
    fn add(&mut self, tally: &Tally, back: &CameBack) {
        self.mailings += 1;
        self.copies += tally.accepted + tally.failed;
        self.back.add(back);
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
    let (mut audiences, mut providers) = (BTreeMap::<String, Sum>::new(), BTreeMap::new());
    let mut left = RETURNS_MAX;
    for state in room.state.store.newest_cases(LOOKED_AT_MAX)? {
        let Some(month) = month_of(room, &state) else { continue };
        let Some((_, sum)) = months.iter_mut().find(|(date, _)| *date == month) else {
            continue;
        };
        let tally = room.state.store.tally(state.id())?;
        let back = room.state.store.came_back(state.id())?;
        sum.add(&tally, &back);
        if month == first {
            audiences
                .entry(words.audience(state.mailing()))
                .or_default()
                .add(&tally, &back);
            by_provider(room, &state, &mut providers, &mut left)?;
        }
    }
    Ok(Sums {
        months,
        audiences,
        providers,
        is_cut: left == 0,
    })
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

fn by_provider(
    room: &Room,
    state: &State,
    providers: &mut BTreeMap<String, Sum>,
    left: &mut usize,
) -> Result<(), Error> {
    let mut names: HashMap<String, String> = HashMap::new();
    for item in room.state.store.returns(state.id()).take(*left) {
        let (seq, _, came) = item?;
        *left -= 1;
        let Some(recipient) = room.state.store.recipient(state.id(), seq)? else {
            continue;
        };
        let domain = recipient.address.domain();
        let name = names.entry(domain.to_string()).or_insert_with(|| {
            let shaper = room.state.desk.shape().look();
            shaper.stream(domain, &[]).name.to_string()
        });
        providers.entry(name.clone()).or_default().back.count(came);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_a_million_and_of_nothing_nothing() {
        assert_eq!(share(3, 1_000), 3_000);
        assert_eq!(share(1, 3), 333_333);
        assert_eq!(share(7, 0), 0);
    }
}
