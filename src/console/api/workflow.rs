//! Acts that are of no single mailing: several are made one, and somebody is away.

use axum::Json;
use axum::extract::State as From;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiState;
use super::actor::{Actor, Told};
use super::error::Fault;
use super::mailings::number;

/// Which are made one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Several {
    /// Their numbers, in the order in which they stand in the whole.
    mailings: Vec<String>,
    /// The subject of the whole.
    subject: String,
}

/// How long somebody is away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Away {
    /// The last day, such as 2026-12-24; empty: they are back.
    until: String,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Done)]
pub(super) struct Did {
    done: String,
}

/// `POST /holds/combine`: several that wait become one mailing; each author is told. Policy C11.
#[utoipa::path(
    post,
    path = "/holds/combine",
    tag = "review",
    request_body = Several,
    responses((status = 200, description = "what was done", body = Did), Fault)
)]
pub(super) async fn combine(
    From(api): From<ApiState>,
    who: Actor,
    Told(several): Told<Several>,
) -> Result<Json<Did>, Fault> {
    let ids = several.mailings.iter().map(|id| number(id));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    let done = api.desk.combine(&ids, who.account()?, &several.subject).await?;
    Ok(Json(Did { done: done.sentence }))
}

/// `POST /away`: until which day deputies are asked instead. Policy C15.
#[utoipa::path(
    post,
    path = "/away",
    tag = "review",
    request_body = Away,
    responses((status = 200, description = "what was done", body = Did), Fault)
)]
pub(super) async fn away(From(api): From<ApiState>, who: Actor, Told(away): Told<Away>) -> Result<Json<Did>, Fault> {
    let done = api.desk.away(who.account()?, &away.until).await?;
    Ok(Json(Did { done: done.sentence }))
}
