//! Glance: a contact as expansion looks at half a million of them: only what is asked, borrowed from where it lies.
//!
//! A [`Contact`] is the same in full, and owned.

use serde::Deserialize;

use super::{Basis, Contact, ContactId, Listing, Masked, Preference, Privacy, PrivacyFlag, Standing};
use crate::mail::{Address, Mailbox, Timestamp};

/// One person as one office lists them, as far as an audience asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<'a> {
    /// The first choice of addresses.
    pub email: Mailbox<'a>,
    /// The second.
    pub personal_email: Option<Mailbox<'a>>,
    /// Given name.
    pub given_name: &'a str,
    /// Two-letter country.
    pub country: &'a str,
    /// What is to be kept in mind.
    pub privacy: Privacy,
    /// student, faculty, staff, alumnus …
    pub kind: &'a str,
    /// College, department or division.
    pub unit: &'a str,
    /// Whatever else the feed says.
    pub attributes: Vec<(&'a str, &'a str)>,
    /// From when on the affiliation holds.
    pub from: Option<Timestamp>,
    /// The first moment at which it is over.
    pub until: Option<Timestamp>,
    /// Whether the office's feed no longer has them.
    pub is_gone: bool,
}

impl<'a> Listed<'a> {
    /// The addresses it gives, the first choice first.
    pub fn addresses(&self) -> impl Iterator<Item = Mailbox<'a>> + use<'a> {
        std::iter::once(self.email).chain(self.personal_email)
    }

    /// Whether what it says of the affiliation holds now.
    pub fn holds(&self, now: Timestamp) -> bool {
        let is_over = self.until.is_some_and(|until| until <= now);
        !self.is_gone && !is_over && self.from.is_none_or(|from| from <= now)
    }

    /// The value of a key of an audience's `match`.
    pub fn attribute(&self, key: &str) -> Option<&'a str> {
        match key {
            "affiliation" => Some(self.kind),
            "unit" => Some(self.unit),
            "country" => Some(self.country),
            other => {
                let mut attributes = self.attributes.iter();
                attributes.find_map(|(name, value)| (*name == other).then_some(*value))
            }
        }
    }
}

/// The newest word of a contact on one purpose and one ground: a [`Standing`], borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Said<'a> {
    /// What for, in lower case.
    pub purpose: &'a str,
    /// On what ground.
    pub basis: Basis,
    /// Since when.
    pub at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A contact, as far as an audience asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance<'a> {
    /// Who.
    pub id: ContactId,
    /// What each office says, in the order in which they first said it.
    pub listings: Vec<Listed<'a>>,
    /// What they chose, by topic.
    pub preferences: Vec<(&'a str, Preference)>,
    /// What they agree to.
    pub said: Vec<Said<'a>>,
}

impl<'a> Glance<'a> {
    /// Their addresses, each once: those an office still gives before those none does, else in the order of the listings.
    pub fn addresses(&self) -> Vec<Mailbox<'a>> {
        let of = |is_gone| self.listings.iter().filter(move |listing| listing.is_gone == is_gone);
        let mut addresses: Vec<Mailbox<'a>> = Vec::with_capacity(self.listings.len());
        for address in of(false).chain(of(true)).flat_map(Listed::addresses) {
            if !addresses.iter().any(|known| is_same(*known, address)) {
                addresses.push(address);
            }
        }
        addresses
    }

    /// The addresses that mail may go to: those an office still gives, as long as any does. One that none gives may be
    /// somebody else's by now.
    pub fn reachable(&self) -> Vec<Mailbox<'a>> {
        let here = self.listings.iter().filter(|listing| !listing.is_gone);
        let given: Vec<Mailbox<'a>> = here.flat_map(Listed::addresses).collect();
        let mut addresses = self.addresses();
        if !given.is_empty() {
            addresses.retain(|address| given.contains(address));
        }
        addresses
    }

    /// Every flag that any office set.
    pub fn privacy(&self) -> Privacy {
        self.listings.iter().map(|listing| listing.privacy).collect()
    }

    /// Two-letter country, as the first office says that knows it.
    pub fn country(&self) -> &'a str {
        self.known(|listing| listing.country)
    }

    /// The listings whose affiliation holds now.
    pub fn current(&self, now: Timestamp) -> impl Iterator<Item = &Listed<'a>> {
        self.listings.iter().filter(move |listing| listing.holds(now))
    }

    /// What they chose for a topic.
    pub fn preference(&self, topic: &str) -> Option<Preference> {
        let mut chosen = self.preferences.iter();
        chosen.find_map(|(name, preference)| (*name == topic).then_some(*preference))
    }

    /// What a page may show, unless the person is not to be shown at all.
    pub fn masked(&self) -> Option<Masked> {
        if self.privacy().has(PrivacyFlag::Ferpa) {
            return None;
        }
        let initial = self.known(|listing| listing.given_name).chars().next();
        Some(Masked {
            name: format!("{}•••", initial.map(String::from).unwrap_or_default()),
            email: self.addresses().first()?.masked(),
        })
    }

    fn known(&self, what: fn(&Listed<'a>) -> &'a str) -> &'a str {
        let of = |is_gone| self.listings.iter().filter(move |listing| listing.is_gone == is_gone);
        let mut known = of(false).chain(of(true)).map(what);
        known.find(|text| !text.is_empty()).unwrap_or_default()
    }
}

/// Whether two spellings are one mailbox for all practical hosts.
fn is_same(one: Mailbox<'_>, other: Mailbox<'_>) -> bool {
    one.domain == other.domain
        && (one.local.eq_ignore_ascii_case(other.local) || one.local.to_lowercase() == other.local.to_lowercase())
}

impl Listing {
    fn glance(&self) -> Listed<'_> {
        let attributes = self.affiliation.attributes.iter();
        Listed {
            email: self.email.mailbox(),
            personal_email: self.personal_email.as_ref().map(Address::mailbox),
            given_name: &self.given_name,
            country: &self.country,
            privacy: self.privacy,
            kind: &self.affiliation.kind,
            unit: &self.affiliation.unit,
            attributes: attributes.map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            from: self.affiliation.from,
            until: self.affiliation.until,
            is_gone: self.gone_at.is_some(),
        }
    }
}

impl Standing {
    /// The same, borrowed.
    pub fn said(&self) -> Said<'_> {
        Said {
            purpose: &self.purpose,
            basis: self.basis,
            at: self.at,
            expires_at: self.expires_at,
        }
    }
}

impl Contact {
    /// A glance at it.
    pub fn glance(&self) -> Glance<'_> {
        let preferences = self.preferences.iter();
        Glance {
            id: self.id,
            listings: self.listings.iter().map(Listing::glance).collect(),
            preferences: preferences
                .map(|(topic, preference)| (topic.0.as_str(), *preference))
                .collect(),
            said: self.standings.iter().map(Standing::said).collect(),
        }
    }
}
