//! The master list: contacts, what they agreed to, and what they chose.
//!
//! Policy C8: only expansion and delivery read it whole.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::{Batch, Table};
use super::{Error, Store};
use crate::mail::Address;
use crate::model::{Consent, Contact, ContactId, Event, Preference, TopicId, stand};

/// Times a change to one contact is tried anew when somebody else was faster.
const TRIES_MAX: usize = 8;

impl Store {
    /// Every contact, in the order of their ids.
    pub fn contacts(&self) -> impl Iterator<Item = Result<Contact, Error>> + use<> {
        self.engine
            .scan(Table::Contacts, &[])
            .map(|item| Ok(postcard::from_bytes(&item?.1)?))
    }

    /// One contact.
    pub fn contact(&self, id: ContactId) -> Result<Option<Contact>, Error> {
        match self.engine.read(Table::Contacts, &id.0.to_be_bytes())? {
            Some(record) => Ok(Some(postcard::from_bytes(&record)?)),
            None => Ok(None),
        }
    }

    /// The contact that has this address, among others perhaps.
    pub fn contact_by_address(&self, address: &Address) -> Result<Option<Contact>, Error> {
        match self.engine.read(Table::ContactsByAddress, &self.mark(address))? {
            Some(record) => self.contact(postcard::from_bytes(&record)?),
            None => Ok(None),
        }
    }

    /// All evidence of what a contact agreed to, in the order in which it came.
    pub fn consents(&self, id: ContactId) -> Result<Vec<Consent>, Error> {
        self.engine
            .scan(Table::Consents, &id.0.to_be_bytes())
            .map(|item| Ok(postcard::from_bytes(&item?.1)?))
            .collect()
    }

    /// Adds evidence of what a contact agreed to; what is known already is not added again. Returns whether there is such a
    /// contact.
    pub async fn add_consents(&self, id: ContactId, consents: Vec<Consent>, event: Event) -> Result<bool, Error> {
        self.change(id, event, |store, batch, contact| {
            store.put_consents(batch, contact, &consents)
        })
        .await
    }

    /// Replaces what a contact chose. Returns whether there is such a contact.
    pub async fn choose(
        &self,
        id: ContactId,
        preferences: BTreeMap<TopicId, Preference>,
        event: Event,
    ) -> Result<bool, Error> {
        self.change(id, event, |_store, _batch, contact| {
            contact.preferences.clone_from(&preferences);
            Ok(())
        })
        .await
    }

    /// Erases a contact; suppressions of their addresses stay, so that the next feed does not bring the mail back.
    /// Returns whether there was one.
    pub async fn forget(&self, address: &Address, event: Event) -> Result<bool, Error> {
        let Some(contact) = self.contact_by_address(address)? else {
            return Ok(false);
        };
        let mut batch = Batch::default();
        batch.delete(Table::Contacts, &contact.id.0.to_be_bytes());
        for address in contact.addresses() {
            batch.delete(Table::ContactsByAddress, &self.mark(address));
        }
        for item in self.engine.scan(Table::Consents, &contact.id.0.to_be_bytes()) {
            batch.delete(Table::Consents, &item?.0);
        }
        batch.append(postcard::to_allocvec(&event)?);
        self.engine.commit(batch).await?;
        Ok(true)
    }

    /// Changes one contact, anew when somebody else was faster.
    async fn change(
        &self,
        id: ContactId,
        event: Event,
        how: impl Fn(&Self, &mut Batch, &mut Contact) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        for _ in 0..TRIES_MAX {
            let key = id.0.to_be_bytes();
            let Some(before) = self.engine.read(Table::Contacts, &key)? else {
                return Ok(false);
            };
            let mut contact: Contact = postcard::from_bytes(&before)?;
            let mut batch = Batch::default();
            how(self, &mut batch, &mut contact)?;
            batch.assert(Table::Contacts, &key, Some(before));
            batch.put(Table::Contacts, &key, postcard::to_allocvec(&contact)?);
            batch.append(postcard::to_allocvec(&event)?);
            match self.engine.commit(batch).await {
                Err(Error::Conflict) => {}
                committed => return committed.map(|()| true),
            }
        }
        Err(Error::Conflict)
    }

    /// Adds to the batch the evidence that is new, and to the contact how things then stand.
    pub(super) fn put_consents(
        &self,
        batch: &mut Batch,
        contact: &mut Contact,
        consents: &[Consent],
    ) -> Result<(), Error> {
        let known = self.consents(contact.id)?;
        let new: Vec<&Consent> = consents.iter().filter(|consent| !known.contains(consent)).collect();
        for (number, consent) in (u32::try_from(known.len()).unwrap_or(u32::MAX)..).zip(&new) {
            let key = [contact.id.0.to_be_bytes().as_slice(), &number.to_be_bytes()].concat();
            batch.put(Table::Consents, &key, postcard::to_allocvec(consent)?);
        }
        stand(&mut contact.standings, consents);
        Ok(())
    }

    /// Adds to the batch a contact as it is now, and the ways to it by its addresses.
    pub(super) fn put_contact(
        &self,
        batch: &mut Batch,
        before: Option<&Contact>,
        contact: &Contact,
    ) -> Result<(), Error> {
        let marks = |contact: &Contact| -> BTreeSet<_> {
            contact
                .addresses()
                .into_iter()
                .map(|address| self.mark(address))
                .collect()
        };
        let (old, new) = (before.map(marks).unwrap_or_default(), marks(contact));
        for mark in old.difference(&new) {
            batch.delete(Table::ContactsByAddress, mark);
        }
        for mark in &new {
            batch.put(Table::ContactsByAddress, mark, postcard::to_allocvec(&contact.id)?);
        }
        let key = contact.id.0.to_be_bytes();
        batch.put(Table::Contacts, &key, postcard::to_allocvec(contact)?);
        Ok(())
    }
}
