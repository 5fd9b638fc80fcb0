//! The key of all marks, and what is found by them: no key of a record names anybody.

use aws_lc_rs::rand;

use super::engine::Table;
use super::{Error, OpenError, Store, sled};
use crate::mail::Address;
use crate::model::{Mark, Marker};

/// Key, in [`Table::About`], of the key of all marks.
pub(super) const INDEX_KEY: &[u8] = b"index-key";

/// The store's own marker; made when it has none.
pub(super) fn load(engine: &sled::Engine) -> Result<Marker, OpenError> {
    let octets = match engine.read(Table::About, INDEX_KEY).map_err(OpenError::from)? {
        Some(octets) => octets,
        None => {
            let mut octets = vec![0; 32];
            rand::fill(&mut octets).map_err(|_unspecified| {
                OpenError::from(Error::Disk("the machine gives no random numbers".to_owned()))
            })?;
            engine.found(INDEX_KEY, &octets).map_err(OpenError::from)?;
            octets
        }
    };
    Ok(Marker::new(&octets))
}

impl Store {
    /// Makes marks with this store's key.
    pub fn marker(&self) -> Marker {
        self.marker.clone()
    }

    /// What the records of an address are found by.
    pub(super) fn mark(&self, address: &Address) -> Mark {
        self.marker.mark_of(address.mailbox())
    }
}
