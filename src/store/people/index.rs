//! The blind index: which contact a mark finds. Marks that begin alike lie in one value, sorted.

use std::collections::{BTreeMap, BTreeSet};

use super::octets::{Reader, Writer};
use crate::model::{ContactId, Mark};
use crate::store::engine::{Batch, Table};
use crate::store::long::{self, Long, Write};
use crate::store::{Error, sled};

/// Buckets of one index: a thousandth of a large university's addresses in each.
pub(in crate::store) const BUCKETS: u16 = 4096;
/// Octets of a mark that its bucket does not tell.
const REST_OCTETS: usize = 15;

/// How an address is somebody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) enum Choice {
    /// An office gives it as their first.
    First = 0,
    /// An office gives it as their second.
    Second = 1,
    /// An office gave it as their first, and lists them no more.
    Former = 2,
    /// An office gave it as their second, and lists them no more.
    FormerSecond = 3,
}

impl Choice {
    const ALL: [Self; 4] = [Self::First, Self::Second, Self::Former, Self::FormerSecond];

    /// The choice that an address is of a listing, by its place there.
    pub(in crate::store) fn of(is_first: bool, is_gone: bool) -> Self {
        match (is_first, is_gone) {
            (true, false) => Self::First,
            (false, false) => Self::Second,
            (true, true) => Self::Former,
            (false, true) => Self::FormerSecond,
        }
    }

    /// Whether it is, or was, the first.
    pub(in crate::store) fn is_first(self) -> bool {
        matches!(self, Self::First | Self::Former)
    }
}

/// One whose a mark is. Of several the one who has it as their first choice goes before the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct Owner {
    /// Of what.
    pub(in crate::store) mark: Mark,
    /// How it is theirs.
    pub(in crate::store) choice: Choice,
    /// Whose.
    pub(in crate::store) contact: ContactId,
}

/// What one bucket holds.
pub(in crate::store) type Bucket = BTreeSet<Owner>;

/// An index: its table, and what its keys begin with.
#[derive(Debug, Clone)]
pub(in crate::store) struct Index {
    table: Table,
    prefix: Vec<u8>,
}

impl Index {
    /// By address.
    pub(in crate::store) fn of_addresses() -> Self {
        Self {
            table: Table::ContactsByAddress,
            prefix: Vec::new(),
        }
    }

    /// By the keys of one office's system, which has a mark of its own.
    pub(in crate::store) fn of_keys(source: &Mark) -> Self {
        Self {
            table: Table::ContactsByKey,
            prefix: source.iter().take(8).copied().collect(),
        }
    }

    /// Whose this mark is.
    pub(in crate::store) fn find(&self, engine: &sled::Engine, mark: &Mark) -> Result<Option<Owner>, Error> {
        let (_, bucket) = self.bucket(engine, bucket_of(mark))?;
        Ok(bucket.into_iter().find(|owner| owner.mark == *mark))
    }

    /// One bucket, and the value it was read from.
    pub(in crate::store) fn bucket(&self, engine: &sled::Engine, number: u16) -> Result<(Long, Bucket), Error> {
        let long = long::read(engine, self.table, &self.key(number))?;
        let bucket = read(number, &long.bytes).ok_or_else(|| Error::Unreadable("an index of contacts".to_owned()))?;
        Ok((long, bucket))
    }

    /// What writes a bucket anew.
    pub(in crate::store) fn replace(&self, number: u16, before: &Long, bucket: &Bucket) -> Result<Vec<Write>, Error> {
        before.replace(self.table, &self.key(number), &write(bucket))
    }

    /// Adds to the batch: these marks are nobody's any more, if they were this contact's.
    pub(in crate::store) fn forget(
        &self,
        engine: &sled::Engine,
        batch: &mut Batch,
        marks: impl Iterator<Item = Mark>,
        contact: ContactId,
    ) -> Result<(), Error> {
        let mut by_bucket: BTreeMap<u16, Vec<Mark>> = BTreeMap::new();
        for mark in marks {
            by_bucket.entry(bucket_of(&mark)).or_default().push(mark);
        }
        for (number, marks) in by_bucket {
            let (before, mut bucket) = self.bucket(engine, number)?;
            bucket.retain(|owner| owner.contact != contact || !marks.contains(&owner.mark));
            before.assert(batch, self.table, &self.key(number));
            batch.writes.extend(self.replace(number, &before, &bucket)?);
        }
        Ok(())
    }

    fn key(&self, number: u16) -> Vec<u8> {
        [self.prefix.as_slice(), &number.to_be_bytes()].concat()
    }
}

/// The bucket of a mark: its first twelve bits.
pub(in crate::store) fn bucket_of(mark: &Mark) -> u16 {
    let [first, second, ..] = *mark;
    u16::from_be_bytes([first, second]) >> 4
}

fn write(bucket: &Bucket) -> Vec<u8> {
    let mut writer = Writer::default();
    for Owner { mark, choice, contact } in bucket {
        let [_, rest @ ..] = mark;
        writer.0.extend_from_slice(rest);
        writer.number(contact.0 << 2 | *choice as u64);
    }
    writer.0
}

fn read(number: u16, bytes: &[u8]) -> Option<Bucket> {
    // The bucket tells the first octet of each.
    let first = u8::try_from(number >> 4).ok()?;
    let mut bucket = Bucket::new();
    let mut reader = Reader(bytes);
    while !reader.0.is_empty() {
        let rest: [u8; REST_OCTETS] = reader.take(REST_OCTETS)?.try_into().ok()?;
        let mut mark = [first; 16];
        mark.iter_mut().skip(1).zip(rest).for_each(|(to, from)| *to = from);
        let owner = reader.number()?;
        let choice = Choice::ALL.into_iter().find(|choice| *choice as u64 == owner & 3)?;
        bucket.insert(Owner {
            mark,
            choice,
            contact: ContactId(owner >> 2),
        });
    }
    Some(bucket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bucket_reads_as_it_was_written(
            number in 0..BUCKETS,
            rests in proptest::collection::vec((any::<[u8; 14]>(), 0u64..1 << 40, 0usize..4), 0..20),
        ) {
            let [high, low] = (number << 4).to_be_bytes();
            let owner = |(rest, contact, choice): ([u8; 14], u64, usize)| {
                let mut mark = [0; 16];
                mark[0] = high;
                mark[1] = low;
                mark[2..].copy_from_slice(&rest);
                let (choice, contact) = (Choice::ALL[choice], ContactId(contact));
                Owner { mark, choice, contact }
            };
            let bucket: Bucket = rests.into_iter().map(owner).collect();
            prop_assert!(bucket.iter().all(|owner| bucket_of(&owner.mark) == number));
            prop_assert_eq!(read(number, &write(&bucket)), Some(bucket));
        }
    }
}
