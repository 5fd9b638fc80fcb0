//! An office's feed on its way into the master list: whole or not at all.
//!
//! It is drafted row by row, compared with the list, and then applied, even over a crash. Nothing list-sized is held in memory: rows lie in sealed files ([`file`]), are given to contacts ([`resolve`]), parted by
//! contact, and compared page by page ([`compare`]). What is to be written is a [`journal`].

mod compare;
mod file;
mod journal;
mod resolve;
mod row;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use tokio::task::spawn_blocking;

use super::engine::{Batch, Table};
use super::vault::FileKey;
use super::{Error, OpenError, Store, make_private_dir, sled};
use crate::mail::Timestamp;
use crate::model::{Event, FeedRow, Masked};
use compare::{Comparing, Feed, part};
use file::{Sealed, Writing};
use journal::{DECIDED_KEY, Decided};
use row::Row;

/// Differences of one kind that are shown as samples.
const SAMPLES_MAX: usize = 5;
/// Octets of a piece of a draft or a journal.
const PIECE_BYTES: usize = 64 * 1024;
/// Key, in [`Table::About`], of the first contact id that nobody has had.
pub(super) const NEXT_KEY: &[u8] = b"next-contact";
/// Key, in [`Table::About`], of the number of changes to the list as a whole.
const CHANGES_KEY: &[u8] = b"list-changes";

/// The folder of feeds on their way, and who may change the list as a whole.
#[derive(Debug, Clone)]
pub(super) struct Feeds {
    dir: PathBuf,
    names: Arc<AtomicU64>,
    /// Held by whoever reads the list whole; alone by whoever changes it so.
    list: Arc<RwLock<()>>,
}

impl Feeds {
    /// Opens the folder, and removes what no record of the store keeps.
    pub(super) fn open(dir: &Path, engine: &sled::Engine) -> Result<Self, OpenError> {
        make_private_dir(dir)?;
        let decided = engine.read(Table::About, DECIDED_KEY).map_err(OpenError::from)?;
        let decided: Option<Decided> = decided
            .map(|record| postcard::from_bytes(&record).map_err(Error::from))
            .transpose()?;
        let feeds = Self {
            dir: dir.to_owned(),
            names: Arc::default(),
            list: Arc::default(),
        };
        let sweep = || -> std::io::Result<()> {
            for entry in std::fs::read_dir(dir)? {
                let path = entry?.path();
                let is_kept = decided.as_ref().is_some_and(|decided| path.ends_with(&decided.file));
                if !is_kept {
                    std::fs::remove_file(path)?;
                }
            }
            Ok(())
        };
        sweep().map_err(|source| OpenError::Disk {
            path: dir.to_owned(),
            source,
        })?;
        Ok(feeds)
    }

    fn dir(&self) -> &Path {
        &self.dir
    }

    /// A name that no file of the folder has: one that a crash left is swept at the next opening.
    fn name(&self, what: &str) -> String {
        loop {
            let name = format!("{what}-{}", self.names.fetch_add(1, Ordering::Relaxed));
            if !self.dir.join(&name).exists() {
                return name;
            }
        }
    }
}

/// A feed that is being read. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct FeedDraft {
    store: Store,
    source: String,
    now: Timestamp,
    rows: Writing,
}

/// What a feed would change. Made by [`FeedDraft::plan`], carried out by [`Store::apply_feed`]; dropped, it leaves nothing.
#[derive(Debug, Default)]
pub struct FeedPlan {
    /// Contacts the master list did not have.
    pub added: u64,
    /// Contacts of whom the office says something else, or has new evidence.
    pub changed: u64,
    /// Contacts that are as the feed says.
    pub unchanged: u64,
    /// Contacts the office lists no more.
    pub removed: u64,
    /// Contacts the office listed before.
    pub had: u64,
    /// Rows that stand for a person another row stands for under another key: one mailbox, one contact.
    pub merged: u64,
    /// Mailboxes that two contacts give: mail goes to the one who has it as their first choice.
    pub shared: u64,
    /// New contacts who are named like another: perhaps the same person.
    pub namesakes: u64,
    /// A few of the differences of each kind.
    pub samples: Vec<Difference>,
    steps: usize,
    journal: Option<Sealed>,
    next_contact: u32,
    changes: u64,
}

/// What happens to one contact.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// What.
    pub change: Change,
    /// To whom; nobody who is not to be disclosed is a sample.
    pub contact: Masked,
    /// The columns of which the office now says something else.
    pub fields: Vec<&'static str>,
}

/// What a feed does to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// The master list did not have them.
    Added,
    /// What the office says of them has changed.
    Changed,
    /// The office lists them no more.
    Removed,
}

impl FeedPlan {
    /// Steps that applying it takes; what progress is counted in.
    pub fn len(&self) -> usize {
        self.steps
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.steps == 0
    }
}

impl FeedDraft {
    /// Takes one row. Blocks: not for a task of the runtime.
    pub fn push(&mut self, row: FeedRow) -> Result<(), Error> {
        // What an office says, it says under its own name.
        let mut row = row;
        row.listing.source.clone_from(&self.source);
        self.rows.push(&Row::write(&self.store.marker, &row)?)
    }

    /// Compares the feed with the master list; `progress` hears how many contacts are compared. Who is missing from it is
    /// listed by the office no more. Blocks. [`Error::Conflict`] while another feed is being applied.
    pub fn plan(self, progress: impl FnMut(u64)) -> Result<FeedPlan, Error> {
        let Self {
            store,
            source,
            now,
            rows,
        } = self;
        if store.decided()?.is_some() {
            return Err(Error::Conflict);
        }
        let (changes, next) = (store.changes()?, store.next_contact()?);
        let draft = rows.end()?;
        let resolved = resolve::resolve(&store, &source, &draft, next)?;
        let feed = Feed {
            store: &store,
            source: &source,
            now,
            resolved: &resolved,
        };
        let groups = part(&feed, &draft, &store.feeds.name("group"))?;
        drop(draft);
        let name = store.feeds.name("journal");
        let journal = Writing::begin(store.feeds.dir(), &name, FileKey::random()?, PIECE_BYTES)?;
        let mut comparing = Comparing::begin(&feed, journal);
        comparing.compare(groups, progress)?;
        let mut plan = comparing.end()?;
        plan.changes = changes;
        Ok(plan)
    }
}

impl Store {
    /// Begins to take in the whole feed of an office.
    pub fn draft_feed(&self, source: &str, now: Timestamp) -> Result<FeedDraft, Error> {
        let name = self.feeds.name("draft");
        Ok(FeedDraft {
            store: self.clone(),
            source: source.to_owned(),
            now,
            rows: Writing::begin(self.feeds.dir(), &name, FileKey::random()?, PIECE_BYTES)?,
        })
    }

    /// Does what the plan says, and writes the event; `progress` hears how many of [`FeedPlan::len`] steps are done. Once
    /// this has begun to write, it is done to its end, if need be by [`Store::steady`] after a crash. [`Error::Conflict`]
    /// when the list has changed since it was compared; then nothing is done.
    pub async fn apply_feed(
        &self,
        plan: FeedPlan,
        event: Event,
        progress: impl FnMut(usize) + Send,
    ) -> Result<(), Error> {
        let _alone = self.list_alone().await?;
        let (decided, mut journal) = self.decide(plan, event).await?;
        // From here on the record keeps it.
        journal.keep();
        self.carry_out(&decided, progress).await
    }

    /// Puts the journal on the disk, and then the record that decides it.
    async fn decide(&self, plan: FeedPlan, event: Event) -> Result<(Decided, Sealed), Error> {
        let Some(journal) = plan.journal else {
            return Err(Error::Unreadable("a plan without a journal".to_owned()));
        };
        if plan.changes != self.changes()? {
            return Err(Error::Conflict);
        }
        let synced = spawn_blocking(move || journal.sync().map(|()| journal)).await;
        let journal = synced.map_err(|panicked| Error::Disk(panicked.to_string()))??;
        let decided = Decided {
            file: journal.name().to_owned(),
            key: *journal.key().octets(),
            pieces: journal.pieces(),
            event,
            next_contact: plan.next_contact,
        };
        let mut batch = Batch::default();
        batch.assert(Table::About, DECIDED_KEY, None);
        batch.put(Table::About, DECIDED_KEY, postcard::to_allocvec(&decided)?);
        self.put_change(&mut batch)?;
        self.engine.commit(batch).await?;
        Ok((decided, journal))
    }

    /// Waits until no feed is being applied, and finishes one that a crash cut short. While what is returned is held, the
    /// master list does not change as a whole.
    pub async fn steady(&self) -> Result<Steady, Error> {
        if self.decided()?.is_some() {
            drop(self.list_alone().await?);
        }
        Ok(Steady(Arc::clone(&self.feeds.list).read_owned().await))
    }

    /// Lets nobody else change the list, nor read it whole, and finishes what a crash cut short.
    pub(super) async fn list_alone(&self) -> Result<tokio::sync::OwnedRwLockWriteGuard<()>, Error> {
        let alone = Arc::clone(&self.feeds.list).write_owned().await;
        if let Some(decided) = self.decided()? {
            self.carry_out(&decided, |_done| {}).await?;
        }
        Ok(alone)
    }

    /// How often the list has changed as a whole.
    fn changes(&self) -> Result<u64, Error> {
        let record = self.engine.read(Table::About, CHANGES_KEY)?;
        record.map_or(Ok(0), |record| Ok(postcard::from_bytes(&record)?))
    }

    /// Adds to the batch: the list has changed otherwise than by what people said themselves.
    pub(super) fn put_change(&self, batch: &mut Batch) -> Result<(), Error> {
        let changes = self.changes()?.wrapping_add(1);
        batch.put(Table::About, CHANGES_KEY, postcard::to_allocvec(&changes)?);
        Ok(())
    }

    fn next_contact(&self) -> Result<u32, Error> {
        let record = self.engine.read(Table::About, NEXT_KEY)?;
        record.map_or(Ok(1), |record| Ok(postcard::from_bytes(&record)?))
    }
}

/// As long as it is held, the master list does not change as a whole.
#[derive(Debug)]
pub struct Steady(#[expect(dead_code, reason = "held, not read")] OwnedRwLockReadGuard<()>);

#[cfg(test)]
mod tests;
