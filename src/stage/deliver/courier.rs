//! The workers: take a copy, write its intent, carry it, write its outcome.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::Settings;
use super::effects::{Effects, effects};
use super::queue::{Job, Queue, Run, Source};
use super::relay::{Carried, Connection};
use crate::clock::Clock;
use crate::decide::audience::excluded;
use crate::decide::compose::{self, Sealed};
use crate::decide::shape::{hidden_end, next_try};
use crate::mail::{Address, Severity, Status, Timestamp};
use crate::model::lifecycle::{Expanded, State};
use crate::model::{
    Act, Capacity, ConsentRule, Entry, Event, Exclusion, Lane, MailingId, Outcome, Recipient, Series, SuppressionReason,
};
use crate::stage::worker::{Rounds, Shutdown};
use crate::store::{Error, Kind, Move, Store, Table};

/// How long an idle worker sleeps when nobody wakes it.
const TICK: Duration = Duration::from_secs(1);
/// Idle ticks after which a connection is closed.
const IDLE_TICKS_MAX: u32 = 5;
/// The longest wait before the smarthost is tried again.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// What all workers share.
struct Courier {
    store: Store,
    clock: Clock,
    settings: Settings,
    queue: Mutex<Queue>,
    work: Notify,
    rate: DefaultDirectRateLimiter,
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
    for _ in 0..connections {
        let (courier, shutdown) = (Arc::clone(&courier), shutdown.clone());
        workers.spawn(async move { Worker::new(courier).run(shutdown).await });
    }
    let bell = courier.store.watch(Table::Mailings);
    let mut rounds = Rounds::new("deliver", bell, shutdown);
    while rounds.go_on() {
        let done = courier.look_around().await;
        rounds.rest(done).await;
    }
    while workers.join_next().await.is_some() {}
}

impl Courier {
    fn queue(&self) -> MutexGuard<'_, Queue> {
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
        for id in under_way {
            let Some(State::Expanded(expanded)) = self.store.mailing(id)? else {
                continue;
            };
            if self.queue().has(id) {
                self.queue().set_paused(id, expanded.is_paused());
            } else {
                let run = self.load(id, expanded).await?;
                self.queue().add(run);
            }
        }
        let complete = self.queue().complete();
        for id in complete {
            self.close(id).await?;
        }
        self.work.notify_waiters();
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
            self.store.record(id, entries, vec![], &[], vec![]).await?;
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

    async fn close(&self, id: MailingId) -> Result<(), Error> {
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
    fn may_leave(&self, id: MailingId) -> Result<bool, Error> {
        Ok(matches!(self.store.mailing(id)?, Some(State::Expanded(expanded)) if !expanded.is_paused()))
    }

    /// Why this recipient gets no copy after all: consent and suppression are read again for each. Law 5.
    fn dropped_out(&self, job: &Job, recipient: &Recipient) -> Result<Option<Exclusion>, Error> {
        let mailing = &job.source.mailing;
        if mailing.capacity == Capacity::Conveyed {
            return Ok(None);
        }
        let suppression = self.store.suppression(&recipient.address)?;
        if mailing.lane == Lane::Emergency {
            // Policy C17: only an address that takes no mail is left out.
            let is_dead = suppression.is_some_and(|found| found.reason == SuppressionReason::HardBounce);
            return Ok(is_dead.then_some(Exclusion::HardBounce));
        }
        let Some(id) = recipient.contact else {
            return Ok(suppression.map(|found| found.reason.exclusion()));
        };
        let Some(contact) = self.store.contact(id)? else {
            return Ok(Some(Exclusion::DoNotContact));
        };
        let segments = mailing.audience.segments();
        let within = segments.iter().filter(|segment| segment.selection.holds(&contact));
        // Whoever has left every list since was approved under the strictest of them.
        let strictest = || {
            segments
                .iter()
                .map(|segment| segment.consent)
                .max_by_key(|rule| *rule as u8)
        };
        let rules = within
            .map(|segment| segment.consent)
            .min_by_key(|rule| *rule as u8)
            .or_else(strictest);
        let rule = rules.unwrap_or(ConsentRule::OptIn);
        Ok(excluded(
            &contact,
            rule,
            mailing.category,
            suppression.as_ref(),
            self.clock.now(),
        ))
    }
}

/// An outcome that is not in the ledger yet: it goes there with the next intent.
struct Unsaid {
    job: Job,
    entry: Entry,
    effects: Effects,
}

/// One worker: one connection at a time.
struct Worker {
    courier: Arc<Courier>,
    connection: Option<Connection>,
    unsaid: Option<Unsaid>,
    idle_ticks: u32,
    backoff: Duration,
}

impl Worker {
    fn new(courier: Arc<Courier>) -> Self {
        Self {
            courier,
            connection: None,
            unsaid: None,
            idle_ticks: 0,
            backoff: TICK,
        }
    }

    async fn run(mut self, mut shutdown: Shutdown) {
        while !shutdown.is_closing() {
            let job = self.courier.queue().take(self.courier.clock.now());
            let rest = match job {
                Some(job) => self.turn(job).await,
                None => self.idle().await,
            };
            let rest = rest.unwrap_or_else(|error| {
                tracing::error!(%error, "the ledger cannot be written: nothing is sent until it can");
                BACKOFF_MAX.min(TICK * 5)
            });
            if !rest.is_zero() {
                tokio::select! {
                    () = self.courier.work.notified() => {}
                    () = tokio::time::sleep(rest) => {}
                    () = shutdown.closing() => {}
                }
            }
        }
        if let Err(error) = self.say().await {
            tracing::error!(%error, "the last outcome is not in the ledger; its recipient will be uncertain");
        }
        if let Some(connection) = self.connection.take() {
            connection.quit().await;
        }
    }

    /// Nothing to send: writes what is unsaid, and closes a connection nobody needs.
    async fn idle(&mut self) -> Result<Duration, Error> {
        self.say().await?;
        self.idle_ticks += 1;
        if self.idle_ticks > IDLE_TICKS_MAX
            && let Some(connection) = self.connection.take()
        {
            connection.quit().await;
        }
        Ok(TICK)
    }

    /// One copy, from the queue to its outcome; returns how long to rest.
    async fn turn(&mut self, job: Job) -> Result<Duration, Error> {
        self.idle_ticks = 0;
        let tried = self.attempt(&job).await;
        match &tried {
            Ok(rest) if rest.is_zero() => {}
            // It was not tried: it keeps its attempt.
            Ok(_) | Err(_) => self.courier.queue().give_back(&job, self.courier.clock.now()),
        }
        tried
    }

    async fn attempt(&mut self, job: &Job) -> Result<Duration, Error> {
        let courier = Arc::clone(&self.courier);
        let id = job.source.mailing.id;
        let missing = || Error::Unreadable(format!("recipient {} of {id}", job.seq));
        let recipient = courier.store.recipient(id, job.seq)?.ok_or_else(missing)?;
        if let Some(exclusion) = courier.dropped_out(job, &recipient)? {
            self.say().await?;
            self.unsaid(job, Outcome::Suppressed(exclusion), &recipient.address)
                .await?;
            return Ok(Duration::ZERO);
        }
        if !courier.may_leave(id)? {
            return Ok(TICK);
        }
        if self.connection.is_none() {
            self.say().await?;
            if let Err(error) = self.connect().await {
                tracing::warn!(%error, "waiting for the smarthost; nobody's try is used up");
                return Ok(self.wait_longer());
            }
        }
        courier.rate.until_ready().await;
        self.intend(job).await?;
        if !courier.may_leave(id)? {
            return Ok(TICK);
        }
        self.send(job, &recipient).await?;
        Ok(Duration::ZERO)
    }

    async fn send(&mut self, job: &Job, recipient: &Recipient) -> Result<(), Error> {
        let courier = Arc::clone(&self.courier);
        let now = courier.clock.now();
        let source = &job.source;
        let made = compose::copy(
            &source.sealed,
            &source.fields,
            &source.mailing,
            (job.seq, recipient),
            &courier.settings.compose,
            now,
        );
        let copy = made.map_err(|error| Error::Unreadable(error.to_string()))?;
        let path = super::effects::path(&source.mailing, &recipient.address);
        let is_internationalised = source.mailing.envelope.smtputf8 || recipient.address.needs_smtputf8();
        let Some(mut connection) = self.connection.take() else {
            return Ok(());
        };
        let carried = connection.carry(&copy, &path, is_internationalised).await;
        let was_reused = connection.carried > 1;
        let now = courier.clock.now();
        let outcome = match carried {
            Carried::Said(status) => {
                self.keep(connection, &status).await;
                outcome(status, job, now)
            }
            Carried::Broken(_) if was_reused => {
                // It had been closed while it lay idle: that is nobody's failure.
                courier.queue().give_back(job, now);
                return Ok(());
            }
            Carried::Broken(why) => outcome(Status::new(451, 4, 2, why), job, now),
            Carried::Hidden(why) => {
                tracing::warn!(mailing.id = %source.mailing.id, recipient.seq = job.seq, why, "the end of a copy is uncertain");
                Outcome::Uncertain { until: hidden_end(now) }
            }
        };
        self.unsaid(job, outcome, &recipient.address).await
    }

    /// Keeps a connection for the next copy, unless it has carried enough or the server is closing it (421).
    async fn keep(&mut self, connection: Connection, said: &Status) {
        self.backoff = TICK;
        if said.code == 421 || connection.carried >= self.courier.settings.messages_per_connection_max.get() {
            connection.quit().await;
        } else {
            self.connection = Some(connection);
        }
    }

    async fn connect(&mut self) -> Result<(), super::relay::Unreachable> {
        let connection = Connection::open(&self.courier.settings.relay).await?;
        self.connection = Some(connection);
        Ok(())
    }

    fn wait_longer(&mut self) -> Duration {
        let wait = self.backoff;
        self.backoff = (wait * 2).min(BACKOFF_MAX);
        wait
    }

    /// Writes the intent of this copy, and with it the outcome of the one before.
    async fn intend(&mut self, job: &Job) -> Result<(), Error> {
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
                let Effects {
                    suppressions,
                    events,
                    outgoing,
                } = unsaid.effects.clone();
                store.record(id, &entries, suppressions, &events, outgoing).await?;
                if let Some(said) = self.unsaid.take() {
                    self.courier.queue().settle(id, &said.entry);
                }
                Ok(())
            }
            _ => {
                self.say().await?;
                self.courier.store.record(id, &[intent], vec![], &[], vec![]).await
            }
        }
    }

    /// Writes what is unsaid on its own.
    async fn say(&mut self) -> Result<(), Error> {
        let Some(unsaid) = &self.unsaid else { return Ok(()) };
        let id = unsaid.job.source.mailing.id;
        let Effects {
            suppressions,
            events,
            outgoing,
        } = unsaid.effects.clone();
        let entry = unsaid.entry.clone();
        self.courier
            .store
            .record(id, std::slice::from_ref(&entry), suppressions, &events, outgoing)
            .await?;
        self.unsaid = None;
        self.courier.queue().settle(id, &entry);
        if self.courier.queue().complete().contains(&id) {
            self.courier.close(id).await?;
        }
        Ok(())
    }

    async fn unsaid(&mut self, job: &Job, outcome: Outcome, to: &Address) -> Result<(), Error> {
        let now = self.courier.clock.now();
        let entry = Entry {
            seq: job.seq,
            attempt: job.attempt,
            at: now,
            outcome: Some(outcome),
        };
        let effects = effects(
            &self.courier.store,
            &self.courier.settings.notices,
            job,
            &entry,
            to,
            now,
        )?;
        self.unsaid = Some(Unsaid {
            job: job.clone(),
            entry,
            effects,
        });
        Ok(())
    }
}

/// What a server's word comes to; a temporary one past its time is a failure.
fn outcome(status: Status, job: &Job, now: Timestamp) -> Outcome {
    let source = &job.source;
    match next_try(job.attempt, source.mailing.capacity, source.sealed_at, now) {
        Some(until) => Outcome::of(status, until),
        None if status.severity() == Severity::Temporary => Outcome::Failed(Status {
            text: format!("given up; last: {status}"),
            ..Status::new(550, 4, 7, "")
        }),
        None => Outcome::of(status, now),
    }
}
