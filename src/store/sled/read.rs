//! Reading: what a key has, and what tables have in order.

use super::open::FORMAT_KEY;
use super::rolls::{Place, Shelf};
use super::{Engine, number_of};
use crate::store::Error;
use crate::store::engine::Table;
use crate::store::vault::Vault;

/// From here on a page of values is large: the engine keeps eight to sixteen together.
const LARGE_BYTES: usize = 512;

/// A key, with its table's byte or without, and its value.
pub(in crate::store) type Record = (Vec<u8>, Vec<u8>);

/// What turns an item of the engine into a record.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    tree: sled::Tree,
    shelf: Shelf,
    vault: Vault,
}

impl Reader {
    /// The sealed value of an item; `None` when it has been removed since the engine gave it.
    fn sealed(&self, key: &[u8], value: &sled::IVec) -> Result<Option<Vec<u8>>, Error> {
        if !Table::is_long_key(key) {
            return Ok(Some(value.to_vec()));
        }
        let mut place = value.clone();
        loop {
            if let Some(sealed) = self.shelf.read(Place::of(&place)?)? {
                return Ok(Some(sealed));
            }
            // Its roll was removed meanwhile: it lies elsewhere now, or nowhere.
            match self.tree.get(key)? {
                Some(moved) if moved != place => place = moved,
                Some(_) => return Err(Error::Unreadable("a roll, which is missing".to_owned())),
                None => return Ok(None),
            }
        }
    }

    /// The sealed value that a full key has now.
    pub(super) fn now(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        match self.tree.get(key)? {
            Some(value) => self.sealed(key, &value),
            None => Ok(None),
        }
    }

    /// The value of an item; `None` when it has been removed since the engine gave it.
    fn open(&self, key: &[u8], value: &sled::IVec) -> Result<Option<Vec<u8>>, Error> {
        if Table::is_long_key(key) {
            let sealed = self.sealed(key, value)?;
            return sealed.map(|sealed| self.vault.open_value(key, &sealed)).transpose();
        }
        self.vault.open_value(key, value).map(Some)
    }

    /// An item of a scan, opened.
    fn record(&self, item: Result<(sled::IVec, sled::IVec), sled::Error>) -> Result<Option<Record>, Error> {
        let (key, value) = item?;
        self.leave_behind(&key, &value)?;
        let value = self.open(&key, &value)?;
        Ok(value.map(|value| (bare(&key), value)))
    }

    /// An item of a scan, as it lies on the disk.
    fn raw(&self, item: Result<(sled::IVec, sled::IVec), sled::Error>) -> Result<Option<Record>, Error> {
        let (key, value) = item?;
        self.leave_behind(&key, &value)?;
        let value = self.sealed(&key, &value)?;
        Ok(value.map(|value| (key.to_vec(), value)))
    }

    /// Tells the engine that what a scan has read may go. The engine counts what is read page by page, and only when a 256th
    /// of its pages have been read 64 times together does it look which of them may go; a scan reads each page once, and
    /// thousands of large pages would stay in memory. So each large value of a scan is looked for once more, which is done in
    /// a microsecond.
    fn leave_behind(&self, key: &[u8], value: &[u8]) -> Result<(), sled::Error> {
        if value.len() < LARGE_BYTES {
            return Ok(());
        }
        self.tree.contains_key(key).map(drop)
    }
}

impl Engine {
    pub(super) fn reader(&self) -> Reader {
        Reader {
            tree: self.tree.clone(),
            shelf: self.shelf.clone(),
            vault: self.vault.clone(),
        }
    }

    /// The value of a key.
    pub(in crate::store) fn read(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let key = table.key(key);
        match self.whole.value(&self.tree, &key)? {
            Some(value) => self.opened(&key, &value),
            None => Ok(None),
        }
    }

    /// The engine, for a walk over a table.
    fn walked(&self, table: Table) -> &sled::Tree {
        self.whole.settled(table);
        &self.tree
    }

    fn opened(&self, key: &[u8], value: &sled::IVec) -> Result<Option<Vec<u8>>, Error> {
        if Table::is_long_key(key) {
            return self.reader().open(key, value);
        }
        self.vault.open_value(key, value).map(Some)
    }

    /// Whether there is such a key.
    pub(in crate::store) fn has(&self, table: Table, key: &[u8]) -> Result<bool, Error> {
        Ok(self.whole.value(&self.tree, &table.key(key))?.is_some())
    }

    /// The keys and values of a table whose keys begin so, in order; keys come without the table's byte.
    pub(in crate::store) fn scan(
        &self,
        table: Table,
        prefix: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<Record, Error>> + use<> {
        let reader = self.reader();
        let items = self.walked(table).scan_prefix(table.key(prefix));
        items.filter_map(move |item| reader.record(item).transpose())
    }

    /// The values of a table whose keys begin so, in order, one behind the other: a value that lies in pieces, all of one moment.
    pub(in crate::store) fn together(&self, table: Table, prefix: &[u8]) -> Result<Vec<u8>, Error> {
        let reader = self.reader();
        let _still = self.whole.still();
        let mut octets = Vec::new();
        for item in self.tree.scan_prefix(table.key(prefix)) {
            octets.extend(reader.record(item)?.map(|(_, piece)| piece).unwrap_or_default());
        }
        Ok(octets)
    }

    /// The keys of a table whose keys begin so, in order, without the table's byte; nothing is opened.
    pub(in crate::store) fn keys(
        &self,
        table: Table,
        prefix: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<Vec<u8>, Error>> + use<> {
        let keys = self.walked(table).scan_prefix(table.key(prefix)).keys();
        keys.map(|key| Ok(bare(&key?)))
    }

    /// The keys and values of a table from a key on, in order; keys come without the table's byte.
    pub(in crate::store) fn scan_from(
        &self,
        table: Table,
        from: &[u8],
    ) -> impl Iterator<Item = Result<Record, Error>> + use<> {
        let reader = self.reader();
        let items = self.walked(table).range(table.key(from)..table.end());
        items.filter_map(move |item| reader.record(item).transpose())
    }

    /// The keys of a table from a key on, in order, without the table's byte; nothing is opened.
    pub(in crate::store) fn keys_from(
        &self,
        table: Table,
        from: &[u8],
    ) -> impl Iterator<Item = Result<Vec<u8>, Error>> + use<> {
        let keys = self.walked(table).range(table.key(from)..table.end()).keys();
        keys.map(|key| Ok(bare(&key?)))
    }

    /// Of the keys that begin so, the last one that does not go on with more than `rest`; and its value.
    pub(in crate::store) fn at_or_before(
        &self,
        table: Table,
        prefix: &[u8],
        rest: &[u8],
    ) -> Result<Option<Record>, Error> {
        let first = table.key(prefix);
        let last = [first.as_slice(), rest].concat();
        let Some((key, value)) = self.walked(table).range(first..=last).next_back().transpose()? else {
            return Ok(None);
        };
        let value = self.opened(&key, &value)?;
        Ok(value.map(|value| (bare(&key), value)))
    }

    /// A table as it lies on the disk: full keys, sealed values.
    pub(in crate::store) fn raw(&self, table: Table) -> impl Iterator<Item = Result<Record, Error>> + use<> {
        let is_format = move |key: &[u8]| key == Table::About.key(FORMAT_KEY).as_slice();
        let reader = self.reader();
        let items = self.walked(table).scan_prefix(table.key(&[]));
        let items = items.filter_map(move |item| reader.raw(item).transpose());
        // What the store is, its next one says itself.
        items.filter(move |item| !matches!(item, Ok((key, _)) if is_format(key)))
    }

    /// Takes up data keys that were put into the store as they are; `false` when another master key wrapped them.
    pub(in crate::store) fn take_up_keys(&self) -> Result<bool, Error> {
        for item in self.raw(Table::Vault) {
            let (key, wrapped) = item?;
            if self.vault.add(number_of(&key), &wrapped).is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// A key without its table's byte.
fn bare(key: &[u8]) -> Vec<u8> {
    key.get(1..).unwrap_or_default().to_vec()
}
