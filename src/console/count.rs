//! How many a mailing would reach, kept for a while: counting reads the whole master list.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::State as Console;
use crate::mail::Timestamp;
use crate::model::Audience;
use crate::model::lifecycle::State;
use crate::stage::review::{Count, Refusal};

/// How long a count is shown before it is taken again. The page says when it was taken.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// Counts that are kept.
const KEPT_MAX: usize = 1_000;

/// A count, and when it was taken.
#[derive(Debug)]
pub(super) struct Counted {
    /// The count.
    pub(super) count: Count,
    /// When.
    pub(super) at: Timestamp,
}

/// The counts taken lately, by whom they count: mailings to one audience share one.
#[derive(Debug, Default)]
pub(super) struct Counts {
    kept: Mutex<HashMap<String, Arc<Counted>>>,
    /// Whoever counts holds it, so that two pages do not count the same people side by side.
    counting: Mutex<()>,
}

impl Counts {
    /// The count of a mailing; takes it when there is none, or an old one. Blocks while it does.
    pub(super) fn of(&self, console: &Console, state: &State) -> Result<Arc<Counted>, Refusal> {
        let audience = audience(state);
        let now = console.clock.now();
        let fresh = || self.find(&audience).filter(|counted| now.since(counted.at) < FRESH);
        if let Some(counted) = fresh() {
            return Ok(counted);
        }
        let _turn = lock(&self.counting);
        if let Some(counted) = fresh() {
            return Ok(counted);
        }
        let counted = Arc::new(Counted {
            count: console.desk.count(state)?,
            at: now,
        });
        let mut kept = lock(&self.kept);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(audience, Arc::clone(&counted));
        Ok(counted)
    }

    /// The same, but past `until` only what is known already, however old.
    pub(super) fn lately(
        &self,
        console: &Console,
        state: &State,
        until: Instant,
    ) -> Result<Option<Arc<Counted>>, Refusal> {
        if Instant::now() < until {
            self.of(console, state).map(Some)
        } else {
            Ok(self.find(&audience(state)))
        }
    }

    /// Takes another count, when no other is being taken.
    pub(super) fn alone<T>(&self, count: impl FnOnce() -> T) -> T {
        let _turn = lock(&self.counting);
        count()
    }

    fn find(&self, audience: &str) -> Option<Arc<Counted>> {
        lock(&self.kept).get(audience).map(Arc::clone)
    }
}

/// What a count depends on, of a mailing: whom it is for, and for what.
fn audience(state: &State) -> String {
    let mailing = state.mailing();
    match &mailing.audience {
        Audience::Named => mailing.id.to_string(),
        lists @ Audience::Lists { .. } => format!("{:?} {lists:?}", mailing.category),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these guard is whole after every statement, so a panic elsewhere has not spoilt it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
