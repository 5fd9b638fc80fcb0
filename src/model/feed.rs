//! Feed: what an office says of its people, one row a person.

use super::{Affiliation, Consent};
use crate::mail::Address;

/// One good row of an office's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    /// Where mail to the person goes.
    pub email: Address,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Two-letter country, or empty.
    pub country: String,
    /// Directory information is not to be disclosed.
    pub ferpa: bool,
    /// What the person is to the office whose feed it is.
    pub affiliation: Affiliation,
    /// What they agreed to, when the feed says.
    pub consent: Option<Consent>,
}
