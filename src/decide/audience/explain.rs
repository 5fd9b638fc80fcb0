//! Why is somebody in an audience, and why do they get a copy, or none?
//!
//! The same questions as expansion's, answered in words.

use super::{Known, Pressure, Purpose, Question};
use crate::mail::{Domain, Timestamp};
use crate::model::{Category, Contact, Exclusion, Glance, Listed, Segment, Selection, Suppression};

/// The answer for one person and one audience.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Why {
    /// Whether the audience has them.
    pub is_in: bool,
    /// Whether some list of it would reach them now.
    pub gets: bool,
    /// What each office says and whether that matches, then what each list comes to.
    pub sentences: Vec<String>,
}

/// What it is asked with.
#[derive(Debug, Clone, Copy)]
pub struct Explaining<'a> {
    /// Who is in the audience.
    pub selection: &'a Selection,
    /// Its lists, each with what it is for.
    pub lists: &'a [(Segment, Category)],
    /// How much of our mail contacts have had.
    pub pressure: &'a Pressure,
    /// The campus's own domains.
    pub campus: &'a [Domain],
    /// Now.
    pub now: Timestamp,
}

/// Answers it; `known` are the suppressions of the contact's addresses.
pub fn explain(contact: &Contact, known: Known<'_>, asked: Explaining<'_>) -> Why {
    let glance = contact.glance();
    let offices = contact.listings.iter().map(|listing| listing.source.as_str());
    let listings = offices.zip(&glance.listings);
    let mut sentences: Vec<String> = listings
        .map(|(office, listing)| asked.listing(office, listing))
        .collect();
    let is_in = asked.selection.holds(&glance, asked.now);
    sentences.push(
        match is_in {
            true => "So the audience has them.",
            false => "So the audience does not have them.",
        }
        .to_owned(),
    );
    let answers = asked.lists.iter().filter(|_| is_in).map(|(segment, category)| {
        let answer = asked.answer(&glance, known, segment, *category);
        (segment, *category, answer)
    });
    let answers: Vec<_> = answers.collect();
    let gets = answers.iter().any(|(_, _, answer)| answer.is_none());
    sentences.extend(answers.into_iter().map(|(segment, category, answer)| match answer {
        None => format!("A mailing to {} would reach them now.", segment.list),
        Some(exclusion) => {
            let detail = asked.detail(&glance, known, &asked.question(segment, category), exclusion);
            format!(
                "A mailing to {} would not reach them: {}{detail}.",
                segment.list,
                exclusion.words()
            )
        }
    }));
    Why { is_in, gets, sentences }
}

impl Explaining<'_> {
    /// What an office says, and whether it matches.
    fn listing(&self, office: &str, listing: &Listed<'_>) -> String {
        let is = format!("{office} lists them as {}", listing.kind);
        if listing.is_gone {
            return format!("{office} listed them as {}, and does no more.", listing.kind);
        }
        if !listing.holds(self.now) {
            return format!("{is}, at another time than now.");
        }
        let misses: Vec<String> = self
            .selection
            .misses(listing)
            .into_iter()
            .map(|(key, wanted)| {
                let found = listing
                    .attribute(key)
                    .filter(|found| !found.is_empty())
                    .unwrap_or("not said");
                format!("{key} is {found}, and {} is asked for", wanted.join(" or "))
            })
            .collect();
        if !misses.is_empty() {
            return format!("{is}, which does not match: {}.", misses.join("; "));
        }
        if self.selection.excepts(listing) {
            let except: Vec<&str> = self.selection.except.keys().map(String::as_str).collect();
            return format!("{is}, which matches; but it is taken away by {}.", except.join(" and "));
        }
        format!("{is}, which matches.")
    }

    /// Why a mailing to one list leaves them out; `None` when it does not.
    fn answer(
        &self,
        contact: &Glance<'_>,
        known: Known<'_>,
        segment: &Segment,
        category: Category,
    ) -> Option<Exclusion> {
        let asked = self.question(segment, category).ask(contact, known);
        let is_full = || self.pressure.is_full(contact.id, segment, category);
        asked.err().or_else(|| is_full().then_some(Exclusion::OverCap))
    }

    fn question<'s>(&'s self, segment: &'s Segment, category: Category) -> Question<'s> {
        Question {
            segment,
            purpose: Purpose {
                category,
                is_emergency: false,
            },
            campus: self.campus,
            now: self.now,
        }
    }

    /// What lies behind a reason.
    fn detail(&self, contact: &Glance<'_>, known: Known<'_>, question: &Question<'_>, exclusion: Exclusion) -> String {
        let mut all = contact.addresses().into_iter().flat_map(known);
        let led = |s: &&Suppression| question.reaches(s) == Some(exclusion);
        if let Some(suppression) = all.find(led) {
            return format!(" (kept from {})", suppression.scope);
        }
        match exclusion {
            Exclusion::Preference => match &question.segment.about {
                Some(about) => format!(" (topic {})", about.topic),
                None => String::new(),
            },
            Exclusion::NoConsent => format!(" (to {})", question.purpose.category.name()),
            Exclusion::OverCap => {
                let copies = self.pressure.in_a_week(contact.id);
                format!(" ({copies} in the last 7 days)")
            }
            Exclusion::InvalidAddress
            | Exclusion::DoNotContact
            | Exclusion::Suppressed
            | Exclusion::Complaint
            | Exclusion::HardBounce
            | Exclusion::Unsubscribed
            | Exclusion::Protected
            | Exclusion::Duplicate => String::new(),
        }
    }
}
