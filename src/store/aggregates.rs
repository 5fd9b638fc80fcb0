//! What other hosts report of all mail that bears our names, kept for a year.

use aws_lc_rs::digest;

use super::engine::{BATCH_OPERATIONS_MAX, Batch, Table, VALUE_BYTES_MAX};
use super::{Error, Store};
use crate::mail::Timestamp;
use crate::model::{Aggregate, Letterbox, Posted};

/// Octets of a key before the chunk's number: kind, end of what it is about, beginning of a hash.
const KEY_OCTETS: usize = 1 + 8 + 8;
/// Reports of one kind that are kept for one day: whoever sends more drowns nobody.
const A_DAY_MAX: usize = 2_000;
/// Octets of one report: what is kept of it goes in one commit.
const BYTES_MAX: usize = VALUE_BYTES_MAX * (BATCH_OPERATIONS_MAX / 2);
/// Microseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

impl Store {
    /// Drops what has been read from a letterbox, and keeps the report it was in the same commit. A report that came
    /// twice is kept once. Returns whether it is kept: there may be no more room for its day.
    pub async fn settle_aggregate(&self, posted: &Posted, aggregate: &Aggregate) -> Result<bool, Error> {
        let mut batch = Batch::default();
        self.drop_posted(&mut batch, posted)?;
        let record = postcard::to_allocvec(aggregate)?;
        let key = key(posted.letterbox, aggregate);
        let day = aggregate.until.as_micros().div_euclid(DAY).saturating_mul(DAY);
        let of_day = self.aggregate_keys(posted.letterbox, day, day.saturating_add(DAY));
        let is_kept = record.len() <= BYTES_MAX && of_day.take(A_DAY_MAX).count() < A_DAY_MAX;
        if is_kept {
            // An earlier one of that name may have been longer.
            for item in self.engine.keys(Table::Aggregates, &key) {
                batch.delete(Table::Aggregates, &item?);
            }
            for (number, chunk) in (0u8..).zip(record.chunks(VALUE_BYTES_MAX)) {
                batch.put(Table::Aggregates, &[key.as_slice(), &[number]].concat(), chunk.to_vec());
            }
        }
        self.engine.commit(batch).await?;
        Ok(is_kept)
    }

    /// What was reported to a letterbox of times that ended since then, oldest first.
    pub fn aggregates(&self, letterbox: Letterbox, since: Timestamp) -> impl Iterator<Item = Result<Aggregate, Error>> {
        self.aggregate_keys(letterbox, since.as_micros(), i64::MAX).map(|key| {
            let record = self.engine.together(Table::Aggregates, &key?)?;
            Ok(postcard::from_bytes(&record)?)
        })
    }

    /// Forgets reports of times that ended before then; returns how many that were.
    pub async fn forget_aggregates(&self, before: Timestamp) -> Result<usize, Error> {
        let mut forgotten = 0;
        for letterbox in [Letterbox::Dmarc, Letterbox::Tls] {
            let old: Vec<_> = self.aggregate_keys(letterbox, i64::MIN, before.as_micros()).collect();
            for key in old {
                let mut batch = Batch::default();
                for chunk in self.engine.keys(Table::Aggregates, &key?) {
                    batch.delete(Table::Aggregates, &chunk?);
                }
                self.engine.commit(batch).await?;
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }

    /// Keys, without the chunk's number, of reports on times that ended between these.
    fn aggregate_keys(
        &self,
        letterbox: Letterbox,
        since: i64,
        until: i64,
    ) -> impl Iterator<Item = Result<Vec<u8>, Error>> + use<> {
        self.engine
            .keys(Table::Aggregates, &[letterbox as u8])
            .filter_map(move |key| match key {
                Ok(key) => {
                    let (number, key) = key.split_last()?;
                    let ended = key.get(1..9)?.try_into().ok().map(i64::from_be_bytes)?;
                    (*number == 0 && (since..until).contains(&ended)).then(|| Ok(key.to_vec()))
                }
                Err(error) => Some(Err(error)),
            })
    }
}

/// Kind, end of what it is about, and who reports it under which name.
fn key(letterbox: Letterbox, aggregate: &Aggregate) -> Vec<u8> {
    let named = format!("{}\n{}", aggregate.organization, aggregate.id);
    let hash = digest::digest(&digest::SHA256, named.as_bytes());
    let mut key = Vec::with_capacity(KEY_OCTETS);
    key.push(letterbox as u8);
    key.extend_from_slice(&aggregate.until.as_micros().to_be_bytes());
    key.extend_from_slice(hash.as_ref().get(..8).unwrap_or_default());
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Saw;
    use crate::store::tests::{at, home};

    fn posted(at: Timestamp) -> Posted {
        Posted {
            letterbox: Letterbox::Dmarc,
            at,
            message: b"From: reports@provider.example\r\n\r\n".to_vec(),
        }
    }

    fn aggregate(id: &str, until: Timestamp) -> Aggregate {
        Aggregate {
            organization: "provider.example".to_owned(),
            id: id.to_owned(),
            from: until,
            until,
            saw: Saw::Unreadable("for a test".to_owned()),
        }
    }

    #[tokio::test]
    async fn a_report_that_comes_twice_is_kept_once_and_forgotten_after_its_time() {
        let home = home();
        let store = &home.store;
        for (id, until) in [("a", 1_000), ("a", 1_000), ("b", 200_000)] {
            let posted = posted(at(300_000));
            store.put_posted(&posted).await.expect("kept");
            assert!(
                store
                    .settle_aggregate(&posted, &aggregate(id, at(until)))
                    .await
                    .expect("settled")
            );
        }
        let ids = |since: i64| -> Vec<String> {
            let kept = store.aggregates(Letterbox::Dmarc, at(since));
            kept.map(|kept| kept.expect("readable").id).collect()
        };
        assert_eq!(ids(0), ["a", "b"]);
        assert_eq!(ids(2_000), ["b"]);
        assert_eq!(store.aggregates(Letterbox::Tls, at(0)).count(), 0);
        assert!(store.next_posted().expect("readable").is_none());
        assert_eq!(store.forget_aggregates(at(2_000)).await.expect("forgets"), 1);
        assert_eq!(ids(0), ["b"]);
    }
}
