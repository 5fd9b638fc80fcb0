//! Who is left out, and why. Policy C3, C4, C11.

use std::time::Duration;

use super::Pressure;
use crate::mail::Timestamp;
use crate::model::{Basis, Caps, Category, Consent, ConsentRule, Contact, ContactId, Exclusion, Suppression};

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

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

/// Whether the contact has had enough lately. What is critical is never too much. Policy C11.
pub(super) fn over_cap(
    contact: ContactId,
    caps: Caps,
    category: Category,
    pressure: Pressure<'_>,
    now: Timestamp,
) -> Option<Exclusion> {
    let is_over =
        |cap: Option<u32>, period: Duration| cap.is_some_and(|cap| (pressure.0)(contact, now.minus(period)) >= cap);
    let is_full = category != Category::Critical && (is_over(caps.week, WEEK) || is_over(caps.month, MONTH));
    is_full.then_some(Exclusion::OverCap)
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
