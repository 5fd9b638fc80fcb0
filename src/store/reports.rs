//! What came back, kept until it is read.

use super::engine::{Batch, Table};
use super::{Error, Store};
use crate::mail::{Address, Timestamp};
use crate::model::{Event, MailingId, Recipient, Report, Suppression};

/// Whom a copy reached, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Whom.
    pub recipient: Recipient,
    /// Through which lists; none when the author named them.
    pub lists: Vec<Address>,
    /// Whether no page may name the lists.
    pub is_sensitive: bool,
}

impl Store {
    /// Keeps a report: on the disk when this returns. What came twice is kept once.
    pub async fn put_report(&self, report: &Report) -> Result<(), Error> {
        let record = postcard::to_allocvec(report)?;
        let chunks = record.chunks(super::engine::VALUE_BYTES_MAX);
        let key = report_key(report);
        let mut batch = Batch::default();
        for (number, chunk) in (0u8..).zip(chunks) {
            batch.put(Table::Reports, &[key.as_slice(), &[number]].concat(), chunk.to_vec());
        }
        self.engine.commit(batch).await
    }

    /// Costs what keeping this report would, and keeps nothing of it: somebody forged its token, and shall not learn that
    /// from the answer, nor from how long it took. One place is overwritten again and again.
    pub async fn put_forged(&self, report: &Report) -> Result<(), Error> {
        let record = postcard::to_allocvec(report)?;
        let mut batch = Batch::default();
        for (number, chunk) in (0u8..).zip(record.chunks(super::engine::VALUE_BYTES_MAX)) {
            batch.put(Table::Forged, &[number], vec![0; chunk.len()]);
        }
        self.engine.commit(batch).await
    }

    /// The oldest report not yet read.
    pub fn next_report(&self) -> Result<Option<Report>, Error> {
        let Some(first) = self.engine.scan(Table::Reports, &[]).next() else {
            return Ok(None);
        };
        let (key, _) = first?;
        let key = key.split_last().map(|(_, key)| key).unwrap_or_default();
        let mut record = Vec::new();
        for item in self.engine.scan(Table::Reports, key) {
            record.extend_from_slice(&item?.1);
        }
        Ok(Some(postcard::from_bytes(&record)?))
    }

    /// Through which lists of a mailing a copy reached its recipient, and who that was; `None` when the plan is no longer
    /// kept. To unsubscribe is to leave these lists.
    pub fn reached(&self, mailing: MailingId, seq: u32, now: Timestamp) -> Result<Option<Reached>, Error> {
        let Some((recipient, state)) = self.recipient(mailing, seq)?.zip(self.mailing(mailing)?) else {
            return Ok(None);
        };
        let contact = recipient.contact.map(|id| self.contact(id)).transpose()?.flatten();
        let audience = &state.mailing().audience;
        let lists = audience.lists_reaching(contact.as_ref(), now);
        let is_sensitive = audience.segments().iter().any(|segment| segment.is_sensitive);
        Ok(Some(Reached {
            recipient,
            lists,
            is_sensitive,
        }))
    }

    /// Drops a report that has been read, with what follows from it in the same commit. An address that is suppressed
    /// already keeps its first reason.
    pub async fn settle_report(
        &self,
        report: &Report,
        suppressions: Option<(&Address, &[Suppression])>,
        event: Option<Event>,
    ) -> Result<(), Error> {
        let mut batch = Batch::default();
        for item in self.engine.scan(Table::Reports, &report_key(report)) {
            batch.delete(Table::Reports, &item?.0);
        }
        if let Some((address, suppressions)) = suppressions {
            self.put_suppressions(&mut batch, address, suppressions)?;
        }
        if let Some(event) = event {
            batch.append(postcard::to_allocvec(&event)?);
        }
        self.engine.commit(batch).await
    }
}

fn report_key(report: &Report) -> Vec<u8> {
    let at = report.at.as_micros().to_be_bytes();
    [
        at.as_slice(),
        &report.mailing.to_key(),
        &report.seq.to_be_bytes(),
        &[report.kind as u8],
    ]
    .concat()
}
