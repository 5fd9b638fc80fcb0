//! The master list: contacts as offices list them, what they said themselves, and the ways to find them.
//!
//! Policy C8: only expansion and delivery read it whole. Contacts have dense ids and lie sixteen in a value ([`page`]); what
//! they said lies beside ([`choices`]), so that no feed writes over it; an address or a key finds them by its mark alone
//! ([`index`]).

pub(super) mod choices;
pub(super) mod index;
pub(super) mod octets;
pub(super) mod page;

use std::collections::BTreeMap;

use super::engine::{Batch, Table};
use super::long::{self, Long};
use super::{Error, Outgoing, Store};
use crate::mail::{Address, Timestamp};
use crate::model::{Consent, Contact, ContactId, Event, Glance, Listing, Mark, Preference, TopicId};
use choices::Chosen;
use index::{Index, Owner};
use page::{Leaf, Page, contact_at, place};

/// Times a change to one contact is tried anew when somebody else was faster.
pub(super) const TRIES_MAX: usize = 16;

impl Store {
    /// Looks at every contact, in the order of their ids.
    pub fn glance_at_all(&self, mut look: impl FnMut(&Glance<'_>)) -> Result<(), Error> {
        // One by one, not by a scan: the engine keeps the pages of a scan in memory until there have been many.
        for number in 0..self.pages()? {
            let key = number.to_be_bytes();
            let page = long::read(&self.engine, Table::Contacts, &key)?;
            if !page.is_there() {
                continue;
            }
            let said = long::read(&self.engine, Table::Choices, &key)?;
            let said: Vec<Chosen<'_>> = if said.is_there() {
                postcard::from_bytes(&said.bytes)?
            } else {
                Vec::new()
            };
            let mut said = said.into_iter().peekable();
            for contact in Leaf::read(&page.bytes)?.contacts() {
                let (slot, lined) = contact?;
                while said.next_if(|said| said.slot < slot).is_some() {}
                let own = said.next_if(|said| said.slot == slot);
                let (preferences, said) = own.map(|own| (own.preferences, own.said)).unwrap_or_default();
                look(&Glance {
                    id: contact_at(number, slot),
                    listings: lined.into_iter().map(|lined| lined.listed).collect(),
                    preferences,
                    said,
                });
            }
        }
        Ok(())
    }

    /// Looks at one contact; nothing when there is none.
    pub fn glance_at<T>(&self, id: ContactId, look: impl FnOnce(&Glance<'_>) -> T) -> Result<Option<T>, Error> {
        let (page, slot) = place(id);
        let key = page.to_be_bytes();
        let page = long::read(&self.engine, Table::Contacts, &key)?;
        let Some(lined) = Leaf::read(&page.bytes)?.find(slot)? else {
            return Ok(None);
        };
        let said = long::read(&self.engine, Table::Choices, &key)?;
        let said: Vec<Chosen<'_>> = if said.is_there() {
            postcard::from_bytes(&said.bytes)?
        } else {
            Vec::new()
        };
        let own = said.into_iter().find(|said| said.slot == slot);
        let (preferences, said) = own.map(|own| (own.preferences, own.said)).unwrap_or_default();
        Ok(Some(look(&Glance {
            id,
            listings: lined.into_iter().map(|lined| lined.listed).collect(),
            preferences,
            said,
        })))
    }

    /// How many contacts there are.
    pub fn count_contacts(&self) -> Result<u64, Error> {
        let mut count = 0;
        self.glance_at_all(|_contact| count += 1)?;
        Ok(count)
    }

    /// Pages there are, empty ones among them.
    pub(super) fn pages(&self) -> Result<u64, Error> {
        let last = self.engine.keys(Table::Contacts, &[]).next_back().transpose()?;
        let number = last.as_deref().and_then(<[u8]>::first_chunk::<8>);
        Ok(number.map_or(0, |number| u64::from_be_bytes(*number).saturating_add(1)))
    }

    /// One contact.
    pub fn contact(&self, id: ContactId) -> Result<Option<Contact>, Error> {
        let (page, slot) = place(id);
        let long = long::read(&self.engine, Table::Contacts, &page.to_be_bytes())?;
        let Some(lined) = Leaf::read(&long.bytes)?.find(slot)? else {
            return Ok(None);
        };
        let (_, mut said) = choices::choices(&self.engine, page)?;
        let own = std::mem::take(choices::choice_of(&mut said, slot));
        let preferences = own.preferences.into_iter();
        Ok(Some(Contact {
            id,
            listings: lined.iter().map(page::Lined::to_listing).collect::<Result<_, _>>()?,
            preferences: preferences
                .map(|(topic, preference)| (TopicId(topic), preference))
                .collect(),
            standings: own.standings,
        }))
    }

    /// The contact that has this address; who has it as their first before who has it as their second.
    pub fn contact_by_address(&self, address: &Address) -> Result<Option<Contact>, Error> {
        match Index::of_addresses().find(&self.engine, &self.mark(address))? {
            Some(Owner { contact, .. }) => self.contact(contact),
            None => Ok(None),
        }
    }

    /// Whether the master list has the address of this mark.
    pub fn is_known(&self, mark: &Mark) -> Result<bool, Error> {
        Ok(Index::of_addresses().find(&self.engine, mark)?.is_some())
    }

    /// All evidence of what a contact agreed to, in the order in which it came.
    pub fn consents(&self, id: ContactId) -> Result<Vec<Consent>, Error> {
        let (page, slot) = place(id);
        let (all, _) = choices::evidence(&self.engine, page)?;
        let own = all.into_iter().filter(|(of, _)| *of == slot);
        Ok(own.map(|(_, consent)| consent).collect())
    }

    /// Adds evidence of what a contact agreed to; what is known already is not added again. Returns whether there is such a
    /// contact.
    pub async fn add_consents(&self, id: ContactId, consents: Vec<Consent>, event: Event) -> Result<bool, Error> {
        let (page, slot) = place(id);
        let said: Vec<(u8, Consent)> = consents.into_iter().map(|consent| (slot, consent)).collect();
        let attest = |batch: &mut Batch| choices::attest(&self.engine, batch, page, &said).map(drop);
        self.say(id, event, attest).await
    }

    /// Replaces what a contact chose. Returns whether there is such a contact.
    pub async fn choose(
        &self,
        id: ContactId,
        preferences: BTreeMap<TopicId, Preference>,
        event: Event,
    ) -> Result<bool, Error> {
        let (page, slot) = place(id);
        let choose = |batch: &mut Batch| {
            let (before, mut said) = choices::choices(&self.engine, page)?;
            let preferences = preferences.iter();
            choices::choice_of(&mut said, slot).preferences = preferences
                .map(|(topic, preference)| (topic.0.clone(), *preference))
                .collect();
            choices::put_choices(batch, page, &before, &said)
        };
        self.say(id, event, choose).await
    }

    /// Keeps what a contact said, as long as there is such a contact; anew when somebody else was faster.
    async fn say(
        &self,
        id: ContactId,
        event: Event,
        what: impl Fn(&mut Batch) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let (page, slot) = place(id);
        for _ in 0..TRIES_MAX {
            let key = page.to_be_bytes();
            let long = long::read(&self.engine, Table::Contacts, &key)?;
            if Leaf::read(&long.bytes)?.find(slot)?.is_none() {
                return Ok(false);
            }
            let mut batch = Batch::default();
            // Who is erased at this moment is not written of again.
            long.assert(&mut batch, Table::Contacts, &key);
            what(&mut batch)?;
            batch.append(postcard::to_allocvec(&event)?);
            match self.engine.commit(batch).await {
                Err(Error::Conflict) => {}
                committed => return committed.map(|()| true),
            }
        }
        Err(Error::Conflict)
    }

    /// Erases a contact; suppressions of their addresses stay, so that the next feed does not bring the mail back.
    /// Returns whether there was one. Waits for a feed that is being applied, which would write them anew.
    pub async fn forget(&self, address: &Address, event: Event) -> Result<bool, Error> {
        let find = || self.contact_by_address(address);
        self.erase(find, Some(event)).await
    }

    /// Erases whom no office has listed since before then; returns how many.
    pub async fn forget_gone(&self, before: Timestamp) -> Result<usize, Error> {
        let mut all_gone = Vec::new();
        self.glance_at_all(|contact| {
            if contact.listings.iter().all(|listing| listing.is_gone) {
                all_gone.push(contact.id);
            }
        })?;
        let is_due = |contact: &Contact| {
            let mut listings = contact.listings.iter();
            listings.all(|listing| listing.gone_at.is_some_and(|gone_at| gone_at < before))
        };
        let mut forgotten = 0;
        for id in all_gone {
            // Looked at anew: a feed may have brought them back.
            let find = || Ok(self.contact(id)?.filter(is_due));
            forgotten += usize::from(self.erase(find, None).await?);
        }
        Ok(forgotten)
    }

    async fn erase(
        &self,
        find: impl Fn() -> Result<Option<Contact>, Error>,
        event: Option<Event>,
    ) -> Result<bool, Error> {
        let _alone = self.list_alone().await?;
        for _ in 0..TRIES_MAX {
            let Some(contact) = find()? else {
                return Ok(false);
            };
            let mut batch = Batch::default();
            self.unlist(&mut batch, &contact)?;
            choices::unsay(&self.engine, &mut batch, contact.id)?;
            batch.delete(Table::Erasures, &contact.id.0.to_be_bytes());
            self.put_change(&mut batch)?;
            if let Some(event) = &event {
                batch.append(postcard::to_allocvec(event)?);
            }
            match self.engine.commit(batch).await {
                Err(Error::Conflict) => {}
                committed => return committed.map(|()| true),
            }
        }
        Err(Error::Conflict)
    }

    /// Keeps that a contact asked to be erased, with the mail that tells of it; unless they have asked since then. Returns
    /// whether it was kept.
    pub async fn ask_erasure(
        &self,
        id: ContactId,
        since: Timestamp,
        event: Event,
        outgoing: Vec<Outgoing>,
    ) -> Result<bool, Error> {
        let key = id.0.to_be_bytes();
        let before = self.engine.read(Table::Erasures, &key)?;
        let asked: Option<Timestamp> = before.as_deref().map(postcard::from_bytes).transpose()?;
        if asked.is_some_and(|at| at > since) {
            return Ok(false);
        }
        let mut batch = Batch::default();
        batch.assert(Table::Erasures, &key, before);
        batch.put(Table::Erasures, &key, postcard::to_allocvec(&event.at)?);
        batch.append(postcard::to_allocvec(&event)?);
        match self.send(batch, outgoing).await {
            // They asked twice at once.
            Err(Error::Conflict) => Ok(false),
            kept => kept.map(|()| true),
        }
    }

    /// When a contact asked to be erased, if they did.
    pub fn erasure_asked(&self, id: ContactId) -> Result<Option<Timestamp>, Error> {
        let asked = self.engine.read(Table::Erasures, &id.0.to_be_bytes())?;
        Ok(asked.as_deref().map(postcard::from_bytes).transpose()?)
    }

    /// Adds to the batch: no office lists this contact, and nothing finds them.
    fn unlist(&self, batch: &mut Batch, contact: &Contact) -> Result<(), Error> {
        let (number, slot) = place(contact.id);
        let (before, mut page) = self.page(number)?;
        page.remove(&slot);
        let key = number.to_be_bytes();
        before.assert(batch, Table::Contacts, &key);
        batch
            .writes
            .extend(before.replace(Table::Contacts, &key, &page::write(&page))?);
        let addresses = contact.addresses().into_iter().map(|address| self.mark(address));
        Index::of_addresses().forget(&self.engine, batch, addresses, contact.id)?;
        let mut by_source: BTreeMap<&str, Vec<Mark>> = BTreeMap::new();
        for Listing { source, source_key, .. } in &contact.listings {
            let marks = by_source.entry(source).or_default();
            marks.push(self.marker.mark_key(source, source_key));
        }
        for (source, marks) in by_source {
            let index = Index::of_keys(&self.marker.mark_key(source, ""));
            index.forget(&self.engine, batch, marks.into_iter(), contact.id)?;
        }
        Ok(())
    }

    /// One page, owned, and the value it was read from.
    pub(super) fn page(&self, number: u64) -> Result<(Long, Page), Error> {
        let long = long::read(&self.engine, Table::Contacts, &number.to_be_bytes())?;
        let mut page = Page::new();
        for contact in Leaf::read(&long.bytes)?.contacts() {
            let (slot, lined) = contact?;
            page.insert(
                slot,
                lined.iter().map(page::Lined::to_listing).collect::<Result<_, _>>()?,
            );
        }
        Ok((long, page))
    }
}
