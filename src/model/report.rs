//! Report: what came back for one recipient of one mailing; and what is kept of it once it is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ContactId, MailingId};
use crate::mail::Timestamp;

/// What kind of thing came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportKind {
    /// Mail to the return path of a copy (RFC 3464, or less orderly).
    Bounce,
    /// A click, a POST or a mail that asks for no more (RFC 8058).
    Unsubscribe,
    /// What the next server said of the copy at once, and for good: its status, in words.
    Refusal,
    /// A provider says that somebody calls it spam (RFC 5965).
    Complaint,
}

/// An address of ours that takes what providers and hosts report of us, whoever hands it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Letterbox {
    /// Complaints.
    Complaints,
    /// Who sends mail in our name (DMARC).
    Dmarc,
    /// How mail to us is secured (TLS reports).
    Tls,
}

/// What lies in a letterbox until it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// In which.
    pub letterbox: Letterbox,
    /// When it came.
    pub at: Timestamp,
    /// All of it.
    pub message: Vec<u8>,
}

/// Why a message was not delivered: what follows from it hangs on that, not on a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BounceClass {
    /// There is no such mailbox or domain, or nobody reads it any more.
    Gone,
    /// The mailbox has no room.
    Full,
    /// The host refuses what comes from us: a blocklist, a reputation, a rate.
    Blocked,
    /// A rule of the receiving side: authentication, permission.
    Policy,
    /// This message: its size, what is attached, how it is made.
    Content,
    /// It was taken for spam.
    Spam,
    /// A host, a name server or a road to them did not work.
    Network,
    /// Nobody took it for so long that it was given up.
    Expired,
    /// Nothing says why.
    Unknown,
}

impl BounceClass {
    /// All of them, in the order of the listing.
    pub const ALL: [Self; 9] = [
        Self::Gone,
        Self::Full,
        Self::Blocked,
        Self::Policy,
        Self::Content,
        Self::Spam,
        Self::Network,
        Self::Expired,
        Self::Unknown,
    ];

    /// The one word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Full => "full",
            Self::Blocked => "blocked",
            Self::Policy => "policy",
            Self::Content => "content",
            Self::Spam => "spam",
            Self::Network => "network",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known, once it is read, of a copy that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Came {
    /// It was not delivered: why, and whether for good.
    Bounced(BounceClass, bool),
    /// Its recipient complained of it.
    Complained,
    /// Its recipient wants no more.
    Unsubscribed,
}

impl Came {
    /// What it is, and of a bounce its class.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Bounced(class, _) => ("bounce", class.word()),
            Self::Complained => ("complaint", ""),
            Self::Unsubscribed => ("unsubscribe", ""),
        }
    }

    /// Two of one kind are one.
    pub fn kind(self) -> u8 {
        match self {
            Self::Bounced(..) => 0,
            Self::Complained => 1,
            Self::Unsubscribed => 2,
        }
    }
}

/// What came back of a mailing's copies, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CameBack {
    /// Copies that were not delivered, by why.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub bounced: BTreeMap<BounceClass, u64>,
    /// Of those, copies to mailboxes that are gone for good.
    pub gone_for_good: u64,
    /// Recipients who complained.
    pub complained: u64,
    /// Recipients who want no more.
    pub unsubscribed: u64,
}

impl CameBack {
    /// Copies that were not delivered, for whatever reason.
    pub fn bounces(&self) -> u64 {
        self.bounced.values().sum()
    }

    /// Counts what came back of another mailing as well.
    pub fn add(&mut self, other: &Self) {
        for (class, count) in &other.bounced {
            *self.bounced.entry(*class).or_default() += count;
        }
        self.gone_for_good += other.gone_for_good;
        self.complained += other.complained;
        self.unsubscribed += other.unsubscribed;
    }

    /// Counts one.
    pub fn count(&mut self, came: Came) {
        match came {
            Came::Bounced(class, is_hard) => {
                *self.bounced.entry(class).or_default() += 1;
                self.gone_for_good += u64::from(is_hard);
            }
            Came::Complained => self.complained += 1,
            Came::Unsubscribed => self.unsubscribed += 1,
        }
    }
}

/// A copy that was not delivered, for a reason that may pass; several come to a mailbox that is not written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Soft {
    /// When it came back.
    pub at: Timestamp,
    /// Of which mailing.
    pub mailing: MailingId,
    /// How much it counts.
    pub weight: u8,
}

/// A campus address that its own host says is gone: the master list is wrong, and its office is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongRecord {
    /// Whose record.
    pub contact: ContactId,
    /// Since when.
    pub at: Timestamp,
    /// Of which mailing the copy was.
    pub mailing: MailingId,
    /// The code that was said, such as 5.1.1.
    pub code: String,
}

/// Something that came back, bearing a token only we can make; kept until it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What kind.
    pub kind: ReportKind,
    /// Of which mailing.
    pub mailing: MailingId,
    /// Of which recipient of its plan.
    pub seq: u32,
    /// When it came.
    pub at: Timestamp,
    /// The beginning of the message that came, at most 64 KiB; of a refusal its status; empty for a click.
    pub message: Vec<u8>,
}
