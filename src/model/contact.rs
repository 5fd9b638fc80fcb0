//! Contact: a person the university can write to. [`Masked`] is the only form a page may show. Policy C8.
//!
//! Several offices may list one person; what each says is kept apart ([`Listing`]), so that a new feed replaces what its
//! own office said and nothing else. What the person said, by choosing and agreeing, no feed changes.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{ContactId, Preference, Privacy, Standing, TopicId};
use crate::mail::{Address, Timestamp};

/// What a person is to the university, as one office's feed says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affiliation {
    /// student, faculty, staff, alumnus …
    pub kind: String,
    /// College, department or division; empty when the feed does not say.
    pub unit: String,
    /// Whatever else the feed says: class, year, campus.
    pub attributes: BTreeMap<String, String>,
    /// From when on; `None` when the feed does not say.
    pub from: Option<Timestamp>,
    /// The first moment at which it is over; `None` when the feed does not say.
    pub until: Option<Timestamp>,
}

impl Affiliation {
    /// Whether it holds now: it has begun, and is not over.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// One person as one office lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The office.
    pub source: String,
    /// The person's key in the office's own system; by it they are known again when their address changes.
    pub source_key: String,
    /// Where mail to them goes.
    pub email: Address,
    /// Where else it may go.
    pub personal_email: Option<Address>,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Two-letter country; empty when unknown.
    pub country: String,
    /// What the person asked the office for, or what the law asks.
    pub privacy: Privacy,
    /// What they are to the university.
    pub affiliation: Affiliation,
    /// Since when the office's feed no longer has them; `None` while it has. Who comes back is known by the key.
    pub gone_at: Option<Timestamp>,
}

impl Listing {
    /// The addresses it gives, the first choice first.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        std::iter::once(&self.email).chain(&self.personal_email)
    }

    /// What it says otherwise than `before` did, in words.
    pub fn differences(&self, before: &Self) -> Vec<&'static str> {
        let (now, then) = (&self.affiliation, &before.affiliation);
        let dates = (now.from, now.until) != (then.from, then.until);
        let names = (&self.given_name, &self.family_name) != (&before.given_name, &before.family_name);
        let all = [
            ("source_key", self.source_key != before.source_key),
            ("email", self.email != before.email),
            ("personal_email", self.personal_email != before.personal_email),
            ("name", names),
            ("country", self.country != before.country),
            ("privacy", self.privacy != before.privacy),
            ("affiliation", now.kind != then.kind),
            ("unit", now.unit != then.unit),
            ("attributes", now.attributes != then.attributes),
            ("dates", dates),
            ("presence", self.gone_at != before.gone_at),
        ];
        all.into_iter()
            .filter(|(_, differs)| *differs)
            .map(|(name, _)| name)
            .collect()
    }

    /// Whether what it says of the affiliation holds now.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.gone_at.is_none() && self.affiliation.holds(now)
    }
}

/// A person of the master list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Says nothing about the person.
    pub id: ContactId,
    /// What each office says, in the order in which they first said it.
    pub listings: Vec<Listing>,
    /// What they chose, by topic.
    pub preferences: BTreeMap<TopicId, Preference>,
    /// What they agree to now, by purpose; the evidence lies in a table of its own.
    pub standings: Vec<Standing>,
}

impl Contact {
    /// Their addresses, each once: those an office still gives before those none does, else in the order of the listings.
    pub fn addresses(&self) -> Vec<&Address> {
        let (here, gone): (Vec<&Listing>, Vec<&Listing>) = self.listings.iter().partition(|l| l.gone_at.is_none());
        let mut seen = HashSet::new();
        here.into_iter()
            .chain(gone)
            .flat_map(Listing::addresses)
            .filter(|address| seen.insert(address.key()))
            .collect()
    }

    /// The first of their addresses.
    pub fn email(&self) -> Option<&Address> {
        self.addresses().first().copied()
    }

    /// Given name, as the first office says that knows it.
    pub fn given_name(&self) -> &str {
        self.said(|listing| &listing.given_name)
    }

    /// Family name, as the first office says that knows it.
    pub fn family_name(&self) -> &str {
        self.said(|listing| &listing.family_name)
    }

    /// Two-letter country, as the first office says that knows it.
    pub fn country(&self) -> &str {
        self.said(|listing| &listing.country)
    }

    fn said<'a>(&'a self, what: fn(&'a Listing) -> &'a str) -> &'a str {
        let by_presence = |is_gone: bool| self.listings.iter().filter(move |l| l.gone_at.is_some() == is_gone);
        let mut said = by_presence(false).chain(by_presence(true)).map(what);
        said.find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// Every flag that any office set, those who no longer list the person among them.
    pub fn privacy(&self) -> Privacy {
        self.listings.iter().map(|listing| listing.privacy).collect()
    }

    /// The listings whose affiliation holds now.
    pub fn current(&self, now: Timestamp) -> impl Iterator<Item = &Listing> {
        self.listings.iter().filter(move |listing| listing.holds(now))
    }

    /// What a page may show, unless the person is not to be shown at all.
    pub fn masked(&self) -> Option<Masked> {
        self.glance().masked()
    }
}

/// Replaces what an office says of a person: its rows now, or, without any, that it lists them no more. Returns whether
/// anything has changed.
pub fn relist(listings: &mut Vec<Listing>, source: &str, rows: Vec<Listing>, now: Timestamp) -> bool {
    let is_own = |listing: &&Listing| listing.source == source;
    if rows.is_empty() {
        let here = listings
            .iter_mut()
            .filter(|l| l.source == source && l.gone_at.is_none());
        return here.map(|listing| listing.gone_at = Some(now)).count() > 0;
    }
    if listings.iter().filter(is_own).eq(&rows) {
        return false;
    }
    let place = listings.iter().position(|listing| listing.source == source);
    let place = place.unwrap_or(listings.len());
    listings.retain(|listing| listing.source != source);
    listings.splice(place..place, rows);
    true
}

/// A contact as a page may show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Masked {
    /// `J•••`.
    pub name: String,
    /// `j•••@g•••.com`.
    pub email: String,
}

#[cfg(test)]
mod tests {
    use super::super::PrivacyFlag;
    use super::*;

    fn listing(source: &str, email: &str) -> Listing {
        Listing {
            source: source.into(),
            source_key: "1".into(),
            email: email.parse().expect("valid"),
            personal_email: None,
            given_name: source.into(),
            family_name: String::new(),
            country: String::new(),
            privacy: Privacy::default(),
            affiliation: Affiliation {
                kind: "student".into(),
                unit: String::new(),
                attributes: BTreeMap::new(),
                from: None,
                until: None,
            },
            gone_at: None,
        }
    }

    fn contact(listings: Vec<Listing>) -> Contact {
        Contact {
            id: ContactId(1),
            listings,
            preferences: BTreeMap::new(),
            standings: vec![],
        }
    }

    fn emails(contact: &Contact) -> Vec<String> {
        contact.addresses().into_iter().map(Address::to_string).collect()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_feed_replaces_what_its_own_office_said_and_nothing_else() {
        let mut person = contact(vec![
            listing("registrar", "ann@mst.example"),
            listing("hr", "ann@staff.example"),
        ]);
        let moved = vec![listing("registrar", "ann.lee@mst.example")];
        assert!(relist(&mut person.listings, "registrar", moved.clone(), at(1)));
        assert!(
            !relist(&mut person.listings, "registrar", moved, at(2)),
            "says the same again"
        );
        assert_eq!(emails(&person), ["ann.lee@mst.example", "ann@staff.example"]);
        assert_eq!(person.given_name(), "registrar");
    }

    #[test]
    fn who_is_listed_no_more_keeps_their_key_and_their_flags() {
        let mut student = listing("registrar", "ann@mst.example");
        student.privacy = Privacy::default().with(PrivacyFlag::Ferpa);
        let mut person = contact(vec![student, listing("hr", "ann@staff.example")]);
        assert!(relist(&mut person.listings, "registrar", vec![], at(1)));
        assert!(
            !relist(&mut person.listings, "registrar", vec![], at(2)),
            "has been gone before"
        );
        assert_eq!(person.listings[0].gone_at, Some(at(1)));
        assert_eq!(emails(&person), ["ann@staff.example", "ann@mst.example"]);
        assert!(person.privacy().has(PrivacyFlag::Ferpa) && person.masked().is_none());
        assert_eq!(person.current(at(3)).count(), 1);
    }

    #[test]
    fn an_affiliation_counts_between_its_dates_alone() {
        let mut affiliation = listing("registrar", "ann@mst.example").affiliation;
        (affiliation.from, affiliation.until) = (Some(at(10)), Some(at(20)));
        let holds = [9, 10, 19, 20].map(|now| affiliation.holds(at(now)));
        assert_eq!(holds, [false, true, true, false]);
    }
}
