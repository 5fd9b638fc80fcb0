//! What came back? Mail to a return path of ours, read: who failed, why, and whether for good.
//!
//! Whose bounce it is says the token it came to; what it says of itself is only believed of that recipient. It is read by
//! structure: the parts that are made for programs first (`dsn`), then the text for people (`prose`), with tables of
//! phrases and reasons that are data. Reading takes time in proportion to the message, and a message never stops it.
//!
//! | file | what |
//! |---|---|
//! | `letter`, `fields`, `named` | the message taken apart: parts, fields, addresses |
//! | `dsn` | delivery status notifications |
//! | `prose`, `phrases` | texts for people, and what they say |
//! | `classify`, `reasons` | codes and texts → a class |
//! | `arf` | complaints, and the tokens that say of which copy |
//! | `automatic` | answers of machines, receipts, loops |
//! | `follow` | what follows from it |
//! | `word` | the word somebody writes back to a notice |
//!
//! # Standards
//! RFC 3464 (delivery status notifications), RFC 3463 (enhanced codes), RFC 3834 (what is automatic, and no bounce),
//! RFC 5965 (complaints).

mod arf;
mod automatic;
mod classify;
mod dsn;
mod fields;
mod follow;
mod letter;
mod named;
mod phrases;
mod prose;
mod reasons;
mod word;

pub use arf::{Grievance, grievance, traces};
pub use classify::{Verdict, judge, status_in};
pub use follow::{Back, COUNTED, Consequence, Known, back, follow, refused};
pub use word::{is_wish, read_word};

use serde::Serialize;

use crate::mail::{Address, Status};
use crate::model::BounceClass;
use letter::Letter;
use phrases::{DAEMONS, SUBJECTS, plain};

/// What became of one recipient, as a message that came back tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Whom the mail was addressed to; `None` when nobody is named.
    pub address: Option<Address>,
    /// Where it was sent on to, and failed.
    pub forwarded_to: Option<Address>,
    /// What became of it.
    pub action: Action,
    /// Why.
    pub class: BounceClass,
    /// The mailbox is gone for good.
    pub hard: bool,
    /// The codes, and what was said.
    pub status: Option<Status>,
}

impl Told {
    /// Whether it is about this address.
    fn is(&self, address: &Address) -> bool {
        [&self.address, &self.forwarded_to]
            .into_iter()
            .flatten()
            .any(|one| one.is_same_mailbox(address))
    }
}

/// What became of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It was given up.
    Failed,
    /// It is still tried.
    Delayed,
    /// It arrived, or went on to where no more is told.
    Delivered,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// At least one recipient failed; those who did.
    Bounce(Vec<Told>),
    /// It is still tried.
    Delay(Vec<Told>),
    /// It arrived.
    Success(Vec<Told>),
    /// Its recipient complains of it.
    Complaint,
    /// Its recipient wants no more.
    Wish,
    /// A program answers for a person.
    Automatic,
    /// It goes round in circles.
    Loop,
    /// Nothing that says anything of a delivery.
    Nothing,
}

/// Reads what came back.
///
/// ```
/// use bedel::decide::report::{Reading, read};
/// let away = b"Subject: I am away\r\nAuto-Submitted: auto-replied\r\n\r\nBack on Monday.\r\n";
/// assert_eq!(read(away), Reading::Automatic);
/// ```
pub fn read(message: &[u8]) -> Reading {
    let letter = Letter::read(message);
    let found = read_letter(&letter);
    let names_nobody = match &found {
        Reading::Bounce(told) | Reading::Delay(told) | Reading::Success(told) => {
            told.iter().all(|one| one.address.is_none())
        }
        Reading::Automatic | Reading::Nothing => true,
        Reading::Complaint | Reading::Wish | Reading::Loop => false,
    };
    match letter.wrapped.filter(|_| names_nobody) {
        Some(wrapped) => read_letter(&Letter::read(&wrapped)),
        None => found,
    }
}

fn read_letter(letter: &Letter) -> Reading {
    if let Some(said) = arf::feedback(letter) {
        return match said {
            Some(Grievance::Complaint) => Reading::Complaint,
            Some(Grievance::OptOut) => Reading::Wish,
            None => Reading::Nothing,
        };
    }
    let mut told: Vec<Told> = letter.statuses.iter().flat_map(dsn::read).collect();
    for one in &mut told {
        if one.action == Action::Delayed && has_expired(one, letter) {
            one.action = Action::Failed;
        }
    }
    if told.iter().any(|told| told.address.is_some()) {
        return told_of(enriched(told, letter));
    }
    if automatic::is_loop(letter) {
        return Reading::Loop;
    }
    if automatic::is_for_somebody(letter) && !is_by_daemon(letter) {
        return Reading::Automatic;
    }
    match by_prose(letter) {
        // The blocks say what, and the text who.
        Some(found) if told.is_empty() || found.iter().any(|told| told.address.is_some()) => told_of(found),
        _ if !told.is_empty() => told_of(told),
        _ if automatic::is_for_somebody(letter) || automatic::is_by_machine(letter) => Reading::Automatic,
        Some(_) | None if is_by_daemon(letter) => Reading::Nothing,
        Some(_) | None if is_wish(&letter.subject, &letter.text) => Reading::Wish,
        Some(_) | None => Reading::Nothing,
    }
}

/// Some say for programs that what they gave up is delayed, and only for people that it has expired (`OpenSMTPD`).
fn has_expired(told: &Told, letter: &Letter) -> bool {
    let Some(address) = told.address.as_ref().filter(|_| told.class == BounceClass::Expired) else {
        return false;
    };
    let address = address.to_string().to_ascii_lowercase();
    let mut lines = letter.text.lines().map(|line| line.trim().to_ascii_lowercase());
    lines.any(|line| line.starts_with(&address) && line.ends_with(" expired"))
}

/// Failures alone, when there are any; then delays; then what arrived.
fn told_of(mut told: Vec<Told>) -> Reading {
    let first = told.iter().map(|told| told.action).min();
    told.retain(|told| Some(told.action) == first);
    // Some name one recipient again for each host they tried.
    told.dedup_by(|one, before| one.address.is_some() && one.address == before.address);
    match first {
        Some(Action::Failed) => Reading::Bounce(told),
        Some(Action::Delayed) => Reading::Delay(told),
        Some(Action::Delivered) => Reading::Success(told),
        None => Reading::Nothing,
    }
}

/// A block that does not say why has its reason in the text for people.
fn enriched(mut told: Vec<Told>, letter: &Letter) -> Vec<Told> {
    if told.iter().all(|one| one.class != BounceClass::Unknown) {
        return told;
    }
    let by_text = prose::read(letter).told;
    for one in told.iter_mut().filter(|one| one.class == BounceClass::Unknown) {
        let same = by_text
            .iter()
            .find(|by_text| one.address.as_ref().is_some_and(|address| by_text.is(address)));
        if let Some(same) = same.filter(|same| same.class != BounceClass::Unknown) {
            one.class = same.class;
            one.hard = one.action == Action::Failed && same.hard;
        }
    }
    told
}

/// What the text for people and the header say; `None` when it is about no delivery.
fn by_prose(letter: &Letter) -> Option<Vec<Told>> {
    let fields = letter.text.to_ascii_lowercase();
    // Some send the blocks as text.
    if fields.contains("final-recipient:") && fields.contains("action:") {
        let told = dsn::read(&fields::Fields::read(&letter.text));
        if told.iter().any(|told| told.address.is_some()) {
            return Some(told);
        }
    }
    let prose = prose::read(letter);
    if let Some(told) = by_header(letter, &prose) {
        return Some(told);
    }
    let is_by_daemon = is_by_daemon(letter) || SUBJECTS.are_in(&plain(&letter.subject));
    if !prose.told.is_empty() && (is_by_daemon || (prose.is_of_failure && prose.is_listed)) {
        return Some(prose.told);
    }
    (is_by_daemon && prose.is_of_failure).then(|| vec![prose::unnamed(letter)])
}

/// Exim and those after it name who failed in a field.
fn by_header(letter: &Letter, prose: &prose::Prose) -> Option<Vec<Told>> {
    let named: Vec<Address> = letter
        .header
        .all("x-failed-recipients")
        .flat_map(named::named)
        .map(|named| named.address)
        .collect();
    if named.is_empty() {
        return None;
    }
    let told = named.into_iter().map(|address| {
        let by_text = prose.told.iter().find(|told| told.is(&address)).cloned();
        by_text.unwrap_or_else(|| Told {
            address: Some(address),
            ..prose::unnamed(letter)
        })
    });
    Some(told.collect())
}

fn is_by_daemon(letter: &Letter) -> bool {
    let from = letter.value("from").unwrap_or_default();
    DAEMONS.are_in(&plain(from))
}

#[cfg(test)]
mod tests;
