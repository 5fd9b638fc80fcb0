//! Leaving: whether copies of a mailing may leave at this moment.
//!
//! It is asked right before each final dot, and so it must be cheap.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::model::MailingId;
use crate::model::lifecycle::State;
use crate::store::{Bell, Error, Store, Table};

/// What was read of each mailing, as long as none has changed since: a commit rings before it is answered, so that no copy
/// leaves after the answer to a pause.
#[derive(Debug)]
pub(super) struct Leaving {
    store: Store,
    known: Mutex<(Bell, HashMap<MailingId, bool>)>,
}

impl Leaving {
    pub(super) fn new(store: Store) -> Self {
        let bell = store.watch(Table::Mailings);
        Self {
            store,
            known: Mutex::new((bell, HashMap::new())),
        }
    }

    /// Whether its copies leave.
    pub(super) fn may(&self, id: MailingId) -> Result<bool, Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (bell, known) = &mut *known;
        // Before it is read again: what changes while that goes on rings for the next time.
        if bell.has_rung() {
            known.clear();
        }
        if let Some(may) = known.get(&id) {
            return Ok(*may);
        }
        let may = matches!(self.store.mailing(id)?, Some(State::Expanded(expanded)) if !expanded.is_paused());
        known.insert(id, may);
        Ok(may)
    }
}
