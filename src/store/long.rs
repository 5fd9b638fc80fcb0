//! Values longer than the engine likes, in parts under one key.
//!
//! A value is cut into parts; the first says at its end how many there are. When there are several, each bears the same
//! stamp, a hash of the whole, so that what a reader puts together is never half of one value and half of the next; and an
//! assert on the first part is an assert on all of it.

use aws_lc_rs::digest::{SHA256, digest};

use super::engine::{Batch, Table, VALUE_BYTES_MAX};
use super::{Error, sled};

/// Octets of the value in one part.
const PART_BYTES: usize = VALUE_BYTES_MAX - STAMP_OCTETS - 1;
const STAMP_OCTETS: usize = 8;
/// Times a value is read anew that was written while it was read.
const TRIES_MAX: usize = 16;

/// A value as it was read.
#[derive(Debug, Default)]
pub(super) struct Long {
    /// The whole of it.
    pub(super) bytes: Vec<u8>,
    /// The first part as it lies in the store; `None` when there is no value.
    head: Option<Vec<u8>>,
    parts: u8,
}

impl Long {
    /// Whether there is a value.
    pub(super) fn is_there(&self) -> bool {
        self.head.is_some()
    }

    /// Adds to the batch: it must still be so.
    pub(super) fn assert(&self, batch: &mut Batch, table: Table, key: &[u8]) {
        batch.assert(table, &part_key(key, 0), self.head.clone());
    }

    /// What writes another value in its place; an empty one removes it.
    pub(super) fn replace(&self, table: Table, key: &[u8], bytes: &[u8]) -> Result<Vec<Write>, Error> {
        let parts = parts(bytes)?;
        let surplus = u8::try_from(parts.len()).unwrap_or(u8::MAX)..self.parts;
        let puts = (0..)
            .zip(parts)
            .map(|(number, part)| (table.key(&part_key(key, number)), Some(part)));
        let deletes = surplus.map(|number| (table.key(&part_key(key, number)), None));
        Ok(puts.chain(deletes).collect())
    }
}

/// A full key, and what it is to hold; `None` removes it.
pub(super) type Write = (Vec<u8>, Option<Vec<u8>>);

/// Reads a value; that of no parts when there is none.
pub(super) fn read(engine: &sled::Engine, table: Table, key: &[u8]) -> Result<Long, Error> {
    for _ in 0..TRIES_MAX {
        let Some(head) = engine.read(table, &part_key(key, 0))? else {
            return Ok(Long::default());
        };
        let Some((&parts, first)) = head.split_last() else {
            break;
        };
        if parts == 1 {
            let bytes = first.to_vec();
            return Ok(Long {
                bytes,
                head: Some(head),
                parts,
            });
        }
        if let Some(bytes) = rest(engine, table, key, parts, first)? {
            return Ok(Long {
                bytes,
                head: Some(head),
                parts,
            });
        }
    }
    Err(Error::Unreadable("a value in parts".to_owned()))
}

/// The whole of a value of several parts; `None` when it was written meanwhile.
fn rest(engine: &sled::Engine, table: Table, key: &[u8], parts: u8, first: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let Some((first, stamp)) = first.split_last_chunk::<STAMP_OCTETS>() else {
        return Ok(None);
    };
    let mut bytes = first.to_vec();
    for number in 1..parts {
        let part = engine.read(table, &part_key(key, number))?;
        match part.as_deref().and_then(|part| part.split_last_chunk::<STAMP_OCTETS>()) {
            Some((part, its)) if its == stamp => bytes.extend_from_slice(part),
            Some(_) | None => return Ok(None),
        }
    }
    Ok(Some(bytes))
}

fn parts(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let count = u8::try_from(bytes.len().div_ceil(PART_BYTES))
        .map_err(|_too_many| Error::Disk("a value was too long to be written".to_owned()))?;
    if count == 1 {
        return Ok(vec![[bytes, &[1]].concat()]);
    }
    let hash = digest(&SHA256, bytes);
    let stamp = hash.as_ref().get(..STAMP_OCTETS).unwrap_or_default();
    let mut parts: Vec<Vec<u8>> = bytes.chunks(PART_BYTES).map(|part| [part, stamp].concat()).collect();
    if let Some(first) = parts.first_mut() {
        first.push(count);
    }
    Ok(parts)
}

fn part_key(key: &[u8], number: u8) -> Vec<u8> {
    [key, &[number]].concat()
}
