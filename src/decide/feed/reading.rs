//! A feed, row by row: what its columns are, which keys it had, what was wrong.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::column::{self, Column};
use super::record::Record;
use super::{FAULTS_MAX, Fault, Findings, Flaw, ROWS_MAX, Rules, Unit, row};
use crate::mail::{Address, Timestamp};
use crate::model::{Affiliation, FeedRow, Listing, Privacy};

/// The key of the contact that the gateway adds to a feed.
const CANARY_KEY: &str = "canary";

/// A feed so far.
pub(super) struct Reading<'a> {
    unit: Unit,
    rules: &'a Rules,
    source: &'a str,
    now: Timestamp,
    columns: Vec<Column>,
    /// Where each key was seen, by its hash: half a million of them are a few megabytes.
    keys: HashMap<u64, u64>,
    /// What the first person of the feed is.
    first: Option<(String, String)>,
    has_canary: bool,
    is_over: bool,
    findings: Findings,
}

impl<'a> Reading<'a> {
    pub(super) fn new(unit: Unit, rules: &'a Rules, source: &'a str, now: Timestamp) -> Self {
        Self {
            unit,
            rules,
            source,
            now,
            columns: Vec::new(),
            keys: HashMap::new(),
            first: None,
            has_canary: false,
            is_over: false,
            findings: Findings::default(),
        }
    }

    /// The next row; one to keep while there is no fault.
    pub(super) fn record(&mut self, line: u64, record: &Record) -> Option<FeedRow> {
        if self.columns.is_empty() {
            match column::columns(record, self.rules, self.source) {
                Ok(columns) => self.columns = columns,
                Err(flaws) => {
                    flaws.into_iter().for_each(|flaw| self.fault(line, flaw));
                    self.is_over = true;
                }
            }
            return None;
        }
        match row::row(&self.columns, record, self.source, self.now) {
            Ok(row) => self.row(line, row),
            Err(flaws) => {
                flaws.into_iter().for_each(|flaw| self.fault(line, flaw));
                None
            }
        }
    }

    /// Whether nothing more is worth reading.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    fn row(&mut self, line: u64, row: FeedRow) -> Option<FeedRow> {
        let mut hasher = DefaultHasher::new();
        row.listing.source_key.hash(&mut hasher);
        if let Some(first) = self.keys.insert(hasher.finish(), line) {
            let what = format!(
                "the key is on {} {first} already; a key stands for one person",
                self.unit
            );
            self.fault(line, (Some("source_key".to_owned()), what));
            return None;
        }
        if self.findings.rows == ROWS_MAX {
            self.fault(line, (None, format!("a feed has at most {ROWS_MAX} rows")));
            self.is_over = true;
            return None;
        }
        self.findings.rows += 1;
        self.has_canary |= self
            .rules
            .canary
            .as_ref()
            .is_some_and(|canary| canary.is_same_mailbox(&row.listing.email));
        if self.first.is_none() {
            self.first = Some((
                row.listing.affiliation.kind.clone(),
                row.listing.affiliation.unit.clone(),
            ));
        }
        self.findings.faults.is_empty().then_some(row)
    }

    /// The contact of ours that the feed is to carry, unless it does: one like its first.
    pub(super) fn canary(&mut self) -> Option<FeedRow> {
        let (kind, unit) = self
            .first
            .take()
            .filter(|_| self.findings.faults.is_empty() && !self.has_canary)?;
        let email = self.rules.canary.clone()?;
        let (given_name, family_name) = named(&email);
        let listing = Listing {
            source: self.source.to_owned(),
            source_key: CANARY_KEY.to_owned(),
            email,
            personal_email: None,
            given_name,
            family_name,
            country: String::new(),
            privacy: Privacy::default(),
            affiliation: Affiliation {
                kind,
                unit,
                attributes: BTreeMap::new(),
                from: None,
                until: None,
            },
            gone_at: None,
        };
        Some(FeedRow {
            listing,
            consents: Vec::new(),
        })
    }

    pub(super) fn fault(&mut self, line: u64, (column, what): Flaw) {
        let unit = self.unit;
        if self.findings.faults.len() < FAULTS_MAX {
            self.findings.faults.push(Fault {
                unit,
                line,
                column,
                what,
            });
        } else {
            self.findings.further_faults += 1;
        }
    }

    pub(super) fn finish(mut self) -> Findings {
        if self.findings.rows == 0 && self.findings.faults.is_empty() {
            let what = match self.columns.is_empty() {
                true => "it is empty; its first line names the columns",
                false => "it names its columns and has nobody in it",
            };
            self.fault(1, (None, what.to_owned()));
        }
        self.findings
    }
}

/// The name that an address such as `jordan.ellis@…` seems to be of.
fn named(address: &Address) -> (String, String) {
    let word = |text: &str| -> String {
        let mut letters = text.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect())
            .unwrap_or_default()
    };
    let local = address.local();
    let (given, family) = local.split_once(['.', '-', '_']).unwrap_or((local, ""));
    (word(given), word(family))
}
