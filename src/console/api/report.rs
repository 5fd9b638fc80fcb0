//! What other hosts report of us: who sends mail in our name, and how mail to us is secured.

use std::time::Duration;

use axum::Json;
use axum::extract::State as From;
use serde::Deserialize;
use tokio::task::spawn_blocking;

use super::ApiState;
use super::actor::{Actor, Asked};
use super::error::Fault;
use super::people::crashed;
use crate::decide::aggregate::{Senders, Tls, senders, sessions};
use crate::mail::Timestamp;
use crate::model::{Aggregate, Letterbox};
use crate::stage::review::Refusal;
use crate::store;

/// Days back, unless the query says otherwise.
const DAYS: u32 = 30;
/// And at most: as long as reports are kept.
const DAYS_MAX: u32 = 400;

/// How far back.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Period {
    /// Reports on the last so many days, 1 to 400; 30 unless it is said.
    #[param(minimum = 1, maximum = 400)]
    days: Option<u32>,
}

/// `GET /report/dmarc?days=`: who sends mail in our name.
#[utoipa::path(
    get,
    path = "/report/dmarc",
    tag = "reports",
    params(Period),
    responses((status = 200, description = "who sends in our name, as other hosts saw it; strangers first", body = Senders), Fault)
)]
pub(super) async fn dmarc(
    From(api): From<ApiState>,
    who: Actor,
    Asked(period): Asked<Period>,
) -> Result<Json<Senders>, Fault> {
    summed(&api, &who, &period, Letterbox::Dmarc, senders).await
}

/// `GET /report/tls?days=`: how mail to us is secured.
#[utoipa::path(
    get,
    path = "/report/tls",
    tag = "reports",
    params(Period),
    responses((status = 200, description = "how mail to us was secured, as other hosts saw it", body = Tls), Fault)
)]
pub(super) async fn tls(
    From(api): From<ApiState>,
    who: Actor,
    Asked(period): Asked<Period>,
) -> Result<Json<Tls>, Fault> {
    summed(&api, &who, &period, Letterbox::Tls, sessions).await
}

async fn summed<T: Send + 'static>(
    api: &ApiState,
    who: &Actor,
    period: &Period,
    letterbox: Letterbox,
    sum: fn(Vec<Aggregate>) -> T,
) -> Result<Json<T>, Fault> {
    let watches = match who {
        Actor::Operator => true,
        Actor::Account(address) | Actor::Reader(address) => api.desk.may_watch(address),
    };
    if !watches {
        return Err(Refusal::NotEntitled("only reviewers and postmasters see what others report".to_owned()).into());
    }
    let since = since(api.clock.now(), period)?;
    let store = api.store.clone();
    let read = spawn_blocking(move || -> Result<T, store::Error> {
        let reports: Result<Vec<Aggregate>, store::Error> = store.aggregates(letterbox, since).collect();
        reports.map(sum)
    });
    Ok(Json(read.await.map_err(crashed)??))
}

fn since(now: Timestamp, period: &Period) -> Result<Timestamp, Fault> {
    let days = period.days.unwrap_or(DAYS);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Fault::Unacceptable(format!("`days` is {days}: it is 1 to {DAYS_MAX}")));
    }
    Ok(now.minus(Duration::from_secs(u64::from(days) * 24 * 60 * 60)))
}
