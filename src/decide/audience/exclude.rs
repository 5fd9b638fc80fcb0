//! Who is left out, and why. Policy C3, C4, C11.

use super::{Purpose, address};
use crate::mail::{Domain, Mailbox, Timestamp};
use crate::model::{
    Agreement, Basis, Category, ConsentRule, Exclusion, Glance, PrivacyFlag, Said, Segment, Suppression, agreement,
};

/// Where mail that promotes something wants a yes, whatever the audience asks: the European Economic Area and the United
/// Kingdom (PECR), Switzerland, and Canada (CASL). What is inferred of a relationship is a yes in Canada alone.
const YES_COUNTRIES: [&str; 33] = [
    "AT", "BE", "BG", "CA", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS",
    "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// What is known of one contact's addresses: the suppressions of each.
pub type Known<'a> = &'a dyn Fn(Mailbox<'_>) -> &'a [Suppression];

/// Asks for one list of a mailing whether a contact gets a copy, and at which address.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The list.
    pub segment: &'a Segment,
    /// What the mailing is sent for.
    pub purpose: Purpose,
    /// The campus's own domains.
    pub campus: &'a [Domain],
    /// Now.
    pub now: Timestamp,
}

impl Question<'_> {
    /// Where their copy goes, or why they get none. Caps are not asked, and nothing of who is in the list.
    pub fn ask<'c>(&self, contact: &Glance<'c>, known: Known<'_>) -> Result<Mailbox<'c>, Exclusion> {
        let addresses = address::ranked(contact, self);
        let mut usable = addresses.iter().copied().filter(|a| address::is_usable(*a)).peekable();
        if usable.peek().is_none() {
            return Err(Exclusion::InvalidAddress);
        }
        let privacy = contact.privacy();
        if privacy.has(PrivacyFlag::Deceased) || privacy.has(PrivacyFlag::DoNotContact) {
            return Err(Exclusion::DoNotContact);
        }
        // What somebody said of one of their addresses they meant of themselves; a dead mailbox is only dead itself.
        let is_dead = |s: &&Suppression| s.reason.exclusion() == Exclusion::HardBounce;
        let said = contact.addresses().into_iter().flat_map(known).filter(|s| !is_dead(s));
        let living = usable.find(|address| !known(*address).iter().any(|s| is_dead(&s)));
        let dead = living.is_none().then_some(Exclusion::HardBounce);
        if let Some(exclusion) = said.filter_map(|s| self.reaches(s)).chain(dead).min() {
            return Err(exclusion);
        }
        if !self.purpose.is_emergency {
            self.chosen(contact)?;
            self.agreed(contact)?;
            self.allowed(contact)?;
        }
        living.ok_or(Exclusion::HardBounce)
    }

    /// The exclusion that a suppression leads to, if it reaches this mailing.
    pub fn reaches(&self, suppression: &Suppression) -> Option<Exclusion> {
        let exclusion = suppression.reason.exclusion();
        let goes_past = self.purpose.is_emergency && !EVEN_EMERGENCIES.contains(&exclusion);
        let covers = suppression.scope.covers(&self.segment.list, self.purpose.category);
        (covers && !goes_past).then_some(exclusion)
    }

    /// What they chose, by topic.
    fn chosen(&self, contact: &Glance<'_>) -> Result<(), Exclusion> {
        let suits = self
            .segment
            .about
            .as_ref()
            .is_none_or(|about| about.suits(contact.preference(&about.topic.0)));
        suits.then_some(()).ok_or(Exclusion::Preference)
    }

    /// What they agreed to. Policy C3.
    fn agreed(&self, contact: &Glance<'_>) -> Result<(), Exclusion> {
        let (purpose, country) = (self.purpose.category.name(), contact.country());
        let wants_yes = YES_COUNTRIES.iter().any(|c| c.eq_ignore_ascii_case(country));
        let rule = match self.segment.consent {
            ConsentRule::NotWithdrawn if wants_yes && self.purpose.category.is_promotional() => ConsentRule::OptIn,
            rule @ (ConsentRule::NotNeeded | ConsentRule::NotWithdrawn | ConsentRule::OptIn) => rule,
        };
        let counts = |s: &Said<'_>| {
            let is_inferred = s.basis == Basis::Implied;
            !(is_inferred && wants_yes && !country.eq_ignore_ascii_case("CA"))
        };
        let agreement = || agreement(contact.said.iter().copied().filter(counts), purpose, self.now);
        let lets_in = match rule {
            ConsentRule::NotNeeded => true,
            ConsentRule::NotWithdrawn => agreement() != Agreement::No,
            ConsentRule::OptIn => agreement() == Agreement::Yes,
        };
        lets_in.then_some(()).ok_or(Exclusion::NoConsent)
    }

    /// What the law allows: who is not to be disclosed is in no audience that outsiders asked for, and nobody under age is
    /// asked for support or for answers.
    fn allowed(&self, contact: &Glance<'_>) -> Result<(), Exclusion> {
        let privacy = contact.privacy();
        let asks = matches!(self.purpose.category, Category::Marketing | Category::Survey);
        let is_disclosed = self.segment.is_for_outsiders && privacy.has(PrivacyFlag::Ferpa);
        let is_asked = asks && privacy.has(PrivacyFlag::Minor);
        (!is_disclosed && !is_asked).then_some(()).ok_or(Exclusion::Protected)
    }
}

/// What keeps even an emergency from somebody. Policy C17.
const EVEN_EMERGENCIES: [Exclusion; 3] = [
    Exclusion::InvalidAddress,
    Exclusion::DoNotContact,
    Exclusion::HardBounce,
];
