//! Docket: which mailings of one state a worker has to look at.
//!
//! Those that have moved, and those whose hour has come: however many wait, the others cost nothing. At first all are looked
//! at.

use std::collections::{BTreeSet, HashMap};

use crate::mail::Timestamp;
use crate::model::MailingId;
use crate::store::{Bell, Changes, Error, Kind, Moved, Store};

/// When a mailing is looked at again that does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// At this hour.
    Until(Timestamp),
    /// When that other mailing has moved.
    For(MailingId),
}

/// Of the mailings of one state, those to look at now, and what the others wait for.
#[derive(Debug)]
pub struct Docket {
    store: Store,
    kind: Kind,
    changes: Changes,
    open: BTreeSet<MailingId>,
    waits: HashMap<MailingId, Wait>,
    by_hour: BTreeSet<(Timestamp, MailingId)>,
    by_other: HashMap<MailingId, BTreeSet<MailingId>>,
}

impl Docket {
    /// A docket on which everything in that state is open.
    pub fn new(store: &Store, kind: Kind) -> Self {
        Self {
            store: store.clone(),
            kind,
            changes: store.moves(),
            open: BTreeSet::new(),
            waits: HashMap::new(),
            by_hour: BTreeSet::new(),
            by_other: HashMap::new(),
        }
    }

    /// Rung when something has moved.
    pub fn bell(&self) -> Bell {
        self.changes.bell()
    }

    /// All that is to be looked at now. What is not [closed](Self::close) stays open.
    pub fn open(&mut self, now: Timestamp) -> Result<Vec<MailingId>, Error> {
        match self.changes.take() {
            Moved::Any => self.open_all()?,
            Moved::These(moves) => moves.into_iter().for_each(|(kind, id)| self.moved(kind, id)),
        }
        while let Some((_, id)) = self.by_hour.first().copied().filter(|(at, _)| *at <= now) {
            self.forget(id);
            self.open.insert(id);
        }
        Ok(self.open.iter().copied().collect())
    }

    /// It was looked at, and waits; for nothing, unless it moves.
    pub fn close(&mut self, id: MailingId, wait: Option<Wait>) {
        self.open.remove(&id);
        self.forget(id);
        match wait {
            Some(Wait::Until(at)) => _ = self.by_hour.insert((at, id)),
            Some(Wait::For(other)) => _ = self.by_other.entry(other).or_default().insert(id),
            None => {}
        }
        self.waits.extend(wait.map(|wait| (id, wait)));
    }

    fn open_all(&mut self) -> Result<(), Error> {
        let all = self
            .store
            .in_state(self.kind)
            .inspect_err(|_| self.changes.start_over())?;
        self.waits.clear();
        self.by_hour.clear();
        self.by_other.clear();
        self.open = all.into_iter().collect();
        Ok(())
    }

    fn moved(&mut self, kind: Kind, id: MailingId) {
        self.forget(id);
        if kind == self.kind {
            self.open.insert(id);
        } else {
            self.open.remove(&id);
        }
        if let Some(waiting) = self.by_other.get(&id) {
            self.open.extend(waiting);
        }
    }

    fn forget(&mut self, id: MailingId) {
        match self.waits.remove(&id) {
            Some(Wait::Until(at)) => _ = self.by_hour.remove(&(at, id)),
            Some(Wait::For(other)) => self.leaves(id, other),
            None => {}
        }
    }

    fn leaves(&mut self, id: MailingId, other: MailingId) {
        let waiting = self.by_other.get_mut(&other);
        let is_last = waiting.is_some_and(|waiting| waiting.remove(&id) && waiting.is_empty());
        if is_last {
            self.by_other.remove(&other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Series;
    use crate::store;

    fn id(number: u32) -> MailingId {
        MailingId {
            series: Series::Case,
            year: 2026,
            number,
        }
    }

    #[test]
    fn what_waits_is_open_when_its_hour_has_come_or_the_other_has_moved() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&store::Settings {
            data_dir: home.path().to_owned(),
            free_bytes_min: 0,
            master: store::MasterKey::new(&[9; 32]),
        })
        .expect("opens");
        let at = Timestamp::from_micros;
        let mut docket = Docket::new(&store, Kind::Held);
        assert_eq!(docket.open(at(0)).expect("reads"), []);
        for number in 1..=3 {
            docket.moved(Kind::Held, id(number));
        }
        docket.moved(Kind::Released, id(4));
        assert_eq!(docket.open(at(0)).expect("reads"), [id(1), id(2), id(3)]);
        docket.close(id(1), Some(Wait::Until(at(5))));
        docket.close(id(2), Some(Wait::For(id(4))));
        docket.close(id(3), None);
        assert_eq!(docket.open(at(4)).expect("reads"), []);
        docket.moved(Kind::Closed, id(4));
        assert_eq!(docket.open(at(5)).expect("reads"), [id(1), id(2)]);
        docket.close(id(1), Some(Wait::Until(at(9))));
        docket.moved(Kind::Ended, id(1));
        docket.moved(Kind::Ended, id(2));
        assert_eq!(docket.open(at(9)).expect("reads"), []);
        assert!(docket.waits.is_empty() && docket.by_hour.is_empty() && docket.by_other.is_empty());
    }
}
