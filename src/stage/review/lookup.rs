//! Looking one person up: by role, for a reason that is kept before anything is shown, and not often. Policy C8, C10.
//!
//! Those who watch over contact data see the whole record; a steward sees a contact that their office lists, and of it what
//! their office says. There is no list of people, and no pattern to search by.

use std::str::FromStr;
use std::time::Duration;

use super::{Desk, Person, Refusal};
use crate::decide::audience::{Explaining, Pressure, Why, explain};
use crate::mail::{Address, Mailbox};
use crate::model::{Act, Came, Contact, ContactId, Event, MailingId, OfficeId, Outcome, Suppression};
use crate::store::Error;

/// How many an account may look up in an hour.
const IN_AN_HOUR: usize = 30;
/// How many the operator may.
const BY_OPERATOR: usize = 500;
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Who is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Whoever has this address.
    Address(Address),
    /// The contact of this number, as notices and the audit trail name them.
    Number(ContactId),
}

impl FromStr for Whom {
    type Err = crate::mail::Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        match text.parse() {
            Ok(number) => Ok(Self::Number(ContactId(number))),
            Err(_no_number) => text.parse().map(Self::Address),
        }
    }
}

/// Who looks somebody up.
#[derive(Debug, Clone, Copy)]
pub enum Looker<'a> {
    /// Whoever runs the machine.
    Operator,
    /// An account.
    Account(&'a Address),
}

/// What is looked up, and why.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// Whom.
    pub whom: Whom,
    /// Why; kept in the audit trail.
    pub reason: String,
    /// Of which audience it is asked why they are in it, or not.
    pub audience: Option<String>,
    /// Of which mailing it is asked whether they got it.
    pub mailing: Option<MailingId>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Found {
    /// What is held about them, as far as whoever asks may see it.
    #[serde(flatten)]
    pub person: Person,
    /// Why the audience has them, or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// What became of their copy of the mailing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
}

impl Desk {
    /// Whether this account may look people up at all.
    pub fn may_look_up(&self, who: &Address) -> bool {
        self.watches_contact_data(who) || !self.offices().stewardships(who).is_empty()
    }

    /// Whether this account watches over contact data: it is a privacy officer's. Policy C10.
    pub fn watches_contact_data(&self, who: &Address) -> bool {
        self.settings.policy.alerts.iter().any(|to| to.is_same_mailbox(who))
    }

    /// Looks one person up. `None` when nothing is known, or nothing that whoever asks may see.
    pub async fn look_up(&self, looker: Looker<'_>, lookup: &Lookup) -> Result<Option<Found>, Refusal> {
        let offices = self.sight(looker)?;
        let reason = lookup.reason.trim();
        if reason.chars().count() < 3 {
            let what = "say in a few words why you look a person up; they are kept in the audit trail";
            return Err(Refusal::Malformed(what.to_owned()));
        }
        let policy = &self.settings.policy;
        if let Some(name) = lookup
            .audience
            .as_ref()
            .filter(|name| !policy.audiences.contains_key(*name))
        {
            let names: Vec<&str> = policy.audiences.keys().map(String::as_str).collect();
            let what = format!("there is no audience {name}; there are: {}", names.join(", "));
            return Err(Refusal::Malformed(what));
        }
        let _turn = self.looking.lock().await;
        self.not_too_often(looker)?;
        let contact = match &lookup.whom {
            Whom::Address(address) => self.store.contact_by_address(address)?,
            Whom::Number(id) => self.store.contact(*id)?,
        };
        // Before anything is shown: what cannot be kept is not looked up. Whether it was found is not in question here.
        self.store.log(self.looked_up(looker, lookup, contact.as_ref())).await?;
        let contact = contact.and_then(|contact| within_sight(contact, offices.as_deref()));
        self.found(contact, lookup, offices.is_none())
    }

    /// The offices whose listings they see; `None` is all.
    fn sight(&self, looker: Looker<'_>) -> Result<Option<Vec<OfficeId>>, Refusal> {
        let Looker::Account(who) = looker else { return Ok(None) };
        if self.watches_contact_data(who) {
            return Ok(None);
        }
        let stewardships = self.offices().stewardships(who);
        if stewardships.is_empty() {
            let what = "only those who watch over contact data, and the stewards of an office, may look a person up";
            return Err(Refusal::NotEntitled(what.to_owned()));
        }
        Ok(Some(
            stewardships.iter().map(|steward| steward.office().clone()).collect(),
        ))
    }

    /// The trail itself says how often they have: no restart forgets it.
    fn not_too_often(&self, looker: Looker<'_>) -> Result<(), Refusal> {
        let (who, most) = match looker {
            Looker::Operator => ("operator".to_owned(), BY_OPERATOR),
            Looker::Account(account) => (account.to_string(), IN_AN_HOUR),
        };
        let since = self.clock.now().minus(HOUR);
        let mut looked = 0;
        for logged in self.store.events() {
            let event = logged?.event;
            if event.at < since {
                break;
            }
            looked += usize::from(event.act == Act::LookedUp && event.by == who);
        }
        if looked >= most {
            return Err(Refusal::TooOften(most));
        }
        Ok(())
    }

    fn looked_up(&self, looker: Looker<'_>, lookup: &Lookup, contact: Option<&Contact>) -> Event {
        let whom = contact.map_or("an address that no contact has".to_owned(), |contact| {
            format!("contact {}", contact.id.0)
        });
        let audience = lookup.audience.as_ref().map(|name| format!(", as to {name}"));
        let reason = lookup.reason.trim();
        Event {
            at: self.clock.now(),
            by: match looker {
                Looker::Operator => "operator".to_owned(),
                Looker::Account(account) => account.to_string(),
            },
            act: Act::LookedUp,
            mailing: lookup.mailing,
            note: format!("{whom}{}: {reason}", audience.unwrap_or_default()),
        }
    }

    fn found(&self, contact: Option<Contact>, lookup: &Lookup, is_all: bool) -> Result<Option<Found>, Refusal> {
        let Some(contact) = contact else {
            let Whom::Address(address) = &lookup.whom else {
                return Ok(None);
            };
            // Of an address that no office lists only those who see all are told what is kept.
            let person = self.person(None, address)?;
            let is_known = is_all && !person.suppressions.is_empty();
            return Ok(is_known.then_some(Found {
                person,
                why: None,
                copy: None,
            }));
        };
        let Some(address) = contact.email().cloned() else {
            return Ok(None);
        };
        let why = lookup
            .audience
            .as_ref()
            .map(|name| self.why(&contact, name))
            .transpose()?;
        let copy = lookup.mailing.map(|id| self.copy_of(id, contact.id)).transpose()?;
        let person = self.person(Some(contact), &address)?;
        Ok(Some(Found {
            person,
            why: why.flatten(),
            copy,
        }))
    }

    /// Why an audience has a contact, or not.
    fn why(&self, contact: &Contact, audience: &str) -> Result<Option<Why>, Error> {
        let policy = &self.settings.policy;
        let Some(rule) = policy.audiences.get(audience) else {
            return Ok(None);
        };
        let now = self.clock.now();
        let mut pressure = Pressure::none(now);
        self.store.copies_since(pressure.since(), now, |got, contacts| {
            pressure.add(got, contacts.iter().copied().filter(|id| *id == contact.id));
        })?;
        let mut known: Vec<(Mailbox<'_>, Vec<Suppression>)> = Vec::new();
        for address in contact.addresses() {
            known.push((address.mailbox(), self.store.suppressions_of(address)?));
        }
        let known = |address: Mailbox<'_>| {
            let found = known.iter().find(|(of, _)| *of == address);
            found.map(|(_, all)| all.as_slice()).unwrap_or_default()
        };
        Ok(Some(explain(
            contact,
            &known,
            Explaining {
                selection: &rule.selection,
                lists: &policy.segments_of(audience),
                pressure: &pressure,
                campus: &policy.campus_domains,
                now,
            },
        )))
    }

    /// What became of a contact's copy, in words.
    fn copy_of(&self, id: MailingId, contact: ContactId) -> Result<String, Error> {
        let Some(state) = self.store.mailing(id)? else {
            return Ok(format!("There is no mailing {id}."));
        };
        let zone = &self.settings.zone;
        let Some((seq, entry)) = self.store.copy_of(id, contact)? else {
            let past = self.store.got_since(contact, state.mailing().submitted_at)?;
            return Ok(match past.iter().find(|got| got.mailing == id) {
                Some(got) => format!(
                    "Their copy of {id} was taken by the next server, by {}.",
                    got.at.readable(zone)
                ),
                None => format!("They have no copy of {id}: it did not reach them, or its plan is no longer kept."),
            });
        };
        let Some(entry) = entry else {
            return Ok(format!("Their copy of {id} waits for its turn."));
        };
        let at = entry.at.readable(zone);
        let mut said = vec![match entry.outcome {
            Some(Outcome::Accepted(_)) => format!("Their copy of {id} was taken by the next server at {at}."),
            Some(Outcome::Deferred { until, .. } | Outcome::Uncertain { until }) => {
                let until = until.readable(zone);
                format!("Their copy of {id} was put off at {at}; the next try is at {until}.")
            }
            Some(Outcome::Failed(status)) => format!("Their copy of {id} was refused at {at}: {}.", status.code),
            Some(Outcome::Suppressed(why)) => format!("They dropped out of {id} before their turn: {}.", why.words()),
            None => format!("Their copy of {id} is being handed over."),
        }];
        for came in self.store.returns_of(id, seq) {
            let (at, came) = came?;
            said.push(came_back(came, &at.readable(zone)));
        }
        Ok(said.join(" "))
    }
}

/// What came back of a copy, in words.
fn came_back(came: Came, at: &str) -> String {
    match came {
        Came::Bounced(class, true) => format!("It came back for good at {at} ({}).", class.word()),
        Came::Bounced(class, false) => format!("It came back at {at} ({}).", class.word()),
        Came::Complained => format!("They complained of it at {at}."),
        Came::Unsubscribed => format!("They unsubscribed by it at {at}."),
    }
}

/// The contact as these offices list it; `None` when none of them does.
fn within_sight(mut contact: Contact, offices: Option<&[OfficeId]>) -> Option<Contact> {
    if let Some(offices) = offices {
        let is_own = |source: &str| offices.iter().any(|office| office.0 == source);
        contact
            .listings
            .retain(|listing| is_own(&listing.source) && listing.gone_at.is_none());
    }
    (!contact.listings.is_empty()).then_some(contact)
}
