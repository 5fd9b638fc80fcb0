//! One worker: take a copy, write its intent, carry it, write its outcome.

mod outcome;
mod unsaid;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use outcome::{left, outcome, uncertain};
use unsaid::Unsaid;

use super::courier::{self, Courier};
use super::crew::{SPARE, is_wanted};
use super::effects::path;
use super::lease::Lease;
use super::relay::{Carried, Connection, Unreachable};
use super::route::NoWay;
use super::run::Job;
use crate::decide::compose::Copy;
use crate::decide::route::Site;
use crate::decide::shape::{Heard, Trip, next_try};
use crate::mail::{Severity, Status, Timestamp};
use crate::model::{Capacity, Outcome, Recipient, WhenUncertain};
use crate::stage::worker::Shutdown;
use crate::store::Error;

/// How long an idle worker sleeps when nobody wakes it.
const TICK: Duration = Duration::from_secs(1);
/// Idle ticks after which a connection is closed.
const IDLE_TICKS_MAX: u32 = 5;
/// How long a worker rests when the ledger cannot be written.
const LEDGER_REST: Duration = Duration::from_secs(5);
/// When a copy is due again that was put off for what was said to its flow: no sooner, however fast the flow recovers.
const PUT_OFF: Duration = Duration::from_secs(60);
/// When it is asked again where a copy goes, when nobody could say.
const NO_ANSWER: Duration = Duration::from_secs(30);
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
            self.courier.give_back(&self.job, self.courier.clock.now());
        }
    }
}

/// What became of a turn.
enum Tried {
    /// It has an outcome.
    Over,
    /// It was not tried, and is due then.
    NotBefore(Timestamp),
    /// It was not tried, and waits for a person's word.
    Aside,
}

/// An open connection, and what it counts against.
struct Open {
    connection: Connection,
    lease: Lease,
}

/// One worker, with one connection at a time.
pub(super) struct Carrier {
    courier: Arc<Courier>,
    open: Option<Open>,
    unsaid: Option<Unsaid>,
    /// Which of the workers it is.
    number: u32,
    idle_ticks: u32,
    /// How often settings had changed when it looked last.
    age: u64,
}

impl Carrier {
    /// The worker of this number; [`SPARE`] carries emergencies and nothing else.
    pub(super) fn new(courier: Arc<Courier>, number: u32) -> Self {
        let age = courier.queue().age();
        Self {
            courier,
            open: None,
            unsaid: None,
            number,
            idle_ticks: 0,
            age,
        }
    }

    fn is_spare(&self) -> bool {
        self.number == SPARE
    }

    pub(super) async fn run(mut self, mut shutdown: Shutdown) {
        while !shutdown.is_closing() && is_wanted(&self.courier, self.number) {
            let own = self.open.as_ref().map(|open| &open.lease);
            let taken = self.courier.take(own, self.is_spare(), self.age);
            let done = match taken {
                Ok(turn) => self.turn(turn, &mut shutdown).await,
                Err(until) => self.idle(until, &mut shutdown).await,
            };
            if let Err(error) = done {
                tracing::error!(%error, "the ledger cannot be written: nothing is sent until it can");
                tokio::select! {
                    () = tokio::time::sleep(LEDGER_REST) => {}
                    () = shutdown.closing() => {}
                }
            }
        }
        if let Err(error) = self.say().await {
            tracing::error!(%error, "the last outcome is not in the ledger; its recipient will be uncertain");
        }
        self.close().await;
    }

    /// Sleeps until then, or until somebody has made room.
    async fn rest(&mut self, rest: Duration, shutdown: &mut Shutdown) {
        let is_idle = !self.is_spare();
        let is_free = is_idle && self.open.is_none();
        let (idle, free) = (&self.courier.idle, &self.courier.free);
        idle.fetch_add(usize::from(is_idle), Ordering::Relaxed);
        free.fetch_add(usize::from(is_free), Ordering::Relaxed);
        tokio::select! {
            () = self.courier.work.notified() => {}
            () = tokio::time::sleep(rest) => {}
            () = shutdown.closing() => {}
        }
        free.fetch_sub(usize::from(is_free), Ordering::Relaxed);
        idle.fetch_sub(usize::from(is_idle), Ordering::Relaxed);
    }

    /// Nothing to send: writes what is unsaid, and closes a connection nobody needs.
    async fn idle(&mut self, until: Timestamp, shutdown: &mut Shutdown) -> Result<(), Error> {
        self.say().await?;
        let age = self.courier.queue().age();
        if std::mem::replace(&mut self.age, age) != age {
            // It was opened as settings had it that are in force no more.
            self.close().await;
        }
        let rest = until
            .since(self.courier.clock.now())
            .clamp(Duration::from_millis(1), TICK);
        if rest == TICK {
            self.idle_ticks += 1;
        }
        if self.idle_ticks > IDLE_TICKS_MAX {
            self.close().await;
        }
        self.rest(rest, shutdown).await;
        Ok(())
    }

    async fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.connection.quit().await;
        }
    }

    /// One copy, from the queue to its outcome.
    async fn turn(&mut self, taken: courier::Turn, shutdown: &mut Shutdown) -> Result<(), Error> {
        self.idle_ticks = 0;
        let courier::Turn { job, connection, copy } = taken;
        let mut turn = Turn {
            courier: Arc::clone(&self.courier),
            job,
            is_over: false,
        };
        let tried = self.attempt(&turn.job, connection, shutdown).await?;
        // What the copy counted against is free again.
        drop(copy);
        turn.is_over = true;
        match tried {
            Tried::Over => {}
            Tried::NotBefore(due) => self.courier.give_back(&turn.job, due),
            Tried::Aside => self.courier.set_aside(&turn.job),
        }
        Ok(())
    }

    /// `connection` is what a new one counts against, when the open one does not lead there.
    async fn attempt(&mut self, job: &Job, connection: Option<Lease>, shutdown: &mut Shutdown) -> Result<Tried, Error> {
        let courier = Arc::clone(&self.courier);
        let id = job.source.mailing.id;
        let missing = || Error::Unreadable(format!("recipient {} of {id}", job.seq));
        let recipient = courier.store.recipient(id, job.seq)?.ok_or_else(missing)?;
        if let Some(exclusion) = courier.dropped_out(job, &recipient)? {
            self.say().await?;
            self.unsaid(job, Outcome::Suppressed(exclusion), &recipient).await?;
            return Ok(Tried::Over);
        }
        if !courier.leaving.may(id)? {
            return Ok(self.hold_back(job));
        }
        match courier.when_uncertain(job)? {
            Some(WhenUncertain::Hold) => return Ok(Tried::Aside),
            Some(WhenUncertain::Leave) => {
                self.say().await?;
                self.unsaid(job, left(), &recipient).await?;
                return Ok(Tried::Over);
            }
            Some(WhenUncertain::Resend) | None => {}
        }
        let domain = recipient.address.domain();
        let site = match courier.site(job, domain).await {
            Ok(site) => site,
            Err(NoWay::Never(status)) => {
                self.say().await?;
                self.unsaid(job, Outcome::Failed(status), &recipient).await?;
                return Ok(Tried::Over);
            }
            Err(NoWay::NotNow(why)) => {
                let due = courier.clock.now().plus(NO_ANSWER);
                return self
                    .wait_for_a_way(job, Status::new(451, 4, 3, why), &recipient, due)
                    .await;
            }
        };
        let own = self.open.as_ref().map(|open| open.lease.scopes()).unwrap_or_default();
        let (job, connection) = match courier.todays(job, domain, own, connection) {
            Ok(todays) => todays,
            Err(until) => return Ok(Tried::NotBefore(until)),
        };
        let job = &job;
        if let Some(lease) = connection {
            self.say().await?;
            self.close().await;
            let connected = tokio::select! {
                connected = self.connect(job, site.as_deref(), lease) => connected,
                // Nobody waits for a greeting while the house closes.
                () = shutdown.closing() => return Ok(Tried::NotBefore(courier.clock.now())),
            };
            if let Err(error) = connected {
                let hop = courier.shape().look().settings().name(&job.way.stream.host);
                tracing::warn!(next_hop.name = %hop, %error, "waiting for the next hop; nobody's try is used up");
                let heard = courier.cannot_reach(job, &error);
                let (status, due) = (Status::new(451, 4, 1, error.to_string()), courier.clock.now());
                let tried = self.wait_for_a_way(job, status, &recipient, due).await?;
                // A blocklist has its say at the greeting, too.
                pause_for(&courier, job, &heard).await?;
                return Ok(tried);
            }
        }
        // Signed while its intent is on its way to the disk.
        let (intended, copy) = tokio::join!(self.intend(job), async { courier.sign(job, &recipient) });
        intended?;
        if !courier.leaving.may(id)? {
            courier.store.take_back(id, job.seq, job.attempt).await?;
            return Ok(self.hold_back(job));
        }
        self.send(job, &recipient, &copy?).await
    }

    /// Its mailing was paused or stopped: no other copy of it is taken either.
    fn hold_back(&self, job: &Job) -> Tried {
        self.courier.queue().set_paused(job.source.mailing.id, true);
        Tried::NotBefore(self.courier.clock.now())
    }

    async fn connect(&mut self, job: &Job, site: Option<&Site>, lease: Lease) -> Result<(), Unreachable> {
        let connection = self.courier.dial(job, site).await?;
        self.open = Some(Open { connection, lease });
        Ok(())
    }

    async fn send(&mut self, job: &Job, recipient: &Recipient, copy: &Copy) -> Result<Tried, Error> {
        let courier = Arc::clone(&self.courier);
        let set_out = courier.clock.now();
        let id = job.source.mailing.id;
        let path = path(&job.source.mailing, &recipient.address);
        let is_internationalised = recipient.address.needs_smtputf8()
            || match job.source.mailing.capacity {
                Capacity::Conveyed => job.source.mailing.envelope.smtputf8,
                Capacity::Initiated => !copy.header.is_ascii(),
            };
        let Some(mut open) = self.open.take() else {
            return Ok(Tried::NotBefore(set_out));
        };
        let may_leave = || courier.leaving.may(id).unwrap_or(false);
        let carried = open
            .connection
            .carry(copy, &path, is_internationalised, may_leave)
            .await;
        let was_reused = open.connection.carried > 1;
        let trip = Trip {
            set_out,
            carried: open.connection.carried,
        };
        let outcome = match carried {
            Carried::Said(status) => {
                let heard = courier.hear(job, &status, trip);
                let tells_authors = open.connection.tells_authors();
                self.keep(open, job, &status).await;
                if status.severity() == Severity::Temporary && heard.is_about_the_flow() {
                    return self.put_off(job, status, recipient).await;
                }
                let now = courier.clock.now();
                let outcome = outcome(status, job, now);
                self.unsaid_of(job, outcome, (recipient, tells_authors)).await?;
                return self.brake(job, heard).await;
            }
            Carried::Withheld => {
                self.open = Some(open).filter(|open| !open.connection.is_over());
                courier.store.take_back(id, job.seq, job.attempt).await?;
                return Ok(self.hold_back(job));
            }
            Carried::Broken(_) if was_reused => {
                // It had been closed while it lay idle: that is nobody's failure.
                courier.store.take_back(id, job.seq, job.attempt).await?;
                return Ok(Tried::NotBefore(courier.clock.now()));
            }
            Carried::Broken(why) => outcome(Status::new(451, 4, 2, why), job, courier.clock.now()),
            Carried::Hidden(why) => {
                tracing::warn!(mailing.id = %id, recipient.seq = job.seq, why, "the end of a copy is uncertain");
                uncertain(job, courier.clock.now())
            }
        };
        self.unsaid(job, outcome, recipient).await?;
        Ok(Tried::Over)
    }

    /// A copy with no way to go waits, and its try is not used up; only the time to give up passes.
    async fn wait_for_a_way(
        &mut self,
        job: &Job,
        status: Status,
        recipient: &Recipient,
        due: Timestamp,
    ) -> Result<Tried, Error> {
        let now = self.courier.clock.now();
        let source = &job.source;
        if next_try(job.attempt, source.mailing.capacity, source.sealed_at, now).is_some() {
            self.courier.tell_of_delay(job, &status, recipient, now).await?;
            return Ok(Tried::NotBefore(due));
        }
        self.say().await?;
        self.unsaid(job, outcome(status, job, now), recipient).await?;
        Ok(Tried::Over)
    }

    /// What was said to the flow uses up nobody's try; only the time to give up passes.
    async fn put_off(&mut self, job: &Job, status: Status, recipient: &Recipient) -> Result<Tried, Error> {
        let courier = Arc::clone(&self.courier);
        let now = courier.clock.now();
        let source = &job.source;
        if next_try(job.attempt, source.mailing.capacity, source.sealed_at, now).is_none() {
            self.unsaid(job, outcome(status, job, now), recipient).await?;
            return Ok(Tried::Over);
        }
        courier.count_said(job, &status);
        courier.store.take_back(source.mailing.id, job.seq, job.attempt).await?;
        Ok(Tried::NotBefore(now.plus(PUT_OFF)))
    }

    /// A reply may ask for a pause, and an outcome may be one too many.
    async fn brake(&mut self, job: &Job, heard: Heard) -> Result<Tried, Error> {
        if !pause_for(&self.courier, job, &heard).await? && heard.is_a_refusal {
            self.courier.judge(job.source.mailing.id).await?;
        }
        Ok(Tried::Over)
    }

    /// Keeps a connection for the next copy, unless it has carried enough or the server is closing it (421).
    async fn keep(&mut self, open: Open, job: &Job, said: &Status) {
        let most = self.courier.shape().look().messages_per_connection(&job.way.stream);
        if said.code == 421 || open.connection.is_over() || open.connection.carried >= most {
            open.connection.quit().await;
        } else {
            self.open = Some(open);
        }
    }
}

/// Pauses the mailing when a reply asks for it; whether it does.
async fn pause_for(courier: &Courier, job: &Job, heard: &Heard) -> Result<bool, Error> {
    let Some(why) = heard.pause.as_ref().filter(|_| job.source.is_judged()) else {
        return Ok(false);
    };
    courier.brake(job.source.mailing.id, why).await?;
    Ok(true)
}
