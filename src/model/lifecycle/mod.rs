//! The states of a mailing, and the moves between them.
//!
//! | state | the store has | left by | becomes |
//! |---|---|---|---|
//! | [`Submitted`] | nothing yet: in memory, before the final reply | the policy | [`Held`] · [`Released`] · refused (550; only an event stays) |
//! | [`Held`] | message, mailing, hold with its findings | a reviewer, once no approval is wanting · a no · the deadline · the author; kept by a return, and by its next version | [`Released`] · [`Ended`] |
//! | [`Released`] | + release: who, when, not before | expand, when its hour has come, unless its audience is another by then · the author | [`Expanded`] · [`Held`] · [`Ended`] |
//! | [`Expanded`] | + plan, ledger, exclusions | the last delivery settled · a reviewer's stop | [`Closed`] |
//! | [`Closed`] | + totals | – | – |
//! | [`Ended`] | why no copy was ever sent | – | – |
//!
//! A state is a struct that holds exactly what that state has; a move consumes it. [`Released`] is made by
//! [`Held::release`] and [`Submitted::pass`] only, and only a [`Released`] can be expanded: so no mass mailing leaves
//! without its stewards and a reviewer. Law 1 of the gateway.

mod ended;
mod expanded;
mod held;
mod released;
mod submitted;

use serde::{Deserialize, Serialize};

pub use ended::{End, Ended};
pub use expanded::{Closed, Expanded, Pause};
pub use held::{Held, Refused};
pub use released::Released;
pub use submitted::Submitted;

use super::{Mailing, MailingId};
use ended::withdrawn;
use released::let_go;

/// Any state that the store keeps: for lists, pages, and the store itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Waits for people.
    Held(Held),
    /// Waits for its hour and for expansion.
    Released(Released),
    /// Its copies are leaving.
    Expanded(Expanded),
    /// Over.
    Closed(Closed),
    /// Over before it began.
    Ended(Ended),
}

impl State {
    /// What was submitted.
    pub fn mailing(&self) -> &Mailing {
        match self {
            Self::Held(Held { mailing, .. })
            | Self::Released(Released { mailing, .. })
            | Self::Expanded(Expanded { mailing, .. })
            | Self::Closed(Closed { mailing, .. })
            | Self::Ended(Ended { mailing, .. }) => mailing,
        }
    }

    /// Its number.
    pub fn id(&self) -> MailingId {
        self.mailing().id
    }

    /// The state in one word, for programs: `held`, `released`, `expanded`, `closed`, `returned`, `declined`, `lapsed`,
    /// `withdrawn`, `converted`, `combined`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Held(held) if held.hold().returned().is_some() => "returned",
            Self::Held(_) => "held",
            Self::Released(_) => "released",
            Self::Expanded(_) => "expanded",
            Self::Closed(_) => "closed",
            Self::Ended(ended) => match ended.end {
                End::Declined => "declined",
                End::Lapsed => "lapsed",
                End::Withdrawn => "withdrawn",
                End::Converted => "converted",
                End::Combined => "combined",
            },
        }
    }

    /// The same as people say it: `being sent`, `paused`, `sent`, `stopped`, `made a request`, and else the word itself.
    pub fn in_words(&self) -> &'static str {
        match self {
            Self::Expanded(expanded) if expanded.is_paused() => "paused",
            Self::Expanded(_) => "being sent",
            Self::Closed(closed) if closed.stopped_by().is_some() => "stopped",
            Self::Closed(_) => "sent",
            Self::Ended(ended) if ended.end == End::Converted => "made a request",
            Self::Held(_) | Self::Released(_) | Self::Ended(_) => self.word(),
        }
    }

    /// Whether nothing will happen to it any more.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Closed(_) | Self::Ended(_))
    }
}

/// The one door back from the disk, for the store alone.
pub fn restore(record: &[u8]) -> Result<State, postcard::Error> {
    postcard::from_bytes(record)
}

#[cfg(test)]
mod tests;
