//! What is asked of an import, what it tells on its way, and what came of it.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::draft::Plan;
use crate::decide::feed::{Broken, Confirmed, Findings};
use crate::model::OfficeId;
use crate::store;

/// Whose feed it is, and how far to go.
#[derive(Debug, Clone)]
pub struct Order {
    /// The office.
    pub office: OfficeId,
    /// Who wants it, for the audit trail.
    pub by: String,
    /// Change nothing.
    pub dry_run: bool,
    /// What they have confirmed.
    pub confirmed: Confirmed,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "lowercase")]
pub enum Step {
    /// Good rows so far, of so many octets.
    Reading {
        /// Rows.
        rows: u64,
        /// Octets, where they are counted.
        bytes: u64,
    },
    /// All good rows.
    Read {
        /// Rows.
        rows: u64,
    },
    /// Contacts compared with the master list.
    Compared {
        /// So many.
        done: u64,
        /// Of so many.
        of: u64,
    },
    /// Records in the store.
    Written {
        /// So many.
        done: u64,
        /// Of so many.
        of: u64,
    },
}

/// Who hears how far it is.
pub type Tell = Arc<dyn Fn(Step) + Send + Sync>;

/// What a feed changed, or would change.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Whether it is applied.
    pub applied: bool,
    /// Why it is not, unless it was only a dry run.
    #[serde(rename = "error", serialize_with = "sentence")]
    pub refusal: Option<Refusal>,
    /// Its good rows, and what is wrong with the others.
    #[serde(flatten)]
    pub findings: Findings,
    /// What would change.
    #[serde(flatten)]
    pub plan: Plan,
    /// Missing ones in percent of what there was; nothing for a first feed.
    pub dropped_percent: Option<f64>,
    /// How much more there are, in percent of what there was.
    pub grown_percent: Option<f64>,
}

/// Why a feed that was read may not be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There are faults in it.
    #[error("{0}")]
    Faulty(String),
    /// So much changes that somebody has to confirm it.
    #[error("{0}")]
    Drift(String),
}

/// Why a feed was not read or not applied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such office, or it has no source.
    #[error("{0}")]
    NoSource(String),
    /// The source failed.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The memory failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

fn sentence<S: Serializer>(refusal: &Option<Refusal>, serializer: S) -> Result<S::Ok, S::Error> {
    refusal.as_ref().map(ToString::to_string).serialize(serializer)
}
