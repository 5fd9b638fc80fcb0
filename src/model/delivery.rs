//! Delivery: one recipient of one mailing, and how their turn ended.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Category, ContactId, Exclusion, Mailing, MailingId, TopicId};
use crate::mail::{Address, Severity, Status, Timestamp};

/// One row of a plan. Its number in the plan, `seq`, is dense and starts at 0; the row does not repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Where the copy goes.
    pub address: Address,
    /// Who it is in the master list; `None` for people the author named.
    pub contact: Option<ContactId>,
}

/// A copy that contacts got, or are about to get. Policy C11.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Got {
    /// Of which mailing.
    pub mailing: MailingId,
    /// What that was for.
    pub category: Category,
    /// What it was about.
    pub topics: Vec<TopicId>,
    /// When, or a little later: never earlier than it was.
    pub at: Timestamp,
}

impl Got {
    /// A copy of this mailing.
    pub fn of(mailing: &Mailing, at: Timestamp) -> Self {
        let about = mailing
            .audience
            .segments()
            .iter()
            .filter_map(|segment| segment.about.as_ref());
        let topics: BTreeSet<TopicId> = about.map(|about| about.topic.clone()).collect();
        Self {
            mailing: mailing.id,
            category: mailing.category,
            topics: topics.into_iter().collect(),
            at,
        }
    }
}

/// How an attempt, or the whole delivery, ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The next server took it.
    Accepted(Status),
    /// Not now; try again.
    Deferred {
        /// What was said, or why we could not ask.
        status: Status,
        /// When to try again.
        until: Timestamp,
    },
    /// A crash or a lost connection after the final dot hid the end: the copy may have arrived. What is done about it is
    /// the mailing's [`WhenUncertain`].
    Uncertain {
        /// When to send again.
        until: Timestamp,
    },
    /// Never.
    Failed(Status),
    /// Dropped out since the plan was sealed: no copy was sent.
    Suppressed(Exclusion),
}

impl Outcome {
    /// Whether the delivery is over.
    pub fn is_settled(&self) -> bool {
        !matches!(self, Self::Deferred { .. } | Self::Uncertain { .. })
    }

    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Deferred { .. } => "deferred",
            Self::Uncertain { .. } => "uncertain",
            Self::Failed(_) => "failed",
            Self::Suppressed(_) => "suppressed",
        }
    }

    /// What a server's word on an attempt comes to; `until` is when a retry would be.
    pub fn of(status: Status, until: Timestamp) -> Self {
        match status.severity() {
            Severity::Positive => Self::Accepted(status),
            Severity::Temporary => Self::Deferred { status, until },
            Severity::Permanent => Self::Failed(status),
        }
    }
}

/// What is done about a recipient whose copy is uncertain; chosen mailing by mailing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum WhenUncertain {
    /// It is sent again, with the same Message-ID.
    #[default]
    Resend,
    /// It waits until a person has said one of the others.
    Hold,
    /// It is not sent again.
    Leave,
}

impl WhenUncertain {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Resend, Self::Hold, Self::Leave];

    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Hold => "hold",
            Self::Leave => "leave",
        }
    }
}

/// A recipient whose copy was uncertain once, and how they stand now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncertain {
    /// Which of the plan, and where their copy goes.
    pub recipient: (u32, Recipient),
    /// Since when.
    pub since: Timestamp,
    /// How many of their copies had no end that we know.
    pub copies: u8,
    /// How their last try ended; `None` while it is under way.
    pub last: Option<Outcome>,
}

/// One line of a mailing's ledger: attempt `attempt` of recipient `seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which recipient of the plan.
    pub seq: u32,
    /// Counts from 1.
    pub attempt: u8,
    /// When.
    pub at: Timestamp,
    /// How it ended; `None` is the intent, written before the final dot. An intent that a restart finds alone becomes
    /// [`Outcome::Uncertain`].
    pub outcome: Option<Outcome>,
}

/// What was known of a recipient before an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Nothing: it is the first.
    Nothing,
    /// They were put off.
    Deferred,
    /// They were put off, and a copy of theirs may have arrived.
    Uncertain,
}

impl Before {
    /// What is known once an attempt has come to this; `None` while it is under way.
    pub fn and(self, outcome: Option<&Outcome>) -> Self {
        match outcome {
            _ if self == Self::Uncertain => Self::Uncertain,
            Some(Outcome::Uncertain { .. }) => Self::Uncertain,
            Some(outcome) if !outcome.is_settled() => Self::Deferred,
            Some(_) | None => Self::Nothing,
        }
    }
}

/// The counts of a mailing's deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tally {
    /// Recipients in the plan.
    pub planned: u64,
    /// Taken by the next server.
    pub accepted: u64,
    /// Waiting for another attempt, the uncertain ones among them.
    pub deferred: u64,
    /// Over, without success.
    pub failed: u64,
    /// Dropped out since the plan was sealed.
    pub suppressed: u64,
    /// Recipients of whom we do not know whether they got a copy: the end of one was hidden, and no later one was accepted.
    pub uncertain: u64,
}

impl Tally {
    /// Deliveries that are over.
    pub fn settled(&self) -> u64 {
        self.accepted + self.failed + self.suppressed
    }

    /// Whether all are.
    pub fn is_complete(&self) -> bool {
        self.settled() >= self.planned
    }
}
