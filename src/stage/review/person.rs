//! One person of the master list: what is held about them, for whoever may see it, and what they ask for themselves.
//! Policy C8: one at a time, and never without a line in the audit trail.

use std::time::Duration;

use serde::Serialize;

use super::Desk;
use crate::decide::notice::{Kind, Told};
use crate::mail::{Address, Timestamp};
use crate::model::{
    Act, Category, Consent, Contact, ContactId, Event, MailingId, Preference, Scope, Suppression, SuppressionReason,
    TopicId,
};
use crate::store::{Error, Reached};

/// Copies that are told of one person, the newest.
const COPIES_MAX: usize = 50;
/// The officer is told of one person's wish no more often.
const ASKED_AGAIN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// All that is held about one person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Person {
    /// What the offices and they themselves say; `None` when no contact has the address.
    pub contact: Option<Contact>,
    /// What they agreed to, with all that shows it.
    pub consents: Vec<Consent>,
    /// What mail is kept from them, and why.
    pub suppressions: Vec<Suppression>,
    /// Which of our mailings they got, newest first.
    pub copies: Vec<Copied>,
    /// When they asked to be erased.
    pub erasure_asked: Option<Timestamp>,
}

/// A copy of a mailing that somebody got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Of which mailing.
    pub mailing: MailingId,
    /// What that was about; empty when it is no longer kept.
    pub subject: String,
    /// What it was for.
    pub category: Category,
    /// On which day: never earlier than it was.
    pub at: Timestamp,
}

/// Somebody who came by the link of a copy of theirs.
#[derive(Debug, Clone)]
pub struct Own {
    /// Where the copy went.
    pub address: Address,
    /// What is held about them.
    pub person: Person,
}

impl Own {
    fn id(&self) -> Option<ContactId> {
        self.person.contact.as_ref().map(|contact| contact.id)
    }

    /// Their addresses, that of the copy first.
    fn addresses(&self) -> Vec<Address> {
        let contact = self.person.contact.as_ref();
        let known = contact.map(Contact::addresses).unwrap_or_default();
        let others = known.into_iter().filter(|known| !known.is_same_mailbox(&self.address));
        std::iter::once(&self.address).chain(others).cloned().collect()
    }
}

impl Desk {
    /// What is held about a contact, or about an address that none has.
    pub(super) fn person(&self, contact: Option<Contact>, address: &Address) -> Result<Person, Error> {
        let Some(contact) = contact else {
            let suppressions = self.store.suppressions_of(address)?;
            return Ok(Person {
                suppressions,
                ..Person::default()
            });
        };
        let mut suppressions = Vec::new();
        for address in contact.addresses() {
            suppressions.extend(self.store.suppressions_of(address)?);
        }
        let mut consents = self.store.consents(contact.id)?;
        // A mark finds an address in the store, and tells a person nothing.
        consents.iter_mut().for_each(|consent| consent.evidence.address = None);
        Ok(Person {
            consents,
            suppressions,
            copies: self.copies(contact.id)?,
            erasure_asked: self.store.erasure_asked(contact.id)?,
            contact: Some(contact),
        })
    }

    /// The newest copies a contact got.
    fn copies(&self, contact: ContactId) -> Result<Vec<Copied>, Error> {
        let got = self.store.got_since(contact, Timestamp::from_micros(0))?;
        let newest = got.into_iter().rev().take(COPIES_MAX);
        let copied = newest.map(|got| {
            let state = self.store.mailing(got.mailing)?;
            Ok(Copied {
                mailing: got.mailing,
                subject: state.map(|state| state.mailing().subject.clone()).unwrap_or_default(),
                category: got.category,
                at: got.at,
            })
        });
        copied.collect()
    }

    /// What is held about whoever a copy went to. A contact that has that address no more is somebody else's record: whoever
    /// reads the mailbox now sees nothing of it.
    pub fn own(&self, reached: Reached) -> Result<Own, Error> {
        let address = reached.recipient.address;
        let contact = reached.recipient.contact.map(|id| self.store.contact(id)).transpose()?;
        let has_it = |contact: &Contact| contact.addresses().iter().any(|known| known.is_same_mailbox(&address));
        let person = self.person(contact.flatten().filter(has_it), &address)?;
        Ok(Own { address, person })
    }

    /// They choose by topic: in force at once, even for a mailing under way. Law 5.
    pub async fn choose(&self, own: &Own, chosen: Vec<(TopicId, Preference)>) -> Result<bool, Error> {
        let Some(contact) = &own.person.contact else {
            return Ok(false);
        };
        let mut preferences = contact.preferences.clone();
        preferences.extend(chosen);
        let said: Vec<String> = preferences
            .iter()
            .map(|(topic, preference)| format!("{topic} {}", format!("{preference:?}").to_lowercase()))
            .collect();
        let event = self.said_by(own, Act::Chose, &said.join(", "));
        self.store.choose(contact.id, preferences, event).await
    }

    /// They want no mailing at all, emergencies excepted.
    pub async fn want_nothing(&self, own: &Own) -> Result<(), Error> {
        let suppression = Suppression {
            scope: Scope::Everything,
            reason: SuppressionReason::Unsubscribed,
            at: self.clock.now(),
            contact: own.id(),
            mailing: None,
            note: "asked on their own page".to_owned(),
        };
        let event = self.said_by(own, Act::Suppressed, "no mailing at all");
        let kept = self.store.suppress(&own.address, &[suppression], event).await;
        kept.map(drop)
    }

    /// They take back that they left a list, or all of them.
    pub async fn want_again(&self, own: &Own, scope: &Scope) -> Result<(), Error> {
        for address in own.addresses() {
            let event = self.said_by(own, Act::Returning, &scope.to_string());
            self.store.lift(&address, scope, event).await?;
        }
        Ok(())
    }

    /// A copy of their own record is given to them: that it was is kept before it is.
    pub async fn give_copy(&self, own: &Own) -> Result<(), Error> {
        let event = self.said_by(own, Act::CopyGiven, "to themselves, by their own link");
        self.store.log(event).await
    }

    /// They ask to be erased: those who watch over contact data are told. Returns whether they are told now; whoever asks
    /// again within a week has been heard.
    pub async fn ask_erasure(&self, own: &Own) -> Result<bool, Error> {
        let Some(id) = own.id() else { return Ok(false) };
        let told = Told {
            reasons: vec![format!("Contact {} asked for it.", id.0)],
            link: Some(format!("{}/people", self.settings.notices.console_url)),
            ..Told::news()
        };
        let notices = self.watchers().into_iter();
        let notices = notices.map(|to| self.notice(Kind::Erasure, to, &told)).collect();
        let since = self.clock.now().minus(ASKED_AGAIN);
        let event = self.said_by(own, Act::ErasureAsked, "by their own link");
        self.store.ask_erasure(id, since, event, notices).await
    }

    /// Those who watch over contact data; the reviewers where nobody is named.
    pub(super) fn watchers(&self) -> Vec<&Address> {
        match self.settings.policy.alerts.as_slice() {
            [] => self.offices().reviewers().into_iter().collect(),
            alerts => alerts.iter().collect(),
        }
    }

    /// A line of the trail on what a contact did; it names them by number.
    fn said_by(&self, own: &Own, act: Act, note: &str) -> Event {
        let whom = own
            .id()
            .map_or("whoever was written to".to_owned(), |id| format!("contact {}", id.0));
        Event {
            at: self.clock.now(),
            by: "contact".to_owned(),
            act,
            mailing: None,
            note: format!("{whom}: {note}"),
        }
    }
}
