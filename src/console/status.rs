//! Where a mailing stands: the top of its page, kept fresh.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract;
use axum::response::Response;

use super::Room;
use super::error::Error;
use super::live::{self, Part};
use super::session::Watching;
use super::words::{self, Tag, When};
use crate::mail::Timestamp;
use crate::model::lifecycle::{End, Ended, Expanded, Held, State};
use crate::model::{OfficeId, Release, Tally};
use crate::store::Table;

/// How often the progress is looked at.
const TICK: Duration = Duration::from_secs(1);

/// The part of the page that is kept fresh.
#[derive(Debug, Template)]
#[template(path = "status.html", config = ".askama.toml")]
pub(super) struct Status {
    tag: Tag,
    /// What the state means now.
    sentence: String,
    /// What whoever ended it said.
    comment: String,
    /// The offices whose approval it wants, when it is held.
    wanted: Vec<Wanted>,
    /// Which reviewer has it, since when.
    claim: Option<(String, When)>,
    /// When it is to leave.
    scheduled: Option<When>,
    /// When it lapses, when it is held.
    lapses: Option<When>,
    progress: Option<Progress>,
}

/// One office, and whether it has approved.
#[derive(Debug)]
struct Wanted {
    office: String,
    /// By whom and when.
    approved: Option<(String, When)>,
}

/// How far the sending is.
#[derive(Debug)]
struct Progress {
    settled: u64,
    planned: u64,
    percent: u64,
    sentence: String,
    /// What with how many, none of them zero.
    counts: Vec<(&'static str, String)>,
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
            html: status(&shared, &state)?.render()?,
            stands_on: format!("{:?}", shared.state.desk.standing(&state, &who.account)),
        })
    })
}

/// Where it stands.
pub(super) fn status(room: &Room, state: &State) -> Result<Status, Error> {
    let mut status = Status {
        tag: words::tag(state),
        sentence: String::new(),
        comment: String::new(),
        wanted: Vec::new(),
        claim: None,
        scheduled: None,
        lapses: None,
        progress: None,
    };
    match state {
        State::Held(held) => {
            status.sentence = waits_for(room, held);
            if let Some(returned) = held.hold().returned() {
                status.comment.clone_from(&returned.comment);
            }
            status.claim = held.hold().claim().map(|claim| {
                let at = words::when(claim.at, &room.state.zone);
                (claim.by.to_string(), at)
            });
            status.scheduled = held.hold().not_before().map(|at| words::when(at, &room.state.zone));
            status.wanted = wanted(room, held);
            status.lapses = Some(words::when(held.hold().until, &room.state.zone));
        }
        State::Released(released) => status.sentence = released_by(room, released.release()),
        State::Expanded(expanded) => {
            let tally = room.state.store.tally(state.id())?;
            status.sentence = sending(expanded);
            status.progress = Some(progress(&tally));
        }
        State::Closed(closed) => {
            let at = closed.closed_at().readable(&room.state.zone);
            status.sentence = match closed.stopped_by() {
                Some(by) => format!("Stopped by {by} on {at}. No further copy leaves."),
                None => format!("The last copy was settled on {at}."),
            };
            status.progress = Some(progress(closed.tally()));
        }
        State::Ended(ended) => {
            status.sentence = ended_by(room, ended);
            status.comment = ended.comment().to_owned();
        }
    }
    Ok(status)
}

/// Where it stands, in one sentence.
pub(super) fn sentence(room: &Room, state: &State) -> Result<String, Error> {
    let status = status(room, state)?;
    let progress = status.progress.map(|progress| format!(" {}.", progress.sentence));
    Ok(format!("{}{}", status.sentence, progress.unwrap_or_default()))
}

fn waits_for(room: &Room, held: &Held) -> String {
    if let Some(returned) = held.hold().returned() {
        let at = returned.at.readable(&room.state.zone);
        return format!(
            "Returned by {} on {at}: its author sends it anew, under the same number.",
            returned.by
        );
    }
    if held.wants_agreement() {
        return "A reviewer has changed it, and its author has still to agree.".to_owned();
    }
    let names: Vec<String> = held
        .wanting()
        .iter()
        .map(|office| room.state.desk.offices().name(office))
        .collect();
    if names.is_empty() {
        "Nobody's approval is wanting: a reviewer can release it.".to_owned()
    } else {
        format!(
            "Waits for the approval of {}; then a reviewer can release it.",
            names.join(" and ")
        )
    }
}

fn wanted(room: &Room, held: &Held) -> Vec<Wanted> {
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
                .map(|approval| (approval.by.to_string(), words::when(approval.at, &room.state.zone))),
        })
        .collect()
}

fn released_by(room: &Room, release: &Release) -> String {
    let at = |at: Timestamp| at.readable(&room.state.zone);
    let who = match &release.by {
        Some(by) => format!("Released by {by} on {}.", at(release.at)),
        None => format!("Passed by the policy on {}.", at(release.at)),
    };
    if release.not_before > room.state.clock.now() {
        format!("{who} The first copy leaves on {}.", at(release.not_before))
    } else {
        format!("{who} The first copies leave in a moment.")
    }
}

fn sending(expanded: &Expanded) -> String {
    let left_out: u64 = expanded.exclusions().values().sum();
    let copies = words::counted(expanded.planned(), "copy", "copies");
    let paused = if expanded.is_paused() {
        " Paused: no further copy leaves until a reviewer resumes it."
    } else {
        ""
    };
    match left_out {
        0 => format!("{copies} planned.{paused}"),
        out => format!(
            "{copies} planned; {} left out.{paused}",
            words::counted(out, "person", "people")
        ),
    }
}

fn ended_by(room: &Room, ended: &Ended) -> String {
    let at = ended.at().readable(&room.state.zone);
    match ended.end() {
        End::Lapsed => format!("Nobody decided in time; it lapsed on {at}. No copy was sent."),
        End::Combined => format!("Since {at} it is {}, and goes out with that.", ended.comment()),
        End::Declined | End::Withdrawn | End::Converted => {
            format!("By {} on {at}. No copy was sent.", ended.by())
        }
    }
}

fn progress(tally: &Tally) -> Progress {
    let counts = [
        ("accepted by the next server", tally.accepted),
        ("waiting for another attempt", tally.deferred),
        ("failed", tally.failed),
        ("dropped out since", tally.suppressed),
        ("uncertain", tally.uncertain),
    ];
    let (settled, planned) = (tally.settled(), tally.planned);
    Progress {
        settled,
        planned,
        percent: (settled * 100).checked_div(planned).unwrap_or(100),
        sentence: format!(
            "{} of {} copies settled",
            words::number(settled),
            words::number(planned)
        ),
        counts: counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| (what, words::number(count)))
            .collect(),
    }
}
