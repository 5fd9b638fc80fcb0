//! One person looked up: never a list, and for a reason that is kept before anything is shown. Policy C8.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{self, Query, rejection::FormRejection};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::Room;
use super::error::{self, Error};
use super::page::{self, Frame};
use super::record::{Reading, Record};
use super::session::SignedIn;
use super::words::{Key, Words};
use crate::stage::review::{Found, Looker, Lookup, Refusal, Why};

#[derive(Template)]
#[template(path = "people.html", config = ".askama.toml")]
struct PeoplePage {
    words: Words,
    frame: Frame,
    fields: Fields,
    audiences: Vec<String>,
    /// What is wrong with the question, or that nothing was found.
    fault: Option<String>,
    found: Option<Shown>,
}

/// What was found, in words.
#[derive(Debug)]
struct Shown {
    record: Record,
    why: Option<Why>,
    copy: Option<String>,
}

/// The form, as it was filled in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    csrf: String,
    whom: String,
    reason: String,
    audience: String,
    mailing: String,
}

/// About which mailing somebody comes to ask.
#[derive(Debug, Deserialize)]
pub(super) struct Asking {
    #[serde(default)]
    mailing: String,
}

/// `GET /people?mailing=MC-2026-0001`.
pub(super) async fn show(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    Query(asking): Query<Asking>,
) -> Result<Response, Error> {
    entitled(&room, &who)?;
    let fields = Fields {
        mailing: asking.mailing,
        ..Fields::default()
    };
    respond(&room, &who, StatusCode::OK, fields, (None, None))
}

/// `POST /people`.
pub(super) async fn look_up(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Error> {
    let Form(fields) = form.map_err(|rejection| Error::Unreadable(rejection.body_text()))?;
    who.sent(&fields.csrf)?;
    entitled(&room, &who)?;
    let asked = match asked(&fields, who.words) {
        Ok(asked) => asked,
        Err(fault) => {
            return respond(
                &room,
                &who,
                StatusCode::UNPROCESSABLE_ENTITY,
                fields,
                (Some(fault), None),
            );
        }
    };
    let found = room.state.desk.look_up(Looker::Account(&who.account), &asked).await;
    match found {
        Ok(Some(found)) => {
            let shown = shown(&room, who.words, found);
            respond(&room, &who, StatusCode::OK, fields, (None, Some(shown)))
        }
        Ok(None) => {
            let fault = who.words.say(Key("people-nobody")).to_string();
            respond(&room, &who, StatusCode::NOT_FOUND, fields, (Some(fault), None))
        }
        Err(refusal @ (Refusal::Malformed(_) | Refusal::TooOften(_))) => {
            let fault = error::sentence(who.words, &refusal);
            respond(&room, &who, error::status(&refusal), fields, (Some(fault), None))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn entitled(room: &Room, who: &SignedIn) -> Result<(), Error> {
    if room.state.desk.may_look_up(&who.account) {
        return Ok(());
    }
    let why = who.words.say(Key("people-not-yours")).to_string();
    Err(Refusal::NotEntitled(why).into())
}

fn asked(fields: &Fields, words: Words) -> Result<Lookup, String> {
    let whom = fields.whom.parse().map_err(|invalid: crate::mail::Invalid| {
        let said = words.say("people-no-address").with("why", invalid.to_string());
        page::sentence(&said.to_string())
    })?;
    let mailing = match fields.mailing.trim() {
        "" => None,
        text => {
            let number = text
                .parse()
                .map_err(|_no_number| words.say("people-no-mailing").to_string())?;
            Some(number)
        }
    };
    let audience = fields.audience.trim();
    Ok(Lookup {
        whom,
        reason: fields.reason.clone(),
        audience: (!audience.is_empty()).then(|| audience.to_owned()),
        mailing,
    })
}

fn shown(room: &Room, words: Words, found: Found) -> Shown {
    let reading = Reading {
        words,
        offices: room.state.desk.offices(),
        zone: &room.state.zone,
    };
    Shown {
        record: reading.record(&found.person),
        why: found.why,
        copy: found.copy,
    }
}

fn respond(
    room: &Room,
    who: &SignedIn,
    status: StatusCode,
    fields: Fields,
    (fault, found): (Option<String>, Option<Shown>),
) -> Result<Response, Error> {
    let page = PeoplePage {
        words: who.words,
        frame: Frame::of(room, who, who.words.say("title-people"), "/people", None),
        fields,
        audiences: room.state.desk.policy().audiences.keys().cloned().collect(),
        fault,
        found,
    };
    Ok((status, Html(page.render()?)).into_response())
}
