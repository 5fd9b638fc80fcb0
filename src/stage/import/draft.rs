//! The way to the store: rows in, a comparison, and the change. All that importing knows of how that is done.

use std::sync::Arc;

use serde::Serialize;

use super::{Error, Step, Tell};
use crate::decide::feed::Drift;
use crate::mail::Timestamp;
use crate::model::{Event, FeedRow};
use crate::store::{Difference, FeedDraft, FeedPlan, Store};

/// Contacts between two words of progress.
const CONTACTS_A_STEP: u64 = 1_000;

/// Good rows, on their way.
pub(super) struct Draft {
    rows: u64,
    draft: FeedDraft,
}

/// What would change.
#[derive(Debug, Default, Serialize)]
pub struct Plan {
    /// Contacts the master list did not have.
    pub added: u64,
    /// Contacts whose record changes.
    pub changed: u64,
    /// Contacts that are as the feed says.
    pub unchanged: u64,
    /// Contacts the office lists no more.
    pub removed: u64,
    /// Contacts the office listed before.
    pub had: u64,
    /// Rows that stand for a person whom another row stands for too.
    pub merged: u64,
    /// A few of the differences, masked.
    pub samples: Vec<Difference>,
}

/// A change that is ready.
pub(super) struct Ready(FeedPlan);

impl Draft {
    pub(super) fn new(store: &Store, source: &str, now: Timestamp) -> Result<Self, Error> {
        Ok(Self {
            rows: 0,
            draft: store.draft_feed(source, now)?,
        })
    }

    /// Keeps a row. Blocks.
    pub(super) fn push(&mut self, row: FeedRow) -> Result<(), Error> {
        self.rows += 1;
        Ok(self.draft.push(row)?)
    }

    /// Compares it with the master list. Blocks.
    pub(super) fn compare(self, tell: &Tell) -> Result<(Plan, Ready), Error> {
        let of = self.rows;
        let plan = self.draft.plan(|done| {
            if done.is_multiple_of(CONTACTS_A_STEP) || done == of {
                tell(Step::Compared { done, of });
            }
        })?;
        let seen = Plan {
            added: plan.added,
            changed: plan.changed,
            unchanged: plan.unchanged,
            removed: plan.removed,
            had: plan.had,
            merged: plan.merged,
            samples: plan.samples.clone(),
        };
        Ok((seen, Ready(plan)))
    }
}

impl Plan {
    /// How it compares with the one before.
    pub(super) fn drift(&self) -> Drift {
        Drift {
            had: self.had,
            removed: self.removed,
            has: self.added + self.changed + self.unchanged,
        }
    }
}

impl Ready {
    /// Applies it.
    pub(super) async fn apply(self, store: &Store, event: Event, tell: &Tell) -> Result<(), Error> {
        let of = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
        let tell = Arc::clone(tell);
        let progress = move |done| {
            let done = u64::try_from(done).unwrap_or(u64::MAX);
            tell(Step::Written { done, of });
        };
        Ok(store.apply_feed(self.0, event, progress).await?)
    }
}
