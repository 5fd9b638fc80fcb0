//! One cell: what any text must keep to, and the few that have a form of their own.

use std::net::IpAddr;

use data_encoding::HEXLOWER_PERMISSIVE;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::column::Kind;
use super::never;
use crate::mail::{Address, Invalid, Timestamp};
use crate::model::{Basis, Method};

/// Longest cell.
const CELL_BYTES_MAX: usize = 1024;

/// The cell's text without the white space around it, or what is wrong with it. Never quotes it.
pub(super) fn text(kind: Kind, field: &[u8]) -> Result<&str, String> {
    if field.len() > CELL_BYTES_MAX {
        return Err(format!(
            "it has {} bytes, and {CELL_BYTES_MAX} is the most; perhaps a quotation mark is not closed",
            field.len()
        ));
    }
    let Ok(text) = std::str::from_utf8(field) else {
        return Err("it is not UTF-8; export all of it in UTF-8".to_owned());
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(text);
    }
    if text.chars().any(char::is_control) {
        return Err("it has a line break or another control character; take it out".to_owned());
    }
    if text.chars().any(is_invisible) {
        return Err("it has a character that nobody sees; take it out".to_owned());
    }
    if is_garbled(text) {
        return Err("letters of it were lost when it was exported; export all of it in UTF-8, once".to_owned());
    }
    if is_formula(kind, text) {
        return Err("it begins like a spreadsheet's formula; take the sign at its beginning out".to_owned());
    }
    let is_digest = matches!(kind, Kind::ConsentWordingSha256 | Kind::ConsentEvidenceSha256);
    let is_address = matches!(kind, Kind::Email | Kind::PersonalEmail);
    let hidden = never::secret(text).filter(|_| !is_digest && !is_address);
    let hidden = hidden.or_else(|| never::measure(text).filter(|_| kind == Kind::Attribute));
    match hidden {
        Some(what) => Err(format!(
            "{what}, which has no place in a contact system; take the column out"
        )),
        None => Ok(text),
    }
}

/// A mark or a turn of the direction of reading: two texts look alike and are not. Joiners are letters of some names.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

/// A replacement character, or UTF-8 that was taken for another encoding and made UTF-8 once more: `MuÃ±oz`.
fn is_garbled(text: &str) -> bool {
    let mut last = ' ';
    text.chars().any(|c| {
        let is_twice = matches!(last, 'Ã' | 'Â') && ('\u{80}'..='\u{bf}').contains(&c);
        last = c;
        is_twice || c == char::REPLACEMENT_CHARACTER
    })
}

/// What a spreadsheet would run is somebody's trick (CSV injection), white space before it or not, however wide its sign
/// is. Elsewhere than in names a number may have its sign.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of some forty kinds of text three may begin otherwise"
)]
fn is_formula(kind: Kind, text: &str) -> bool {
    let rest = text.trim_start_matches(['+', '-', '＋', '－']);
    let is_signed = rest.len() < text.len();
    match kind {
        // A local part may begin so (RFC 5322 §3.2.3); the address is checked as one.
        Kind::Email | Kind::PersonalEmail => false,
        _ if text.starts_with(['=', '@', '＝', '＠']) => true,
        Kind::GivenName | Kind::FamilyName => is_signed,
        _ => is_signed && rest.contains(|c: char| !c.is_ascii_digit()),
    }
}

pub(super) fn needed(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("it is empty, and needed".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

pub(super) fn address(text: &str) -> Result<Address, String> {
    needed(text)?
        .parse()
        .map_err(|invalid: Invalid| format!("it is no address: {invalid}"))
}

/// A moment, or the beginning of a day in UTC.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(at.into());
    }
    // As directories write it (RFC 4517 §3.3.13).
    if let Some((day, time)) = text.strip_suffix('Z').and_then(|digits| digits.split_at_checked(8))
        && let Ok(at) = format!("{day}T{time}Z").parse::<jiff::Timestamp>()
    {
        return Ok(at.into());
    }
    let day = text.parse::<Date>().ok().filter(|day| day.to_string() == text);
    day.and_then(|day| day.to_zoned(TimeZone::UTC).ok())
        .map(|midnight| midnight.timestamp().into())
        .ok_or_else(|| "it is no date; write 2026-01-31, or 2026-01-31T08:00:00-06:00".to_owned())
}

/// The ground a consent stands on.
pub(super) fn basis(text: &str) -> Result<Basis, String> {
    const BASES: [(&str, Basis); 7] = [
        ("opt-in", Basis::OptIn),
        ("double-opt-in", Basis::DoubleOptIn),
        ("implied", Basis::Implied),
        ("contract", Basis::Contract),
        ("legal-duty", Basis::LegalDuty),
        ("legitimate-interest", Basis::LegitimateInterest),
        ("withdrawn", Basis::Withdrawn),
    ];
    one_of(&BASES, text)
}

/// How a consent was given.
pub(super) fn method(text: &str) -> Result<Method, String> {
    const METHODS: [(&str, Method); 5] = [
        ("web-form", Method::WebForm),
        ("paper", Method::Paper),
        ("phone", Method::Phone),
        ("event", Method::Event),
        ("import", Method::Import),
    ];
    one_of(&METHODS, text)
}

fn one_of<T: Copy>(words: &[(&str, T)], text: &str) -> Result<T, String> {
    let text = text.to_lowercase().replace(['_', ' '], "-");
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("it is none of: {}", all.join(", "))
    })
}

/// A SHA-256 as 64 hexadecimal digits.
pub(super) fn sha256(text: &str) -> Result<[u8; 32], String> {
    let octets = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    let hash = octets.and_then(|octets| octets.try_into().ok());
    hash.ok_or_else(|| "it is no SHA-256; write its 64 hexadecimal digits".to_owned())
}

/// A network address.
pub(super) fn ip(text: &str) -> Result<String, String> {
    let address: Result<IpAddr, _> = text.parse();
    address
        .map(|address| address.to_string())
        .map_err(|_source| "it is no network address; write 192.0.2.1 or 2001:db8::1".to_owned())
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
