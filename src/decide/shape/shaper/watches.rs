//! Watches: how the mailings under way fare.

use std::collections::BTreeMap;

use super::super::brake::{Judgement, Slice, Watch};
use super::super::pulse::Pulse;
use super::super::scope::Scope;
use super::Shaper;
use crate::mail::Timestamp;
use crate::model::{Entry, MailingId};

impl Shaper {
    /// A mailing begins, or is taken up again.
    pub fn begin(&mut self, id: MailingId, watch: Watch) {
        self.watches.insert(id, watch);
    }

    /// A mailing is over.
    pub fn end(&mut self, id: MailingId) {
        self.watches.remove(&id);
        let scope = Scope::Mailing(id);
        self.flows.remove(&scope);
        self.changed.remove(&scope);
    }

    /// How a mailing fares.
    pub fn watch(&mut self, id: MailingId) -> Option<&mut Watch> {
        self.watches.get_mut(&id)
    }

    /// Notes when a copy came to its end.
    pub fn beats(&mut self, id: MailingId, entry: &Entry) {
        if let Some(outcome) = &entry.outcome {
            self.pulse.count(entry.at, outcome);
        }
        if let Some(watch) = self.watches.get_mut(&id) {
            watch.beats(entry);
        }
    }

    /// Copies of all mailings, over the last hour.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// How all mailings under way fare.
    pub fn watches(&self) -> &BTreeMap<MailingId, Watch> {
        &self.watches
    }

    /// Which slice of a mailing goes. The whole is remembered, so that what comes later does not hold it back.
    pub fn slice(&mut self, id: MailingId, now: Timestamp) -> Slice {
        let canary = self.settings.canary;
        let Some(watch) = self.watches.get_mut(&id) else {
            return Slice::Whole;
        };
        let slice = watch.slice(&canary, now);
        if slice == Slice::Whole {
            watch.let_all_go();
        }
        slice
    }

    /// What is to be said about a mailing.
    pub fn judge(&self, id: MailingId) -> Judgement {
        let watch = self.watches.get(&id);
        watch.map_or(Judgement::Fine, |watch| watch.judge(&self.settings.brake))
    }
}
