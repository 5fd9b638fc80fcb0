//! What do they get? One copy a person, byte for byte, from its arguments alone.
//!
//! What all copies of a mailing share is made once and sealed ([`seal`]): constant header fields, the body with its
//! footer, and the body's hash. A copy ([`Letter::copy`]) adds what is the recipient's own: To, Message-ID, List-Unsubscribe, and
//! the signature over all of it. Everything of the recipient's own is a function of (mailing, seq), so a repeat after a
//! crash is the same message, with the same Message-ID.
//!
//! Conveyed mail leaves as its author wrote it.

pub mod dkim;
mod footer;
mod headers;
mod letter;
mod parts;

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::mail::{Address, Domain, Malformed, Message, Timestamp};
use crate::model::{Capacity, Identity, Lane, Mailing, Offices, Release, TokenKey};
use dkim::Signers;

pub use letter::{Body, Copy, Letter};

/// What the copies say of us.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Ours, for Message-IDs.
    pub hostname: Domain,
    /// Where unsubscribes by mail go.
    pub lists_domain: Domain,
    /// Where bounces go.
    pub bounce_domain: Domain,
    /// Where complaints go, below the bounce domain.
    pub complaints: Address,
    /// Where the public pages are, without a slash at the end.
    pub public_url: String,
    /// Whose mail it is.
    pub organization: String,
    /// Where the university is (CAN-SPAM).
    pub postal_address: String,
    /// The offices by name, for the footer.
    pub offices: Arc<Offices>,
    /// Sign the copies.
    pub signers: Arc<Signers>,
    /// Makes return paths and unsubscribe links.
    pub tokens: TokenKey,
    /// The zone of the Date field.
    pub zone: TimeZone,
}

/// A mailing as it leaves, but for what is each recipient's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The constant fields, in their order; for conveyed mail the whole header.
    header: Vec<u8>,
    /// The body all copies share.
    body: Arc<[u8]>,
    /// Its hash, relaxed.
    body_hash: [u8; 32],
    /// Whether the copies bear an unsubscribe link; emergency mail does not. Policy C17.
    unsubscribe: bool,
}

/// A message that cannot be made into copies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is no message.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// The key did not sign.
    #[error("{0}")]
    Unsigned(#[from] dkim::SignFault),
    /// What was sealed cannot be read back.
    #[error("the sealed form of the mailing is damaged")]
    Damaged,
}

/// Makes what all copies share. Pure: the same mailing and settings give the same bytes.
pub fn seal(message: &Message, mailing: &Mailing, release: &Release, settings: &Settings) -> Result<Sealed, Unfit> {
    match mailing.capacity {
        Capacity::Conveyed => Ok(conveyed(message)),
        Capacity::Initiated => initiated(message, mailing, release, settings),
    }
}

/// As its author wrote it; only Bcc is nobody's business (RFC 5322 §3.6.3).
fn conveyed(message: &Message) -> Sealed {
    let mut header = message.header.clone();
    header.remove("Bcc");
    header.remove("Resent-Bcc");
    Sealed {
        header: header.to_bytes(),
        body: message.body().into(),
        body_hash: [0; 32],
        unsubscribe: false,
    }
}

fn initiated(message: &Message, mailing: &Mailing, release: &Release, settings: &Settings) -> Result<Sealed, Unfit> {
    let footer = footer::footer(mailing, release, settings);
    let content = parts::with_footer(message, &footer)?;
    let unsubscribe = mailing.lane != Lane::Emergency;
    let mut fields = headers::constant(message, mailing, release, settings, unsubscribe)?;
    fields.extend(content.fields);
    let header = fields.iter().flat_map(|field| field.raw().iter().copied()).collect();
    let body_hash = dkim::body_hash(&content.body);
    Ok(Sealed {
        header,
        body: content.body.into(),
        body_hash,
        unsubscribe,
    })
}

impl Sealed {
    /// The form the store keeps.
    pub fn to_bytes(&self) -> Vec<u8> {
        // INVARIANT: plain data; postcard refuses none of it.
        postcard::to_allocvec(self).unwrap_or_default()
    }

    /// The form the store kept.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unfit> {
        postcard::from_bytes(bytes).map_err(|_damaged| Unfit::Damaged)
    }

    /// What every recipient sees, without what is their own: for a preview.
    pub fn shown(&self) -> Vec<u8> {
        [self.header.as_slice(), b"\r\n", &self.body].concat()
    }
}

/// The message with its text and HTML written anew where `rewrite` says how; `None` when it says so nowhere, or the
/// message is signed or encrypted.
pub fn rewritten(message: &Message, rewrite: &dyn Fn(&str) -> Option<String>) -> Option<Message> {
    parts::rewritten(message, rewrite)
}

/// A text as the value of a header field: encoded words where it is not ASCII (RFC 2047).
pub fn encoded(text: &str) -> String {
    headers::unstructured(text)
}

/// The domain that From is of.
pub fn sender(mailing: &Mailing, settings: &Settings, now: Timestamp) -> Domain {
    let author = mailing.author.address.domain();
    match (&mailing.identity, headers::stand_in(mailing, author, settings, now)) {
        (Identity::List { address, .. }, _) | (Identity::Keep, Some(address)) => address.domain().clone(),
        (Identity::Keep, None) => author.clone(),
    }
}

#[cfg(test)]
mod tests;
