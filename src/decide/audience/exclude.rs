//! Who is left out, and why. Policy C3, C4.

use crate::mail::Timestamp;
use crate::model::{Basis, Category, Consent, ConsentRule, Contact, Exclusion, Suppression};

/// Why this contact gets no copy; `None` when they do.
pub fn excluded(
    contact: &Contact,
    rule: ConsentRule,
    category: Category,
    suppression: Option<&Suppression>,
    now: Timestamp,
) -> Option<Exclusion> {
    if let Some(suppression) = suppression {
        return Some(suppression.reason.exclusion());
    }
    let consent = newest(&contact.consents, category);
    let lets_in = match (rule, consent) {
        (ConsentRule::NotNeeded, _) | (ConsentRule::NotWithdrawn, None) => true,
        (ConsentRule::NotWithdrawn, Some(consent)) => consent.basis != Basis::Withdrawn,
        (ConsentRule::OptIn, Some(consent)) => is_in_force(consent, now),
        (ConsentRule::OptIn, None) => false,
    };
    (!lets_in).then_some(Exclusion::NoConsent)
}

/// The newest record for this purpose; `*` is for every purpose.
fn newest(consents: &[Consent], category: Category) -> Option<&Consent> {
    let purpose = format!("{category:?}").to_lowercase();
    let fits = |consent: &&Consent| consent.purpose == "*" || consent.purpose.eq_ignore_ascii_case(&purpose);
    consents.iter().filter(fits).max_by_key(|consent| consent.at)
}

fn is_in_force(consent: &Consent, now: Timestamp) -> bool {
    consent.basis != Basis::Withdrawn && consent.expires_at.is_none_or(|end| now < end)
}
