//! The end of the log, to which the next line is bound.

use aws_lc_rs::digest;

use crate::store::engine::Table;
use crate::store::vault::Vault;
use crate::store::{Error, OpenError};

/// The end of the log: how many lines it has, and the hash that the next line is bound to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    next: u64,
    hash: [u8; 32],
}

impl Head {
    pub(super) fn load(db: &sled::Db, vault: &Vault) -> Result<Self, OpenError> {
        let last = db.scan_prefix(Table::Events.key(&[])).next_back();
        let Some(last) = last else {
            return Ok(Self { next: 0, hash: [0; 32] });
        };
        let (key, value) = last.map_err(Error::from)?;
        let value = vault.open_value(&key, &value)?;
        let number = key
            .get(1..)
            .and_then(|number| number.try_into().ok())
            .map_or(0, u64::from_be_bytes);
        Ok(Self {
            next: number + 1,
            hash: line_hash(number, &value),
        })
    }

    /// The record of the next line, which begins with the hash of the line before it.
    pub(super) fn bind(&mut self, line: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let key = Table::Events.key(&self.next.to_be_bytes());
        let record = [&self.hash, line].concat();
        *self = Self {
            next: self.next + 1,
            hash: line_hash(self.next, &record),
        };
        (key, record)
    }
}

/// The hash of one record of the log: over its number, the hash before it, and the line itself.
pub(in crate::store) fn line_hash(number: u64, record: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&number.to_be_bytes());
    context.update(record);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
