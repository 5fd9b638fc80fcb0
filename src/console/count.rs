//! How many a mailing would reach, kept for a while: counting reads the whole master list.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::State as Console;
use crate::mail::Timestamp;
use crate::model::MailingId;
use crate::model::lifecycle::State;
use crate::stage::review::{Count, Refusal};

/// How long a count is shown before it is taken again. The page says when it was taken.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// Counts that are kept.
const KEPT_MAX: usize = 1_000;

/// A count, and when it was taken.
#[derive(Debug)]
pub(super) struct Counted {
    /// The count.
    pub(super) count: Count,
    /// When.
    pub(super) at: Timestamp,
}

/// The counts taken lately.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<HashMap<MailingId, Arc<Counted>>>);

impl Counts {
    /// The count of a mailing; takes it when there is none, or an old one. Blocks while it does.
    pub(super) fn of(&self, console: &Console, state: &State) -> Result<Arc<Counted>, Refusal> {
        let now = console.clock.now();
        let is_fresh = |counted: &&Arc<Counted>| now.since(counted.at) < FRESH;
        if let Some(counted) = self.lock().get(&state.id()).filter(is_fresh) {
            return Ok(Arc::clone(counted));
        }
        let counted = Arc::new(Counted {
            count: console.desk.count(state)?,
            at: now,
        });
        let mut kept = self.lock();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(state.id(), Arc::clone(&counted));
        Ok(counted)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<MailingId, Arc<Counted>>> {
        // The map is whole after every statement, so a panic elsewhere has not spoilt it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
