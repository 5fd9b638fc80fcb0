//! Consent: what a contact agreed to. [`Suppression`]: an address never to write to.

use serde::{Deserialize, Serialize};

use super::{ContactId, Exclusion, MailingId};
use crate::mail::Timestamp;

/// On what ground a consent stands. Policy C3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// They said yes.
    OptIn,
    /// A relationship lets us infer it, until it expires.
    Implied,
    /// They said no; the newest record counts.
    Withdrawn,
}

/// One record of what a contact agreed to; never changed, only followed by a newer one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// What for: `newsletter`, `marketing`; `*` is everything.
    pub purpose: String,
    /// On what ground.
    pub basis: Basis,
    /// When it was given.
    pub at: Timestamp,
    /// Where it was given: a form, a letter, a feed.
    pub source: String,
    /// When it ends; `None` is never.
    pub expires_at: Option<Timestamp>,
}

/// Why an address is never to be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionReason {
    /// A server said that the mailbox does not exist.
    HardBounce,
    /// A provider forwarded a complaint (RFC 5965).
    Complaint,
    /// The person unsubscribed (RFC 8058).
    Unsubscribed,
    /// Somebody entitled said so.
    Manual,
}

impl SuppressionReason {
    /// The exclusion it leads to.
    pub fn exclusion(self) -> Exclusion {
        match self {
            Self::HardBounce => Exclusion::HardBounce,
            Self::Complaint => Exclusion::Complaint,
            Self::Unsubscribed => Exclusion::Unsubscribed,
            Self::Manual => Exclusion::DoNotContact,
        }
    }
}

/// Never write to this address, and why. Found by the address's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Why.
    pub reason: SuppressionReason,
    /// Since when.
    pub at: Timestamp,
    /// The contact, when it was one.
    pub contact: Option<ContactId>,
    /// The mailing it came of, when it was one.
    pub mailing: Option<MailingId>,
    /// What was said, by a server or a person, on one line.
    pub note: String,
}
