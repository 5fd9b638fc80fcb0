//! Topics: what a list is written to about, and when each mailing on it was released.
//!
//! Releases on one topic in the same moment all count: what one has read it also asserts, and whoever was slower looks
//! again.

use std::collections::BTreeSet;

use super::engine::{Batch, Table, Turn};
use super::groups::{Found, Grouped, Owner, Probe, day, found_key, group_key};
use super::{Admission, Error, Move, Outgoing, Store};
use crate::mail::Timestamp;
use crate::model::MailingId;

/// A list, and what finds the topic of a mailing to it.
pub type Topic = (Owner, Probe);

/// How often a release looks at its topics, while others on them go in the same moment.
const LOOKS_MAX: u32 = 20;

impl Store {
    /// Adds to the batch: the topics that a held mailing will be one of. They wait beside it.
    pub(super) fn trace_topics(&self, batch: &mut Batch, id: MailingId, topics: &[Topic]) -> Result<(), Error> {
        if !topics.is_empty() {
            batch.put(Table::Topics, &id.to_key(), postcard::to_allocvec(topics)?);
        }
        Ok(())
    }

    /// Adds to the batch: a mailing is released, and its topics go to its lists. Once: should it be held again, they have gone.
    pub(super) fn topics_go(&self, batch: &mut Batch, id: MailingId, at: Timestamp) -> Result<(), Error> {
        let Some(record) = self.engine.read(Table::Topics, &id.to_key())? else {
            return Ok(());
        };
        batch.delete(Table::Topics, &id.to_key());
        for topic in postcard::from_bytes::<Vec<Topic>>(&record)? {
            self.topic_goes(batch, topic, at)?;
        }
        Ok(())
    }

    /// Adds to the batch: one of a list's topic goes.
    pub(super) fn topic_goes(&self, batch: &mut Batch, (owner, probe): Topic, at: Timestamp) -> Result<(), Error> {
        self.stand_on(batch, owner, &probe)?;
        let (mut group, absorbed) = self.gathered(owner, &probe, at)?;
        group.went(at);
        let grouped = Grouped {
            owner,
            group,
            probe,
            absorbed,
        };
        self.trace_group(batch, &grouped, day(at))
    }

    /// Adds to the batch: what is found of a topic must still be so. It is read before the topic is: so what changes between
    /// the two is noticed as well.
    fn stand_on(&self, batch: &mut Batch, owner: Owner, probe: &Probe) -> Result<(), Error> {
        let mut groups: BTreeSet<u64> = BTreeSet::new();
        for key in probe.keys() {
            let key = found_key(owner, key);
            let record = self.engine.read(Table::GroupsFound, &key)?;
            if let Some(record) = &record {
                let found: Vec<Found> = postcard::from_bytes(record)?;
                groups.extend(found.into_iter().map(|(id, _)| id));
            }
            batch.assert(Table::GroupsFound, &key, record);
        }
        for id in groups {
            let key = group_key(owner, id);
            let record = self.engine.read(Table::Groups, &key)?;
            batch.assert(Table::Groups, &key, record);
        }
        Ok(())
    }

    /// Makes a release; again, when it was only its topics that somebody else was faster with.
    pub(super) async fn release(&self, step: Move) -> Result<(), Error> {
        for _ in 1..LOOKS_MAX {
            let released = self.step(Batch::default(), step.clone(), Vec::new()).await;
            let is_as_it_was = || Ok::<_, Error>(self.mailing(step.from.id())?.as_ref() == Some(&step.from));
            match released {
                Err(Error::Conflict) if is_as_it_was()? => {}
                released => return released,
            }
        }
        self.step(Batch::default(), step, Vec::new()).await
    }

    /// Takes a mailing into the house that is released already; again, when somebody else was faster with its topics. Its
    /// author's turn ends once it is on the disk.
    pub(super) async fn admit_released(
        &self,
        admission: Admission,
        outgoing: Vec<Outgoing>,
        _turn: Option<Turn>,
    ) -> Result<(), Error> {
        for _ in 1..LOOKS_MAX {
            let entered = self.enter_all(Batch::default(), admission.clone(), outgoing.clone());
            match entered.await {
                Err(Error::Conflict) => {}
                entered => return entered,
            }
        }
        self.enter_all(Batch::default(), admission, outgoing).await
    }
}
