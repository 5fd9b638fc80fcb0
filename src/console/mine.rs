//! What its author sees of their own mailings: where each stands, who is wanted, and in the end how many it reached.

use std::sync::Arc;

use askama::Template;
use axum::extract;
use axum::response::{Html, IntoResponse, Response};

use super::Room;
use super::error::Error;
use super::page::Frame;
use super::session::SignedIn;
use super::status;
use super::words::{self, Tag, When};
use crate::model::lifecycle::State;

/// Mailings on the page.
const ROWS_MAX: usize = 100;
/// Cases looked through for them.
const LOOKED_AT_MAX: usize = 10_000;

#[derive(Template)]
#[template(path = "mine.html", config = ".askama.toml")]
struct MinePage {
    frame: Frame,
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
        let rows = rows.map(|state| row(&room, state)).collect::<Result<_, Error>>()?;
        let said = room.sessions.said(&who);
        let page = MinePage {
            frame: Frame::of(&room, &who, "Yours", "/mine", said),
            rows,
        };
        Ok(Html(page.render()?).into_response())
    })
    .await?
}

fn row(room: &Room, state: &State) -> Result<Row, Error> {
    let mailing = state.mailing();
    Ok(Row {
        id: mailing.id.to_string(),
        subject: words::subject(mailing),
        audience: words::audience(mailing),
        tag: words::tag(state),
        sentence: status::sentence(room, state)?,
        at: words::when(mailing.submitted_at, &room.state.zone),
    })
}
