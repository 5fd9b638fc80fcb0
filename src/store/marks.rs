//! Marks: the blind index of the master list. Whether an address is in it can be asked without holding the address.
//!
//! A mark is a keyed hash (HMAC-SHA-256, cut to 16 octets); its key is made with the store and never leaves it.

use std::sync::Arc;

use aws_lc_rs::{hmac, rand};

use super::engine::Table;
use super::{Error, OpenError, Store, sled};

/// A keyed hash of an address.
pub type Mark = [u8; 16];

/// Key, in [`Table::About`], of the key of all marks.
pub(super) const INDEX_KEY: &[u8] = b"index-key";

/// Makes marks; cheap to clone.
#[derive(Debug, Clone)]
pub struct Marker(Arc<hmac::Key>);

impl Marker {
    /// The store's own, made when it has none.
    pub(super) fn load(engine: &sled::Engine) -> Result<Self, OpenError> {
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
        Ok(Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &octets))))
    }

    /// The mark of an address, however it is written.
    pub fn mark(&self, address: &str) -> Mark {
        let tag = hmac::sign(&self.0, address.trim().to_lowercase().as_bytes());
        let mut mark = [0; 16];
        mark.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        mark
    }
}

impl Store {
    /// Makes marks with this store's key.
    pub fn marker(&self) -> Marker {
        self.marker.clone()
    }

    /// Whether the master list has the address of this mark.
    pub fn is_known(&self, mark: &Mark) -> Result<bool, Error> {
        Ok(self.engine.read(Table::Marks, mark)?.is_some())
    }

    /// Marks the contacts of a store that was made before there were marks.
    pub(super) fn mark_contacts(&self) -> Result<(), Error> {
        let is_marked = self.engine.scan(Table::Marks, &[]).next().is_some();
        if is_marked {
            return Ok(());
        }
        for contact in self.contacts() {
            self.engine
                .plant(Table::Marks, &self.marker.mark(&contact?.email.key()))?;
        }
        Ok(())
    }
}
