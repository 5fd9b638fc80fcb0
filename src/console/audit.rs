//! The audit trail: its newest lines for reviewers, and the lines of one mailing for whoever may see it.

use std::sync::Arc;

use askama::Template;
use axum::extract;
use axum::response::{Html, IntoResponse, Response};

use super::Room;
use super::error::Error;
use super::page::Frame;
use super::session::SignedIn;
use super::words::{When, Words};
use crate::model::{Act, Mailing};
use crate::store::Logged;

/// Lines on a page.
const LINES_MAX: usize = 200;
/// Lines of a mailing that say who is not written to again: there may be thousands, and what people did would be lost.
const SUPPRESSED_MAX: usize = 10;
/// Lines looked through for those of one mailing.
const LOOKED_AT_MAX: usize = 50_000;

#[derive(Template)]
#[template(path = "audit.html", config = ".askama.toml")]
struct AuditPage {
    words: Words,
    frame: Frame,
    lines: Vec<Line>,
    is_cut: bool,
}

/// One line of the trail.
#[derive(Debug)]
pub(super) struct Line {
    /// Its number in the trail.
    pub(super) number: u64,
    /// When.
    pub(super) at: When,
    /// Who.
    pub(super) by: String,
    /// What was done.
    pub(super) act: String,
    /// To which mailing.
    pub(super) mailing: Option<String>,
    /// In words.
    pub(super) note: String,
}

/// `GET /audit`.
pub(super) async fn show(extract::State(room): extract::State<Arc<Room>>, who: SignedIn) -> Result<Response, Error> {
    if !room.state.desk.may_audit(&who.account) {
        return Err(Error::ReviewersOnly);
    }
    tokio::task::spawn_blocking(move || {
        let (words, said) = (who.words, room.sessions.said(&who));
        let newest = room.state.store.events().take(LINES_MAX);
        let lines = newest
            .map(|logged| Ok(line(&room, words, logged?)))
            .collect::<Result<Vec<_>, Error>>()?;
        let page = AuditPage {
            words,
            frame: Frame::of(&room, &who, words.say("title-audit"), "/audit", said),
            is_cut: lines.len() == LINES_MAX,
            lines,
        };
        Ok(Html(page.render()?).into_response())
    })
    .await?
}

/// The lines of one mailing, oldest first.
#[derive(Debug)]
pub(super) struct Trail {
    pub(super) lines: Vec<Line>,
    /// Older ones of who is not written to again, which are left out.
    pub(super) more_suppressed: usize,
}

/// The trail of one mailing.
pub(super) fn of_mailing(room: &Room, words: Words, mailing: &Mailing) -> Result<Trail, Error> {
    let (mut lines, mut suppressed) = (Vec::new(), 0usize);
    for logged in room.state.store.events().take(LOOKED_AT_MAX) {
        let logged = logged?;
        if logged.event.at < mailing.submitted_at {
            break;
        }
        if logged.event.mailing != Some(mailing.id) {
            continue;
        }
        suppressed += usize::from(logged.event.act == Act::Suppressed);
        let is_one_too_many = logged.event.act == Act::Suppressed && suppressed > SUPPRESSED_MAX;
        if !is_one_too_many && lines.len() < LINES_MAX {
            lines.push(line(room, words, logged));
        }
    }
    lines.reverse();
    Ok(Trail {
        lines,
        more_suppressed: suppressed.saturating_sub(SUPPRESSED_MAX),
    })
}

fn line(room: &Room, words: Words, logged: Logged) -> Line {
    let event = logged.event;
    Line {
        number: logged.number,
        at: words.when(event.at, &room.state.zone),
        by: event.by,
        act: words.act(event.act),
        mailing: event.mailing.map(|id| id.to_string()),
        note: event.note,
    }
}
