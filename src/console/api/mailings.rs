//! Mailings and holds: listed, shown, acted on.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as From;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::ApiState;
use super::actor::{Actor, Asked, Named};
use super::error::Fault;
use super::people::crashed;
use super::view::{Line, Progress, Whole};
use crate::mail::Address;
use crate::model::lifecycle::State;
use crate::model::{MailingId, Series};
use crate::stage::review::{Done, Edit, Refusal, Words};
use crate::store::Kind;

/// Mailings in a listing, unless the query says otherwise.
const LISTED: usize = 50;
/// And at the very most.
const LISTED_MAX: usize = 1_000;

/// How many mailings to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    limit: Option<usize>,
}

/// What was done, and the mailing as it is now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Acted)]
pub(super) struct Did {
    done: String,
    mailing: Line,
}

/// What is said with an act.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = Said)]
#[serde(deny_unknown_fields)]
struct Comment {
    #[serde(default)]
    comment: String,
    /// Why it leaves at once, of a release.
    #[serde(default)]
    now: String,
    /// Why it goes despite what blocks it, of a release.
    #[serde(default)]
    despite: String,
    /// The passage to change, of an edit.
    #[serde(default)]
    before: String,
    /// What it becomes.
    #[serde(default)]
    after: String,
    /// The `binding` that was looked at, of an approval or a release; refused when the case has changed since.
    #[serde(default)]
    seen: String,
}

/// `GET /holds`: what waits for people, oldest first.
#[utoipa::path(
    get,
    path = "/holds",
    tag = "review",
    responses((status = 200, description = "what waits, oldest first", body = Vec<Line>), Fault)
)]
pub(super) async fn holds(From(api): From<ApiState>, who: Actor) -> Result<Json<Vec<Line>>, Fault> {
    let mut lines = Vec::new();
    // Slices go with their cases, and are not decided on.
    let cases = api
        .store
        .in_state(Kind::Held)?
        .into_iter()
        .filter(|id| id.series == Series::Case);
    for id in cases {
        // One that has just moved on is no hold any more.
        let Some(state @ State::Held(_)) = api.store.mailing(id)? else {
            continue;
        };
        if who.may_see(&api.desk, &state) {
            lines.push(Line::of(&state, &api.desk));
        }
    }
    Ok(Json(lines))
}

/// `GET /mailings?limit=`: cases of whatever state, newest first.
#[utoipa::path(
    get,
    path = "/mailings",
    tag = "review",
    params(Page),
    responses((status = 200, description = "cases of whatever state, newest first", body = Vec<Line>), Fault)
)]
pub(super) async fn list(
    From(api): From<ApiState>,
    who: Actor,
    Asked(page): Asked<Page>,
) -> Result<Json<Vec<Line>>, Fault> {
    let count = page.limit.unwrap_or(LISTED).min(LISTED_MAX);
    let cases = api.store.newest_cases(count)?;
    let seen = cases.iter().filter(|state| who.may_see(&api.desk, state));
    Ok(Json(seen.map(|state| Line::of(state, &api.desk)).collect()))
}

/// `GET /mailings/{id}`.
#[utoipa::path(
    get,
    path = "/mailings/{id}",
    tag = "review",
    params(("id" = String, Path, description = "its number", example = "MC-2026-0001")),
    responses((status = 200, description = "one mailing, whole", body = Whole), Fault)
)]
pub(super) async fn show(
    From(api): From<ApiState>,
    who: Actor,
    Named(id): Named<String>,
) -> Result<Json<Whole>, Fault> {
    let state = seen(&api, &who, number(&id)?)?;
    // Counting reads the whole master list.
    spawn_blocking(move || whole(&api, &who, &state))
        .await
        .map_err(crashed)?
        .map(Json)
}

fn whole(api: &ApiState, who: &Actor, state: &State) -> Result<Whole, Fault> {
    let tally = api.store.tally(state.id())?;
    let came_back = api.store.came_back(state.id())?;
    let mut whole = Whole::of(state, &api.desk, who, tally)
        .returned(came_back)
        .fared(&api.desk.fare(state.id())?);
    // What the gateway only carries for others is not for reading, and not kept once it has gone.
    if state.id().series == Series::Case {
        whole = whole.seen(api.desk.preview(state)?).remarked(api.desk.remarks(state)?);
    }
    whole = whole.doubted(api.desk.uncertain(state)?);
    if matches!(state, State::Held(_) | State::Released(_)) {
        let count = api.desk.count(state)?;
        let drifts = match state {
            State::Held(held) => api.desk.drifts(held, &count),
            State::Released(_) | State::Expanded(_) | State::Closed(_) | State::Ended(_) => Vec::new(),
        };
        whole = whole.counted(count, &drifts, &api.desk);
    }
    Ok(whole)
}

/// `GET /mailings/{id}/progress`.
#[utoipa::path(
    get,
    path = "/mailings/{id}/progress",
    tag = "review",
    params(("id" = String, Path, description = "its number", example = "MC-2026-0001")),
    responses((status = 200, description = "how far it is", body = Progress), Fault)
)]
pub(super) async fn progress(
    From(api): From<ApiState>,
    who: Actor,
    Named(id): Named<String>,
) -> Result<Json<Progress>, Fault> {
    let state = seen(&api, &who, number(&id)?)?;
    let tally = api.store.tally(state.id())?;
    Ok(Json(Progress::of(&state, tally, &api.desk.fare(state.id())?)))
}

/// `POST /mailings/{id}/{act}`, with a comment where one is wanted.
#[utoipa::path(
    post,
    path = "/mailings/{id}/{act}",
    tag = "review",
    params(("id" = String, Path, description = "its number", example = "MC-2026-0001"),
        ("act" = String, Path, description = "approve, release, return, decline, withdraw, pause, resume, uncertain, stop, attest, convert, survey, confirm, reviewed, claim, unclaim, schedule, test, agree, edit", example = "claim")),
    request_body(content = Option<Comment>, content_type = "application/json"),
    responses((status = 200, description = "what was done, and the mailing as it is now", body = Did), Fault)
)]
pub(super) async fn act(
    From(api): From<ApiState>,
    who: Actor,
    Named((id, act)): Named<(String, String)>,
    body: Bytes,
) -> Result<Json<Did>, Fault> {
    let id = number(&id)?;
    let comment: Comment = if body.is_empty() {
        Comment::default()
    } else {
        serde_json::from_slice(&body)
            .map_err(|error| Fault::Malformed(format!("the body is not {{\"comment\": \"…\"}}: {error}")))?
    };
    let done = done(&api, id, &act, who.account()?, &comment).await?;
    let state = api.store.mailing(id)?.ok_or(Refusal::NoSuchMailing(id))?;
    Ok(Json(Did {
        done: done.sentence,
        mailing: Line::of(&state, &api.desk),
    }))
}

async fn done(api: &ApiState, id: MailingId, act: &str, by: &Address, told: &Comment) -> Result<Done, Fault> {
    let desk = &api.desk;
    let comment = told.comment.as_str();
    let words = Words {
        now: &told.now,
        despite: &told.despite,
    };
    if matches!(act, "approve" | "release") {
        desk.is_as_seen(id, by, &told.seen)?;
    }
    let done = match act {
        "approve" => desk.approve(id, by).await,
        "release" => desk.release(id, by, words).await,
        "attest" => desk.attest(id, by, comment).await,
        "convert" => desk.convert(id, by, comment).await,
        "survey" => desk.name_survey(id, by, comment).await,
        "confirm" => desk.confirm(id, by).await,
        "claim" => desk.claim(id, by).await,
        "unclaim" => desk.unclaim(id, by).await,
        "schedule" => desk.schedule(id, by, comment).await,
        "test" => desk.test(id, by).await,
        "agree" => desk.agree(id, by).await,
        "edit" => {
            let (before, after) = (told.before.as_str(), told.after.as_str());
            desk.edit(id, by, Edit { before, after }).await
        }
        "reviewed" => desk.reviewed(id, by, comment).await,
        "return" => desk.give_back(id, by, comment).await,
        "decline" => desk.decline(id, by, comment).await,
        "withdraw" => desk.withdraw(id, by).await,
        "pause" => desk.pause(id, by).await,
        "resume" => desk.resume(id, by).await,
        "uncertain" => desk.when_uncertain(id, by, comment).await,
        "stop" => desk.stop(id, by).await,
        other => {
            let acts = "approve, release, return, decline, withdraw, pause, resume, uncertain, stop, attest, convert, \
                        survey, confirm, reviewed, claim, unclaim, schedule, test, agree, edit";
            return Err(Fault::Missing(format!("there is no act {other}; there are: {acts}")));
        }
    };
    Ok(done?)
}

/// The mailing, when there is one and they may see it; else the same answer for both.
fn seen(api: &ApiState, who: &Actor, id: MailingId) -> Result<State, Fault> {
    let state = api.store.mailing(id)?.filter(|state| who.may_see(&api.desk, state));
    Ok(state.ok_or(Refusal::NoSuchMailing(id))?)
}

pub(super) fn number(text: &str) -> Result<MailingId, Fault> {
    text.parse()
        .map_err(|error: crate::model::NotAMailingId| Fault::Missing(format!("there is no mailing {text}: {error}")))
}
