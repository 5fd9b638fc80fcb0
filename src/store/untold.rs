//! Held cases of which those they concern have not heard yet: kept in the commit of the case, until they are told.

use serde::{Deserialize, Serialize};

use super::engine::{Batch, Table};
use super::mailings::mailing_id;
use super::record::Record;
use super::{Error, Outgoing, Store};
use crate::model::lifecycle::State;
use crate::model::{MailingId, OfficeId};

/// Notices in one commit: each is three operations of a batch.
const TOGETHER_MAX: usize = 50;

/// What there is to be told of a held case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// It is held.
    Held,
    /// Its author has sent another version; these offices had approved the one before.
    Renewed(Vec<OfficeId>),
}

/// A case, and what nobody has been told of it.
pub type Untold = (MailingId, News);

impl Store {
    /// The first cases of which there is something to be told, urgent ones before others, in the order of their numbers: so
    /// many at most.
    pub fn untold(&self, at_most: usize) -> Result<Vec<Untold>, Error> {
        let first = self.engine.scan(Table::Untold, &[]).take(at_most);
        let untold = first.map(|item| {
            let (key, news) = item?;
            let id = mailing_id(key.get(1..).unwrap_or_default())
                .ok_or_else(|| Error::Unreadable("a mailing's number".to_owned()))?;
            Ok((id, postcard::from_bytes(&news)?))
        });
        untold.collect()
    }

    /// Of how many cases there is something to be told.
    pub fn untold_count(&self) -> Result<usize, Error> {
        let all = self.engine.scan(Table::Untold, &[]);
        all.map(|item| item.map(|_untold| 1)).sum()
    }

    /// Those it concerns are told, by this mail, of the case as it stands. [`Error::Conflict`] when it has changed, or there
    /// is other news by now: whoever answers has been told of what they answer. Law 3. Of very many the first may hear twice,
    /// when a crash comes between them and the others.
    pub async fn tell_of(
        &self,
        (id, news): &Untold,
        stands: Option<&State>,
        outgoing: Vec<Outgoing>,
    ) -> Result<(), Error> {
        let (key, record) = (self.untold_key(*id)?, postcard::to_allocvec(news)?);
        let mut outgoing = outgoing.into_iter().peekable();
        loop {
            let mut batch = Batch::default();
            batch.assert(Table::Untold, &key, Some(record.clone()));
            if let Some(state) = stands {
                batch.assert(Table::Mailings, &id.to_key(), Some(Record::of(state)?.head));
            }
            let part = outgoing.by_ref().take(TOGETHER_MAX).collect();
            let is_last = outgoing.peek().is_none();
            if is_last {
                batch.delete(Table::Untold, &key);
            }
            self.send(batch, part).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Adds to the batch: there is another version to be told of. Who had approved one of which they have not heard that it is
    /// another text by now still has to.
    pub(super) fn leave_untold_anew(&self, batch: &mut Batch, state: &State, news: &News) -> Result<(), Error> {
        let key_before = self.untold_key(state.id())?;
        let before = self.engine.read(Table::Untold, &key_before)?;
        let before = before.map(|record| postcard::from_bytes(&record)).transpose()?;
        // It may be urgent now, or no more.
        batch.delete(Table::Untold, &key_before);
        let (Some(News::Renewed(before)), News::Renewed(now)) = (before, news) else {
            return leave_untold(batch, state, news);
        };
        let mut approved = before;
        approved.extend(now.iter().cloned());
        approved.sort();
        approved.dedup();
        leave_untold(batch, state, &News::Renewed(approved))
    }

    /// Where it lies what there is to be told of a case.
    fn untold_key(&self, id: MailingId) -> Result<Vec<u8>, Error> {
        let urgent = key(id, true);
        let is_urgent = self.engine.has(Table::Untold, &urgent)?;
        Ok(if is_urgent { urgent } else { key(id, false) })
    }
}

/// Adds to the batch: there is something to be told.
pub(super) fn leave_untold(batch: &mut Batch, state: &State, news: &News) -> Result<(), Error> {
    let is_urgent = matches!(state, State::Held(held) if held.hold().is_urgent());
    batch.put(Table::Untold, &key(state.id(), is_urgent), postcard::to_allocvec(news)?);
    Ok(())
}

/// Urgent ones before all others.
fn key(id: MailingId, is_urgent: bool) -> Vec<u8> {
    [&[u8::from(!is_urgent)], id.to_key().as_slice()].concat()
}
