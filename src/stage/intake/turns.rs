//! One message of an author at a time, so that two connections do not count past each other.

use std::hash::{DefaultHasher, Hash, Hasher};

use tokio::sync::{Mutex, MutexGuard};

/// Authors share a turn with few others.
const TURNS: usize = 256;

/// The turns.
#[derive(Debug)]
pub(super) struct Turns(Vec<Mutex<()>>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..TURNS).map(|_| Mutex::default()).collect())
    }
}

impl Turns {
    /// Waits for this author's turn; it ends when what is returned is dropped.
    pub(super) async fn of(&self, author: &str) -> Option<MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        author.hash(&mut hasher);
        let turn = usize::try_from(hasher.finish() % TURNS as u64).unwrap_or_default();
        match self.0.get(turn) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        }
    }
}
