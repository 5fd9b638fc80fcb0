//! What an author sent lately: groups of people on one subject, threads, and pace. Forgotten after a window.
//!
//! A message is looked up by a few keys, and leaves a record of a few octets for each that is new, so that finding what is
//! alike costs the same however many messages there were, and nothing of it has to be held in memory.

use serde::{Deserialize, Serialize};

use super::engine::{BATCH_OPERATIONS_MAX, Batch, Table};
use super::{Error, Store};
use crate::mail::Timestamp;
use crate::model::{Group, Pace};

/// Records over which the keys of one owner were spread.
const SHARDS: u64 = 64;
/// Groups that one key finds at most, those that are absorbed by now among them.
const FOUND_MAX: usize = 300;
/// People a thread remembers.
const THREAD_PEOPLE_MAX: usize = 500;
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// Whose groups: an author's, for a week of mail; or a list's, for a term of topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner([u8; 9]);

impl Owner {
    /// An author's, kept for 8 days.
    pub fn author(mark: [u8; 16]) -> Self {
        Self::of(b'a', mark)
    }

    /// A list's, kept for 130 days.
    pub fn list(mark: [u8; 16]) -> Self {
        Self::of(b'l', mark)
    }

    fn of(kind: u8, mark: [u8; 16]) -> Self {
        let mut key = [kind; 9];
        key.iter_mut().skip(1).zip(mark).for_each(|(to, from)| *to = from);
        Self(key)
    }
}

/// Days that what such an owner's key finds is kept.
fn days_kept(key: &[u8]) -> i64 {
    if key.first() == Some(&b'l') { 130 } else { 8 }
}

/// One key of a shard, the group it finds, and the day it last did.
type Found = (u64, u64, i64);

/// A group as it is after a message, and what it is found by.
#[derive(Debug, Clone)]
pub struct Grouped {
    /// Whose.
    pub owner: Owner,
    /// As it is now.
    pub group: Group,
    /// The message's keys.
    pub keys: Vec<u64>,
    /// Groups that turned out to be this one.
    pub absorbed: Vec<u64>,
}

/// Who takes part in a thread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// What finds it; the hash of its first Message-ID.
    pub id: u64,
    /// Hashes of the addresses of those who take part.
    pub people: Vec<u64>,
}

/// What a message leaves behind, beside itself; written in the same commit.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    /// Its groups: its author's, and those of its lists.
    pub groups: Vec<Grouped>,
    /// Its thread, and the hashes of the Message-IDs that find it.
    pub thread: Option<(Thread, Vec<u64>)>,
    /// Its author's pace.
    pub pace: Option<(Owner, Pace)>,
    /// When it came.
    pub at: Option<Timestamp>,
}

impl Store {
    /// The groups of an owner that any of these keys finds, oldest first.
    pub fn groups(&self, owner: Owner, keys: &[u64]) -> Result<Vec<Group>, Error> {
        let mut ids: Vec<u64> = Vec::new();
        let has_shards = self.engine.keys(Table::GroupKeys, &owner.0).next().is_some();
        for key in keys {
            let prefix = [owner.0.as_slice(), &key.to_be_bytes()].concat();
            for found in self.engine.keys(Table::GroupsByKey, &prefix).take(FOUND_MAX) {
                ids.extend(found?.last_chunk().map(|id| u64::from_be_bytes(*id)));
            }
            if has_shards {
                let found = self.shard(owner, *key)?;
                ids.extend(found.iter().filter(|(found, _, _)| found == key).map(|(_, id, _)| *id));
            }
        }
        ids.sort_unstable();
        ids.dedup();
        let groups = ids.into_iter().map(|id| self.group(owner, id));
        groups.filter_map(Result::transpose).collect()
    }

    /// One group.
    pub fn group(&self, owner: Owner, id: u64) -> Result<Option<Group>, Error> {
        match self.engine.read(Table::Groups, &group_key(owner, id))? {
            Some(record) => Ok(Some(postcard::from_bytes::<(i64, Group)>(&record)?.1)),
            None => Ok(None),
        }
    }

    /// The group of an owner that is held as this case.
    pub fn group_of(&self, owner: Owner, case: crate::model::MailingId) -> Result<Option<Group>, Error> {
        for item in self.engine.scan(Table::Groups, &owner.0) {
            let (_, group): (i64, Group) = postcard::from_bytes(&item?.1)?;
            if group.case == Some(case) {
                return Ok(Some(group));
            }
        }
        Ok(None)
    }

    /// Changes one group outside of a message's own commit.
    pub async fn put_group(&self, owner: Owner, group: &Group, now: Timestamp) -> Result<(), Error> {
        let mut batch = Batch::default();
        batch.put(
            Table::Groups,
            &group_key(owner, group.id),
            postcard::to_allocvec(&(day(now), group))?,
        );
        self.engine.commit(batch).await
    }

    fn shard(&self, owner: Owner, key: u64) -> Result<Vec<Found>, Error> {
        match self.engine.read(Table::GroupKeys, &shard_key(owner, key))? {
            Some(record) => Ok(postcard::from_bytes(&record)?),
            None => Ok(Vec::new()),
        }
    }

    /// The first known thread of these Message-IDs.
    pub fn thread(&self, message_ids: &[u64]) -> Result<Option<Thread>, Error> {
        for id in message_ids {
            let Some(record) = self.engine.read(Table::Threads, &id.to_be_bytes())? else {
                continue;
            };
            let (_, thread): (i64, u64) = postcard::from_bytes(&record)?;
            if let Some(record) = self.engine.read(Table::ThreadPeople, &thread.to_be_bytes())? {
                return Ok(Some(postcard::from_bytes::<(i64, Thread)>(&record)?.1));
            }
        }
        Ok(None)
    }

    /// How much an author's ordinary mail reached lately.
    pub fn pace(&self, owner: Owner) -> Result<Pace, Error> {
        match self.engine.read(Table::Paces, &owner.0)? {
            Some(record) => Ok(postcard::from_bytes::<(i64, Pace)>(&record)?.1),
            None => Ok(Pace::default()),
        }
    }

    /// Adds to the batch: what a message leaves behind.
    pub(super) fn trace(&self, batch: &mut Batch, traces: &Traces) -> Result<(), Error> {
        let Some(today) = traces.at.map(day) else { return Ok(()) };
        for grouped in &traces.groups {
            self.trace_group(batch, grouped, today)?;
        }
        if let Some((thread, message_ids)) = &traces.thread {
            let mut thread = thread.clone();
            let surplus = thread.people.len().saturating_sub(THREAD_PEOPLE_MAX);
            thread.people.drain(..surplus);
            let key = thread.id.to_be_bytes();
            batch.put(Table::ThreadPeople, &key, postcard::to_allocvec(&(today, &thread))?);
            for id in message_ids {
                let record = postcard::to_allocvec(&(today, thread.id))?;
                batch.put(Table::Threads, &id.to_be_bytes(), record);
            }
        }
        if let Some((owner, pace)) = &traces.pace {
            batch.put(Table::Paces, &owner.0, postcard::to_allocvec(&(today, pace))?);
        }
        Ok(())
    }

    fn trace_group(&self, batch: &mut Batch, grouped: &Grouped, today: i64) -> Result<(), Error> {
        let Grouped {
            owner,
            group,
            keys,
            absorbed,
        } = grouped;
        let record = postcard::to_allocvec(&(today, group))?;
        batch.put(Table::Groups, &group_key(*owner, group.id), record);
        for id in absorbed {
            batch.delete(Table::Groups, &group_key(*owner, *id));
        }
        let day = postcard::to_allocvec(&today)?;
        for key in keys {
            let place = found_key(*owner, *key, group.id);
            // Most of what is alike comes on one day.
            if self.engine.read(Table::GroupsByKey, &place)?.as_ref() != Some(&day) {
                batch.put(Table::GroupsByKey, &place, day.clone());
            }
        }
        Ok(())
    }

    /// Forgets what is older than it is kept; returns how many records went. Reads the tables whole: for once a day.
    pub async fn forget_traces(&self, now: Timestamp) -> Result<usize, Error> {
        let mut forgotten = 0;
        let mut batch = Batch::default();
        let tables = [
            Table::Groups,
            Table::GroupKeys,
            Table::GroupsByKey,
            Table::Threads,
            Table::ThreadPeople,
            Table::Paces,
        ];
        for table in tables {
            for item in self.engine.scan(table, &[]) {
                let (key, record) = item?;
                let last = if table == Table::GroupKeys {
                    let found: Vec<Found> = postcard::from_bytes(&record)?;
                    found.iter().map(|(_, _, day)| *day).max().unwrap_or_default()
                } else {
                    // All others begin with their day.
                    postcard::take_from_bytes::<i64>(&record)?.0
                };
                if day(now) - last > days_kept(&key) {
                    batch.delete(table, &key);
                    forgotten += 1;
                }
                if batch.len() == BATCH_OPERATIONS_MAX {
                    self.engine.commit(std::mem::take(&mut batch)).await?;
                }
            }
        }
        self.engine.commit(batch).await?;
        Ok(forgotten)
    }
}

fn day(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(DAY_MICROS)
}

fn group_key(owner: Owner, id: u64) -> Vec<u8> {
    [owner.0.as_slice(), &id.to_be_bytes()].concat()
}

fn found_key(owner: Owner, key: u64, id: u64) -> Vec<u8> {
    [owner.0.as_slice(), &key.to_be_bytes(), &id.to_be_bytes()].concat()
}

fn shard_key(owner: Owner, key: u64) -> Vec<u8> {
    let shard = u8::try_from(key % SHARDS).unwrap_or_default();
    [owner.0.as_slice(), &[shard]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{MasterKey, Settings};

    #[tokio::test]
    async fn a_key_finds_groups_of_this_store_and_of_one_that_kept_shards() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&Settings {
            data_dir: home.path().to_owned(),
            free_bytes_min: 0,
            master: MasterKey::new(&[9; 32]),
        })
        .expect("opens");
        let (owner, now) = (Owner::author([7; 16]), Timestamp::from_micros(0));
        let traced = |id: u64, keys: &[u64]| Traces {
            groups: vec![Grouped {
                owner,
                group: Group::new(id, None),
                keys: keys.to_vec(),
                absorbed: Vec::new(),
            }],
            at: Some(now),
            ..Traces::default()
        };
        for traces in [traced(1, &[10, 11]), traced(2, &[11])] {
            let mut batch = Batch::default();
            store.trace(&mut batch, &traces).expect("traces");
            store.engine.commit(batch).await.expect("commits");
        }
        let found = |key: u64| {
            let groups = store.groups(owner, &[key]).expect("reads");
            groups.iter().map(|group| group.id).collect::<Vec<_>>()
        };
        assert_eq!((found(10), found(11), found(12)), (vec![1], vec![1, 2], vec![]));
        let mut batch = Batch::default();
        let shard: Vec<Found> = vec![(12, 1, 0), (11, 1, 0)];
        let record = postcard::to_allocvec(&shard).expect("a record");
        batch.put(Table::GroupKeys, &shard_key(owner, 12), record);
        store.engine.commit(batch).await.expect("commits");
        assert_eq!((found(10), found(11), found(12)), (vec![1], vec![1, 2], vec![1]));
        let mut again = Batch::default();
        store.trace(&mut again, &traced(1, &[10, 11])).expect("traces");
        assert_eq!(again.len(), 1, "what is found already is not written again");
        assert!(
            store
                .forget_traces(now.plus(std::time::Duration::from_secs(9 * 24 * 60 * 60)))
                .await
                .expect("forgets")
                > 4
        );
        assert_eq!((found(10), found(12)), (vec![], vec![]));
    }
}
