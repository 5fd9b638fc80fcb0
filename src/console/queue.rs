//! The queue: what waits for you, then everything else that waits.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{self, Query};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use tokio::time::Instant;

use super::Room;
use super::error::{self, Error};
use super::live::{self, Part};
use super::page::{self, Frame, Said};
use super::session::{SignedIn, Watching};
use super::words::{self, Key, Tag, When, Words};
use crate::mail::Address;
use crate::model::lifecycle::{Held, State};
use crate::model::{MailingId, Series};
use crate::stage::review::Refusal;
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
    words: Words,
    frame: Frame,
    queue: Queue,
    sift: Sift,
    whose: [(&'static str, Key); 5],
    sorts: [(&'static str, Key); 3],
    /// This very page.
    here: String,
    /// Where its rows are kept fresh.
    live: String,
}

/// Whose turn it may be.
const WHOSE: [(&str, Key); 5] = [
    ("", Key("whose-anybody")),
    ("mine", Key("whose-mine")),
    ("free", Key("whose-free")),
    ("steward", Key("whose-steward")),
    ("author", Key("whose-author")),
];
/// In which order.
const SORTS: [(&str, Key); 3] = [
    ("", Key("order-first")),
    ("newest", Key("order-last")),
    ("lapses", Key("order-lapses")),
];

/// What is looked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Sift {
    #[serde(default)]
    q: String,
    #[serde(default)]
    whose: String,
    #[serde(default)]
    sort: String,
}

impl Sift {
    /// As the query of a path; empty when nothing is looked for.
    fn query(&self) -> String {
        let parts = [("q", &self.q), ("whose", &self.whose), ("sort", &self.sort)];
        let said: Vec<String> = parts
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", page::query_value(value)))
            .collect();
        if said.is_empty() {
            String::new()
        } else {
            format!("?{}", said.join("&"))
        }
    }

    fn fits(&self, state: &State, held: &Held, who: &Address) -> bool {
        let claim = held.hold().claim();
        let is_theirs = held.hold().returned().is_some() || held.wants_agreement();
        let turn = match self.whose.as_str() {
            "mine" => claim.is_some_and(|claim| claim.by.is_same_mailbox(who)),
            "free" => claim.is_none(),
            "steward" => !is_theirs && !held.wanting().is_empty(),
            "author" => is_theirs,
            _ => true,
        };
        turn && words::has(state, &self.q)
    }

    fn sort(&self, held: &mut [(State, Held)]) {
        match self.sort.as_str() {
            "newest" => held.sort_by_key(|(state, _)| std::cmp::Reverse(state.mailing().submitted_at)),
            "lapses" => held.sort_by_key(|(_, held)| held.hold().until),
            _ => held.sort_by_key(|(state, _)| (state.mailing().lane, state.mailing().submitted_at)),
        }
    }
}

/// The part of the page that is kept fresh.
#[derive(Debug, Template)]
#[template(path = "queue_rows.html", config = ".askama.toml")]
struct Queue {
    words: Words,
    yours: Vec<Row>,
    others: Vec<Row>,
    /// How many more wait than are shown.
    more: usize,
    /// Whether rows can be ticked.
    ticks: bool,
}

impl Queue {
    /// What a screen reader says when it changes.
    fn summary(&self) -> String {
        let all = self.yours.len() + self.others.len() + self.more;
        match (self.yours.len(), all) {
            (_, 0) => self.words.say("queue-summary-none").into(),
            (yours, all) => {
                let said = self.words.say("queue-summary").with("count", all);
                said.with("yours", yours).into()
            }
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
    /// Which reviewer has it.
    claimed: Option<String>,
    is_urgent: bool,
    /// Whether a decision was expected before.
    is_late: bool,
}

/// `GET /`.
pub(super) async fn show(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    Query(sift): Query<Sift>,
) -> Result<Response, Error> {
    tokio::task::spawn_blocking(move || {
        let (words, said) = (who.words, room.sessions.said(&who));
        let page = QueuePage {
            words,
            frame: Frame::of(&room, &who, words.say("title-queue"), "/", said),
            queue: queue(&room, &who, &sift)?,
            whose: WHOSE,
            sorts: SORTS,
            here: format!("/{}", sift.query()),
            live: format!("/queue/live{}", sift.query()),
            sift,
        };
        Ok(Html(page.render()?).into_response())
    })
    .await?
}

/// `GET /queue/live`.
pub(super) async fn live(
    extract::State(room): extract::State<Arc<Room>>,
    Watching(who): Watching,
    Query(sift): Query<Sift>,
) -> Result<Response, Error> {
    let bell = room.state.store.watch(Table::ByState);
    let shared = Arc::clone(&room);
    live::keep_fresh(&room, bell, TICK, move || {
        Ok(Part {
            html: queue(&shared, &who, &sift)?.render()?,
            stands_on: String::new(),
        })
    })
}

/// What waits, as this person may see it: urgent first, then who came first.
fn queue(room: &Room, who: &SignedIn, sift: &Sift) -> Result<Queue, Error> {
    let (words, who) = (who.words, &who.account);
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
            && sift.fits(&state, inner, who)
        {
            let inner = inner.clone();
            held.push((state, inner));
        }
    }
    sift.sort(&mut held);
    let (yours, others): (Vec<_>, Vec<_>) = held.into_iter().partition(|(state, _)| {
        let standing = room.state.desk.standing(state, who);
        standing.approve || standing.release
    });
    let until = Instant::now() + COUNTING_MAX;
    let more = yours.len().saturating_sub(ROWS_MAX) + others.len().saturating_sub(ROWS_MAX);
    let rows = |held: Vec<(State, Held)>| {
        let shown = held.into_iter().take(ROWS_MAX);
        shown
            .map(|(state, held)| row(room, words, (&state, &held), until))
            .collect::<Result<Vec<_>, Error>>()
    };
    Ok(Queue {
        words,
        yours: rows(yours)?,
        others: rows(others)?,
        more,
        ticks: room.state.desk.offices().reviewer(who).is_some(),
    })
}

/// `POST /queue`: one act on all that are ticked.
pub(super) async fn several(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    body: String,
) -> Result<Response, Error> {
    let fields: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let field = |name: &str| {
        let found = fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    who.sent(field("csrf"))?;
    let ticked = fields.iter().filter(|(name, _)| name == "id");
    let ids = ticked
        .map(|(_, id)| super::mailing::case(id))
        .collect::<Result<Vec<_>, Error>>()?;
    let said = match field("act") {
        _ if ids.is_empty() => Said::Refused(who.words.say("several-none").into()),
        "claim" => claimed(&room, &who, &ids).await?,
        "combine" => match room.state.desk.combine(&ids, &who.account, field("subject")).await {
            Ok(done) => Said::Done(done.sentence),
            Err(Refusal::Store(error)) => return Err(Error::Refused(Refusal::Store(error))),
            Err(refusal) => Said::Refused(error::sentence(who.words, &refusal)),
        },
        _ => return Err(Error::NoSuchPage),
    };
    room.sessions.say(&who, said);
    Ok(Redirect::to("/").into_response())
}

async fn claimed(room: &Room, who: &SignedIn, ids: &[MailingId]) -> Result<Said, Error> {
    let mut taken = 0_u64;
    let mut refused = None;
    for id in ids {
        match room.state.desk.claim(*id, &who.account).await {
            Ok(_) => taken += 1,
            Err(Refusal::Store(error)) => return Err(Error::Refused(Refusal::Store(error))),
            Err(refusal) => refused = Some(format!("{id}: {refusal}")),
        }
    }
    let claimed = who.words.say("several-claimed").with("count", taken);
    Ok(match refused {
        None => Said::Done(claimed.into()),
        Some(why) => {
            let said = who.words.say("several-claimed-not-all").with("claimed", claimed);
            Said::Refused(said.with("why", why).into())
        }
    })
}

fn row(room: &Room, words: Words, (state, held): (&State, &Held), until: Instant) -> Result<Row, Error> {
    let mailing = state.mailing();
    let counted = room.counts.lately(&room.state, state, until)?;
    let wanting = held.wanting();
    let names: Vec<String> = wanting
        .iter()
        .map(|office| room.state.desk.offices().name(office))
        .collect();
    Ok(Row {
        id: mailing.id.to_string(),
        subject: words.subject(mailing),
        author: mailing.author.address.to_string(),
        audience: words.audience(mailing),
        reach: counted.map(|counted| words.people(counted.count.recipients)),
        tag: words.tag(state),
        since: words.when(mailing.submitted_at, &room.state.zone),
        waits: words.how_long(room.state.clock.now().since(mailing.submitted_at)),
        wanted: if held.hold().returned().is_some() || held.wants_agreement() {
            words.say("wanted-author").into()
        } else if names.is_empty() {
            words.say("wanted-reviewer").into()
        } else {
            names.join(", ")
        },
        claimed: held.hold().claim().map(|claim| claim.by.to_string()),
        is_late: (room.state.desk.due(state)).is_some_and(|(_, by)| room.state.clock.now() > by),
        is_urgent: mailing.lane == crate::model::Lane::Emergency,
    })
}
