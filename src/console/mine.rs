//! What its author sees of their own mailings: where each stands, who is wanted, and in the end how many it reached.

use std::sync::Arc;

use askama::Template;
use axum::extract;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::Room;
use super::error::{self, Error};
use super::page::{Frame, Said};
use super::session::{Posted, SignedIn};
use super::status;
use super::words::{Tag, When, Words};
use crate::model::lifecycle::State;
use crate::stage::review::Refusal;

/// Mailings on the page.
const ROWS_MAX: usize = 100;
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
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    id: String,
    subject: String,
    audience: String,
    tag: Tag,
    sentence: String,
    at: When,
}

/// `GET /mine`.
pub(super) async fn show(extract::State(room): extract::State<Arc<Room>>, who: SignedIn) -> Result<Response, Error> {
    tokio::task::spawn_blocking(move || {
        let newest = room.state.store.newest_cases(LOOKED_AT_MAX)?;
        let is_theirs = |state: &&State| state.mailing().author.address.is_same_mailbox(&who.account);
        let rows = newest.iter().filter(is_theirs).take(ROWS_MAX);
        let rows = rows
            .map(|state| row(&room, who.words, state))
            .collect::<Result<_, Error>>()?;
        let said = room.sessions.said(&who);
        let page = MinePage {
            words: who.words,
            frame: Frame::of(&room, &who, who.words.say("title-mine"), "/mine", said),
            decides: !room.state.desk.offices().stewardships(&who.account).is_empty(),
            away: away_until(&room, &who)?,
            rows,
        };
        Ok(Html(page.render()?).into_response())
    })
    .await?
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
        at: words.when(mailing.submitted_at, &room.state.zone),
    })
}
