//! The porch: the public door as a process of its own, which stays open while the gateway behind it restarts.
//!
//! The gateway answers as long as it is there; the porch hands each request on, and the answer back. While it is away an
//! unsubscribe is written to the disk and then answered as the gateway would, and handed over when it is back. Whoever
//! wants more than that is asked to come again in a minute.
//!
//! # Standards
//! RFC 8058 §3.1, as [`public`](super::public()).
//!
//! # Failure
//! A click that cannot be kept is answered 503. A gateway that hangs up after it was asked is taken to be away: what is
//! asked twice is done once.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{self, DefaultBodyLimit, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, http};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::public::{self, FORM_BYTES_MAX, ReadToken};
use super::words::{Key, Words};
use super::{asset, guard};
use crate::model::Seen;
use crate::store::Clicks;

/// How long the gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// When to come again, in seconds.
const AGAIN: &str = "60";

/// What the porch stands on.
#[derive(Clone)]
pub struct PorchState {
    /// Where the gateway takes what is handed on.
    pub socket: PathBuf,
    /// What came while it was away.
    pub clicks: Clicks,
    /// Whose gateway this is.
    pub organization: String,
    /// Reads what stands in `/u/TOKEN`.
    pub read_token: ReadToken,
}

impl fmt::Debug for PorchState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PorchState")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

/// The door to the world, before the gateway's own.
pub fn porch(state: PorchState) -> Router {
    Router::new()
        .route("/u/{token}", get(ask).post(unsubscribe))
        .route("/healthz", get(async || "ok\n"))
        .merge(asset::routes())
        .fallback(async |words: Words| away(words))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::map_response(guard::public_headers))
        .layer(middleware::from_fn_with_state(state.clone(), hand_on))
        .with_state(state)
}

/// Hands over what came while the gateway was away; returns how many. What it has no use for is dropped as well.
pub async fn hand_over(state: &PorchState) -> std::io::Result<usize> {
    let waiting = state.clicks.waiting();
    let mut handed = Vec::new();
    for token in &waiting {
        let form = Bytes::from_static(b"List-Unsubscribe=One-Click");
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(format!("/u/{token}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(form));
        let Ok(request) = request else { continue };
        match exchange(&state.socket, request).await {
            Some(answer) if !answer.status().is_server_error() => handed.push(token.clone()),
            Some(_) | None => break,
        }
    }
    if !handed.is_empty() {
        let (clicks, gone) = (state.clicks.clone(), handed.clone());
        let dropped = tokio::task::spawn_blocking(move || clicks.drop_handed(&gone)).await;
        dropped.map_err(std::io::Error::other)??;
    }
    Ok(handed.len())
}

/// The gateway's answer while it is there; ours while it is not.
async fn hand_on(extract::State(state): extract::State<PorchState>, request: Request, next: Next) -> Response {
    let words = Words::of(request.headers());
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, FORM_BYTES_MAX).await else {
        return public::refused(words, StatusCode::PAYLOAD_TOO_LARGE, Key("unsubscribe-unclear"));
    };
    let mut copy = http::Request::new(Full::new(body.clone()));
    *copy.method_mut() = parts.method.clone();
    *copy.uri_mut() = parts.uri.clone();
    *copy.headers_mut() = of_message(&parts.headers);
    match exchange(&state.socket, copy).await {
        Some(answer) => answer,
        None => next.run(Request::from_parts(parts, Body::from(body))).await,
    }
}

/// Without what is of the connection.
fn of_message(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::EXPECT,
        header::TE,
        header::CONTENT_LENGTH,
    ] {
        headers.remove(name);
    }
    headers
}

/// Asks the gateway; `None` when it is not there, or hangs up before it has answered.
async fn exchange(socket: &Path, mut request: http::Request<Full<Bytes>>) -> Option<Response> {
    let host = HeaderValue::from_static("gateway");
    request.headers_mut().entry(header::HOST).or_insert(host);
    let asked = async {
        let stream = UnixStream::connect(socket).await.ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        // It ends with the sender; how, the answer tells.
        let _driven = tokio::spawn(connection);
        sender.send_request(request).await.ok()
    };
    let answer = tokio::time::timeout(PATIENCE, asked).await.ok().flatten()?;
    let (mut parts, body) = answer.into_parts();
    parts.headers.remove(header::CONNECTION);
    parts.headers.remove(header::TRANSFER_ENCODING);
    Some(Response::from_parts(parts, Body::new(body)))
}

/// `GET /u/TOKEN`: one button, and nothing changes.
async fn ask(
    words: Words,
    extract::State(state): extract::State<PorchState>,
    extract::Path(token): extract::Path<String>,
) -> Response {
    if (state.read_token)(&token).is_none() {
        return public::unknown(words);
    }
    let lists = words.say("unsubscribe-this-list").to_string();
    let note = words.say("unsubscribe-note").with("lists", lists);
    let note = note.with("organization", state.organization.clone()).to_string();
    public::ask_page(words, &state.organization, &note, &token)
}

/// `POST /u/TOKEN`.
async fn unsubscribe(
    words: Words,
    extract::State(state): extract::State<PorchState>,
    extract::Path(token): extract::Path<String>,
    request: Request,
) -> Response {
    let Some(seen) = (state.read_token)(&token) else {
        return public::unknown(words);
    };
    if !public::is_one_click(request).await {
        return public::refused(words, StatusCode::UNPROCESSABLE_ENTITY, Key("unsubscribe-unclear"));
    }
    // Hosts change the case of what they carry; one token is one line.
    let (clicks, token) = (state.clicks.clone(), token.to_ascii_lowercase());
    let kept = tokio::task::spawn_blocking(move || match seen {
        Seen::Ours(_) => clicks.keep(&token),
        Seen::Forged(_) => clicks.forged(&token),
    });
    match kept.await.map_err(std::io::Error::other) {
        Ok(Ok(())) => public::done(words, &state.organization),
        Ok(Err(error)) | Err(error) => {
            tracing::error!(%error, "an unsubscribe could not be kept");
            public::refused(words, StatusCode::SERVICE_UNAVAILABLE, Key("unsubscribe-not-kept"))
        }
    }
}

/// Said of whatever needs the gateway.
fn away(words: Words) -> Response {
    let mut answer = public::refused(words, StatusCode::SERVICE_UNAVAILABLE, Key("public-away")).into_response();
    let again = HeaderValue::from_static(AGAIN);
    answer.headers_mut().insert(header::RETRY_AFTER, again);
    answer
}
