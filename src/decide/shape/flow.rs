//! Flow: what is remembered of one scope: its bucket, its days, its pace, its breaker.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::binding::{Binding, Limit};
use super::breaker::{Breaker, Gate};
use super::bucket::Bucket;
use super::days::Days;
use super::limits::Limits;
use super::reply::{Remedy, Rule};
use super::scope::Scope;
use super::settings::Settings;
use super::throttle::Throttle;
use crate::mail::Timestamp;

/// How long replies of one kind are counted together.
const HOUR: Duration = Duration::from_secs(60 * 60);
/// When to look again whether a connection has become free; whoever frees one rings.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What is remembered of one scope.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Flow {
    pub(super) bucket: Bucket,
    pub(super) days: Days,
    pub(super) throttle: Throttle,
    pub(super) breaker: Breaker,
    /// Replies of a rule within an hour: since when, how many.
    pub(super) hits: BTreeMap<String, (Timestamp, u32)>,
    /// What was said that slowed it, and when.
    pub(super) slowed_by: Option<(String, Timestamp)>,
    /// Connections that count against it now; none after a restart.
    #[serde(skip)]
    pub(super) in_use: u32,
}

/// What a copy asks of a flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// Whether a connection that it counts already is the asker's own.
    pub(super) has_connection: bool,
    /// Whether days are no reason to wait.
    pub(super) is_emergency: bool,
    pub(super) now: Timestamp,
}

impl Flow {
    /// Whether it runs at less than the settings begin with.
    pub fn is_slowed(&self) -> bool {
        self.throttle.is_cut()
    }

    /// Whether mail goes there at all.
    pub fn gate(&self, now: Timestamp) -> Gate<'_> {
        self.breaker.gate(now)
    }

    /// Connections that failed, one after another.
    pub fn failures(&self) -> u32 {
        self.breaker.failures()
    }

    /// What a copy would wait for here, longest first.
    pub(super) fn binds(&self, scope: &Scope, settings: &Settings, question: Question) -> Option<Binding> {
        let limits = settings.limits(scope);
        let found = [
            self.too_fast(limits, question),
            self.crowded(limits, question),
            self.spent_today(limits, settings, question),
            self.shut(question),
        ];
        // Of equals the last, which says most.
        let (limit, until) = found.into_iter().flatten().max_by_key(|(_, until)| *until)?;
        Some(Binding {
            scope: scope.clone(),
            limit,
            until,
        })
    }

    fn shut(&self, question: Question) -> Option<(Limit, Timestamp)> {
        match self.breaker.gate(question.now) {
            Gate::Closed => None,
            Gate::Open { why, until } => Some((Limit::Silence(why.to_owned()), until)),
            Gate::HalfOpen { .. } if self.others(question) == 0 => None,
            Gate::HalfOpen { why } => Some((Limit::Trial(why.to_owned()), question.now.plus(LOOK_AGAIN))),
        }
    }

    fn crowded(&self, limits: &Limits, question: Question) -> Option<(Limit, Timestamp)> {
        let few = self.throttle.connections(limits.connections?);
        // An emergency may have one more than the others leave. Policy C17.
        let room = few + u32::from(question.is_emergency);
        (self.others(question) >= room).then(|| (Limit::Connections(few), question.now.plus(LOOK_AGAIN)))
    }

    fn others(&self, question: Question) -> u32 {
        self.in_use.saturating_sub(u32::from(question.has_connection))
    }

    fn spent_today(&self, limits: &Limits, settings: &Settings, question: Question) -> Option<(Limit, Timestamp)> {
        if question.is_emergency {
            return None;
        }
        let today = question.now.local(&settings.zone).date();
        let allowance = self.days.today(limits, &settings.warm_up, today)?;
        (allowance.left == 0).then(|| (Limit::Day(allowance), question.now.tomorrow(&settings.zone)))
    }

    fn too_fast(&self, limits: &Limits, question: Question) -> Option<(Limit, Timestamp)> {
        let rate = self.throttle.rate(limits.messages_per_second?);
        let next = self.bucket.next(rate);
        (next > question.now).then_some((Limit::Rate(rate), next))
    }

    /// A copy goes.
    pub(super) fn spend(&mut self, limits: &Limits, settings: &Settings, now: Timestamp) {
        if let Some(range) = limits.messages_per_second {
            self.bucket.spend(self.throttle.rate(range), now);
        }
        if limits.warm_up || limits.messages_per_day.is_some() {
            let today = now.local(&settings.zone).date();
            self.days.spend(1, &settings.warm_up, today);
        }
    }

    /// A copy was taken.
    pub(super) fn taken(&mut self, limits: &Limits, now: Timestamp) {
        self.breaker.taken(now);
        self.throttle.taken(limits, now);
        if !self.throttle.is_cut() {
            self.slowed_by = None;
        }
    }

    /// Whether it remembers anything that a new one would not.
    pub(super) fn has_something_to_say(&self, limits: &Limits, now: Timestamp) -> bool {
        let is_full = limits
            .messages_per_second
            .is_none_or(|range| self.bucket.next(range.start) <= now.minus(HOUR));
        self.in_use > 0 || !is_full || self.throttle != Throttle::default() || self.breaker != Breaker::default()
    }

    /// A reply that a rule knows; whether there were enough of them to act. `set_out` is when its copy did, and `carried`
    /// what its connection had carried.
    pub(super) fn hears(
        &mut self,
        rule: &Rule,
        said: &str,
        (set_out, carried): (Timestamp, u32),
        now: Timestamp,
    ) -> bool {
        if rule.remedies.is_empty() || !self.is_enough(rule, now) {
            return false;
        }
        if !self.throttle.hears(set_out, now) {
            return true;
        }
        for remedy in &rule.remedies {
            match remedy {
                Remedy::Slow => self.throttle.cut(),
                Remedy::FewerConnections => self.throttle.fewer_connections(self.in_use),
                Remedy::ShorterConnections => self.throttle.shorter_connections(carried),
                Remedy::OneConnection => self.throttle.one_connection(),
                Remedy::Silence(time) => self.breaker.silence(*time, &named(said, rule), now),
                // The mailing's, not ours.
                Remedy::Pause => {}
            }
        }
        if self.throttle.is_cut() {
            self.slowed_by = Some((named(said, rule), now));
        }
        true
    }

    /// Whether there were so many of them within an hour.
    fn is_enough(&mut self, rule: &Rule, now: Timestamp) -> bool {
        if rule.after <= 1 {
            return true;
        }
        let (since, count) = self.hits.entry(rule.name.clone()).or_insert((now, 0));
        if now.since(*since) > HOUR {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        let is_enough = *count >= rule.after;
        if is_enough {
            self.hits.remove(&rule.name);
        }
        is_enough
    }
}

/// What was said, and the rule that knows it.
fn named(said: &str, rule: &Rule) -> String {
    format!("{said} ({})", rule.name)
}
