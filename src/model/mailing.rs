//! Mailing: what was submitted, by whom, for whom. It never changes; another version of it is another value.

use serde::{Deserialize, Serialize};

use super::{Audience, MailingId};
use crate::mail::{Address, Envelope, Timestamp};

/// How we know who the author is. Policy C5, C16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// They logged in to us (RFC 4954).
    Login,
    /// The campus relay told us who had logged in to it, in the header we agreed on.
    RelayHeader,
    /// A DKIM signature aligned with From passed (RFC 9989).
    AlignedSignature,
}

/// The member of campus who submitted it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Their account, which is also where notices go.
    pub address: Address,
    /// How we know.
    pub proof: Proof,
}

/// Who chose the recipients, and so in which of its two roles the university acts. Policy C2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Capacity {
    /// The author named them: we act as an Internet service provider.
    Conveyed,
    /// We expanded an audience: the institution is the sender.
    Initiated,
}

/// What a mailing is for. Policy C1; suppression, caps and wording hang on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Safety or a service everybody depends on.
    Critical,
    /// The university's own business.
    Official,
    /// Useful to know.
    Informational,
    /// An invitation.
    Event,
    /// A request to answer questions. Policy C13.
    Survey,
    /// Asking for support, attendance or a purchase. Policy C3.
    Marketing,
}

impl Category {
    /// Whether it promotes something: what a no to all marketing is a no to.
    pub fn is_promotional(self) -> bool {
        match self {
            Self::Event | Self::Marketing => true,
            Self::Critical | Self::Official | Self::Informational | Self::Survey => false,
        }
    }

    /// Its name, by which consents speak of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Official => "official",
            Self::Informational => "informational",
            Self::Event => "event",
            Self::Survey => "survey",
            Self::Marketing => "marketing",
        }
    }
}

/// Who goes first when several mailings want the same connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// Before everything. Policy C17.
    Emergency,
    /// Critical and official mailings, class mail, notices, conveyed mail.
    Official,
    /// All other mailings.
    Bulk,
}

/// Which From the copies bear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Identity {
    /// The author's own From, as submitted.
    Keep,
    /// The list's own; the author becomes Reply-To.
    List {
        /// The display name.
        name: String,
        /// An address on a domain we sign for.
        address: Address,
    },
}

/// Which bytes, exactly: what an approval binds to and a repeat is recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Content {
    /// SHA-256 of the message as received.
    pub sha256: [u8; 32],
    /// Its length.
    pub bytes: u64,
}

impl Content {
    /// The content of a message.
    pub fn of(message: &[u8]) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message);
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest.as_ref());
        Self {
            sha256,
            bytes: u64::try_from(message.len()).unwrap_or(u64::MAX),
        }
    }
}

/// One submission and its case number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailing {
    /// Its number.
    pub id: MailingId,
    /// Who submitted it.
    pub author: Author,
    /// Where it came from and was sent to.
    pub envelope: Envelope,
    /// When we took it, in its first version.
    pub submitted_at: Timestamp,
    /// Counts from 1: its author, or a reviewer, has sent it anew under the same number. Policy C14.
    pub version: u16,
    /// Which bytes.
    pub content: Content,
    /// The decoded subject, on one line.
    pub subject: String,
    /// The author's Message-ID, without the angle brackets.
    pub message_id: Option<String>,
    /// Whom it is for.
    pub audience: Audience,
    /// Who chose them.
    pub capacity: Capacity,
    /// What it is for.
    pub category: Category,
    /// Who it goes before.
    pub lane: Lane,
    /// Which From the copies bear.
    pub identity: Identity,
}
