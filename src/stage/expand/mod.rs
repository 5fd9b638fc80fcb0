//! Worker: Released → Expanded. The audience is made into a plan, and the plan sealed, before the first copy leaves.
//!
//! Ordinary mail is expanded as it leaves: ahead of a next hop that is slow, or behind a flood of notices, no more is made
//! ready than will soon be wanted.

mod under_way;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::spawn_blocking;

use crate::clock::Clock;
use crate::decide::audience::{Asked, Expanding, Pressure, Purpose, Suppressions};
use crate::decide::compose;
use crate::mail::{Domain, Message, Timestamp};
use crate::model::lifecycle::{Held, Released, State};
use crate::model::{Act, Audience, Event, Exclusion, Expansion, Lane, Mailing, MailingId, Prints, Series};
use crate::stage::docket::{Docket, Wait};
use crate::stage::worker::{Round, Rounds, Shutdown};
use crate::store::{Error, Kind, Move, Store};
use under_way::UnderWay;

/// Messages of ordinary mail that are expanded together: their commits share a sync.
const AT_ONCE: usize = 64;
/// Messages of ordinary mail that are expanded and have not left, from which on the next ones wait; and as many are expanded
/// in one round, which no case waits longer for.
const AHEAD_MAX: usize = 1_000;
/// After which time of waiting [`AT_ONCE`] more are expanded all the same: those under way may all wait for one host that is
/// silent.
const AHEAD_PAUSE: Duration = Duration::from_millis(100);

/// What expansion needs to know of the settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How copies are made.
    pub compose: Arc<compose::Settings>,
    /// The campus's own domains: its addresses come first in mail to its own members.
    pub campus_domains: Vec<Domain>,
    /// How far an audience may change since it was approved, in percent. Law 3.
    pub drift_percent_max: u64,
    /// How long a mailing that is put back waits before it lapses.
    pub lapse_after: Duration,
}

/// Runs until the house closes.
pub async fn run(store: Store, clock: Clock, settings: Settings, shutdown: Shutdown) {
    let mut desk = Desk::new(&store, AHEAD_MAX);
    let mut rounds = Rounds::new("expand", desk.docket.bell(), shutdown);
    while rounds.go_on() {
        let done = desk.round(|| rounds.go_on(), &store, (&clock, &settings)).await;
        rounds.rest_or_pause(done, AHEAD_PAUSE).await;
    }
}

/// Expands every mailing whose hour has come.
pub async fn expand_due(store: &Store, clock: &Clock, settings: &Settings) -> Result<(), Error> {
    let mut desk = Desk::new(store, AHEAD_MAX);
    while desk.round(|| true, store, (clock, settings)).await? == Round::Waits {}
    Ok(())
}

/// What is to be expanded, and how much of it is on its way already.
pub(super) struct Desk {
    docket: Docket,
    under_way: UnderWay,
    /// [`AHEAD_MAX`].
    ahead_max: usize,
}

impl Desk {
    pub(super) fn new(store: &Store, ahead_max: usize) -> Self {
        Self {
            docket: Docket::new(store, Kind::Released),
            under_way: UnderWay::new(store),
            ahead_max,
        }
    }

    /// Expands what is due, until the house closes: every case, and of the ordinary mail some; the rest [waits](Round::Waits)
    /// until more of what is under way has left.
    pub(super) async fn round(
        &mut self,
        go_on: impl Fn() -> bool,
        store: &Store,
        (clock, settings): (&Clock, &Settings),
    ) -> Result<Round, Error> {
        let (mut round, mut trouble, mut ordinary) = (Round::Done, None, 0);
        let due = self.docket.open(clock.now())?;
        let (cases, conveyed): (Vec<_>, Vec<_>) = due.into_iter().partition(|id| id.series == Series::Case);
        let cases = cases.chunks(1).zip(std::iter::repeat(false));
        let conveyed = conveyed.chunks(AT_ONCE).zip(std::iter::repeat(true));
        // What is not closed stays open.
        for (ids, is_ordinary) in conveyed.chain(cases).take_while(|_| go_on()) {
            if is_ordinary && round == Round::Waits {
                continue;
            }
            let expanding = ids.iter().map(|id| expand_if_due(store, clock, settings, *id));
            for (id, done) in ids.iter().zip(join_all(expanding).await) {
                match done {
                    Ok(wait) => self.docket.close(*id, wait),
                    // One mailing's trouble must not stop the others.
                    Err(error) => {
                        tracing::error!(mailing.id = %id, %error, "a mailing could not be expanded");
                        trouble = Some(error);
                    }
                }
            }
            if is_ordinary {
                ordinary += ids.len();
                if self.under_way.count()?.max(ordinary) >= self.ahead_max {
                    round = Round::Waits;
                }
            }
        }
        trouble.map_or(Ok(round), Err)
    }
}

/// Expands a mailing, unless its hour is still to come.
async fn expand_if_due(
    store: &Store,
    clock: &Clock,
    settings: &Settings,
    id: MailingId,
) -> Result<Option<Wait>, Error> {
    let Some(State::Released(released)) = store.mailing(id)? else {
        return Ok(None);
    };
    let not_before = released.release().not_before;
    if not_before > clock.now() {
        return Ok(Some(Wait::Until(not_before)));
    }
    expand_one(store, clock, settings, released).await.map(|()| None)
}

async fn expand_one(store: &Store, clock: &Clock, settings: &Settings, released: Released) -> Result<(), Error> {
    let state = State::Released(released.clone());
    let mailing = state.mailing();
    let now = clock.now();
    let expansion = if matches!(mailing.audience, Audience::Named) {
        recipients(store, mailing, now, settings)?
    } else {
        // An emergency waits for no feed. Policy C17.
        let _steady = match mailing.lane {
            Lane::Emergency => None,
            Lane::Official | Lane::Bulk => Some(store.steady().await?),
        };
        let (store, mailing, settings) = (store.clone(), mailing.clone(), settings.clone());
        let asked = spawn_blocking(move || recipients(&store, &mailing, now, &settings)).await;
        asked.map_err(|_panicked| Error::Disk("a task of the gateway stopped".to_owned()))??
    };
    let (Expansion { recipients, exclusions }, prints) = expansion;
    let until = now.plus(settings.lapse_after);
    if let Some(held) = released.void(&prints, settings.drift_percent_max, until, now) {
        return put_back(store, State::Released(released), held, now).await;
    }
    let bytes = store.version(mailing.id, mailing.version)?;
    let message = Message::parse(&bytes).map_err(|error| Error::Unreadable(error.to_string()))?;
    let sealed = compose::seal(&message, mailing, released.release(), &settings.compose);
    let sealed = sealed.map_err(|error| Error::Unreadable(error.to_string()))?.to_bytes();
    let left_out: u64 = exclusions.values().sum();
    // Each step of ordinary mail would drown the trail.
    let event = (mailing.id.series == Series::Case).then(|| Event {
        at: now,
        by: "gateway".to_owned(),
        act: Act::Expanded,
        mailing: Some(mailing.id),
        note: format!("{} recipients, {left_out} left out", recipients.len()),
    });
    store
        .seal(released, &recipients, exclusions, sealed, event, now)
        .await?;
    Ok(())
}

/// It waits for its stewards again, who had approved another audience; they are told by whoever keeps the desk. Law 3.
async fn put_back(store: &Store, from: State, to: Held, now: Timestamp) -> Result<(), Error> {
    let event = Event {
        at: now,
        by: "gateway".to_owned(),
        act: Act::Voided,
        mailing: Some(from.id()),
        note: to.drift_in_words(),
    };
    let step = Move {
        from,
        to: State::Held(to),
        event: Some(event),
        outgoing: Vec::new(),
    };
    store.advance(step).await
}

/// Who gets a copy: those the author named, or the audience as the master list stands now; and what that is.
fn recipients(
    store: &Store,
    mailing: &Mailing,
    now: Timestamp,
    settings: &Settings,
) -> Result<(Expansion, Prints), Error> {
    match &mailing.audience {
        Audience::Named => {
            let mut expansion = Expansion::default();
            for address in mailing.envelope.recipients() {
                if !expansion.recipients.push(address.mailbox(), None) {
                    *expansion.exclusions.entry(Exclusion::InvalidAddress).or_default() += 1;
                }
            }
            Ok((expansion, Prints::default()))
        }
        lists @ Audience::Lists { .. } => {
            // If what people said cannot be read, nobody is sent to. Policy C3.
            let suppressions = Suppressions::new(store.suppressions()?, store.marker());
            let mut pressure = Pressure::none(now);
            store.copies_since(pressure.since(), now, |got, contacts| {
                pressure.add(got, contacts.iter().copied());
            })?;
            let mut expanding = Expanding::new(Asked {
                audience: lists,
                purpose: Purpose::of(mailing.category, mailing.lane),
                suppressions: &suppressions,
                pressure: &pressure,
                campus: &settings.campus_domains,
                now,
            });
            store.glance_at_all(|contact| expanding.meet(contact))?;
            Ok(expanding.end())
        }
    }
}
