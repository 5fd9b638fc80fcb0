//! The master list: contacts, and the addresses never to write to.
//!
//! Policy C8: only expansion and delivery read it whole.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::engine::{BATCH_OPERATIONS_MAX, Batch, Table};
use super::{Error, Store};
use crate::mail::Address;
use crate::model::{Affiliation, Contact, ContactId, Event, FeedRow, Mark, Suppression};

/// What a feed would change. Made by [`Store::plan_feed`], carried out by [`Store::apply_feed`].
#[derive(Debug, Default)]
pub struct FeedPlan {
    /// Contacts the master list did not have.
    pub added: u64,
    /// Contacts whose record changes.
    pub changed: u64,
    /// Contacts that are as the feed says.
    pub unchanged: u64,
    /// Contacts that lose the affiliation, since the feed no longer has them.
    pub removed: u64,
    /// Contacts the office's feed had before.
    pub had: u64,
    writes: Vec<Contact>,
}

impl FeedPlan {
    /// Records to write; what progress is counted in.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}

impl Store {
    /// Compares an office's whole feed with the master list. Who is missing from it loses that office's affiliation.
    pub fn plan_feed(&self, source: &str, rows: Vec<FeedRow>) -> Result<FeedPlan, Error> {
        let mut plan = FeedPlan::default();
        let mut known: HashMap<String, Contact> = HashMap::new();
        let mut next_id = 1;
        for contact in self.contacts() {
            let contact = contact?;
            next_id = next_id.max(contact.id.0 + 1);
            known.insert(contact.email.key(), contact);
        }
        let mut fed: BTreeMap<String, Vec<FeedRow>> = BTreeMap::new();
        for row in rows {
            fed.entry(row.email.key()).or_default().push(row);
        }
        for (key, rows) in &fed {
            let before = known.get(key);
            let id = before.map_or_else(
                || {
                    let id = ContactId(next_id);
                    next_id += 1;
                    id
                },
                |contact| contact.id,
            );
            plan.merge(before, merged(before, id, source, rows));
        }
        for (key, contact) in known {
            let has = contact
                .affiliations
                .iter()
                .any(|affiliation| affiliation.source == source);
            plan.had += u64::from(has);
            if has && !fed.contains_key(&key) {
                let mut contact = contact;
                contact.affiliations.retain(|affiliation| affiliation.source != source);
                plan.removed += 1;
                plan.writes.push(contact);
            }
        }
        Ok(plan)
    }

    /// Writes what the plan says; `progress` hears how many records are written.
    pub async fn apply_feed(
        &self,
        plan: FeedPlan,
        event: Event,
        mut progress: impl FnMut(usize) + Send,
    ) -> Result<(), Error> {
        let mut written = 0;
        // Three records a contact: itself, the way to it by address, and its mark.
        for contacts in plan.writes.chunks(BATCH_OPERATIONS_MAX / 3) {
            let mut batch = Batch::default();
            for contact in contacts {
                self.put_contact(&mut batch, contact)?;
            }
            self.engine.commit(batch).await?;
            written += contacts.len();
            progress(written);
        }
        self.log(event).await
    }

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

    /// The contact that has this address.
    pub fn contact_by_address(&self, address: &Address) -> Result<Option<Contact>, Error> {
        match self.engine.read(Table::ContactsByAddress, &self.mark(address))? {
            Some(record) => self.contact(postcard::from_bytes(&record)?),
            None => Ok(None),
        }
    }

    /// Erases a contact; a suppression of the address stays, so that the next feed does not bring the mail back.
    /// Returns whether there was one.
    pub async fn forget(&self, address: &Address, event: Event) -> Result<bool, Error> {
        let Some(contact) = self.contact_by_address(address)? else {
            return Ok(false);
        };
        let mut batch = Batch::default();
        batch.delete(Table::Contacts, &contact.id.0.to_be_bytes());
        batch.delete(Table::ContactsByAddress, &self.mark(address));
        batch.append(postcard::to_allocvec(&event)?);
        self.engine.commit(batch).await?;
        Ok(true)
    }

    /// Why this address is never to be written to.
    pub fn suppression(&self, address: &Address) -> Result<Option<Suppression>, Error> {
        match self.engine.read(Table::Suppressions, &self.mark(address))? {
            Some(record) => Ok(Some(postcard::from_bytes(&record)?)),
            None => Ok(None),
        }
    }

    /// Every suppression, by the mark of its address.
    pub fn suppressions(&self) -> Result<HashMap<Mark, Suppression>, Error> {
        self.engine
            .scan(Table::Suppressions, &[])
            .map(|item| {
                let (key, record) = item?;
                let mark = key
                    .try_into()
                    .map_err(|_length| Error::Unreadable("a mark".to_owned()))?;
                Ok((mark, postcard::from_bytes(&record)?))
            })
            .collect()
    }

    /// Never write to this address again. The first reason stays; returns whether this was it.
    pub async fn suppress(&self, address: &Address, suppression: &Suppression, event: Event) -> Result<bool, Error> {
        let mut batch = Batch::default();
        batch.assert(Table::Suppressions, &self.mark(address), None);
        batch.put(
            Table::Suppressions,
            &self.mark(address),
            postcard::to_allocvec(suppression)?,
        );
        batch.append(postcard::to_allocvec(&event)?);
        match self.engine.commit(batch).await {
            Err(Error::Conflict) => Ok(false),
            committed => committed.map(|()| true),
        }
    }
}

impl FeedPlan {
    fn merge(&mut self, before: Option<&Contact>, after: Contact) {
        match before {
            None => self.added += 1,
            Some(before) if *before == after => {
                self.unchanged += 1;
                return;
            }
            Some(_) => self.changed += 1,
        }
        self.writes.push(after);
    }
}

/// The contact as it is once the feed's rows for its address are in force.
fn merged(before: Option<&Contact>, id: ContactId, source: &str, rows: &[FeedRow]) -> Contact {
    let others = before.map(|contact| contact.affiliations.clone()).unwrap_or_default();
    let mut affiliations: Vec<Affiliation> = others.into_iter().filter(|a| a.source != source).collect();
    affiliations.extend(rows.iter().map(|row| row.affiliation.clone()));
    let mut consents = before.map(|contact| contact.consents.clone()).unwrap_or_default();
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    for consent in rows.iter().filter_map(|row| row.consent.clone()) {
        let fingerprint = postcard::to_allocvec(&consent).unwrap_or_default();
        if seen.insert(fingerprint) && !consents.contains(&consent) {
            consents.push(consent);
        }
    }
    consents.sort_by_key(|consent| consent.at);
    let newest = rows.last();
    let text = |of: fn(&FeedRow) -> &str, kept: Option<&str>| {
        let fed = newest.map(of).unwrap_or_default();
        if fed.is_empty() {
            kept.unwrap_or_default().to_owned()
        } else {
            fed.to_owned()
        }
    };
    Contact {
        id,
        email: before
            .map(|contact| contact.email.clone())
            .or_else(|| newest.map(|row| row.email.clone()))
            .expect("a contact comes of a record or of at least one row"),
        given_name: text(|row| &row.given_name, before.map(|c| c.given_name.as_str())),
        family_name: text(|row| &row.family_name, before.map(|c| c.family_name.as_str())),
        country: text(|row| &row.country, before.map(|c| c.country.as_str())),
        ferpa: rows.iter().any(|row| row.ferpa),
        affiliations,
        consents,
    }
}

impl Store {
    fn put_contact(&self, batch: &mut Batch, contact: &Contact) -> Result<(), Error> {
        batch.put(
            Table::Contacts,
            &contact.id.0.to_be_bytes(),
            postcard::to_allocvec(contact)?,
        );
        let id = postcard::to_allocvec(&contact.id)?;
        batch.put(Table::ContactsByAddress, &self.mark(&contact.email), id);
        Ok(())
    }
}
