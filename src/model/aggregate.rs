//! Aggregate: what a host reports, once a day, of all mail that bore a name of ours; counts, and no recipient.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::mail::Timestamp;

/// One report of one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aggregate {
    /// Who reports; their own word, which nobody vouches for.
    pub organization: String,
    /// What they call the report.
    pub id: String,
    /// What it is about begins.
    pub from: Timestamp,
    /// And ends.
    pub until: Timestamp,
    /// What they saw.
    pub saw: Saw,
}

/// What a host saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Saw {
    /// Who sent mail in our name (DMARC, RFC 7489).
    Senders(Vec<Sender>),
    /// How mail to us was secured on its way (TLS, RFC 8460).
    Sessions(Vec<Sessions>),
    /// Nothing: the report could not be read, for this reason.
    Unreadable(String),
}

/// A machine that sent mail with a domain of ours in `From:`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Where it stands.
    pub source: IpAddr,
    /// The domain in `From:`.
    pub domain: String,
    /// Whose signature its mail bears, or else whose return path; empty when neither held.
    pub service: String,
    /// Whether SPF or DKIM says that the domain lets it.
    pub is_ours: bool,
    /// How much it sent.
    pub messages: u64,
    /// How much of that was refused, or put with the spam.
    pub stopped: u64,
}

/// Connections to a domain of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// Whose mail it was.
    pub domain: String,
    /// What they held it to: `sts`, `tlsa` or `no-policy-found`.
    pub policy: String,
    /// Secured as they ought to be.
    pub secured: u64,
    /// Not so.
    pub failed: u64,
    /// Those, by what was wrong.
    pub failures: BTreeMap<String, u64>,
}
