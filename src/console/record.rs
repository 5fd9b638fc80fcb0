//! What is held about one person, in plain words: for themselves, and for the few who may look a person up.

use askama::Template;
use jiff::tz::TimeZone;

use super::words::{Key, When, Words};
use crate::mail::Address;
use crate::model::{Basis, Consent, Listing, Method, OfficeId, Offices, PrivacyFlag, Scope, Suppression};
use crate::stage::review::{Copied, Person};

/// One person's record, as a part of a page.
#[derive(Debug, Template)]
#[template(path = "record.html", config = ".askama.toml")]
pub(super) struct Record {
    words: Words,
    facts: Vec<(String, String)>,
    listings: Vec<String>,
    consents: Vec<String>,
    suppressions: Vec<String>,
    copies: Vec<Copy>,
}

/// One mailing they got.
#[derive(Debug)]
struct Copy {
    at: When,
    subject: String,
    case: String,
}

/// What a record is read with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    /// The reader's language.
    pub(super) words: Words,
    /// The offices' names.
    pub(super) offices: &'a Offices,
    /// The zone of times.
    pub(super) zone: &'a TimeZone,
}

impl Reading<'_> {
    /// A record in words.
    pub(super) fn record(self, person: &Person) -> Record {
        let contact = person.contact.as_ref();
        let listings = contact.map(|contact| contact.listings.as_slice()).unwrap_or_default();
        Record {
            words: self.words,
            facts: self.facts(person),
            listings: listings.iter().map(|listing| self.listing(listing)).collect(),
            consents: person.consents.iter().map(|consent| self.consent(consent)).collect(),
            suppressions: person.suppressions.iter().map(|s| self.suppression(s)).collect(),
            copies: person.copies.iter().map(|copied| self.copy(copied)).collect(),
        }
    }

    fn facts(self, person: &Person) -> Vec<(String, String)> {
        let Some(contact) = &person.contact else {
            return Vec::new();
        };
        let words = self.words;
        let addresses: Vec<String> = contact.addresses().into_iter().map(Address::to_string).collect();
        let flags: Vec<String> = contact.privacy().flags().map(|flag| flag_in(words, flag)).collect();
        let name = format!("{} {}", contact.given_name(), contact.family_name());
        let erasure = person.erasure_asked.map(|at| words.moment(at, self.zone));
        let all = [
            (Key("record-number"), contact.id.0.to_string()),
            (Key("record-name"), name.trim().to_owned()),
            (Key("record-addresses"), addresses.join(", ")),
            (Key("record-country"), contact.country().to_owned()),
            (Key("record-flags"), flags.join(", ")),
            (Key("record-erasure"), erasure.unwrap_or_default()),
        ];
        let said = all.into_iter().filter(|(_, value)| !value.is_empty());
        said.map(|(key, value)| (words.say(key).into(), value)).collect()
    }

    /// What one office says.
    fn listing(self, listing: &Listing) -> String {
        let words = self.words;
        let affiliation = &listing.affiliation;
        let day = |key: &'static str, at| words.say(key).with("at", words.moment(at, self.zone)).to_string();
        let unit = (!affiliation.unit.is_empty()).then(|| affiliation.unit.clone());
        let attributes = affiliation
            .attributes
            .iter()
            .map(|(key, value)| format!("{key} {value}"));
        let from = affiliation.from.map(|at| day("record-from", at));
        let until = affiliation.until.map(|at| day("record-until", at));
        let gone = listing.gone_at.map(|at| day("record-gone", at));
        let more = unit.into_iter().chain(attributes).chain(from).chain(until).chain(gone);
        let what = std::iter::once(affiliation.kind.clone())
            .chain(more)
            .collect::<Vec<_>>();
        let said = words.say("record-listing").with("what", what.join(", "));
        let office = self.offices.name(&OfficeId(listing.source.clone()));
        said.with("office", office).with("key", &listing.source_key).into()
    }

    /// What they agreed to, when and where.
    fn consent(self, consent: &Consent) -> String {
        let words = self.words;
        let purpose = match consent.purpose.as_str() {
            "*" => words.say("record-everything").to_string(),
            purpose => purpose.to_owned(),
        };
        let source = match consent.source.as_str() {
            "" => words.say("record-not-recorded").to_string(),
            source => source.to_owned(),
        };
        let said = words
            .say("record-consent")
            .with("basis", words.say(basis(consent.basis)));
        let said = said.with("purpose", purpose).with("source", source);
        let said = said.with("at", words.moment(consent.at, self.zone));
        let until = consent.expires_at.map(|at| {
            let at = words.moment(at, self.zone);
            words.say("record-consent-until").with("at", at).to_string()
        });
        let how = consent.evidence.method.map(|how| words.say(method(how)).to_string());
        let more: Vec<String> = std::iter::once(said.to_string()).chain(how).chain(until).collect();
        more.join("; ")
    }

    /// What mail is kept from them.
    fn suppression(self, suppression: &Suppression) -> String {
        let words = self.words;
        let said = words
            .say("record-suppression")
            .with("scope", scope(words, &suppression.scope));
        let said = said.with("why", words.exclusion(suppression.reason.exclusion()));
        said.with("at", words.moment(suppression.at, self.zone)).into()
    }

    fn copy(self, copied: &Copied) -> Copy {
        let subject = match copied.subject.as_str() {
            "" => self.words.say("subject-none").into(),
            subject => subject.to_owned(),
        };
        Copy {
            at: self.words.when(copied.at, self.zone),
            subject,
            case: copied.mailing.to_string(),
        }
    }
}

/// How far a suppression reaches.
pub(super) fn scope(words: Words, scope: &Scope) -> String {
    match scope {
        Scope::Everything => words.say("scope-everything").into(),
        Scope::Marketing => words.say("scope-marketing").into(),
        Scope::List(list) => words.say("scope-list").with("list", list.to_string()).into(),
    }
}

fn flag_in(words: Words, flag: PrivacyFlag) -> String {
    let key = match flag {
        PrivacyFlag::Ferpa => "flag-ferpa",
        PrivacyFlag::DoNotContact => "flag-do-not-contact",
        PrivacyFlag::Deceased => "flag-deceased",
        PrivacyFlag::Minor => "flag-minor",
    };
    words.say(key).into()
}

fn basis(basis: Basis) -> Key {
    Key(match basis {
        Basis::OptIn => "basis-opt-in",
        Basis::DoubleOptIn => "basis-double-opt-in",
        Basis::Implied => "basis-implied",
        Basis::Contract => "basis-contract",
        Basis::LegalDuty => "basis-legal-duty",
        Basis::LegitimateInterest => "basis-legitimate-interest",
        Basis::Withdrawn => "basis-withdrawn",
    })
}

fn method(method: Method) -> Key {
    Key(match method {
        Method::WebForm => "method-web-form",
        Method::Paper => "method-paper",
        Method::Phone => "method-phone",
        Method::Event => "method-event",
        Method::Import => "method-import",
    })
}
