//! What its author sees of their own mailings: where each stands, who is wanted, and in the end how many it reached.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::Room;
use super::error::{self, Error};
use super::live::{self, Part};
use super::page::{Frame, Said};
use super::session::{Posted, SignedIn, Watching};
use super::status;
use super::words::{Tag, When, Words};
use crate::model::MailingId;
use crate::model::lifecycle::State;
use crate::stage::review::Refusal;
use crate::store::Table;

/// Mailings on the page.
const ROWS_MAX: usize = 100;
/// How often the progress of what is being sent is looked at.
const TICK: Duration = Duration::from_secs(10);
/// Newest cases that may have become theirs while the page is open.
const NEWEST: usize = 50;
/// Cases looked through for them.
const LOOKED_AT_MAX: usize = 10_000;

#[derive(Template)]
#[template(path = "mine.html", config = ".askama.toml")]
struct MinePage {
    words: Words,
    frame: Frame,
    /// Whether they answer for an office, and so have deputies.
    decides: bool,
    away: Option<When>,
    mine: Mine,
}

/// The part of the page that is kept fresh.
#[derive(Debug, Template)]
#[template(path = "mine_rows.html", config = ".askama.toml")]
struct Mine {
    words: Words,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    id: String,
    subject: String,
    audience: String,
    tag: Tag,
    sentence: String,
    /// What whoever sent it back or ended it said.
    comment: String,
    at: When,
}

/// `GET /mine`.
pub(super) async fn show(extract::State(room): extract::State<Arc<Room>>, who: SignedIn) -> Result<Response, Error> {
    tokio::task::spawn_blocking(move || {
        let said = room.sessions.said(&who);
        let page = MinePage {
            words: who.words,
            frame: Frame::of(&room, &who, who.words.say("title-mine"), "/mine", said),
            decides: !room.state.desk.offices().stewardships(&who.account).is_empty(),
            away: away_until(&room, &who)?,
            mine: mine(&room, &who, &theirs(&room, &who, LOOKED_AT_MAX)?)?,
        };
        Ok(Html(page.render()?).into_response())
    })
    .await?
}

/// `GET /mine/live`.
pub(super) async fn live(
    extract::State(room): extract::State<Arc<Room>>,
    Watching(who): Watching,
) -> Result<Response, Error> {
    let bell = room.state.store.watch(Table::ByState);
    let (shared, reader) = (Arc::clone(&room), who.clone());
    let known = tokio::task::spawn_blocking(move || theirs(&shared, &reader, LOOKED_AT_MAX)).await??;
    let shared = Arc::clone(&room);
    // Each time only the newest are looked through again: what was theirs before is known.
    live::keep_fresh(&room, bell, TICK, move || {
        let mut ids = theirs(&shared, &who, NEWEST)?;
        ids.extend(&known);
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(*id));
        ids.truncate(ROWS_MAX);
        Ok(Part {
            html: mine(&shared, &who, &ids)?.render()?,
            stands_on: String::new(),
        })
    })
}

/// Their mailings among so many of the newest cases; newest first.
fn theirs(room: &Room, who: &SignedIn, looked_at: usize) -> Result<Vec<MailingId>, Error> {
    let newest = room.state.store.newest_cases(looked_at)?;
    let is_theirs = |state: &&State| state.mailing().author.address.is_same_mailbox(&who.account);
    Ok(newest.iter().filter(is_theirs).take(ROWS_MAX).map(State::id).collect())
}

fn mine(room: &Room, who: &SignedIn, ids: &[MailingId]) -> Result<Mine, Error> {
    let mut rows = Vec::new();
    for id in ids {
        if let Some(state) = room.state.store.mailing(*id)? {
            rows.push(row(room, who.words, &state)?);
        }
    }
    Ok(Mine { words: who.words, rows })
}

fn away_until(room: &Room, who: &SignedIn) -> Result<Option<When>, Error> {
    let account = room.state.store.account(&who.account)?;
    let until = account.and_then(|account| account.away_until);
    let now = room.state.clock.now();
    let until = until.filter(|until| *until > now);
    Ok(until.map(|until| who.words.when(until, &room.state.zone)))
}

/// `POST /mine/away`: until which day they are away.
pub(super) async fn away(extract::State(room): extract::State<Arc<Room>>, posted: Posted) -> Result<Response, Error> {
    let said = match room.state.desk.away(&posted.who.account, &posted.comment).await {
        Ok(done) => Said::Done(done.sentence),
        Err(Refusal::Store(error)) => return Err(Error::Refused(Refusal::Store(error))),
        Err(refusal) => Said::Refused(error::sentence(posted.who.words, &refusal)),
    };
    room.sessions.say(&posted.who, said);
    Ok(Redirect::to("/mine").into_response())
}

fn row(room: &Room, words: Words, state: &State) -> Result<Row, Error> {
    let mailing = state.mailing();
    Ok(Row {
        id: mailing.id.to_string(),
        subject: words.subject(mailing),
        audience: words.audience(mailing),
        tag: words.tag(state),
        sentence: status::sentence(room, words, state)?,
        comment: status::comment(state),
        at: words.when(mailing.submitted_at, &room.state.zone),
    })
}
