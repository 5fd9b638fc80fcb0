//! Report: what came back for one recipient of one mailing.

use serde::{Deserialize, Serialize};

use super::MailingId;
use crate::mail::Timestamp;

/// What kind of thing came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportKind {
    /// Mail to the return path of a copy (RFC 3464, or less orderly).
    Bounce,
    /// A click, a POST or a mail that asks for no more (RFC 8058).
    Unsubscribe,
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
    /// The beginning of the message that came, at most 32 KiB; empty for a click.
    pub message: Vec<u8>,
}
