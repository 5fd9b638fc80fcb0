//! Who may send an emergency now, and which have gone unread. Policy C17.

use super::engine::{Batch, Table};
use super::{Error, Store};
use crate::mail::{Address, Timestamp};
use crate::model::{Arming, Event, MailingId};

impl Store {
    /// Until when this account has shown a fresh second factor, and for what.
    pub fn armed_until(&self, account: &Address) -> Result<Option<(Timestamp, Arming)>, Error> {
        match self.engine.read(Table::Armed, &self.mark(account))? {
            Some(record) => Ok(Some(postcard::from_bytes(&record)?)),
            None => Ok(None),
        }
    }

    /// The secret of an account's authenticator, and the last step of which a code was used.
    pub fn second_factor(&self, account: &Address) -> Result<Option<(String, i64)>, Error> {
        match self.engine.read(Table::SecondFactors, &self.mark(account))? {
            Some(record) => Ok(Some(postcard::from_bytes(&record)?)),
            None => Ok(None),
        }
    }

    /// Notes that a code of this step was used: it counts once. `false` when it, or a later one, has been used already.
    pub async fn use_second_factor(&self, account: &Address, step: i64) -> Result<bool, Error> {
        let key = self.mark(account);
        let Some((secret, used)) = self.second_factor(account)? else {
            return Ok(false);
        };
        if step <= used {
            return Ok(false);
        }
        let mut batch = Batch::default();
        let before = postcard::to_allocvec(&(secret.as_str(), used))?;
        batch.assert(Table::SecondFactors, &key, Some(before));
        batch.put(Table::SecondFactors, &key, postcard::to_allocvec(&(secret, step))?);
        match self.engine.commit(batch).await {
            Err(Error::Conflict) => Ok(false),
            committed => committed.map(|()| true),
        }
    }

    /// A new authenticator; the one before counts no more.
    pub async fn put_second_factor(&self, account: &Address, secret: &str, event: Event) -> Result<(), Error> {
        let mut batch = Batch::default();
        let record = postcard::to_allocvec(&(secret, 0i64))?;
        batch.put(Table::SecondFactors, &self.mark(account), record);
        batch.append(postcard::to_allocvec(&event)?);
        self.engine.commit(batch).await
    }

    /// Notes a fresh second factor, and which code it was.
    pub async fn arm(
        &self,
        account: &Address,
        until: (Timestamp, Arming),
        factor: (String, i64),
        event: Event,
    ) -> Result<(), Error> {
        let mut batch = Batch::default();
        let key = self.mark(account);
        batch.put(Table::Armed, &key, postcard::to_allocvec(&until)?);
        batch.put(Table::SecondFactors, &key, postcard::to_allocvec(&factor)?);
        batch.append(postcard::to_allocvec(&event)?);
        self.engine.commit(batch).await
    }

    /// Emergencies that a reviewer has still to read.
    pub fn unread_emergencies(&self) -> Result<Vec<MailingId>, Error> {
        let keys = self.engine.scan(Table::Afterwards, &[]);
        keys.map(|item| {
            let id = item?.0.as_slice().try_into().ok().and_then(MailingId::from_key);
            id.ok_or_else(|| Error::Unreadable("a mailing's number".to_owned()))
        })
        .collect()
    }

    /// It has gone, and is to be read.
    pub async fn leave_unread(&self, id: MailingId) -> Result<(), Error> {
        let mut batch = Batch::default();
        batch.put(Table::Afterwards, &id.to_key(), Vec::new());
        self.engine.commit(batch).await
    }

    /// A reviewer has read it. Returns whether it was unread.
    pub async fn read_emergency(&self, id: MailingId, event: Event) -> Result<bool, Error> {
        let mut batch = Batch::default();
        batch.assert(Table::Afterwards, &id.to_key(), Some(Vec::new()));
        batch.delete(Table::Afterwards, &id.to_key());
        batch.append(postcard::to_allocvec(&event)?);
        match self.engine.commit(batch).await {
            Err(Error::Conflict) => Ok(false),
            committed => committed.map(|()| true),
        }
    }
}
