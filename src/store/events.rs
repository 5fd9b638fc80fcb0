//! The audit trail: append only, each line bound to the one before by its hash. Law 7 of the gateway.

use super::engine::{BATCH_OPERATIONS_MAX, Batch, Table};
use super::sled::line_hash;
use super::{Error, Outgoing, Store};
use crate::mail::Timestamp;
use crate::model::Event;

/// Where the chain begins: the number of its first line, and the hash that is bound to.
const BEGINS_KEY: &[u8] = b"trail";

/// One line of the trail, with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Counts from 0, without gaps.
    pub number: u64,
    /// What happened.
    pub event: Event,
}

/// Where the trail was tampered with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the audit trail is broken at line {number}: {what}")]
pub struct Broken {
    /// The first line that does not fit.
    pub number: u64,
    /// How.
    pub what: &'static str,
}

impl Store {
    /// Adds one line.
    pub async fn log(&self, event: Event) -> Result<(), Error> {
        let mut batch = Batch::default();
        batch.append(postcard::to_allocvec(&event)?);
        self.engine.commit(batch).await
    }

    /// Adds one line, with the mail that tells of it.
    pub async fn tell(&self, event: Event, outgoing: Vec<Outgoing>) -> Result<(), Error> {
        let mut batch = Batch::default();
        batch.append(postcard::to_allocvec(&event)?);
        self.send(batch, outgoing).await
    }

    /// The lines, newest first.
    pub fn events(&self) -> impl Iterator<Item = Result<Logged, Error>> + use<> {
        self.engine.scan(Table::Events, &[]).rev().map(|item| {
            let (key, record) = item?;
            let (number, _, line) = parts(&key, &record)?;
            Ok(Logged {
                number,
                event: postcard::from_bytes(line)?,
            })
        })
    }

    /// Forgets the lines before then, but for the newest; where the chain begins from then on is kept, so that what is left
    /// is verified as before. Returns how many.
    pub async fn forget_events(&self, before: Timestamp) -> Result<usize, Error> {
        let mut forgotten = 0;
        loop {
            let (mut batch, mut begins) = (Batch::default(), None);
            let mut lines = self.engine.scan(Table::Events, &[]).peekable();
            while let Some(item) = lines.next() {
                let (key, record) = item?;
                let (number, _, line) = parts(&key, &record)?;
                let event: Event = postcard::from_bytes(line)?;
                // One is always left: the next line is bound to it.
                if event.at >= before || lines.peek().is_none() || batch.len() == BATCH_OPERATIONS_MAX - 1 {
                    break;
                }
                batch.delete(Table::Events, &key);
                begins = Some((number + 1, line_hash(number, &record)));
            }
            let Some(begins) = begins else { return Ok(forgotten) };
            forgotten += batch.len();
            batch.put(Table::About, BEGINS_KEY, postcard::to_allocvec(&begins)?);
            self.engine.commit(batch).await?;
        }
    }

    /// Walks the whole chain. Returns how many lines it has and the hash of the last, or where it is broken.
    pub fn verify_events(&self) -> Result<Result<(u64, [u8; 32]), Broken>, Error> {
        let begins = self.engine.read(Table::About, BEGINS_KEY)?;
        let begins: Option<(u64, [u8; 32])> = begins.as_deref().map(postcard::from_bytes).transpose()?;
        let (mut expected, mut hash) = begins.unwrap_or((0, [0; 32]));
        for item in self.engine.scan(Table::Events, &[]) {
            let (key, record) = item?;
            let (number, before, _) = parts(&key, &record)?;
            if number != expected {
                return Ok(Err(Broken {
                    number: expected,
                    what: "it is missing",
                }));
            }
            if before != hash {
                return Ok(Err(Broken {
                    number,
                    what: "it, or the line before it, was changed",
                }));
            }
            hash = line_hash(number, &record);
            expected += 1;
        }
        Ok(Ok((expected, hash)))
    }
}

/// Number, hash of the line before, and the line itself.
fn parts<'a>(key: &[u8], record: &'a [u8]) -> Result<(u64, [u8; 32], &'a [u8]), Error> {
    let unreadable = || Error::Unreadable("a line of the audit trail".to_owned());
    let number = key.try_into().map(u64::from_be_bytes).map_err(|_length| unreadable())?;
    let (before, line) = record.split_first_chunk::<32>().ok_or_else(unreadable)?;
    Ok((number, *before, line))
}
