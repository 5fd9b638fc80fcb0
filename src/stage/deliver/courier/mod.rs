//! What the workers share: the queue, the ledger behind it, and the questions asked before a copy leaves.

mod awaited;
mod dropped;
mod ends;
mod flows;
mod hears;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::join_all;
use metrics::gauge;
use tokio::sync::Notify;
use tokio::sync::mpsc::Receiver;

use super::ahead::Ahead;
use super::crew::Crew;
use super::lease::Lease;
use super::leaving::Leaving;
use super::queue::{Asker, Queue, Taken};
use super::relay::{Connection, Unreachable, dial_host};
use super::renew::{Renewal, renew};
use super::route::NoWay;
use super::run::Job;
use super::ways::{Hops, Next};
use super::{Onward, Settings};
use crate::clock::Clock;
use crate::decide::compose::Copy;
use crate::decide::route::Site;
use crate::decide::shape::{Scope, Shape};
use crate::mail::{Domain, Timestamp};
use crate::model::lifecycle::State;
use crate::model::{MailingId, Outcome, Recipient, WhenUncertain};
use crate::stage::worker::{Rounds, Shutdown};
use crate::store::{Error, Store};

/// How long a copy waits at least whose way is not the one of the plan, and is full.
const LATER: Duration = Duration::from_secs(1);

/// What all workers share.
pub(super) struct Courier {
    pub(super) store: Store,
    pub(super) clock: Clock,
    in_force: RwLock<Arc<InForce>>,
    shape: Shape,
    queue: Mutex<Queue>,
    pub(super) leaving: Leaving,
    pub(super) work: Arc<Notify>,
    /// Workers that have neither a copy nor a connection.
    pub(super) free: AtomicUsize,
    /// Workers that have no copy.
    pub(super) idle: AtomicUsize,
    /// When it was counted what came back of a mailing.
    counted: Mutex<BTreeMap<MailingId, Timestamp>>,
    kept_at: Mutex<Timestamp>,
    /// When it was noted where copies are still to leave for.
    noted_at: Mutex<Timestamp>,
    /// Recipients of conveyed mail whose author knows that it is late. A restart forgets them: hearing it twice is better
    /// than a try that is not one in the ledger.
    known_late: Mutex<BTreeSet<(MailingId, u32)>>,
}

/// The settings in force.
pub(super) struct InForce {
    pub(super) settings: Settings,
    pub(super) hops: Hops,
}

impl InForce {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            hops: Hops::new(&settings.onward, &settings.own_hosts),
            settings,
        }
    }
}

/// A copy to send, and what it counts against until it is done.
pub(super) struct Turn {
    pub(super) job: Job,
    /// The connection that it goes by, when the worker's own is none for it.
    pub(super) connection: Option<Lease>,
    /// The copy itself.
    pub(super) copy: Lease,
}

/// Runs until the house closes. What comes by `renewals` is in force from then on.
pub async fn run(store: Store, clock: Clock, settings: Settings, renewals: Receiver<Renewal>, shutdown: Shutdown) {
    let courier = Arc::new(Courier {
        shape: settings.shape.clone(),
        in_force: RwLock::new(Arc::new(InForce::new(settings))),
        kept_at: Mutex::new(clock.now()),
        noted_at: Mutex::new(clock.now()),
        leaving: Leaving::new(store.clone()),
        store,
        clock,
        queue: Mutex::default(),
        work: Arc::default(),
        free: AtomicUsize::new(0),
        idle: AtomicUsize::new(0),
        counted: Mutex::default(),
        known_late: Mutex::default(),
    });
    let mut ahead = Ahead::new(&courier.store);
    let mut rounds = Rounds::new("deliver", ahead.bell(), shutdown.clone());
    while rounds.go_on() {
        let remembered = courier.remember().await;
        if remembered.is_ok() {
            break;
        }
        rounds.rest(remembered).await;
    }
    if let Err(error) = courier.look_back().await {
        tracing::error!(%error, "what a stopped mailing came to is not in its total");
    }
    let mut crew = Crew::default();
    let looking_around = async {
        while rounds.go_on() {
            crew.fill(&courier, &shutdown);
            let done = courier.look_around(&mut ahead).await;
            rounds.rest(done).await;
        }
    };
    tokio::join!(looking_around, renew(&courier, renewals, shutdown.clone()));
    crew.end().await;
    if let Err(error) = courier.let_go().await {
        tracing::error!(%error, "what a stopped mailing came to is not in its total");
    }
    if let Err(error) = courier.keep_flows(true).await {
        tracing::error!(%error, "how flows stand could not be kept: after the next start they begin with nothing to spend");
    }
}

impl Courier {
    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        // Each of its methods leaves it whole.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The settings in force at this moment.
    pub(super) fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn put_in_force(&self, in_force: InForce) {
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(in_force);
    }

    /// The next copy that may go, or when to ask again.
    pub(super) fn take(&self, own: Option<&Lease>, is_spare: bool, age: u64) -> Result<Turn, Timestamp> {
        let now = self.clock.now();
        let mut queue = self.queue();
        let mut shaper = self.shape().look();
        let own = own.map(Lease::scopes).unwrap_or_default();
        let asker = Asker {
            own,
            is_spare,
            others_are_free: self.free.load(Ordering::Relaxed) > 0,
            age,
        };
        let job = match queue.take(asker, &mut shaper, now) {
            Taken::Rest(until) => return Err(until),
            Taken::Job(job) => job,
        };
        let (of_connection, of_copy) = (job.way.stream.of_connection(), job.way.stream.of_copy());
        let is_new = of_connection != own;
        if is_new {
            shaper.hold(&of_connection);
        }
        shaper.hold(&of_copy);
        // A lease locks the shaper when it ends.
        drop(shaper);
        let lease = |scopes| Lease::of_held(self.shape(), &self.work, scopes);
        Ok(Turn {
            job,
            connection: is_new.then(|| lease(of_connection)),
            copy: lease(of_copy),
        })
    }

    /// A copy that was not tried is due then.
    pub(super) fn give_back(&self, job: &Job, due: Timestamp) {
        self.queue().give_back(job, due);
        if let Some(watch) = self.shape().look().watch(job.source.mailing.id) {
            watch.is_back(None);
        }
    }

    /// A copy that was not tried waits for a person's word.
    pub(super) fn set_aside(&self, job: &Job) {
        self.queue().set_aside(job);
        if let Some(watch) = self.shape().look().watch(job.source.mailing.id) {
            watch.is_back(None);
        }
    }

    /// What its mailing wants done about a copy, when the end of the one before it is uncertain.
    pub(super) fn when_uncertain(&self, job: &Job) -> Result<Option<WhenUncertain>, Error> {
        let id = job.source.mailing.id;
        let before = match job.attempt.checked_sub(1).filter(|before| *before > 0) {
            Some(before) => self.store.entry(id, job.seq, before)?,
            None => None,
        };
        let outcome = before.and_then(|before| before.outcome);
        if !matches!(outcome, Some(Outcome::Uncertain { .. })) {
            return Ok(None);
        }
        Ok(match self.store.mailing(id)? {
            Some(State::Expanded(expanded)) => Some(expanded.when_uncertain()),
            Some(State::Held(_) | State::Released(_) | State::Closed(_) | State::Ended(_)) | None => None,
        })
    }

    /// The site of a domain; `None` when mail for it goes to a host of the settings.
    pub(super) async fn site(&self, job: &Job, domain: &Domain) -> Result<Option<Arc<Site>>, NoWay> {
        let in_force = self.in_force();
        match (&job.way.next, &in_force.settings.onward) {
            (Next::Exchangers, Onward::Exchangers(router)) => router.find(domain, self.clock.now()).await.map(Some),
            (Next::Host(_), _) | (Next::Exchangers, Onward::Smarthost(_)) => Ok(None),
        }
    }

    /// The way of a copy as DNS has it today. When that is not the one of the plan, a new connection counts against the new
    /// one; `own` is what the asker's connection counts against. [`Err`] is when it may be tried.
    pub(super) fn todays(
        &self,
        job: &Job,
        domain: &Domain,
        own: &[Scope],
        planned: Option<Lease>,
    ) -> Result<(Job, Option<Lease>), Timestamp> {
        let mut todays = job.clone();
        if matches!(job.way.next, Next::Host(_)) {
            return Ok((todays, planned));
        }
        let claim = job.source.claim();
        let mut shaper = self.shape().look();
        let stream = shaper.stream(domain, claim.pool);
        if stream.host == job.way.stream.host {
            return Ok((todays, planned));
        }
        let now = self.clock.now();
        let asked = shaper.ask_receiver(&stream, &claim, own, now);
        let needs = stream.of_connection();
        let is_new = needs != own;
        if asked.is_ok() {
            shaper.spend_at(&stream, now);
            if is_new {
                shaper.hold(&needs);
            }
        }
        // A lease locks the shaper when it ends.
        drop(shaper);
        drop(planned);
        if let Err(binding) = asked {
            return Err(binding.until.max(now.plus(LATER)));
        }
        todays.way.stream = Arc::new(stream);
        let lease = is_new.then(|| Lease::of_held(self.shape(), &self.work, needs));
        Ok((todays, lease))
    }

    /// Opens a connection for a copy.
    pub(super) async fn dial(&self, job: &Job, site: Option<&Site>) -> Result<Connection, Unreachable> {
        let in_force = self.in_force();
        let caller = in_force.settings.caller(job.source.claim().pool);
        match (&job.way.next, &in_force.settings.onward, site) {
            (Next::Host(relay), _, _) => dial_host(relay, caller).await,
            (Next::Exchangers, Onward::Exchangers(router), Some(site)) => router.dial(site, caller).await,
            (Next::Exchangers, _, _) => Err(Unreachable::Not("it has no host".to_owned())),
        }
    }

    /// Makes a copy.
    pub(super) fn sign(&self, job: &Job, to: &Recipient) -> Result<Copy, Error> {
        let source = &job.source;
        let now = self.clock.now();
        let made = source
            .letter
            .copy(&source.mailing, (job.seq, to), &self.in_force().settings.compose, now);
        made.map_err(|error| Error::Unreadable(error.to_string()))
    }

    /// Takes up what was expanded, paused, resumed or stopped since, closes what is done, and judges what is leaving.
    async fn look_around(&self, ahead: &mut Ahead) -> Result<(), Error> {
        let mut trouble = self.follow_moves(ahead).await;
        self.note_hosts_awaited();
        let judged = self.judged();
        for id in judged {
            trouble = self.look_after(id).await.and(trouble);
        }
        self.let_go().await?;
        let complete = self.queue().complete();
        for closed in join_all(complete.into_iter().map(|id| self.close(id))).await {
            closed?;
        }
        self.keep_flows(false).await?;
        // Counts of workers are far below what a float holds exactly.
        gauge!("bedel_delivery_workers_free").set(self.free.load(Ordering::Relaxed) as f64);
        self.work.notify_waiters();
        trouble
    }
}
