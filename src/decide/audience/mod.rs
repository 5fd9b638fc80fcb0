//! Who gets it? An audience, made into recipients; who is left out is counted by reason.
//!
//! The reasons are asked in the order of [`Exclusion`]; the first that fits counts. The same question
//! ([`excluded`]) is asked again when a copy is about to be sent, so that who has dropped out meanwhile gets none. Law 5.

mod exclude;
mod pressure;
mod provider;

use std::collections::{BTreeMap, HashMap, HashSet};

pub use exclude::excluded;
use exclude::over_cap;
pub use pressure::Pressure;
pub use provider::provider;

use crate::mail::{Address, Domain, Timestamp};
use crate::model::{
    Audience, Category, Contact, Exclusion, Expansion, Lane, Mark, Marker, Masked, Recipient, Segment, Suppression,
};

/// Samples a person may see of an audience. Policy C8.
const SAMPLES_MAX: usize = 5;

/// Who is never to be written to, found by the mark of an address.
#[derive(Debug, Clone)]
pub struct Suppressions {
    by_mark: HashMap<Mark, Suppression>,
    marker: Marker,
}

impl Suppressions {
    /// Suppressions by the marks that this marker makes.
    pub fn new(by_mark: HashMap<Mark, Suppression>, marker: Marker) -> Self {
        Self { by_mark, marker }
    }

    /// Why this address is never to be written to; `None` when it may be.
    pub fn get(&self, address: &Address) -> Option<&Suppression> {
        // Most stores have none, and a mark is a hash.
        let is_empty = self.by_mark.is_empty();
        (!is_empty)
            .then(|| self.by_mark.get(&self.marker.mark(&address.key())))
            .flatten()
    }
}

/// What a mailing is sent for, as far as it says who may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purpose {
    /// What it is for.
    pub category: Category,
    /// It is an emergency: only addresses that take no mail are left out. Policy C17.
    pub is_emergency: bool,
}

impl Purpose {
    /// The purpose of a mailing in this category and lane.
    pub fn of(category: Category, lane: Lane) -> Self {
        Self {
            category,
            is_emergency: lane == Lane::Emergency,
        }
    }

    /// Whether it goes to somebody all the same.
    fn goes_past(self, suppression: &Suppression) -> bool {
        self.is_emergency && suppression.reason.exclusion() != Exclusion::HardBounce
    }
}

/// How many an audience reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// Who would get a copy.
    pub recipients: u64,
    /// Who would not, by reason.
    pub exclusions: BTreeMap<Exclusion, u64>,
    /// A few who would, masked; nobody who asked not to be disclosed.
    pub samples: Vec<Masked>,
    /// How many of those who would got so many mailings of ours in the last 7 days; none is not counted. Policy C11.
    pub pressed: BTreeMap<u32, u64>,
    /// How many of those who would read their mail at which provider.
    pub providers: BTreeMap<&'static str, u64>,
}

/// Walks an audience once.
#[derive(Debug)]
pub struct Walk<'a> {
    audience: &'a Audience,
    purpose: Purpose,
    suppressions: &'a Suppressions,
    pressure: Pressure<'a>,
    now: Timestamp,
    seen: HashSet<String>,
    /// Who was left out as a contact is not let in by being named.
    left_out: HashMap<String, Exclusion>,
}

/// What a walk says of one contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No list of the audience has them.
    Outside,
    /// They get no copy.
    Excluded(Exclusion),
    /// They get one.
    Included,
}

impl<'a> Walk<'a> {
    /// A walk that has met nobody yet.
    pub fn new(
        audience: &'a Audience,
        purpose: Purpose,
        suppressions: &'a Suppressions,
        pressure: Pressure<'a>,
        now: Timestamp,
    ) -> Self {
        Self {
            audience,
            purpose,
            suppressions,
            pressure,
            now,
            seen: HashSet::new(),
            left_out: HashMap::new(),
        }
    }

    /// Meets one contact. Of several lists that have them, the one that lets them in counts.
    pub fn meet(&mut self, contact: &Contact) -> Verdict {
        let within: Vec<&Segment> = self
            .audience
            .segments()
            .iter()
            .filter(|segment| segment.selection.holds(contact))
            .collect();
        let key = contact.email.key();
        let suppression = self.suppressions.get(&contact.email);
        let judged = |segment: &&Segment| {
            excluded(contact, segment.consent, self.purpose, suppression, self.now)
                .or_else(|| over_cap(contact.id, segment.caps, self.purpose.category, self.pressure, self.now))
        };
        let verdict = match within.iter().map(judged).min() {
            None => return Verdict::Outside,
            Some(Some(exclusion)) => {
                self.left_out.insert(key, exclusion);
                return Verdict::Excluded(exclusion);
            }
            Some(None) => Verdict::Included,
        };
        if self.seen.insert(key) {
            verdict
        } else {
            Verdict::Excluded(Exclusion::Duplicate)
        }
    }

    /// Meets somebody named beside the lists.
    pub fn meet_named(&mut self, address: &Address) -> Verdict {
        if let Some(exclusion) = self.left_out.get(&address.key()) {
            return Verdict::Excluded(*exclusion);
        }
        let suppression = self.suppressions.get(address);
        match suppression.filter(|suppression| !self.purpose.goes_past(suppression)) {
            Some(suppression) => Verdict::Excluded(suppression.reason.exclusion()),
            None if self.seen.insert(address.key()) => Verdict::Included,
            None => Verdict::Excluded(Exclusion::Duplicate),
        }
    }
}

/// Makes an audience into recipients, those of one domain side by side.
pub fn expand<E>(mut walk: Walk<'_>, contacts: impl Iterator<Item = Result<Contact, E>>) -> Result<Expansion, E> {
    let mut expansion = Expansion::default();
    for contact in contacts {
        let contact = contact?;
        let verdict = walk.meet(&contact);
        let recipient = Recipient {
            address: contact.email,
            contact: Some(contact.id),
        };
        note(&mut expansion, verdict, recipient);
    }
    for address in walk.audience.people() {
        let verdict = walk.meet_named(address);
        note(
            &mut expansion,
            verdict,
            Recipient {
                address: address.clone(),
                contact: None,
            },
        );
    }
    expansion
        .recipients
        .sort_by(|a, b| (a.address.domain(), a.address.local()).cmp(&(b.address.domain(), b.address.local())));
    Ok(expansion)
}

fn note(expansion: &mut Expansion, verdict: Verdict, recipient: Recipient) {
    match verdict {
        Verdict::Outside => {}
        Verdict::Excluded(exclusion) => *expansion.exclusions.entry(exclusion).or_default() += 1,
        Verdict::Included => expansion.recipients.push(recipient),
    }
}

/// Counts an audience without making recipients of it.
pub fn count<E>(
    mut walk: Walk<'_>,
    contacts: impl Iterator<Item = Result<Contact, E>>,
    campus: &[Domain],
) -> Result<Count, E> {
    let mut count = Count::default();
    for contact in contacts {
        let contact = contact?;
        let verdict = walk.meet(&contact);
        if verdict == Verdict::Included {
            if count.samples.len() < SAMPLES_MAX {
                count.samples.extend(contact.masked());
            }
            *count
                .providers
                .entry(provider(contact.email.domain(), campus))
                .or_default() += 1;
            let copies = walk.pressure.copies(contact.id, walk.now.minus(exclude::WEEK), None);
            if copies > 0 {
                *count.pressed.entry(copies).or_default() += 1;
            }
        }
        tell(&mut count, verdict);
    }
    for address in walk.audience.people() {
        let verdict = walk.meet_named(address);
        if verdict == Verdict::Included {
            *count.providers.entry(provider(address.domain(), campus)).or_default() += 1;
        }
        tell(&mut count, verdict);
    }
    Ok(count)
}

fn tell(count: &mut Count, verdict: Verdict) {
    match verdict {
        Verdict::Outside => {}
        Verdict::Excluded(exclusion) => *count.exclusions.entry(exclusion).or_default() += 1,
        Verdict::Included => count.recipients += 1,
    }
}

#[cfg(test)]
mod tests;
