//! Roster: who teaches a class and who is in it. Policy C6.

use serde::{Deserialize, Serialize};

use crate::mail::{Address, Timestamp};

/// One class of one term, such as `2026fs/cs1500-101`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Term and section, in lower case.
    pub name: String,
    /// When the term begins.
    pub begins: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
}

/// What somebody is in a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Teaches it, alone or with others.
    Instructor,
    /// Takes it.
    Student,
}

/// One line of a roster feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterRow {
    /// The section, without its term.
    pub section: String,
    /// Who.
    pub address: Address,
    /// As what.
    pub role: Role,
}
