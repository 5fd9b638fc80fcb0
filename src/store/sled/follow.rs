//! Following: which keys change while somebody reads all of them.
//!
//! A walk over all tables takes minutes, and finds each as it is at another moment. Whoever wants one moment notes what changes
//! meanwhile, reads that again, and the little that changed at last while the writer waits.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use super::Engine;
use super::read::Reader;
use crate::store::Error;
use crate::store::mailings::lock;

/// Keys that are read at once; no more than so few are read while the writer waits.
const PIECE_KEYS: usize = 1_000;
/// Keys that are noted, at most: what a day changes, and some tens of megabytes.
const NOTED_MAX: usize = 500_000;

/// What the writer holds in its hand while it changes anything.
#[derive(Debug, Default)]
pub(super) struct Followed(Mutex<Noted>);

#[derive(Debug, Default)]
enum Noted {
    #[default]
    Nobody,
    Keys(BTreeSet<Vec<u8>>),
    TooMany,
}

/// While this lives, nobody else changes anything.
#[derive(Debug)]
pub(super) struct Hand<'a>(#[expect(dead_code, reason = "held, not read")] MutexGuard<'a, Noted>);

impl Followed {
    /// Notes keys that are about to change, and holds whoever follows until they have.
    pub(super) fn changing<'k>(&self, keys: impl Iterator<Item = &'k Vec<u8>>) -> Hand<'_> {
        let mut noted = lock(&self.0);
        if let Noted::Keys(known) = &mut *noted {
            known.extend(keys.cloned());
            if known.len() > NOTED_MAX {
                *noted = Noted::TooMany;
            }
        }
        Hand(noted)
    }
}

/// A key as it lies, and its sealed value; `None` when it is gone.
pub(in crate::store) type Now = (Vec<u8>, Option<Vec<u8>>);

/// What has changed since it was last asked.
#[derive(Debug)]
pub(in crate::store) enum Changed {
    /// These keys, as they are now; more have changed.
    Some(Vec<Now>),
    /// These, and nothing else up to this moment: the walk is over.
    Last(Vec<Now>),
}

/// Somebody who follows what changes; one at a time.
pub(in crate::store) struct Following {
    followed: Arc<Followed>,
    reader: Reader,
}

impl Following {
    /// What has changed since the last question. [`Error::Conflict`] when it was too much to note.
    pub(in crate::store) fn changed(&self) -> Result<Changed, Error> {
        let mut noted = lock(&self.followed.0);
        let Noted::Keys(keys) = &mut *noted else {
            return Err(Error::Conflict);
        };
        if keys.len() <= PIECE_KEYS {
            return self.now(std::mem::take(keys)).map(Changed::Last);
        }
        let piece = std::iter::from_fn(|| keys.pop_first()).take(PIECE_KEYS).collect();
        drop(noted);
        self.now(piece).map(Changed::Some)
    }

    fn now(&self, keys: BTreeSet<Vec<u8>>) -> Result<Vec<Now>, Error> {
        let now = |key: Vec<u8>| self.reader.now(&key).map(|value| (key, value));
        keys.into_iter().map(now).collect()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        *lock(&self.followed.0) = Noted::Nobody;
    }
}

impl Engine {
    /// Follows what changes from now on; `None` when somebody does already.
    pub(in crate::store) fn follow(&self) -> Option<Following> {
        let mut noted = lock(&self.followed.0);
        if !matches!(*noted, Noted::Nobody) {
            return None;
        }
        *noted = Noted::Keys(BTreeSet::new());
        Some(Following {
            followed: Arc::clone(&self.followed),
            reader: self.reader(),
        })
    }
}
