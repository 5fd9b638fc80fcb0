//! Whom each row of a feed stands for.
//!
//! A person is known by the key the office gave them, so that a changed address keeps them; else by address, for one mailbox
//! is one contact. Two doubts are looked into, in the contact's own record: the office has the mailbox's person under
//! another key already, or it is somebody's second choice. Then the names decide, and what the office says beside.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use super::file::Sealed;
use super::row::{Marks, Row};
use crate::model::{ContactId, FeedRow, Listing, Mark};
use crate::store::people::index::{BUCKETS, Index};
use crate::store::{Error, Store};

/// Marks are random already: their last octets do for a hash.
#[derive(Debug, Default)]
pub(super) struct Uniform(u64);

impl Hasher for Uniform {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(octets) = bytes.last_chunk() {
            self.0 = u64::from_be_bytes(*octets);
        }
    }
}

type ByMark<T> = HashMap<Mark, T, BuildHasherDefault<Uniform>>;

/// Whom each row stands for, by its number.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// The contacts, in the order of the rows.
    pub(super) contacts: Vec<u32>,
    /// The first id that nobody had before.
    pub(super) first_new: u32,
    /// The first id that nobody has yet.
    pub(super) next: u32,
    /// Mailboxes that two persons give.
    pub(super) shared: u64,
}

/// Resolves the rows of a draft.
pub(super) fn resolve(store: &Store, source: &str, draft: &Sealed, next: u32) -> Result<Resolved, Error> {
    let mut resolving = Resolving::load(store, source, next)?;
    let mut doubts = Vec::new();
    let mut records = draft.records()?;
    while let Some(record) = records.next()? {
        let number = resolving.found.contacts.len();
        let marks = Row::marks(record)?;
        let contact = match resolving.known(&marks) {
            Known::Contact(contact) => contact,
            Known::Nobody => resolving.new_contact(),
            Known::Doubt(candidate) => {
                doubts.push(Doubt {
                    number,
                    candidate,
                    marks,
                });
                UNKNOWN
            }
        };
        resolving.found.contacts.push(contact);
        if contact != UNKNOWN {
            resolving.take(&marks, contact);
        }
    }
    if !doubts.is_empty() {
        resolving.settle(store, draft, &doubts)?;
    }
    Ok(resolving.found)
}

/// Stands for a contact that is not known yet.
const UNKNOWN: u32 = u32::MAX;

/// Whose a mailbox is.
#[derive(Debug, Clone, Copy)]
struct Holder {
    contact: u32,
    is_first: bool,
}

struct Resolving {
    keys: ByMark<u32>,
    addresses: ByMark<Holder>,
    /// Contacts whom the office listed under some key before.
    listed: BTreeSet<u32>,
    found: Resolved,
}

/// A row of which keys and addresses do not tell whom it stands for.
struct Doubt {
    number: usize,
    candidate: u32,
    marks: Marks,
}

enum Known {
    Contact(u32),
    Doubt(u32),
    Nobody,
}

impl Resolving {
    fn load(store: &Store, source: &str, next: u32) -> Result<Self, Error> {
        let mut keys = ByMark::default();
        let mut addresses = ByMark::default();
        let by_key = Index::of_keys(&store.marker.mark_key(source, ""));
        for number in 0..BUCKETS {
            let (_, bucket) = by_key.bucket(&store.engine, number)?;
            for owner in bucket {
                keys.insert(owner.mark, short(owner.contact)?);
            }
            let (_, bucket) = Index::of_addresses().bucket(&store.engine, number)?;
            for owner in bucket {
                let (contact, is_first) = (short(owner.contact)?, owner.choice.is_first());
                // The first of several goes before the others.
                addresses.entry(owner.mark).or_insert(Holder { contact, is_first });
            }
        }
        Ok(Self {
            listed: keys.values().copied().collect(),
            keys,
            addresses,
            found: Resolved {
                first_new: next,
                next,
                ..Resolved::default()
            },
        })
    }

    fn known(&self, marks: &Marks) -> Known {
        if let Some(contact) = self.keys.get(&marks.key) {
            return Known::Contact(*contact);
        }
        match self.addresses.get(&marks.email) {
            Some(Holder {
                contact,
                is_first: true,
            }) if *contact >= self.found.first_new || !self.listed.contains(contact) => Known::Contact(*contact),
            Some(Holder { contact, .. }) if *contact < self.found.first_new => Known::Doubt(*contact),
            Some(_) | None => match marks.personal.and_then(|mark| self.addresses.get(&mark)) {
                Some(Holder { contact, .. }) if *contact < self.found.first_new => Known::Doubt(*contact),
                Some(_) | None => Known::Nobody,
            },
        }
    }

    fn new_contact(&mut self) -> u32 {
        let contact = self.found.next;
        self.found.next = contact.saturating_add(1);
        contact
    }

    /// From now on the row's key and mailboxes are this contact's. A first choice goes before a second.
    fn take(&mut self, marks: &Marks, contact: u32) {
        self.keys.insert(marks.key, contact);
        let first = Holder {
            contact,
            is_first: true,
        };
        match self.addresses.get(&marks.email) {
            Some(holder) if holder.is_first && holder.contact != contact => self.found.shared += 1,
            Some(_) | None => {
                self.addresses.insert(marks.email, first);
            }
        }
        if let Some(personal) = marks.personal {
            let is_first = false;
            let holder = self.addresses.entry(personal).or_insert(Holder { contact, is_first });
            self.found.shared += u64::from(holder.contact != contact);
        }
    }

    /// Looks into what keys and addresses left in doubt.
    fn settle(&mut self, store: &Store, draft: &Sealed, doubts: &[Doubt]) -> Result<(), Error> {
        let candidates: BTreeSet<u32> = doubts.iter().map(|doubt| doubt.candidate).collect();
        // Which mailboxes the feed gives to the candidates, under the keys they had.
        let mut given: BTreeMap<u32, BTreeSet<Mark>> = BTreeMap::new();
        let (mut records, mut number, mut next) = (draft.records()?, 0, doubts.iter().peekable());
        let mut rows: Vec<FeedRow> = Vec::new();
        while let Some(record) = records.next()? {
            let contact = self.found.contacts.get(number).copied().unwrap_or(UNKNOWN);
            if candidates.contains(&contact) {
                let marks = Row::marks(record)?;
                given
                    .entry(contact)
                    .or_default()
                    .extend([marks.email].into_iter().chain(marks.personal));
            }
            if next.next_if(|doubt| doubt.number == number).is_some() {
                rows.push(Row::read(record)?);
            }
            number += 1;
        }
        for (doubt, row) in doubts.iter().zip(rows) {
            let contact = match self.known(&doubt.marks) {
                Known::Contact(contact) => contact,
                Known::Nobody => self.new_contact(),
                Known::Doubt(candidate) => {
                    let has = given.get(&candidate);
                    if is_theirs(store, candidate, has, &doubt.marks, &row)? {
                        candidate
                    } else {
                        // From here on the mailbox is the new contact's.
                        self.addresses.remove(&doubt.marks.email);
                        self.new_contact()
                    }
                }
            };
            if let Some(place) = self.found.contacts.get_mut(doubt.number) {
                *place = contact;
            }
            self.take(&doubt.marks, contact);
        }
        Ok(())
    }
}

/// Whether a row whose key is new stands for the contact that has its mailbox.
fn is_theirs(
    store: &Store,
    candidate: u32,
    given: Option<&BTreeSet<Mark>>,
    marks: &Marks,
    row: &FeedRow,
) -> Result<bool, Error> {
    let Some(contact) = store.contact(ContactId(u64::from(candidate)))? else {
        return Ok(false);
    };
    let Listing { source, email, .. } = &row.listing;
    let is_first = |listing: &&Listing| listing.email.is_same_mailbox(email);
    let holders: Vec<&Listing> = contact.listings.iter().filter(is_first).collect();
    if holders
        .iter()
        .any(|listing| listing.source != *source && listing.gone_at.is_none())
    {
        // Another office gives them this mailbox as well.
        return Ok(true);
    }
    Ok(match given {
        // The office lists them under their own key beside this one: the same mailbox twice, or it has changed hands.
        Some(given) if !holders.is_empty() => given.contains(&marks.email),
        Some(_) | None => contact.listings.iter().any(|listing| is_name(listing, &row.listing)),
    })
}

/// Whether two offices name one person: the same family name, and given names of which one begins with the other.
fn is_name(one: &Listing, other: &Listing) -> bool {
    let fold = |text: &str| text.trim().to_lowercase();
    let (a, b) = (fold(&one.given_name), fold(&other.given_name));
    let family = fold(&one.family_name);
    !a.is_empty()
        && !b.is_empty()
        && !family.is_empty()
        && family == fold(&other.family_name)
        && (a.starts_with(&b) || b.starts_with(&a))
}

/// Ids are dense: a university has fewer than four thousand million contacts.
pub(super) fn short(contact: ContactId) -> Result<u32, Error> {
    u32::try_from(contact.0).map_err(|_too_many| Error::Unreadable("the number of a contact".to_owned()))
}
