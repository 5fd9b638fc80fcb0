//! What an author sent lately: groups of people on one subject, threads, and pace. Forgotten after a window.
//!
//! A message is looked up by a few keys, and leaves a record of a few octets for each that is new, so that finding what is
//! alike costs the same however many messages there were, and nothing of it has to be held in memory.

use serde::{Deserialize, Serialize};

use super::engine::{BATCH_OPERATIONS_MAX, Batch, Table};
use super::topics::Topic;
use super::{Error, Store};
use crate::mail::Timestamp;
use crate::model::{Group, MailingId, Pace, Sketch};

/// Groups that one key finds at most, the newest, those that are absorbed by now among them.
const FOUND_MAX: usize = 300;
/// People a thread remembers.
const THREAD_PEOPLE_MAX: usize = 500;
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// Whose groups: an author's, for a week of mail; or a list's, for a term of topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

    fn days_kept(self) -> i64 {
        Self::days_kept_of(&self.0)
    }

    /// Days that what lies under a key of such an owner is kept.
    fn days_kept_of(key: &[u8]) -> i64 {
        if key.first() == Some(&b'l') { 130 } else { 8 }
    }
}

/// A group that a key finds, and the day it last did.
pub(super) type Found = (u64, i64);

/// What a message's groups are found by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Keys of which one is enough.
    pub sure: Vec<u64>,
    /// Keys whose sharing says only that the sketches are worth comparing.
    pub likely: Vec<u64>,
    /// The body, when it says enough to be compared.
    pub sketch: Option<Sketch>,
}

impl Probe {
    pub(super) fn keys(&self) -> impl Iterator<Item = u64> + '_ {
        self.sure.iter().chain(&self.likely).copied()
    }
}

/// A group as it is after a message, and what it is found by.
#[derive(Debug, Clone)]
pub struct Grouped {
    /// Whose.
    pub owner: Owner,
    /// As it is now.
    pub group: Group,
    /// What finds the message.
    pub probe: Probe,
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
    /// Its author's group.
    pub group: Option<Grouped>,
    /// The topics of its lists: it is one of them from its release on.
    pub topics: Vec<Topic>,
    /// Its thread, and the hashes of the Message-IDs that find it.
    pub thread: Option<(Thread, Vec<u64>)>,
    /// Its author's pace.
    pub pace: Option<(Owner, Pace)>,
    /// When it came.
    pub at: Option<Timestamp>,
}

impl Store {
    /// The groups of an owner that a message belongs to, as one, and those that are absorbed by it. When it is the first of
    /// its kind, a group that nobody is in yet.
    pub fn gathered(&self, owner: Owner, probe: &Probe, now: Timestamp) -> Result<(Group, Vec<u64>), Error> {
        let mut found = self.groups(owner, &probe.sure)?;
        for group in self.groups(owner, &probe.likely)? {
            let is_like = group
                .sketch
                .as_ref()
                .zip(probe.sketch.as_ref())
                .is_some_and(|(one, other)| one.is_like(other));
            if is_like && !found.iter().any(|known| known.id == group.id) {
                found.push(group);
            }
        }
        let mut found = found.into_iter();
        let Some(mut group) = found.next() else {
            let id = probe.keys().next().unwrap_or_default() ^ now.as_micros().unsigned_abs();
            return Ok((Group::new(id, probe.sketch.clone()), Vec::new()));
        };
        let mut absorbed = Vec::new();
        for other in found {
            absorbed.push(other.id);
            group.absorb(other);
        }
        Ok((group, absorbed))
    }

    /// The groups of an owner that any of these keys finds, in the order of their numbers.
    fn groups(&self, owner: Owner, keys: &[u64]) -> Result<Vec<Group>, Error> {
        let mut ids: Vec<u64> = Vec::new();
        for key in keys {
            ids.extend(self.found(owner, *key)?.into_iter().map(|(id, _)| id));
        }
        ids.sort_unstable();
        ids.dedup();
        let groups = ids.into_iter().map(|id| self.group(owner, id));
        groups.filter_map(Result::transpose).collect()
    }

    fn found(&self, owner: Owner, key: u64) -> Result<Vec<Found>, Error> {
        match self.engine.read(Table::GroupsFound, &found_key(owner, key))? {
            Some(record) => Ok(postcard::from_bytes(&record)?),
            None => Ok(Vec::new()),
        }
    }

    /// One group.
    pub fn group(&self, owner: Owner, id: u64) -> Result<Option<Group>, Error> {
        match self.engine.read(Table::Groups, &group_key(owner, id))? {
            Some(record) => Ok(Some(postcard::from_bytes::<(i64, Group)>(&record)?.1)),
            None => Ok(None),
        }
    }

    /// The group of an owner that is held as this case.
    pub fn group_of(&self, owner: Owner, case: MailingId) -> Result<Option<Group>, Error> {
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
        if let Some(grouped) = &traces.group {
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

    pub(super) fn trace_group(&self, batch: &mut Batch, grouped: &Grouped, today: i64) -> Result<(), Error> {
        let Grouped {
            owner,
            group,
            probe,
            absorbed,
        } = grouped;
        let record = postcard::to_allocvec(&(today, group))?;
        batch.put(Table::Groups, &group_key(*owner, group.id), record);
        for id in absorbed {
            batch.delete(Table::Groups, &group_key(*owner, *id));
        }
        for key in probe.keys() {
            let mut found = self.found(*owner, key)?;
            // Most of what is alike comes on one day.
            if found.contains(&(group.id, today)) {
                continue;
            }
            found.retain(|(id, day)| *id != group.id && !absorbed.contains(id) && today - day <= owner.days_kept());
            found.push((group.id, today));
            let surplus = found.len().saturating_sub(FOUND_MAX);
            found.drain(..surplus);
            batch.put(
                Table::GroupsFound,
                &found_key(*owner, key),
                postcard::to_allocvec(&found)?,
            );
        }
        Ok(())
    }

    /// Forgets what is older than it is kept; returns how many records went. Reads the tables whole: for once a day.
    pub async fn forget_traces(&self, now: Timestamp) -> Result<usize, Error> {
        let mut forgotten = 0;
        let mut batch = Batch::default();
        let tables = [
            Table::Groups,
            Table::GroupsFound,
            Table::Threads,
            Table::ThreadPeople,
            Table::Paces,
        ];
        for table in tables {
            for item in self.engine.scan(table, &[]) {
                let (key, record) = item?;
                let last = if table == Table::GroupsFound {
                    let found: Vec<Found> = postcard::from_bytes(&record)?;
                    found.iter().map(|(_, day)| *day).max().unwrap_or_default()
                } else {
                    // All others begin with their day.
                    postcard::take_from_bytes::<i64>(&record)?.0
                };
                if day(now) - last > Owner::days_kept_of(&key) {
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

pub(super) fn day(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(DAY_MICROS)
}

pub(super) fn group_key(owner: Owner, id: u64) -> Vec<u8> {
    [owner.0.as_slice(), &id.to_be_bytes()].concat()
}

pub(super) fn found_key(owner: Owner, key: u64) -> Vec<u8> {
    [owner.0.as_slice(), &key.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{MasterKey, Settings};

    #[tokio::test]
    async fn a_key_finds_groups_until_they_are_forgotten() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let store = store(home.path());
        let (owner, now) = (Owner::author([7; 16]), Timestamp::from_micros(0));
        let traced = |id: u64, keys: &[u64], absorbed: &[u64]| Traces {
            group: Some(Grouped {
                owner,
                group: Group::new(id, None),
                probe: sure(keys),
                absorbed: absorbed.to_vec(),
            }),
            at: Some(now),
            ..Traces::default()
        };
        for traces in [traced(1, &[10, 11], &[]), traced(2, &[11], &[])] {
            let mut batch = Batch::default();
            store.trace(&mut batch, &traces).expect("traces");
            store.engine.commit(batch).await.expect("commits");
        }
        let found = |key: u64| {
            let groups = store.groups(owner, &[key]).expect("reads");
            groups.iter().map(|group| group.id).collect::<Vec<_>>()
        };
        assert_eq!((found(10), found(11), found(12)), (vec![1], vec![1, 2], vec![]));
        let mut again = Batch::default();
        store.trace(&mut again, &traced(1, &[10, 11], &[])).expect("traces");
        assert_eq!(again.len(), 1, "what is found already is not written again");
        let mut batch = Batch::default();
        store.trace(&mut batch, &traced(1, &[11], &[2])).expect("traces");
        store.engine.commit(batch).await.expect("commits");
        assert_eq!((found(10), found(11)), (vec![1], vec![1]));
        let later = now.plus(std::time::Duration::from_secs(9 * 24 * 60 * 60));
        assert_eq!(store.forget_traces(later).await.expect("forgets"), 3);
        assert_eq!((found(10), found(11)), (vec![], vec![]));
    }

    fn sure(keys: &[u64]) -> Probe {
        Probe {
            sure: keys.to_vec(),
            ..Probe::default()
        }
    }

    fn store(home: &std::path::Path) -> Store {
        let settings = Settings {
            data_dir: home.to_owned(),
            free_bytes_min: 0,
            master: MasterKey::new(&[9; 32]),
        };
        Store::open(&settings).expect("opens")
    }
}
