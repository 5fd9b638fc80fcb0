//! How fast mail leaves: which limit binds a copy now, and how whoever receives stands.

use axum::Json;
use axum::extract::State as From;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiState;
use super::actor::{Actor, Asked, Named};
use super::error::Fault;
use crate::decide::shape::{Allowance, Binding, Passage, Range, Scope, Settings, Standing};
use crate::mail::{Domain, Timestamp};
use crate::model::Lane;
use crate::stage::review::Refusal;

/// Which lane a copy would be in.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Question {
    /// `emergency`, `official` or `bulk`, which is taken unless it is said.
    #[param(value_type = Option<String>)]
    lane: Option<Lane>,
}

/// What a copy for one domain would meet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(super) struct Explained {
    domain: String,
    #[schema(value_type = String)]
    lane: Lane,
    /// Who it is taken for.
    provider: String,
    next_hop: String,
    /// Whether the next hop is the domain's own.
    is_direct: bool,
    /// When a copy might go.
    #[schema(value_type = String, format = DateTime)]
    next: Timestamp,
    /// Seconds until then.
    wait_seconds: u64,
    /// The limits that bind now, longest first; without any it may go at once.
    binds: Vec<Bound>,
    /// Every scope it belongs to, from everything together to the receiver.
    limits: Vec<Scoped>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Binding)]
struct Bound {
    who: String,
    /// `hours`, `silence`, `trial`, `messages_per_second`, `messages_per_day` or `connections`.
    limit: &'static str,
    sentence: String,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// How one scope stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Standing)]
pub(super) struct Scoped {
    who: String,
    /// `all`, `pool`, `signing_domain`, `mailing`, `host`, `provider` or `domain`.
    scope: &'static str,
    messages_per_second: Option<Pace>,
    connections: Option<Many>,
    messages_per_connection: Option<u32>,
    today: Option<Today>,
    breaker: Broken,
    /// Whether it runs at less than the settings begin with.
    is_slowed: bool,
    /// Why, in a sentence.
    why: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pace)]
struct Pace {
    start: f64,
    max: f64,
    now: f64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connections)]
struct Many {
    start: u32,
    max: u32,
    now: u32,
    in_use: u32,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Today)]
struct Today {
    messages: u32,
    left: u32,
    is_warming_up: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Breaker)]
struct Broken {
    /// `closed`, `open` or `half-open`.
    state: &'static str,
    why: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// `GET /shape`: how whoever receives mail stands.
#[utoipa::path(
    get,
    path = "/shape",
    tag = "sending",
    responses((status = 200, description = "next hops and providers, and of other domains those in trouble", body = Vec<Scoped>), Fault)
)]
pub(super) async fn list(From(api): From<ApiState>, who: Actor) -> Result<Json<Vec<Scoped>>, Fault> {
    entitled(&api, &who)?;
    let now = api.clock.now();
    let standings = api.desk.shape().look().standings(now);
    let scoped = |standing| Scoped::of(standing, api.desk.zone());
    Ok(Json(standings.iter().map(scoped).collect()))
}

/// `GET /shape/{domain}?lane=`: which limit binds a copy for it now, and when one might go.
#[utoipa::path(
    get,
    path = "/shape/{domain}",
    tag = "sending",
    params(("domain" = String, Path, description = "where people read their mail", example = "gmail.com"), Question),
    responses((status = 200, description = "what a copy for it would meet now", body = Explained), Fault)
)]
pub(super) async fn explain(
    From(api): From<ApiState>,
    who: Actor,
    Named(domain): Named<String>,
    Asked(question): Asked<Question>,
) -> Result<Json<Explained>, Fault> {
    entitled(&api, &who)?;
    let name: Domain = domain
        .parse()
        .map_err(|_invalid: crate::mail::Invalid| Fault::Unacceptable(format!("`{domain}` is no domain name")))?;
    let lane = question.lane.unwrap_or(Lane::Bulk);
    let now = api.clock.now();
    let shaper = api.desk.shape().look();
    let told = shaper.explain(&name, lane, now);
    Ok(Json(Explained {
        domain: name.to_string(),
        lane,
        provider: told.stream.name.to_string(),
        next_hop: shaper.settings().name(&told.stream.host),
        is_direct: told.stream.is_direct,
        next: told.next(now),
        wait_seconds: told.next(now).since(now).as_secs(),
        binds: told
            .binds
            .iter()
            .map(|binding| Bound::of(binding, shaper.settings()))
            .collect(),
        limits: told
            .standings
            .iter()
            .map(|standing| Scoped::of(standing, api.desk.zone()))
            .collect(),
    }))
}

/// Those who watch over what leaves.
fn entitled(api: &ApiState, who: &Actor) -> Result<(), Fault> {
    let watches = match who {
        Actor::Operator => true,
        Actor::Account(address) | Actor::Reader(address) => api.desk.may_watch(address),
    };
    let why = || Refusal::NotEntitled("only reviewers and postmasters see how mail leaves".to_owned());
    if watches { Ok(()) } else { Err(why().into()) }
}

impl Bound {
    fn of(binding: &Binding, settings: &Settings) -> Self {
        Self {
            who: settings.name(&binding.scope),
            limit: binding.limit.name(),
            sentence: binding.sentence(settings),
            until: binding.until,
        }
    }
}

impl Scoped {
    fn of(standing: &Standing, zone: &TimeZone) -> Self {
        let (why, until) = match &standing.passage {
            Passage::Closed => (None, None),
            Passage::HalfOpen(why) => (Some(why.clone()), None),
            Passage::Open(why, until) => (Some(why.clone()), Some(*until)),
        };
        let today = standing.today.map(
            |Allowance {
                 messages,
                 left,
                 is_warming_up,
             }| Today {
                messages,
                left,
                is_warming_up,
            },
        );
        Self {
            who: standing.name.clone(),
            scope: word(&standing.scope),
            messages_per_second: standing.rate.map(|rate| {
                let Range { start, max } = rate.range;
                Pace {
                    start: start.as_f64(),
                    max: max.as_f64(),
                    now: rate.now.as_f64(),
                }
            }),
            connections: standing.connections.map(|connections| {
                let Range { start, max } = connections.range;
                Many {
                    start,
                    max,
                    now: connections.now,
                    in_use: standing.in_use,
                }
            }),
            messages_per_connection: standing.messages_per_connection,
            today,
            breaker: Broken {
                state: standing.passage.word(),
                why,
                until,
            },
            is_slowed: standing.is_slowed,
            why: standing.why(zone),
        }
    }
}

fn word(scope: &Scope) -> &'static str {
    match scope {
        Scope::All => "all",
        Scope::Pool(_) => "pool",
        Scope::SigningDomain(_) => "signing_domain",
        Scope::Mailing(_) => "mailing",
        Scope::Host(_) => "host",
        Scope::Provider(_) => "provider",
        Scope::Domain(_) => "domain",
    }
}
