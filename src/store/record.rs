//! Record: the state of a mailing as it lies in the store.

use aws_lc_rs::digest::{SHA256, digest};

use super::engine::{Batch, Table, VALUE_BYTES_MAX};
use super::{Error, Store};
use crate::model::MailingId;
use crate::model::lifecycle::{self, State};

/// First octet of a record that is whole.
const WHOLE: u8 = 0;
/// First octet of a record whose rest is in chunks: the SHA-256 of it follows.
const CHUNKED: u8 = 1;

/// A state as it is kept: whole in one value, or, with many recipients, in chunks under a head that names their hash. So
/// an assert on the head is an assert on all of it.
pub(super) struct Record {
    pub(super) head: Vec<u8>,
    pub(super) chunks: Vec<Vec<u8>>,
}

impl Record {
    pub(super) fn of(state: &State) -> Result<Self, Error> {
        let record = postcard::to_allocvec(state)?;
        let with = |kind: u8, rest: &[u8]| [&[kind], rest].concat();
        if record.len() < VALUE_BYTES_MAX {
            return Ok(Self {
                head: with(WHOLE, &record),
                chunks: Vec::new(),
            });
        }
        let chunks = record.chunks(VALUE_BYTES_MAX).map(<[u8]>::to_vec).collect();
        Ok(Self {
            head: with(CHUNKED, &sha256(&record)),
            chunks,
        })
    }

    pub(super) fn put(self, batch: &mut Batch, id: MailingId) {
        batch.put(Table::Mailings, &id.to_key(), self.head);
        for (number, chunk) in self.chunks.into_iter().enumerate() {
            batch.put(Table::StateChunks, &state_chunk_key(id, number), chunk);
        }
    }
}

pub(super) fn state_chunk_key(id: MailingId, number: usize) -> Vec<u8> {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    [id.to_key().as_slice(), &number.to_be_bytes()].concat()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut octets = [0; 32];
    octets.copy_from_slice(digest(&SHA256, bytes).as_ref());
    octets
}

impl Store {
    /// The state that a head, and perhaps chunks, hold.
    pub(super) fn restored(&self, id: MailingId, head: &[u8]) -> Result<State, Error> {
        let unreadable = || Error::Unreadable(format!("the state of {id}"));
        match head.split_first() {
            Some((&WHOLE, record)) => Ok(lifecycle::restore(record)?),
            Some((&CHUNKED, hash)) => {
                let record = self.engine.together(Table::StateChunks, &id.to_key())?;
                if sha256(&record) != hash {
                    return Err(unreadable());
                }
                Ok(lifecycle::restore(&record)?)
            }
            Some(_) | None => Err(unreadable()),
        }
    }
}
