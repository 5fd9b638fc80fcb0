//! The embedded engine: sled, behind one writer that makes it durable.
//!
//! sled 0.34's `flush` calls `sync_file_range`, which a power cut does not survive (measured: 40 of 40 lost records).
//! So one thread writes, flushes, **and calls `fdatasync` on sled's file** before it answers; whoever waited meanwhile shares
//! that one sync (group commit). What is written together is there whole after a crash (`redo`), and is seen whole (`whole`).
//! The folders are synced after opening, since a fresh file is not there after a power cut until its folder is. Long values
//! lie beside the engine's file (`rolls`).
//!
//! # Failure
//! When a flush or a sync fails we cannot know what is on the disk: the engine answers every later commit with the same
//! error until the process is restarted and reads the disk again. So the house closes by itself then.

mod entry;
mod follow;
mod head;
mod open;
mod read;
mod redo;
mod rolls;
mod whole;
mod writer;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use metrics::{counter, histogram};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::changes::{Changes, Log};
use super::engine::{Batch, Table};
use super::vault::{MasterKey, Vault};
use super::{Bell, Error, OpenError};
pub(super) use follow::Changed;
pub(super) use head::line_hash;
pub(super) use open::FORMAT;

use follow::Followed;
use head::Head;
use open::{open_db, sign, sync_open};
use redo::Redo;
use rolls::{Rolls, Shelf};
use whole::Whole;
use writer::{Answer, Writer};

/// A database folder, opened for one process.
#[derive(Debug)]
pub(super) struct Engine {
    tree: sled::Tree,
    whole: Arc<Whole>,
    shelf: Shelf,
    vault: Vault,
    requests: Option<std::sync::mpsc::Sender<(Batch, Answer)>>,
    bells: Arc<Bells>,
    moves: Arc<Log>,
    followed: Arc<Followed>,
    syncs: Arc<AtomicU64>,
    broken: watch::Receiver<Option<String>>,
    disk: Disk,
    writer: Option<JoinHandle<()>>,
}

impl Engine {
    /// Opens the folder, or makes it; refuses politely what another process has open or what is damaged.
    pub(super) fn open(path: &Path, free_bytes_min: u64, master: &MasterKey) -> Result<Self, OpenError> {
        let db = open_db(path)?;
        let redo = Redo::open(&db)?;
        let file = sync_open(path)
            .and_then(|file| sign(&db, path, &file).map(|()| file))
            .map_err(|source| OpenError::Disk {
                path: path.to_owned(),
                source,
            })?;
        let vault = unlock(&db, path, master)?;
        let head = Head::load(&db, &vault)?;
        let rolls = Rolls::open(&path.join("rolls"), &db)?;
        let shelf = rolls.shelf();
        let whole = Arc::new(Whole::default());
        let disk = Disk {
            path: path.to_owned(),
            free_bytes_min,
        };
        let (requests, inbox) = std::sync::mpsc::channel();
        let bells = Arc::new(Bells::default());
        let moves = Arc::new(Log::default());
        let followed = Arc::new(Followed::default());
        let syncs = Arc::new(AtomicU64::new(0));
        let (breaks, broken) = watch::channel(None);
        let writer = Writer {
            db: db.clone(),
            vault: vault.clone(),
            file,
            rolls,
            redo,
            whole: Arc::clone(&whole),
            is_unsynced: false,
            head,
            disk: disk.clone(),
            bells: Arc::clone(&bells),
            moves: Arc::clone(&moves),
            followed: Arc::clone(&followed),
            syncs: Arc::clone(&syncs),
            breaks,
        };
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(&inbox))
            .map_err(|source| OpenError::Disk {
                path: path.to_owned(),
                source,
            })?;
        let tree = sled::Tree::clone(&db);
        Ok(Self {
            tree,
            whole,
            shelf,
            vault,
            requests: Some(requests),
            bells,
            moves,
            followed,
            syncs,
            broken,
            disk,
            writer: Some(writer),
        })
    }

    /// What seals and opens.
    pub(super) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Writes the batch; it is on the disk when this returns `Ok`.
    pub(super) async fn commit(&self, batch: Batch) -> Result<(), Error> {
        batch.check()?;
        let asked = Instant::now();
        let (answer, answered) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or(Error::Closed)?;
        requests.send((batch, answer)).map_err(|_unsent| Error::Closed)?;
        let done = answered.await.map_err(|_gone| Error::Closed)?;
        histogram!("bedel_store_commit_seconds").record(asked.elapsed());
        counter!("bedel_store_commits_total", "result" => result_of(&done)).increment(1);
        done
    }

    /// Writes what a store is made with, at its opening: before anybody commits.
    pub(super) fn found(&self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        let place = Table::About.key(key);
        self.tree.insert(&place, self.vault.seal(&place, value)?)?;
        self.tree.flush()?;
        Ok(())
    }

    /// A bell for commits that touch the table.
    pub(super) fn watch(&self, table: Table) -> Bell {
        self.bells.listen(table)
    }

    /// What moves from now on.
    pub(super) fn changes(&self) -> Changes {
        Changes::of(self.watch(Table::ByState), Arc::clone(&self.moves))
    }

    /// How often `fdatasync` was called.
    pub(super) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Whether the disk has the free space it must keep.
    pub(super) fn has_room(&self) -> bool {
        self.disk.has_room()
    }

    /// Bytes free on its disk, where that can be known.
    pub(super) fn free_bytes(&self) -> Option<u64> {
        self.disk.free_bytes()
    }

    /// Why it can no longer write, until the process is started anew.
    pub(super) fn broken(&self) -> watch::Receiver<Option<String>> {
        self.broken.clone()
    }
}

/// The vault of this store; a fresh store is given its first data key.
fn unlock(db: &sled::Db, path: &Path, master: &MasterKey) -> Result<Vault, OpenError> {
    let wrapped: Vec<(u32, sled::IVec)> = db
        .scan_prefix(Table::Vault.key(&[]))
        .map(|item| item.map(|(key, wrapped)| (number_of(&key), wrapped)))
        .collect::<Result<_, _>>()
        .map_err(Error::from)?;
    let keys = wrapped.iter().map(|(number, wrapped)| (*number, wrapped.as_ref()));
    let wrong = || OpenError::WrongKey { path: path.to_owned() };
    let vault = Vault::open(master, keys).ok_or_else(wrong)?;
    if wrapped.is_empty() {
        let (number, wrapped) = vault.make()?;
        db.insert(Table::Vault.key(&number.to_be_bytes()), wrapped.as_slice())
            .and_then(|_before| db.flush())
            .map_err(Error::from)?;
        vault.add(number, &wrapped).ok_or_else(wrong)?;
    }
    Ok(vault)
}

/// The number of a data key, from its full key.
fn number_of(key: &[u8]) -> u32 {
    let number = key.get(1..).and_then(|number| number.try_into().ok());
    number.map_or(0, u32::from_be_bytes)
}

impl Drop for Engine {
    /// Lets the writer finish what it was given, so that the lock on the folder is free when this returns.
    fn drop(&mut self) {
        self.requests = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the store's writer had died");
        }
    }
}

/// The file system the folder is on.
#[derive(Debug, Clone)]
struct Disk {
    path: PathBuf,
    free_bytes_min: u64,
}

impl Disk {
    fn has_room(&self) -> bool {
        // Where that cannot be known the next write will say what is wrong, in better words.
        self.free_bytes().is_none_or(|free| free >= self.free_bytes_min)
    }

    fn free_bytes(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(&self.path).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// One bell a table.
#[derive(Debug)]
struct Bells(HashMap<Table, watch::Sender<u64>>);

impl Default for Bells {
    fn default() -> Self {
        Self(
            Table::ALL
                .into_iter()
                .map(|table| (table, watch::channel(0).0))
                .collect(),
        )
    }
}

impl Bells {
    fn listen(&self, table: Table) -> Bell {
        let sender = self.0.get(&table).expect("every table has a bell");
        Bell::new(sender.subscribe())
    }

    fn ring(&self, touched: &BTreeSet<u8>) {
        for (table, sender) in &self.0 {
            if touched.contains(&(*table as u8)) {
                sender.send_modify(|rings| *rings = rings.wrapping_add(1));
            }
        }
    }
}

/// How a commit ended, in a word for whoever counts.
fn result_of(done: &Result<(), Error>) -> &'static str {
    match done {
        Ok(()) => "kept",
        Err(Error::Conflict) => "conflict",
        Err(Error::Full) => "full",
        Err(Error::Closed | Error::Disk(_) | Error::Unreadable(_)) => "failed",
    }
}

impl From<sled::Error> for Error {
    fn from(source: sled::Error) -> Self {
        Self::Disk(source.to_string())
    }
}

#[cfg(test)]
mod tests;
