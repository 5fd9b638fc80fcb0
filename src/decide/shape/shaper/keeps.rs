//! Keeps: what is remembered of flows over a restart, and what is forgotten.

use std::time::Duration;

use super::super::bucket::Bucket;
use super::super::flow::Flow;
use super::super::scope::Scope;
use super::Shaper;
use crate::mail::Timestamp;

/// A flow as it is kept over a restart: its scope, and what is remembered.
pub type Kept = (Scope, Flow);

impl Shaper {
    /// Takes up what was remembered. After an unclean end every bucket starts empty, and of today's messages as many may
    /// have gone as the pace allows in `unsaved`.
    pub fn restore(&mut self, kept: Vec<Kept>, unclean: Option<Duration>, now: Timestamp) {
        let today = now.local(&self.settings.zone).date();
        for (scope, mut flow) in kept {
            if let Some(unsaved) = unclean {
                let limits = self.settings.limits(&scope);
                if let Some(range) = limits.messages_per_second {
                    let rate = flow.throttle.rate(range);
                    flow.bucket = Bucket::empty(rate, now);
                    if flow.days.sent(today) > 0 {
                        let most = (rate.as_f64() * unsaved.as_secs_f64()).ceil() as u32;
                        flow.days.spend(most, &self.settings.warm_up, today);
                    }
                }
            }
            self.flows.insert(scope, flow);
        }
        self.unclean = unclean.map(|_| now);
    }

    /// The flows that have changed since this was asked last.
    pub fn take_changed(&mut self) -> Vec<Kept> {
        let changed = std::mem::take(&mut self.changed);
        let flow = |scope: Scope| self.flows.get(&scope).map(|flow| (scope, flow.clone()));
        changed.into_iter().filter_map(flow).collect()
    }

    /// Forgets flows of domains and mailings that say nothing a new one would not; which those were.
    pub fn forget_idle(&mut self, now: Timestamp) -> Vec<Scope> {
        let is_idle = |(scope, flow): &(&Scope, &Flow)| {
            let is_small = matches!(scope, Scope::Domain(_) | Scope::Mailing(_)) && !self.changed.contains(*scope);
            is_small && !flow.has_something_to_say(self.settings.limits(scope), now)
        };
        let idle: Vec<Scope> = self
            .flows
            .iter()
            .filter(is_idle)
            .map(|(scope, _)| scope.clone())
            .collect();
        for scope in &idle {
            self.flows.remove(scope);
        }
        idle
    }
}
