//! The newest mailings, whatever became of them, by state.

use std::sync::Arc;

use askama::Template;
use axum::extract::{self, Query};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::Room;
use super::error::Error;
use super::page::Frame;
use super::session::SignedIn;
use super::words::{self, Key, Tag, When, Words};
use crate::model::lifecycle::State;

/// How far back is looked.
const LOOKED_AT_MAX: usize = 1_000;
/// Rows on the page.
const ROWS_MAX: usize = 200;
/// The states one can ask for: [`State::word`], and how the page says it.
const FILTERS: [(&str, Key); 9] = [
    ("", Key("filter-all")),
    ("held", Key("filter-held")),
    ("released", Key("state-released")),
    ("expanded", Key("state-expanded")),
    ("closed", Key("state-closed")),
    ("returned", Key("state-returned")),
    ("declined", Key("state-declined")),
    ("lapsed", Key("state-lapsed")),
    ("withdrawn", Key("state-withdrawn")),
];

#[derive(Template)]
#[template(path = "mailings.html", config = ".askama.toml")]
struct MailingsPage {
    words: Words,
    frame: Frame,
    filters: [(&'static str, Key); 9],
    chosen: &'static str,
    /// What is looked for.
    q: String,
    rows: Vec<Row>,
    /// Whether there may be older ones.
    is_cut: bool,
}

#[derive(Debug)]
struct Row {
    id: String,
    subject: String,
    author: String,
    audience: String,
    tag: Tag,
    at: When,
}

/// Which are wanted.
#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    #[serde(default)]
    state: String,
    #[serde(default)]
    q: String,
}

/// `GET /mailings?state=held`.
pub(super) async fn show(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    Query(filter): Query<Filter>,
) -> Result<Response, Error> {
    let known = FILTERS.into_iter().find(|(word, _)| *word == filter.state);
    let (chosen, _) = known.ok_or(Error::NoSuchPage)?;
    tokio::task::spawn_blocking(move || {
        let (words, said) = (who.words, room.sessions.said(&who));
        let newest = room.state.store.newest_cases(LOOKED_AT_MAX)?;
        let looked_at = newest.len();
        let fits = |state: &State| {
            (chosen.is_empty() || state.word() == chosen)
                && words::has(state, &filter.q)
                && room.state.desk.may_see(state, &who.account)
        };
        let mut rows: Vec<Row> = newest
            .iter()
            .filter(|state| fits(state))
            .map(|state| row(&room, words, state))
            .take(ROWS_MAX + 1)
            .collect();
        let is_cut = rows.len() > ROWS_MAX || looked_at == LOOKED_AT_MAX;
        rows.truncate(ROWS_MAX);
        let page = MailingsPage {
            words,
            frame: Frame::of(&room, &who, words.say("title-mailings"), "/mailings", said),
            filters: FILTERS,
            chosen,
            q: filter.q,
            rows,
            is_cut,
        };
        Ok(Html(page.render()?).into_response())
    })
    .await?
}

fn row(room: &Room, words: Words, state: &State) -> Row {
    let mailing = state.mailing();
    Row {
        id: mailing.id.to_string(),
        subject: words.subject(mailing),
        author: mailing.author.address.to_string(),
        audience: words.audience(mailing),
        tag: words.tag(state),
        at: words.when(mailing.submitted_at, &room.state.zone),
    }
}
