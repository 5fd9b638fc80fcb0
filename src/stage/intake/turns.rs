//! One message of an author at a time, so that two connections do not count past each other.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::store::Turn;

/// Authors share a turn with few others.
const TURNS: usize = 256;

/// The turns.
#[derive(Debug)]
pub(super) struct Turns(Vec<Arc<Mutex<()>>>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..TURNS).map(|_| Arc::default()).collect())
    }
}

impl Turns {
    /// Waits for this author's turn; it ends when what is returned is dropped.
    pub(super) async fn of(&self, author: &str) -> Option<Turn> {
        let mut hasher = DefaultHasher::new();
        author.hash(&mut hasher);
        let turn = usize::try_from(hasher.finish() % TURNS as u64).unwrap_or_default();
        match self.0.get(turn) {
            Some(turn) => Some(Arc::clone(turn).lock_owned().await),
            None => None,
        }
    }
}
