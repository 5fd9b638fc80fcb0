//! The header row: which column is where.

use super::never::forbidden;
use super::record::Record;
use super::{Flaw, Rules};

/// Columns of one feed; more is no feed.
const COLUMNS_MAX: usize = 64;
/// Edits by which a column may miss a known name and still be taken for a slip.
const SLIP_EDITS_MAX: usize = 2;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    SourceKey,
    Email,
    PersonalEmail,
    GivenName,
    FamilyName,
    Affiliation,
    Unit,
    ValidFrom,
    ValidUntil,
    Country,
    Ferpa,
    DoNotContact,
    Deceased,
    Minor,
    ConsentPurpose,
    ConsentBasis,
    ConsentAt,
    ConsentSource,
    ExpiresAt,
    ConsentJurisdiction,
    ConsentMethod,
    ConsentWording,
    ConsentWordingSha256,
    ConsentNotice,
    ConsentThirdParty,
    ConsentIp,
    ConsentUserAgent,
    ConsentConfirmationSentAt,
    ConsentConfirmedAt,
    ConsentCollectedBy,
    ConsentEvidenceSha256,
    Relationship,
    RelationshipAt,
    ConsentWithdrawnAt,
    ConsentWithdrawalChannel,
    ConsentProcessedAt,
    ConsentProcessedBy,
    ConsentRenews,
    ConsentNote,
    /// Whatever else the office says; the last of them.
    Attribute,
}

impl Kind {
    /// How many of them every feed knows.
    pub(super) const COUNT: usize = Self::Attribute as usize;

    /// Those that say what somebody agreed to.
    pub(super) const CONSENT: [Self; 25] = [
        Self::ConsentPurpose,
        Self::ConsentBasis,
        Self::ConsentAt,
        Self::ConsentSource,
        Self::ExpiresAt,
        Self::ConsentJurisdiction,
        Self::ConsentMethod,
        Self::ConsentWording,
        Self::ConsentWordingSha256,
        Self::ConsentNotice,
        Self::ConsentThirdParty,
        Self::ConsentIp,
        Self::ConsentUserAgent,
        Self::ConsentConfirmationSentAt,
        Self::ConsentConfirmedAt,
        Self::ConsentCollectedBy,
        Self::ConsentEvidenceSha256,
        Self::Relationship,
        Self::RelationshipAt,
        Self::ConsentWithdrawnAt,
        Self::ConsentWithdrawalChannel,
        Self::ConsentProcessedAt,
        Self::ConsentProcessedBy,
        Self::ConsentRenews,
        Self::ConsentNote,
    ];

    /// The column's name.
    pub(super) fn name(self) -> &'static str {
        KNOWN.get(self as usize).map_or("attribute", |(name, _)| *name)
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name, in lower case.
    pub(super) name: String,
    /// What it holds.
    pub(super) kind: Kind,
}

/// The columns that every feed knows, in the order of [`Kind`].
const KNOWN: [(&str, Kind); Kind::COUNT] = [
    ("source_key", Kind::SourceKey),
    ("email", Kind::Email),
    ("personal_email", Kind::PersonalEmail),
    ("given_name", Kind::GivenName),
    ("family_name", Kind::FamilyName),
    ("affiliation", Kind::Affiliation),
    ("unit", Kind::Unit),
    ("valid_from", Kind::ValidFrom),
    ("valid_until", Kind::ValidUntil),
    ("country", Kind::Country),
    ("ferpa", Kind::Ferpa),
    ("do_not_contact", Kind::DoNotContact),
    ("deceased", Kind::Deceased),
    ("minor", Kind::Minor),
    ("consent_purpose", Kind::ConsentPurpose),
    ("consent_basis", Kind::ConsentBasis),
    ("consent_at", Kind::ConsentAt),
    ("consent_source", Kind::ConsentSource),
    ("expires_at", Kind::ExpiresAt),
    ("consent_jurisdiction", Kind::ConsentJurisdiction),
    ("consent_method", Kind::ConsentMethod),
    ("consent_wording", Kind::ConsentWording),
    ("consent_wording_sha256", Kind::ConsentWordingSha256),
    ("consent_notice", Kind::ConsentNotice),
    ("consent_third_party", Kind::ConsentThirdParty),
    ("consent_ip", Kind::ConsentIp),
    ("consent_user_agent", Kind::ConsentUserAgent),
    ("consent_confirmation_sent_at", Kind::ConsentConfirmationSentAt),
    ("consent_confirmed_at", Kind::ConsentConfirmedAt),
    ("consent_collected_by", Kind::ConsentCollectedBy),
    ("consent_evidence_sha256", Kind::ConsentEvidenceSha256),
    ("relationship", Kind::Relationship),
    ("relationship_at", Kind::RelationshipAt),
    ("consent_withdrawn_at", Kind::ConsentWithdrawnAt),
    ("consent_withdrawal_channel", Kind::ConsentWithdrawalChannel),
    ("consent_processed_at", Kind::ConsentProcessedAt),
    ("consent_processed_by", Kind::ConsentProcessedBy),
    ("consent_renews", Kind::ConsentRenews),
    ("consent_note", Kind::ConsentNote),
];

/// Without these there is no contact.
const NEEDED: [&str; 3] = ["source_key", "email", "affiliation"];

/// Reads the header row of the office `source`.
pub(super) fn columns(header: &Record, rules: &Rules, source: &str) -> Result<Vec<Column>, Vec<Flaw>> {
    let mut flaws: Vec<Flaw> = Vec::new();
    let mut columns: Vec<Column> = Vec::new();
    for cell in header.cells().take(COLUMNS_MAX) {
        let Ok(name) = std::str::from_utf8(cell) else {
            flaws.push((None, "a column's name is not UTF-8; export it in UTF-8".to_owned()));
            continue;
        };
        let name = name.trim().to_lowercase();
        if columns.iter().any(|column| column.name == name) {
            flaws.push((Some(name), "there are two columns of this name".to_owned()));
            continue;
        }
        match kind(&name, rules, source) {
            Ok(kind) => columns.push(Column { name, kind }),
            // One file, one fault: that it has but one column says why.
            Err(_) if parted_by(&name).is_some() && header.len() == 1 => columns.push(Column {
                name,
                kind: Kind::Attribute,
            }),
            Err(what) => flaws.push((Some(name).filter(|name| !name.is_empty()), what)),
        }
    }
    if header.len() > COLUMNS_MAX {
        flaws.push((
            None,
            format!("there are {} columns or more; {COLUMNS_MAX} is the most", header.len()),
        ));
    }
    flaws.extend(missing(&columns));
    if flaws.is_empty() { Ok(columns) } else { Err(flaws) }
}

/// What a column of this name holds, or why this office may not send it.
fn kind(name: &str, rules: &Rules, source: &str) -> Result<Kind, String> {
    if name.is_empty() {
        return Err("a column has no name".to_owned());
    }
    if let Some((_, kind)) = KNOWN.iter().find(|(known, _)| *known == name) {
        return Ok(*kind);
    }
    if let Some(what) = forbidden(name) {
        return Err(format!(
            "{what} have no place in a contact system, and no setting lets them in; take the column out"
        ));
    }
    if rules.fields.contains(name) {
        return Ok(Kind::Attribute);
    }
    let all = KNOWN
        .iter()
        .map(|(known, _)| *known)
        .chain(rules.fields.iter().map(String::as_str));
    let nearest = all
        .map(|right| (strsim::damerau_levenshtein(right, name), right))
        .filter(|(edits, _)| *edits <= SLIP_EDITS_MAX)
        .min();
    Err(match nearest {
        Some((_, right)) => format!("there is no such column; did you mean `{right}`?"),
        None => format!(
            "the feed of {source} may not bring this column; take it out, or have it added to `fields` of \
             [feed.{source}] in policy.toml"
        ),
    })
}

/// What parts the columns, when it is no comma.
fn parted_by(name: &str) -> Option<&'static str> {
    let signs = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")];
    signs
        .into_iter()
        .find(|(sign, _)| name.contains(*sign))
        .map(|(_, word)| word)
}

/// The needed columns that are not there.
fn missing(columns: &[Column]) -> Option<Flaw> {
    let missing: Vec<&str> = NEEDED
        .into_iter()
        .filter(|needed| columns.iter().all(|column| column.name != *needed))
        .collect();
    let parted_by = match columns {
        [only] => parted_by(&only.name),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_what_columns_hold() {
        for (at, (name, kind)) in KNOWN.into_iter().enumerate() {
            assert_eq!((kind as usize, kind.name()), (at, name));
            assert_eq!(forbidden(name), None, "{name}");
        }
    }
}
