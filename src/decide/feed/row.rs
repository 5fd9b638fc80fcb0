//! One row: its cells, made into a person.

use std::collections::BTreeMap;

use super::column::{Column, Kind};
use super::record::Record;
use super::{Flaw, cell, consent};
use crate::mail::Timestamp;
use crate::model::{Affiliation, FeedRow, Listing, PrivacyFlag};

/// Longest row: a contact of several affiliations must still fit one record of the store.
const ROW_BYTES_MAX: u64 = 4 * 1024;

/// Reads one row of the office `source`.
pub(super) fn row(columns: &[Column], record: &Record, source: &str, now: Timestamp) -> Result<FeedRow, Vec<Flaw>> {
    let too_long = || format!("the row has {} bytes, and {ROW_BYTES_MAX} is the most", record.size());
    if let Some(cell) = record.too_long() {
        return Err(vec![(columns.get(cell).map(|column| column.name.clone()), too_long())]);
    }
    if record.len() != columns.len() {
        let what = format!(
            "it has {} fields, and the header {}; a comma within a field needs quotation marks around it",
            record.len(),
            columns.len()
        );
        return Err(vec![(None, what)]);
    }
    let mut flaws = Flaws::default();
    let cells = Cells::of(columns, record, &mut flaws);
    if flaws.0.is_empty() && record.size() > ROW_BYTES_MAX {
        return Err(vec![(None, too_long())]);
    }
    let row = flaws.person(&cells, source, now);
    row.filter(|_| flaws.0.is_empty()).ok_or(flaws.0)
}

/// The texts of a row by what they hold; those of columns that are not there are empty.
pub(super) struct Cells<'a> {
    texts: [&'a str; Kind::COUNT],
    attributes: BTreeMap<String, String>,
}

impl<'a> Cells<'a> {
    fn of(columns: &[Column], record: &'a Record, flaws: &mut Flaws) -> Self {
        let mut cells = Self {
            texts: [""; Kind::COUNT],
            attributes: BTreeMap::new(),
        };
        for (column, field) in columns.iter().zip(record.cells()) {
            let Some(text) = flaws.check(&column.name, cell::text(column.kind, field)) else {
                continue;
            };
            match cells.texts.get_mut(column.kind as usize) {
                Some(place) => *place = text,
                None if text.is_empty() => {}
                None => {
                    cells.attributes.insert(column.name.clone(), text.to_owned());
                }
            }
        }
        cells
    }

    /// The text of a column that every feed knows.
    pub(super) fn get(&self, kind: Kind) -> &'a str {
        self.texts.get(kind as usize).copied().unwrap_or_default()
    }
}

/// What is wrong with one row, collected.
#[derive(Default)]
pub(super) struct Flaws(Vec<Flaw>);

impl Flaws {
    /// The value, or the fault kept; a column has one fault at most.
    fn check<T>(&mut self, column: &str, checked: Result<T, String>) -> Option<T> {
        match checked {
            Ok(value) => Some(value),
            Err(what) => {
                if self.0.iter().all(|(seen, _)| seen.as_deref() != Some(column)) {
                    self.0.push((Some(column.to_owned()), what));
                }
                None
            }
        }
    }

    /// What a known column's text comes to.
    pub(super) fn read<T>(
        &mut self,
        cells: &Cells<'_>,
        kind: Kind,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.check(kind.name(), read(cells.get(kind)))
    }

    /// The same of one that may be empty; `None` when it is faulty.
    pub(super) fn maybe<T>(
        &mut self,
        cells: &Cells<'_>,
        kind: Kind,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        self.read(cells, kind, |text| match text {
            "" => Ok(None),
            text => read(text).map(Some),
        })
    }

    fn person(&mut self, cells: &Cells<'_>, source: &str, now: Timestamp) -> Option<FeedRow> {
        let source_key = self.read(cells, Kind::SourceKey, cell::needed);
        let affiliation = self.affiliation(cells);
        let email = self.read(cells, Kind::Email, cell::address);
        let personal_email = self.maybe(cells, Kind::PersonalEmail, cell::address);
        let country = self.read(cells, Kind::Country, cell::country);
        let privacy = [
            (Kind::Ferpa, PrivacyFlag::Ferpa),
            (Kind::DoNotContact, PrivacyFlag::DoNotContact),
            (Kind::Deceased, PrivacyFlag::Deceased),
            (Kind::Minor, PrivacyFlag::Minor),
        ];
        let mut flag = |(kind, flag)| self.read(cells, kind, cell::yes_or_no)?.then_some(flag);
        let privacy = privacy.into_iter().filter_map(&mut flag).collect();
        let consent = consent::consent(self, cells, source, now);
        let email = email?;
        let listing = Listing {
            source: source.to_owned(),
            source_key: source_key?,
            personal_email: personal_email?.filter(|other| !other.is_same_mailbox(&email)),
            email,
            given_name: cells.get(Kind::GivenName).to_owned(),
            family_name: cells.get(Kind::FamilyName).to_owned(),
            country: country?,
            privacy,
            affiliation: affiliation?,
            gone_at: None,
        };
        Some(FeedRow {
            listing,
            consents: consent.into_iter().collect(),
        })
    }

    fn affiliation(&mut self, cells: &Cells<'_>) -> Option<Affiliation> {
        let kind = self.read(cells, Kind::Affiliation, cell::needed);
        let from = self.maybe(cells, Kind::ValidFrom, cell::moment);
        let begins = from.flatten();
        let until = self.maybe(cells, Kind::ValidUntil, |text| {
            let ends = cell::moment(text)?;
            match begins.is_none_or(|begins| begins < ends) {
                true => Ok(ends),
                false => Err("it is not after valid_from".to_owned()),
            }
        });
        Some(Affiliation {
            kind: kind?,
            unit: cells.get(Kind::Unit).to_owned(),
            attributes: cells.attributes.clone(),
            from: from?,
            until: until?,
        })
    }
}
