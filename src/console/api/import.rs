//! One office's feed, handed in or fetched, applied whole or not at all; its progress as a stream of JSON lines.
//!
//! | `step` | |
//! |---|---|
//! | `reading` | `rows` that are good so far, of so many `bytes` (0 when it is fetched) |
//! | `read` | how many `rows` are good |
//! | `compared` | `done` of `of` contacts are compared with the master list |
//! | `written` | `done` of `of` records are in the store |
//! | `done` | the [`Report`]; `status` is that of the answer: 200, 409 (too many would come or go), 422 (faulty rows) |
//! | `failed` | the source broke off, or our own fault: the sentence, and its status |
//!
//! # Failure
//! When the store fails while a feed is applied, the same feed can be imported again: it finds what is done and does the
//! rest.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State as From;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http_body_util::channel::{Channel, Sender};
use hyper::body::Frame;
use serde::{Deserialize, Serialize};

use super::ApiState;
use super::actor::{Actor, Asked};
use super::error::Fault;
use super::upload::Upload;
use crate::decide::feed::Confirmed;
use crate::model::OfficeId;
use crate::stage::import::{Error, Listed, Order, Refusal, Report, Step, Tell};

/// Lines that may wait for a slow reader; further ones of progress are left out.
const LINES_MAX: usize = 32;

/// Whose feed it is, and how far to go.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    /// The office of policy.toml.
    #[param(example = "registrar")]
    source: String,
    /// Say what would change, and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Apply it even though many of the office's contacts are missing from it.
    #[serde(default)]
    confirm_removals: bool,
    /// Apply it even though it has many more contacts than the office had.
    #[serde(default)]
    confirm_growth: bool,
}

impl Query {
    fn order(self, who: &Actor) -> Order {
        Order {
            office: OfficeId(self.source),
            by: who.to_string(),
            dry_run: self.dry_run,
            confirmed: Confirmed {
                removals: self.confirm_removals,
                growth: self.confirm_growth,
            },
        }
    }
}

/// The last line of the stream.
#[derive(Debug, Serialize)]
#[serde(tag = "step", rename_all = "lowercase")]
enum Last {
    Done {
        status: u16,
        #[serde(flatten)]
        report: Box<Report>,
    },
    Failed {
        status: u16,
        error: String,
    },
}

/// `GET /people/feeds`: how the feeds of the offices go; to a steward, that of their own.
#[utoipa::path(
    get,
    path = "/people/feeds",
    tag = "people",
    responses((status = 200, description = "the feed of every office that has one", body = Vec<Listed>), Fault)
)]
pub(super) async fn feeds(From(api): From<ApiState>, who: Actor) -> Result<Json<Vec<Listed>>, Fault> {
    let mut feeds = api.importer.list()?;
    if let Actor::Account(account) | Actor::Reader(account) = &who {
        let is_all = api.desk.may_audit(account) || api.desk.is_postmaster(account);
        let own = api.desk.offices().stewardships(account);
        feeds.retain(|feed| is_all || own.iter().any(|steward| *steward.office() == feed.office));
    }
    Ok(Json(feeds))
}

/// `POST /people/import?source=&dry_run=&confirm_removals=&confirm_growth=`, the CSV as body, read as it comes.
#[utoipa::path(
    post,
    path = "/people/import",
    tag = "people",
    params(Query),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "progress and report, a line of JSON each", content_type = "application/x-ndjson", body = String), Fault)
)]
pub(super) async fn import(
    From(api): From<ApiState>,
    who: Actor,
    Asked(query): Asked<Query>,
    body: Body,
) -> Result<Response, Fault> {
    let order = query.order(&who);
    api.importer.check(&order.office)?;
    let upload = Upload::of(body);
    Ok(streamed(async move |tell| {
        api.importer.hand_in(&order, upload, tell).await
    }))
}

/// `POST /people/pull?source=&dry_run=&confirm_removals=&confirm_growth=`: fetches a feed now, from where gateway.toml
/// says.
#[utoipa::path(
    post,
    path = "/people/pull",
    tag = "people",
    params(Query),
    responses((status = 200, description = "progress and report, a line of JSON each", content_type = "application/x-ndjson", body = String), Fault)
)]
pub(super) async fn pull(From(api): From<ApiState>, who: Actor, Asked(query): Asked<Query>) -> Result<Response, Fault> {
    let order = query.order(&who);
    api.importer.check_source(&order.office)?;
    Ok(streamed(async move |tell| api.importer.pull(&order, tell).await))
}

/// Runs it on a task of its own: an import goes on to its end when whoever started it hangs up.
fn streamed<F>(run: impl FnOnce(Tell) -> F + Send + 'static) -> Response
where
    F: Future<Output = Result<Report, Error>> + Send,
{
    let (sender, lines) = Channel::<Bytes, Infallible>::new(LINES_MAX);
    let teller = Arc::new(Teller(Mutex::new(Some(sender))));
    let progress = Arc::clone(&teller);
    let _reader_waits = tokio::spawn(async move {
        let done = run(Arc::new(move |step| progress.mention(&step))).await;
        teller.tell_last(&last(done)).await;
    });
    ([(CONTENT_TYPE, "application/x-ndjson")], Body::new(lines)).into_response()
}

fn last(done: Result<Report, Error>) -> Last {
    match done {
        Ok(report) => Last::Done {
            status: match &report.refusal {
                None => 200,
                Some(Refusal::Drift(_)) => 409,
                Some(Refusal::Faulty(_)) => 422,
            },
            report: Box::new(report),
        },
        Err(error) => {
            let fault = Fault::from(error);
            Last::Failed {
                status: fault.status().as_u16(),
                error: fault.to_string(),
            }
        }
    }
}

/// The writing end of the stream. That nobody reads any more is no reason to stop an import.
struct Teller(Mutex<Option<Sender<Bytes, Infallible>>>);

impl Teller {
    /// Says it, unless the reader is too slow.
    fn mention(&self, step: &Step) {
        let mut sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _left_out = sender.as_mut().map(|sender| sender.try_send(Frame::data(line(step))));
    }

    /// Says the last of it, when the reader is slow a little later.
    async fn tell_last(&self, last: &Last) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut sender) = sender {
            let _hung_up = sender.send_data(line(last)).await;
        }
    }
}

fn line(step: &impl Serialize) -> Bytes {
    let mut line = serde_json::to_vec(step).expect("plain data with text keys is always JSON");
    line.push(b'\n');
    line.into()
}
