//! What came back, kept until it is read.

use super::engine::{BATCH_OPERATIONS_MAX, Batch, Table};
use super::suppressions::MARK_OCTETS;
use super::{Error, Store};
use crate::mail::{Address, Timestamp};
use crate::model::{
    Came, CameBack, Contact, Event, MailingId, Mark, Recipient, Report, Soft, Suppression, WrongRecord,
};

/// Whom a copy reached, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Whom.
    pub recipient: Recipient,
    /// Through which lists; none when the author named them.
    pub lists: Vec<Address>,
    /// Whether no page may name the lists.
    pub is_sensitive: bool,
}

/// What follows from a report, written in one commit.
#[derive(Debug, Default)]
pub struct Settled<'a> {
    /// What is kept of it for its mailing.
    pub came: Option<Came>,
    /// The address is not to be written to, so far and for these reasons.
    pub suppressions: Option<(&'a Address, &'a [Suppression])>,
    /// It counts against the address.
    pub soft: Option<(&'a Address, Soft)>,
    /// The master list is wrong.
    pub wrong: Option<WrongRecord>,
    /// What the audit trail says of it.
    pub event: Option<Event>,
}

impl Store {
    /// Keeps a report: on the disk when this returns. What came twice is kept once.
    pub async fn put_report(&self, report: &Report) -> Result<(), Error> {
        let mut batch = Batch::default();
        Self::enter_report(&mut batch, report)?;
        self.engine.commit(batch).await
    }

    /// Adds a report to a batch.
    pub(super) fn enter_report(batch: &mut Batch, report: &Report) -> Result<(), Error> {
        let record = postcard::to_allocvec(report)?;
        let key = report_key(report);
        for (number, chunk) in (0u8..).zip(record.chunks(super::engine::VALUE_BYTES_MAX)) {
            batch.put(Table::Reports, &[key.as_slice(), &[number]].concat(), chunk.to_vec());
        }
        Ok(())
    }

    /// Costs what keeping this report would, and keeps nothing of it: somebody forged its token, and shall not learn that
    /// from the answer, nor from how long it took. One place is overwritten again and again.
    pub async fn put_forged(&self, report: &Report) -> Result<(), Error> {
        let record = postcard::to_allocvec(report)?;
        let mut batch = Batch::default();
        for (number, chunk) in (0u8..).zip(record.chunks(super::engine::VALUE_BYTES_MAX)) {
            batch.put(Table::Forged, &[number], vec![0; chunk.len()]);
        }
        self.engine.commit(batch).await
    }

    /// The oldest report not yet read.
    pub fn next_report(&self) -> Result<Option<Report>, Error> {
        let Some(first) = self.engine.scan(Table::Reports, &[]).next() else {
            return Ok(None);
        };
        let (key, _) = first?;
        let key = key.split_last().map(|(_, key)| key).unwrap_or_default();
        let mut record = Vec::new();
        for item in self.engine.scan(Table::Reports, key) {
            record.extend_from_slice(&item?.1);
        }
        Ok(Some(postcard::from_bytes(&record)?))
    }

    /// Through which lists of a mailing a copy reached its recipient, and who that was; `None` when the plan is no longer
    /// kept. To unsubscribe is to leave these lists.
    pub fn reached(&self, mailing: MailingId, seq: u32, now: Timestamp) -> Result<Option<Reached>, Error> {
        let Some((recipient, state)) = self.recipient(mailing, seq)?.zip(self.mailing(mailing)?) else {
            return Ok(None);
        };
        let contact = recipient.contact.map(|id| self.contact(id)).transpose()?.flatten();
        let audience = &state.mailing().audience;
        let lists = audience.lists_reaching(contact.as_ref().map(Contact::glance).as_ref(), now);
        let is_sensitive = audience.is_sensitive();
        Ok(Some(Reached {
            recipient,
            lists,
            is_sensitive,
        }))
    }

    /// Drops a report that has been read, with what follows from it in the same commit. An address that is suppressed
    /// already keeps its first reason; what came back of a copy twice is kept once.
    pub async fn settle_report(&self, report: &Report, settled: &Settled<'_>) -> Result<(), Error> {
        let mut batch = Batch::default();
        for item in self.engine.scan(Table::Reports, &report_key(report)) {
            batch.delete(Table::Reports, &item?.0);
        }
        if let Some(came) = settled.came {
            let key = [
                report.mailing.to_key().as_slice(),
                &report.seq.to_be_bytes(),
                &[came.kind()],
            ]
            .concat();
            batch.put(Table::Returns, &key, postcard::to_allocvec(&(report.at, came))?);
        }
        if let Some((address, suppressions)) = settled.suppressions {
            self.put_suppressions(&mut batch, address, suppressions)?;
        }
        if let Some((address, soft)) = settled.soft {
            batch.put(Table::Softs, &soft_key(&self.mark(address), &soft), vec![soft.weight]);
        }
        if let Some(wrong) = &settled.wrong {
            let key = wrong.contact.0.to_be_bytes();
            batch.put(Table::WrongRecords, &key, postcard::to_allocvec(wrong)?);
        }
        if let Some(event) = &settled.event {
            batch.append(postcard::to_allocvec(event)?);
        }
        self.engine.commit(batch).await
    }

    /// What came back of a mailing's copies: of which recipient of its plan, when, and what.
    pub fn returns(&self, mailing: MailingId) -> impl Iterator<Item = Result<(u32, Timestamp, Came), Error>> + use<> {
        self.engine.scan(Table::Returns, &mailing.to_key()).map(|item| {
            let (key, value) = item?;
            let seq = key
                .get(7..11)
                .and_then(|seq| seq.try_into().ok())
                .map_or(0, u32::from_be_bytes);
            let (at, came) = postcard::from_bytes(&value)?;
            Ok((seq, at, came))
        })
    }

    /// What came back of one copy: when, and what.
    pub fn returns_of(
        &self,
        mailing: MailingId,
        seq: u32,
    ) -> impl Iterator<Item = Result<(Timestamp, Came), Error>> + use<> {
        let key = [mailing.to_key().as_slice(), &seq.to_be_bytes()].concat();
        let items = self.engine.scan(Table::Returns, &key);
        items.map(|item| Ok(postcard::from_bytes(&item?.1)?))
    }

    /// The same, counted.
    pub fn came_back(&self, mailing: MailingId) -> Result<CameBack, Error> {
        let mut counts = CameBack::default();
        for item in self.returns(mailing) {
            let (_, _, came) = item?;
            counts.count(came);
        }
        Ok(counts)
    }

    /// What came back from an address and may pass, oldest first.
    pub fn softs(&self, address: &Address) -> Result<Vec<Soft>, Error> {
        self.engine
            .scan(Table::Softs, &self.mark(address))
            .map(|item| {
                let (key, value) = item?;
                soft(&key, &value).ok_or_else(|| Error::Unreadable("a soft bounce".to_owned()))
            })
            .collect()
    }

    /// Forgets what came back before then and may pass; returns how much that was.
    pub async fn forget_softs(&self, before: Timestamp) -> Result<usize, Error> {
        let mut forgotten = 0;
        let mut batch = Batch::default();
        for key in self.engine.keys(Table::Softs, &[]) {
            let key = key?;
            if soft(&key, &[]).is_none_or(|soft| soft.at < before) {
                batch.delete(Table::Softs, &key);
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

    /// Records of the master list that are wrong, and whose office is not told yet.
    pub fn wrong_records(&self) -> Result<Vec<WrongRecord>, Error> {
        let records = self.engine.scan(Table::WrongRecords, &[]);
        records.map(|item| Ok(postcard::from_bytes(&item?.1)?)).collect()
    }

    /// Their offices are told of these.
    pub async fn told_wrong_records(&self, records: &[WrongRecord]) -> Result<(), Error> {
        for some in records.chunks(BATCH_OPERATIONS_MAX) {
            let mut batch = Batch::default();
            for record in some {
                batch.delete(Table::WrongRecords, &record.contact.0.to_be_bytes());
            }
            self.engine.commit(batch).await?;
        }
        Ok(())
    }
}

/// Mark, time, mailing.
fn soft_key(mark: &Mark, soft: &Soft) -> Vec<u8> {
    let at = soft.at.as_micros().to_be_bytes();
    [mark.as_slice(), &at, &soft.mailing.to_key()].concat()
}

fn soft(key: &[u8], value: &[u8]) -> Option<Soft> {
    let (_, rest) = key.split_first_chunk::<MARK_OCTETS>()?;
    let (at, mailing) = rest.split_first_chunk::<8>()?;
    Some(Soft {
        at: Timestamp::from_micros(i64::from_be_bytes(*at)),
        mailing: MailingId::from_key(mailing.try_into().ok()?)?,
        weight: value.first().copied().unwrap_or(1),
    })
}

fn report_key(report: &Report) -> Vec<u8> {
    let at = report.at.as_micros().to_be_bytes();
    [
        at.as_slice(),
        &report.mailing.to_key(),
        &report.seq.to_be_bytes(),
        &[report.kind as u8],
    ]
    .concat()
}
