//! What those who run the gateway ask of it: whether it lives, whether it can take mail, and its figures.
//!
//! Both doors have these paths. `/healthz` says that the program answers, `/readyz` whether a message could be kept now.
//! `/metrics` is Prometheus's text; it names no address, no subject and no mailing, and yet it is for the networks that
//! the settings name, and for others it is not there. A peer on loopback is a proxy of ours, or this machine itself, and
//! is believed whom it speaks for.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::door;
use crate::stage::intake::Network;
use crate::store::Store;

/// The type of Prometheus's text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What operations stand on.
#[derive(Clone)]
pub struct Operations {
    /// Whether it can take mail is asked of it.
    pub store: Store,
    /// Makes the text of all figures, as they stand now.
    pub figures: Arc<dyn Fn() -> String + Send + Sync>,
    /// Who may have it.
    pub networks: Vec<Network>,
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operations")
            .field("networks", &self.networks)
            .finish_non_exhaustive()
    }
}

impl Operations {
    fn may_read(&self, peer: Option<IpAddr>) -> bool {
        peer.is_some_and(|peer| self.networks.iter().any(|network| network.holds(peer)))
    }
}

/// The routes of them.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(operations: Operations) -> Router<S> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .layer(Extension(operations))
}

/// `GET /readyz`: whether a message could be kept now.
async fn readyz(Extension(operations): Extension<Operations>) -> Response {
    match operations.store.ready() {
        Ok(()) => "ready\n".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// `GET /metrics`.
async fn metrics(Extension(operations): Extension<Operations>, request: Request) -> Response {
    let (parts, _body) = request.into_parts();
    if !operations.may_read(door::peer(&parts)) {
        return (StatusCode::NOT_FOUND, "not found\n").into_response();
    }
    // Counting reads the store.
    match tokio::task::spawn_blocking(move || (operations.figures)()).await {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT)], text).into_response(),
        Err(panicked) => {
            tracing::error!(%panicked, "the figures could not be made");
            (StatusCode::INTERNAL_SERVER_ERROR, "the figures could not be made\n").into_response()
        }
    }
}
