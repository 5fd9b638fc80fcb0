//! Who asks: the operator, or an account.

use std::fmt;

use axum::extract::{FromRequest, FromRequestParts, Json, Path, Query};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::error::Fault;
use super::{ApiState, Door, token_hash};
use crate::mail::Address;
use crate::model::lifecycle::State;
use crate::stage::review::Desk;
use crate::store::Scope;

/// The header in which the operator names the account they act as.
const ACTOR: &str = "X-Bedel-Actor";

/// Who asks. Making one is the check of who it is: every handler takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Actor {
    /// Whoever can open the control socket.
    Operator,
    /// An account that exists.
    Account(Address),
    /// The same, with a token that only reads.
    Reader(Address),
}

impl Actor {
    /// The account that answers for an act of review.
    pub(super) fn account(&self) -> Result<&Address, Fault> {
        match self {
            Self::Operator => Err(Fault::ActorWanted),
            Self::Account(address) => Ok(address),
            Self::Reader(_) => Err(Fault::ReadOnly),
        }
    }

    /// Whether they may see this mailing; the operator, who has the disk, sees all.
    pub(super) fn may_see(&self, desk: &Desk, state: &State) -> bool {
        match self {
            Self::Operator => true,
            Self::Account(address) | Self::Reader(address) => desk.may_see(state, address),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::Account(address) | Self::Reader(address) => address.fmt(f),
        }
    }
}

impl FromRequestParts<ApiState> for Actor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, api: &ApiState) -> Result<Self, Fault> {
        match api.door {
            Door::Socket => named(parts, api),
            Door::Port => signed_in(parts, api),
        }
    }
}

/// The account the operator acts as, when they name one.
fn named(parts: &Parts, api: &ApiState) -> Result<Actor, Fault> {
    let Some(value) = parts.headers.get(ACTOR) else {
        return Ok(Actor::Operator);
    };
    let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
    let address: Address = text
        .parse()
        .map_err(|invalid| Fault::Malformed(format!("{ACTOR}: {invalid}")))?;
    match api.store.account(&address)? {
        Some(account) => Ok(Actor::Account(account.address)),
        None => Err(Fault::NoSuchActor(text)),
    }
}

/// The owner of the bearer token (RFC 6750 §2.1).
fn signed_in(parts: &Parts, api: &ApiState) -> Result<Actor, Fault> {
    let value = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = value.and_then(|value| value.split_once(' ')).ok_or(Fault::SignIn)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Fault::SignIn);
    }
    let (owner, scope) = api.store.token(&token_hash(token.trim()))?.ok_or(Fault::SignIn)?;
    match (api.store.account(&owner)?, scope) {
        (Some(account), Scope::Act) => Ok(Actor::Account(account.address)),
        (Some(account), Scope::Read) => Ok(Actor::Reader(account.address)),
        (None, _) => Err(Fault::SignIn),
    }
}

/// A JSON body, refused in our own words.
#[derive(Debug, FromRequest)]
#[from_request(via(Json), rejection(Fault))]
pub(super) struct Told<T>(pub(super) T);

/// What a path names, refused in our own words.
#[derive(Debug, FromRequestParts)]
#[from_request(via(Path), rejection(Fault))]
pub(super) struct Named<T>(pub(super) T);

/// A query, refused in our own words.
#[derive(Debug, FromRequestParts)]
#[from_request(via(Query), rejection(Fault))]
pub(super) struct Asked<T>(pub(super) T);
