//! One office's feed, applied whole or not at all; its progress as a stream of JSON lines.
//!
//! | `step` | |
//! |---|---|
//! | `read` | how many rows are good |
//! | `written` | `done` of `of` records are in the store |
//! | `done` | the [`Report`]; `status` is that of the answer: 200, 409 (too many would be removed), 422 (faulty rows) |
//! | `failed` | our own fault: the sentence, and its status |
//!
//! # Failure
//! What is applied is applied in many commits. When the store fails among them, the same feed can be imported again:
//! it finds what is done and does the rest.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::State as From;
use axum::extract::rejection::BytesRejection;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http_body_util::channel::{Channel, Sender};
use hyper::body::Frame;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::ApiState;
use super::actor::{Actor, Asked};
use super::error::Fault;
use super::people::crashed;
use crate::decide::feed::{self, Feed};
use crate::model::{Act, OfficeId};
use crate::store::{self, FeedPlan};

/// Lines that may wait for a slow reader; further ones of progress are left out.
const LINES_MAX: usize = 32;

/// Whose feed it is, and how far to go.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Order {
    source: String,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    confirm_removals: bool,
}

/// One line of the stream.
#[derive(Debug, Serialize)]
#[serde(tag = "step", rename_all = "lowercase")]
enum Step {
    Read {
        rows: usize,
    },
    Written {
        done: usize,
        of: usize,
    },
    Done {
        status: u16,
        #[serde(flatten)]
        report: Report,
    },
    Failed {
        status: u16,
        error: String,
    },
}

/// What a feed changes, or would change.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Whether it is applied.
    applied: bool,
    /// Why it is not, unless it was only a dry run.
    error: Option<String>,
    /// Good rows.
    rows: usize,
    /// What is wrong with the others.
    faults: Vec<feed::Fault>,
    further_faults: u64,
    added: u64,
    changed: u64,
    unchanged: u64,
    removed: u64,
    /// Contacts the source had before.
    had: u64,
}

/// `POST /people/import?source=&dry_run=&confirm_removals=`, the CSV as body.
#[utoipa::path(
    post,
    path = "/people/import",
    tag = "people",
    params(Order),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "progress and report, a line of JSON each", content_type = "application/x-ndjson", body = String), Fault)
)]
pub(super) async fn import(
    From(api): From<ApiState>,
    who: Actor,
    Asked(order): Asked<Order>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let csv = body?;
    if api.desk.offices().find(&OfficeId(order.source.clone())).is_none() {
        let offices: Vec<String> = api.desk.offices().iter().map(|(id, _)| id.to_string()).collect();
        let what = format!("there is no office {}; there are: {}", order.source, offices.join(", "));
        return Err(Fault::Unacceptable(what));
    }
    let (sender, lines) = Channel::<Bytes, Infallible>::new(LINES_MAX);
    let mut teller = Teller(sender);
    // On a task of its own: an import goes on to its end when whoever started it hangs up.
    let _reader_waits = tokio::spawn(async move {
        let last = match run(&api, &who, &order, csv, &mut teller).await {
            Ok((status, report)) => Step::Done { status, report },
            Err(fault) => Step::Failed {
                status: fault.status().as_u16(),
                error: fault.to_string(),
            },
        };
        teller.tell(&last).await;
    });
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], Body::new(lines)).into_response())
}

/// Reads, compares, and applies it when it may be.
async fn run(
    api: &ApiState,
    who: &Actor,
    order: &Order,
    csv: Bytes,
    teller: &mut Teller,
) -> Result<(u16, Report), Fault> {
    let _only_hand = api.list.lock().await;
    let now = api.clock.now();
    let source = order.source.clone();
    let feed = spawn_blocking(move || feed::read(&csv, &source, now))
        .await
        .map_err(crashed)?;
    teller.tell(&Step::Read { rows: feed.rows.len() }).await;
    let (store, source) = (api.store.clone(), order.source.clone());
    let Feed {
        rows,
        faults,
        further_faults,
    } = feed;
    let count = rows.len();
    let draft = move || {
        let mut draft = store.draft_feed(&source, now)?;
        rows.into_iter().try_for_each(|row| draft.push(row))?;
        draft.plan(|_compared| {})
    };
    let plan = spawn_blocking(draft).await.map_err(crashed)??;
    let mut report = Report::of(&plan);
    (report.rows, report.faults, report.further_faults) = (count, faults, further_faults);
    if let Some(refusal) = refusal(&report, order) {
        report.error = Some(refusal.to_string());
        return Ok((refusal.status().as_u16(), report));
    }
    if !order.dry_run {
        apply(api, who, order, plan, teller).await?;
        report.applied = true;
    }
    Ok((200, report))
}

/// Why the feed may not be applied as it is.
fn refusal(report: &Report, order: &Order) -> Option<Fault> {
    let faults = u64::try_from(report.faults.len())
        .unwrap_or(u64::MAX)
        .saturating_add(report.further_faults);
    if faults > 0 {
        return Some(Fault::Unacceptable(format!(
            "the feed has {faults} {}, and is applied whole or not at all; nothing was changed",
            if faults == 1 { "fault" } else { "faults" }
        )));
    }
    if feed::drops_too_many(report.removed, report.had) && !order.confirm_removals {
        return Some(Fault::Unready(format!(
            "{} of the {} contacts of {} are missing from the feed, more than 10 %; nothing was changed. \
             If the feed is whole, import it with --confirm-removals",
            report.removed, report.had, order.source
        )));
    }
    None
}

async fn apply(
    api: &ApiState,
    who: &Actor,
    order: &Order,
    plan: FeedPlan,
    teller: &mut Teller,
) -> Result<(), store::Error> {
    let of = plan.len();
    let note = format!(
        "feed of {}: {} added, {} changed, {} unchanged, {} removed",
        order.source, plan.added, plan.changed, plan.unchanged, plan.removed
    );
    let event = api.event(who, Act::Imported, None, note);
    api.store
        .apply_feed(plan, event, |done| teller.mention(&Step::Written { done, of }))
        .await
}

impl Report {
    fn of(plan: &FeedPlan) -> Self {
        Self {
            added: plan.added,
            changed: plan.changed,
            unchanged: plan.unchanged,
            removed: plan.removed,
            had: plan.had,
            ..Self::default()
        }
    }
}

/// The writing end of the stream. That nobody reads any more is no reason to stop an import.
struct Teller(Sender<Bytes, Infallible>);

impl Teller {
    /// Says it, when the reader is slow a little later.
    async fn tell(&mut self, step: &Step) {
        let _hung_up = self.0.send_data(line(step)).await;
    }

    /// Says it, unless the reader is too slow.
    fn mention(&mut self, step: &Step) {
        let _left_out = self.0.try_send(Frame::data(line(step)));
    }
}

fn line(step: &Step) -> Bytes {
    let mut line = serde_json::to_vec(step).expect("plain data with text keys is always JSON");
    line.push(b'\n');
    line.into()
}
