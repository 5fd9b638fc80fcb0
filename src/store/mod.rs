//! The memory of the house: the only hand-over between stages.
//!
//! One noun a file, over one narrow [`engine`](self): `read`, `scan`, `commit` (a batch with asserts, on the disk when
//! it returns) and `watch`. Nobody outside this room knows which engine that is. What lies on the disk is sealed, record by
//! record (`vault`).
//!
//! # Failure
//! [`Error`] names who must act: [`Error::Conflict`] the caller (somebody was faster: look again), [`Error::Full`] and
//! [`Error::Disk`] the operator. After a failed commit nothing of it is kept.

mod accounts;
mod aggregates;
mod answers;
mod bell;
mod changes;
mod clicks;
mod deliveries;
mod emergencies;
mod engine;
mod error;
mod events;
mod export;
mod fares;
mod feed_record;
mod feeds;
mod flows;
mod groups;
mod history;
mod letterbox;
mod long;
mod mailings;
mod marks;
mod people;
mod record;
mod reports;
mod rosters;
mod rotate;
mod sled;
mod spool;
mod sts;
mod suppressions;
mod tallies;
mod topics;
mod untold;
mod vault;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

pub use accounts::{Account, Scope};
pub use bell::Bell;
pub use changes::{Changes, Moved};
pub use clicks::Clicks;
pub use engine::{Table, Turn};
pub use error::{Error, OpenError};
pub use events::{Broken, Logged};
pub use export::ExportError;
pub use feed_record::{Applied, Failed, FeedRecord};
pub use feeds::{Change, Difference, FeedDraft, FeedPlan, Steady};
pub use flows::FlowRecord;
pub use groups::{Grouped, Owner, Probe, Thread, Traces};
pub use letterbox::POSTED_BYTES_MAX;
pub use mailings::{Admission, Kind, Move, Outgoing, Sealed};
pub use reports::{Reached, Settled};
pub use rotate::Rotated;
pub use topics::Topic;
pub use untold::{News, Untold};
pub use vault::{KEY_OCTETS, MasterKey};

use crate::model::Marker;

/// Where the store lives, and what it keeps clear of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The gateway's data folder; made, for its owner alone, when missing.
    pub data_dir: PathBuf,
    /// Free bytes on the disk under which nothing new is taken.
    pub free_bytes_min: u64,
    /// What opens it; kept elsewhere.
    pub master: MasterKey,
}

/// Everything that is remembered; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Arc<sled::Engine>,
    spool: spool::Spool,
    numbers: Arc<Mutex<mailings::Numbers>>,
    tallies: Arc<Mutex<tallies::Tallies>>,
    marker: Marker,
    rotating: Arc<tokio::sync::Mutex<()>>,
    feeds: feeds::Feeds,
}

impl Store {
    /// Opens the store in `settings.data_dir`, or makes it.
    pub fn open(settings: &Settings) -> Result<Self, OpenError> {
        make_private_dir(&settings.data_dir)?;
        let engine = sled::Engine::open(
            &settings.data_dir.join("store"),
            settings.free_bytes_min,
            &settings.master,
        )?;
        let spool = spool::Spool::open(&settings.data_dir.join("spool"), engine.vault().clone())?;
        let feeds = feeds::Feeds::open(&settings.data_dir.join("feeds"), &engine)?;
        let marker = marks::load(&engine)?;
        let store = Self {
            engine: Arc::new(engine),
            marker,
            rotating: Arc::default(),
            spool,
            numbers: Arc::default(),
            tallies: Arc::default(),
            feeds,
        };
        store.load_numbers().map_err(OpenError::from)?;
        store.sweep_orphans().map_err(OpenError::from)?;
        Ok(store)
    }

    /// Whether the disk has room for more; asked before a client sends what we could not keep.
    pub fn has_room(&self) -> bool {
        self.engine.has_room()
    }

    /// Why nothing could be kept now; asked by whoever sends work here.
    pub fn ready(&self) -> Result<(), Error> {
        if let Some(reason) = self.engine.broken().borrow().clone() {
            return Err(Error::Disk(reason));
        }
        if self.has_room() { Ok(()) } else { Err(Error::Full) }
    }

    /// Waits until the disk has failed, and says how: what is on it is not known then, and nothing can be written until the
    /// process is started anew and reads it.
    pub async fn broken(&self) -> String {
        let mut broken = self.engine.broken();
        let reason = broken.wait_for(Option::is_some).await;
        let reason = reason.ok().and_then(|reason| reason.clone());
        match reason {
            Some(reason) => reason,
            // The writer is gone without a word, and so is whoever would ask.
            None => std::future::pending().await,
        }
    }

    /// Bytes free on the disk of the store, where that can be known.
    pub fn free_bytes(&self) -> Option<u64> {
        self.engine.free_bytes()
    }

    /// How often the engine has called `fdatasync` since it was opened; every commit waits for one.
    pub fn syncs(&self) -> u64 {
        self.engine.syncs()
    }

    /// Which mailings move from now on.
    pub fn moves(&self) -> Changes {
        self.engine.changes()
    }

    /// A bell that is rung after each commit that touched the table.
    pub fn watch(&self, table: Table) -> Bell {
        self.engine.watch(table)
    }
}

/// A folder that only its owner may enter.
fn make_private_dir(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| OpenError::Disk {
            path: path.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests;
