//! Later: messages of ordinary mail that are not taken up yet, the oldest first, and where they go.
//!
//! Where one goes is read when that is asked for the first time: as long as there is room for all, nobody asks.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::Domain;
use crate::model::MailingId;
use crate::store::Store;

/// The domain of a message's first recipient; `None` when its plan cannot be read, which is said when it is taken up.
type To = Option<Domain>;

/// What is taken up later.
pub(super) struct Later {
    store: Store,
    all: BTreeSet<MailingId>,
    /// Those of which nobody has asked where they go.
    unread: BTreeSet<MailingId>,
    /// The others.
    by_domain: BTreeMap<To, BTreeSet<MailingId>>,
    /// Where the others go, and what was taken up that was asked for since.
    known: BTreeMap<MailingId, To>,
}

impl Later {
    pub(super) fn new(store: Store) -> Self {
        Self {
            store,
            all: BTreeSet::new(),
            unread: BTreeSet::new(),
            by_domain: BTreeMap::new(),
            known: BTreeMap::new(),
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.store.clone());
    }

    pub(super) fn add(&mut self, id: MailingId) {
        if self.all.insert(id) {
            self.unread.insert(id);
        }
    }

    /// Forgets a message: no copy of it leaves any more.
    pub(super) fn remove(&mut self, id: MailingId) {
        self.take(id);
        self.known.remove(&id);
    }

    /// The oldest of all.
    pub(super) fn pop_oldest(&mut self) -> Option<MailingId> {
        let id = self.all.first().copied()?;
        self.take(id);
        Some(id)
    }

    /// So many at most of those domains that have the fewest messages among `ready`, and no domain more than `most`.
    pub(super) fn pop_of_others(&mut self, ready: &[MailingId], count: usize, most: usize) -> Vec<MailingId> {
        if count == 0 || self.all.is_empty() {
            return Vec::new();
        }
        for id in std::mem::take(&mut self.unread) {
            let to = self.to(id);
            self.by_domain.entry(to).or_default().insert(id);
        }
        let mut ready_of: BTreeMap<To, usize> = BTreeMap::new();
        for id in ready {
            *ready_of.entry(self.to(*id)).or_default() += 1;
        }
        let mut popped = Vec::new();
        while popped.len() < count {
            let of = |to: &To| ready_of.get(to).copied().unwrap_or_default();
            let oldest = self
                .by_domain
                .iter()
                .filter_map(|(to, ids)| Some((of(to), *ids.first()?)));
            let Some((_, id)) = oldest.filter(|(ready, _)| *ready < most).min() else {
                break;
            };
            *ready_of.entry(self.to(id)).or_default() += 1;
            self.take(id);
            popped.push(id);
        }
        popped
    }

    fn take(&mut self, id: MailingId) {
        self.all.remove(&id);
        self.unread.remove(&id);
        let Some(to) = self.known.get(&id) else { return };
        if let Some(ids) = self.by_domain.get_mut(to) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_domain.remove(to);
            }
        }
    }

    fn to(&mut self, id: MailingId) -> To {
        let read = || {
            let (_, recipient) = self.store.rows(id).next()?.ok()?;
            Some(recipient.address.domain().clone())
        };
        self.known.entry(id).or_insert_with(read).clone()
    }
}
