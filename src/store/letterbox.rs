//! What lies in the letterboxes, kept until it is read.

use aws_lc_rs::digest;

use super::engine::{Batch, Table, VALUE_BYTES_MAX};
use super::{Error, Store};
use crate::model::{Posted, Report};

/// Longest message a letterbox takes: with its record it stays under what one commit may hold.
pub const POSTED_BYTES_MAX: usize = 1024 * 1024;
/// Octets of a key before the chunk's number: when, and the beginning of a hash.
const KEY_OCTETS: usize = 8 + 8;

impl Store {
    /// Keeps what was posted: on the disk when this returns. What came twice at the same time is kept once.
    pub async fn put_posted(&self, posted: &Posted) -> Result<(), Error> {
        let record = postcard::to_allocvec(posted)?;
        let key = key(posted);
        let mut batch = Batch::default();
        for (number, chunk) in (0u8..).zip(record.chunks(VALUE_BYTES_MAX)) {
            batch.put(Table::Posted, &[key.as_slice(), &[number]].concat(), chunk.to_vec());
        }
        self.engine.commit(batch).await
    }

    /// The oldest that is not yet read.
    pub fn next_posted(&self) -> Result<Option<Posted>, Error> {
        let Some(first) = self.engine.keys(Table::Posted, &[]).next() else {
            return Ok(None);
        };
        let key = first?;
        let mut record = Vec::new();
        for item in self.engine.scan(Table::Posted, key.get(..KEY_OCTETS).unwrap_or(&key)) {
            record.extend_from_slice(&item?.1);
        }
        Ok(Some(postcard::from_bytes(&record)?))
    }

    /// Drops what has been read, with the reports it comes to in the same commit.
    pub async fn settle_posted(&self, posted: &Posted, reports: &[Report]) -> Result<(), Error> {
        let mut batch = Batch::default();
        self.drop_posted(&mut batch, posted)?;
        for report in reports {
            Self::enter_report(&mut batch, report)?;
        }
        self.engine.commit(batch).await
    }

    /// Adds to a batch that it is dropped.
    pub(super) fn drop_posted(&self, batch: &mut Batch, posted: &Posted) -> Result<(), Error> {
        for item in self.engine.keys(Table::Posted, &key(posted)) {
            batch.delete(Table::Posted, &item?);
        }
        Ok(())
    }
}

fn key(posted: &Posted) -> Vec<u8> {
    let hash = digest::digest(&digest::SHA256, &posted.message);
    let at = posted.at.as_micros().to_be_bytes();
    [at.as_slice(), hash.as_ref().get(..8).unwrap_or_default()].concat()
}
