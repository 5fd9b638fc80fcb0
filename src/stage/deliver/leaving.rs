//! Leaving: whether copies of a mailing may leave at this moment.
//!
//! It is asked right before each final dot, and so it must be cheap.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::model::MailingId;
use crate::model::lifecycle::State;
use crate::store::{Changes, Error, Moved, Store};

/// What was read of each mailing, as long as it has not moved since: a move is noted before its commit is answered, so that
/// no copy leaves after the answer to a pause.
#[derive(Debug)]
pub(super) struct Leaving {
    store: Store,
    known: Mutex<(Changes, HashMap<MailingId, bool>)>,
}

impl Leaving {
    pub(super) fn new(store: Store) -> Self {
        let changes = store.moves();
        Self {
            store,
            known: Mutex::new((changes, HashMap::new())),
        }
    }

    /// Whether its copies leave.
    pub(super) fn may(&self, id: MailingId) -> Result<bool, Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (changes, known) = &mut *known;
        // Before it is read again: what moves while that goes on is told the next time.
        match changes.take() {
            Moved::Any => known.clear(),
            Moved::These(moves) => moves.iter().for_each(|(_, id)| _ = known.remove(id)),
        }
        if let Some(may) = known.get(&id) {
            return Ok(*may);
        }
        let may = matches!(self.store.mailing(id)?, Some(State::Expanded(expanded)) if !expanded.is_paused());
        known.insert(id, may);
        Ok(may)
    }
}
