//! Facts: all that a rule may look at. Gathered once a message, by `stage::intake`.

use super::Policy;
use crate::mail::Address;
use crate::model::Author;

/// Where a recipient is, as the policy sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A list of ours.
    List,
    /// An address in the lists domain that is no list.
    NoList,
    /// Somebody on campus.
    Campus,
    /// Anybody else.
    Outside,
}

/// One message, as far as the policy goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Who submitted it; `None` when nobody could be proved.
    pub author: Option<Author>,
    /// MAIL FROM.
    pub reverse_path: Option<Address>,
    /// The addresses in the From field.
    pub from: Vec<Address>,
    /// Whom it is for, in the order given.
    pub recipients: Vec<(Address, Place)>,
    /// It answers a mailing of ours: where answers to that go.
    pub answers_to: Option<Address>,
}

impl Facts {
    /// The lists among the recipients.
    pub fn lists(&self) -> impl Iterator<Item = &Address> {
        self.at(Place::List)
    }

    /// The recipients at a place.
    pub fn at(&self, place: Place) -> impl Iterator<Item = &Address> {
        self.recipients
            .iter()
            .filter(move |(_, at)| *at == place)
            .map(|(address, _)| address)
    }
}

impl Policy {
    /// Where an address is.
    pub fn place(&self, address: &Address) -> Place {
        if self.list(address).is_some() {
            return Place::List;
        }
        if *address.domain() == self.lists_domain {
            return Place::NoList;
        }
        let is_campus = self
            .campus_domains
            .iter()
            .any(|campus| address.domain().is_within(campus));
        if is_campus { Place::Campus } else { Place::Outside }
    }
}
