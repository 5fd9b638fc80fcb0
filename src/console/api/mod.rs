//! `/api/v1`: the nouns and acts of the command line, as JSON for programs.
//!
//! Two doors lead here. Through the control socket comes the operator, who names in `X-Bedel-Actor` the account they act
//! as; only the owner of the data folder can open it, so that it is believed. Through the console's port comes a program
//! with `Authorization: Bearer TOKEN`, which acts as the owner of the token, and finds review alone: mailings, holds,
//! counts, feeds. What an account may do is decided by the desk, whichever door it came through.
//!
//! Every answer is JSON; what cannot be done is `{"error": "a sentence"}` with the status that `error.rs` gives it. An
//! import is answered by a stream of JSON lines, an export by the plain file.

mod accounts;
mod actor;
mod audit;
mod error;
mod export;
mod import;
mod mailings;
mod people;
mod policy;
mod reload;
mod report;
mod shape;
mod upload;
mod view;
mod workflow;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Json, Router};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{OpenApi, Server};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use accounts::token_hash;
pub use reload::{Reload, ReloadAsk, Reloaded};

use crate::clock::Clock;
use crate::model::{Act, Event, MailingId, Selection};
use crate::stage::import::Importer;
use crate::stage::review::Desk;
use crate::store::Store;

use actor::Actor;

/// Largest body that is held whole: a message, a term's rosters. A feed is read as it comes.
const BODY_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Which way a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// `data_dir/control.sock`: the operator.
    Socket,
    /// The console's port: whoever has a token.
    Port,
}

/// What the API answers from; cheap to clone.
#[derive(Debug, Clone)]
pub struct ApiState {
    store: Store,
    clock: Clock,
    desk: Desk,
    audiences: Arc<BTreeMap<String, Selection>>,
    importer: Importer,
    reload: Reload,
    door: Door,
}

impl ApiState {
    /// The API behind one door, over the settings' audiences by name.
    pub fn new(
        store: Store,
        clock: Clock,
        desk: Desk,
        audiences: Arc<BTreeMap<String, Selection>>,
        importer: Importer,
        reload: Reload,
        door: Door,
    ) -> Self {
        Self {
            store,
            clock,
            desk,
            audiences,
            importer,
            reload,
            door,
        }
    }

    /// A line of the audit trail, as of now.
    fn event(&self, by: &Actor, act: Act, mailing: Option<MailingId>, note: String) -> Event {
        Event {
            at: self.clock.now(),
            by: by.to_string(),
            act,
            mailing,
            note,
        }
    }
}

/// Every route of `/api/v1`, prefix and all, for the door the state names; `openapi.json` describes them.
pub fn routes(state: ApiState) -> Router {
    let door = state.door;
    let (routes, _document) = parts(door);
    // In memory it takes megabytes, and few ask for it: it is made anew for each.
    let routes = routes
        .route("/openapi.json", get(async move || Json(document(door))))
        .fallback(error::nowhere)
        .method_not_allowed_fallback(error::not_so)
        .with_state(state);
    Router::new().nest("/api/v1", routes)
}

/// The routes behind a door, and what they say of themselves.
fn parts(door: Door) -> (Router<ApiState>, OpenApi) {
    let routes = match door {
        Door::Socket => review().merge(operation()),
        Door::Port => review(),
    };
    routes.split_for_parts()
}

/// The document of a door.
fn document(door: Door) -> OpenApi {
    let (_routes, mut document) = parts(door);
    described(&mut document, door);
    document
}

/// What whoever reviews does.
fn review() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(mailings::holds))
        .routes(routes!(mailings::list))
        .routes(routes!(mailings::show))
        .routes(routes!(mailings::progress))
        .routes(routes!(mailings::act))
        .routes(routes!(workflow::combine))
        .routes(routes!(workflow::away))
        .routes(routes!(people::count))
        .routes(routes!(import::feeds))
        .routes(routes!(shape::list))
        .routes(routes!(shape::explain))
        .routes(routes!(report::dmarc))
        .routes(routes!(report::tls))
}

/// What only the operator does.
fn operation() -> OpenApiRouter<ApiState> {
    let long = || DefaultBodyLimit::max(BODY_BYTES_MAX);
    OpenApiRouter::new()
        .routes(routes!(people::find))
        .routes(routes!(people::hand_out))
        .routes(routes!(people::suppress))
        .routes(routes!(people::forget))
        .routes(routes!(import::import))
        .routes(routes!(import::pull))
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::remove))
        .routes(routes!(accounts::set_password))
        .routes(routes!(accounts::give_token))
        .routes(routes!(accounts::give_factor))
        .routes(routes!(policy::enroll))
        .routes(routes!(policy::arm))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(reload::reload))
        .routes(routes!(export::export))
        .routes(routes!(export::rotate))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(policy::explain))
                .routes(routes!(policy::rosters))
                .layer(long()),
        )
}

/// What the document says of the whole.
fn described(document: &mut OpenApi, door: Door) {
    document.info.title = "Bedel".to_owned();
    document.info.version = "1".to_owned();
    document.info.description = Some(
        "Mass mail that waits, is decided on and leaves. Every answer that is a no has a body `{\"error\": \"…\"}` \
         with a sentence that says why, and what to do."
            .to_owned(),
    );
    document.info.license = None;
    document.servers = Some(vec![Server::new("/api/v1")]);
    let (name, scheme) = match door {
        Door::Port => (
            "token",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        ),
        Door::Socket => (
            "actor",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                "X-Bedel-Actor",
                "the account the operator acts as",
            ))),
        ),
    };
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(name, scheme);
    components.schemas.insert("No".to_owned(), error::schema());
    let mut security = vec![SecurityRequirement::new(name, Vec::<String>::new())];
    if door == Door::Socket {
        // Whoever opened it is the operator already; only what an account answers for wants its name.
        security.push(SecurityRequirement::default());
    }
    document.security = Some(security);
}

#[cfg(test)]
mod tests;
