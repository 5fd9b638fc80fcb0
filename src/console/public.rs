//! The public pages: one-click unsubscribe, how to get less mail, and whether the house is well.
//!
//! A mail program, or a person, POSTs to `/u/TOKEN`; what follows is done by `stage::feedback` from the report that is
//! kept here. A GET changes nothing, since scanners follow every link of a mail. Nobody signs in, no cookie is set, and
//! nothing redirects.
//!
//! # Standards
//! RFC 8058 §3.1, §3.2 (`List-Unsubscribe=One-Click`, as either kind of form).
//!
//! # Failure
//! When the report cannot be kept the answer is 503, so that whoever asked tries again; never a silent yes.

use std::fmt;
use std::sync::Arc;

use askama::Template;
use axum::extract::{self, DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Form, Router, middleware};

use super::page::{self, Paper};
use super::words::{Key, Words};
use super::{Operations, asset, error, guard, operations, preferences};
use crate::clock::Clock;
use crate::model::{Report, ReportKind, Seen, Token};
use crate::stage::review::Desk;
use crate::store::{Reached, Store};

/// Longest form that is read; an honest one has 30 bytes.
pub(super) const FORM_BYTES_MAX: usize = 16 * 1024;

/// Whether a text has the shape of an unsubscribe token, and whether we made it.
pub type ReadToken = Arc<dyn Fn(&str) -> Option<Seen> + Send + Sync>;

/// What the public pages stand on.
#[derive(Clone)]
pub struct PublicState {
    /// Where reports are kept.
    pub store: Store,
    /// What contacts ask for themselves is done there.
    pub desk: Desk,
    /// What time it is.
    pub clock: Clock,
    /// Whose gateway this is.
    pub organization: String,
    /// Reads what stands in `/u/TOKEN`.
    pub read_token: ReadToken,
    /// What those who run the gateway ask of it.
    pub operations: Operations,
}

impl fmt::Debug for PublicState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicState")
            .field("organization", &self.organization)
            .finish_non_exhaustive()
    }
}

/// The door to the world.
pub fn public(state: PublicState) -> Router {
    Router::new()
        .route("/u/{token}", get(ask).post(unsubscribe))
        .route("/preferences", get(how_to))
        .route("/preferences/{token}", get(preferences::show).post(preferences::act))
        .merge(asset::routes())
        .merge(operations::routes(state.operations.clone()))
        .fallback(async |words: Words| refused(words, StatusCode::NOT_FOUND, Key("error-no-such-page")))
        .method_not_allowed_fallback(async |words: Words| {
            refused(words, StatusCode::METHOD_NOT_ALLOWED, Key("error-no-such-method"))
        })
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::map_response(guard::public_headers))
        .with_state(state)
}

#[derive(Template)]
#[template(path = "unsubscribe.html", config = ".askama.toml")]
struct AskPage<'a> {
    words: Words,
    organization: &'a str,
    note: &'a str,
    token: &'a str,
    style: &'static str,
    icon: &'static str,
}

#[derive(Template)]
#[template(path = "preferences.html", config = ".askama.toml")]
struct PreferencesPage<'a> {
    words: Words,
    organization: &'a str,
    style: &'static str,
    icon: &'static str,
}

/// `GET /u/TOKEN`: one button, and nothing changes.
async fn ask(
    words: Words,
    extract::State(state): extract::State<PublicState>,
    extract::Path(token): extract::Path<String>,
) -> Response {
    let Some(seen) = (state.read_token)(&token) else {
        return unknown(words);
    };
    let note = match state.reached_by(words, seen) {
        Ok(reached) => state.in_force(words, reached.as_ref()),
        Err(refusal) => return *refusal,
    };
    ask_page(words, &state.organization, &note, &token)
}

/// The page with the button, and what the button means.
pub(super) fn ask_page(words: Words, organization: &str, note: &str, token: &str) -> Response {
    render(
        words,
        &AskPage {
            words,
            organization,
            note,
            token,
            style: asset::STYLE.path(),
            icon: asset::ICON.path(),
        },
    )
}

/// `POST /u/TOKEN`.
async fn unsubscribe(
    words: Words,
    extract::State(state): extract::State<PublicState>,
    extract::Path(token): extract::Path<String>,
    request: Request,
) -> Response {
    let Some(seen) = (state.read_token)(&token) else {
        return unknown(words);
    };
    let Token { mailing, seq, .. } = seen.claimed();
    if !is_one_click(request).await {
        return refused(words, StatusCode::UNPROCESSABLE_ENTITY, Key("unsubscribe-unclear"));
    }
    if let Err(refusal) = state.reached_by(words, seen) {
        return *refusal;
    }
    let report = Report {
        kind: ReportKind::Unsubscribe,
        mailing,
        seq,
        at: state.clock.now(),
        message: Vec::new(),
    };
    // Who forges a token is answered as if it were ours, after as long: nobody can try which there are.
    let kept = match seen {
        Seen::Ours(_) => state.store.put_report(&report).await,
        Seen::Forged(_) => state.store.put_forged(&report).await,
    };
    if let Err(error) = kept {
        tracing::error!(%error, mailing.id = %mailing, "an unsubscribe could not be kept");
        return refused(words, StatusCode::SERVICE_UNAVAILABLE, Key("unsubscribe-not-kept"));
    }
    done(words, &state.organization)
}

/// The page that says that it is done.
pub(super) fn done(words: Words, organization: &str) -> Response {
    let sentence = words.say("unsubscribed-means").with("organization", organization);
    let paper = Paper {
        title: &words.say("unsubscribed").to_string(),
        sentence: &sentence.to_string(),
        home: None,
    };
    page::respond(words, StatusCode::OK, &paper)
}

impl PublicState {
    /// Through which lists the copy came that a token names; nothing of one that is forged. A plan that is no longer kept
    /// tells nobody, and who has its link is told so.
    pub(super) fn reached_by(&self, words: Words, seen: Seen) -> Result<Option<Reached>, Box<Response>> {
        let Token { mailing, seq, .. } = seen.claimed();
        let reached = self.store.reached(mailing, seq, self.clock.now());
        let reached = reached.map_err(|error| {
            tracing::error!(%error, mailing.id = %mailing, "what an unsubscribe means could not be read");
            Box::new(refused(
                words,
                StatusCode::SERVICE_UNAVAILABLE,
                Key("unsubscribe-not-kept"),
            ))
        })?;
        match seen {
            Seen::Ours(_) => reached.map(Some).ok_or_else(|| Box::new(unknown(words))),
            Seen::Forged(_) => Ok(None),
        }
    }

    /// What an unsubscribe by a copy comes to.
    fn in_force(&self, words: Words, reached: Option<&Reached>) -> String {
        let of_lists = |lists: String| words.say("unsubscribe-note").with("lists", lists);
        let said = match reached {
            Some(reached) if reached.lists.is_empty() => words.say("unsubscribe-note-all"),
            Some(reached) if !reached.is_sensitive => {
                let names: Vec<String> = reached.lists.iter().map(ToString::to_string).collect();
                of_lists(names.join(", "))
            }
            Some(_) | None => of_lists(words.say("unsubscribe-this-list").to_string()),
        };
        said.with("organization", self.organization.clone()).to_string()
    }
}

/// Whether the form says what RFC 8058 wants, in either of its two spellings.
pub(super) async fn is_one_click(request: Request) -> bool {
    const WANTED: (&str, &str) = ("List-Unsubscribe", "One-Click");
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let is_multipart = content_type.and_then(|value| value.to_str().ok()).is_some_and(|value| {
        value
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/form-data")
    });
    if !is_multipart {
        let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
        return form.is_ok_and(|Form(pairs)| {
            pairs
                .iter()
                .any(|(name, value)| (name.as_str(), value.trim()) == WANTED)
        });
    }
    let Ok(mut parts) = Multipart::from_request(request, &()).await else {
        return false;
    };
    while let Ok(Some(part)) = parts.next_field().await {
        let is_named = part.name() == Some(WANTED.0);
        if is_named && part.text().await.is_ok_and(|value| value.trim() == WANTED.1) {
            return true;
        }
    }
    false
}

/// `GET /preferences`: how to get less mail.
async fn how_to(words: Words, extract::State(state): extract::State<PublicState>) -> Response {
    render(
        words,
        &PreferencesPage {
            words,
            organization: &state.organization,
            style: asset::STYLE.path(),
            icon: asset::ICON.path(),
        },
    )
}

pub(super) fn render(words: Words, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a public page could not be made");
            refused(words, StatusCode::INTERNAL_SERVER_ERROR, Key("public-broken"))
        }
    }
}

pub(super) fn unknown(words: Words) -> Response {
    refused(words, StatusCode::NOT_FOUND, Key("unsubscribe-unknown"))
}

pub(super) fn refused(words: Words, status: StatusCode, sentence: Key) -> Response {
    let paper = Paper {
        title: &error::title(words, status),
        sentence: &words.say(sentence).to_string(),
        home: None,
    };
    page::respond(words, status, &paper)
}
