//! What does an office say of its people? Reads a feed: CSV with a header row, one row a person. Policy C8.
//!
//! | column | |
//! |---|---|
//! | `source_key` | needed; the person's key in the office's own system, once in a feed |
//! | `email` | needed; where mail to them goes |
//! | `affiliation` | needed; student, faculty, staff, alumnus … |
//! | `given_name`, `family_name`, `unit` | |
//! | `consent_purpose`, `consent_basis`, `consent_at` | all three or none; `opt-in`, `implied` or `withdrawn`; a day or RFC 3339 |
//! | `consent_source`, `expires_at` | where the consent was given; when it ends, at the day's beginning in UTC |
//! | `ferpa` | `yes` or `no`: directory information is not to be disclosed |
//! | `country` | two letters |
//! | any other | an attribute under the column's own name, which audiences may ask for |
//!
//! Names of columns are compared in lower case. A bad row does not stop the reading: every fault of the file is found
//! at once, so that one export mends them all. What to do with a faulty feed is for the caller, who applies all or none.
//!
//! # Standards
//! RFC 4180 (CSV), in UTF-8, with or without a byte order mark.

mod cell;
mod column;
mod row;

use std::collections::HashMap;
use std::fmt;

use csv::{ByteRecord, ReaderBuilder};
use serde::Serialize;

use crate::mail::Timestamp;
use crate::model::FeedRow;

/// Largest feed. Half a million rows have some 80 MiB.
pub const BYTES_MAX: usize = 256 * 1024 * 1024;
/// Faults that are kept with their line; further ones are only counted.
pub const FAULTS_MAX: usize = 10_000;
/// More than this share of a source's contacts is not dropped unless somebody says so. In percent.
const DROP_PERCENT_MAX: u64 = 10;

/// A feed as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feed {
    /// The good rows, in the order of the file.
    pub rows: Vec<FeedRow>,
    /// What is wrong with the others; none of the feed may be applied while there is any.
    pub faults: Vec<Fault>,
    /// Faults beyond [`FAULTS_MAX`].
    pub further_faults: u64,
}

/// What is wrong at one place of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The line its row begins at; the header is on line 1.
    pub line: u64,
    /// The column; `None` when it is about the whole row or file.
    pub column: Option<String>,
    /// What is wrong there, and what would be right. Never the value itself, which may be an address.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "line {}, {column}: {}", self.line, self.what),
            None => write!(f, "line {}: {}", self.line, self.what),
        }
    }
}

/// Whether a feed would take the affiliation from more of a source's contacts than a change of term explains: then
/// it is more likely half a file.
pub fn drops_too_many(removed: u64, had: u64) -> bool {
    removed.saturating_mul(100) > had.saturating_mul(DROP_PERCENT_MAX)
}

/// Reads the feed of the office `source`.
pub fn read(csv: &[u8], source: &str, now: Timestamp) -> Feed {
    let mut reading = Reading::default();
    if csv.starts_with(&[0xff, 0xfe]) || csv.starts_with(&[0xfe, 0xff]) {
        reading.fault(1, None, "the file is in UTF-16; export it as CSV in UTF-8".to_owned());
        return reading.feed;
    }
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv);
    let mut record = ByteRecord::new();
    let columns = match reader.read_byte_record(&mut record) {
        Ok(true) => column::columns(&record),
        Ok(false) | Err(_) => Err(vec![(
            None,
            "the file is empty; its first line names the columns".to_owned(),
        )]),
    };
    let columns = match columns {
        Ok(columns) => columns,
        Err(flaws) => {
            reading.flaws(1, flaws);
            return reading.feed;
        }
    };
    let mut lines = Lines::of(csv);
    // Reading bytes from memory in the flexible form has no error of its own.
    while let Ok(true) = reader.read_byte_record(&mut record) {
        let line = lines.at(record.position().map_or(0, csv::Position::byte));
        match row::row(&columns, &record, source, now) {
            Ok(row) => reading.row(line, row),
            Err(flaws) => reading.flaws(line, flaws),
        }
    }
    reading.feed
}

/// Counts lines as an editor does. The reader's own count stays behind at blank lines and at the LF of a CRLF.
struct Lines<'a> {
    csv: &'a [u8],
    offset: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn of(csv: &'a [u8]) -> Self {
        Self {
            csv,
            offset: 0,
            line: 1,
        }
    }

    /// The line of the first byte at or after `offset` that ends no line. Offsets come in ascending order.
    fn at(&mut self, offset: u64) -> u64 {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.csv.get(offset..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = offset.saturating_add(blank);
        let passed = self.csv.get(self.offset..start).unwrap_or_default();
        let ends = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line += u64::try_from(ends).unwrap_or(u64::MAX);
        self.offset = start;
        self.line
    }
}

/// A column's name, where it is about one, and what is wrong there.
type Flaw = (Option<String>, String);

/// The feed so far, and where each key was seen.
#[derive(Default)]
struct Reading {
    feed: Feed,
    keys: HashMap<String, u64>,
}

impl Reading {
    fn row(&mut self, line: u64, row: FeedRow) {
        match self.keys.get(&row.listing.source_key) {
            Some(first) => {
                let what = format!("the key is on line {first} already; a key stands for one person");
                self.fault(line, Some("source_key".to_owned()), what);
            }
            None => {
                self.keys.insert(row.listing.source_key.clone(), line);
                self.feed.rows.push(row);
            }
        }
    }

    fn flaws(&mut self, line: u64, flaws: Vec<Flaw>) {
        for (column, what) in flaws {
            self.fault(line, column, what);
        }
    }

    fn fault(&mut self, line: u64, column: Option<String>, what: String) {
        if self.feed.faults.len() < FAULTS_MAX {
            self.feed.faults.push(Fault { line, column, what });
        } else {
            self.feed.further_faults += 1;
        }
    }
}

#[cfg(test)]
mod tests;
