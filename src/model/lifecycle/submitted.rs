//! Submitted: taken from its author, not yet decided on; in memory alone.

use super::{Held, Released, let_go};
use crate::mail::Timestamp;
use crate::model::{Capacity, Finding, Herald, Hold, Lane, Mailing, MailingId};

/// Taken from its author, not yet decided on.
#[derive(Debug)]
pub struct Submitted(pub(super) Mailing);

impl Submitted {
    /// A mailing the policy has not judged yet.
    pub fn new(mailing: Mailing) -> Self {
        Self(mailing)
    }

    /// The policy keeps it.
    pub fn hold(self, findings: Vec<Finding>, until: Timestamp) -> Held {
        Held {
            mailing: self.0,
            hold: Box::new(Hold::new(findings, until)),
        }
    }

    /// The policy lets it go: its author named the recipients. What the institution itself would send gets no further
    /// than a hold, and comes back.
    pub fn pass(self, not_before: Timestamp, now: Timestamp) -> Result<Released, Box<Mailing>> {
        match self.0.capacity {
            Capacity::Conveyed => Ok(let_go(self.0, None, not_before, now, Vec::new())),
            Capacity::Initiated => Err(Box::new(self.0)),
        }
    }

    /// An emergency: a named role with a fresh second factor, to lists that are meant for it. Nobody is waited for;
    /// a reviewer reads it afterwards. Policy C17. What any of its lists does not fit comes back.
    pub fn emergency(self, by: &Herald, now: Timestamp) -> Result<Released, Box<Mailing>> {
        if self.0.lane == Lane::Emergency && by.account().is_same_mailbox(&self.0.author.address) {
            Ok(let_go(self.0, Some(by.account()), now, now, Vec::new()))
        } else {
            Err(Box::new(self.0))
        }
    }

    /// More of what is held already: it waits for that case, and goes where it goes. Policy C7.
    pub fn join(self, case: MailingId, findings: Vec<Finding>, until: Timestamp) -> Held {
        Held {
            hold: Box::new(Hold::new(findings, until).slice_of(case)),
            mailing: self.0,
        }
    }
}
