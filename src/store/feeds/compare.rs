//! A feed beside the master list, page by page: what is added, changed and removed, and the writes that make it so.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::file::{Sealed, Writing};
use super::journal::Step;
use super::resolve::Resolved;
use super::row::Row;
use super::{Change, Difference, FeedPlan, SAMPLES_MAX};
use crate::mail::Timestamp;
use crate::model::{Consent, Contact, ContactId, FeedRow, Listing, Mark, relist};
use crate::store::engine::Table;
use crate::store::people::choices;
use crate::store::people::index::{Bucket, Choice, Index, Owner, bucket_of};
use crate::store::people::page::{self, Leaf, PAGE_CONTACTS, Page, contact_at, place};
use crate::store::vault::FileKey;
use crate::store::{Error, Store, long};

/// Files into which rows are parted at most, so that each fits into memory.
const GROUPS_MAX: u64 = 128;
/// Contacts of one group at least.
const GROUP_CONTACTS_MIN: u64 = 4096;
/// Octets of a piece of a group's file: there are many groups.
const GROUP_PIECE_BYTES: usize = 16 * 1024;

/// What is compared, and with what.
pub(super) struct Feed<'a> {
    pub(super) store: &'a Store,
    pub(super) source: &'a str,
    pub(super) now: Timestamp,
    /// Whom the rows stand for.
    pub(super) resolved: &'a Resolved,
}

/// Parts the rows of a draft by contact, so that each group can be compared in memory.
pub(super) fn part(feed: &Feed<'_>, draft: &Sealed, name: &str) -> Result<Groups, Error> {
    let contacts = u64::from(feed.resolved.next);
    let size = contacts
        .div_ceil(GROUPS_MAX)
        .max(GROUP_CONTACTS_MIN)
        .next_multiple_of(PAGE_CONTACTS);
    let key = FileKey::random()?;
    let mut files = Vec::new();
    for number in 0..contacts.div_ceil(size) {
        let name = format!("{name}-{number}");
        files.push(Writing::begin(
            feed.store.feeds.dir(),
            &name,
            key.clone(),
            GROUP_PIECE_BYTES,
        )?);
    }
    let mut records = draft.records()?;
    for contact in &feed.resolved.contacts {
        let Some(record) = records.next()? else { break };
        let group = usize::try_from(u64::from(*contact) / size).ok();
        if let Some(file) = group.and_then(|group| files.get_mut(group)) {
            file.push(&[contact.to_be_bytes().as_slice(), record].concat())?;
        }
    }
    let files = files.into_iter().map(Writing::end).collect::<Result<_, _>>()?;
    Ok(Groups { files, size })
}

/// The rows of a feed, parted by contact.
pub(super) struct Groups {
    files: Vec<Sealed>,
    size: u64,
}

/// Compares, and writes the journal of what is to change.
pub(super) struct Comparing<'a> {
    feed: &'a Feed<'a>,
    journal: Writing,
    plan: FeedPlan,
    addresses: Vec<Moved>,
    keys: Vec<Moved>,
    /// Hashes of the names of contacts there were, and of those that are new.
    names: [Vec<u64>; 2],
}

/// A mark that a contact gains or loses.
struct Moved {
    owner: Owner,
    is_gained: bool,
}

impl<'a> Comparing<'a> {
    pub(super) fn begin(feed: &'a Feed<'a>, journal: Writing) -> Self {
        Self {
            feed,
            journal,
            plan: FeedPlan::default(),
            addresses: Vec::new(),
            keys: Vec::new(),
            names: [Vec::new(), Vec::new()],
        }
    }

    /// Compares every group; `progress` hears how many contacts are compared.
    pub(super) fn compare(&mut self, groups: Groups, mut progress: impl FnMut(u64)) -> Result<(), Error> {
        let Groups { files, size } = groups;
        let existing = self.feed.store.pages()?;
        for (number, file) in (0u64..).zip(files) {
            let mut rows: BTreeMap<u64, BTreeMap<u8, Vec<FeedRow>>> = BTreeMap::new();
            let mut records = file.records()?;
            while let Some(record) = records.next()? {
                let (contact, row) = record.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
                let (page, slot) = place(ContactId(u64::from(u32::from_be_bytes(*contact))));
                let of_page = rows.entry(page).or_default();
                of_page.entry(slot).or_default().push(Row::read(row)?);
            }
            let first = number * size / PAGE_CONTACTS;
            for page in first..first + size / PAGE_CONTACTS {
                match rows.remove(&page) {
                    None if page >= existing => {}
                    rows => self.page(page, rows.unwrap_or_default())?,
                }
            }
            progress((number + 1) * size);
        }
        Ok(())
    }

    fn page(&mut self, number: u64, rows: BTreeMap<u8, Vec<FeedRow>>) -> Result<(), Error> {
        let key = number.to_be_bytes();
        let before = long::read(&self.feed.store.engine, Table::Contacts, &key)?;
        let leaf = Leaf::read(&before.bytes)?;
        let mut page = Page::new();
        for contact in leaf.contacts() {
            let (slot, lined) = contact?;
            let listings = lined
                .iter()
                .map(page::Lined::to_listing)
                .collect::<Result<Vec<_>, _>>()?;
            self.names[0].extend(listings.iter().find_map(name));
            page.insert(slot, listings);
        }
        let known = if rows.values().flatten().any(|row| !row.consents.is_empty()) {
            choices::evidence(&self.feed.store.engine, number)?.0
        } else {
            Vec::new()
        };
        let (mut is_changed, mut said) = (false, Vec::new());
        let mut rows = rows;
        let slots: BTreeSet<u8> = page.keys().chain(rows.keys()).copied().collect();
        for slot in slots {
            let rows = rows.remove(&slot).unwrap_or_default();
            let (listings, consents) = taken_apart(rows);
            let new: Vec<(u8, Consent)> = consents.into_iter().map(|consent| (slot, consent)).collect();
            let new: Vec<(u8, Consent)> = new.into_iter().filter(|piece| !known.contains(piece)).collect();
            is_changed |= self.contact(contact_at(number, slot), page.entry(slot).or_default(), listings, &new);
            said.extend(new);
        }
        if is_changed {
            let writes = before.replace(Table::Contacts, &key, &page::write(&page))?;
            self.step(&Step::Write(writes))?;
        }
        if !said.is_empty() {
            self.step(&Step::Attest(number, said))?;
        }
        Ok(())
    }

    /// Compares one contact, who becomes what the rows say; returns whether what offices say has changed.
    fn contact(
        &mut self,
        id: ContactId,
        listings: &mut Vec<Listing>,
        rows: Vec<Listing>,
        said: &[(u8, Consent)],
    ) -> bool {
        let counts = &mut self.plan;
        let before = listings.clone();
        let source = self.feed.source;
        let had = before.iter().any(|l| l.source == source && l.gone_at.is_none());
        let keys: BTreeSet<&str> = rows.iter().map(|listing| listing.source_key.as_str()).collect();
        counts.merged += u64::try_from(keys.len().saturating_sub(1)).unwrap_or(u64::MAX);
        counts.had += u64::from(had);
        let is_listed = !rows.is_empty();
        let is_changed = relist(listings, source, rows, self.feed.now);
        let change = match (before.is_empty(), is_listed, is_changed || !said.is_empty()) {
            (_, true, false) => {
                counts.unchanged += 1;
                return false;
            }
            (_, false, false) => return false,
            (true, _, true) => Change::Added,
            (false, true, true) => Change::Changed,
            (false, false, true) => Change::Removed,
        };
        match change {
            Change::Added => counts.added += 1,
            Change::Changed => counts.changed += 1,
            Change::Removed => counts.removed += 1,
        }
        if change == Change::Added {
            self.names[1].extend(listings.iter().find_map(name));
        }
        self.sample(change, id, &before, listings, !said.is_empty());
        self.moved(id, &before, listings);
        is_changed
    }

    fn sample(&mut self, change: Change, id: ContactId, before: &[Listing], after: &[Listing], said: bool) {
        let samples = &mut self.plan.samples;
        let of_its_kind = samples.iter().filter(|sample| sample.change == change).count();
        if of_its_kind >= SAMPLES_MAX {
            return;
        }
        let own = |listings: &'_ [Listing]| listings.iter().find(|l| l.source == self.feed.source).cloned();
        let mut fields = match (own(before), own(after)) {
            (Some(before), Some(after)) => after.differences(&before),
            (None, _) | (_, None) => Vec::new(),
        };
        fields.extend(said.then_some("consent"));
        let contact = Contact {
            id,
            listings: after.to_vec(),
            preferences: BTreeMap::new(),
            standings: Vec::new(),
        };
        samples.extend(contact.masked().map(|contact| Difference {
            change,
            contact,
            fields,
        }));
    }

    /// Notes which marks the contact gains and loses.
    fn moved(&mut self, contact: ContactId, before: &[Listing], after: &[Listing]) {
        let store = self.feed.store;
        let of_keys = |listings: &[Listing]| -> Bucket {
            let own = listings.iter().filter(|listing| listing.source == self.feed.source);
            let owner = |listing: &Listing| Owner {
                mark: store.marker.mark_key(&listing.source, &listing.source_key),
                choice: Choice::First,
                contact,
            };
            own.map(owner).collect()
        };
        let of_addresses = |listings: &[Listing]| -> Bucket {
            let mut choices: BTreeMap<Mark, Choice> = BTreeMap::new();
            for listing in listings {
                for (address, is_first) in listing.addresses().zip([true, false]) {
                    let choice = Choice::of(is_first, listing.gone_at.is_some());
                    let best = choices.entry(store.mark(address)).or_insert(choice);
                    *best = choice.min(*best);
                }
            }
            let owner = |(mark, choice)| Owner { mark, choice, contact };
            choices.into_iter().map(owner).collect()
        };
        difference(&mut self.keys, &of_keys(before), &of_keys(after));
        difference(&mut self.addresses, &of_addresses(before), &of_addresses(after));
    }

    fn step(&mut self, step: &Step) -> Result<(), Error> {
        self.plan.steps += 1;
        self.journal.push(&postcard::to_allocvec(step)?)
    }

    /// Writes the ways to the contacts, and ends the journal.
    pub(super) fn end(mut self) -> Result<FeedPlan, Error> {
        let by_key = Index::of_keys(&self.feed.store.marker.mark_key(self.feed.source, ""));
        let (keys, addresses) = (std::mem::take(&mut self.keys), std::mem::take(&mut self.addresses));
        self.reindex(&by_key, keys)?;
        self.reindex(&Index::of_addresses(), addresses)?;
        let [mut names, new] = std::mem::take(&mut self.names);
        names.extend(&new);
        names.sort_unstable();
        let has_another = |name: &&u64| names.partition_point(|n| n <= name) - names.partition_point(|n| n < name) > 1;
        self.plan.namesakes = u64::try_from(new.iter().filter(has_another).count()).unwrap_or(u64::MAX);
        self.plan.shared = self.feed.resolved.shared;
        self.plan.next_contact = self.feed.resolved.next;
        self.plan.journal = Some(self.journal.end()?);
        Ok(self.plan)
    }

    fn reindex(&mut self, index: &Index, mut moved: Vec<Moved>) -> Result<(), Error> {
        moved.sort_unstable_by_key(|moved| bucket_of(&moved.owner.mark));
        for of_bucket in moved.chunk_by(|a, b| bucket_of(&a.owner.mark) == bucket_of(&b.owner.mark)) {
            let Some(number) = of_bucket.first().map(|moved| bucket_of(&moved.owner.mark)) else {
                continue;
            };
            let (before, mut bucket) = index.bucket(&self.feed.store.engine, number)?;
            for Moved { owner, is_gained } in of_bucket {
                if *is_gained {
                    bucket.insert(*owner);
                } else {
                    bucket.remove(owner);
                }
            }
            let writes = index.replace(number, &before, &bucket)?;
            self.step(&Step::Write(writes))?;
        }
        Ok(())
    }
}

fn difference(moved: &mut Vec<Moved>, before: &Bucket, after: &Bucket) {
    let of = |is_gained| {
        move |owner: &Owner| Moved {
            owner: *owner,
            is_gained,
        }
    };
    moved.extend(before.difference(after).map(of(false)));
    moved.extend(after.difference(before).map(of(true)));
}

/// What rows say of a person, in an order that hangs on nothing but what they say; and what the person agreed to.
fn taken_apart(rows: Vec<FeedRow>) -> (Vec<Listing>, Vec<Consent>) {
    let (mut listings, mut consents) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        listings.push(row.listing);
        for consent in row.consents {
            if !consents.contains(&consent) {
                consents.push(consent);
            }
        }
    }
    let order = |listing: &Listing| {
        let affiliation = &listing.affiliation;
        (
            listing.source_key.clone(),
            affiliation.kind.clone(),
            affiliation.unit.clone(),
        )
    };
    if listings.len() > 1 {
        listings.sort_by_key(order);
        listings.dedup();
    }
    (listings, consents)
}

/// A hash of a whole name; `None` when it is not whole.
fn name(listing: &Listing) -> Option<u64> {
    let (given, family) = (listing.given_name.to_lowercase(), listing.family_name.to_lowercase());
    if given.is_empty() || family.is_empty() {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    (given, family).hash(&mut hasher);
    Some(hasher.finish())
}
