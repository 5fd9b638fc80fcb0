//! Who is signed in: sessions in memory, each behind a cookie that holds a random token.
//!
//! We keep only the token's SHA-256, so that a look into our memory signs nobody in. A session ends when it is idle, when
//! it is old, when its person signs out, when their account or its password changes, and when the gateway stops.
//!
//! # Standards
//! `__Host-` cookies; the OWASP cheat sheet on sessions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Method, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::error::Error;
use super::page::Said;
use super::words::Words;
use super::{Room, State};
use crate::clock::Clock;
use crate::mail::{Address, Timestamp};
use crate::store::Account;

/// How long a session lives without a page being asked for.
const IDLE_MAX: Duration = Duration::from_secs(30 * 60);
/// How long it lives at all: a working day.
const AGE_MAX: Duration = Duration::from_secs(12 * 60 * 60);
/// Sessions at the same time; past it the one idle for longest ends.
const SESSIONS_MAX: usize = 10_000;

type Key = [u8; 32];

/// Everybody who is signed in.
#[derive(Debug)]
pub(super) struct Sessions {
    clock: Clock,
    is_https: bool,
    by_key: Arc<Mutex<HashMap<Key, Session>>>,
}

/// Who is signed in, for a console that takes the place of another: nobody is to sign in again.
#[derive(Debug, Clone, Default)]
pub struct Guests(Arc<Mutex<HashMap<Key, Session>>>);

#[derive(Debug)]
struct Session {
    account: Address,
    /// What the password was when they signed in: a changed one ends the session.
    password_hash: Option<String>,
    csrf: String,
    since: Timestamp,
    seen: Timestamp,
    said: Option<Said>,
}

/// Somebody who is signed in, and asks for a page.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    /// Who.
    pub(super) account: Address,
    /// The token that each of their forms must bear.
    pub(super) csrf: String,
    /// In which language.
    pub(super) words: Words,
    key: Key,
}

/// Somebody who is signed in, and whose page asks by itself: that keeps no session alive.
#[derive(Debug)]
pub(super) struct Watching(pub(super) SignedIn);

/// A form of ours, sent by somebody who is signed in and was given it. The only way a page of the console reads one.
#[derive(Debug)]
pub(super) struct Posted {
    /// Who sent it.
    pub(super) who: SignedIn,
    /// What they wrote; empty when the form has no field for it.
    pub(super) comment: String,
    /// Why a mailing leaves at once.
    pub(super) now: String,
    /// Why it goes despite what the editorial checks block.
    pub(super) despite: String,
    /// The passage to change.
    pub(super) before: String,
    /// What it becomes.
    pub(super) after: String,
    /// What was looked at.
    pub(super) seen: String,
}

impl Sessions {
    pub(super) fn new(state: &State) -> Self {
        Self {
            clock: state.clock.clone(),
            is_https: state.url.starts_with("https:"),
            by_key: Arc::clone(&state.guests.0),
        }
    }

    /// Signs somebody in. Returns the cookie to set.
    pub(super) fn open(&self, account: &Account) -> String {
        let (token, now) = (random_token(), self.clock.now());
        let session = Session {
            account: account.address.clone(),
            password_hash: account.password_hash.clone(),
            csrf: random_token(),
            since: now,
            seen: now,
            said: None,
        };
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.is_alive(now));
        if sessions.len() >= SESSIONS_MAX
            && let Some(idle) = sessions
                .iter()
                .min_by_key(|(_, session)| session.seen)
                .map(|(key, _)| *key)
        {
            sessions.remove(&idle);
        }
        sessions.insert(key_of(&token), session);
        self.cookie(&token, AGE_MAX)
    }

    /// Signs them out wherever they are signed in. Returns the cookie that removes theirs.
    pub(super) fn close_all(&self, who: &SignedIn) -> String {
        self.lock()
            .retain(|_, session| !session.account.is_same_mailbox(&who.account));
        self.cookie("", Duration::ZERO)
    }

    /// Signs them out. Returns the cookie that removes theirs.
    pub(super) fn close(&self, who: &SignedIn) -> String {
        self.lock().remove(&who.key);
        self.cookie("", Duration::ZERO)
    }

    /// Keeps a sentence for their next page.
    pub(super) fn say(&self, who: &SignedIn, said: Said) {
        if let Some(session) = self.lock().get_mut(&who.key) {
            session.said = Some(said);
        }
    }

    /// The sentence kept for this page, once.
    pub(super) fn said(&self, who: &SignedIn) -> Option<Said> {
        self.lock().get_mut(&who.key).and_then(|session| session.said.take())
    }

    /// Whose token this is, and the hash of the password they signed in with.
    fn find(&self, token: &str, words: Words, touch: bool) -> Option<(SignedIn, Option<String>)> {
        let (key, now) = (key_of(token), self.clock.now());
        let mut sessions = self.lock();
        let session = sessions.get_mut(&key).filter(|session| session.is_alive(now))?;
        if touch {
            session.seen = now;
        }
        let who = SignedIn {
            account: session.account.clone(),
            csrf: session.csrf.clone(),
            words,
            key,
        };
        Some((who, session.password_hash.clone()))
    }

    /// The `__Host-` prefix makes the browser refuse a cookie of that name from anybody but this host over TLS; on the
    /// loopback of a trial there is no TLS.
    fn name(&self) -> &'static str {
        if self.is_https { "__Host-bedel" } else { "bedel" }
    }

    /// Lax and not Strict: stewards come here by the link in a notice, from their web mail.
    fn cookie(&self, token: &str, age: Duration) -> String {
        let secure = if self.is_https { "; Secure" } else { "" };
        let (name, seconds) = (self.name(), age.as_secs());
        format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Session>> {
        // The map is whole after every statement, so a panic elsewhere has not spoilt it.
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_alive(&self, now: Timestamp) -> bool {
        now.since(self.seen) < IDLE_MAX && now.since(self.since) < AGE_MAX
    }
}

/// 256 random bits, as text.
fn random_token() -> String {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness once it runs");
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key_of(token: &str) -> Key {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    let mut key = [0; 32];
    key.copy_from_slice(digest.as_ref());
    key
}

/// Whoever the request's cookie says, unless their account has changed since.
fn find(parts: &Parts, room: &Room, touch: bool) -> Result<SignedIn, Error> {
    let first = || Error::SignInFirst {
        next: match (&parts.method, parts.uri.path_and_query()) {
            (&Method::GET, Some(path)) => path.to_string(),
            _ => "/".to_owned(),
        },
    };
    let cookies = parts.headers.get_all(header::COOKIE).iter();
    let token = cookies
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == room.sessions.name()).then_some(value));
    let (who, password_hash) = token
        .and_then(|token| room.sessions.find(token, Words::of(&parts.headers), touch))
        .ok_or_else(first)?;
    let account = room.state.store.account(&who.account)?;
    if account.is_none_or(|account| account.password_hash != password_hash) {
        room.sessions.close(&who);
        return Err(first());
    }
    Ok(who)
}

impl FromRequestParts<Arc<Room>> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, room: &Arc<Room>) -> Result<Self, Error> {
        find(parts, room, true)
    }
}

impl FromRequestParts<Arc<Room>> for Watching {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, room: &Arc<Room>) -> Result<Self, Error> {
        find(parts, room, false).map(Self)
    }
}

impl SignedIn {
    /// Whether the form is one of our own pages', by the word that was put into it.
    pub(super) fn sent(&self, csrf: &str) -> Result<(), Error> {
        aws_lc_rs::constant_time::verify_slices_are_equal(csrf.as_bytes(), self.csrf.as_bytes())
            .map_err(|_differs| Error::Forged)
    }
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    now: String,
    #[serde(default)]
    despite: String,
    #[serde(default)]
    before: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    seen: String,
}

impl FromRequest<Arc<Room>> for Posted {
    type Rejection = Error;

    async fn from_request(request: Request, room: &Arc<Room>) -> Result<Self, Error> {
        let (mut parts, body) = request.into_parts();
        let who = SignedIn::from_request_parts(&mut parts, room).await?;
        let Form(fields) = Form::<Fields>::from_request(Request::from_parts(parts, body), room)
            .await
            .map_err(|rejection| Error::Unreadable(rejection.body_text()))?;
        who.sent(&fields.csrf)?;
        Ok(Self {
            who,
            comment: fields.comment,
            now: fields.now,
            despite: fields.despite,
            before: fields.before,
            after: fields.after,
            seen: fields.seen,
        })
    }
}
