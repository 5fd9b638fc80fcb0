//! Later: messages of ordinary mail that are not taken up yet, the oldest first, and where they go.
//!
//! Where one goes is read when that is asked for the first time: as long as there is room for all, nobody asks.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::Domain;
use crate::model::MailingId;

/// The domain of a message's first recipient; `None` when its plan cannot be read, which is said when it is taken up.
pub(super) type To = Option<Domain>;

/// What is taken up later.
#[derive(Debug, Default)]
pub(super) struct Later {
    all: BTreeSet<MailingId>,
    /// Those of which nobody has asked where they go.
    unread: BTreeSet<MailingId>,
    /// The others.
    by_domain: BTreeMap<To, BTreeSet<MailingId>>,
    /// Where the others go, and what was taken up that was asked for since.
    known: BTreeMap<MailingId, To>,
}

impl Later {
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

    /// So many at most, of those domains that have the fewest messages among `ready`; of a domain that has `most`, none. `read`
    /// says where a message goes.
    pub(super) fn pop_of_others(
        &mut self,
        ready: &[MailingId],
        count: usize,
        most: usize,
        read: &dyn Fn(MailingId) -> To,
    ) -> Vec<MailingId> {
        if count == 0 || self.all.is_empty() {
            return Vec::new();
        }
        for id in std::mem::take(&mut self.unread) {
            let to = self.to(id, read);
            self.by_domain.entry(to).or_default().insert(id);
        }
        let mut ready_of: BTreeMap<To, usize> = BTreeMap::new();
        for id in ready {
            *ready_of.entry(self.to(*id, read)).or_default() += 1;
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
            *ready_of.entry(self.to(id, read)).or_default() += 1;
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

    fn to(&mut self, id: MailingId, read: &dyn Fn(MailingId) -> To) -> To {
        self.known.entry(id).or_insert_with(|| read(id)).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Series;

    fn id(number: u32) -> MailingId {
        MailingId {
            series: Series::Conveyed,
            year: 2026,
            number,
        }
    }

    /// Hundreds go to one domain each.
    fn read(id: MailingId) -> To {
        format!("d{}.example", id.number / 100).parse().ok()
    }

    fn later(numbers: impl IntoIterator<Item = u32>) -> Later {
        let mut later = Later::default();
        numbers.into_iter().for_each(|number| later.add(id(number)));
        later
    }

    fn of_others(later: &mut Later, ready: &[u32], count: usize, most: usize) -> Vec<u32> {
        let ready: Vec<MailingId> = ready.iter().map(|number| id(*number)).collect();
        let popped = later.pop_of_others(&ready, count, most, &read);
        popped.into_iter().map(|id| id.number).collect()
    }

    #[test]
    fn the_oldest_goes_first_however_it_was_asked_for() {
        let mut later = later([7, 203, 5, 101]);
        assert_eq!(later.pop_oldest(), Some(id(5)));
        assert_eq!(of_others(&mut later, &[], 1, 9), [7]);
        assert_eq!([later.pop_oldest(), later.pop_oldest()], [Some(id(101)), Some(id(203))]);
        assert_eq!(later.pop_oldest(), None);
        assert!(of_others(&mut later, &[], 1, 9).is_empty());
    }

    #[test]
    fn what_goes_where_fewest_wait_is_taken_up_and_no_more_of_one_domain_than_may_be() {
        let mut later = later((10..20).chain(110..113).chain([200]));
        // Three wait for the first domain, one for the second, and none for the third.
        let ready = [1, 2, 3, 101];
        assert_eq!(of_others(&mut later, &ready, 2, 4), [200, 110]);
        assert_eq!(of_others(&mut later, &ready, 9, 4), [111, 112, 10]);
        assert!(of_others(&mut later, &[1, 2, 3, 10], 9, 4).is_empty());
    }

    #[test]
    fn what_is_over_is_not_taken_up() {
        let mut later = later([1, 101, 102]);
        later.remove(id(1));
        assert_eq!(of_others(&mut later, &[], 1, 1), [101]);
        later.remove(id(102));
        assert_eq!(later.pop_oldest(), None);
        later.add(id(102));
        assert_eq!(later.pop_oldest(), Some(id(102)));
    }
}
