//! The HTML of a held mail, which is untrusted: cleaned, in a sandboxed frame, under a policy that loads nothing.
//!
//! Three walls, each of which would do: no element or attribute that acts survives the cleaning (`clean`); the frame has
//! no origin, no script and no way out; and the answer's own policy forbids whatever the first two might let through.
//! Who wants to see pictures gets those the message carries itself, written into the page; no picture is ever loaded.

use std::sync::Arc;

use axum::extract::{self, Query};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::Room;
use super::clean::clean;
use super::error::Error;
use super::session::SignedIn;
use super::words::Words;
use crate::model::lifecycle::State;

/// The answer's own policy.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'";
/// The same, for somebody who wants to see the message's own pictures: what stands in the page itself, and no more.
const WITH_PICTURES: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'self'";
/// How a mail is looked at: `dark` paper, or as it comes; with its own `pictures`, or without.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Look {
    #[serde(default)]
    pub(super) look: String,
    #[serde(default)]
    pub(super) pictures: String,
}

impl Look {
    /// Whether the pictures the message carries itself are to be seen.
    pub(super) fn has_pictures(&self) -> bool {
        self.pictures == "on"
    }

    /// As the query of a path; empty when it is looked at as it comes.
    pub(super) fn query(look: &str, has_pictures: bool) -> String {
        match (look, has_pictures) {
            ("", false) => String::new(),
            ("", true) => "?pictures=on".to_owned(),
            (look, false) => format!("?look={look}"),
            (look, true) => format!("?look={look}&pictures=on"),
        }
    }
}

/// `GET /mailing/{id}/html`.
pub(super) async fn show(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    extract::Path(id): extract::Path<String>,
    Query(look): Query<Look>,
) -> Result<Response, Error> {
    let id = super::mailing::case(&id)?;
    tokio::task::spawn_blocking(move || {
        let state = room.state.desk.visible(id, &who.account)?;
        of(&room, who.words, &state, &look)
    })
    .await?
}

/// The HTML of a mailing, as somebody who may see it looks at it.
pub(super) fn of(room: &Room, words: Words, state: &State, look: &Look) -> Result<Response, Error> {
    let preview = room.state.desk.preview(state)?;
    let html = preview.html.as_deref().ok_or(Error::NoSuchPage)?;
    let wanted = look.has_pictures();
    let page = document(words, &clean(html, &preview.pictures, wanted).html, look);
    let policy = if wanted { WITH_PICTURES } else { POLICY };
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response())
}

fn document(words: Words, body: &str, look: &Look) -> String {
    // Mails are written for white paper; the frame stays so in the dark, unless that is what is to be seen.
    let paper = if look.look == "dark" {
        ":root{color-scheme:dark}body{background:#121212;color:#e8e8e8}a{color:#8ab4f8}"
    } else {
        ":root{color-scheme:light}body{background:#fff;color:#1b1f23}a{color:#0b4f8a}"
    };
    let style = format!(
        "{paper}body{{margin:1rem;font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}}\
         a{{text-decoration:underline}}img{{max-width:100%}}img:not([src]){{border:1px dashed #767676;color:#767676}}table{{max-width:100%}}"
    );
    let (language, title) = (words.language(), words.html("letter-title"));
    format!(
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
        <style>{style}</style></head><body>{body}</body></html>\n"
    )
}
