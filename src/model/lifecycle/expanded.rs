//! Expanded: a mailing whose copies are leaving; Closed: one that is over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::mail::{Address, Timestamp};
use crate::model::{Exclusion, Mailing, Release, Tally, WhenUncertain};

/// A mailing whose copies are leaving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expanded {
    pub(super) mailing: Mailing,
    pub(super) release: Release,
    pub(super) planned: u64,
    pub(super) exclusions: BTreeMap<Exclusion, u64>,
    pub(super) expanded_at: Timestamp,
    pub(super) pause: Option<Pause>,
    pub(super) resumed_at: Option<Timestamp>,
    pub(super) warned: bool,
    pub(super) when_uncertain: WhenUncertain,
}

/// No further copy leaves for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Whose act it was; `None` for the gateway itself, by the brake. Policy C4.
    pub by: Option<Address>,
    /// When.
    pub at: Timestamp,
    /// Why; empty when a person did not say.
    pub why: String,
}

impl Expanded {
    /// Who let it go, and when.
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// Recipients in the plan.
    pub fn planned(&self) -> u64 {
        self.planned
    }

    /// Who was left out, counted by reason.
    pub fn exclusions(&self) -> &BTreeMap<Exclusion, u64> {
        &self.exclusions
    }

    /// When the plan was sealed; retries count from here.
    pub fn expanded_at(&self) -> Timestamp {
        self.expanded_at
    }

    /// Whether no further copy may leave for now.
    pub fn is_paused(&self) -> bool {
        self.pause.is_some()
    }

    /// Since when no further copy may leave, and why.
    pub fn pause(&self) -> Option<&Pause> {
        self.pause.as_ref()
    }

    /// When a person last let it go on: what they had seen by then is not held against it again.
    pub fn resumed_at(&self) -> Option<Timestamp> {
        self.resumed_at
    }

    /// Whether those who answer for it were told that it is near the limits.
    pub fn is_warned(&self) -> bool {
        self.warned
    }

    /// What is done about a recipient whose copy is uncertain.
    pub fn when_uncertain(&self) -> WhenUncertain {
        self.when_uncertain
    }

    /// This is done about them from now on.
    #[must_use]
    pub fn doubted(self, when_uncertain: WhenUncertain) -> Self {
        Self { when_uncertain, ..self }
    }

    /// No further copy, for now.
    #[must_use]
    pub fn paused(self, pause: Pause) -> Self {
        Self {
            pause: Some(pause),
            ..self
        }
    }

    /// Go on.
    #[must_use]
    pub fn resumed(self, now: Timestamp) -> Self {
        Self {
            pause: None,
            resumed_at: Some(now),
            ..self
        }
    }

    /// Those who answer for it are told that it is near the limits.
    #[must_use]
    pub fn warned(self) -> Self {
        Self { warned: true, ..self }
    }

    /// The last delivery is settled.
    pub fn close(self, tally: Tally, now: Timestamp) -> Closed {
        let Self {
            mailing,
            release,
            exclusions,
            ..
        } = self;
        Closed {
            mailing,
            release,
            exclusions,
            tally,
            closed_at: now,
            stopped_by: None,
        }
    }

    /// No further copy, ever.
    pub fn stop(self, by: &Address, tally: Tally, now: Timestamp) -> Closed {
        Closed {
            stopped_by: Some(by.clone()),
            ..self.close(tally, now)
        }
    }
}

/// A mailing that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    pub(super) mailing: Mailing,
    pub(super) release: Release,
    pub(super) exclusions: BTreeMap<Exclusion, u64>,
    pub(super) tally: Tally,
    pub(super) closed_at: Timestamp,
    pub(super) stopped_by: Option<Address>,
}

impl Closed {
    /// Who let it go, and when.
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// How the deliveries ended.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Copies that were under way when it was stopped have come to their ends since.
    #[must_use]
    pub fn recounted(self, tally: Tally) -> Self {
        Self { tally, ..self }
    }

    /// Who was left out, counted by reason.
    pub fn exclusions(&self) -> &BTreeMap<Exclusion, u64> {
        &self.exclusions
    }

    /// When.
    pub fn closed_at(&self) -> Timestamp {
        self.closed_at
    }

    /// Who stopped it before its end; `None` when it came to its end.
    pub fn stopped_by(&self) -> Option<&Address> {
        self.stopped_by.as_ref()
    }
}
