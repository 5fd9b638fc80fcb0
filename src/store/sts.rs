//! What domains say of their exchangers (MTA-STS): kept until its time is up, over a restart as well.
//!
//! Records are the router's own; this room keeps them, and until when.
//!
//! # Standards
//! RFC 8461 §5.1: what was said holds for its time, even when nobody can be asked.

use super::engine::{Batch, Table};
use super::{Error, Store, long};
use crate::mail::{Domain, Timestamp};
use crate::model::Mark;

/// Octets in front of a record: until when it holds, in microseconds.
const UNTIL_OCTETS: usize = 8;

impl Store {
    /// What a domain said; `None` once its time is up.
    pub fn sts_policy(&self, domain: &Domain, now: Timestamp) -> Result<Option<Vec<u8>>, Error> {
        let kept = long::read(&self.engine, Table::StsPolicies, &self.sts_key(domain))?;
        let (until, record) = parts(&kept.bytes);
        Ok((now < until).then(|| record.to_vec()))
    }

    /// Keeps what a domain says, of at most 64 KiB, until then; what was kept before is replaced.
    pub async fn keep_sts_policy(&self, domain: &Domain, record: &[u8], until: Timestamp) -> Result<(), Error> {
        let key = self.sts_key(domain);
        let value = [&until.as_micros().to_be_bytes(), record].concat();
        let mut batch = Batch::default();
        let before = long::read(&self.engine, Table::StsPolicies, &key)?;
        batch.writes = before.replace(Table::StsPolicies, &key, &value)?;
        self.engine.commit(batch).await
    }

    /// Forgets what has had its time; returns how many domains are left.
    pub async fn forget_sts_policies(&self, now: Timestamp) -> Result<usize, Error> {
        let (mut left, mut old) = (0, Vec::new());
        for key in self.engine.keys(Table::StsPolicies, &[]) {
            let key = key?;
            let Some((0, key)) = key.split_last() else { continue };
            let kept = long::read(&self.engine, Table::StsPolicies, key)?;
            match parts(&kept.bytes).0 <= now {
                true => old.push((key.to_vec(), kept)),
                false => left += 1,
            }
        }
        for (key, kept) in old {
            let mut batch = Batch::default();
            // Unless it was said again meanwhile.
            kept.assert(&mut batch, Table::StsPolicies, &key);
            batch.writes = kept.replace(Table::StsPolicies, &key, &[])?;
            match self.engine.commit(batch).await {
                Ok(()) => {}
                Err(Error::Conflict) => left += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(left)
    }

    /// A domain may name somebody: keys bear none.
    fn sts_key(&self, domain: &Domain) -> Mark {
        self.marker.mark(&format!("sts {domain}"))
    }
}

/// Until when a value holds, and the record in it; one that is cut short holds no longer.
fn parts(value: &[u8]) -> (Timestamp, &[u8]) {
    match value.split_first_chunk::<UNTIL_OCTETS>() {
        Some((until, record)) => (Timestamp::from_micros(i64::from_be_bytes(*until)), record),
        None => (Timestamp::from_micros(i64::MIN), &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{at, home};

    fn domain(name: &str) -> Domain {
        name.parse().expect("valid")
    }

    #[tokio::test]
    async fn what_a_domain_says_holds_until_its_time_is_up_and_no_longer() {
        let home = home();
        let store = &home.store;
        let (here, there) = (domain("example.com"), domain("example.net"));
        // As long as the longest policy.
        let long = vec![7; 64 * 1024];
        store.keep_sts_policy(&here, b"first", at(100)).await.expect("keeps");
        store.keep_sts_policy(&here, &long, at(200)).await.expect("keeps");
        store.keep_sts_policy(&there, b"there", at(300)).await.expect("keeps");
        assert_eq!(store.sts_policy(&here, at(199)).expect("reads"), Some(long));
        assert_eq!(store.sts_policy(&here, at(200)).expect("reads"), None);
        assert_eq!(store.sts_policy(&domain("example.org"), at(1)).expect("reads"), None);
        assert_eq!(store.forget_sts_policies(at(200)).await.expect("forgets"), 1);
        assert_eq!(store.sts_policy(&here, at(1)).expect("reads"), None);
        assert_eq!(store.engine.keys(Table::StsPolicies, &[]).count(), 1, "no part is left");
        assert_eq!(
            store.sts_policy(&there, at(299)).expect("reads").as_deref(),
            Some(b"there".as_slice())
        );
    }
}
