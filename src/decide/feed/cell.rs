//! One cell: what any text must keep to, and the few that have a form of their own.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::column::Kind;
use crate::mail::Timestamp;
use crate::model::Basis;

/// Longest cell.
const CELL_BYTES_MAX: usize = 1024;

/// The cell's text without the white space around it, or what is wrong with it.
pub(super) fn text(kind: Kind, field: &[u8]) -> Result<&str, String> {
    if field.len() > CELL_BYTES_MAX {
        return Err(format!(
            "it has {} bytes, and {CELL_BYTES_MAX} is the most; perhaps a quotation mark is not closed",
            field.len()
        ));
    }
    let Ok(text) = std::str::from_utf8(field) else {
        return Err("it is not UTF-8; export the file as CSV in UTF-8".to_owned());
    };
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err("it has a line break or another control character; take it out".to_owned());
    }
    if is_formula(kind, text) {
        return Err("it begins like a spreadsheet's formula; take the sign at its beginning out".to_owned());
    }
    Ok(text)
}

/// Names that a spreadsheet would run are somebody's trick (CSV injection). Elsewhere `+`, `-` and `@` have a meaning.
fn is_formula(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::GivenName | Kind::FamilyName => text.starts_with(['=', '+', '-', '@']),
        // A local part may begin so (RFC 5322 §3.2.3); the address is checked as one.
        Kind::Email => false,
        Kind::SourceKey
        | Kind::Affiliation
        | Kind::Unit
        | Kind::ConsentPurpose
        | Kind::ConsentBasis
        | Kind::ConsentAt
        | Kind::ConsentSource
        | Kind::ExpiresAt
        | Kind::Ferpa
        | Kind::Country
        | Kind::Attribute => text.starts_with('='),
    }
}

/// A moment, or the beginning of a day in UTC.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(at.into());
    }
    let day = text.parse::<Date>().ok().filter(|day| day.to_string() == text);
    day.and_then(|day| day.to_zoned(TimeZone::UTC).ok())
        .map(|midnight| midnight.timestamp().into())
        .ok_or_else(|| "it is no date; write 2026-01-31, or 2026-01-31T08:00:00-06:00".to_owned())
}

/// The ground a consent stands on.
pub(super) fn basis(text: &str) -> Result<Basis, String> {
    match text.to_lowercase().as_str() {
        "opt-in" => Ok(Basis::OptIn),
        "implied" => Ok(Basis::Implied),
        "withdrawn" => Ok(Basis::Withdrawn),
        _ => Err("it is none of: opt-in, implied, withdrawn".to_owned()),
    }
}

/// A yes or a no; nothing is a no.
pub(super) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "true" | "t" | "1" => Ok(true),
        "no" | "n" | "false" | "f" | "0" | "" => Ok(false),
        _ => Err("it is neither yes nor no".to_owned()),
    }
}

/// A country's two letters, or nothing.
pub(super) fn country(text: &str) -> Result<String, String> {
    if text.is_empty() || (text.len() == 2 && text.chars().all(|c| c.is_ascii_alphabetic())) {
        Ok(text.to_ascii_uppercase())
    } else {
        Err("a country is two letters, such as US".to_owned())
    }
}
