//! Mailings, by number and by state; the bytes of their messages; and which message was submitted before.

use std::collections::HashMap;
use std::time::Duration;

use super::engine::{Batch, Table};
use super::record::{Record, state_chunk_key};
use super::{Error, News, Store, Traces, Turn, untold};
use crate::mail::Timestamp;
use crate::model::lifecycle::{self, State};
use crate::model::{Event, MailingId, Series};

/// How long a client's repeat finds the case it made before.
const REPEAT_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// A state without what it holds: what mailings are listed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Waits for people.
    Held = 1,
    /// Waits for its hour and for expansion.
    Released = 2,
    /// Its copies are leaving.
    Expanded = 3,
    /// Over.
    Closed = 4,
    /// Over before it began.
    Ended = 5,
}

impl Kind {
    /// The kind of a state.
    pub fn of(state: &State) -> Self {
        match state {
            State::Held(_) => Self::Held,
            State::Released(_) => Self::Released,
            State::Expanded(_) => Self::Expanded,
            State::Closed(_) => Self::Closed,
            State::Ended(_) => Self::Ended,
        }
    }

    /// The kind of this number.
    pub(super) fn of_octet(octet: u8) -> Option<Self> {
        let all = [Self::Held, Self::Released, Self::Expanded, Self::Closed, Self::Ended];
        all.into_iter().find(|kind| *kind as u8 == octet)
    }
}

/// A mailing that enters the house: its first state, its message, and what recognises a repeat of it.
#[derive(Debug, Clone)]
pub struct Admission {
    /// Held, or released by the policy itself.
    pub state: State,
    /// The message as we keep it.
    pub message: Vec<u8>,
    /// Author, Message-ID, bytes and recipients, as one hash; `None` for what we wrote ourselves.
    pub fingerprint: Option<[u8; 32]>,
    /// For the audit trail.
    pub event: Option<Event>,
    /// What it leaves behind, by which later messages are known to be like it.
    pub traces: Traces,
    /// It went before anybody read it: a reviewer is to read it afterwards. Policy C17.
    pub is_unread: bool,
    /// What those it concerns are to be told of it, once it is kept.
    pub untold: Option<News>,
}

/// A message that the gateway itself sends: a notice, or a delivery status notification. Born released.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Released, of the [`Series::Conveyed`].
    pub state: lifecycle::Released,
    /// The message.
    pub message: Vec<u8>,
}

impl Admission {
    /// Ordinary mail, or the gateway's own: no line in the audit trail, nothing left behind.
    pub fn conveyed(out: Outgoing) -> Self {
        Self {
            state: State::Released(out.state),
            message: out.message,
            fingerprint: None,
            event: None,
            traces: Traces::default(),
            is_unread: false,
            untold: None,
        }
    }
}

/// One move of one mailing, with all that belongs to the same moment.
#[derive(Debug, Clone)]
pub struct Move {
    /// The state it leaves: must still be the one in the store.
    pub from: State,
    /// The state it enters.
    pub to: State,
    /// For the audit trail; `None` for conveyed mail, whose every step would drown it.
    pub event: Option<Event>,
    /// Mail that tells of it.
    pub outgoing: Vec<Outgoing>,
}

/// What a mailing looks like when it leaves, as bytes that only their maker reads.
pub type Sealed = Vec<u8>;

/// The last number given, by series and year.
#[derive(Debug, Default)]
pub(super) struct Numbers(HashMap<(Series, i16), u32>);

impl Store {
    /// Reads the highest numbers given so far.
    pub(super) fn load_numbers(&self) -> Result<(), Error> {
        let mut numbers = lock(&self.numbers);
        for item in self.engine.scan(Table::Mailings, &[]) {
            let Some(id) = mailing_id(&item?.0) else { continue };
            let last = numbers.0.entry((id.series, id.year)).or_default();
            *last = id.number.max(*last);
        }
        Ok(())
    }

    /// The next number. A number whose mailing is then not admitted stays unused.
    pub fn next_id(&self, series: Series, year: i16) -> MailingId {
        let mut numbers = lock(&self.numbers);
        let last = numbers.0.entry((series, year)).or_default();
        *last = last.saturating_add(1);
        MailingId {
            series,
            year,
            number: *last,
        }
    }

    /// Takes a mailing into the house, with the mail that leaves at once: all on the disk when this returns.
    /// [`Error::Conflict`] when the same message was taken at the same moment.
    pub async fn admit(&self, admission: Admission, outgoing: Vec<Outgoing>) -> Result<MailingId, Error> {
        self.admit_in_turn(admission, outgoing, None).await
    }

    /// Takes a mailing into the house, and ends the turn of its author as soon as the next of theirs may look at the store.
    /// Whatever that one is answered must wait for a commit of its own, or for [`Self::synced`].
    pub async fn admit_in_turn(
        &self,
        admission: Admission,
        outgoing: Vec<Outgoing>,
        turn: Option<Turn>,
    ) -> Result<MailingId, Error> {
        let id = admission.state.id();
        if matches!(admission.state, State::Released(_)) && !admission.traces.topics.is_empty() {
            return Box::pin(self.admit_released(admission, outgoing, turn))
                .await
                .map(|()| id);
        }
        let batch = Batch {
            turn,
            ..Batch::default()
        };
        // A future as large as all that it may come to wait for would be moved from hand to hand.
        Box::pin(self.enter_all(batch, admission, outgoing)).await.map(|()| id)
    }

    /// Waits until all that can be read now is on the disk.
    pub async fn synced(&self) -> Result<(), Error> {
        self.engine.commit(Batch::default()).await
    }

    pub(super) async fn enter_all(
        &self,
        mut batch: Batch,
        admission: Admission,
        outgoing: Vec<Outgoing>,
    ) -> Result<(), Error> {
        let id = admission.state.id();
        if let Some(fingerprint) = admission.fingerprint {
            self.mark_fingerprint(&mut batch, &fingerprint, id, admission.state.mailing().submitted_at)?;
        }
        if let Some(event) = &admission.event {
            batch.append(postcard::to_allocvec(event)?);
        }
        if admission.is_unread {
            batch.put(Table::Afterwards, &id.to_key(), Vec::new());
        }
        if let Some(news) = &admission.untold {
            untold::leave_untold(&mut batch, &admission.state, news)?;
        }
        self.trace(&mut batch, &admission.traces)?;
        let topics = admission.traces.topics;
        match &admission.state {
            State::Released(released) => {
                for topic in topics {
                    self.topic_goes(&mut batch, topic, released.release().at)?;
                }
            }
            State::Held(_) | State::Expanded(_) | State::Closed(_) | State::Ended(_) => {
                self.trace_topics(&mut batch, id, &topics)?;
            }
        }
        let mut names = vec![id.to_string()];
        self.enter(&mut batch, &admission.state, admission.message).await?;
        for out in outgoing {
            let state = State::Released(out.state);
            names.push(state.id().to_string());
            self.enter(&mut batch, &state, out.message).await?;
        }
        self.commit_spooled(batch, &names).await
    }

    /// Takes a mailing into the house that several others have become, and ends those in the same commit.
    pub async fn combine(&self, admission: Admission, ends: Vec<Move>) -> Result<(), Error> {
        let mut batch = Batch::default();
        let mut outgoing = Vec::new();
        for end in ends {
            self.moved(&mut batch, &end.from, &end.to)?;
            if let Some(event) = &end.event {
                batch.append(postcard::to_allocvec(event)?);
            }
            outgoing.extend(end.outgoing);
        }
        self.enter_all(batch, admission, outgoing).await
    }

    /// Adds to the batch: what recognises a repeat. [`Error::Conflict`] when the same message has just been taken, on
    /// another connection.
    fn mark_fingerprint(
        &self,
        batch: &mut Batch,
        fingerprint: &[u8; 32],
        id: MailingId,
        at: Timestamp,
    ) -> Result<(), Error> {
        let before = self.engine.read(Table::Fingerprints, fingerprint)?;
        if repeats(before.as_deref(), at)?.is_some() {
            return Err(Error::Conflict);
        }
        batch.assert(Table::Fingerprints, fingerprint, before);
        batch.put(Table::Fingerprints, fingerprint, postcard::to_allocvec(&(id, at))?);
        Ok(())
    }

    /// The mailing a repeat of this message made within the last 24 hours.
    pub fn repeated(&self, fingerprint: &[u8; 32], now: Timestamp) -> Result<Option<MailingId>, Error> {
        let record = self.engine.read(Table::Fingerprints, fingerprint)?;
        repeats(record.as_deref(), now)
    }

    /// Forgets fingerprints that no repeat may match any more; returns how many.
    pub async fn forget_fingerprints(&self, now: Timestamp) -> Result<usize, Error> {
        let mut forgotten = 0;
        let mut batch = Batch::default();
        for item in self.engine.scan(Table::Fingerprints, &[]) {
            let (key, record) = item?;
            let (_, at): (MailingId, Timestamp) = postcard::from_bytes(&record)?;
            if now.since(at) > REPEAT_WINDOW && batch.len() < super::engine::BATCH_OPERATIONS_MAX {
                batch.delete(Table::Fingerprints, &key);
                forgotten += 1;
            }
        }
        if forgotten > 0 {
            self.engine.commit(batch).await?;
        }
        Ok(forgotten)
    }

    /// One mailing, in the state it is in.
    pub fn mailing(&self, id: MailingId) -> Result<Option<State>, Error> {
        match self.engine.read(Table::Mailings, &id.to_key())? {
            Some(head) => self.restored(id, &head).map(Some),
            None => Ok(None),
        }
    }

    /// Whether a mailing is in such a state; nothing of it is read.
    pub fn is_in(&self, kind: Kind, id: MailingId) -> Result<bool, Error> {
        self.engine.has(Table::ByState, &by_state(kind, id))
    }

    /// The numbers of the mailings in a state, oldest first within a series.
    pub fn in_state(&self, kind: Kind) -> Result<Vec<MailingId>, Error> {
        self.engine
            .scan(Table::ByState, &[kind as u8])
            .map(|item| {
                let (key, _) = item?;
                mailing_id(key.get(1..).unwrap_or_default())
                    .ok_or_else(|| Error::Unreadable("a mailing's number".to_owned()))
            })
            .collect()
    }

    /// The newest cases, of whatever state, newest first.
    pub fn newest_cases(&self, count: usize) -> Result<Vec<State>, Error> {
        let cases = MailingId {
            series: Series::Case,
            year: 0,
            number: 0,
        }
        .to_key();
        self.engine
            .scan(Table::Mailings, cases.get(..1).unwrap_or_default())
            .rev()
            .take(count)
            .map(|item| {
                let (key, head) = item?;
                let id = mailing_id(&key).ok_or_else(|| Error::Unreadable("a mailing's number".to_owned()))?;
                self.restored(id, &head)
            })
            .collect()
    }

    /// Makes one move of one mailing. [`Error::Conflict`] when it has left `from` meanwhile.
    pub async fn advance(&self, step: Move) -> Result<(), Error> {
        match (&step.from, &step.to) {
            (State::Held(_), State::Released(_)) => Box::pin(self.release(step)).await,
            _ => Box::pin(self.step(Batch::default(), step, Vec::new())).await,
        }
    }

    pub(super) async fn step(&self, mut batch: Batch, step: Move, mut names: Vec<String>) -> Result<(), Error> {
        self.moved(&mut batch, &step.from, &step.to)?;
        if let Some(event) = &step.event {
            batch.append(postcard::to_allocvec(event)?);
        }
        for out in step.outgoing {
            let state = State::Released(out.state);
            names.push(state.id().to_string());
            self.enter(&mut batch, &state, out.message).await?;
        }
        self.commit_spooled(batch, &names).await?;
        if !is_kept(&step.to) {
            names_of(step.to.id()).iter().for_each(|name| self.spool.discard(name));
        }
        Ok(())
    }

    /// The message as we keep it, in its newest version.
    pub fn message(&self, id: MailingId) -> Result<Vec<u8>, Error> {
        let version = self.mailing(id)?.map_or(1, |state| state.mailing().version);
        self.version(id, version)
    }

    /// One version of a message.
    pub fn version(&self, id: MailingId, version: u16) -> Result<Vec<u8>, Error> {
        self.spooled(&version_name(id, version))?
            .ok_or_else(|| Error::Unreadable(format!("version {version} of {id} is gone")))
    }

    /// Makes one move that brings another version of the message; those before are kept. `untold` is what those it
    /// concerns are to be told of it, once it is kept.
    pub async fn renew(
        &self,
        step: Move,
        message: Vec<u8>,
        fingerprint: Option<([u8; 32], Timestamp)>,
        untold: Option<&News>,
    ) -> Result<(), Error> {
        let mut batch = Batch::default();
        if let Some(news) = untold {
            self.leave_untold_anew(&mut batch, &step.to, news)?;
        }
        if let Some((fingerprint, at)) = fingerprint {
            self.mark_fingerprint(&mut batch, &fingerprint, step.to.id(), at)?;
        }
        let name = version_name(step.to.id(), step.to.mailing().version);
        self.spool.write(&mut batch, &name, message).await?;
        self.step(batch, step, vec![name]).await
    }

    /// The form in which it leaves; `None` until it is expanded.
    pub fn sealed(&self, id: MailingId) -> Result<Option<Sealed>, Error> {
        self.spooled(&sealed_name(id))
    }

    /// Adds to the batch: the mailing leaves one state for another; asserts that it still is in the first.
    pub(super) fn moved(&self, batch: &mut Batch, from: &State, to: &State) -> Result<(), Error> {
        let id = to.id();
        let (before, after) = (Record::of(from)?, Record::of(to)?);
        batch.assert(Table::Mailings, &id.to_key(), Some(before.head));
        for surplus in after.chunks.len()..before.chunks.len() {
            batch.delete(Table::StateChunks, &state_chunk_key(id, surplus));
        }
        after.put(batch, id);
        batch.delete(Table::ByState, &state_key(from));
        batch.put(Table::ByState, &state_key(to), Vec::new());
        match (from, to) {
            (State::Held(_), State::Released(released)) => self.topics_go(batch, id, released.release().at)?,
            (State::Held(_), State::Ended(_)) => batch.delete(Table::Topics, &id.to_key()),
            _ => {}
        }
        if !is_kept(to) {
            for name in names_of(id) {
                batch.delete(Table::Messages, name.as_bytes());
            }
            self.unplan(batch, id)?;
        }
        Ok(())
    }

    /// Adds to the batch: a mailing in its first state, and its message.
    pub(super) async fn enter(&self, batch: &mut Batch, state: &State, message: Vec<u8>) -> Result<(), Error> {
        let id = state.id();
        batch.assert(Table::Mailings, &id.to_key(), None);
        Record::of(state)?.put(batch, id);
        batch.put(Table::ByState, &state_key(state), Vec::new());
        self.spool.write(batch, &id.to_string(), message).await
    }

    /// Commits; takes back the files of these names when it surely was not done. After another failure the disk may
    /// have it all the same: then the next opening sweeps what nothing names.
    pub(super) async fn commit_spooled(&self, batch: Batch, names: &[String]) -> Result<(), Error> {
        let committed = self.engine.commit(batch).await;
        if matches!(committed, Err(Error::Conflict | Error::Full)) {
            names.iter().for_each(|name| self.spool.discard(name));
        }
        committed
    }
}

/// The mailing that a fingerprint's record is of, when a repeat may still match it.
fn repeats(record: Option<&[u8]>, now: Timestamp) -> Result<Option<MailingId>, Error> {
    let Some(record) = record else { return Ok(None) };
    let (id, at): (MailingId, Timestamp) = postcard::from_bytes(record)?;
    Ok((now.since(at) <= REPEAT_WINDOW).then_some(id))
}

/// Whether its bytes are kept: what we only carried for others is not ours to keep once it is over.
pub(super) fn is_kept(state: &State) -> bool {
    !state.is_over() || state.id().series != Series::Conveyed
}

/// The names of the bytes of mail that we only carry.
fn names_of(id: MailingId) -> [String; 2] {
    [id.to_string(), sealed_name(id)]
}

pub(super) fn sealed_name(id: MailingId) -> String {
    format!("{id}.sealed")
}

/// The name of a version's bytes.
fn version_name(id: MailingId, version: u16) -> String {
    match version {
        0 | 1 => id.to_string(),
        later => format!("{id}.v{later}"),
    }
}

/// Whose bytes a name of the spool is.
pub(super) fn owner(name: &str) -> Option<MailingId> {
    name.split('.').next()?.parse().ok()
}

fn by_state(kind: Kind, id: MailingId) -> Vec<u8> {
    [[kind as u8].as_slice(), &id.to_key()].concat()
}

fn state_key(state: &State) -> Vec<u8> {
    by_state(Kind::of(state), state.id())
}

pub(super) fn mailing_id(key: &[u8]) -> Option<MailingId> {
    key.try_into().ok().and_then(MailingId::from_key)
}

pub(super) fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What these guard is whole after every statement, so a panic elsewhere has not spoilt it.
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
