//! Who got which of our mailings, kept by mailing once it is over. Policy C11.
//!
//! For the caps of the weeks that follow, and for whoever asks whether somebody got one.
//!
//! A record a copy would be half a million for a mailing. What is kept is the ids of those who took it, sorted, as differences,
//! some thousands in a value; parted by day, since a mailing may take several.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::{BATCH_OPERATIONS_MAX, Batch, Table};
use super::people::octets::{Reader, Writer};
use super::{Error, Kind, Store};
use crate::mail::Timestamp;
use crate::model::lifecycle::State;
use crate::model::{Capacity, Category, ContactId, Got, MailingId, Outcome};

/// Octets of ids in one value.
const VALUE_BYTES: usize = 6 * 1024;
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// Contacts by the moment of their copies, or a little later.
type ByDay = BTreeMap<Timestamp, Vec<ContactId>>;

impl Store {
    /// Keeps who got a copy of a mailing that is over. Doing it again changes nothing, unless others have got one since.
    pub async fn remember(&self, id: MailingId) -> Result<(), Error> {
        let initiated = |state: &State| state.mailing().capacity == Capacity::Initiated;
        let Some(state) = self.mailing(id)?.filter(initiated) else {
            return Ok(());
        };
        let mailing = state.mailing();
        let (mut batch, days) = (Batch::default(), self.accepted(id)?);
        let mut outdated = self.kept_of(id, days.keys().next().copied())?;
        for (at, contacts) in days {
            let got = Got::of(mailing, at);
            for (first, value) in values(&got, &contacts)? {
                let key = key(at, id, first);
                outdated.remove(&key);
                batch.put(Table::History, &key, value);
                if batch.len() == BATCH_OPERATIONS_MAX {
                    self.engine.commit(std::mem::take(&mut batch)).await?;
                }
            }
        }
        for key in outdated {
            batch.delete(Table::History, &key);
            if batch.len() == BATCH_OPERATIONS_MAX {
                self.engine.commit(std::mem::take(&mut batch)).await?;
            }
        }
        if batch.len() > 0 {
            self.engine.commit(batch).await?;
        }
        Ok(())
    }

    /// Tells of every copy that contacts got since then, and of those that are on their way: these count as got now. What is
    /// critical counts against nobody, and is not told.
    pub fn copies_since(
        &self,
        since: Timestamp,
        now: Timestamp,
        mut tell: impl FnMut(&Got, &[ContactId]),
    ) -> Result<(), Error> {
        let mut under_way = BTreeSet::new();
        for id in self.in_state(Kind::Expanded)? {
            let Some(state) = self.mailing(id)?.filter(counts) else {
                continue;
            };
            under_way.insert(id);
            let got = Got::of(state.mailing(), now);
            self.planned(id, |contacts| tell(&got, contacts))?;
        }
        for item in self.engine.scan_from(Table::History, &since.as_micros().to_be_bytes()) {
            let (got, contacts) = read(&item?.1)?;
            if !under_way.contains(&got.mailing) && got.category != Category::Critical {
                tell(&got, &contacts);
            }
        }
        Ok(())
    }

    /// The copies of our mailings that a contact got since then, of those that are over; oldest first.
    pub fn got_since(&self, contact: ContactId, since: Timestamp) -> Result<Vec<Got>, Error> {
        // Of each mailing and day the last value that does not begin after them.
        let mut candidates: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for item in self.engine.keys_from(Table::History, &since.as_micros().to_be_bytes()) {
            let key = item?;
            let (of_day, first) = key.split_last_chunk::<8>().unwrap_or((&[], &[0; 8]));
            if u64::from_be_bytes(*first) <= contact.0 {
                candidates.insert(of_day.to_vec(), key);
            }
        }
        let mut copies = Vec::new();
        for key in candidates.into_values() {
            let Some(value) = self.engine.read(Table::History, &key)? else {
                continue;
            };
            let (got, contacts) = read(&value)?;
            copies.extend(contacts.binary_search(&contact).is_ok().then_some(got));
        }
        copies.sort_by_key(|got| got.at);
        Ok(copies)
    }

    /// Forgets which copies contacts got before then; returns how many values that were.
    pub async fn forget_history(&self, before: Timestamp) -> Result<usize, Error> {
        let (mut forgotten, mut batch) = (0, Batch::default());
        for item in self.engine.keys(Table::History, &[]) {
            let key = item?;
            if at(&key) >= before {
                break;
            }
            batch.delete(Table::History, &key);
            forgotten += 1;
            if batch.len() == BATCH_OPERATIONS_MAX {
                self.engine.commit(std::mem::take(&mut batch)).await?;
            }
        }
        if batch.len() > 0 {
            self.engine.commit(batch).await?;
        }
        Ok(forgotten)
    }

    /// What is kept of a mailing, whose first copies were taken on the day of that moment.
    fn kept_of(&self, id: MailingId, first: Option<Timestamp>) -> Result<BTreeSet<Vec<u8>>, Error> {
        let Some(first) = first else {
            return Ok(BTreeSet::new());
        };
        let day = first.as_micros() - first.as_micros().rem_euclid(DAY_MICROS);
        let keys = self.engine.keys_from(Table::History, &day.to_be_bytes());
        let of_it = |key: &Vec<u8>| key.get(8..).is_some_and(|rest| rest.starts_with(&id.to_key()));
        keys.filter(|key| key.as_ref().map_or(true, of_it)).collect()
    }

    /// Who took their copy, by day, each day at its last moment.
    fn accepted(&self, id: MailingId) -> Result<ByDay, Error> {
        let mut days: BTreeMap<i64, (Timestamp, Vec<ContactId>)> = BTreeMap::new();
        let mut plan = self.rows(id);
        let mut row = plan.next().transpose()?;
        for entry in self.ledger(id) {
            let entry = entry?;
            if !matches!(entry.outcome, Some(Outcome::Accepted(_))) {
                continue;
            }
            while row.as_ref().is_some_and(|(seq, _)| *seq < entry.seq) {
                row = plan.next().transpose()?;
            }
            let to = row.as_ref().filter(|(seq, _)| *seq == entry.seq);
            if let Some(contact) = to.and_then(|(_, recipient)| recipient.contact) {
                let day = days.entry(entry.at.as_micros().div_euclid(DAY_MICROS));
                let (at, contacts) = day.or_insert((entry.at, Vec::new()));
                *at = entry.at.max(*at);
                contacts.push(contact);
            }
        }
        let sorted = days.into_values().map(|(at, mut contacts)| {
            contacts.sort_unstable();
            (at, contacts)
        });
        Ok(sorted.collect())
    }
}

/// Whether its copies count against anybody's caps.
fn counts(state: &State) -> bool {
    let mailing = state.mailing();
    mailing.capacity == Capacity::Initiated && mailing.category != Category::Critical
}

/// Sorted contacts in as many values as it takes, each by its first.
fn values(got: &Got, contacts: &[ContactId]) -> Result<Vec<(ContactId, Vec<u8>)>, Error> {
    let mut values = Vec::new();
    let mut contacts = contacts.iter().peekable();
    while let Some(first) = contacts.peek().map(|first| **first) {
        let mut value = Writer::default();
        value.octets(&postcard::to_allocvec(got)?);
        let mut before = 0;
        while let Some(contact) = contacts.next_if(|_| value.0.len() < VALUE_BYTES) {
            value.number(contact.0.saturating_sub(before));
            before = contact.0;
        }
        values.push((first, value.0));
    }
    Ok(values)
}

fn read(value: &[u8]) -> Result<(Got, Vec<ContactId>), Error> {
    let torn = || Error::Unreadable("who got a mailing".to_owned());
    let mut reader = Reader(value);
    let got = postcard::from_bytes(reader.octets().ok_or_else(torn)?)?;
    let (mut contacts, mut before) = (Vec::new(), 0);
    while !reader.0.is_empty() {
        before += reader.number().ok_or_else(torn)?;
        contacts.push(ContactId(before));
    }
    Ok((got, contacts))
}

fn key(at: Timestamp, id: MailingId, first: ContactId) -> Vec<u8> {
    [
        at.as_micros().to_be_bytes().as_slice(),
        &id.to_key(),
        &first.0.to_be_bytes(),
    ]
    .concat()
}

fn at(key: &[u8]) -> Timestamp {
    let at = key.first_chunk::<8>().map_or(0, |at| i64::from_be_bytes(*at));
    Timestamp::from_micros(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Series;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn who_got_it_reads_as_it_was_written(
            ids in proptest::collection::btree_set(1u64..1 << 34, 1..3_000),
        ) {
            let got = Got {
                mailing: MailingId { series: Series::Case, year: 2026, number: 7 },
                category: Category::Event,
                topics: vec![],
                at: Timestamp::from_micros(5),
            };
            let contacts: Vec<ContactId> = ids.into_iter().map(ContactId).collect();
            let values = values(&got, &contacts).expect("writes");
            let mut all = Vec::new();
            for (first, value) in values {
                prop_assert!(value.len() < 8 * 1024);
                let (of, some) = read(&value).expect("its own");
                prop_assert_eq!((&of, some.first()), (&got, Some(&first)));
                all.extend(some);
            }
            prop_assert_eq!(all, contacts);
        }
    }
}
