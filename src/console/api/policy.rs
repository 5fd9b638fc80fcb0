//! The policy asked in advance, rosters, and the second factor of emergencies: for the operator.

use axum::Json;
use axum::extract::State as From;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::ApiState;
use super::accounts::{self, Enrolled};
use super::actor::{Actor, Told};
use super::error::Fault;
use super::people::crashed;
use crate::mail::{Address, Invalid, Timestamp};
use crate::model::{Act, Arming, Role, RosterRow};
use crate::stage::intake::{self, Explained, Question};
use crate::stage::review::{Desk, Refusal};

/// A message to judge without taking it.
#[derive(Deserialize, ToSchema)]
pub(super) struct Ask {
    message: String,
    #[schema(value_type = String)]
    from: Address,
    /// Addresses, or lists by what stands before the `@`.
    to: Vec<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// `POST /policy/explain`: what would happen to a message.
#[utoipa::path(
    post,
    path = "/policy/explain",
    tag = "policy",
    request_body = Ask,
    responses((status = 200, description = "what would happen to a message", body = Object), Fault)
)]
pub(super) async fn explain(
    From(api): From<ApiState>,
    _who: Actor,
    Told(ask): Told<Ask>,
) -> Result<Json<Explained>, Fault> {
    let to = ask.to.iter().map(|text| recipient(&api.desk, text.trim()));
    let question = Question {
        message: ask.message.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes(),
        from: ask.from,
        to: to.collect::<Result<_, _>>()?,
        at: ask.at.unwrap_or_else(|| api.clock.now()),
    };
    let explained = spawn_blocking(move || intake::explain(&api.store, api.desk.policy(), api.desk.lint(), &question))
        .await
        .map_err(crashed)??;
    explained.map(Json).map_err(Fault::Unacceptable)
}

/// An address, or a list by what stands before its `@`.
fn recipient(desk: &Desk, text: &str) -> Result<Address, Fault> {
    match text.contains('@') {
        true => text
            .parse()
            .map_err(|invalid: Invalid| Fault::Unacceptable(format!("`{text}` is no address: {invalid}"))),
        false => desk.policy().list_called(text).cloned().map_err(Fault::Missing),
    }
}

/// A term's rosters, whole.
#[derive(Deserialize, ToSchema)]
pub(super) struct Rosters {
    term: String,
    #[schema(value_type = String, format = Date)]
    begins: jiff::civil::Date,
    #[schema(value_type = String, format = Date)]
    ends: jiff::civil::Date,
    /// Columns `section`, `email`, `role` (`instructor` or `student`).
    csv: String,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Done)]
pub(super) struct Did {
    done: String,
}

/// `POST /rosters`: replaces the rosters of one term.
#[utoipa::path(
    post,
    path = "/rosters",
    tag = "policy",
    request_body = Rosters,
    responses((status = 200, description = "what was done", body = Did), Fault)
)]
pub(super) async fn rosters(
    From(api): From<ApiState>,
    who: Actor,
    Told(feed): Told<Rosters>,
) -> Result<Json<Did>, Fault> {
    let rows = rows(&feed.csv).map_err(Fault::Unacceptable)?;
    let day = |date: jiff::civil::Date| -> Result<Timestamp, Fault> {
        let start = date.to_zoned(api.desk.zone().clone());
        let start = start.map_err(|error| Fault::Unacceptable(format!("{date}: {error}")))?;
        Ok(start.timestamp().into())
    };
    let term = (day(feed.begins)?, day(feed.ends)?);
    let people = rows.len();
    let event = api.event(&who, Act::Rosters, None, format!("{}: {people} rows", feed.term));
    let sections = api.store.put_rosters(&feed.term, term, &rows, event).await?;
    Ok(Json(Did {
        done: format!("{sections} sections of {}, {people} rows.", feed.term),
    }))
}

fn rows(csv: &str) -> Result<Vec<RosterRow>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(csv.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| {
        let found = header.iter().position(|column| column.eq_ignore_ascii_case(name));
        found.ok_or_else(|| format!("line 1: there is no column `{name}`; there must be section, email and role"))
    };
    let (section, email, role) = (column("section")?, column("email")?, column("role")?);
    let mut rows = Vec::new();
    for (line, record) in (2u64..).zip(reader.records()) {
        let record = record.map_err(|error| format!("line {line}: {error}"))?;
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let address = cell(email).parse();
        let named = cell(section);
        let is_name = !named.is_empty() && named.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if !is_name {
            return Err(format!(
                "line {line}: `{named}` is no section; use letters, digits, - _ and ."
            ));
        }
        rows.push(RosterRow {
            section: named.to_owned(),
            address: address.map_err(|error| format!("line {line}: `{}`: {error}", cell(email)))?,
            role: match cell(role).to_lowercase().as_str() {
                "instructor" | "ta" => Role::Instructor,
                "student" => Role::Student,
                other => {
                    return Err(format!(
                        "line {line}: `{other}` is no role; write instructor, ta or student"
                    ));
                }
            },
        });
    }
    Ok(rows)
}

/// An emergency role, and the code its authenticator shows.
#[derive(Deserialize, ToSchema)]
pub(super) struct Code {
    code: String,
    /// Whether what follows is a drill.
    #[serde(default)]
    drill: bool,
}

/// `POST /emergency/enroll`: a new authenticator for an emergency role.
#[utoipa::path(
    post,
    path = "/emergency/enroll",
    tag = "policy",
    responses((status = 200, description = "the secret of an authenticator, told once", body = Enrolled), Fault)
)]
pub(super) async fn enroll(From(api): From<ApiState>, who: Actor) -> Result<Json<Enrolled>, Fault> {
    let account = who.account()?;
    if !api.desk.may_arm(account) {
        return Err(Fault::Refused(Refusal::NotEntitled(format!(
            "{account} has no emergency role: [emergency] of policy.toml names them; to sign in with a code, any \
             account gets its second factor by bedel account factor {account}"
        ))));
    }
    accounts::enrolled(&api, &who, account, "a new second factor".to_owned()).await
}

/// `POST /emergency/arm`: a fresh second factor; emergencies may be sent for a while. Policy C17.
#[utoipa::path(
    post,
    path = "/emergency/arm",
    tag = "policy",
    request_body = Code,
    responses((status = 200, description = "what was done", body = Did), Fault)
)]
pub(super) async fn arm(From(api): From<ApiState>, who: Actor, Told(code): Told<Code>) -> Result<Json<Did>, Fault> {
    let arming = if code.drill { Arming::Drill } else { Arming::Emergency };
    let done = api.desk.arm(who.account()?, &code.code, arming).await?;
    Ok(Json(Did { done: done.sentence }))
}
