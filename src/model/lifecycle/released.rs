//! Released: a mailing that may be expanded once its hour has come.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{End, Ended, Expanded, Held, Submitted, withdrawn};
use crate::mail::{Address, Timestamp};
use crate::model::{
    Capacity, Exclusion, Finding, Mailing, MailingId, OfficeId, Prints, Release, Reviewer, Wanting, WhenUncertain,
};

/// A mailing that may be expanded once its hour has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    pub(super) mailing: Mailing,
    pub(super) release: Release,
    /// As it was held, when a reviewer has let it go: what was approved stays bound until the plan is sealed. Law 3.
    pub(super) held: Option<Box<Held>>,
}

impl Released {
    /// Who let it go, and when.
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// Its plan is sealed: so many recipients, so many left out.
    pub fn expand(self, planned: u64, exclusions: BTreeMap<Exclusion, u64>, now: Timestamp) -> Expanded {
        let Self { mailing, release, .. } = self;
        Expanded {
            mailing,
            release,
            planned,
            exclusions,
            expanded_at: now,
            pause: None,
            resumed_at: None,
            warned: false,
            when_uncertain: WhenUncertain::default(),
        }
    }

    /// Its author takes it back before the first copy left. Policy C14.
    pub fn withdraw(self, by: &Address, now: Timestamp) -> Result<Ended, Wanting> {
        withdrawn(self.mailing, by, now)
    }

    /// A reviewer says no after all, before the first copy left. Policy C11.
    pub fn decline(self, by: &Reviewer, comment: String, now: Timestamp) -> Ended {
        Ended::of(self.mailing, End::Declined, by.account(), comment, now)
    }

    /// Not before then: more like it may follow. What a person has let go is not held up. Policy C7.
    #[must_use]
    pub fn settle(mut self, until: Timestamp) -> Self {
        if self.release.by.is_none() {
            self.release.not_before = self.release.not_before.max(until);
        }
        self
    }

    /// Waits for its stewards again: its audience has changed too far since they approved. Law 3.
    pub fn void(&self, prints: &Prints, percent_max: u64, until: Timestamp, now: Timestamp) -> Option<Held> {
        let held = self.held.as_deref()?;
        held.clone().void(prints, percent_max, until, now)
    }

    /// Taken back before it left: it turned out to be one slice of a case. What a person has let go is not. Policy C7.
    pub fn recall(self, case: MailingId, findings: Vec<Finding>, until: Timestamp) -> Option<Held> {
        let is_passed = self.release.by.is_none() && self.mailing.capacity == Capacity::Conveyed;
        is_passed.then(|| Submitted::new(self.mailing).join(case, findings, until))
    }
}

/// The one way into [`Released`].
pub(super) fn let_go(
    mailing: Mailing,
    by: Option<&Address>,
    not_before: Timestamp,
    now: Timestamp,
    approved_by: Vec<OfficeId>,
) -> Released {
    let release = Release {
        by: by.cloned(),
        at: now,
        not_before,
        approved_by,
    };
    Released {
        mailing,
        release,
        held: None,
    }
}
