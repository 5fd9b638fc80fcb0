//! Signing in and out.

use std::sync::Arc;

use askama::Template;
use axum::extract::{self, Query, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Form, RequestExt};
use serde::Deserialize;

use super::door::{self, Entry};
use super::error::Error;
use super::session::Posted;
use super::words::{Key, Words};
use super::{Room, asset};

/// Longest password that is looked at.
const PASSWORD_BYTES_MAX: usize = 1024;

#[derive(Template)]
#[template(path = "login.html", config = ".askama.toml")]
struct LoginPage<'a> {
    words: Words,
    organization: &'a str,
    hostname: &'a str,
    account: &'a str,
    next: &'a str,
    refused: Option<String>,
    /// The name of the campus's own provider.
    provider: Option<&'a str>,
    style: &'static str,
    icon: &'static str,
}

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    account: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

/// `GET /login`.
pub(super) async fn show(
    words: Words,
    extract::State(room): extract::State<Arc<Room>>,
    Query(next): Query<Next>,
) -> Result<Response, Error> {
    page(&room, words, StatusCode::OK, ("", &next.next), None)
}

/// `POST /login`.
pub(super) async fn sign_in(
    words: Words,
    extract::State(room): extract::State<Arc<Room>>,
    request: Request,
) -> Result<Response, Error> {
    let (parts, body) = request.into_parts();
    let peer = door::peer(&parts);
    let Form(fields): Form<Fields> = Request::from_parts(parts, body)
        .extract()
        .await
        .map_err(|rejection: extract::rejection::FormRejection| Error::Unreadable(rejection.body_text()))?;
    if fields.password.len() > PASSWORD_BYTES_MAX {
        return Err(Error::TooLong(Key("error-password-long")));
    }
    let (account, next) = (fields.account, fields.next);
    let entry = room
        .door
        .knock(&room.state.store, peer, &account, (fields.password, &fields.code))
        .await?;
    let refused = |status, why| page(&room, words, status, (&account, &next), Some(why));
    match entry {
        Entry::Open(account) => {
            let to = Redirect::to(within(&next));
            Ok(with_cookie(to, &room.sessions.open(&account)))
        }
        Entry::CodeWanted => refused(StatusCode::FORBIDDEN, Key("sign-in-code")),
        Entry::Wrong => refused(StatusCode::FORBIDDEN, Key("sign-in-wrong")),
        Entry::Shut => refused(StatusCode::TOO_MANY_REQUESTS, Key("sign-in-shut")),
    }
}

/// `POST /logout/everywhere`: ends every session of the account, here and elsewhere.
pub(super) async fn sign_out_everywhere(extract::State(room): extract::State<Arc<Room>>, posted: Posted) -> Response {
    with_cookie(Redirect::to("/login"), &room.sessions.close_all(&posted.who))
}

/// `POST /logout`.
pub(super) async fn sign_out(extract::State(room): extract::State<Arc<Room>>, posted: Posted) -> Response {
    with_cookie(Redirect::to("/login"), &room.sessions.close(&posted.who))
}

fn page(
    room: &Room,
    words: Words,
    status: StatusCode,
    (account, next): (&str, &str),
    refused: Option<Key>,
) -> Result<Response, Error> {
    let page = LoginPage {
        words,
        organization: &room.state.organization,
        hostname: &room.state.hostname,
        account,
        next: within(next),
        refused: refused.map(|why| words.say(why).into()),
        provider: room.provider.as_ref().map(|provider| provider.settings.name.as_str()),
        style: asset::STYLE.path(),
        icon: asset::ICON.path(),
    };
    Ok((status, Html(page.render()?)).into_response())
}

/// A path of ours, and never another site: browsers read `//` and `/\` as the beginning of a host.
pub(super) fn within(next: &str) -> &str {
    let is_ours = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_ours { next } else { "/" }
}

fn with_cookie(redirect: Redirect, cookie: &str) -> Response {
    let mut response = redirect.into_response();
    // INVARIANT: a cookie of ours is plain ASCII.
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(within("/mailing/MC-2026-0001"), "/mailing/MC-2026-0001");
        for elsewhere in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "evil",
        ] {
            assert_eq!(within(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
