//! Contact: a person the university can write to. [`Masked`] is the only form a page may show. Policy C8.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Consent, ContactId};
use crate::mail::Address;

/// What a person is to the university, as one office's feed says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affiliation {
    /// student, faculty, staff, alumnus …
    pub kind: String,
    /// College, department or division; empty when the feed does not say.
    pub unit: String,
    /// The office whose feed said so.
    pub source: String,
    /// The key of the person in that feed.
    pub source_key: String,
    /// Whatever else the feed says: class, year, campus.
    pub attributes: BTreeMap<String, String>,
}

/// A person of the master list; one person may have several affiliations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Random to the outside, stable within.
    pub id: ContactId,
    /// Where mail to them goes.
    pub email: Address,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Two-letter country; empty when unknown.
    pub country: String,
    /// Directory information is not to be disclosed (FERPA): never in a sample.
    pub ferpa: bool,
    /// What they are to the university.
    pub affiliations: Vec<Affiliation>,
    /// What they agreed to, oldest first.
    pub consents: Vec<Consent>,
}

impl Contact {
    /// The value of a key of an audience's `match`, as this affiliation has it.
    pub fn attribute<'a>(&'a self, affiliation: &'a Affiliation, key: &str) -> Option<&'a str> {
        match key {
            "affiliation" => Some(&affiliation.kind),
            "unit" => Some(&affiliation.unit),
            "country" => Some(&self.country),
            other => affiliation.attributes.get(other).map(String::as_str),
        }
    }

    /// What a page may show, unless the person asked not to be shown at all.
    pub fn masked(&self) -> Option<Masked> {
        (!self.ferpa).then(|| Masked {
            name: format!(
                "{}•••",
                self.given_name.chars().next().map(String::from).unwrap_or_default()
            ),
            email: self.email.masked(),
        })
    }
}

/// A contact as a page may show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Masked {
    /// `J•••`.
    pub name: String,
    /// `j•••@g•••.com`.
    pub email: String,
}
