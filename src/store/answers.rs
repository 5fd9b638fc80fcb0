//! What people wrote back to notices, kept until it is acted on.

use super::engine::{Batch, Table};
use super::{Error, Outgoing, Store};
use crate::mail::Timestamp;
use crate::model::Answer;
use crate::model::lifecycle::State;

/// The day of the last digest, in [`Table::About`].
const DIGEST_KEY: &[u8] = b"digest";

impl Store {
    /// Keeps an answer: on the disk when this returns. What came twice is kept once.
    pub async fn put_answer(&self, answer: &Answer) -> Result<(), Error> {
        let mut batch = Batch::default();
        let record = postcard::to_allocvec(answer)?;
        let chunks = record.chunks(super::engine::VALUE_BYTES_MAX);
        for (number, chunk) in (0u8..).zip(chunks) {
            batch.put(
                Table::Answers,
                &[key(answer).as_slice(), &[number]].concat(),
                chunk.to_vec(),
            );
        }
        self.engine.commit(batch).await
    }

    /// The oldest answer not yet acted on.
    pub fn next_answer(&self) -> Result<Option<Answer>, Error> {
        let Some(first) = self.engine.scan(Table::Answers, &[]).next() else {
            return Ok(None);
        };
        let (key, _) = first?;
        let key = key.split_last().map(|(_, key)| key).unwrap_or_default();
        let mut record = Vec::new();
        for item in self.engine.scan(Table::Answers, key) {
            record.extend_from_slice(&item?.1);
        }
        Ok(Some(postcard::from_bytes(&record)?))
    }

    /// Drops an answer that was acted on, with the mail that tells of it.
    pub async fn settle_answer(&self, answer: &Answer, outgoing: Vec<Outgoing>) -> Result<(), Error> {
        let mut batch = Batch::default();
        for item in self.engine.scan(Table::Answers, &key(answer)) {
            batch.delete(Table::Answers, &item?.0);
        }
        self.send(batch, outgoing).await
    }

    /// The day of the last digest.
    pub fn digest_day(&self) -> Result<Option<String>, Error> {
        let day = self.engine.read(Table::About, DIGEST_KEY)?;
        Ok(day.map(|day| String::from_utf8_lossy(&day).into_owned()))
    }

    /// Sends the digests of a day, and notes the day in the same commit.
    pub async fn put_digests(&self, day: &str, outgoing: Vec<Outgoing>) -> Result<(), Error> {
        let mut batch = Batch::default();
        batch.put(Table::About, DIGEST_KEY, day.as_bytes().to_vec());
        self.send(batch, outgoing).await
    }

    /// Commits, with mail that leaves.
    pub(super) async fn send(&self, mut batch: Batch, outgoing: Vec<Outgoing>) -> Result<(), Error> {
        let mut names = Vec::new();
        for out in outgoing {
            let state = State::Released(out.state);
            names.push(state.id().to_string());
            self.enter(&mut batch, &state, out.message).await?;
        }
        self.commit_spooled(batch, &names).await
    }
}

fn key(answer: &Answer) -> Vec<u8> {
    let at: Timestamp = answer.at;
    [at.as_micros().to_be_bytes().as_slice(), &answer.mailing.to_key()].concat()
}
