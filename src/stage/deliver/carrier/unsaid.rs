//! Unsaid: the outcome of one copy goes into the ledger with the intent of the next.

use super::super::effects::{DELAYED_AFTER, Effects, effects};
use super::super::run::Job;
use super::Carrier;
use crate::model::{Capacity, Entry, Outcome, Recipient};
use crate::store::Error;

/// An outcome that is not in the ledger yet: it goes there with the next intent.
pub(super) struct Unsaid {
    job: Job,
    entry: Entry,
    effects: Effects,
}

impl Carrier {
    /// Writes the intent of this copy, and with it the outcome of the one before.
    pub(super) async fn intend(&mut self, job: &Job) -> Result<(), Error> {
        let intent = Entry {
            seq: job.seq,
            attempt: job.attempt,
            at: self.courier.clock.now(),
            outcome: None,
        };
        let id = job.source.mailing.id;
        let store = &self.courier.store;
        match &self.unsaid {
            Some(unsaid) if unsaid.job.source.mailing.id == id => {
                let entries = [unsaid.entry.clone(), intent];
                let Effects { refusal, outgoing } = unsaid.effects.clone();
                store.record(id, &entries, refusal.as_ref(), outgoing).await?;
                if let Some(said) = self.unsaid.take() {
                    self.courier.queue().settle(id, &said.entry);
                }
                Ok(())
            }
            _ => {
                self.say().await?;
                self.courier.store.record(id, &[intent], None, vec![]).await
            }
        }
    }

    /// Writes what is unsaid on its own.
    pub(super) async fn say(&mut self) -> Result<(), Error> {
        let Some(unsaid) = &self.unsaid else { return Ok(()) };
        let id = unsaid.job.source.mailing.id;
        let Effects { refusal, outgoing } = unsaid.effects.clone();
        let entry = unsaid.entry.clone();
        self.courier
            .store
            .record(id, std::slice::from_ref(&entry), refusal.as_ref(), outgoing)
            .await?;
        self.unsaid = None;
        self.courier.queue().settle(id, &entry);
        if self.courier.queue().is_complete(id) {
            self.courier.close(id).await?;
        }
        Ok(())
    }

    pub(super) async fn unsaid(&mut self, job: &Job, outcome: Outcome, to: &Recipient) -> Result<(), Error> {
        self.unsaid_of(job, outcome, (to, true)).await
    }

    /// `tells_authors` says whether whoever took the copy does.
    pub(super) async fn unsaid_of(
        &mut self,
        job: &Job,
        outcome: Outcome,
        (to, tells_authors): (&Recipient, bool),
    ) -> Result<(), Error> {
        let now = self.courier.clock.now();
        let entry = Entry {
            seq: job.seq,
            attempt: job.attempt,
            at: now,
            outcome: Some(outcome),
        };
        self.courier.count_outcome(job, &entry)?;
        let is_late = job.source.mailing.capacity == Capacity::Conveyed
            && matches!(&entry.outcome, Some(Outcome::Deferred { until, .. }) if until.since(job.source.sealed_at) >= DELAYED_AFTER);
        let knows = is_late && !self.courier.is_news_of_delay(job);
        let mut effects = effects(
            &self.courier.store,
            &self.courier.in_force().settings.notices,
            job,
            &entry,
            (to, tells_authors),
            now,
        )?;
        if knows {
            effects.outgoing.clear();
        }
        self.unsaid = Some(Unsaid {
            job: job.clone(),
            entry,
            effects,
        });
        Ok(())
    }
}
