//! Who gets it? An audience, made into recipients; who is left out is counted by reason.
//!
//! The reasons are asked in the order of [`Exclusion`]; the first that fits counts. The same question
//! ([`Question`]) is asked again ([`dropped_out`]) when a copy is about to be sent, so that who has dropped out meanwhile gets none. Law 5.

mod address;
mod exclude;
mod explain;
mod pressure;
mod recheck;
mod seen;

use std::collections::{BTreeMap, HashMap};

pub use exclude::{Known, Question};
pub use explain::{Explaining, Why, explain};
pub use pressure::Pressure;
pub use recheck::dropped_out;

use seen::Seen;

use crate::mail::{Address, Domain, Mailbox, Timestamp};
use crate::model::{
    Audience, Category, ContactId, Exclusion, Expansion, Glance, Lane, Mark, Marker, Masked, OfficeId, Prints, Segment,
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

    /// How far, and why, the address of this mark is not to be written to.
    fn of(&self, mark: &Mark) -> &[Suppression] {
        self.by_mark.get(mark).map(Vec::as_slice).unwrap_or_default()
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
    /// How many of those who would read their mail at which domain.
    pub domains: BTreeMap<Domain, u64>,
    /// What the audience is, whoever of it gets a copy. Law 3.
    pub prints: Prints,
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
    pub pressure: &'a Pressure,
    /// The campus's own domains.
    pub campus: &'a [Domain],
    /// Now.
    pub now: Timestamp,
}

/// Walks an audience once.
#[derive(Debug)]
pub struct Walk<'a> {
    asked: Asked<'a>,
    /// The mailboxes that get a copy.
    seen: Seen,
    /// The mailboxes of those named beside the lists, and why they were left out as contacts: nobody is let in by being
    /// named.
    named: HashMap<Mark, Option<Exclusion>>,
    prints: Prints,
}

/// What a walk says of one contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'c> {
    /// No list of the audience has them.
    Outside,
    /// They get no copy.
    Excluded(Exclusion),
    /// They get one, at this address.
    Included(Mailbox<'c>),
}

impl<'a> Walk<'a> {
    /// A walk that has met nobody yet.
    pub fn new(asked: Asked<'a>) -> Self {
        let mark = |address: &Address| asked.suppressions.marker.mark_of(address.mailbox());
        let named = asked.audience.people().iter().map(|address| (mark(address), None));
        let offices = asked.audience.segments().iter();
        Self {
            named: named.collect(),
            prints: Prints::new(offices.filter_map(|segment| segment.office.clone())),
            asked,
            seen: Seen::new(),
        }
    }

    /// Meets one contact. Of several lists that have them, the first that lets them in counts.
    pub fn meet<'c>(&mut self, contact: &Glance<'c>) -> Verdict<'c> {
        let (segments, now) = (self.asked.audience.segments(), self.asked.now);
        let holding = segments.iter().filter(|segment| segment.selection.holds(contact, now));
        let within: Vec<&Segment> = holding.collect();
        if within.is_empty() {
            return Verdict::Outside;
        }
        let is_of = |office: &OfficeId| within.iter().any(|segment| segment.office.as_ref() == Some(office));
        self.prints.add(contact.id, is_of);
        let marked: Vec<(Mailbox<'c>, Mark)> = contact.addresses().into_iter().map(|a| (a, self.mark(a))).collect();
        let mark_of = |address: Mailbox<'_>| {
            marked
                .iter()
                .find_map(|(known, mark)| (*known == address).then_some(mark))
        };
        let known = |address: Mailbox<'_>| {
            mark_of(address)
                .map(|mark| self.asked.suppressions.of(mark))
                .unwrap_or_default()
        };
        let answers = within.iter().map(|segment| self.judge(contact, segment, &known));
        let verdict = first_or_least(answers);
        match verdict {
            Ok(address) if mark_of(address).is_some_and(|mark| self.seen.insert(*mark)) => Verdict::Included(address),
            Ok(_) => Verdict::Excluded(Exclusion::Duplicate),
            Err(exclusion) => {
                for (_, mark) in &marked {
                    self.named.entry(*mark).and_modify(|reason| *reason = Some(exclusion));
                }
                Verdict::Excluded(exclusion)
            }
        }
    }

    fn judge<'c>(&self, contact: &Glance<'c>, segment: &Segment, known: Known<'_>) -> Result<Mailbox<'c>, Exclusion> {
        let address = self.question(segment).ask(contact, known)?;
        if self
            .asked
            .pressure
            .is_full(contact.id, segment, self.asked.purpose.category)
        {
            return Err(Exclusion::OverCap);
        }
        Ok(address)
    }

    fn mark(&self, address: Mailbox<'_>) -> Mark {
        self.asked.suppressions.marker.mark_of(address)
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
        let mark = self.mark(address.mailbox());
        if let Some(Some(exclusion)) = self.named.get(&mark) {
            return Verdict::Excluded(*exclusion);
        }
        let known = self.asked.suppressions.of(&mark);
        let segments = self.asked.audience.segments().iter();
        let reached = segments.flat_map(|segment| {
            let question = self.question(segment);
            known
                .iter()
                .filter_map(move |suppression| question.reaches(suppression))
        });
        match reached.min() {
            Some(exclusion) => Verdict::Excluded(exclusion),
            None if self.seen.insert(mark) => Verdict::Included(address.mailbox()),
            None => Verdict::Excluded(Exclusion::Duplicate),
        }
    }
}

/// The first answer that is a yes, else of the reasons the one that is asked first.
fn first_or_least<T>(answers: impl Iterator<Item = Result<T, Exclusion>>) -> Result<T, Exclusion> {
    let mut least = Exclusion::Duplicate;
    for answer in answers {
        match answer {
            Ok(yes) => return Ok(yes),
            Err(exclusion) => least = least.min(exclusion),
        }
    }
    Err(least)
}

/// Makes an audience into recipients, contact by contact.
#[derive(Debug)]
pub struct Expanding<'a> {
    walk: Walk<'a>,
    expansion: Expansion,
}

impl<'a> Expanding<'a> {
    /// Has met nobody yet.
    pub fn new(asked: Asked<'a>) -> Self {
        Self {
            walk: Walk::new(asked),
            expansion: Expansion::default(),
        }
    }

    /// Meets one contact.
    pub fn meet(&mut self, contact: &Glance<'_>) {
        let verdict = self.walk.meet(contact);
        self.note(verdict, Some(contact.id));
    }

    /// Who gets a copy, those of one domain side by side; and what the audience is.
    pub fn end(mut self) -> (Expansion, Prints) {
        for address in self.walk.asked.audience.people() {
            let verdict = self.walk.meet_named(address);
            self.note(verdict, None);
        }
        self.expansion.recipients.sort();
        (self.expansion, self.walk.prints)
    }

    fn note(&mut self, verdict: Verdict<'_>, contact: Option<ContactId>) {
        let excluded = match verdict {
            Verdict::Outside => return,
            Verdict::Included(address) if self.expansion.recipients.push(address, contact) => return,
            Verdict::Included(_) => Exclusion::InvalidAddress,
            Verdict::Excluded(exclusion) => exclusion,
        };
        *self.expansion.exclusions.entry(excluded).or_default() += 1;
    }
}

/// Counts an audience, contact by contact, without making recipients of it.
#[derive(Debug)]
pub struct Counting<'a> {
    walk: Walk<'a>,
    count: Count,
    domains: HashMap<String, u64>,
    shows: bool,
}

impl<'a> Counting<'a> {
    /// Has met nobody yet.
    pub fn new(asked: Asked<'a>) -> Self {
        Self {
            walk: Walk::new(asked),
            count: Count::default(),
            domains: HashMap::new(),
            shows: !asked.audience.is_sensitive(),
        }
    }

    /// Meets one contact.
    pub fn meet(&mut self, contact: &Glance<'_>) {
        let verdict = self.walk.meet(contact);
        self.tell(verdict);
        if let Verdict::Included(_) = verdict {
            if self.shows && self.count.samples.len() < SAMPLES_MAX {
                self.count.samples.extend(contact.masked());
            }
            let copies = self.walk.asked.pressure.in_a_week(contact.id);
            if copies > 0 {
                *self.count.pressed.entry(copies).or_default() += 1;
            }
        }
    }

    /// How many it reaches.
    pub fn end(mut self) -> Count {
        for address in self.walk.asked.audience.people() {
            let verdict = self.walk.meet_named(address);
            self.tell(verdict);
        }
        let domains = std::mem::take(&mut self.domains).into_iter();
        self.count.domains = domains
            .filter_map(|(domain, people)| Some((domain.parse().ok()?, people)))
            .collect();
        self.count.prints = self.walk.prints;
        self.count
    }

    fn tell(&mut self, verdict: Verdict<'_>) {
        match verdict {
            Verdict::Outside => {}
            Verdict::Excluded(exclusion) => *self.count.exclusions.entry(exclusion).or_default() += 1,
            Verdict::Included(address) => {
                self.count.recipients += 1;
                // Most domains have been met before, and then nothing is to be made.
                match self.domains.get_mut(address.domain) {
                    Some(people) => *people += 1,
                    None => {
                        self.domains.insert(address.domain.to_owned(), 1);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
