//! What does an office say of its people? Reads a feed: CSV with a header row, one row a person. Policy C8.
//!
//! | column | |
//! |---|---|
//! | `source_key` | needed; the person's key in the office's own system, once in a feed |
//! | `email` | needed; where mail to them goes |
//! | `affiliation` | needed; student, faculty, staff, alumnus … |
//! | `personal_email`, `given_name`, `family_name`, `unit` | |
//! | `valid_from`, `valid_until` | when the affiliation begins, and the first moment at which it is over |
//! | `country` | two letters |
//! | `ferpa`, `do_not_contact`, `deceased`, `minor` | `yes` or `no` |
//! | `consent_purpose`, `consent_basis`, `consent_at` | all three or none: what for, on what ground, since when |
//! | `consent_source`, `expires_at` | where the consent was given; when it ends |
//! | `consent_method`, `consent_wording`, `consent_ip`, … | what shows that it was given (`column` has them all) |
//! | any other | an attribute under the column's own name, when the office's rules allow it |
//!
//! A time is a day, which begins in UTC, or RFC 3339.
//! Names of columns are compared in lower case. A bad row does not stop the reading: every fault of the file is found
//! at once, so that one export mends them all. What to do with a faulty feed is for the caller, who applies all or none.
//!
//! # Standards
//! RFC 4180 (CSV), in UTF-8, with or without a byte order mark.

mod cell;
mod column;
mod consent;
mod csv;
mod never;
mod reading;
mod record;
mod row;
mod rules;
mod schedule;

use std::fmt;

use serde::Serialize;

pub use csv::Csv;
pub use never::forbidden;
pub use record::Record;
pub use rules::{Confirmed, Drift, Rules};
pub use schedule::{Ended, Schedule};

use reading::Reading;

use crate::mail::Timestamp;
use crate::model::FeedRow;

/// Rows of one feed; more is no university.
pub const ROWS_MAX: u64 = 5_000_000;
/// Faults that are kept with their place; further ones are only counted.
pub const FAULTS_MAX: usize = 10_000;

/// Where the rows of a feed come from, one after the other; the first names the columns.
pub trait Rows {
    /// What a row is numbered by.
    fn unit(&self) -> Unit;

    /// The next row, into `record`.
    fn next(&mut self, record: &mut Record) -> Result<Next, Broken>;
}

/// What came next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A row, by its number.
    Row(u64),
    /// A row that is none: its number, and what is wrong.
    Flaw(u64, String),
    /// Something after which nothing can be read: its number, and what it is.
    Lost(u64, String),
    /// The end, where all has come.
    End,
}

/// A source that ended before its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub String);

/// What a row is numbered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A file, by the lines of an editor; the header is on line 1.
    Line,
    /// A directory, by the order in which entries came.
    Entry,
    /// A query, by the order in which rows came.
    Row,
}

/// What is wrong at one place of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// What places are numbered by.
    pub unit: Unit,
    /// The line its row begins at, or the number of the entry or row; the header of a directory or query is 0.
    pub line: u64,
    /// The column; `None` when it is about the whole row or file.
    pub column: Option<String>,
    /// What is wrong there, and what would be right. Never the value itself, which may be an address.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str("columns")?,
            line => write!(f, "{} {line}", self.unit)?,
        }
        match &self.column {
            Some(column) => write!(f, ", {column}: {}", self.what),
            None => write!(f, ": {}", self.what),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line => "line",
            Self::Entry => "entry",
            Self::Row => "row",
        })
    }
}

/// What came of a whole feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Good rows.
    pub rows: u64,
    /// What is wrong with the others; none of the feed may be applied while there is any.
    pub faults: Vec<Fault>,
    /// Faults beyond [`FAULTS_MAX`].
    pub further_faults: u64,
}

impl Findings {
    /// How many faults there are in all.
    pub fn count(&self) -> u64 {
        u64::try_from(self.faults.len())
            .unwrap_or(u64::MAX)
            .saturating_add(self.further_faults)
    }
}

/// Reads the whole feed of the office `source`; each good row goes to `keep`, and after the last one the canary.
///
/// The first row with a fault ends the keeping, not the reading: every fault is found at once, so that one export mends
/// them all.
pub fn read<R: Rows, E: From<Broken>>(
    rows: &mut R,
    (rules, source, now): (&Rules, &str, Timestamp),
    mut keep: impl FnMut(FeedRow) -> Result<(), E>,
) -> Result<Findings, E> {
    let mut reading = Reading::new(rows.unit(), rules, source, now);
    let mut record = Record::default();
    loop {
        match rows.next(&mut record)? {
            Next::Row(line) => {
                if let Some(row) = reading.record(line, &record) {
                    keep(row)?;
                }
            }
            Next::Flaw(line, what) => reading.fault(line, (None, what)),
            Next::Lost(line, what) => {
                reading.fault(line, (None, what));
                break;
            }
            Next::End => break,
        }
        if reading.is_over() {
            break;
        }
    }
    if let Some(canary) = reading.canary() {
        keep(canary)?;
    }
    Ok(reading.finish())
}

/// A column's name, where it is about one, and what is wrong there.
type Flaw = (Option<String>, String);

#[cfg(test)]
mod tests;
