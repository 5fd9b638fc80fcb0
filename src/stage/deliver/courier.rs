//! What the workers share: the queue, the ledger behind it, and the questions asked before a copy leaves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::Settings;
use super::carrier::Carrier;
use super::queue::{Job, Queue, Run, Source};
use crate::clock::Clock;
use crate::decide::audience::{Purpose, dropped_out};
use crate::decide::compose::Sealed;
use crate::mail::Mailbox;
use crate::model::lifecycle::{Expanded, State};
use crate::model::{Act, Capacity, Contact, Entry, Event, Exclusion, Glance, MailingId, Outcome, Recipient, Series};
use crate::stage::worker::{Rounds, Shutdown};
use crate::store::{Error, Kind, Move, Store, Table};

/// What all workers share.
pub(super) struct Courier {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) settings: Settings,
    queue: Mutex<Queue>,
    pub(super) work: Notify,
    pub(super) rate: DefaultDirectRateLimiter,
}

/// Runs until the house closes.
pub async fn run(store: Store, clock: Clock, settings: Settings, shutdown: Shutdown) {
    // A burst of one second.
    let rate = RateLimiter::direct(Quota::per_second(settings.messages_per_second_max));
    let connections = settings.connections_max.get();
    let queue = Mutex::default();
    let courier = Arc::new(Courier {
        store,
        clock,
        settings,
        queue,
        work: Notify::new(),
        rate,
    });
    let mut workers = JoinSet::new();
    let work = |workers: &mut JoinSet<()>| {
        let (courier, shutdown) = (Arc::clone(&courier), shutdown.clone());
        workers.spawn(async move { Carrier::new(courier).run(shutdown).await });
    };
    (0..connections).for_each(|_| work(&mut workers));
    let mut rounds = Rounds::new("deliver", courier.store.watch(Table::Mailings), shutdown.clone());
    while rounds.go_on() {
        let done = courier.look_around().await;
        while let Some(ended) = workers.try_join_next() {
            if ended.is_err() {
                tracing::error!("a worker panicked; another takes its place");
                work(&mut workers);
            }
        }
        rounds.rest(done).await;
    }
    while workers.join_next().await.is_some() {}
}

impl Courier {
    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        // Each of its methods leaves it whole.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up what was expanded, paused, resumed or stopped since, and closes what is done.
    async fn look_around(&self) -> Result<(), Error> {
        let under_way = self.store.in_state(Kind::Expanded)?;
        let gone: Vec<MailingId> = self
            .queue()
            .ids()
            .into_iter()
            .filter(|id| !under_way.contains(id))
            .collect();
        for id in gone {
            self.queue().remove(id);
            self.store.settle(id).await?;
        }
        let mut trouble = Ok(());
        for id in under_way {
            // One mailing's trouble must not stop the others.
            if let Err(error) = self.take_up(id).await {
                tracing::error!(mailing.id = %id, %error, "a mailing could not be taken up");
                trouble = Err(error);
            }
        }
        let complete = self.queue().complete();
        for id in complete {
            self.close(id).await?;
        }
        self.work.notify_waiters();
        trouble
    }

    async fn take_up(&self, id: MailingId) -> Result<(), Error> {
        let Some(State::Expanded(expanded)) = self.store.mailing(id)? else {
            return Ok(());
        };
        if self.queue().has(id) {
            self.queue().set_paused(id, expanded.is_paused());
        } else {
            let run = self.load(id, expanded).await?;
            self.queue().add(run);
        }
        Ok(())
    }

    /// Reads a mailing and its ledger. An intent without an outcome is what a crash hid: the recipient is uncertain.
    async fn load(&self, id: MailingId, expanded: Expanded) -> Result<Run, Error> {
        let damaged = |what: String| Error::Unreadable(format!("{id}: {what}"));
        let sealed = self
            .store
            .sealed(id)?
            .ok_or_else(|| damaged("its sealed form is gone".to_owned()))?;
        let sealed = Sealed::from_bytes(&sealed).map_err(|error| damaged(error.to_string()))?;
        let fields = sealed.fields().map_err(|error| damaged(error.to_string()))?;
        let sealed_at = expanded.expanded_at();
        let planned =
            u32::try_from(expanded.planned()).map_err(|_too_many| damaged("its plan is too long".to_owned()))?;
        let is_paused = expanded.is_paused();
        let mailing = State::Expanded(expanded).mailing().clone();
        let mut run = Run::new(
            Source {
                mailing,
                sealed,
                fields,
                sealed_at,
            },
            planned,
            is_paused,
        );
        // Counts the ledger before this adds to it.
        self.store.tally(id)?;
        let uncertain = self.resume(id, &mut run)?;
        for entries in uncertain.chunks(100) {
            self.store.record(id, entries, None, vec![]).await?;
        }
        for entry in &uncertain {
            tracing::warn!(mailing.id = %id, recipient.seq = entry.seq, "the end of a copy is uncertain; it is sent again");
        }
        Ok(run)
    }

    fn resume(&self, id: MailingId, run: &mut Run) -> Result<Vec<Entry>, Error> {
        let now = self.clock.now();
        let mut uncertain = Vec::new();
        let mut entries = self.store.ledger(id).peekable();
        while let Some(entry) = entries.next() {
            let mut entry = entry?;
            let is_last = !matches!(entries.peek(), Some(Ok(next)) if next.seq == entry.seq);
            if entry.outcome.is_none() {
                entry.outcome = Some(Outcome::Uncertain { until: now });
                uncertain.push(entry.clone());
            }
            if is_last {
                run.resume(&entry);
            }
        }
        Ok(uncertain)
    }

    pub(super) async fn close(&self, id: MailingId) -> Result<(), Error> {
        let Some(from @ State::Expanded(_)) = self.store.mailing(id)? else {
            return Ok(());
        };
        let State::Expanded(expanded) = from.clone() else {
            return Ok(());
        };
        let (tally, now) = (self.store.tally(id)?, self.clock.now());
        let event = (id.series == Series::Case).then(|| Event {
            at: now,
            by: "gateway".to_owned(),
            act: Act::Closed,
            mailing: Some(id),
            note: format!(
                "{} accepted, {} failed, {} suppressed",
                tally.accepted, tally.failed, tally.suppressed
            ),
        });
        let to = State::Closed(expanded.close(tally, now));
        self.store.remember(id).await?;
        self.store
            .advance(Move {
                from,
                to,
                event,
                outgoing: vec![],
            })
            .await?;
        self.queue().remove(id);
        self.store.settle(id).await
    }

    /// Whether copies of this mailing may leave at this moment. Asked right before the final dot.
    pub(super) fn may_leave(&self, id: MailingId) -> Result<bool, Error> {
        Ok(matches!(self.store.mailing(id)?, Some(State::Expanded(expanded)) if !expanded.is_paused()))
    }

    /// Why this recipient gets no copy after all: consent and suppression are read again for each. Law 5.
    pub(super) fn dropped_out(&self, job: &Job, recipient: &Recipient) -> Result<Option<Exclusion>, Error> {
        let mailing = &job.source.mailing;
        if mailing.capacity == Capacity::Conveyed {
            return Ok(None);
        }
        let contact = match recipient.contact {
            // They were erased meanwhile.
            Some(id) => match self.store.contact(id)? {
                Some(contact) => Some(contact),
                None => return Ok(Some(Exclusion::DoNotContact)),
            },
            None => None,
        };
        let contact = contact.as_ref().map(Contact::glance);
        let to = recipient.address.mailbox();
        let addresses = contact.iter().flat_map(Glance::addresses).chain([to]);
        let known = addresses.map(|address| Ok((address, self.store.suppressions_at(address)?)));
        let known = known.collect::<Result<Vec<_>, Error>>()?;
        let of = |address: Mailbox<'_>| known.iter().find(|(known, _)| *known == address);
        let purpose = Purpose::of(mailing.category, mailing.lane);
        Ok(dropped_out(
            &mailing.audience,
            purpose,
            (to, contact.as_ref()),
            &|address| of(address).map(|(_, known)| known.as_slice()).unwrap_or_default(),
            self.clock.now(),
        ))
    }
}
