//! The console: pages for the people who decide, and the public pages of those who are written to.
//!
//! Two routers, for two doors. [`app`] is the campus door: sign in, see what waits, read a mailing as its recipients
//! would, act. [`public()`] is the door to the world: one-click unsubscribe, and whether the house is well; [`porch()`]
//! stands before it in a process of its own, and stays open while the house behind it restarts. Every page is
//! rendered here and complete without a script; the one script keeps the queue and the progress fresh.
//!
//! Every word stands in one file a language (`words`). What a person may see and do is asked of [`Desk`]; the pages only show its answer, so the console and the command
//! line never disagree.
//!
//! # Standards
//! RFC 8058 (one-click unsubscribe), WCAG 2.1 AA, Content Security Policy Level 3.
//!
//! # Failure
//! `error` is the one table from what went wrong to an HTTP status.

mod act;
pub mod api;
mod asset;
mod audience;
mod audit;
mod beside;
mod calendar;
mod chart;
mod clean;
mod count;
mod decide;
mod domains;
mod door;
mod emergency;
mod error;
mod explain;
mod fares;
mod fetch;
mod frame;
mod guard;
mod live;
mod login;
mod mailing;
mod mailings;
mod mine;
mod monitor;
pub mod oidc;
mod operations;
mod page;
mod people;
mod plan;
mod porch;
mod preferences;
mod preview;
mod public;
mod queue;
mod reach;
mod record;
mod remarks;
mod report;
mod session;
mod sites;
mod status;
mod uncertain;
mod words;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};
use jiff::tz::TimeZone;
use tokio::sync::Semaphore;

pub use operations::Operations;
pub use porch::{PorchState, hand_over, porch};
pub use public::{PublicState, ReadToken, public};
pub use session::Guests;

use crate::clock::Clock;
use crate::stage::review::Desk;
use crate::store::Store;

/// Longest form that is read. The longest honest one is a comment of [`act::COMMENT_CHARS_MAX`] characters.
const FORM_BYTES_MAX: usize = 64 * 1024;
/// Pages that may be kept fresh at the same time.
const STREAMS_MAX: usize = 256;

/// What the console stands on.
#[derive(Debug, Clone)]
pub struct State {
    /// Where people act.
    pub desk: Desk,
    /// The memory; the console only reads it.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// Where browsers find the console; with `https` its cookie is for secure connections alone.
    pub url: String,
    /// Whose gateway this is.
    pub organization: String,
    /// What the gateway calls itself.
    pub hostname: String,
    /// The zone in which people read times.
    pub zone: TimeZone,
    /// The campus's own provider, when people may sign in with it.
    pub oidc: Option<oidc::Settings>,
    /// What those who run the gateway ask of it.
    pub operations: Operations,
    /// Who is signed in.
    pub guests: Guests,
}

/// What the pages share while the house is open.
#[derive(Debug)]
struct Room {
    state: State,
    sessions: session::Sessions,
    door: door::Door,
    provider: Option<oidc::Provider>,
    counts: count::Counts,
    farings: report::Farings,
    streams: Arc<Semaphore>,
}

/// The console, for the campus. The caller serves it with connect info, so that the door can tell peers apart.
pub fn app(state: State) -> Router {
    let operations = operations::routes(state.operations.clone());
    let room = Arc::new(Room {
        sessions: session::Sessions::new(&state),
        door: door::Door::new(state.clock.clone()),
        provider: state
            .oidc
            .clone()
            .map(|settings| oidc::Provider::new(settings, &state.url)),
        counts: count::Counts::default(),
        farings: report::Farings::default(),
        streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        state,
    });
    Router::new()
        .route("/", get(queue::show))
        .route("/queue", post(queue::several))
        .route("/queue/live", get(queue::live))
        .route("/mine", get(mine::show))
        .route("/mine/live", get(mine::live))
        .route("/mine/away", post(mine::away))
        .route("/calendar", get(calendar::show))
        .route("/decide/{link}", get(decide::show).post(decide::decide))
        .route("/decide/{link}/html", get(decide::html))
        .route("/mailings", get(mailings::show))
        .route("/mailing/{id}", get(mailing::show))
        .route("/mailing/{id}/html", get(frame::show))
        .route("/mailing/{id}/live", get(status::live))
        .route("/mailing/{id}/{act}", post(act::act))
        .route("/audit", get(audit::show))
        .route("/report", get(report::show))
        .route("/audience", get(audience::show))
        .route("/audience/count", get(audience::count))
        .route("/people", get(people::show).post(people::look_up))
        .route("/monitor/domains", get(domains::show))
        .route("/emergency", get(emergency::show))
        .route("/emergency/{what}", post(emergency::arm))
        .route(
            "/explain",
            get(explain::show)
                .post(explain::answer)
                .layer(DefaultBodyLimit::max(explain::BYTES_MAX)),
        )
        .route("/login", get(login::show).post(login::sign_in))
        .route("/login/provider", get(oidc::begin))
        .route("/login/provider/back", get(oidc::back))
        .route("/logout", post(login::sign_out))
        .route("/logout/everywhere", post(login::sign_out_everywhere))
        .route("/monitor", get(monitor::show))
        .route("/monitor/live", get(monitor::live))
        .merge(asset::routes())
        .merge(operations)
        .fallback(error::no_such_page)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn(guard::same_site))
        .layer(middleware::from_fn(error::said))
        .layer(middleware::from_fn_with_state(Arc::clone(&room), guard::headers))
        .with_state(room)
}
