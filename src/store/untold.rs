//! Held cases of which those they concern have not heard yet: kept in the commit of the case, until they are told.

use serde::{Deserialize, Serialize};

use super::engine::{Batch, Table};
use super::mailings::mailing_id;
use super::record::Record;
use super::{Error, Outgoing, Store};
use crate::model::lifecycle::State;
use crate::model::{MailingId, OfficeId};

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
    /// The first cases of which there is something to be told, in the order of their numbers: so many at most.
    pub fn untold(&self, at_most: usize) -> Result<Vec<Untold>, Error> {
        let first = self.engine.scan(Table::Untold, &[]).take(at_most);
        let untold = first.map(|item| {
            let (key, news) = item?;
            let id = mailing_id(&key).ok_or_else(|| Error::Unreadable("a mailing's number".to_owned()))?;
            Ok((id, postcard::from_bytes(&news)?))
        });
        untold.collect()
    }

    /// Those it concerns are told, by this mail, of the case as it stands. [`Error::Conflict`] when it has changed, or there
    /// is other news by now: whoever answers has been told of what they answer. Law 3.
    pub async fn tell_of(
        &self,
        (id, news): &Untold,
        stands: Option<&State>,
        outgoing: Vec<Outgoing>,
    ) -> Result<(), Error> {
        let mut batch = Batch::default();
        if let Some(state) = stands {
            batch.assert(Table::Mailings, &id.to_key(), Some(Record::of(state)?.head));
        }
        let record = postcard::to_allocvec(news)?;
        batch.assert(Table::Untold, &id.to_key(), Some(record));
        batch.delete(Table::Untold, &id.to_key());
        self.send(batch, outgoing).await
    }
}

/// Adds to the batch: there is something to be told.
pub(super) fn is_untold(batch: &mut Batch, id: MailingId, news: &News) -> Result<(), Error> {
    batch.put(Table::Untold, &id.to_key(), postcard::to_allocvec(news)?);
    Ok(())
}
