//! `/api/v1`: the nouns and acts of the command line, as JSON for programs.
//!
//! Two doors lead here. Through the control socket comes the operator, who names in `X-Bedel-Actor` the account they act
//! as; only the owner of the data folder can open it, so that it is believed. Through the console's port comes a program
//! with `Authorization: Bearer TOKEN`, which acts as the owner of the token, and finds review alone: mailings, holds and
//! counts. What an account may do is decided by the desk, whichever door it came through.
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
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};
use tokio::sync::Mutex;

pub use accounts::token_hash;

use crate::clock::Clock;
use crate::decide::feed;
use crate::model::{Act, Event, MailingId, Selection};
use crate::stage::review::Desk;
use crate::store::Store;

use actor::Actor;

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
    door: Door,
    /// One hand on the master list at a time: the plan of an import is good only while nobody else changes it.
    list: Arc<Mutex<()>>,
}

impl ApiState {
    /// The API behind one door, over the settings' audiences by name.
    pub fn new(
        store: Store,
        clock: Clock,
        desk: Desk,
        audiences: Arc<BTreeMap<String, Selection>>,
        door: Door,
    ) -> Self {
        Self {
            store,
            clock,
            desk,
            audiences,
            door,
            list: Arc::default(),
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

/// Every route of `/api/v1`, prefix and all, for the door the state names.
pub fn routes(state: ApiState) -> Router {
    let review = Router::new()
        .route("/holds", get(mailings::holds))
        .route("/mailings", get(mailings::list))
        .route("/mailings/{id}", get(mailings::show))
        .route("/mailings/{id}/progress", get(mailings::progress))
        .route("/mailings/{id}/{act}", post(mailings::act))
        .route("/people/count", get(people::count));
    let routes = match state.door {
        Door::Socket => review.merge(operation()),
        Door::Port => review,
    };
    let routes = routes
        .fallback(error::nowhere)
        .method_not_allowed_fallback(error::not_so)
        .with_state(state);
    Router::new().nest("/api/v1", routes)
}

/// What only the operator does.
fn operation() -> Router<ApiState> {
    let feed_limit = DefaultBodyLimit::max(feed::BYTES_MAX);
    Router::new()
        .route("/people/import", post(import::import).layer(feed_limit))
        .route("/people/find", post(people::find))
        .route("/people/suppress", post(people::suppress))
        .route("/people/forget", post(people::forget))
        .route("/accounts", get(accounts::list).post(accounts::add))
        .route("/accounts/{address}", delete(accounts::remove))
        .route("/accounts/{address}/password", post(accounts::set_password))
        .route("/accounts/{address}/token", post(accounts::give_token))
        .route(
            "/policy/explain",
            post(policy::explain).layer(DefaultBodyLimit::max(feed::BYTES_MAX)),
        )
        .route(
            "/rosters",
            post(policy::rosters).layer(DefaultBodyLimit::max(feed::BYTES_MAX)),
        )
        .route("/emergency/enroll", post(policy::enroll))
        .route("/emergency/arm", post(policy::arm))
        .route("/audit", get(audit::list))
        .route("/audit/verify", get(audit::verify))
        .route("/store/export", get(export::export))
}

#[cfg(test)]
mod tests;
