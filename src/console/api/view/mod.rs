//! Mailings as programs see them. Field names here are a promise to those programs.

mod progress;
mod whole;

use serde::Serialize;
use utoipa::ToSchema;

pub(super) use progress::Progress;
pub(super) use whole::Whole;

use crate::mail::Timestamp;
use crate::model::lifecycle::State;
use crate::model::{Category, OfficeId};
use crate::stage::review::Desk;

/// One line of a listing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mailing)]
pub(super) struct Line {
    /// `MC-2026-0412`.
    id: String,
    /// The state in one word.
    state: &'static str,
    /// The same as people say it: not a word to go by.
    in_words: &'static str,
    /// Whether its copies are held back for now.
    paused: bool,
    /// As decoded, on one line.
    subject: String,
    /// The account that submitted it.
    author: String,
    #[schema(value_type = String)]
    category: Category,
    /// The lists it is for; none when its author named the recipients.
    lists: Vec<String>,
    /// How many people are named beside the lists.
    people: usize,
    #[schema(value_type = String, format = DateTime)]
    submitted_at: Timestamp,
    /// Counts from 1.
    version: u16,
    /// What an approval of a held one binds to: say it back as `seen`.
    binding: Option<String>,
    /// Which reviewer has a held one.
    claimed_by: Option<String>,
    /// Before when a held or released one does not leave, if somebody or its hours have said so.
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_for: Option<Timestamp>,
    /// When a held one lapses.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Whose approval a held one still wants.
    wanting: Vec<OfficeName>,
}

/// An office, for programs and for people.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Office)]
struct OfficeName {
    id: String,
    name: String,
}

impl Line {
    pub(super) fn of(state: &State, desk: &Desk) -> Self {
        let mailing = state.mailing();
        let hold = match state {
            State::Held(held) => Some(held.hold()),
            State::Released(_) | State::Expanded(_) | State::Closed(_) | State::Ended(_) => None,
        };
        let wanting = hold.map(|hold| hold.wanting(mailing)).unwrap_or_default();
        Self {
            id: mailing.id.to_string(),
            state: state.word(),
            in_words: state.in_words(),
            paused: is_paused(state),
            subject: mailing.subject.clone(),
            author: mailing.author.address.to_string(),
            category: mailing.category,
            lists: mailing.audience.segments().iter().map(|s| s.list.to_string()).collect(),
            people: mailing.audience.people().len(),
            submitted_at: mailing.submitted_at,
            version: mailing.version,
            binding: held_binding(state),
            claimed_by: hold.and_then(|hold| hold.claim()).map(|claim| claim.by.to_string()),
            scheduled_for: scheduled_for(state),
            until: hold.map(|hold| hold.until),
            wanting: wanting.iter().map(|office| OfficeName::of(office, desk)).collect(),
        }
    }
}

impl OfficeName {
    fn of(office: &OfficeId, desk: &Desk) -> Self {
        Self {
            id: office.to_string(),
            name: desk.offices().name(office),
        }
    }
}

fn held_binding(state: &State) -> Option<String> {
    match state {
        State::Held(held) => Some(held.binding().as_text()),
        State::Released(_) | State::Expanded(_) | State::Closed(_) | State::Ended(_) => None,
    }
}

/// Before when it does not leave, when that is later than it may.
fn scheduled_for(state: &State) -> Option<Timestamp> {
    match state {
        State::Held(held) => held.hold().not_before(),
        State::Released(released) => {
            let release = released.release();
            (release.not_before > release.at).then_some(release.not_before)
        }
        State::Expanded(_) | State::Closed(_) | State::Ended(_) => None,
    }
}

/// That no copy of a mailing leaves for now, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pause)]
struct Paused {
    /// `None` for the gateway itself, by the brake.
    by: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    why: String,
}

impl Paused {
    fn of(state: &State) -> Option<Self> {
        let State::Expanded(expanded) = state else { return None };
        expanded.pause().map(|pause| Self {
            by: pause.by.as_ref().map(ToString::to_string),
            at: pause.at,
            why: pause.why.clone(),
        })
    }
}

fn is_paused(state: &State) -> bool {
    matches!(state, State::Expanded(expanded) if expanded.is_paused())
}
