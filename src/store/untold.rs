//! Held cases of which those they concern have not heard yet: kept in the commit of the case, until they are told.

use super::engine::{Batch, Table};
use super::mailings::mailing_id;
use super::{Error, Outgoing, Store};
use crate::model::MailingId;

/// A case nobody has been told of, and what its author had better mend before anybody reads it. Policy C12.
pub type Untold = (MailingId, Vec<String>);

impl Store {
    /// The first cases that nobody has been told of, in the order of their numbers: so many at most.
    pub fn untold(&self, at_most: usize) -> Result<Vec<Untold>, Error> {
        let first = self.engine.scan(Table::Untold, &[]).take(at_most);
        let untold = first.map(|item| {
            let (key, remarks) = item?;
            let id = mailing_id(&key).ok_or_else(|| Error::Unreadable("a mailing's number".to_owned()))?;
            Ok((id, postcard::from_bytes(&remarks)?))
        });
        untold.collect()
    }

    /// Those it concerns are told, by this mail. [`Error::Conflict`] when they have heard meanwhile.
    pub async fn tell_of(&self, (id, remarks): &Untold, outgoing: Vec<Outgoing>) -> Result<(), Error> {
        let mut batch = Batch::default();
        let record = postcard::to_allocvec(remarks)?;
        batch.assert(Table::Untold, &id.to_key(), Some(record));
        batch.delete(Table::Untold, &id.to_key());
        self.send(batch, outgoing).await
    }
}
