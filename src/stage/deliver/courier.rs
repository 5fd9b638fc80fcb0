//! What the workers share: the queue, the ledger behind it, and the questions asked before a copy leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::join_all;
use metrics::{counter, gauge};
use tokio::sync::Notify;
use tokio::sync::mpsc::Receiver;

use super::ahead::Ahead;
use super::brake::{count, said};
use super::crew::Crew;
use super::effects::{DELAYED_AFTER, told};
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
use crate::decide::audience::{Purpose, dropped_out};
use crate::decide::compose::Copy;
use crate::decide::notice::dsn::Word;
use crate::decide::route::Site;
use crate::decide::shape::{Heard, Kept, Scope, Shape, Trip, Watch, give_up_at};
use crate::mail::{Domain, Mailbox, Severity, Status, Timestamp};
use crate::model::lifecycle::State;
use crate::model::{
    Act, Capacity, Entry, Event, Exclusion, Glance, Mailing, MailingId, Outcome, Recipient, Series, WhenUncertain,
};
use crate::stage::worker::{Rounds, Shutdown};
use crate::store::{Error, FlowRecord, Move, Store};

/// How often it is kept how flows stand: so much of them a crash forgets.
const KEEP_EVERY: Duration = Duration::from_secs(10);
/// Different replies of a provider that are kept of a mailing that is over.
const REPLIES_KEPT: usize = 5;

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

    /// The author of conveyed mail hears once that it is late.
    pub(super) async fn tell_of_delay(
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
    pub(super) fn is_news_of_delay(&self, job: &Job) -> bool {
        self.known_late().insert((job.source.mailing.id, job.seq))
    }

    fn known_late(&self) -> MutexGuard<'_, BTreeSet<(MailingId, u32)>> {
        self.known_late.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// What a reply does to the flow.
    pub(super) fn hear(&self, job: &Job, status: &Status, trip: Trip) -> Heard {
        let now = self.clock.now();
        let mut shaper = self.shape().look();
        if status.severity() == Severity::Positive {
            shaper.taken(&job.way.stream, now);
            return Heard::default();
        }
        shaper.refused(&job.way.stream, status, trip, now)
    }

    /// No connection: the reply that says so may be to the flow, or nobody is there.
    pub(super) fn cannot_reach(&self, job: &Job, why: &Unreachable) {
        let now = self.clock.now();
        let mut shaper = self.shape().look();
        if let Unreachable::Said(status) = why {
            let trip = Trip {
                set_out: now,
                carried: 1,
            };
            shaper.refused(&job.way.stream, status, trip, now);
        }
        shaper.unreachable(&job.way.stream, &why.to_string(), now);
    }

    /// Counts an outcome against its mailing.
    pub(super) fn count_outcome(&self, job: &Job, entry: &Entry) {
        if let Some(outcome) = &entry.outcome {
            let provider = Arc::clone(&job.way.stream.name);
            counter!("bedel_copies_total", "provider" => provider, "outcome" => outcome.word()).increment(1);
        }
        let mut shaper = self.shape().look();
        let settings = Arc::clone(shaper.settings());
        shaper.beats(job.source.mailing.id, entry);
        if let Some(watch) = shaper.watch(job.source.mailing.id) {
            watch.is_back(Some(entry.at));
            count(watch.at(&job.way.stream.name), entry, entry.attempt == 1, &settings);
        }
    }

    /// Counts a reply that was no outcome.
    pub(super) fn count_said(&self, job: &Job, status: &Status) {
        let mut shaper = self.shape().look();
        let settings = Arc::clone(shaper.settings());
        if let Some(watch) = shaper.watch(job.source.mailing.id) {
            said(watch.at(&job.way.stream.name), status, &settings);
        }
    }

    /// Takes up how flows stood when the house was closed.
    async fn remember(&self) -> Result<(), Error> {
        let (records, was_closed) = self.store.open_flows().await?;
        // A record of another version says nothing any more.
        let kept: Vec<Kept> = records
            .iter()
            .filter_map(|record| postcard::from_bytes(record).ok())
            .collect();
        let unclean = (!was_closed && !kept.is_empty()).then_some(KEEP_EVERY);
        self.shape().look().restore(kept, unclean, self.clock.now());
        Ok(())
    }

    /// Keeps how flows stand, now and then.
    async fn keep_flows(&self, is_closing: bool) -> Result<(), Error> {
        let now = self.clock.now();
        {
            let mut kept_at = self.kept_at.lock().unwrap_or_else(PoisonError::into_inner);
            if !is_closing && now.since(*kept_at) < KEEP_EVERY {
                return Ok(());
            }
            *kept_at = now;
        }
        let (changed, forgotten) = {
            let mut shaper = self.shape().look();
            (shaper.take_changed(), shaper.forget_idle(now))
        };
        let name = |scope| postcard::to_allocvec(scope).map(|bytes| data_encoding::HEXLOWER.encode(&bytes));
        let mut flows: Vec<FlowRecord> = Vec::new();
        for kept in &changed {
            flows.push((name(&kept.0)?, Some(postcard::to_allocvec(kept)?)));
        }
        for scope in &forgotten {
            flows.push((name(scope)?, None));
        }
        self.store.keep_flows(flows, is_closing).await
    }

    /// Takes up what was expanded, paused, resumed or stopped since, closes what is done, and judges what is leaving.
    async fn look_around(&self, ahead: &mut Ahead) -> Result<(), Error> {
        let mut trouble = self.follow_moves(ahead).await;
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

    /// Keeps how a mailing has fared, for whoever looks at it when it is over.
    async fn keep_fares(&self, id: MailingId) -> Result<(), Error> {
        if id.series == Series::Conveyed {
            return Ok(());
        }
        let ranked = self.shape().look().watches().get(&id).map(Watch::ranked);
        let ranked = ranked.unwrap_or_default().into_iter();
        let kept = ranked.map(|(name, counts)| postcard::to_allocvec(&(name, counts.shortened(REPLIES_KEPT))));
        self.store.put_fares(id, kept.collect::<Result<_, _>>()?).await
    }

    /// Somebody has stopped a mailing. What it has come to so far is kept now: nobody knows how long the last copies take.
    pub(super) async fn stop(&self, id: MailingId) -> Result<(), Error> {
        self.queue().stop(id);
        self.store.take_stock(id).await
    }

    /// Lets go of mailings that were stopped, once their last copies are at their ends.
    async fn let_go(&self) -> Result<(), Error> {
        let at_rest = self.queue().at_rest();
        for id in at_rest {
            self.store.take_stock(id).await?;
            self.forget(id).await?;
        }
        Ok(())
    }

    /// Lets go of a mailing that is over.
    async fn forget(&self, id: MailingId) -> Result<(), Error> {
        self.keep_fares(id).await?;
        self.queue().remove(id);
        self.shape().look().end(id);
        self.counted().remove(&id);
        self.known_late().retain(|(late, _)| *late != id);
        self.store.settle(id).await
    }

    pub(super) fn counted(&self) -> MutexGuard<'_, BTreeMap<MailingId, Timestamp>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.forget(id).await
    }

    /// Why this recipient gets no copy after all: consent and suppression are read again for each. Law 5.
    pub(super) fn dropped_out(&self, job: &Job, recipient: &Recipient) -> Result<Option<Exclusion>, Error> {
        let mailing = &job.source.mailing;
        if mailing.capacity == Capacity::Conveyed {
            return Ok(None);
        }
        match recipient.contact {
            Some(id) => {
                let out = self
                    .store
                    .glance_at(id, |contact| self.is_out(mailing, recipient, Some(contact)))?;
                // They were erased meanwhile.
                out.unwrap_or(Ok(Some(Exclusion::DoNotContact)))
            }
            None => self.is_out(mailing, recipient, None),
        }
    }

    fn is_out(
        &self,
        mailing: &Mailing,
        recipient: &Recipient,
        contact: Option<&Glance<'_>>,
    ) -> Result<Option<Exclusion>, Error> {
        let to = recipient.address.mailbox();
        let addresses = contact
            .into_iter()
            .flat_map(Glance::addresses)
            .filter(|own| *own != to)
            .chain([to]);
        let known = addresses.map(|address| Ok((address, self.store.suppressions_at(address)?)));
        let known = known.collect::<Result<Vec<_>, Error>>()?;
        let of = |address: Mailbox<'_>| known.iter().find(|(known, _)| *known == address);
        let purpose = Purpose::of(mailing.category, mailing.lane);
        Ok(dropped_out(
            &mailing.audience,
            purpose,
            (to, contact),
            &|address| of(address).map(|(_, known)| known.as_slice()).unwrap_or_default(),
            self.clock.now(),
        ))
    }
}
