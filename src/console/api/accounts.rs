//! Accounts: who may sign in, and the tokens of programs.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as From;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::ApiState;
use super::actor::{Actor, Named, Told};
use super::error::Fault;
use super::people::crashed;
use crate::mail::{Address, Timestamp};
use crate::model::Act;
use crate::password;
use crate::store::{Account, Scope};

/// Shortest password, in characters (NIST SP 800-63B: eight at the least).
const PASSWORD_CHARS_MIN: usize = 8;
/// Longest, so that nobody makes us hash a book.
const PASSWORD_BYTES_MAX: usize = 1024;
/// What a token begins with, so that scanners of leaked secrets know one.
const TOKEN_PREFIX: &str = "bedel_";

/// An account, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(super) struct Line {
    #[schema(value_type = String)]
    address: Address,
    /// What the offices of policy.toml let it do.
    roles: Vec<String>,
    has_password: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// An account to add.
#[derive(Deserialize, ToSchema)]
pub(super) struct New {
    address: String,
    /// None for an account that only has tokens.
    password: Option<String>,
}

/// A password to set.
#[derive(Deserialize, ToSchema)]
pub(super) struct Secret {
    password: String,
}

/// What a token is to be good for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// `read` or `act`; to act, unless it is said.
    #[serde(default)]
    #[schema(value_type = String)]
    scope: Scope,
}

/// A token, told once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Token {
    token: String,
}

/// The secret of an authenticator, told once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Enrolled {
    secret: String,
    url: String,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Done)]
pub(super) struct Did {
    done: String,
}

/// The form in which a token is kept and found: its SHA-256. It has 256 random bits, so it needs no salt.
pub fn token_hash(token: &str) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// `GET /accounts`.
#[utoipa::path(
    get,
    path = "/accounts",
    tag = "accounts",
    responses((status = 200, description = "all accounts", body = Vec<Line>), Fault)
)]
pub(super) async fn list(From(api): From<ApiState>, _who: Actor) -> Result<Json<Vec<Line>>, Fault> {
    let accounts = api.store.accounts()?;
    Ok(Json(accounts.into_iter().map(|account| line(&api, account)).collect()))
}

fn line(api: &ApiState, account: Account) -> Line {
    let offices = api.desk.offices();
    let stewardships = offices.stewardships(&account.address);
    let mut roles: Vec<String> = stewardships
        .iter()
        .map(|s| format!("steward of {}", s.office()))
        .collect();
    if offices.reviewer(&account.address).is_some() {
        roles.push("reviewer".to_owned());
    }
    let others = [
        (api.desk.may_arm(&account.address), "duty officer"),
        (api.desk.watches_contact_data(&account.address), "privacy officer"),
        (api.desk.is_postmaster(&account.address), "postmaster"),
    ];
    roles.extend(others.iter().filter(|(is, _)| *is).map(|(_, role)| (*role).to_owned()));
    Line {
        roles,
        has_password: account.password_hash.is_some(),
        created_at: account.created_at,
        address: account.address,
    }
}

/// `POST /accounts`.
#[utoipa::path(
    post,
    path = "/accounts",
    tag = "accounts",
    request_body = New,
    responses((status = 201, description = "what was done", body = Did), Fault)
)]
pub(super) async fn add(
    From(api): From<ApiState>,
    who: Actor,
    Told(new): Told<New>,
) -> Result<(StatusCode, Json<Did>), Fault> {
    let address: Address = new
        .address
        .parse()
        .map_err(|invalid: crate::mail::Invalid| Fault::Unacceptable(invalid.to_string()))?;
    if api.store.account(&address)?.is_some() {
        let what = format!("there is an account {address} already; its password: bedel account password {address}");
        return Err(Fault::Taken(what));
    }
    let password_hash = match new.password {
        Some(password) => Some(hashed(Zeroizing::new(password)).await?),
        None => None,
    };
    let account = Account {
        address,
        password_hash,
        created_at: api.clock.now(),
        away_until: None,
    };
    let event = api.event(&who, Act::Account, None, format!("added {}", account.address));
    api.store.put_account(&account, event).await?;
    let Line { address, roles, .. } = line(&api, account);
    let roles = if roles.is_empty() {
        "It may submit and follow its own messages; what else an account may do, policy.toml says, and gateway.toml of postmasters."
            .to_owned()
    } else {
        format!("It is {}.", roles.join(", "))
    };
    let done = format!("Added {address}. {roles}");
    Ok((StatusCode::CREATED, Json(Did { done })))
}

/// `DELETE /accounts/{address}`: with its tokens.
#[utoipa::path(
    delete,
    path = "/accounts/{address}",
    tag = "accounts",
    params(("address" = String, Path, description = "the account")),
    responses((status = 200, description = "what was done", body = Did), Fault)
)]
pub(super) async fn remove(
    From(api): From<ApiState>,
    who: Actor,
    Named(address): Named<String>,
) -> Result<Json<Did>, Fault> {
    let account = found(&api, &address)?;
    let event = api.event(&who, Act::Account, None, format!("removed {}", account.address));
    api.store.remove_account(&account.address, event).await?;
    Ok(Json(Did {
        done: format!("Removed {} and its tokens.", account.address),
    }))
}

/// `POST /accounts/{address}/password`.
#[utoipa::path(
    post,
    path = "/accounts/{address}/password",
    tag = "accounts",
    params(("address" = String, Path, description = "the account")),
    request_body = Secret,
    responses((status = 200, description = "what was done", body = Did), Fault)
)]
pub(super) async fn set_password(
    From(api): From<ApiState>,
    who: Actor,
    Named(address): Named<String>,
    Told(secret): Told<Secret>,
) -> Result<Json<Did>, Fault> {
    let account = Account {
        password_hash: Some(hashed(Zeroizing::new(secret.password)).await?),
        ..found(&api, &address)?
    };
    let note = format!("changed the password of {}", account.address);
    let event = api.event(&who, Act::Account, None, note);
    api.store.put_account(&account, event).await?;
    Ok(Json(Did {
        done: format!("The password of {} is changed.", account.address),
    }))
}

/// `POST /accounts/{address}/token`: a new token; earlier ones stay good until the account is removed.
#[utoipa::path(
    post,
    path = "/accounts/{address}/token",
    tag = "accounts",
    params(("address" = String, Path, description = "the account")),
    request_body(content = Option<Wish>, content_type = "application/json"),
    responses((status = 201, description = "a token, told once", body = Token), Fault)
)]
pub(super) async fn give_token(
    From(api): From<ApiState>,
    who: Actor,
    Named(address): Named<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<Token>), Fault> {
    let account = found(&api, &address)?;
    let wish: Wish = if body.is_empty() {
        Wish::default()
    } else {
        serde_json::from_slice(&body)
            .map_err(|error| Fault::Malformed(format!("the body is not {{\"scope\": \"read\"}}: {error}")))?
    };
    let mut bits = [0; 32];
    aws_lc_rs::rand::fill(&mut bits)
        .map_err(|_unspecified| crate::store::Error::Disk("the system has no randomness".to_owned()))?;
    let token = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(bits));
    let what = match wish.scope {
        Scope::Read => "to read with",
        Scope::Act => "to act with",
    };
    let note = format!("gave a token {what} to {}", account.address);
    let event = api.event(&who, Act::Account, None, note);
    api.store
        .put_token(&token_hash(&token), &account.address, wish.scope, event)
        .await?;
    Ok((StatusCode::CREATED, Json(Token { token })))
}

/// `POST /accounts/{address}/factor`: a new authenticator, with whose codes the account signs in from then on.
#[utoipa::path(
    post,
    path = "/accounts/{address}/factor",
    tag = "accounts",
    params(("address" = String, Path, description = "the account")),
    responses((status = 200, description = "the secret of an authenticator, told once", body = Enrolled), Fault)
)]
pub(super) async fn give_factor(
    From(api): From<ApiState>,
    who: Actor,
    Named(address): Named<String>,
) -> Result<Json<Enrolled>, Fault> {
    let account = found(&api, &address)?.address;
    let note = format!("gave a second factor to {account}");
    enrolled(&api, &who, &account, note).await
}

/// A new authenticator of an account; one before it is void.
pub(super) async fn enrolled(
    api: &ApiState,
    who: &Actor,
    account: &Address,
    note: String,
) -> Result<Json<Enrolled>, Fault> {
    let secret = password::new_second_factor();
    let event = api.event(who, Act::Account, None, note);
    api.store.put_second_factor(account, &secret, event).await?;
    let url = format!("otpauth://totp/Bedel:{account}?secret={secret}&issuer=Bedel");
    Ok(Json(Enrolled { secret, url }))
}

fn found(api: &ApiState, address: &str) -> Result<Account, Fault> {
    let missing = || Fault::Missing(format!("there is no account {address}"));
    let address: Address = address.parse().map_err(|_invalid| missing())?;
    api.store.account(&address)?.ok_or_else(missing)
}

/// Hashing takes tens of milliseconds by design; not on a thread that serves others.
async fn hashed(password: Zeroizing<String>) -> Result<String, Fault> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        let what = format!("a password has at least {PASSWORD_CHARS_MIN} characters");
        return Err(Fault::Unacceptable(what));
    }
    if password.len() > PASSWORD_BYTES_MAX || password.chars().any(char::is_control) {
        let what = format!("a password has at most {PASSWORD_BYTES_MAX} bytes, and no control characters");
        return Err(Fault::Unacceptable(what));
    }
    spawn_blocking(move || password::hash(&password)).await.map_err(crashed)
}
