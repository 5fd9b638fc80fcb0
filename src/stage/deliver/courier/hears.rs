//! Hears: what a reply does to flows, to how its mailing fares, and to its author.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};

use metrics::counter;

use super::super::brake::{count, said};
use super::super::effects::{DELAYED_AFTER, told};
use super::super::relay::Unreachable;
use super::super::run::Job;
use super::Courier;
use crate::decide::notice::dsn::Word;
use crate::decide::shape::{Heard, Trip, give_up_at};
use crate::mail::{Severity, Status, Timestamp};
use crate::model::{Capacity, Entry, MailingId, Recipient};
use crate::store::Error;

impl Courier {
    /// What a reply does to the flow.
    pub(in crate::stage::deliver) fn hear(&self, job: &Job, status: &Status, trip: Trip) -> Heard {
        let now = self.clock.now();
        let mut shaper = self.shape().look();
        if status.severity() == Severity::Positive {
            shaper.taken(&job.way.stream, now);
            return Heard::default();
        }
        shaper.refused(&job.way.stream, status, trip, now)
    }

    /// No connection: the reply that says so may be to the flow, or nobody is there. What was heard of a reply.
    pub(in crate::stage::deliver) fn cannot_reach(&self, job: &Job, why: &Unreachable) -> Heard {
        let now = self.clock.now();
        let mut shaper = self.shape().look();
        let heard = match why {
            Unreachable::Said(status) => {
                let trip = Trip {
                    set_out: now,
                    carried: 1,
                };
                shaper.refused(&job.way.stream, status, trip, now)
            }
            Unreachable::Not(_) | Unreachable::Tls(_) => Heard::default(),
        };
        shaper.unreachable(&job.way.stream, &why.to_string(), now);
        heard
    }

    /// Counts an outcome against its mailing.
    pub(in crate::stage::deliver) fn count_outcome(&self, job: &Job, entry: &Entry) -> Result<(), Error> {
        if let Some(outcome) = &entry.outcome {
            let provider = Arc::clone(&job.way.stream.name);
            counter!("bedel_copies_total", "provider" => provider, "outcome" => outcome.word()).increment(1);
        }
        let before = self.store.before(job.source.mailing.id, entry)?;
        let mut shaper = self.shape().look();
        let settings = Arc::clone(shaper.settings());
        shaper.beats(job.source.mailing.id, entry);
        if let Some(watch) = shaper.watch(job.source.mailing.id) {
            watch.is_back(Some(entry.at));
            count(watch.at(&job.way.stream.name), entry, before, &settings);
        }
        Ok(())
    }

    /// Counts a reply that was no outcome.
    pub(in crate::stage::deliver) fn count_said(&self, job: &Job, status: &Status) {
        let mut shaper = self.shape().look();
        let settings = Arc::clone(shaper.settings());
        if let Some(watch) = shaper.watch(job.source.mailing.id) {
            said(watch.at(&job.way.stream.name), status, &settings);
        }
    }

    /// The author of conveyed mail hears once that it is late.
    pub(in crate::stage::deliver) async fn tell_of_delay(
        &self,
        job: &Job,
        status: &Status,
        recipient: &Recipient,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (mailing, sealed_at) = (&job.source.mailing, job.source.sealed_at);
        let is_late = mailing.capacity == Capacity::Conveyed && now.since(sealed_at) >= DELAYED_AFTER;
        if !is_late || !self.is_news_of_delay(job) {
            return Ok(());
        }
        let word = Word::Delayed(give_up_at(mailing.capacity, sealed_at));
        let told = told(
            &self.store,
            &self.in_force().settings.notices,
            mailing,
            recipient,
            (word, status),
            now,
        )?;
        match told {
            Some(notification) => self.store.record(mailing.id, &[], None, vec![notification]).await,
            None => Ok(()),
        }
    }

    /// Whether the author of a copy did not know yet that it is late; now they do.
    pub(in crate::stage::deliver) fn is_news_of_delay(&self, job: &Job) -> bool {
        self.known_late().insert((job.source.mailing.id, job.seq))
    }

    pub(super) fn known_late(&self) -> MutexGuard<'_, BTreeSet<(MailingId, u32)>> {
        self.known_late.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
