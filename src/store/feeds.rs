//! An office's feed on its way into the master list: drafted row by row, compared, and then applied.

use std::collections::{BTreeMap, HashMap};

use super::engine::{BATCH_OPERATIONS_MAX, Batch};
use super::{Error, Store};
use crate::mail::Timestamp;
use crate::model::{Consent, Contact, ContactId, Event, FeedRow, Listing, Masked};

/// Differences that are shown as samples.
const SAMPLES_MAX: usize = 20;

/// A feed that is being read. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct FeedDraft {
    store: Store,
    source: String,
    now: Timestamp,
    rows: Vec<FeedRow>,
}

/// What a feed would change. Made by [`FeedDraft::plan`], carried out by [`Store::apply_feed`]; dropped, it leaves nothing.
#[derive(Debug, Default)]
pub struct FeedPlan {
    /// Contacts the master list did not have.
    pub added: u64,
    /// Contacts whose record changes.
    pub changed: u64,
    /// Contacts that are as the feed says.
    pub unchanged: u64,
    /// Contacts the office lists no more.
    pub removed: u64,
    /// Contacts the office listed before.
    pub had: u64,
    /// Rows that stand for a person whom another row of the feed stands for too: one mailbox, one contact.
    pub merged: u64,
    /// A few of the differences.
    pub samples: Vec<Difference>,
    writes: Vec<(Option<Contact>, Contact, Vec<Consent>)>,
}

/// What happens to one contact.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// What.
    pub change: Change,
    /// To whom; nobody who is not to be disclosed is a sample.
    pub contact: Masked,
}

/// What a feed does to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// The master list did not have them.
    Added,
    /// What the office says of them has changed.
    Changed,
    /// The office lists them no more.
    Removed,
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
    /// Begins to take in the whole feed of an office.
    pub fn draft_feed(&self, source: &str, now: Timestamp) -> Result<FeedDraft, Error> {
        Ok(FeedDraft {
            store: self.clone(),
            source: source.to_owned(),
            now,
            rows: Vec::new(),
        })
    }

    /// Writes what the plan says; `progress` hears how many records are written.
    pub async fn apply_feed(
        &self,
        plan: FeedPlan,
        event: Event,
        mut progress: impl FnMut(usize) + Send,
    ) -> Result<(), Error> {
        let mut batch = Batch::default();
        for (written, (before, contact, consents)) in plan.writes.into_iter().enumerate() {
            let mut contact = contact;
            let mut one = Batch::default();
            self.put_consents(&mut one, &mut contact, &consents)?;
            self.put_contact(&mut one, before.as_ref(), &contact)?;
            if batch.len() + one.len() > BATCH_OPERATIONS_MAX {
                self.engine.commit(std::mem::take(&mut batch)).await?;
                progress(written);
            }
            batch.writes.append(&mut one.writes);
        }
        self.engine.commit(batch).await?;
        self.log(event).await
    }
}

impl FeedDraft {
    /// Takes one row. Blocks: not for a task of the runtime.
    pub fn push(&mut self, row: FeedRow) -> Result<(), Error> {
        self.rows.push(row);
        Ok(())
    }

    /// Compares the feed with the master list; `progress` hears how many contacts are compared. Who is missing from it is
    /// listed by the office no more.
    pub fn plan(self, mut progress: impl FnMut(u64)) -> Result<FeedPlan, Error> {
        let mut known: BTreeMap<ContactId, Contact> = BTreeMap::new();
        let (mut by_key, mut by_address) = (HashMap::new(), HashMap::new());
        for contact in self.store.contacts() {
            let contact = contact?;
            for listing in contact.listings.iter().filter(|listing| listing.source == self.source) {
                by_key.insert(listing.source_key.clone(), contact.id);
            }
            for address in contact.addresses() {
                by_address.insert(self.store.mark(address), contact.id);
            }
            known.insert(contact.id, contact);
        }
        let mut next_id = known.keys().next_back().map_or(1, |id| id.0 + 1);
        let mut fed: BTreeMap<ContactId, Vec<FeedRow>> = BTreeMap::new();
        for row in self.rows {
            let marks: Vec<_> = row
                .listing
                .addresses()
                .map(|address| self.store.mark(address))
                .collect();
            let found = by_key.get(&row.listing.source_key);
            let found = found.or_else(|| marks.iter().find_map(|mark| by_address.get(mark)));
            let id = found.copied().unwrap_or_else(|| {
                next_id += 1;
                ContactId(next_id - 1)
            });
            by_key.entry(row.listing.source_key.clone()).or_insert(id);
            for mark in marks {
                by_address.entry(mark).or_insert(id);
            }
            fed.entry(id).or_default().push(row);
        }
        let mut plan = FeedPlan::default();
        let (source, now) = (self.source, self.now);
        for (done, (id, rows)) in (1..).zip(fed.iter()) {
            plan.merged += u64::try_from(rows.len().saturating_sub(1)).unwrap_or(u64::MAX);
            plan.compare(known.remove(id), *id, &source, rows, now);
            progress(done);
        }
        for (_, contact) in known {
            if contact
                .listings
                .iter()
                .any(|listing| listing.source == source && listing.gone_at.is_none())
            {
                let id = contact.id;
                plan.compare(Some(contact), id, &source, &[], now);
            }
        }
        Ok(plan)
    }
}

impl FeedPlan {
    fn compare(&mut self, before: Option<Contact>, id: ContactId, source: &str, rows: &[FeedRow], now: Timestamp) {
        let had = before.iter().flat_map(|contact| &contact.listings);
        self.had += u64::from(
            had.clone()
                .any(|listing| listing.source == source && listing.gone_at.is_none()),
        );
        let mut listings: Vec<Listing> = rows.iter().map(|row| row.listing.clone()).collect();
        listings.sort_by(|a, b| a.source_key.cmp(&b.source_key));
        let consents: Vec<Consent> = rows.iter().flat_map(|row| row.consents.clone()).collect();
        let mut after = before.clone().unwrap_or_else(|| Contact {
            id,
            listings: Vec::new(),
            preferences: BTreeMap::new(),
            standings: Vec::new(),
        });
        let is_listed = !listings.is_empty();
        let mut is_changed = after.relist(source, listings, now);
        let standings = after.standings.clone();
        crate::model::stand(&mut after.standings, &consents);
        is_changed |= standings != after.standings;
        let change = match &before {
            _ if !is_changed => {
                self.unchanged += 1;
                return;
            }
            _ if !is_listed => Change::Removed,
            Some(_) => Change::Changed,
            None => Change::Added,
        };
        match change {
            Change::Added => self.added += 1,
            Change::Changed => self.changed += 1,
            Change::Removed => self.removed += 1,
        }
        if self.samples.len() < SAMPLES_MAX {
            let masked = after.masked();
            self.samples
                .extend(masked.map(|contact| Difference { change, contact }));
        }
        self.writes.push((before, after, consents));
    }
}
