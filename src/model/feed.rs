//! Feed: what an office says of its people, one row a person.

use serde::{Deserialize, Serialize};

use super::{Consent, Listing};

/// One good row of an office's feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedRow {
    /// What it says of the person.
    pub listing: Listing,
    /// What they agreed to, as far as the feed says: evidence, added to what there is.
    pub consents: Vec<Consent>,
}
