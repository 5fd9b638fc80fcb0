//! Topic: what mail is about, as policy.toml names it. Contacts choose by it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a topic in policy.toml.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TopicId(pub String);

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One topic, in words for contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// What stands before the choice: `Events on campus`.
    pub name: String,
    /// What is sent of it, and how often; one sentence.
    pub about: String,
}

/// What a contact has chosen for a topic. Who has not chosen gets it as the audience says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preference {
    /// Each mailing.
    Yes,
    /// None.
    No,
    /// Only the lists that are its digest.
    Digest,
}

/// What the mailings of a list are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Which topic.
    pub topic: TopicId,
    /// Whether the list is the topic's digest, for those who want no more than that.
    pub is_digest: bool,
}

impl About {
    /// Whether somebody who has chosen so gets it.
    pub fn suits(&self, preference: Option<Preference>) -> bool {
        match preference {
            Some(Preference::No) => false,
            Some(Preference::Digest) => self.is_digest,
            Some(Preference::Yes) | None => true,
        }
    }
}
