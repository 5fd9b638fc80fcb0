//! Hears: what becomes of copies changes the pace of whoever it belongs to.

use std::sync::Arc;

use super::super::reply::{Meaning, Remedy, as_said};
use super::super::scope::{Scope, Stream};
use super::super::settings::Known;
use super::Shaper;
use crate::mail::{Status, Timestamp};

/// A copy on its way: when it set out, and what its connection had carried.
#[derive(Debug, Clone, Copy)]
pub struct Trip {
    /// When.
    pub set_out: Timestamp,
    /// Copies, this one among them.
    pub carried: u32,
}

/// What a reply was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heard {
    /// Whether it was a no at all.
    pub is_a_refusal: bool,
    /// The name of the rule that knows it.
    pub rule: Option<String>,
    /// What it means.
    pub means: Option<Meaning>,
    /// Why the mailing must pause.
    pub pause: Option<String>,
}

impl Heard {
    /// Whether it was said to the flow rather than about the recipient.
    pub fn is_about_the_flow(&self) -> bool {
        self.means.is_some_and(Meaning::is_about_the_flow)
    }
}

impl Shaper {
    /// A copy was taken.
    pub fn taken(&mut self, stream: &Stream, now: Timestamp) {
        let settings = Arc::clone(&self.settings);
        for scope in stream.scopes() {
            self.flow(scope).taken(settings.limits(scope), now);
        }
    }

    /// A copy was not taken; what that was.
    pub fn refused(&mut self, stream: &Stream, status: &Status, trip: Trip, now: Timestamp) -> Heard {
        let settings = Arc::clone(&self.settings);
        let is_of = |key: &str| {
            stream
                .receivers
                .iter()
                .any(|scope| matches!(scope, Scope::Provider(own) if **own == *key))
        };
        let providers: Vec<_> = settings
            .providers
            .iter()
            .filter(|provider| is_of(&provider.key))
            .collect();
        let Some(Known { rule, provider }) = settings.knows(status, &providers) else {
            return Heard {
                is_a_refusal: true,
                ..Heard::default()
            };
        };
        let said: String = as_said(status).chars().take(120).collect();
        let targets: Vec<Scope> = match provider {
            Some(provider) => vec![Scope::Provider(provider.key.as_str().into())],
            None if stream.is_direct => stream.receivers.clone(),
            None => vec![stream.host.clone()],
        };
        let mut acts = false;
        for scope in &targets {
            acts |= self.flow(scope).hears(rule, &said, (trip.set_out, trip.carried), now);
        }
        let pauses = acts && rule.remedies.contains(&Remedy::Pause);
        Heard {
            is_a_refusal: true,
            rule: Some(rule.name.clone()),
            means: Some(rule.means),
            pause: pauses.then(|| format!("{}: {said} ({})", stream.name, rule.name)),
        }
    }

    /// No connection could be made.
    pub fn unreachable(&mut self, stream: &Stream, why: &str, now: Timestamp) {
        self.flow(&stream.host).breaker.failed(why, now);
    }
}
