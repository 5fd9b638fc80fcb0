//! Who gets it? An audience, made into recipients; who is left out is counted by reason.
//!
//! The reasons are asked in the order of [`Exclusion`]; the first that fits counts. The same question
//! ([`Question`]) is asked again ([`dropped_out`]) when a copy is about to be sent, so that who has dropped out meanwhile gets none. Law 5.

mod address;
mod exclude;
mod pressure;
mod provider;
mod recheck;

use std::collections::{BTreeMap, HashMap, HashSet};

use exclude::over_cap;
pub use exclude::{Known, Question};
pub use pressure::Pressure;
pub use provider::provider;
pub use recheck::dropped_out;

use crate::mail::{Address, Domain, Timestamp};
use crate::model::{
    Audience, Category, Contact, ContactId, Exclusion, Expansion, Lane, Mark, Marker, Masked, Recipient, Segment,
    Suppression,
};

/// Samples a person may see of an audience. Policy C8.
const SAMPLES_MAX: usize = 5;

/// Who is not to be written to, found by the mark of an address.
#[derive(Debug, Clone)]
pub struct Suppressions {
    by_mark: HashMap<Mark, Vec<Suppression>>,
    marker: Marker,
}

impl Suppressions {
    /// Suppressions by the marks that this marker makes.
    pub fn new(by_mark: HashMap<Mark, Vec<Suppression>>, marker: Marker) -> Self {
        Self { by_mark, marker }
    }

    /// How far, and why, this address is not to be written to.
    pub fn of(&self, address: &Address) -> &[Suppression] {
        // Most stores have none, and a mark is a hash.
        if self.by_mark.is_empty() {
            return &[];
        }
        let known = self.by_mark.get(&self.marker.mark(&address.key()));
        known.map(Vec::as_slice).unwrap_or_default()
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

/// What a walk over an audience asks with.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Whom it is for.
    pub audience: &'a Audience,
    /// What for.
    pub purpose: Purpose,
    /// Who is not to be written to.
    pub suppressions: &'a Suppressions,
    /// How much of our mail contacts have had.
    pub pressure: Pressure<'a>,
    /// The campus's own domains.
    pub campus: &'a [Domain],
    /// Now.
    pub now: Timestamp,
}

/// Walks an audience once.
#[derive(Debug)]
pub struct Walk<'a> {
    asked: Asked<'a>,
    seen: HashSet<String>,
    /// Who was left out as a contact is not let in by being named.
    left_out: HashMap<String, Exclusion>,
}

/// What a walk says of one contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'c> {
    /// No list of the audience has them.
    Outside,
    /// They get no copy.
    Excluded(Exclusion),
    /// They get one, at this address.
    Included(&'c Address),
}

impl<'a> Walk<'a> {
    /// A walk that has met nobody yet.
    pub fn new(asked: Asked<'a>) -> Self {
        Self {
            asked,
            seen: HashSet::new(),
            left_out: HashMap::new(),
        }
    }

    /// Meets one contact. Of several lists that have them, the first that lets them in counts.
    pub fn meet<'c>(&mut self, contact: &'c Contact) -> Verdict<'c> {
        let (segments, now) = (self.asked.audience.segments(), self.asked.now);
        let within = segments.iter().filter(|segment| segment.selection.holds(contact, now));
        let mut reason = None;
        for segment in within {
            match self.judge(contact, segment) {
                Ok(address) if self.seen.insert(address.key()) => return Verdict::Included(address),
                Ok(_) => return Verdict::Excluded(Exclusion::Duplicate),
                Err(exclusion) => reason = Some(reason.map_or(exclusion, |known: Exclusion| known.min(exclusion))),
            }
        }
        let Some(reason) = reason else {
            return Verdict::Outside;
        };
        let addresses = contact.addresses().into_iter();
        self.left_out.extend(addresses.map(|address| (address.key(), reason)));
        Verdict::Excluded(reason)
    }

    fn judge<'c>(&self, contact: &'c Contact, segment: &Segment) -> Result<&'c Address, Exclusion> {
        let Asked {
            purpose, pressure, now, ..
        } = self.asked;
        let address = self
            .question(segment)
            .ask(contact, &|address| self.asked.suppressions.of(address))?;
        match over_cap(contact.id, segment.caps, purpose.category, pressure, now) {
            Some(exclusion) => Err(exclusion),
            None => Ok(address),
        }
    }

    fn question<'s>(&self, segment: &'s Segment) -> Question<'s>
    where
        'a: 's,
    {
        Question {
            segment,
            purpose: self.asked.purpose,
            campus: self.asked.campus,
            now: self.asked.now,
        }
    }

    /// Meets somebody named beside the lists: what they said of any of the lists they said of this mailing.
    pub fn meet_named<'c>(&mut self, address: &'c Address) -> Verdict<'c> {
        if let Some(exclusion) = self.left_out.get(&address.key()) {
            return Verdict::Excluded(*exclusion);
        }
        let known = self.asked.suppressions.of(address);
        let segments = self.asked.audience.segments().iter();
        let reached = segments.flat_map(|segment| {
            let question = self.question(segment);
            known
                .iter()
                .filter_map(move |suppression| question.reaches(suppression))
        });
        match reached.min() {
            Some(exclusion) => Verdict::Excluded(exclusion),
            None if self.seen.insert(address.key()) => Verdict::Included(address),
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
        note(&mut expansion, verdict, Some(contact.id));
    }
    for address in walk.asked.audience.people() {
        let verdict = walk.meet_named(address);
        note(&mut expansion, verdict, None);
    }
    expansion
        .recipients
        .sort_by(|a, b| (a.address.domain(), a.address.local()).cmp(&(b.address.domain(), b.address.local())));
    Ok(expansion)
}

fn note(expansion: &mut Expansion, verdict: Verdict<'_>, contact: Option<ContactId>) {
    match verdict {
        Verdict::Outside => {}
        Verdict::Excluded(exclusion) => *expansion.exclusions.entry(exclusion).or_default() += 1,
        Verdict::Included(address) => expansion.recipients.push(Recipient {
            address: address.clone(),
            contact,
        }),
    }
}

/// Counts an audience without making recipients of it.
pub fn count<E>(mut walk: Walk<'_>, contacts: impl Iterator<Item = Result<Contact, E>>) -> Result<Count, E> {
    let mut count = Count::default();
    let Asked {
        audience,
        pressure,
        campus,
        now,
        ..
    } = walk.asked;
    let shows = audience.segments().iter().all(|segment| !segment.is_sensitive);
    for contact in contacts {
        let contact = contact?;
        let verdict = walk.meet(&contact);
        if let Verdict::Included(_) = verdict {
            if shows && count.samples.len() < SAMPLES_MAX {
                count.samples.extend(contact.masked());
            }
            let copies = pressure.copies(contact.id, now.minus(exclude::WEEK), None);
            if copies > 0 {
                *count.pressed.entry(copies).or_default() += 1;
            }
        }
        tell(&mut count, verdict, campus);
    }
    for address in audience.people() {
        tell(&mut count, walk.meet_named(address), campus);
    }
    Ok(count)
}

fn tell(count: &mut Count, verdict: Verdict<'_>, campus: &[Domain]) {
    match verdict {
        Verdict::Outside => {}
        Verdict::Excluded(exclusion) => *count.exclusions.entry(exclusion).or_default() += 1,
        Verdict::Included(address) => {
            count.recipients += 1;
            *count.providers.entry(provider(address.domain(), campus)).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests;
