//! Ended: a mailing of which no copy was ever sent, and why.

use serde::{Deserialize, Serialize};

use crate::mail::{Address, Timestamp};
use crate::model::{Mailing, Wanting};

/// How a mailing ended before any copy was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// A no.
    Declined,
    /// Nobody answered in time.
    Lapsed,
    /// The author took it back.
    Withdrawn,
    /// The author made it a request to a list.
    Converted,
    /// A reviewer made it a part of another.
    Combined,
}

/// A mailing of which no copy was sent, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub(super) mailing: Mailing,
    pub(super) end: End,
    pub(super) by: Address,
    pub(super) comment: String,
    pub(super) at: Timestamp,
}

impl Ended {
    pub(super) fn of(mailing: Mailing, end: End, by: &Address, comment: String, at: Timestamp) -> Self {
        Self {
            mailing,
            end,
            by: by.clone(),
            comment,
            at,
        }
    }

    /// How.
    pub fn end(&self) -> End {
        self.end
    }

    /// Who ended it; the author when time did.
    pub fn by(&self) -> &Address {
        &self.by
    }

    /// What they said.
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// When.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// Its author takes it back, and nobody else.
pub(super) fn withdrawn(mailing: Mailing, by: &Address, now: Timestamp) -> Result<Ended, Wanting> {
    if !by.is_same_mailbox(&mailing.author.address) {
        return Err(Wanting::NotTheAuthor);
    }
    Ok(Ended::of(mailing, End::Withdrawn, by, String::new(), now))
}
