//! How the feeds of the offices went: when one was applied last, and what went wrong since.

use serde::{Deserialize, Serialize};

use super::engine::{Batch, Table};
use super::{Error, Outgoing, Store};
use crate::mail::Timestamp;
use crate::model::{Event, OfficeId};

/// How an office's feed went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedRecord {
    /// The last one that was applied.
    pub applied: Option<Applied>,
    /// The last one that was not, even when another was applied since.
    pub failed: Option<Failed>,
}

/// A feed that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// When.
    pub at: Timestamp,
    /// Its good rows.
    pub rows: u64,
    /// Contacts it brought.
    pub added: u64,
    /// Contacts it changed.
    pub changed: u64,
    /// Contacts that it no longer had.
    pub removed: u64,
}

/// A feed that was not applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// When.
    pub at: Timestamp,
    /// Why, in words.
    pub what: String,
    /// Its source could not be reached, so that the same may work a little later.
    pub is_unreached: bool,
    /// When people were told of it last; `None` when nobody was.
    pub told_at: Option<Timestamp>,
}

impl FeedRecord {
    /// What went wrong, unless a feed was applied since.
    pub fn trouble(&self) -> Option<&Failed> {
        let is_newer = |failed: &&Failed| self.applied.as_ref().is_none_or(|applied| applied.at < failed.at);
        self.failed.as_ref().filter(is_newer)
    }
}

impl Store {
    /// How an office's feed went; nothing when there was none.
    pub fn feed_record(&self, office: &OfficeId) -> Result<FeedRecord, Error> {
        match self.engine.read(Table::Feeds, office.0.as_bytes())? {
            Some(record) => Ok(postcard::from_bytes(&record)?),
            None => Ok(FeedRecord::default()),
        }
    }

    /// Keeps how it went, with its line of the audit trail, and the mail that tells of it.
    pub async fn put_feed_record(
        &self,
        office: &OfficeId,
        record: &FeedRecord,
        event: Option<Event>,
        outgoing: Vec<Outgoing>,
    ) -> Result<(), Error> {
        let mut batch = Batch::default();
        batch.put(Table::Feeds, office.0.as_bytes(), postcard::to_allocvec(record)?);
        if let Some(event) = event {
            batch.append(postcard::to_allocvec(&event)?);
        }
        self.send(batch, outgoing).await
    }
}
