//! One row: its cells, made into a person.

use std::collections::BTreeMap;
use std::time::Duration;

use csv::ByteRecord;

use super::column::{Column, Kind};
use super::{Flaw, cell};
use crate::mail::{Address, Timestamp};
use crate::model::{Affiliation, Consent, Evidence, FeedRow, Listing, PrivacyFlag};

/// Longest row: a contact of several affiliations must still fit one record of the store.
const ROW_BYTES_MAX: usize = 4 * 1024;
/// A date without an hour, or an office's clock, may lie a little ahead of us.
const AHEAD_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads one row of the office `source`.
pub(super) fn row(columns: &[Column], record: &ByteRecord, source: &str, now: Timestamp) -> Result<FeedRow, Vec<Flaw>> {
    if record.len() != columns.len() {
        let what = format!(
            "it has {} fields, and the header {}; a comma within a field needs quotation marks around it",
            record.len(),
            columns.len()
        );
        return Err(vec![(None, what)]);
    }
    if record.as_slice().len() > ROW_BYTES_MAX {
        return Err(vec![(None, format!("it has more than {ROW_BYTES_MAX} bytes"))]);
    }
    let mut flaws = Flaws::default();
    let cells = Cells::of(columns, record, &mut flaws);
    let row = flaws.person(&cells, source, now);
    row.filter(|_| flaws.0.is_empty()).ok_or(flaws.0)
}

/// The texts of a row by what they hold; those of columns that are not there are empty.
#[derive(Default)]
struct Cells<'a> {
    source_key: &'a str,
    email: &'a str,
    given_name: &'a str,
    family_name: &'a str,
    affiliation: &'a str,
    unit: &'a str,
    consent_purpose: &'a str,
    consent_basis: &'a str,
    consent_at: &'a str,
    consent_source: &'a str,
    expires_at: &'a str,
    ferpa: &'a str,
    country: &'a str,
    attributes: BTreeMap<String, String>,
}

impl<'a> Cells<'a> {
    fn of(columns: &[Column], record: &'a ByteRecord, flaws: &mut Flaws) -> Self {
        let mut cells = Self::default();
        for (column, field) in columns.iter().zip(record) {
            let Some(text) = flaws.check(&column.name, cell::text(column.kind, field)) else {
                continue;
            };
            match column.kind {
                Kind::SourceKey => cells.source_key = text,
                Kind::Email => cells.email = text,
                Kind::GivenName => cells.given_name = text,
                Kind::FamilyName => cells.family_name = text,
                Kind::Affiliation => cells.affiliation = text,
                Kind::Unit => cells.unit = text,
                Kind::ConsentPurpose => cells.consent_purpose = text,
                Kind::ConsentBasis => cells.consent_basis = text,
                Kind::ConsentAt => cells.consent_at = text,
                Kind::ConsentSource => cells.consent_source = text,
                Kind::ExpiresAt => cells.expires_at = text,
                Kind::Ferpa => cells.ferpa = text,
                Kind::Country => cells.country = text,
                Kind::Attribute if text.is_empty() => {}
                Kind::Attribute => {
                    cells.attributes.insert(column.name.clone(), text.to_owned());
                }
            }
        }
        cells
    }
}

/// What is wrong with one row, collected.
#[derive(Default)]
struct Flaws(Vec<Flaw>);

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

    fn person(&mut self, cells: &Cells<'_>, source: &str, now: Timestamp) -> Option<FeedRow> {
        let source_key = self.check("source_key", needed(cells.source_key));
        let kind = self.check("affiliation", needed(cells.affiliation));
        let email = self.check("email", address(cells.email));
        let ferpa = self.check("ferpa", cell::yes_or_no(cells.ferpa));
        let country = self.check("country", cell::country(cells.country));
        let consent = self.consent(cells, source, now);
        let ferpa = ferpa?.then_some(PrivacyFlag::Ferpa);
        let listing = Listing {
            source: source.to_owned(),
            source_key: source_key?,
            email: email?,
            personal_email: None,
            given_name: cells.given_name.to_owned(),
            family_name: cells.family_name.to_owned(),
            country: country?,
            privacy: ferpa.into_iter().collect(),
            affiliation: Affiliation {
                kind: kind?,
                unit: cells.unit.to_owned(),
                attributes: cells.attributes.clone(),
                from: None,
                until: None,
            },
            gone_at: None,
        };
        Some(FeedRow {
            listing,
            consents: consent.into_iter().collect(),
        })
    }

    /// What they agreed to; `None` also when it is faulty, which is kept.
    fn consent(&mut self, cells: &Cells<'_>, source: &str, now: Timestamp) -> Option<Consent> {
        let said = [
            cells.consent_purpose,
            cells.consent_basis,
            cells.consent_at,
            cells.consent_source,
            cells.expires_at,
        ];
        if said.iter().all(|text| text.is_empty()) {
            return None;
        }
        let purpose = self.check("consent_purpose", needed(cells.consent_purpose));
        let basis = needed(cells.consent_basis).and_then(|text| cell::basis(&text));
        let basis = self.check("consent_basis", basis);
        let at = needed(cells.consent_at)
            .and_then(|text| cell::moment(&text))
            .and_then(|at| past(at, now));
        let at = self.check("consent_at", at);
        let expires_at = match cells.expires_at {
            "" => None,
            text => {
                let ends = cell::moment(text).and_then(|ends| after(ends, at));
                Some(self.check("expires_at", ends)?)
            }
        };
        let given_at = match cells.consent_source {
            "" => format!("the feed of {source}"),
            text => text.to_owned(),
        };
        Some(Consent {
            purpose: purpose?,
            basis: basis?,
            at: at?,
            source: given_at,
            expires_at,
            evidence: Evidence::default(),
        })
    }
}

fn needed(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("it is empty, and needed".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn address(text: &str) -> Result<Address, String> {
    needed(text)?
        .parse()
        .map_err(|invalid: crate::mail::Invalid| format!("it is no address: {invalid}"))
}

fn past(at: Timestamp, now: Timestamp) -> Result<Timestamp, String> {
    if at > now.plus(AHEAD_MAX) {
        Err("it lies in the future; a consent is recorded once it is given".to_owned())
    } else {
        Ok(at)
    }
}

fn after(ends: Timestamp, at: Option<Timestamp>) -> Result<Timestamp, String> {
    if at.is_some_and(|at| ends <= at) {
        Err("it is not after consent_at".to_owned())
    } else {
        Ok(ends)
    }
}
