//! Signing in with the campus's own provider. Who it says they are must be an account here: it opens the door, and
//! gives no role.
//!
//! # Standards
//! OpenID Connect Core 1.0 (authorization code flow), RFC 7636 (PKCE).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{self, Query};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, TokenResponse as _,
};
use rustls::ClientConfig;
use serde::Deserialize;

use super::Room;
use super::error::Error;
use super::fetch::fetch;
use super::login;
use super::page::{self, Paper};
use super::words::{Key, Words};
use crate::mail::{Address, Timestamp};

/// How long somebody may take at the provider.
const PENDING: Duration = Duration::from_secs(10 * 60);
/// People at the provider at the same time.
const PENDING_MAX: usize = 1_000;
/// The cookie that ties an answer to the browser that asked.
const COOKIE: &str = "bedel-oidc";

/// The provider, as gateway.toml names it.
#[derive(Clone)]
pub struct Settings {
    /// Where its discovery document is found.
    pub issuer: String,
    /// What it calls this console.
    pub client_id: String,
    /// The console's password there.
    pub client_secret: String,
    /// What people call it: on the button.
    pub name: String,
    /// Whose certificates are believed.
    pub tls: Arc<ClientConfig>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// The provider, and who is on the way to it.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) settings: Settings,
    redirect: String,
    pending: Mutex<HashMap<String, Pending>>,
}

#[derive(Debug)]
struct Pending {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    next: String,
    since: Timestamp,
}

impl Provider {
    pub(super) fn new(settings: Settings, console_url: &str) -> Self {
        Self {
            settings,
            redirect: format!("{console_url}/login/provider/back"),
            pending: Mutex::default(),
        }
    }

    async fn discovered(&self) -> Result<CoreProviderMetadata, String> {
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|error| error.to_string())?;
        let http = |request| fetch(Arc::clone(&self.settings.tls), request);
        let found = CoreProviderMetadata::discover_async(issuer, &http).await;
        found.map_err(|error| format!("the provider's discovery document: {error}"))
    }

    /// Where the browser is sent, and the state that must come back.
    async fn begin(&self, next: &str, now: Timestamp) -> Result<(String, String), String> {
        let metadata = self.discovered().await?;
        let redirect = RedirectUrl::new(self.redirect.clone()).map_err(|error| error.to_string())?;
        let secret = ClientSecret::new(self.settings.client_secret.clone());
        let id = ClientId::new(self.settings.client_id.clone());
        let client = CoreClient::from_provider_metadata(metadata, id, Some(secret)).set_redirect_uri(redirect);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let asked = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let (url, state, nonce) = asked
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let mut pending = self.lock();
        pending.retain(|_, one| now.since(one.since) < PENDING);
        if pending.len() >= PENDING_MAX {
            return Err("too many people are signing in".to_owned());
        }
        let state = state.secret().clone();
        pending.insert(
            state.clone(),
            Pending {
                nonce,
                verifier,
                next: next.to_owned(),
                since: now,
            },
        );
        Ok((url.to_string(), state))
    }

    /// Who the provider says it is: an address it has verified.
    async fn end(&self, code: String, pending: Pending) -> Result<Address, String> {
        let metadata = self.discovered().await?;
        let redirect = RedirectUrl::new(self.redirect.clone()).map_err(|error| error.to_string())?;
        let secret = ClientSecret::new(self.settings.client_secret.clone());
        let id = ClientId::new(self.settings.client_id.clone());
        let client = CoreClient::from_provider_metadata(metadata, id, Some(secret)).set_redirect_uri(redirect);
        let http = |request| fetch(Arc::clone(&self.settings.tls), request);
        let asked = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| error.to_string())?;
        let answered = asked.set_pkce_verifier(pending.verifier).request_async(&http).await;
        let answered = answered.map_err(|error| format!("the provider's token: {error}"))?;
        let token = answered.id_token().ok_or("the provider gave no ID token")?;
        let claims = token.claims(&client.id_token_verifier(), &pending.nonce);
        let claims = claims.map_err(|error| format!("the provider's ID token: {error}"))?;
        if claims.email_verified() == Some(false) {
            return Err("the provider has not verified their address".to_owned());
        }
        let email = claims.email().ok_or("the provider's ID token names no address")?;
        email
            .as_str()
            .parse()
            .map_err(|_invalid| "the provider names no valid address".to_owned())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Pending>> {
        // What it guards is whole after every statement.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

/// `GET /login/provider`: off to it.
pub(super) async fn begin(
    words: Words,
    extract::State(room): extract::State<Arc<Room>>,
    Query(next): Query<Next>,
) -> Result<Response, Error> {
    let provider = room.provider.as_ref().ok_or(Error::NoSuchPage)?;
    match provider.begin(login::within(&next.next), room.state.clock.now()).await {
        Ok((url, state)) => {
            let secure = if room.state.url.starts_with("https:") {
                "; Secure"
            } else {
                ""
            };
            // Lax: the provider's answer comes from another site.
            let cookie = format!("{COOKIE}={state}; Path=/login; HttpOnly; SameSite=Lax; Max-Age=600{secure}");
            let mut response = Redirect::to(&url).into_response();
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            Ok(response)
        }
        Err(why) => Ok(failed(words, &why)),
    }
}

/// What the provider sends back with the browser.
#[derive(Debug, Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    error: String,
}

/// `GET /login/provider/back`: they are back; the answer is good once, and in the browser that asked.
pub(super) async fn back(
    words: Words,
    extract::State(room): extract::State<Arc<Room>>,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Result<Response, Error> {
    let provider = room.provider.as_ref().ok_or(Error::NoSuchPage)?;
    let pending = provider.lock().remove(&back.state);
    let is_theirs = cookie(&headers).is_some_and(|state| state == back.state);
    let now = room.state.clock.now();
    let Some(pending) = pending.filter(|pending| is_theirs && now.since(pending.since) < PENDING) else {
        return Ok(refused(words, Key("provider-late")));
    };
    if !back.error.is_empty() {
        return Ok(refused(words, Key("provider-refused")));
    }
    let next = pending.next.clone();
    let address = match provider.end(back.code, pending).await {
        Ok(address) => address,
        Err(why) => return Ok(failed(words, &why)),
    };
    let Some(account) = room.state.store.account(&address)? else {
        tracing::info!("somebody whom the provider knows has no account here");
        return Ok(refused(words, Key("provider-stranger")));
    };
    let mut response = Redirect::to(&next).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&room.sessions.open(&account)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut each = all.flat_map(|value| value.split(';')).map(str::trim);
    each.find_map(|one| one.strip_prefix(COOKIE)?.strip_prefix('=').map(str::to_owned))
}

fn refused(words: Words, why: Key) -> Response {
    not_signed_in(words, StatusCode::FORBIDDEN, why)
}

/// The provider's failure, or ours with it: the log has it, the page does not.
fn failed(words: Words, why: &str) -> Response {
    tracing::error!(error = why, "nobody could be signed in by the provider");
    not_signed_in(words, StatusCode::BAD_GATEWAY, Key("provider-failed"))
}

fn not_signed_in(words: Words, status: StatusCode, why: Key) -> Response {
    let paper = Paper {
        title: &words.say("not-signed-in").to_string(),
        sentence: &words.say(why).to_string(),
        home: Some("/login"),
    };
    page::respond(words, status, &paper)
}
