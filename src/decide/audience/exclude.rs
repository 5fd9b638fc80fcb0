//! Who is left out, and why. Policy C3, C4, C11.

use std::time::Duration;

use super::{Pressure, Purpose};
use crate::mail::Timestamp;
use crate::model::{Basis, Caps, Category, Consent, ConsentRule, Contact, ContactId, Exclusion, Suppression};

pub(super) const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Why this contact gets no copy; `None` when they do.
pub fn excluded(
    contact: &Contact,
    rule: ConsentRule,
    purpose: Purpose,
    suppression: Option<&Suppression>,
    now: Timestamp,
) -> Option<Exclusion> {
    if let Some(suppression) = suppression.filter(|suppression| !purpose.goes_past(suppression)) {
        return Some(suppression.reason.exclusion());
    }
    if purpose.is_emergency {
        return None;
    }
    let consent = newest(&contact.consents, purpose.category);
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
    let is_over = |cap: Option<u32>, period: Duration, of: Option<Category>| {
        cap.is_some_and(|cap| pressure.copies(contact, now.minus(period), of) >= cap)
    };
    let survey = Some(Category::Survey);
    let is_full = is_over(caps.week, WEEK, None)
        || is_over(caps.month, MONTH, None)
        || (category == Category::Survey && is_over(caps.survey_month, MONTH, survey));
    (category != Category::Critical && is_full).then_some(Exclusion::OverCap)
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
