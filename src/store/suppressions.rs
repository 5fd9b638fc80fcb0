//! Addresses not to be written to, found by their mark. They outlive the contact, and whatever a feed brings.

use std::collections::HashMap;

use super::engine::{Batch, Table};
use super::{Error, Store};
use crate::mail::{Address, Mailbox};
use crate::model::{Event, Mark, Scope, Suppression, SuppressionReason};

/// Octets of a mark, with which every key begins.
pub(super) const MARK_OCTETS: usize = 16;

impl Store {
    /// How far, and why, this address is not to be written to.
    pub fn suppressions_of(&self, address: &Address) -> Result<Vec<Suppression>, Error> {
        self.suppressions_at(address.mailbox())
    }

    /// The same of a mailbox.
    pub fn suppressions_at(&self, address: Mailbox<'_>) -> Result<Vec<Suppression>, Error> {
        self.engine
            .scan(Table::Suppressions, &self.marker.mark_of(address))
            .map(|item| Ok(postcard::from_bytes(&item?.1)?))
            .collect()
    }

    /// Every suppression, by the mark of its address.
    pub fn suppressions(&self) -> Result<HashMap<Mark, Vec<Suppression>>, Error> {
        let mut by_mark: HashMap<Mark, Vec<Suppression>> = HashMap::new();
        for item in self.engine.scan(Table::Suppressions, &[]) {
            let (key, record) = item?;
            let mark = key
                .first_chunk::<MARK_OCTETS>()
                .ok_or_else(|| Error::Unreadable("a mark".to_owned()))?;
            by_mark.entry(*mark).or_default().push(postcard::from_bytes(&record)?);
        }
        Ok(by_mark)
    }

    /// Keeps mail from this address. Of one scope and reason the first stays; returns whether any was new.
    pub async fn suppress(&self, address: &Address, suppressions: &[Suppression], event: Event) -> Result<bool, Error> {
        let mut batch = Batch::default();
        if !self.put_suppressions(&mut batch, address, suppressions)? {
            return Ok(false);
        }
        batch.append(postcard::to_allocvec(&event)?);
        self.engine.commit(batch).await.map(|()| true)
    }

    /// Takes back what somebody said of their own mail: the suppression of this scope that came of their unsubscribing. What
    /// others said stays. Returns whether there was one.
    pub async fn lift(&self, address: &Address, scope: &Scope, event: Event) -> Result<bool, Error> {
        let own = |known: &Suppression| known.scope == *scope && known.reason == SuppressionReason::Unsubscribed;
        let Some(known) = self.suppressions_of(address)?.into_iter().find(own) else {
            return Ok(false);
        };
        let mut batch = Batch::default();
        batch.delete(Table::Suppressions, &self.suppression_key(address, &known));
        batch.append(postcard::to_allocvec(&event)?);
        self.engine.commit(batch).await.map(|()| true)
    }

    /// Adds to the batch those that are new; returns whether any was.
    pub(super) fn put_suppressions(
        &self,
        batch: &mut Batch,
        address: &Address,
        suppressions: &[Suppression],
    ) -> Result<bool, Error> {
        let mut is_new = false;
        for suppression in suppressions {
            let key = self.suppression_key(address, suppression);
            if self.engine.read(Table::Suppressions, &key)?.is_none() {
                batch.put(Table::Suppressions, &key, postcard::to_allocvec(suppression)?);
                is_new = true;
            }
        }
        Ok(is_new)
    }

    /// The address, then what makes the suppression another one: reason and scope. The list is in it as a mark.
    fn suppression_key(&self, address: &Address, suppression: &Suppression) -> Vec<u8> {
        let (kind, list) = match &suppression.scope {
            Scope::Everything => (0, None),
            Scope::Marketing => (1, None),
            Scope::List(list) => (2, Some(self.mark(list))),
        };
        let head = [suppression.reason as u8, kind];
        [
            self.mark(address).as_slice(),
            &head,
            list.as_ref().map(Mark::as_slice).unwrap_or_default(),
        ]
        .concat()
    }
}
