//! How mailings have fared, by provider: kept when they are over, since what sends them forgets it then.
//!
//! Records are the sender's own, one a provider; this room keeps them beside the mailing.

use super::engine::{Batch, Table};
use super::{Error, Store};
use crate::model::MailingId;

impl Store {
    /// Keeps how a mailing fared; what was kept before is replaced.
    pub async fn put_fares(&self, id: MailingId, fares: Vec<Vec<u8>>) -> Result<(), Error> {
        let mut batch = Batch::default();
        for (number, fare) in (0u8..).zip(fares) {
            batch.put(Table::Fares, &[id.to_key().as_slice(), &[number]].concat(), fare);
        }
        self.engine.commit(batch).await
    }

    /// How a mailing fared; nothing while it is under way.
    pub fn fares(&self, id: MailingId) -> Result<Vec<Vec<u8>>, Error> {
        let fares = self.engine.scan(Table::Fares, &id.to_key());
        fares.map(|item| Ok(item?.1)).collect()
    }
}
