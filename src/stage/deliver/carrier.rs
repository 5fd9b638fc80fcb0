//! One worker: take a copy, write its intent, carry it, write its outcome.

use std::sync::Arc;
use std::time::Duration;

use super::courier::Courier;
use super::effects::{Effects, effects, path};
use super::queue::Job;
use super::relay::{Carried, Connection, Unreachable};
use crate::decide::compose;
use crate::decide::shape::{hidden_end, next_try};
use crate::mail::{Severity, Status, Timestamp};
use crate::model::{Capacity, Entry, Outcome, Recipient};
use crate::stage::worker::Shutdown;
use crate::store::Error;

/// How long an idle worker sleeps when nobody wakes it.
const TICK: Duration = Duration::from_secs(1);
/// Idle ticks after which a connection is closed.
const IDLE_TICKS_MAX: u32 = 5;
/// The longest wait before the smarthost is tried again.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// An outcome that is not in the ledger yet: it goes there with the next intent.
struct Unsaid {
    job: Job,
    entry: Entry,
    effects: Effects,
}

/// A turn that gives its job back unless it came to its end: when it was not tried, it keeps its attempt; and should a
/// worker panic, its recipient is not lost to the mailing.
struct Turn {
    courier: Arc<Courier>,
    job: Job,
    is_over: bool,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_over {
            self.courier.queue().give_back(&self.job, self.courier.clock.now());
        }
    }
}

/// One worker, with one connection at a time.
pub(super) struct Carrier {
    courier: Arc<Courier>,
    connection: Option<Connection>,
    unsaid: Option<Unsaid>,
    idle_ticks: u32,
    backoff: Duration,
}

impl Carrier {
    pub(super) fn new(courier: Arc<Courier>) -> Self {
        Self {
            courier,
            connection: None,
            unsaid: None,
            idle_ticks: 0,
            backoff: TICK,
        }
    }

    pub(super) async fn run(mut self, mut shutdown: Shutdown) {
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
        let mut turn = Turn {
            courier: Arc::clone(&self.courier),
            job,
            is_over: false,
        };
        let tried = self.attempt(&turn.job).await;
        turn.is_over = matches!(&tried, Ok(rest) if rest.is_zero());
        tried
    }

    async fn attempt(&mut self, job: &Job) -> Result<Duration, Error> {
        let courier = Arc::clone(&self.courier);
        let id = job.source.mailing.id;
        let missing = || Error::Unreadable(format!("recipient {} of {id}", job.seq));
        let recipient = courier.store.recipient(id, job.seq)?.ok_or_else(missing)?;
        if let Some(exclusion) = courier.dropped_out(job, &recipient)? {
            self.say().await?;
            self.unsaid(job, Outcome::Suppressed(exclusion), &recipient).await?;
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
        let path = path(&source.mailing, &recipient.address);
        let is_internationalised = recipient.address.needs_smtputf8()
            || match source.mailing.capacity {
                Capacity::Conveyed => source.mailing.envelope.smtputf8,
                Capacity::Initiated => !copy.header.is_ascii(),
            };
        let Some(mut connection) = self.connection.take() else {
            return Ok(());
        };
        let carried = connection.carry(&copy, &path, is_internationalised).await;
        let was_reused = connection.carried > 1;
        let now = courier.clock.now();
        let outcome = match carried {
            // The server had had enough of this connection: that is nobody's failure.
            Carried::Said(status) if was_reused && status.code == 421 => {
                connection.quit().await;
                courier.queue().give_back(job, now);
                return Ok(());
            }
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
                uncertain(job, now)
            }
        };
        self.unsaid(job, outcome, recipient).await
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

    async fn connect(&mut self) -> Result<(), Unreachable> {
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
    async fn say(&mut self) -> Result<(), Error> {
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
        if self.courier.queue().complete().contains(&id) {
            self.courier.close(id).await?;
        }
        Ok(())
    }

    async fn unsaid(&mut self, job: &Job, outcome: Outcome, to: &Recipient) -> Result<(), Error> {
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

/// A copy whose end is hidden is sent again soon, and if it hides again as slowly as any other: what we send twice, a
/// recipient may get twice.
fn uncertain(job: &Job, now: Timestamp) -> Outcome {
    let source = &job.source;
    match next_try(job.attempt, source.mailing.capacity, source.sealed_at, now) {
        Some(_) if job.attempt == 1 => Outcome::Uncertain { until: hidden_end(now) },
        Some(until) => Outcome::Uncertain { until },
        None => Outcome::Failed(Status::new(
            550,
            4,
            2,
            "given up: no try had an end; one may have arrived",
        )),
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
