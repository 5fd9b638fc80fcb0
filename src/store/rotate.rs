//! Rotation: a new data key, and every record sealed anew under it while the house is open.

use super::engine::{BATCH_OPERATIONS_MAX, Batch, Table};
use super::{Error, ExportError, MasterKey, Store};

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// The number of the data key that seals from now on.
    pub key: u32,
    /// Records that were sealed anew.
    pub records: u64,
}

impl Store {
    /// Makes a new data key, seals every record with it, and drops the older keys. `progress` hears how many records are
    /// sealed anew. What is written meanwhile is sealed with the new key from the beginning; one that a crash cuts short
    /// is taken up by [`Store::finish_rotation`].
    pub async fn rotate_keys(&self, progress: impl FnMut(u64) + Send) -> Result<Rotated, Error> {
        let _alone = self.rotating.lock().await;
        let vault = self.engine.vault();
        let (number, wrapped) = vault.make()?;
        let mut batch = Batch::default();
        batch
            .raw
            .push((Table::Vault.key(&number.to_be_bytes()), Some(wrapped.clone())));
        self.engine.commit(batch).await?;
        self.spool.seal_from_now_on(number, &wrapped).await?;
        self.reseal(progress).await
    }

    /// Ends a rotation that was cut short; `None` when there is nothing to do.
    pub async fn finish_rotation(&self) -> Result<Option<Rotated>, Error> {
        let _alone = self.rotating.lock().await;
        if self.engine.raw(Table::Vault).nth(1).is_none() {
            return Ok(None);
        }
        self.reseal(|_records| {}).await.map(Some)
    }

    /// Wraps the data keys by another master key. For a store that nobody else has open: the next opening wants the
    /// other key.
    pub async fn rewrap(&self, master: &MasterKey) -> Result<usize, Error> {
        let wrapped = self.wrapped_keys()?;
        let again = self.engine.vault().rewrapped(&wrapped, master)?;
        let mut batch = Batch::default();
        for (number, wrapped) in &again {
            batch
                .raw
                .push((Table::Vault.key(&number.to_be_bytes()), Some(wrapped.clone())));
        }
        self.engine.commit(batch).await?;
        Ok(again.len())
    }

    fn wrapped_keys(&self) -> Result<Vec<(u32, Vec<u8>)>, Error> {
        self.engine
            .raw(Table::Vault)
            .map(|item| {
                let (key, wrapped) = item?;
                let number = key.get(1..).and_then(|number| number.try_into().ok());
                Ok((number.map_or(0, u32::from_be_bytes), wrapped))
            })
            .collect()
    }

    async fn reseal(&self, mut progress: impl FnMut(u64) + Send) -> Result<Rotated, Error> {
        // What was sealed with the old key and is still on its way to the disk stands before this in the queue.
        self.engine.commit(Batch::default()).await?;
        let mut records = 0;
        let sealed = Table::ALL.into_iter().filter(|table| *table != Table::Vault);
        for table in sealed {
            let mut batch = Batch::default();
            for item in self.engine.raw(table) {
                let (key, value) = item?;
                if self.engine.vault().is_old(&value) {
                    batch.reseals.push((key, value));
                }
                if batch.len() == BATCH_OPERATIONS_MAX {
                    records += u64::try_from(batch.len()).unwrap_or(u64::MAX);
                    self.engine.commit(std::mem::take(&mut batch)).await?;
                    progress(records);
                }
            }
            records += u64::try_from(batch.len()).unwrap_or(u64::MAX);
            self.engine.commit(batch).await?;
            progress(records);
        }
        records += self.spool.reseal().await?;
        let key = self.engine.vault().current();
        let mut batch = Batch::default();
        for (number, _) in self.wrapped_keys()? {
            if number < key {
                batch.raw.push((Table::Vault.key(&number.to_be_bytes()), None));
            }
        }
        self.engine.commit(batch).await?;
        Ok(Rotated { key, records })
    }

    /// Takes up the keys of an export that was read in.
    pub(super) fn take_up_keys(&self) -> Result<(), ExportError> {
        if self.engine.take_up_keys()? {
            Ok(())
        } else {
            Err(ExportError::WrongKey)
        }
    }
}
