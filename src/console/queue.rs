//! The queue: what waits for you, then everything else that waits.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract;
use axum::response::{Html, IntoResponse, Response};
use tokio::time::Instant;

use super::Room;
use super::error::Error;
use super::live::{self, Part};
use super::page::Frame;
use super::session::{SignedIn, Watching};
use super::words::{self, Tag, When};
use crate::mail::Address;
use crate::model::Series;
use crate::model::lifecycle::{Held, State};
use crate::store::{Kind, Table};

/// Rows in each half; the oldest, since who came first is served first.
const ROWS_MAX: usize = 200;
/// How long one page may count people; who is not counted by then is counted for the next.
const COUNTING_MAX: Duration = Duration::from_millis(300);
/// How often the times of waiting are said anew.
const TICK: Duration = Duration::from_secs(30);

#[derive(Template)]
#[template(path = "queue.html", config = ".askama.toml")]
struct QueuePage {
    frame: Frame,
    queue: Queue,
}

/// The part of the page that is kept fresh.
#[derive(Debug, Template)]
#[template(path = "queue_rows.html", config = ".askama.toml")]
struct Queue {
    yours: Vec<Row>,
    others: Vec<Row>,
    /// How many more wait than are shown.
    more: usize,
}

impl Queue {
    /// What a screen reader says when it changes.
    fn summary(&self) -> String {
        let all = self.yours.len() + self.others.len() + self.more;
        match (self.yours.len(), all) {
            (_, 0) => "Nothing waits.".to_owned(),
            (yours, all) => format!("{all} waiting, {yours} of them for you. Who came first is served first."),
        }
    }
}

/// One mailing that waits.
#[derive(Debug)]
struct Row {
    id: String,
    subject: String,
    author: String,
    audience: String,
    /// How many that is, once they are counted.
    reach: Option<String>,
    tag: Tag,
    since: When,
    waits: String,
    /// Who is still wanted.
    wanted: String,
    is_urgent: bool,
}

/// `GET /`.
pub(super) async fn show(extract::State(room): extract::State<Arc<Room>>, who: SignedIn) -> Result<Response, Error> {
    tokio::task::spawn_blocking(move || {
        let said = room.sessions.said(&who);
        let page = QueuePage {
            frame: Frame::of(&room, &who, "Queue", "/", said),
            queue: queue(&room, &who.account)?,
        };
        Ok(Html(page.render()?).into_response())
    })
    .await?
}

/// `GET /queue/live`.
pub(super) async fn live(
    extract::State(room): extract::State<Arc<Room>>,
    Watching(who): Watching,
) -> Result<Response, Error> {
    let bell = room.state.store.watch(Table::ByState);
    let shared = Arc::clone(&room);
    live::keep_fresh(&room, bell, TICK, move || {
        Ok(Part {
            html: queue(&shared, &who.account)?.render()?,
            stands_on: String::new(),
        })
    })
}

/// What waits, as this person may see it: urgent first, then who came first.
fn queue(room: &Room, who: &Address) -> Result<Queue, Error> {
    let mut held: Vec<(State, Held)> = Vec::new();
    // Slices go with their cases, and are not decided on.
    let cases = room
        .state
        .store
        .in_state(Kind::Held)?
        .into_iter()
        .filter(|id| id.series == Series::Case);
    for id in cases {
        let Some(state @ State::Held(_)) = room.state.store.mailing(id)? else {
            continue;
        };
        if let State::Held(inner) = &state
            && room.state.desk.may_see(&state, who)
        {
            let inner = inner.clone();
            held.push((state, inner));
        }
    }
    held.sort_by_key(|(state, _)| (state.mailing().lane, state.mailing().submitted_at));
    let (yours, others): (Vec<_>, Vec<_>) = held.into_iter().partition(|(state, _)| {
        let standing = room.state.desk.standing(state, who);
        standing.approve || standing.release
    });
    let until = Instant::now() + COUNTING_MAX;
    let more = yours.len().saturating_sub(ROWS_MAX) + others.len().saturating_sub(ROWS_MAX);
    let rows = |held: Vec<(State, Held)>| {
        let shown = held.into_iter().take(ROWS_MAX);
        shown
            .map(|(state, held)| row(room, &state, &held, until))
            .collect::<Result<Vec<_>, Error>>()
    };
    Ok(Queue {
        yours: rows(yours)?,
        others: rows(others)?,
        more,
    })
}

fn row(room: &Room, state: &State, held: &Held, until: Instant) -> Result<Row, Error> {
    let mailing = state.mailing();
    let counted = room.counts.lately(&room.state, state, until)?;
    let wanting = held.wanting();
    let names: Vec<String> = wanting
        .iter()
        .map(|office| room.state.desk.offices().name(office))
        .collect();
    Ok(Row {
        id: mailing.id.to_string(),
        subject: words::subject(mailing),
        author: mailing.author.address.to_string(),
        audience: words::audience(mailing),
        reach: counted.map(|counted| words::counted(counted.count.recipients, "person", "people")),
        tag: words::tag(state),
        since: words::when(mailing.submitted_at, &room.state.zone),
        waits: words::how_long(room.state.clock.now().since(mailing.submitted_at)),
        wanted: if names.is_empty() {
            "a reviewer".to_owned()
        } else {
            names.join(", ")
        },
        is_urgent: mailing.lane == crate::model::Lane::Emergency,
    })
}
