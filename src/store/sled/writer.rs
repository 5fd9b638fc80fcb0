//! The one thread that writes: what several commits want goes to the disk together.
//!
//! The commits of a group are written ahead together ([`Redo`]) and seen together ([`Whole`]). Each stands on what the ones before
//! it in the group have written, and none is answered before all of it is on the disk.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use metrics::histogram;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::follow::Followed;
use super::head::Head;
use super::redo::Redo;
use super::rolls::{Place, Rolls};
use super::whole::{Whole, Writes};
use super::{Bells, Disk};
use crate::store::Error;
use crate::store::changes::Log;
use crate::store::engine::{Batch, Table, Turn};
use crate::store::vault::Vault;

/// Commits that share one sync at most; bounds how long the first of them waits.
const GROUP_MAX: usize = 512;
/// Operations that are written ahead together; their record is in memory, and in the engine until the next.
const HANDED_MAX: usize = 1_000;
/// Octets of values after which the engine is given what there is: they are in memory until then, and in one roll afterwards.
const HANDED_OCTETS: usize = 8 * 1024 * 1024;
/// How long the first of a group waits for others, when the one before was not alone: a sync takes longer, and every commit
/// that comes too late for it costs another.
const GATHER: Duration = Duration::from_millis(1);

pub(super) type Answer = oneshot::Sender<Result<(), Error>>;

/// What the thread owns, and what it shares with those who commit.
pub(super) struct Writer {
    pub(super) db: sled::Db,
    pub(super) vault: Vault,
    pub(super) file: File,
    pub(super) rolls: Rolls,
    pub(super) redo: Redo,
    pub(super) whole: Arc<Whole>,
    /// Whether something of the group was handed over already.
    pub(super) is_unsynced: bool,
    pub(super) head: Head,
    pub(super) disk: Disk,
    pub(super) bells: Arc<Bells>,
    pub(super) moves: Arc<Log>,
    pub(super) followed: Arc<Followed>,
    pub(super) syncs: Arc<AtomicU64>,
    /// Why it can no longer write.
    pub(super) breaks: watch::Sender<Option<String>>,
}

/// What a group changes: who is told of it, once it is on the disk.
#[derive(Default)]
struct Touched {
    tables: BTreeSet<u8>,
    /// Full keys of [`Table::ByState`], in the order of the commits.
    moves: Vec<Vec<u8>>,
}

impl Touched {
    fn add(&mut self, writes: &[(Vec<u8>, Option<Vec<u8>>)]) {
        self.tables
            .extend(writes.iter().filter_map(|(key, _)| key.first().copied()));
        let is_move =
            |(key, value): &&(Vec<u8>, Option<_>)| key.first() == Some(&(Table::ByState as u8)) && value.is_some();
        self.moves
            .extend(writes.iter().filter(is_move).map(|(key, _)| key.clone()));
    }
}

/// What a group has laid down and the engine does not have yet: sealed values by full key.
#[derive(Default)]
struct Laid {
    writes: HashMap<Vec<u8>, Option<Vec<u8>>>,
    /// How long these values are together.
    octets: usize,
    answers: Vec<Answer>,
    turns: Vec<Turn>,
}

impl Writer {
    pub(super) fn run(mut self, inbox: &Receiver<(Batch, Answer)>) {
        let mut has_company = false;
        while let Ok(first) = inbox.recv() {
            if has_company {
                std::thread::sleep(GATHER);
            }
            let group: Vec<_> = std::iter::once(first)
                .chain(inbox.try_iter().take(GROUP_MAX - 1))
                .collect();
            has_company = group.len() > 1;
            self.write(group);
        }
    }

    /// Applies what all of them want, syncs once, and only then rings and answers: whoever hears the answer knows that it was
    /// rung.
    fn write(&mut self, group: Vec<(Batch, Answer)>) {
        let (mut touched, mut laid, mut applied) = (Touched::default(), Laid::default(), Vec::new());
        let has_room = self.disk.has_room();
        for (batch, answer) in group {
            if laid.writes.len() + batch.len() > HANDED_MAX || laid.octets > HANDED_OCTETS {
                applied.extend(self.apply(&mut laid));
            }
            let result = if has_room {
                self.lay(batch, &mut laid, &mut touched)
            } else {
                Err(Error::Full)
            };
            match result {
                Ok(()) => laid.answers.push(answer),
                Err(error) => reply(answer, Err(error)),
            }
        }
        applied.extend(self.apply(&mut laid));
        if applied.is_empty() {
            return;
        }
        let synced = self.sync();
        if synced.is_ok() {
            self.rolls.tidy();
            self.moves.note(touched.moves.iter().filter_map(|key| key.get(1..)));
            self.bells.ring(&touched.tables);
        }
        for answer in applied {
            reply(answer, synced.clone().map_err(Error::Disk));
        }
    }

    /// Adds a commit to what is laid down; nothing of it, when what it stands on is not so.
    fn lay(&mut self, batch: Batch, laid: &mut Laid, touched: &mut Touched) -> Result<(), Error> {
        if let Some(reason) = self.breaks.borrow().clone() {
            return Err(Error::Disk(reason));
        }
        for (key, expected) in &batch.asserts {
            if self.open(key, laid)?.as_deref() != expected.as_deref() {
                return Err(Error::Conflict);
            }
        }
        // Lines of the log that are put, not appended, come of an export: the log then ends elsewhere.
        let is_line = |(key, _): &(Vec<u8>, _)| key.first() == Some(&(Table::Events as u8));
        let is_restored = batch.raw.iter().any(is_line);
        let mut head = self.head;
        let lines = batch.lines.iter().map(|line| head.bind(line));
        let lines: Vec<_> = lines.map(|(key, record)| (key, Some(record))).collect();
        let mut writes = Vec::with_capacity(batch.writes.len() + lines.len() + batch.raw.len() + batch.reseals.len());
        for (key, value) in batch.writes.into_iter().chain(lines) {
            let sealed = value.map(|value| self.vault.seal(&key, &value)).transpose()?;
            writes.push((key, sealed));
        }
        touched.add(&writes);
        writes.extend(batch.raw);
        for (key, sealed) in batch.reseals {
            // Whoever has written it meanwhile has sealed it with the newest key.
            if self.sealed(&key, laid)?.as_deref() == Some(&sealed) {
                let value = self.vault.open_value(&key, &sealed)?;
                let sealed = self.vault.seal(&key, &value)?;
                writes.push((key, Some(sealed)));
            }
        }
        laid.octets += writes
            .iter()
            .filter_map(|(_, value)| value.as_ref())
            .map(Vec::len)
            .sum::<usize>();
        laid.writes.extend(writes);
        laid.turns.extend(batch.turn);
        self.head = head;
        if is_restored {
            self.hand_over(laid)?;
            self.head = Head::load(&self.db, &self.vault).map_err(|error| Error::Disk(error.to_string()))?;
        }
        Ok(())
    }

    /// A value as it lies, once all that is laid down is written.
    fn sealed(&self, key: &[u8], laid: &Laid) -> Result<Option<Vec<u8>>, Error> {
        if let Some(sealed) = laid.writes.get(key) {
            return Ok(sealed.clone());
        }
        match self.db.get(key)? {
            // Nobody else removes a roll, so what is not there has never been.
            Some(place) if Table::is_long_key(key) => self.rolls.shelf().read(Place::of(&place)?),
            sealed => Ok(sealed.map(|sealed| sealed.to_vec())),
        }
    }

    fn open(&self, key: &[u8], laid: &Laid) -> Result<Option<Vec<u8>>, Error> {
        let sealed = self.sealed(key, laid)?;
        sealed.map(|sealed| self.vault.open_value(key, &sealed)).transpose()
    }

    /// Gives the engine what is laid down. Those who may be answered after a sync; the others have been.
    fn apply(&mut self, laid: &mut Laid) -> Vec<Answer> {
        // What could not be handed over before is not made good by what can be.
        let broken = self.breaks.borrow().clone();
        let handed = broken.map_or_else(|| self.hand_over(laid), |reason| Err(Error::Disk(reason)));
        // Whoever reads now sees it. None of them is answered before a later sync, which is one of this, too.
        laid.turns.clear();
        let answers = std::mem::take(&mut laid.answers);
        match handed {
            Ok(()) => answers,
            Err(_said) => {
                let why = || self.breaks.borrow().clone().unwrap_or_default();
                answers
                    .into_iter()
                    .for_each(|answer| reply(answer, Err(Error::Disk(why()))));
                Vec::new()
            }
        }
    }

    fn hand_over(&mut self, laid: &mut Laid) -> Result<(), Error> {
        laid.octets = 0;
        let applied = self.give(std::mem::take(&mut laid.writes));
        applied.inspect_err(|error| match error {
            Error::Disk(reason) => self.breaks(reason),
            Error::Conflict | Error::Full | Error::Unreadable(_) | Error::Closed => self.breaks(&error.to_string()),
        })
    }

    fn give(&mut self, writes: HashMap<Vec<u8>, Option<Vec<u8>>>) -> Result<(), Error> {
        if writes.is_empty() {
            // All of them were refused, or asked for nothing: no roll is moved on a full or broken disk.
            return Ok(());
        }
        let followed = Arc::clone(&self.followed);
        let _hand = followed.changing(writes.keys());
        let (mut long, mut short) = (HashMap::new(), Writes::new());
        for (key, sealed) in writes {
            match sealed {
                sealed if Table::is_long_key(&key) => _ = long.insert(key, sealed),
                sealed => _ = short.insert(key, sealed.map(sled::IVec::from)),
            }
        }
        if self.rolls.keep(long, &mut short)? {
            self.syncs.fetch_add(1, Ordering::Relaxed);
        }
        let is_long = self.redo.write(&short)?;
        let follows = std::mem::replace(&mut self.is_unsynced, true);
        if is_long || follows {
            self.reach_disk().map_err(Error::Disk)?;
        }
        Ok(self.whole.write(&self.db, short)?)
    }

    fn sync(&mut self) -> Result<(), String> {
        let began = Instant::now();
        let synced = self.reach_disk();
        self.is_unsynced = false;
        histogram!("bedel_store_sync_seconds").record(began.elapsed());
        if let Err(reason) = &synced {
            self.breaks(reason);
        }
        synced
    }

    /// All that the engine was given is on the disk.
    fn reach_disk(&self) -> Result<(), String> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.db.flush().map_err(|e| e.to_string())?;
        self.file.sync_data().map_err(|e| e.to_string())
    }

    fn breaks(&mut self, reason: &str) {
        tracing::error!(reason, "the store cannot be written");
        self.breaks.send_replace(Some(reason.to_owned()));
    }
}

fn reply(answer: Answer, result: Result<(), Error>) {
    // Whoever asked may have gone away; the commit stands all the same.
    drop(answer.send(result));
}
