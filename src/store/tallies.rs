//! How many copies of a mailing came to what: counted as the ledger is written, and of one that is over, kept with it.

use std::collections::HashMap;

use super::engine::Table;
use super::mailings::lock;
use super::{Error, Move, Store};
use crate::mail::Timestamp;
use crate::model::lifecycle::State;
use crate::model::{Before, Entry, MailingId, Outcome, Tally};

/// The running counts of mailings whose copies are leaving.
#[derive(Debug, Default)]
pub(super) struct Tallies(pub(super) HashMap<MailingId, Tally>);

impl Store {
    /// The counts of a mailing: closed ones as they ended, running ones as the ledger stands.
    pub fn tally(&self, id: MailingId) -> Result<Tally, Error> {
        if let Some(tally) = lock(&self.tallies).0.get(&id) {
            return Ok(*tally);
        }
        match self.mailing(id)? {
            Some(State::Closed(closed)) => Ok(*closed.tally()),
            Some(State::Expanded(expanded)) => {
                let tally = self.recount(id, expanded.planned())?;
                // Somebody who was faster may have counted a copy since that this count has not seen.
                Ok(*lock(&self.tallies).0.entry(id).or_insert(tally))
            }
            Some(State::Held(_) | State::Released(_) | State::Ended(_)) | None => Ok(Tally::default()),
        }
    }

    /// What a mailing that was stopped has come to by now, and who got it: copies that were under way at that moment come to
    /// their ends after it. Nothing to do for one that is not over.
    pub async fn take_stock(&self, id: MailingId) -> Result<(), Error> {
        let Some(from @ State::Closed(_)) = self.mailing(id)? else {
            return Ok(());
        };
        let State::Closed(closed) = from.clone() else {
            return Ok(());
        };
        self.remember(id).await?;
        let tally = self.tally(id)?;
        if tally == *closed.tally() {
            return Ok(());
        }
        self.advance(Move {
            from,
            to: State::Closed(closed.recounted(tally)),
            event: None,
            outgoing: vec![],
        })
        .await
    }

    /// Of a mailing that was stopped, the copies that were under way and whose end a crash hid: each is uncertain from now on,
    /// and in the total. Returns how many.
    pub async fn own_up(&self, id: MailingId, now: Timestamp) -> Result<usize, Error> {
        let Some(State::Closed(closed)) = self.mailing(id)? else {
            return Ok(0);
        };
        let uncertain = |mut entry: Entry| {
            entry.outcome = Some(Outcome::Uncertain { until: now });
            entry
        };
        let is_hidden = |entry: &Result<Entry, Error>| entry.as_ref().map_or(true, |entry| entry.outcome.is_none());
        let hidden = self.ledger(id).filter(is_hidden).map(|entry| entry.map(uncertain));
        let hidden: Vec<Entry> = hidden.collect::<Result<_, _>>()?;
        if hidden.is_empty() {
            return Ok(0);
        }
        let tally = self.recount(id, closed.tally().planned)?;
        lock(&self.tallies).0.insert(id, tally);
        for entries in hidden.chunks(100) {
            self.record(id, entries, None, vec![]).await?;
        }
        self.take_stock(id).await?;
        self.settle(id).await?;
        Ok(hidden.len())
    }

    /// Counts a ledger from its beginning.
    fn recount(&self, id: MailingId, planned: u64) -> Result<Tally, Error> {
        let mut tally = Tally {
            planned,
            ..Tally::default()
        };
        let mut last = None;
        for entry in self.ledger(id) {
            let entry = entry?;
            let before = last.filter(|(seq, _)| *seq == entry.seq);
            let before = before.map_or(Before::Nothing, |(_, known)| known);
            count(&mut tally, &entry, before);
            last = Some((entry.seq, before.and(entry.outcome.as_ref())));
        }
        Ok(tally)
    }

    /// What was known of a recipient before an attempt.
    pub fn before(&self, id: MailingId, entry: &Entry) -> Result<Before, Error> {
        let Some(attempt) = entry.attempt.checked_sub(1).filter(|before| *before > 0) else {
            return Ok(Before::Nothing);
        };
        if self.was_uncertain(id, entry)? {
            return Ok(Before::Uncertain);
        }
        let last = self.entry(id, entry.seq, attempt)?;
        Ok(Before::Nothing.and(last.and_then(|last| last.outcome).as_ref()))
    }

    /// Whether the end of an earlier attempt was hidden.
    fn was_uncertain(&self, id: MailingId, entry: &Entry) -> Result<bool, Error> {
        let key = [id.to_key().as_slice(), &entry.seq.to_be_bytes()].concat();
        for key in self.engine.keys(Table::Uncertain, &key) {
            if key?.last().is_some_and(|attempt| *attempt < entry.attempt) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Adds one outcome to the counts.
pub(super) fn count(tally: &mut Tally, entry: &Entry, before: Before) {
    let Some(outcome) = &entry.outcome else { return };
    if before != Before::Nothing {
        tally.deferred = tally.deferred.saturating_sub(1);
    }
    match outcome {
        Outcome::Accepted(_) => {
            tally.accepted += 1;
            tally.uncertain = tally.uncertain.saturating_sub(u64::from(before == Before::Uncertain));
        }
        Outcome::Deferred { .. } => tally.deferred += 1,
        Outcome::Uncertain { .. } => {
            tally.deferred += 1;
            tally.uncertain += u64::from(before != Before::Uncertain);
        }
        Outcome::Failed(_) => tally.failed += 1,
        Outcome::Suppressed(_) => tally.suppressed += 1,
    }
}
