//! Where a mailing stands: the top of its page, kept fresh.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract;
use axum::response::Response;

use super::Room;
use super::error::Error;
use super::fares::Fares;
use super::live::{self, Part};
use super::session::Watching;
use super::words::{Key, Tag, When, Words};
use crate::mail::Timestamp;
use crate::model::lifecycle::{End, Ended, Expanded, Held, State};
use crate::model::{Drift, OfficeId, Release, Tally};
use crate::store::Table;

/// How often the progress is looked at.
const TICK: Duration = Duration::from_secs(1);

/// The part of the page that is kept fresh.
#[derive(Debug, Template)]
#[template(path = "status.html", config = ".askama.toml")]
pub(super) struct Status {
    words: Words,
    tag: Tag,
    /// What the state means now.
    sentence: String,
    /// What whoever ended it said.
    comment: String,
    /// The offices whose approval it wants, when it is held.
    wanted: Vec<Wanted>,
    due: Option<Due>,
    /// Which reviewer has it, since when.
    claim: Option<(String, When)>,
    /// When it is to leave.
    scheduled: Option<When>,
    /// When it lapses, when it is held.
    lapses: Option<When>,
    progress: Option<Progress>,
    /// How it fares, by provider.
    fares: Option<Fares>,
}

/// One office, and whether it has approved.
#[derive(Debug)]
struct Wanted {
    office: String,
    /// By whom and when.
    approved: Option<(String, When)>,
    /// Who had approved an audience that has changed too far since, and how far.
    voided: Option<(String, Drift)>,
}

/// Until when a decision is expected of those whose turn it is. Policy C14.
#[derive(Debug)]
struct Due {
    /// How long they have been asked.
    asked: String,
    by: When,
    is_late: bool,
    /// Whether it is a reviewer's turn; else stewards'.
    is_reviewers: bool,
}

/// How far the sending is.
#[derive(Debug)]
struct Progress {
    settled: u64,
    planned: u64,
    percent: u64,
    sentence: String,
    /// What with how many, none of them zero.
    counts: Vec<(String, String)>,
}

/// `GET /mailing/{id}/live`.
pub(super) async fn live(
    extract::State(room): extract::State<Arc<Room>>,
    Watching(who): Watching,
    extract::Path(id): extract::Path<String>,
) -> Result<Response, Error> {
    let id = super::mailing::case(&id)?;
    room.state.desk.visible(id, &who.account)?;
    let bell = room.state.store.watch(Table::ByState);
    let shared = Arc::clone(&room);
    live::keep_fresh(&room, bell, TICK, move || {
        let state = shared.state.desk.visible(id, &who.account)?;
        Ok(Part {
            html: status(&shared, who.words, &state)?.render()?,
            stands_on: format!("{:?}", shared.state.desk.standing(&state, &who.account)),
        })
    })
}

/// Where it stands.
pub(super) fn status(room: &Room, words: Words, state: &State) -> Result<Status, Error> {
    let mut status = Status {
        words,
        tag: words.tag(state),
        sentence: String::new(),
        comment: comment(state),
        wanted: Vec::new(),
        due: due(room, words, state),
        claim: None,
        scheduled: None,
        lapses: None,
        progress: None,
        fares: None,
    };
    match state {
        State::Held(held) => {
            status.sentence = waits_for(room, words, held);
            status.claim = held.hold().claim().map(|claim| {
                let at = words.when(claim.at, &room.state.zone);
                (claim.by.to_string(), at)
            });
            status.scheduled = held.hold().not_before().map(|at| words.when(at, &room.state.zone));
            status.wanted = wanted(room, words, held);
            status.lapses = Some(words.when(held.hold().until, &room.state.zone));
        }
        State::Released(released) => status.sentence = released_by(room, words, released.release()),
        State::Expanded(expanded) => {
            let tally = room.state.store.tally(state.id())?;
            status.sentence = sending(words, expanded);
            status.progress = Some(progress(words, &tally));
            status.fares = Fares::of(words, &room.state.desk.fare(state.id())?);
        }
        State::Closed(closed) => {
            let said = match closed.stopped_by() {
                Some(by) => words.say("stopped-by").with("who", by.to_string()),
                None => words.say("closed"),
            };
            let at = words.moment(closed.closed_at(), &room.state.zone);
            status.sentence = said.with("when", at).into();
            status.progress = Some(progress(words, closed.tally()));
            status.fares = Fares::of(words, &room.state.desk.fare(state.id())?);
        }
        State::Ended(ended) => {
            status.sentence = ended_by(room, words, ended);
        }
    }
    Ok(status)
}

/// Where it stands, in one sentence.
pub(super) fn sentence(room: &Room, words: Words, state: &State) -> Result<String, Error> {
    let status = status(room, words, state)?;
    let Some(progress) = status.progress else {
        return Ok(status.sentence);
    };
    let said = words.say("settled-sentence").with("state", status.sentence);
    Ok(said.with("settled", progress.sentence).into())
}

/// What whoever sent it back or said no said.
pub(super) fn comment(state: &State) -> String {
    match state {
        State::Held(held) => held.hold().returned().map(|returned| returned.comment.clone()),
        State::Ended(ended) if ended.end() == End::Declined => Some(ended.comment().to_owned()),
        State::Ended(_) | State::Released(_) | State::Expanded(_) | State::Closed(_) => None,
    }
    .unwrap_or_default()
}

fn waits_for(room: &Room, words: Words, held: &Held) -> String {
    if let Some(returned) = held.hold().returned() {
        let said = words.say("waits-for-author").with("who", returned.by.to_string());
        return said.with("when", words.moment(returned.at, &room.state.zone)).into();
    }
    if held.wants_agreement() {
        return words.say("waits-for-yes").into();
    }
    let names: Vec<String> = held
        .wanting()
        .iter()
        .map(|office| room.state.desk.offices().name(office))
        .collect();
    if names.is_empty() {
        words.say("waits-for-reviewer").into()
    } else {
        words.say("waits-for-offices").with("offices", words.all(&names)).into()
    }
}

fn wanted(room: &Room, words: Words, held: &Held) -> Vec<Wanted> {
    let wanting = held.wanting();
    let given = |office: &OfficeId| {
        let approval = held
            .hold()
            .approvals()
            .iter()
            .find(|approval| approval.office == *office);
        approval.filter(|_| !wanting.contains(office))
    };
    let wants = held.hold().wants().iter();
    wants
        .map(|office| Wanted {
            office: room.state.desk.offices().name(office),
            approved: given(office)
                .map(|approval| (approval.by.to_string(), words.when(approval.at, &room.state.zone))),
            voided: {
                let mut voided = held.hold().voided().into_iter();
                let theirs = voided.find(|(approval, _, _)| approval.office == *office);
                theirs.map(|(approval, drift, _)| (approval.by.to_string(), drift))
            },
        })
        .collect()
}

fn due(room: &Room, words: Words, state: &State) -> Option<Due> {
    let State::Held(held) = state else { return None };
    let (since, by) = room.state.desk.due(state)?;
    let now = room.state.clock.now();
    Some(Due {
        asked: words.how_long(now.since(since)),
        by: words.when(by, &room.state.zone),
        is_late: now > by,
        is_reviewers: held.wanting().is_empty(),
    })
}

fn released_by(room: &Room, words: Words, release: &Release) -> String {
    let at = |at: Timestamp| words.moment(at, &room.state.zone);
    let released = match &release.by {
        Some(by) => words.say("released-by").with("who", by.to_string()),
        None => words.say("released-by-policy"),
    };
    let released = released.with("when", at(release.at));
    let said = if release.not_before > room.state.clock.now() {
        words.say("released-later").with("when", at(release.not_before))
    } else {
        words.say("released-soon")
    };
    said.with("released", released).into()
}

fn sending(words: Words, expanded: &Expanded) -> String {
    let planned = match expanded.exclusions().values().sum() {
        0 => words.say("planned"),
        left_out => words.say("planned-without").with("people", words.people(left_out)),
    };
    let planned = planned.with("copies", expanded.planned());
    match expanded.pause() {
        // A reason of the gateway's own: the brake. Policy C4.
        Some(pause) if pause.by.is_none() => {
            let said = words.say("planned-braked").with("planned", planned);
            said.with("why", pause.why.clone()).into()
        }
        Some(pause) => {
            let by = pause.by.as_ref().map(ToString::to_string).unwrap_or_default();
            let said = words.say("planned-paused").with("planned", planned);
            said.with("by", by).into()
        }
        None => planned.into(),
    }
}

fn ended_by(room: &Room, words: Words, ended: &Ended) -> String {
    let said = match ended.end() {
        End::Lapsed => words.say("ended-lapsed"),
        End::Combined => words.say("ended-combined").with("whole", ended.comment()),
        End::Declined | End::Withdrawn | End::Converted => words.say("ended-by").with("who", ended.by().to_string()),
    };
    said.with("when", words.moment(ended.at(), &room.state.zone)).into()
}

fn progress(words: Words, tally: &Tally) -> Progress {
    let counts = [
        (Key("copies-accepted"), tally.accepted),
        (Key("copies-deferred"), tally.deferred),
        (Key("copies-failed"), tally.failed),
        (Key("copies-suppressed"), tally.suppressed),
        (Key("copies-uncertain"), tally.uncertain),
    ];
    let (settled, planned) = (tally.settled(), tally.planned);
    Progress {
        settled,
        planned,
        percent: (settled * 100).checked_div(planned).unwrap_or(100),
        sentence: {
            let said = words.say("settled-of").with("settled", settled);
            said.with("planned", planned).into()
        },
        counts: counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| (words.say(what).into(), words.number(count)))
            .collect(),
    }
}
