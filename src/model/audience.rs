//! Audience: whom a mailing is meant for; an [`Expansion`] is what becomes of it.
//!
//! A mailing keeps the audience as it was defined when it was submitted. So a steward's approval is bound to it by
//! construction: a definition changed afterwards is another audience, and needs another submission.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{About, Glance, Listed, OfficeId, Recipients};
use crate::mail::{Address, Timestamp};

/// Named recipients, or an expression over affiliations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// The people the author named, who stand in the envelope.
    Named,
    /// Lists, and perhaps people named beside them; one case, one copy a person.
    Lists {
        /// At least one.
        segments: Vec<Segment>,
        /// Named beside the lists; they wait for the same release.
        people: Vec<Address>,
    },
}

impl Audience {
    /// The lists it is for; none when the author named the recipients.
    pub fn segments(&self) -> &[Segment] {
        match self {
            Self::Named => &[],
            Self::Lists { segments, .. } => segments,
        }
    }

    /// The same without the lists that these offices answer for. Policy C15: a steward may keep their part out of it.
    #[must_use]
    pub fn without(self, offices: &[OfficeId]) -> Self {
        match self {
            Self::Named => Self::Named,
            Self::Lists { mut segments, people } => {
                segments.retain(|segment| segment.office.as_ref().is_none_or(|office| !offices.contains(office)));
                Self::Lists { segments, people }
            }
        }
    }

    /// The lists through which a mailing to it reaches a contact; all of them when that cannot be told.
    pub fn lists_reaching(&self, contact: Option<&Glance<'_>>, now: Timestamp) -> Vec<Address> {
        let reaching = |segment: &&Segment| contact.is_some_and(|contact| segment.selection.holds(contact, now));
        let lists = |segments: Vec<&Segment>| segments.into_iter().map(|segment| segment.list.clone()).collect();
        match self.segments().iter().filter(reaching).collect::<Vec<_>>() {
            none if none.is_empty() => lists(self.segments().iter().collect()),
            some => lists(some),
        }
    }

    /// Whether to be in it is nobody's business: no copy names it, and nobody of it is shown.
    pub fn is_sensitive(&self) -> bool {
        self.segments().iter().any(|segment| segment.is_sensitive)
    }

    /// People named beside lists.
    pub fn people(&self) -> &[Address] {
        match self {
            Self::Named => &[],
            Self::Lists { people, .. } => people,
        }
    }
}

/// One list's share of an audience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The address staff write to.
    pub list: Address,
    /// The name of the audience in policy.toml, and in words for people.
    pub audience: String,
    /// Who is in it.
    pub selection: Selection,
    /// Whose steward must approve its use; `None` where the policy wants nobody's.
    pub office: Option<OfficeId>,
    /// What a contact must have agreed to.
    pub consent: ConsentRule,
    /// How much of our mail one contact may get at most. Policy C11.
    pub caps: Caps,
    /// What its mailings are about; `None` where nobody chooses.
    pub about: Option<About>,
    /// Whether its contacts are on campus: then their campus addresses come first.
    pub is_on_campus: bool,
    /// To be in it says something of a person that is nobody's business: no samples, and no copy names it.
    pub is_sensitive: bool,
    /// Somebody outside the university asked for it: who is not to be disclosed (FERPA) is not in it.
    pub is_for_outsiders: bool,
}

/// Copies one contact may get of us in so many days; `None` is without limit. Policy C11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Caps {
    /// In any 7 days.
    pub week: Option<u32>,
    /// In any 30 days.
    pub month: Option<u32>,
    /// Of surveys alone, in any 30 days.
    pub survey_month: Option<u32>,
    /// Of the list's topic, in any 30 days.
    pub topic_month: Option<u32>,
}

/// Which contacts: all keys of `matches` fit one affiliation, and those of `except` do not all fit it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Selection {
    /// Key (`affiliation`, `unit`, `country`, or an attribute) to the values any of which will do.
    pub matches: BTreeMap<String, Vec<String>>,
    /// Takes away those whom all of these keys fit; empty takes nobody away.
    pub except: BTreeMap<String, Vec<String>>,
}

impl Selection {
    /// Whether what one office says puts a person in it, as far as `matches` goes.
    pub fn fits(&self, listing: &Listed<'_>) -> bool {
        !self.matches.is_empty() && fits(listing, &self.matches)
    }

    /// The keys that do not fit what one office says, and what they ask for.
    pub fn misses(&self, listing: &Listed<'_>) -> Vec<(&str, &[String])> {
        let keys = self
            .matches
            .iter()
            .map(|(key, values)| (key.as_str(), values.as_slice()));
        keys.filter(|(key, values)| !any_fits(listing, key, values)).collect()
    }

    /// Whether what one office says takes a person away.
    pub fn excepts(&self, listing: &Listed<'_>) -> bool {
        !self.except.is_empty() && fits(listing, &self.except)
    }

    /// Whether the contact is in it now.
    pub fn holds(&self, contact: &Glance<'_>, now: Timestamp) -> bool {
        contact.current(now).any(|listing| self.fits(listing))
            && !contact.current(now).any(|listing| self.excepts(listing))
    }
}

/// Whether all these keys fit what one office says.
fn fits(listing: &Listed<'_>, keys: &BTreeMap<String, Vec<String>>) -> bool {
    keys.iter().all(|(key, values)| any_fits(listing, key, values))
}

fn any_fits(listing: &Listed<'_>, key: &str, values: &[String]) -> bool {
    let found = listing.attribute(key);
    found.is_some_and(|found| values.iter().any(|value| value.eq_ignore_ascii_case(found)))
}

/// What a contact must have agreed to before this audience may be written to. Policy C3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentRule {
    /// Nothing: the university's own members.
    #[default]
    NotNeeded,
    /// Everybody who has not said no.
    NotWithdrawn,
    /// Only who has said yes, and whose yes has not expired.
    OptIn,
}

/// Why a person of the audience gets no copy. In the order in which the reasons are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exclusion {
    /// None of their addresses is one that mail can go to.
    InvalidAddress,
    /// They have died, or are not to be contacted.
    DoNotContact,
    /// The law, or somebody entitled, said never to write to them.
    Suppressed,
    /// They complained of a mailing.
    Complaint,
    /// The address takes no mail any more.
    HardBounce,
    /// They unsubscribed.
    Unsubscribed,
    /// They chose not to get this topic, or only its digest.
    Preference,
    /// The audience wants a consent they have not given, or that has expired or been withdrawn.
    NoConsent,
    /// The law keeps them out of this audience: not to be disclosed, or under age.
    Protected,
    /// They have got as much of our mail lately as they may.
    OverCap,
    /// They are in it already, by another list or another spelling.
    Duplicate,
}

impl Exclusion {
    /// In words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::InvalidAddress => "no usable address",
            Self::DoNotContact => "do not contact",
            Self::Suppressed => "never written to",
            Self::Complaint => "complained",
            Self::HardBounce => "address takes no mail",
            Self::Unsubscribed => "unsubscribed",
            Self::Preference => "chose otherwise",
            Self::NoConsent => "no consent",
            Self::Protected => "protected by law",
            Self::OverCap => "got enough lately",
            Self::Duplicate => "in it twice",
        }
    }
}

/// The audience made into recipients, and the count of those left out, by reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expansion {
    /// Who gets a copy, in the order of the plan.
    pub recipients: Recipients,
    /// Who does not, counted.
    pub exclusions: BTreeMap<Exclusion, u64>,
}
