//! Explains: which limit a copy would wait for, how each scope stands, and when a copy might go next.

use std::num::NonZeroU32;

use jiff::tz::TimeZone;

use super::binding::Binding;
use super::breaker::Gate;
use super::days::Allowance;
use super::flow::Question;
use super::limits::{Range, Rate};
use super::scope::{Claim, Pool, Scope, Stream};
use super::shaper::Shaper;
use crate::mail::{Domain, Timestamp};
use crate::model::{Capacity, Lane};

/// What a copy for one domain would meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Where it would go.
    pub stream: Stream,
    /// The limits that bind it now, longest first; without any it may go.
    pub binds: Vec<Binding>,
    /// Every scope it belongs to.
    pub standings: Vec<Standing>,
}

impl Explanation {
    /// When a copy might go.
    pub fn next(&self, now: Timestamp) -> Timestamp {
        self.binds.first().map_or(now, |binding| binding.until.max(now))
    }
}

/// How one scope stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Which.
    pub scope: Scope,
    /// What people call it.
    pub name: String,
    /// Messages a second.
    pub rate: Option<InForce<Rate>>,
    /// Connections.
    pub connections: Option<InForce<u32>>,
    /// Connections that count against it now.
    pub in_use: u32,
    /// Messages on one connection.
    pub messages_per_connection: Option<u32>,
    /// What today allows.
    pub today: Option<Allowance>,
    /// Whether mail goes there at all.
    pub passage: Passage,
    /// Whether it runs at less than the settings begin with.
    pub is_slowed: bool,
    /// What was said that slowed it, and when.
    pub slowed_by: Option<(String, Timestamp)>,
}

impl Standing {
    /// Why it runs at less than the settings begin with, in a sentence.
    pub fn why(&self, zone: &TimeZone) -> Option<String> {
        let (said, at) = self.slowed_by.as_ref()?;
        Some(format!(
            "{}: slowed on {}, because of: {said}",
            self.name,
            at.readable(zone)
        ))
    }
}

/// A limit as it is set, and as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce<T> {
    /// At first, and at most.
    pub range: Range<T>,
    /// Now.
    pub now: T,
}

/// A breaker's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passage {
    /// Mail goes.
    Closed,
    /// One connection tries whether it goes again; why it had been stopped.
    HalfOpen(String),
    /// Nothing goes until then; why.
    Open(String, Timestamp),
}

impl Passage {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen(_) => "half-open",
            Self::Open(..) => "open",
        }
    }
}

impl Shaper {
    /// What a copy of a mailing to this domain would meet now.
    pub fn explain(&self, domain: &Domain, lane: Lane, now: Timestamp) -> Explanation {
        let claim = Claim {
            mailing: None,
            lane,
            pool: Pool::of(Capacity::Initiated, lane),
            signing_domain: None,
        };
        let stream = self.stream(domain, claim.pool);
        let scopes = claim.scopes().chain(stream.scopes().cloned());
        let standings = scopes.map(|scope| self.standing(scope, now)).collect();
        let binds = self.binds(&stream, &claim, &[], now);
        Explanation {
            stream,
            binds,
            standings,
        }
    }

    /// How a scope stands now.
    pub fn standing(&self, scope: Scope, now: Timestamp) -> Standing {
        let settings = self.settings();
        let limits = settings.limits(&scope);
        let flow = self.flow_of(&scope);
        let today = now.local(&settings.zone).date();
        let number = |range: Range<NonZeroU32>| Range {
            start: range.start.get(),
            max: range.max.get(),
        };
        Standing {
            name: settings.name(&scope),
            rate: limits.messages_per_second.map(|range| InForce {
                range,
                now: flow.throttle.rate(range),
            }),
            connections: limits.connections.map(|range| InForce {
                range: number(range),
                now: flow.throttle.connections(range),
            }),
            in_use: if scope == Scope::All {
                self.connections_open()
            } else {
                flow.in_use
            },
            messages_per_connection: limits
                .messages_per_connection
                .map(|limit| flow.throttle.per_connection(limit)),
            today: flow.days.today(limits, &settings.warm_up, today),
            passage: match flow.gate(now) {
                Gate::Closed => Passage::Closed,
                Gate::HalfOpen { why } => Passage::HalfOpen(why.to_owned()),
                Gate::Open { why, until } => Passage::Open(why.to_owned(), until),
            },
            is_slowed: flow.is_slowed(),
            slowed_by: flow.slowed_by.clone().filter(|_| flow.is_slowed()),
            scope,
        }
    }

    /// Connections of everything together: each is one to a next hop, and counted there alone.
    fn connections_open(&self) -> u32 {
        let hosts = self.receivers().filter(|(scope, _)| matches!(scope, Scope::Host(_)));
        hosts.map(|(_, flow)| flow.in_use).sum()
    }

    /// What a copy to this receiver, or through this next hop, would wait for now; a bulk copy on a connection of its own.
    pub fn binding(&self, scope: &Scope, now: Timestamp) -> Option<Binding> {
        let question = Question {
            has_connection: false,
            is_emergency: false,
            now,
        };
        self.bind(scope, question)
    }

    /// How everybody stands who receives: next hops and providers, and of other domains those that are in trouble.
    pub fn standings(&self, now: Timestamp) -> Vec<Standing> {
        let mut scopes: Vec<Scope> = self.receivers().map(|(scope, _)| scope.clone()).collect();
        scopes.sort();
        let all = scopes.into_iter().map(|scope| self.standing(scope, now));
        all.filter(|standing| {
            !matches!(standing.scope, Scope::Domain(_)) || standing.is_slowed || standing.passage != Passage::Closed
        })
        .collect()
    }
}
