//! A page: sixteen contacts in one value. The words they share stand in it once.
//!
//! `words | moments | contacts`. A word is a text, a moment microseconds; contacts name both by their place. Each contact
//! says how many octets it has, so that one is found without reading the others.

use std::collections::{BTreeMap, HashMap};

use super::octets::{Reader, Writer};
use crate::mail::{Mailbox, Timestamp};
use crate::model::{Affiliation, ContactId, Listed, Listing, Privacy, PrivacyFlag};
use crate::store::Error;

/// Contacts in a page.
pub(in crate::store) const PAGE_CONTACTS: u64 = 16;

/// The page a contact is in, and its place there.
pub(in crate::store) fn place(id: ContactId) -> (u64, u8) {
    let slot = u8::try_from(id.0 % PAGE_CONTACTS).unwrap_or_default();
    (id.0 / PAGE_CONTACTS, slot)
}

/// The contact at a place.
pub(in crate::store) fn contact_at(page: u64, slot: u8) -> ContactId {
    ContactId(page.saturating_mul(PAGE_CONTACTS).saturating_add(u64::from(slot)))
}

/// What offices say of the contacts of one page.
pub(in crate::store) type Page = BTreeMap<u8, Vec<Listing>>;

/// Writes a page; nothing when nobody is in it.
pub(in crate::store) fn write(page: &Page) -> Vec<u8> {
    if page.is_empty() {
        return Vec::new();
    }
    let mut tables = Tables::default();
    let mut contacts = Writer::default();
    contacts.number(count(page.len()));
    for (slot, listings) in page {
        let mut body = Writer::default();
        body.number(count(listings.len()));
        for listing in listings {
            tables.listing(&mut body, listing);
        }
        contacts.0.push(*slot);
        contacts.octets(&body.0);
    }
    let mut whole = Writer::default();
    whole.number(count(tables.words.len()));
    for word in tables.words {
        whole.octets(word.as_bytes());
    }
    whole.number(count(tables.moments.len()));
    for moment in tables.moments {
        whole.0.extend_from_slice(&moment.to_be_bytes());
    }
    whole.0.append(&mut contacts.0);
    whole.0
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The words and moments of a page that is being written.
#[derive(Default)]
struct Tables<'a> {
    words: Vec<std::borrow::Cow<'a, str>>,
    places: HashMap<std::borrow::Cow<'a, str>, u64>,
    moments: Vec<i64>,
}

impl<'a> Tables<'a> {
    fn word(&mut self, to: &mut Writer, word: impl Into<std::borrow::Cow<'a, str>>) {
        let word = word.into();
        let next = count(self.words.len());
        let place = *self.places.entry(word.clone()).or_insert(next);
        if place == next {
            self.words.push(word);
        }
        to.number(place);
    }

    /// Zero is none.
    fn moment(&mut self, to: &mut Writer, moment: Option<Timestamp>) {
        let Some(moment) = moment.map(Timestamp::as_micros) else {
            return to.number(0);
        };
        let place = self
            .moments
            .iter()
            .position(|known| *known == moment)
            .unwrap_or_else(|| {
                self.moments.push(moment);
                self.moments.len() - 1
            });
        to.number(count(place) + 1);
    }

    fn listing(&mut self, to: &mut Writer, listing: &'a Listing) {
        let Listing {
            source,
            source_key,
            email,
            personal_email,
            given_name,
            family_name,
            country,
            privacy,
            affiliation,
            gone_at,
        } = listing;
        self.word(to, source);
        self.word(to, source_key);
        self.word(to, email.to_string());
        to.number(u64::from(personal_email.is_some()));
        if let Some(personal_email) = personal_email {
            self.word(to, personal_email.to_string());
        }
        for name in [given_name, family_name, country, &affiliation.kind, &affiliation.unit] {
            self.word(to, name);
        }
        to.number(privacy.flags().map(|flag| flag as u64).sum());
        to.number(count(affiliation.attributes.len()));
        for (key, value) in &affiliation.attributes {
            self.word(to, key);
            self.word(to, value);
        }
        for moment in [affiliation.from, affiliation.until, *gone_at] {
            self.moment(to, moment);
        }
    }
}

/// A page that is read: what it says, borrowed.
#[derive(Debug)]
pub(in crate::store) struct Leaf<'a> {
    words: Vec<&'a str>,
    moments: Vec<Timestamp>,
    contacts: Reader<'a>,
    count: usize,
}

/// One listing of a page, borrowed: all of it.
#[derive(Debug)]
pub(in crate::store) struct Lined<'a> {
    pub(in crate::store) source: &'a str,
    pub(in crate::store) source_key: &'a str,
    pub(in crate::store) family_name: &'a str,
    gone_at: Option<Timestamp>,
    /// As far as expansion asks.
    pub(in crate::store) listed: Listed<'a>,
}

impl<'a> Leaf<'a> {
    /// Reads the tables of a page.
    pub(in crate::store) fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::tables(bytes).ok_or_else(unreadable)
    }

    fn tables(bytes: &'a [u8]) -> Option<Self> {
        let mut contacts = Reader(bytes);
        if bytes.is_empty() {
            return Some(Self {
                words: Vec::new(),
                moments: Vec::new(),
                contacts,
                count: 0,
            });
        }
        let length = contacts.count()?;
        let words = (0..length).map(|_| contacts.text()).collect::<Option<_>>()?;
        let length = contacts.count()?;
        let moments = (0..length).map(|_| {
            let octets = contacts.take(8)?.try_into().ok()?;
            Some(Timestamp::from_micros(i64::from_be_bytes(octets)))
        });
        let moments = moments.collect::<Option<_>>()?;
        let count = contacts.count()?;
        Some(Self {
            words,
            moments,
            contacts,
            count,
        })
    }

    /// What offices say of each contact, by place.
    pub(in crate::store) fn contacts(&self) -> impl Iterator<Item = Result<(u8, Vec<Lined<'a>>), Error>> {
        let mut contacts = self.contacts;
        (0..self.count).map(move |_| {
            let slot = contacts.octet().ok_or_else(unreadable)?;
            let body = contacts.octets().ok_or_else(unreadable)?;
            Ok((slot, self.listings(Reader(body)).ok_or_else(unreadable)?))
        })
    }

    /// What offices say of one contact; the others are passed over.
    pub(in crate::store) fn find(&self, slot: u8) -> Result<Option<Vec<Lined<'a>>>, Error> {
        let mut contacts = self.contacts;
        for _ in 0..self.count {
            let found = contacts.octet().ok_or_else(unreadable)?;
            let body = contacts.octets().ok_or_else(unreadable)?;
            if found == slot {
                return self.listings(Reader(body)).ok_or_else(unreadable).map(Some);
            }
        }
        Ok(None)
    }

    fn listings(&self, mut from: Reader<'a>) -> Option<Vec<Lined<'a>>> {
        let length = from.count()?;
        (0..length).map(|_| self.listing(&mut from)).collect()
    }

    fn word(&self, from: &mut Reader<'a>) -> Option<&'a str> {
        self.words.get(from.count()?).copied()
    }

    fn moment(&self, from: &mut Reader<'a>) -> Option<Option<Timestamp>> {
        match from.count()?.checked_sub(1) {
            None => Some(None),
            Some(place) => self.moments.get(place).copied().map(Some),
        }
    }

    fn listing(&self, from: &mut Reader<'a>) -> Option<Lined<'a>> {
        let source = self.word(from)?;
        let source_key = self.word(from)?;
        let email = Mailbox::of(self.word(from)?)?;
        let has_another = from.octet()? == 1;
        let personal_email = if has_another {
            Some(Mailbox::of(self.word(from)?)?)
        } else {
            None
        };
        let given_name = self.word(from)?;
        let family_name = self.word(from)?;
        let country = self.word(from)?;
        let kind = self.word(from)?;
        let unit = self.word(from)?;
        let privacy = privacy(from.number()?);
        let length = from.count()?;
        let attributes = (0..length).map(|_| Some((self.word(from)?, self.word(from)?)));
        let attributes = attributes.collect::<Option<_>>()?;
        let (since, until, gone_at) = (self.moment(from)?, self.moment(from)?, self.moment(from)?);
        Some(Lined {
            source,
            source_key,
            family_name,
            gone_at,
            listed: Listed {
                email,
                personal_email,
                given_name,
                country,
                privacy,
                kind,
                unit,
                attributes,
                from: since,
                until,
                is_gone: gone_at.is_some(),
            },
        })
    }
}

impl Lined<'_> {
    /// The same, owned.
    pub(in crate::store) fn to_listing(&self) -> Result<Listing, Error> {
        let address = |mailbox: Mailbox<'_>| mailbox.to_address().map_err(|_invalid| unreadable());
        let Listed { attributes, .. } = &self.listed;
        Ok(Listing {
            source: self.source.to_owned(),
            source_key: self.source_key.to_owned(),
            email: address(self.listed.email)?,
            personal_email: self.listed.personal_email.map(address).transpose()?,
            given_name: self.listed.given_name.to_owned(),
            family_name: self.family_name.to_owned(),
            country: self.listed.country.to_owned(),
            privacy: self.listed.privacy,
            affiliation: Affiliation {
                kind: self.listed.kind.to_owned(),
                unit: self.listed.unit.to_owned(),
                attributes: attributes
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                    .collect(),
                from: self.listed.from,
                until: self.listed.until,
            },
            gone_at: self.gone_at,
        })
    }
}

fn privacy(bits: u64) -> Privacy {
    PrivacyFlag::ALL
        .into_iter()
        .filter(|flag| bits & (*flag as u64) != 0)
        .collect()
}

fn unreadable() -> Error {
    Error::Unreadable("a page of contacts".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listing() -> impl Strategy<Value = Listing> {
        let moment = || proptest::option::of(any::<i64>().prop_map(Timestamp::from_micros));
        let name = "[A-Zà-ö ]{0,8}";
        let attributes = proptest::collection::btree_map("[a-c]{1,3}", name, 0..4);
        let persons = (name, name, "[a-z]{1,6}", proptest::option::of("[a-z]{1,6}"), 0u64..16);
        let rest = (attributes, moment(), moment(), moment());
        (persons, rest).prop_map(
            |((given_name, family_name, local, other, bits), (attributes, from, until, gone_at))| {
                let address = |local: &str| format!("{local}@mst.example").parse().expect("valid");
                Listing {
                    source: "registrar".into(),
                    source_key: local.clone(),
                    email: address(&local),
                    personal_email: other.as_deref().map(address),
                    given_name,
                    family_name,
                    country: "US".into(),
                    privacy: privacy(bits),
                    affiliation: Affiliation {
                        kind: "student".into(),
                        unit: String::new(),
                        attributes,
                        from,
                        until,
                    },
                    gone_at,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn a_page_reads_as_it_was_written(
            page in proptest::collection::btree_map(0u8..16, proptest::collection::vec(listing(), 0..3), 0..6),
        ) {
            let bytes = write(&page);
            let leaf = Leaf::read(&bytes).expect("its own");
            let owned = |lined: Vec<Lined<'_>>| -> Vec<Listing> {
                lined.iter().map(|lined| lined.to_listing().expect("its own")).collect()
            };
            let read: Page = leaf
                .contacts()
                .map(|contact| contact.map(|(slot, listings)| (slot, owned(listings))))
                .collect::<Result<_, _>>()
                .expect("its own");
            prop_assert_eq!(&read, &page);
            for slot in 0..16 {
                let found = leaf.find(slot).expect("its own").map(owned);
                prop_assert_eq!(found.as_ref(), page.get(&slot));
            }
        }

        #[test]
        fn a_torn_page_is_noticed(listing in listing(), cut in 1usize..200) {
            let bytes = write(&Page::from([(3, vec![listing])]));
            let torn = &bytes[..bytes.len().saturating_sub(cut)];
            let whole = Leaf::read(torn).and_then(|leaf| leaf.contacts().collect::<Result<Vec<_>, _>>());
            prop_assert!(torn.is_empty() || whole.is_err());
        }
    }
}
