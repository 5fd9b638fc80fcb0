//! The plan of a mailing, and the ledger of what became of it.
//!
//! A plan is sealed before the first copy leaves: recipients in packets, each recipient's number (`seq`) its place in
//! the plan. The ledger has one entry an attempt: first the intent, then, over it, the outcome.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::engine::{BATCH_OPERATIONS_MAX, Batch, Table};
use super::mailings::{lock, sealed_name};
use super::tallies::count;
use super::{Error, Kind, Outgoing, Sealed, Store};
use crate::mail::{Mailbox, Timestamp};
use crate::model::lifecycle::{Released, State};
use crate::model::{
    ContactId, Entry, Event, Exclusion, MailingId, Outcome, Recipient, Recipients, Report, Series, Uncertain,
};

/// Octets of one packet of a plan: the engine keeps a dozen of them together.
const PACKET_BYTES: usize = 2 * 1024;

/// What is kept of each recipient of a mailing.
const PER_RECIPIENT: [Table; 3] = [Table::Plans, Table::Ledger, Table::Uncertain];
/// Records of each of these that go in the commit that ends a conveyed mailing; the rest goes after it.
const SHORT: usize = 16;

impl Store {
    /// Seals a plan: recipients, the form in which copies leave, and the move to Expanded. A plan that a crash left
    /// half-written is written anew.
    pub async fn seal(
        &self,
        released: Released,
        recipients: &Recipients,
        exclusions: BTreeMap<Exclusion, u64>,
        sealed: Sealed,
        event: Option<Event>,
        now: Timestamp,
    ) -> Result<State, Error> {
        let from = State::Released(released.clone());
        let id = from.id();
        self.clear(Table::Plans, id).await?;
        let (mut batch, mut recipients_left) = (Batch::default(), (0u32..).zip(recipients.iter()).peekable());
        while let Some((first, _)) = recipients_left.peek() {
            let first = *first;
            let mut packet = Vec::with_capacity(PACKET_BYTES);
            while let Some((_, row)) = recipients_left.next_if(|_| packet.len() < PACKET_BYTES) {
                packet = postcard::to_extend(&Planned::of(row), packet)?;
            }
            batch.put(Table::Plans, &packet_key(id, first), packet);
            if batch.len() == BATCH_OPERATIONS_MAX {
                self.engine.commit(std::mem::take(&mut batch)).await?;
            }
        }
        let planned = u64::try_from(recipients.len()).unwrap_or(u64::MAX);
        let to = State::Expanded(released.expand(planned, exclusions, now));
        let mut last = Batch::default();
        self.moved(&mut last, &from, &to)?;
        if let Some(event) = event {
            last.append(postcard::to_allocvec(&event)?);
        }
        let name = sealed_name(id);
        self.spool.write(&mut last, &name, sealed).await?;
        if let Some(last) = batch.join(last) {
            self.engine.commit(std::mem::replace(&mut batch, last)).await?;
        }
        self.commit_spooled(batch, &[name]).await?;
        Ok(to)
    }

    /// One recipient of a plan.
    pub fn recipient(&self, id: MailingId, seq: u32) -> Result<Option<Recipient>, Error> {
        let Some((key, packet)) = self
            .engine
            .at_or_before(Table::Plans, &id.to_key(), &seq.to_be_bytes())?
        else {
            return Ok(None);
        };
        let mut rest = packet.as_slice();
        for _before in first_of(&key)..seq {
            if rest.is_empty() {
                return Ok(None);
            }
            (_, rest) = postcard::take_from_bytes::<Planned<'_>>(rest)?;
        }
        if rest.is_empty() {
            return Ok(None);
        }
        let (row, _) = postcard::take_from_bytes::<Planned<'_>>(rest)?;
        row.recipient().map(Some)
    }

    /// The recipients of a plan, each with their number.
    pub fn rows(&self, id: MailingId) -> impl Iterator<Item = Result<(u32, Recipient), Error>> + use<> {
        let packets = self.engine.scan(Table::Plans, &id.to_key());
        packets.flat_map(|packet| {
            let (packet, trouble) = match packet {
                Ok(packet) => (Some(packet), None),
                Err(error) => (None, Some(Err(error))),
            };
            let rows = packet
                .into_iter()
                .flat_map(|(key, packet)| rows(first_of(&key), packet));
            rows.chain(trouble)
        })
    }

    /// A contact's place in a mailing's plan, and the newest line of the ledger on it.
    pub fn copy_of(&self, id: MailingId, contact: ContactId) -> Result<Option<(u32, Option<Entry>)>, Error> {
        for row in self.rows(id) {
            let (seq, recipient) = row?;
            if recipient.contact != Some(contact) {
                continue;
            }
            let key = [id.to_key().as_slice(), &seq.to_be_bytes()].concat();
            let newest = self.engine.scan(Table::Ledger, &key).next_back().transpose()?;
            let entry = newest.map(|(_, value)| postcard::from_bytes(&value)).transpose()?;
            return Ok(Some((seq, entry)));
        }
        Ok(None)
    }

    /// Tells of the contacts of a plan, packet by packet.
    pub(super) fn planned(&self, id: MailingId, mut tell: impl FnMut(&[ContactId])) -> Result<(), Error> {
        for item in self.engine.scan(Table::Plans, &id.to_key()) {
            let (_, packet) = item?;
            let (mut rest, mut contacts) = (packet.as_slice(), Vec::new());
            while !rest.is_empty() {
                let row: Planned<'_>;
                (row, rest) = postcard::take_from_bytes(rest)?;
                contacts.extend(row.contact);
            }
            tell(&contacts);
        }
        Ok(())
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
    ) -> Result<(), Error> {
        let mut batch = Batch::default();
        for entry in entries {
            batch.put(
                Table::Ledger,
                &entry_key(id, entry.seq, entry.attempt),
                postcard::to_allocvec(entry)?,
            );
            if matches!(entry.outcome, Some(Outcome::Uncertain { .. })) {
                let key = entry_key(id, entry.seq, entry.attempt);
                batch.put(Table::Uncertain, &key, postcard::to_allocvec(&entry.at)?);
            }
        }
        if let Some(refusal) = refusal {
            Self::enter_report(&mut batch, refusal)?;
        }
        let mut names = Vec::new();
        for out in outgoing {
            let state = State::Released(out.state);
            names.push(state.id().to_string());
            self.enter(&mut batch, &state, out.message).await?;
        }
        let before = entries
            .iter()
            .map(|entry| self.before(id, entry))
            .collect::<Result<Vec<_>, _>>()?;
        self.tally(id)?;
        self.commit_spooled(batch, &names).await?;
        if let Some(tally) = lock(&self.tallies).0.get_mut(&id) {
            entries
                .iter()
                .zip(before)
                .for_each(|(entry, before)| count(tally, entry, before));
        }
        Ok(())
    }

    /// Takes back an intent: the copy surely did not leave, and its try is not used up.
    pub async fn take_back(&self, id: MailingId, seq: u32, attempt: u8) -> Result<(), Error> {
        let mut batch = Batch::default();
        batch.delete(Table::Ledger, &entry_key(id, seq, attempt));
        self.engine.commit(batch).await
    }

    /// One try of one recipient.
    pub fn entry(&self, id: MailingId, seq: u32, attempt: u8) -> Result<Option<Entry>, Error> {
        let record = self.engine.read(Table::Ledger, &entry_key(id, seq, attempt))?;
        Ok(record.map(|record| postcard::from_bytes(&record)).transpose()?)
    }

    /// The recipients of a mailing whose copy was ever uncertain, and how they stand now; so many of them.
    pub fn uncertain(&self, id: MailingId, most: usize) -> Result<Vec<Uncertain>, Error> {
        let mut all: Vec<Uncertain> = Vec::new();
        for item in self.engine.scan(Table::Uncertain, &id.to_key()) {
            let (key, at) = item?;
            let Some((_, rest)) = key.split_last_chunk::<5>().map(|(id, rest)| (id, *rest)) else {
                continue;
            };
            let [a, b, c, d, _attempt] = rest;
            let seq = u32::from_be_bytes([a, b, c, d]);
            if let Some(again) = all.last_mut().filter(|last| last.recipient.0 == seq) {
                again.copies = again.copies.saturating_add(1);
                continue;
            }
            if all.len() == most {
                break;
            }
            let Some(recipient) = self.recipient(id, seq)? else {
                continue;
            };
            all.push(Uncertain {
                recipient: (seq, recipient),
                since: postcard::from_bytes(&at)?,
                copies: 1,
                last: self.last_outcome(id, seq)?,
            });
        }
        Ok(all)
    }

    fn last_outcome(&self, id: MailingId, seq: u32) -> Result<Option<Outcome>, Error> {
        let key = [id.to_key().as_slice(), &seq.to_be_bytes()].concat();
        let Some(last) = self.engine.scan(Table::Ledger, &key).last() else {
            return Ok(None);
        };
        let entry: Entry = postcard::from_bytes(&last?.1)?;
        Ok(entry.outcome)
    }

    /// Lets go of the running counts of a mailing that is over; of a conveyed one also of plan and ledger.
    pub async fn settle(&self, id: MailingId) -> Result<(), Error> {
        lock(&self.tallies).0.remove(&id);
        if id.series == Series::Conveyed {
            for table in PER_RECIPIENT {
                self.clear(table, id).await?;
            }
        }
        Ok(())
    }

    /// Forgets who was in the plans of mailings that were over before then, and what became of each copy: the totals stay.
    /// Returns how many mailings that were.
    pub async fn forget_deliveries(&self, before: Timestamp) -> Result<usize, Error> {
        let mut forgotten = 0;
        for id in self.in_state(Kind::Closed)? {
            let Some(State::Closed(closed)) = self.mailing(id)? else {
                continue;
            };
            let has_plan = self.engine.keys(Table::Plans, &id.to_key()).next().is_some();
            if closed.closed_at() < before && has_plan {
                // The plan last: a crash between the two is gone on with.
                self.clear(Table::Ledger, id).await?;
                self.clear(Table::Plans, id).await?;
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }

    /// Adds to the batch: of a conveyed mailing that is over, plan and ledger go, when they are short.
    pub(super) fn unplan(&self, batch: &mut Batch, id: MailingId) -> Result<(), Error> {
        for table in PER_RECIPIENT {
            for key in self.engine.keys(table, &id.to_key()).take(SHORT) {
                batch.delete(table, &key?);
            }
        }
        Ok(())
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

/// One row of a packet; the address is one text.
#[derive(Serialize, Deserialize)]
struct Planned<'a> {
    local: &'a str,
    domain: &'a str,
    contact: Option<ContactId>,
}

impl<'a> Planned<'a> {
    fn of((address, contact): (Mailbox<'a>, Option<ContactId>)) -> Self {
        let Mailbox { local, domain } = address;
        Self { local, domain, contact }
    }

    fn recipient(self) -> Result<Recipient, Error> {
        let Self { local, domain, contact } = self;
        let address = Mailbox { local, domain }.to_address();
        Ok(Recipient {
            address: address.map_err(|_invalid| Error::Unreadable("an address of a plan".to_owned()))?,
            contact,
        })
    }
}

/// The rows of a packet, numbered from its first.
fn rows(first: u32, packet: Vec<u8>) -> impl Iterator<Item = Result<(u32, Recipient), Error>> {
    let (mut at, mut number) = (0, first);
    std::iter::from_fn(move || {
        let rest = packet.get(at..).filter(|rest| !rest.is_empty())?;
        let row = postcard::take_from_bytes::<Planned<'_>>(rest).map_err(Error::from);
        let row = row.and_then(|(row, left)| Ok((row.recipient()?, left.len())));
        // What cannot be read is told once.
        at = row.as_ref().map_or(packet.len(), |(_, left)| packet.len() - left);
        number += 1;
        Some(row.map(|(recipient, _)| (number - 1, recipient)))
    })
}

fn first_of(key: &[u8]) -> u32 {
    key.last_chunk::<4>().map_or(0, |first| u32::from_be_bytes(*first))
}

fn packet_key(id: MailingId, number: u32) -> Vec<u8> {
    [id.to_key().as_slice(), &number.to_be_bytes()].concat()
}

fn entry_key(id: MailingId, seq: u32, attempt: u8) -> Vec<u8> {
    [id.to_key().as_slice(), &seq.to_be_bytes(), &[attempt]].concat()
}
