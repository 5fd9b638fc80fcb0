//! Counts: how many a mailing would reach, remembered for as long as nothing has changed it.
//!
//! Counting reads the whole master list, a second's work for half a million people. Whoever presses a button has just
//! looked at the page that counted; they need not wait for the same count again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::decide::audience::{Count, Purpose};
use crate::mail::Timestamp;
use crate::model::Audience;
use crate::store::{Bell, Store, Table};

/// How long a count holds when nothing changes: consent runs out, and a week of mailings passes, without a commit.
const HOLDS: Duration = Duration::from_secs(60);
/// Counts that are remembered.
const KEPT_MAX: usize = 64;
/// What a count is read from.
const READ: [Table; 4] = [Table::Contacts, Table::Suppressions, Table::Plans, Table::History];

/// The counts taken lately.
#[derive(Debug)]
pub(super) struct Counts(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    bells: Vec<Bell>,
    /// How often something had changed when it was asked.
    changes: u64,
    counts: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    audience: Audience,
    purpose: Purpose,
    at: Timestamp,
    count: Count,
}

impl Counts {
    pub(super) fn of(store: &Store) -> Self {
        Self(Mutex::new(Kept {
            bells: READ.map(|table| store.watch(table)).into(),
            changes: 0,
            counts: Vec::new(),
        }))
    }

    /// The count of an audience as it stands; `count` takes it, when nobody has since the last change.
    pub(super) fn get<E>(
        &self,
        (audience, purpose): (&Audience, Purpose),
        now: Timestamp,
        count: impl FnOnce() -> Result<Count, E>,
    ) -> Result<Count, E> {
        let (known, before) = {
            let kept = self.look(now);
            (kept.find(audience, purpose), kept.changes)
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let count = count()?;
        let mut kept = self.look(now);
        // What changed while it was counted may be in it, or not.
        if kept.changes == before {
            kept.counts.truncate(KEPT_MAX - 1);
            let (audience, count) = (audience.clone(), count.clone());
            kept.counts.insert(
                0,
                Known {
                    audience,
                    purpose,
                    at: now,
                    count,
                },
            );
        }
        Ok(count)
    }

    /// What still holds.
    fn look(&self, now: Timestamp) -> MutexGuard<'_, Kept> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.bells.iter_mut().any(Bell::has_rung) {
            kept.changes += 1;
            kept.counts.clear();
        }
        kept.counts.retain(|known| now.since(known.at) < HOLDS);
        kept
    }
}

impl Kept {
    fn find(&self, audience: &Audience, purpose: Purpose) -> Option<Count> {
        let is_it = |known: &&Known| known.purpose == purpose && known.audience == *audience;
        self.counts.iter().find(is_it).map(|known| known.count.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::audience::Purpose;
    use crate::mail::Address;
    use crate::model::{Act, Category, Event, Lane, Scope, Suppression, SuppressionReason};
    use crate::store::{Error, MasterKey, Settings};

    #[tokio::test]
    async fn a_count_holds_until_something_changes_or_a_minute_has_passed() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&Settings {
            data_dir: dir.path().to_owned(),
            free_bytes_min: 0,
            master: MasterKey::new(&[9; 32]),
        });
        let store = store.expect("opens");
        let counts = Counts::of(&store);
        let audience = Audience::Lists {
            segments: vec![],
            people: vec![],
        };
        let asked = (&audience, Purpose::of(Category::Informational, Lane::Bulk));
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let taken = std::cell::Cell::new(0);
        let get = |now| {
            let count = || {
                taken.set(taken.get() + 1);
                Ok::<_, Error>(Count::default())
            };
            counts.get(asked, now, count).expect("counts");
            taken.get()
        };
        assert_eq!((get(at(0)), get(at(59))), (1, 1));
        assert_eq!(get(at(61)), 2);
        let suppression = Suppression {
            scope: Scope::Everything,
            reason: SuppressionReason::Unsubscribed,
            at: at(62),
            contact: None,
            mailing: None,
            note: String::new(),
        };
        let event = Event {
            at: at(62),
            by: "gateway".to_owned(),
            act: Act::Suppressed,
            mailing: None,
            note: String::new(),
        };
        let ann: Address = "ann@outside.example".parse().expect("valid");
        store.suppress(&ann, &[suppression], event).await.expect("commits");
        assert_eq!((get(at(63)), get(at(63))), (3, 3));
    }
}
