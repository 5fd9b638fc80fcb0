//! The audit trail: read, and verified. Law 7 of the gateway.

use axum::Json;
use axum::extract::State as From;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::ApiState;
use super::actor::{Actor, Asked};
use super::error::Fault;
use super::people::crashed;
use crate::mail::Timestamp;
use crate::model::{Act, MailingId};
use crate::store::{self, Store};

/// Lines in a listing, unless the query says otherwise.
const LISTED: usize = 100;
/// And at the very most.
const LISTED_MAX: usize = 100_000;

/// Which lines.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    mailing: Option<String>,
    limit: Option<usize>,
}

/// One line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditLine)]
pub(super) struct Line {
    number: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    by: String,
    #[schema(value_type = String)]
    act: Act,
    mailing: Option<String>,
    note: String,
}

/// Whether the trail is whole.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Verified {
    whole: bool,
    /// Lines, when it is.
    lines: Option<u64>,
    /// SHA-256 of the last line, in hexadecimal: kept elsewhere, it proves later that nothing before it was changed.
    hash: Option<String>,
    /// Where and how it is broken, when it is.
    broken: Option<String>,
}

/// `GET /audit?mailing=&limit=`: newest first.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "audit",
    params(Which),
    responses((status = 200, description = "lines of the trail, newest first", body = Vec<Line>), Fault)
)]
pub(super) async fn list(
    From(api): From<ApiState>,
    _who: Actor,
    Asked(which): Asked<Which>,
) -> Result<Json<Vec<Line>>, Fault> {
    let mailing: Option<MailingId> = match which.mailing {
        Some(text) => Some(
            text.parse()
                .map_err(|error: crate::model::NotAMailingId| Fault::Malformed(error.to_string()))?,
        ),
        None => None,
    };
    let count = which.limit.unwrap_or(LISTED).min(LISTED_MAX);
    let store = api.store.clone();
    let lines = spawn_blocking(move || lines(&store, mailing, count))
        .await
        .map_err(crashed)??;
    Ok(Json(lines))
}

fn lines(store: &Store, mailing: Option<MailingId>, count: usize) -> Result<Vec<Line>, store::Error> {
    let wanted = |logged: &Result<store::Logged, _>| match logged {
        Ok(logged) => mailing.is_none() || logged.event.mailing == mailing,
        Err(_) => true,
    };
    let logged = store.events().filter(wanted).take(count);
    logged
        .map(|logged| {
            let store::Logged { number, event } = logged?;
            Ok(Line {
                number,
                at: event.at,
                by: event.by,
                act: event.act,
                mailing: event.mailing.map(|id| id.to_string()),
                note: event.note,
            })
        })
        .collect()
}

/// `GET /audit/verify`: walks the whole chain.
#[utoipa::path(
    get,
    path = "/audit/verify",
    tag = "audit",
    responses((status = 200, description = "whether the trail is whole", body = Verified), Fault)
)]
pub(super) async fn verify(From(api): From<ApiState>, _who: Actor) -> Result<Json<Verified>, Fault> {
    let store = api.store.clone();
    let verified = spawn_blocking(move || store.verify_events()).await.map_err(crashed)??;
    Ok(Json(match verified {
        Ok((lines, hash)) => Verified {
            whole: true,
            lines: Some(lines),
            hash: Some(hash.iter().map(|byte| format!("{byte:02x}")).collect()),
            broken: None,
        },
        Err(broken) => Verified {
            whole: false,
            lines: None,
            hash: None,
            broken: Some(broken.to_string()),
        },
    }))
}
