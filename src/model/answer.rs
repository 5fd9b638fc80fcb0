//! Answer: what somebody wrote back to a notice, in a word we know; kept until it is acted on.

use serde::{Deserialize, Serialize};

use super::MailingId;
use crate::mail::{Address, Timestamp};

/// What is asked for. The words are those people write on the first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// `approve`: the use of the audience.
    Approve,
    /// `release`.
    Release,
    /// `return: why`.
    Return(String),
    /// `decline: why`.
    Decline(String),
    /// `withdraw`.
    Withdraw,
    /// `agree`: to a reviewer's change.
    Agree,
    /// `owner: …`, `id: …` and so on: whose survey it is.
    Survey(String),
}

/// One answer, of somebody who was proved to have written it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// To which case.
    pub mailing: MailingId,
    /// Who.
    pub by: Address,
    /// When it came.
    pub at: Timestamp,
    /// When the notice that it answers was written.
    pub told_at: Timestamp,
    /// What they ask for.
    pub word: Word,
}
