//! The header row: which column is where.

use csv::ByteRecord;

use super::Flaw;

/// Columns of one feed; more is no feed.
const COLUMNS_MAX: usize = 64;
/// Edits by which a column may miss a known name and still be taken for a slip.
const SLIP_EDITS_MAX: usize = 2;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    SourceKey,
    Email,
    GivenName,
    FamilyName,
    Affiliation,
    Unit,
    ConsentPurpose,
    ConsentBasis,
    ConsentAt,
    ConsentSource,
    ExpiresAt,
    Ferpa,
    Country,
    /// Whatever else the office says.
    Attribute,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name, in lower case.
    pub(super) name: String,
    /// What it holds.
    pub(super) kind: Kind,
}

const KNOWN: [(&str, Kind); 13] = [
    ("source_key", Kind::SourceKey),
    ("email", Kind::Email),
    ("given_name", Kind::GivenName),
    ("family_name", Kind::FamilyName),
    ("affiliation", Kind::Affiliation),
    ("unit", Kind::Unit),
    ("consent_purpose", Kind::ConsentPurpose),
    ("consent_basis", Kind::ConsentBasis),
    ("consent_at", Kind::ConsentAt),
    ("consent_source", Kind::ConsentSource),
    ("expires_at", Kind::ExpiresAt),
    ("ferpa", Kind::Ferpa),
    ("country", Kind::Country),
];

/// Without these there is no contact.
const NEEDED: [&str; 3] = ["source_key", "email", "affiliation"];
/// A slip in these would quietly become an attribute, and a person's word would be lost.
const PRECIOUS: [&str; 6] = [
    "consent_purpose",
    "consent_basis",
    "consent_at",
    "consent_source",
    "expires_at",
    "ferpa",
];

/// Reads the header row.
pub(super) fn columns(header: &ByteRecord) -> Result<Vec<Column>, Vec<Flaw>> {
    let mut flaws: Vec<Flaw> = Vec::new();
    let mut columns: Vec<Column> = Vec::new();
    for field in header.iter().take(COLUMNS_MAX) {
        let Ok(name) = std::str::from_utf8(field) else {
            flaws.push((
                None,
                "a column's name is not UTF-8; export the file as CSV in UTF-8".to_owned(),
            ));
            continue;
        };
        let name = name.trim().to_lowercase();
        if columns.iter().any(|column| column.name == name) {
            flaws.push((Some(name), "there are two columns of this name".to_owned()));
            continue;
        }
        flaws.extend(slip(&name));
        let known = KNOWN.iter().find(|(known, _)| *known == name);
        let kind = known.map_or(Kind::Attribute, |(_, kind)| *kind);
        columns.push(Column { name, kind });
    }
    if header.len() > COLUMNS_MAX {
        flaws.push((
            None,
            format!("there are {} columns; {COLUMNS_MAX} is the most", header.len()),
        ));
    }
    flaws.extend(missing(&columns));
    if flaws.is_empty() { Ok(columns) } else { Err(flaws) }
}

/// The needed columns that are not there.
fn missing(columns: &[Column]) -> Option<Flaw> {
    let missing: Vec<&str> = NEEDED
        .into_iter()
        .filter(|needed| columns.iter().all(|column| column.name != *needed))
        .collect();
    let parted_by = match columns {
        [only] if only.name.contains(';') => Some("semicolons"),
        [only] if only.name.contains('\t') => Some("tabs"),
        _ => None,
    };
    match (missing.as_slice(), parted_by) {
        ([], _) => None,
        (_, Some(sign)) => Some((
            None,
            format!("the columns are parted by {sign}; export the file with commas"),
        )),
        (missing, None) => Some((
            None,
            format!(
                "these columns are needed and missing: {}; the first line names the columns",
                missing.join(", ")
            ),
        )),
    }
}

/// A name that is nearly one of the precious ones, or none at all.
fn slip(name: &str) -> Option<Flaw> {
    if name.is_empty() {
        return Some((None, "a column has no name".to_owned()));
    }
    if KNOWN.iter().any(|(known, _)| *known == name) {
        return None;
    }
    let nearest = PRECIOUS
        .into_iter()
        .find(|precious| strsim::damerau_levenshtein(precious, name) <= SLIP_EDITS_MAX)?;
    Some((
        Some(name.to_owned()),
        format!("there is no such column; did you mean `{nearest}`?"),
    ))
}
