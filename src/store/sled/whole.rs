//! Whole: what a group of commits writes is seen as one, though the engine is given one write after the other.
//!
//! The engine has batches of its own. But while it applies one, nobody can read; and it turns over its log before and after
//! each, two writes and two syncs of a range. So readers look here first: what a group writes is here before the first of it is
//! in the engine, and until the last is. A walk reads the engine alone: it finds all that anybody has seen before it was asked
//! for; of a group that comes while it is under way, it may find a part. What belongs together is therefore read while nothing
//! is written ([`Whole::still`]).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use crate::store::engine::Table;
use crate::store::mailings::lock;

/// What a group of commits writes, as the engine has it, by full key; `None` removes.
pub(super) type Writes = BTreeMap<Vec<u8>, Option<sled::IVec>>;

/// What the engine is being given.
#[derive(Debug, Default)]
pub(super) struct Whole {
    under_way: RwLock<Arc<Writes>>,
    /// Held while the engine is being given it.
    turn: Mutex<()>,
}

impl Whole {
    /// What a full key has now.
    pub(super) fn value(&self, tree: &sled::Tree, key: &[u8]) -> Result<Option<sled::IVec>, sled::Error> {
        let known = self.shown().get(key).cloned();
        known.map_or_else(|| tree.get(key), Ok)
    }

    /// Waits while a table is being changed: a walk that is asked for then finds all that anybody has seen of it before.
    pub(super) fn settled(&self, table: Table) {
        let under_way = Arc::clone(&self.shown());
        let mut of_table = under_way.range(table.key(&[])..table.end());
        if of_table.next().is_some() {
            drop(self.still());
        }
    }

    /// While this lives nothing is written: for what is read in a moment.
    pub(super) fn still(&self) -> MutexGuard<'_, ()> {
        lock(&self.turn)
    }

    /// Gives the engine what a group writes. Should it fail in the middle, all of it stays to be seen: the opening after will do
    /// all of it, and until then nobody writes.
    pub(super) fn write(&self, tree: &sled::Tree, writes: Writes) -> Result<(), sled::Error> {
        let _turn = self.still();
        let writes = Arc::new(writes);
        self.show(&writes);
        for (key, value) in writes.iter() {
            write(tree, key, value.as_ref())?;
        }
        self.show(&Arc::default());
        Ok(())
    }

    fn shown(&self) -> RwLockReadGuard<'_, Arc<Writes>> {
        self.under_way.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, writes: &Arc<Writes>) {
        *self.under_way.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(writes);
    }
}

/// Gives the engine one write.
pub(super) fn write(tree: &sled::Tree, key: &[u8], value: Option<&sled::IVec>) -> Result<(), sled::Error> {
    match value {
        Some(value) => tree.insert(key, value),
        None => tree.remove(key),
    }
    .map(drop)
}
