//! The page a link in a notice opens: one case, for one person who decides on it. Looking changes nothing; only the
//! form does, once. The link is void as soon as the case has changed.

use std::sync::Arc;

use askama::Template;
use axum::extract::{self, Form};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::act::COMMENT_CHARS_MAX;
use super::beside::{self, Versions};
use super::error::{self, Error};
use super::page::{self, Paper};
use super::preview::{self, Letter};
use super::remarks::Remarks;
use super::words::{Key, Words};
use super::{Room, asset, frame};
use crate::mail::Address;
use crate::model::lifecycle::State;
use crate::model::{MailingId, TokenKey};
use crate::stage::review::{self, Done, Refusal, Standing};

#[derive(Template)]
#[template(path = "decide.html", config = ".askama.toml")]
struct DecidePage {
    words: Words,
    organization: String,
    style: &'static str,
    icon: &'static str,
    /// The path of the page itself.
    here: String,
    id: String,
    who: String,
    subject: String,
    author: String,
    audience: String,
    reach: String,
    left_out: Vec<(String, String)>,
    remarks: Remarks,
    versions: Option<Versions>,
    letter: Option<Letter>,
    standing: Standing,
    refused: Option<String>,
    comment: String,
}

/// What is decided.
#[derive(Debug, Deserialize)]
pub(super) struct Fields {
    #[serde(default)]
    act: String,
    #[serde(default)]
    comment: String,
}

/// `GET /decide/{link}`.
pub(super) async fn show(
    words: Words,
    extract::State(room): extract::State<Arc<Room>>,
    extract::Path(link): extract::Path<String>,
) -> Result<Response, Error> {
    tokio::task::spawn_blocking(move || {
        let Some((state, who)) = linked(&room, &link)? else {
            return Ok(void(words));
        };
        respond(&room, words, &link, (&state, &who), None)
    })
    .await?
}

/// `GET /decide/{link}/html`: the mail as HTML, behind the same walls as on the page of the mailing.
pub(super) async fn html(
    words: Words,
    extract::State(room): extract::State<Arc<Room>>,
    extract::Path(link): extract::Path<String>,
) -> Result<Response, Error> {
    tokio::task::spawn_blocking(move || {
        let (state, _who) = linked(&room, &link)?.ok_or(Error::NoSuchPage)?;
        frame::of(&room, words, &state, &frame::Look::default())
    })
    .await?
}

/// `POST /decide/{link}`.
pub(super) async fn decide(
    words: Words,
    extract::State(room): extract::State<Arc<Room>>,
    extract::Path(link): extract::Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let Some((state, who)) = linked(&room, &link)? else {
        return Ok(void(words));
    };
    if fields.comment.chars().count() > COMMENT_CHARS_MAX {
        return Err(Error::TooLong(Key("error-comment-long")));
    }
    let done = act(&room, state.id(), &who, &fields).await;
    match done {
        Ok(done) => Ok(page::respond(
            words,
            StatusCode::OK,
            &Paper {
                title: &words.say("decide-done").to_string(),
                sentence: &done.sentence,
                home: Some("/"),
            },
        )),
        Err(refusal @ (Refusal::NoSuchMailing(_) | Refusal::Store(_))) => Err(Error::Refused(refusal)),
        Err(refusal) => {
            tokio::task::spawn_blocking(move || {
                let asked = (&state, &who);
                respond(&room, words, &link, asked, Some((refusal, fields.comment)))
            })
            .await?
        }
    }
}

async fn act(room: &Room, id: MailingId, who: &Address, fields: &Fields) -> Result<Done, Refusal> {
    let (desk, comment) = (&room.state.desk, fields.comment.as_str());
    match fields.act.as_str() {
        "approve" => desk.approve(id, who).await,
        "release" => desk.release(id, who, review::Words::default()).await,
        "return" => desk.give_back(id, who, comment).await,
        "decline" => desk.decline(id, who, comment).await,
        other => Err(Refusal::Malformed(format!("`{other}` is no decision"))),
    }
}

/// The case and the person a link is for, as long as it is what it was.
fn linked(room: &Room, link: &str) -> Result<Option<(State, Address)>, Error> {
    let Some((id, who)) = TokenKey::read_link(link) else {
        return Ok(None);
    };
    Ok(room.state.desk.linked(link, id, &who)?.map(|state| (state, who)))
}

fn void(words: Words) -> Response {
    let paper = Paper {
        title: &words.say("decide-void").to_string(),
        sentence: &words.say("decide-void-means").to_string(),
        home: Some("/"),
    };
    page::respond(words, StatusCode::GONE, &paper)
}

fn respond(
    room: &Room,
    words: Words,
    link: &str,
    (state, who): (&State, &Address),
    refused: Option<(Refusal, String)>,
) -> Result<Response, Error> {
    let mailing = state.mailing();
    let counted = room.counts.of(&room.state, state)?;
    let letter = room
        .state
        .desk
        .preview(state)
        .ok()
        .map(|seen| preview::letter(words, &seen));
    let status = refused
        .as_ref()
        .map_or(StatusCode::OK, |(refusal, _)| error::status(refusal));
    let (refused, comment) = refused.map_or((None, String::new()), |(refusal, comment)| {
        (Some(error::sentence(words, &refusal)), comment)
    });
    let page = DecidePage {
        words,
        organization: room.state.organization.clone(),
        style: asset::STYLE.path(),
        icon: asset::ICON.path(),
        here: format!("/decide/{link}"),
        id: mailing.id.to_string(),
        who: who.to_string(),
        subject: words.subject(mailing),
        author: mailing.author.address.to_string(),
        audience: words.audience(mailing),
        reach: words.people(counted.count.recipients),
        left_out: super::reach::left_out(words, &counted.count.exclusions),
        remarks: Remarks::of(words, room.state.desk.remarks(state)?),
        versions: beside::versions(room, words, state, who, None)?,
        letter,
        standing: room.state.desk.standing(state, who),
        refused,
        comment,
    };
    // A link travels in mail: nothing of it shall travel further.
    let quiet = [(header::REFERRER_POLICY, "no-referrer")];
    Ok((status, quiet, Html(page.render()?)).into_response())
}
