//! How one mailing fared by provider, kept once it is over: counting reads its whole plan and ledger.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::sums::Sum;
use super::{Error, Room};
use crate::decide::shape::Pool;
use crate::model::lifecycle::State;
use crate::model::{Came, CameBack, Entry, MailingId, Outcome};

/// Mailings that are kept.
const KEPT_MAX: usize = 5_000;

/// One mailing's.
#[derive(Debug, Default)]
pub(super) struct Faring {
    /// What had come back when it was counted.
    back: CameBack,
    /// By the provider's name.
    pub(super) by_provider: BTreeMap<String, Sum>,
}

impl Faring {
    /// All of it; `None` when its copies were forgotten, and their totals alone are known.
    pub(super) fn whole(&self) -> Option<Sum> {
        let mut whole = Sum::default();
        self.by_provider.values().for_each(|sum| whole.add(sum));
        whole.mailings = 1;
        (!self.by_provider.is_empty()).then_some(whole)
    }
}

/// Those counted lately.
#[derive(Debug, Default)]
pub(in crate::console) struct Farings {
    kept: Mutex<HashMap<MailingId, Arc<Faring>>>,
    /// Whoever counts holds it, so that two pages do not count side by side.
    counting: Mutex<()>,
}

/// How a mailing fared, of which so much has come back by now. Blocks while it counts.
pub(super) fn faring(room: &Room, state: &State, back: &CameBack) -> Result<Arc<Faring>, Error> {
    let (id, farings) = (state.id(), &room.farings);
    let is_over = matches!(state, State::Closed(_));
    let find = || {
        let found = lock(&farings.kept).get(&id).cloned();
        found.filter(|found| is_over && found.back == *back)
    };
    if let Some(found) = find() {
        return Ok(found);
    }
    let _turn = lock(&farings.counting);
    if let Some(found) = find() {
        return Ok(found);
    }
    let counted = Arc::new(Faring {
        back: back.clone(),
        by_provider: counted(room, id)?,
    });
    let mut kept = lock(&farings.kept);
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    kept.insert(id, Arc::clone(&counted));
    Ok(counted)
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn counted(room: &Room, id: MailingId) -> Result<BTreeMap<String, Sum>, Error> {
    let store = &room.state.store;
    let mut returns: HashMap<u32, Vec<Came>> = HashMap::new();
    for item in store.returns(id) {
        let (seq, _, came) = item?;
        returns.entry(seq).or_default().push(came);
    }
    let shaper = room.state.desk.shape().look();
    let mut names: HashMap<String, String> = HashMap::new();
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    let mut ledger = store.ledger(id).peekable();
    for row in store.rows(id) {
        let (seq, recipient) = row?;
        let domain = recipient.address.domain();
        let name = names
            .entry(domain.to_string())
            .or_insert_with(|| shaper.stream(domain, Pool::Mailings).name.to_string());
        let sum = sums.entry(name.clone()).or_default();
        let is_older = |entry: &Result<Entry, _>| entry.as_ref().is_ok_and(|entry| entry.seq <= seq);
        let (mut is_deferred, mut last) = (false, None);
        while let Some(entry) = ledger.next_if(is_older) {
            let entry = entry?;
            is_deferred |= matches!(entry.outcome, Some(Outcome::Deferred { .. }));
            last = entry.outcome;
        }
        if let Some(Err(error)) = ledger.next_if(Result::is_err) {
            return Err(error.into());
        }
        let is_failed = matches!(last, Some(Outcome::Failed(_)));
        sum.copies += u64::from(is_failed || matches!(last, Some(Outcome::Accepted(_))));
        sum.failed += u64::from(is_failed);
        sum.deferred += u64::from(is_deferred);
        for came in returns.remove(&seq).into_iter().flatten() {
            sum.back.count(came);
        }
    }
    for sum in sums.values_mut() {
        sum.mailings = 1;
    }
    Ok(sums)
}
