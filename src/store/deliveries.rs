//! The plan of a mailing, and the ledger of what became of it.
//!
//! A plan is sealed before the first copy leaves: recipients in packets, each recipient's number (`seq`) its place in
//! the plan. The ledger has one entry an attempt: first the intent, then, over it, the outcome.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::engine::{BATCH_OPERATIONS_MAX, Batch, Table};
use super::mailings::{lock, sealed_name};
use super::{Error, Kind, Outgoing, Sealed, Store};
use crate::mail::Timestamp;
use crate::model::lifecycle::{Released, State};
use crate::model::{
    Capacity, Category, ContactId, Entry, Event, Exclusion, Got, MailingId, Outcome, Recipient, Report, Series, Tally,
    UnderWay,
};

/// Recipients in one packet of a plan. At the longest addresses a packet still fits the engine's values.
pub const PACKET_ROWS: usize = 24;

/// The running counts of mailings whose copies are leaving.
#[derive(Debug, Default)]
pub(super) struct Tallies(HashMap<MailingId, Tally>);

impl Store {
    /// Seals a plan: recipients, the form in which copies leave, and the move to Expanded. A plan that a crash left
    /// half-written is written anew.
    pub async fn seal(
        &self,
        released: Released,
        recipients: &[Recipient],
        exclusions: BTreeMap<Exclusion, u64>,
        sealed: Sealed,
        event: Option<Event>,
        now: Timestamp,
    ) -> Result<State, Error> {
        let from = State::Released(released.clone());
        let id = from.id();
        self.clear(Table::Plans, id).await?;
        let packets: Vec<&[Recipient]> = recipients.chunks(PACKET_ROWS).collect();
        for (group, packets) in (0u32..).zip(packets.chunks(BATCH_OPERATIONS_MAX)) {
            let first = group.saturating_mul(u32::try_from(BATCH_OPERATIONS_MAX).unwrap_or(u32::MAX));
            let mut batch = Batch::default();
            for (number, packet) in (first..).zip(packets) {
                batch.put(Table::Plans, &packet_key(id, number), postcard::to_allocvec(packet)?);
            }
            self.engine.commit(batch).await?;
        }
        let planned = u64::try_from(recipients.len()).unwrap_or(u64::MAX);
        let to = State::Expanded(released.expand(planned, exclusions, now));
        let mut batch = Batch::default();
        self.moved(&mut batch, &from, &to)?;
        if let Some(event) = event {
            batch.append(postcard::to_allocvec(&event)?);
        }
        let name = sealed_name(id);
        self.spool.write(&mut batch, &name, sealed).await?;
        self.commit_spooled(batch, &[name]).await?;
        Ok(to)
    }

    /// One packet of a plan, counted from 0; empty past the end.
    pub fn packet(&self, id: MailingId, number: u32) -> Result<Vec<Recipient>, Error> {
        match self.engine.read(Table::Plans, &packet_key(id, number))? {
            Some(record) => Ok(postcard::from_bytes(&record)?),
            None => Ok(Vec::new()),
        }
    }

    /// One recipient of a plan.
    pub fn recipient(&self, id: MailingId, seq: u32) -> Result<Option<Recipient>, Error> {
        let rows = u32::try_from(PACKET_ROWS).unwrap_or(u32::MAX);
        let row = usize::try_from(seq % rows).unwrap_or(usize::MAX);
        Ok(self.packet(id, seq / rows)?.into_iter().nth(row))
    }

    /// Every entry of a mailing's ledger, by recipient and attempt.
    pub fn ledger(&self, id: MailingId) -> impl Iterator<Item = Result<Entry, Error>> + use<> {
        self.engine
            .scan(Table::Ledger, &id.to_key())
            .map(|item| Ok(postcard::from_bytes(&item?.1)?))
    }

    /// Writes intents and outcomes, one commit for all, with the mail and the report that follow from them.
    pub async fn record(
        &self,
        id: MailingId,
        entries: &[Entry],
        refusal: Option<&Report>,
        outgoing: Vec<Outgoing>,
        reached: &[(ContactId, Got)],
    ) -> Result<(), Error> {
        let mut batch = Batch::default();
        for entry in entries {
            batch.put(
                Table::Ledger,
                &entry_key(id, entry.seq, entry.attempt),
                postcard::to_allocvec(entry)?,
            );
        }
        if let Some(refusal) = refusal {
            Self::enter_report(&mut batch, refusal)?;
        }
        for (contact, got) in reached {
            let value = postcard::to_allocvec(&(got.mailing, got.category))?;
            batch.put(Table::History, &history_key(*contact, got.at), value);
        }
        let mut names = Vec::new();
        for out in outgoing {
            let state = State::Released(out.state);
            names.push(state.id().to_string());
            self.enter(&mut batch, &state, out.message).await?;
        }
        let retried = entries
            .iter()
            .map(|entry| self.was_deferred(id, entry))
            .collect::<Result<Vec<_>, _>>()?;
        self.tally(id)?;
        self.commit_spooled(batch, &names).await?;
        if let Some(tally) = lock(&self.tallies).0.get_mut(&id) {
            entries
                .iter()
                .zip(retried)
                .for_each(|(entry, retried)| count(tally, entry, retried));
        }
        Ok(())
    }

    /// The copies of our mailings that a contact got since then, newest first.
    pub fn got_since(&self, contact: ContactId, since: Timestamp) -> Result<Vec<Got>, Error> {
        let mut copies = Vec::new();
        for item in self.engine.scan(Table::History, &contact.0.to_be_bytes()).rev() {
            let (key, value) = item?;
            let at = history_time(&key);
            if at < since {
                break;
            }
            let (mailing, category) = postcard::from_bytes(&value)?;
            copies.push(Got { mailing, category, at });
        }
        Ok(copies)
    }

    /// Who stands in the plans of mailings whose copies are leaving; what is critical counts against nobody.
    pub fn under_way(&self) -> Result<UnderWay, Error> {
        let mut under_way = UnderWay::new();
        for id in self.in_state(Kind::Expanded)? {
            let Some(state @ State::Expanded(_)) = self.mailing(id)? else {
                continue;
            };
            let (capacity, category) = (state.mailing().capacity, state.mailing().category);
            if capacity == Capacity::Conveyed || category == Category::Critical {
                continue;
            }
            let mut contacts = HashSet::new();
            for item in self.engine.scan(Table::Plans, &id.to_key()) {
                let packet: Vec<Recipient> = postcard::from_bytes(&item?.1)?;
                contacts.extend(packet.iter().filter_map(|recipient| recipient.contact));
            }
            under_way.insert(id, (category, contacts));
        }
        Ok(under_way)
    }

    /// Forgets which copies contacts got before then; returns how many.
    pub async fn forget_history(&self, before: Timestamp) -> Result<usize, Error> {
        let mut forgotten = 0;
        let mut batch = Batch::default();
        for item in self.engine.scan(Table::History, &[]) {
            let key = item?.0;
            if history_time(&key) < before {
                batch.delete(Table::History, &key);
                forgotten += 1;
            }
            if batch.len() == BATCH_OPERATIONS_MAX {
                self.engine.commit(std::mem::take(&mut batch)).await?;
            }
        }
        if batch.len() > 0 {
            self.engine.commit(batch).await?;
        }
        Ok(forgotten)
    }

    /// The counts of a mailing: closed ones as they ended, running ones as the ledger stands.
    pub fn tally(&self, id: MailingId) -> Result<Tally, Error> {
        if let Some(tally) = lock(&self.tallies).0.get(&id) {
            return Ok(*tally);
        }
        match self.mailing(id)? {
            Some(State::Closed(closed)) => Ok(*closed.tally()),
            Some(State::Expanded(expanded)) => {
                let tally = self.recount(id, expanded.planned())?;
                lock(&self.tallies).0.insert(id, tally);
                Ok(tally)
            }
            Some(State::Held(_) | State::Released(_) | State::Ended(_)) | None => Ok(Tally::default()),
        }
    }

    /// Lets go of the running counts of a mailing that is over; of a conveyed one also of plan and ledger.
    pub async fn settle(&self, id: MailingId) -> Result<(), Error> {
        lock(&self.tallies).0.remove(&id);
        if id.series == Series::Conveyed {
            self.clear(Table::Plans, id).await?;
            self.clear(Table::Ledger, id).await?;
        }
        Ok(())
    }

    /// Counts a ledger from its beginning.
    fn recount(&self, id: MailingId, planned: u64) -> Result<Tally, Error> {
        let mut tally = Tally {
            planned,
            ..Tally::default()
        };
        let mut before: Option<Entry> = None;
        for entry in self.ledger(id) {
            let entry = entry?;
            let retried = before.is_some_and(|before| before.seq == entry.seq && is_deferral(&before));
            count(&mut tally, &entry, retried);
            before = Some(entry);
        }
        Ok(tally)
    }

    /// Whether the attempt before this one was put off.
    fn was_deferred(&self, id: MailingId, entry: &Entry) -> Result<bool, Error> {
        let Some(attempt) = entry.attempt.checked_sub(1) else {
            return Ok(false);
        };
        match self.engine.read(Table::Ledger, &entry_key(id, entry.seq, attempt))? {
            Some(record) => Ok(is_deferral(&postcard::from_bytes(&record)?)),
            None => Ok(false),
        }
    }

    /// Removes all that a table has of a mailing.
    async fn clear(&self, table: Table, id: MailingId) -> Result<(), Error> {
        loop {
            let mut batch = Batch::default();
            for item in self.engine.scan(table, &id.to_key()).take(BATCH_OPERATIONS_MAX) {
                batch.delete(table, &item?.0);
            }
            if batch.len() == 0 {
                return Ok(());
            }
            self.engine.commit(batch).await?;
        }
    }
}

fn is_deferral(entry: &Entry) -> bool {
    entry.outcome.as_ref().is_some_and(|outcome| !outcome.is_settled())
}

/// Adds one outcome to the counts; `retried` says that its recipient had been counted as deferred.
fn count(tally: &mut Tally, entry: &Entry, retried: bool) {
    let Some(outcome) = &entry.outcome else { return };
    if retried {
        tally.deferred = tally.deferred.saturating_sub(1);
    }
    match outcome {
        Outcome::Accepted(_) => tally.accepted += 1,
        Outcome::Deferred { .. } => tally.deferred += 1,
        Outcome::Uncertain { .. } => {
            tally.deferred += 1;
            tally.uncertain += 1;
        }
        Outcome::Failed(_) => tally.failed += 1,
        Outcome::Suppressed(_) => tally.suppressed += 1,
    }
}

fn packet_key(id: MailingId, number: u32) -> Vec<u8> {
    [id.to_key().as_slice(), &number.to_be_bytes()].concat()
}

fn entry_key(id: MailingId, seq: u32, attempt: u8) -> Vec<u8> {
    [id.to_key().as_slice(), &seq.to_be_bytes(), &[attempt]].concat()
}

fn history_key(contact: ContactId, at: Timestamp) -> Vec<u8> {
    [contact.0.to_be_bytes(), at.as_micros().to_be_bytes()].concat()
}

fn history_time(key: &[u8]) -> Timestamp {
    let at = key.get(8..).and_then(|at| at.try_into().ok());
    Timestamp::from_micros(at.map_or(0, i64::from_be_bytes))
}
