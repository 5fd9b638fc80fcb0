//! What stands beside a mailing on its page: its versions, what is much the same, and its author's other cases.

use super::Room;
use super::error::Error;
use super::session::SignedIn;
use super::words::{Tag, When, Words};
use crate::mail::Address;
use crate::model::MailingId;
use crate::model::lifecycle::State;
use crate::stage::review::{Affiliated, Change, Recent};

/// Lines of a diff on a page.
const CHANGES_MAX: usize = 400;

/// The versions of a mailing, and what has changed since one of them.
#[derive(Debug)]
pub(super) struct Versions {
    pub(super) now: u16,
    pub(super) since: u16,
    pub(super) before: Vec<Before>,
    /// Class and text of each line.
    pub(super) lines: Vec<(&'static str, String)>,
}

/// A version that another has followed.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) number: u16,
    pub(super) at: When,
    pub(super) followed_by: String,
}

/// A mailing that is much the same.
#[derive(Debug)]
pub(super) struct Similar {
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) tag: Tag,
    pub(super) at: When,
}

/// What the author is to the university: `staff, Physics`.
pub(super) fn affiliated(room: &Room, words: Words, state: &State) -> Result<Vec<String>, Error> {
    let one = |(kind, unit): &(String, String)| match unit.as_str() {
        "" => kind.clone(),
        unit => words
            .say("who-affiliation-unit")
            .with("kind", kind)
            .with("unit", unit)
            .into(),
    };
    Ok(match room.state.desk.author(state)? {
        Affiliated::With(each) => each.iter().map(one).collect(),
        Affiliated::Undisclosed => vec![words.say("who-undisclosed").into()],
        Affiliated::Unknown => vec![words.say("who-unknown").into()],
    })
}

/// Another mailing, beside this one.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) other: String,
    /// Class and text of each line.
    pub(super) lines: Vec<(&'static str, String)>,
}

/// In words: who is new here, and who is not.
pub(super) fn history(room: &Room, words: Words, state: &State, recent: &Recent) -> String {
    let history = room.state.desk.history(state, recent);
    if history.is_first() {
        return words.say("history-first").into();
    }
    if history.released + history.waiting + history.declined == 0 {
        return words.say("history-none").into();
    }
    let said = words.say("history").with("released", history.released);
    let said = said.with("waiting", history.waiting);
    said.with("declined", history.declined).into()
}

/// What is much the same and this person may see, lately, to the same people.
pub(super) fn similar(room: &Room, who: &SignedIn, state: &State, recent: &Recent) -> Vec<Similar> {
    let (words, desk) = (who.words, &room.state.desk);
    let found = desk.similar(state, recent).into_iter();
    let similar = |state: &State| Similar {
        id: state.id().to_string(),
        subject: words.subject(state.mailing()),
        tag: words.tag(state),
        at: words.when(state.mailing().submitted_at, &room.state.zone),
    };
    found
        .filter(|other| desk.may_see(other, &who.account))
        .map(similar)
        .collect()
}

/// How one of those differs.
pub(super) fn compared(room: &Room, who: &SignedIn, state: &State, other: &str) -> Result<Option<Compared>, Error> {
    let Ok(other) = other.parse::<MailingId>() else {
        return Ok(None);
    };
    let lines = room.state.desk.beside(state, other, &who.account)?;
    Ok(Some(Compared {
        other: other.to_string(),
        lines: shown(lines),
    }))
}

fn shown(lines: Vec<Change>) -> Vec<(&'static str, String)> {
    let line = |change: Change| match change {
        Change::Same(text) => ("same", text),
        Change::Gone(text) => ("gone", text),
        Change::New(text) => ("new", text),
    };
    lines.into_iter().take(CHANGES_MAX).map(line).collect()
}

/// The versions before this one, newest first, and what has changed since the one that is asked for.
pub(super) fn versions(
    room: &Room,
    words: Words,
    state: &State,
    who: &Address,
    since: Option<u16>,
) -> Result<Option<Versions>, Error> {
    let State::Held(held) = state else { return Ok(None) };
    let known = held.hold().versions();
    let Some(newest) = known.last() else { return Ok(None) };
    let since = since.filter(|since| known.iter().any(|version| version.number == *since));
    // A steward who has approved wants to know what has become of that.
    let since = since.or_else(|| room.state.desk.approved_version(held, who));
    let since = since.unwrap_or(newest.number);
    let lines = room.state.desk.changes(state, since)?;
    Ok(Some(Versions {
        now: state.mailing().version,
        since,
        before: known
            .iter()
            .rev()
            .map(|version| Before {
                number: version.number,
                at: words.when(version.at, &room.state.zone),
                followed_by: version.followed_by.to_string(),
            })
            .collect(),
        lines: shown(lines),
    }))
}
