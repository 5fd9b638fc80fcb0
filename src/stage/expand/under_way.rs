//! Under way: ordinary mail that is expanded and has not left yet, counted as mailings move.

use std::collections::HashSet;

use crate::model::{MailingId, Series};
use crate::store::{Changes, Error, Kind, Moved, Store};

/// Which messages of ordinary mail are under way.
#[derive(Debug)]
pub(super) struct UnderWay {
    store: Store,
    changes: Changes,
    ids: HashSet<MailingId>,
}

impl UnderWay {
    pub(super) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            changes: store.moves(),
            ids: HashSet::new(),
        }
    }

    /// How many there are now.
    pub(super) fn count(&mut self) -> Result<usize, Error> {
        match self.changes.take() {
            Moved::Any => {
                let all = self.store.in_state(Kind::Expanded);
                let all = all.inspect_err(|_| self.changes.start_over())?;
                self.ids = all.into_iter().filter(is_ordinary).collect();
            }
            Moved::These(moves) => moves.into_iter().for_each(|(kind, id)| self.moved(kind, id)),
        }
        Ok(self.ids.len())
    }

    fn moved(&mut self, kind: Kind, id: MailingId) {
        if kind != Kind::Expanded {
            self.ids.remove(&id);
        } else if is_ordinary(&id) {
            self.ids.insert(id);
        }
    }
}

fn is_ordinary(id: &MailingId) -> bool {
    id.series == Series::Conveyed
}
