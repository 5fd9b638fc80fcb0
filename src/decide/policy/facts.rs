//! Facts: all that a rule may look at. Gathered once a message, by `stage::intake`.

use super::Policy;
use crate::mail::{Address, Timestamp};
use crate::model::{Arming, Author, MailingId};

/// Where a recipient is, as the policy sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A list of ours.
    List,
    /// A class: `class-…` in the lists domain.
    Class,
    /// An address in the lists domain that is no list.
    NoList,
    /// Somebody on campus.
    Campus,
    /// Anybody else.
    Outside,
}

/// One message, as far as the policy goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Who submitted it; `None` when nobody could be proved.
    pub author: Option<Author>,
    /// MAIL FROM.
    pub reverse_path: Option<Address>,
    /// The addresses in the From field.
    pub from: Vec<Address>,
    /// Whom it is for, in the order given; a class stands as itself.
    pub recipients: Vec<(Address, Place)>,
    /// It answers a mailing of ours: where answers to that go.
    pub answers_to: Option<Address>,
    /// When it came.
    pub at: Option<Timestamp>,
    /// What kind of message it is.
    pub letter: Letter,
    /// Whom its author has written to on this subject, this message among them.
    pub group: Grown,
    /// The classes of its author.
    pub class: Classes,
    /// What is in it and attached to it.
    pub inside: Inside,
    /// How many people its author's ordinary mail has reached, before this message.
    pub pace: Reached,
    /// When mailings like it went to the same lists, newest first.
    pub repeats: Vec<Timestamp>,
    /// What its author has just shown a second factor for. Policy C17.
    pub armed: Option<Arming>,
}

/// What can be seen of a message without judging it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Letter {
    /// The decoded subject, on one line.
    pub subject: String,
    /// Addresses that all its readers see, in To and Cc.
    pub shown: u32,
    /// It answers somebody, or goes on with a thread, among people who are in that already.
    pub is_in_thread: bool,
    /// An invitation, acceptance or cancellation (RFC 5546).
    pub is_calendar: bool,
    /// Sent by a program: a null return path, or `Auto-Submitted` (RFC 3834).
    pub is_automatic: bool,
    /// Every link's host and parameters.
    pub links: Vec<Link>,
    /// Words a reader reads.
    pub words: u32,
    /// Octets of it.
    pub bytes: u64,
    /// Octets of its HTML.
    pub html_bytes: u64,
    /// Names of what is attached.
    pub attachments: Vec<String>,
}

/// A link, as far as a rule may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The host, in lower case.
    pub host: String,
    /// The path, as written.
    pub path: String,
    /// Names and values of its parameters.
    pub parameters: Vec<(String, String)>,
}

/// How a group stands with this message in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grown {
    /// Different people on campus, over the window.
    pub campus: u32,
    /// Different people outside.
    pub outside: u32,
    /// Messages of it within the burst's time.
    pub burst: u32,
    /// The case it is held as.
    pub case: Option<MailingId>,
    /// Its author has given their word for it.
    pub is_attested: bool,
    /// Its author has been told that it grows.
    pub is_nudged: bool,
}

/// What the rosters say of author and recipients.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Classes {
    /// Sections the author teaches now, days of grace included.
    pub teaches: Vec<String>,
    /// Recipients who are in one of them, who teach it too, or who are the author.
    pub members: Vec<Address>,
    /// Members reached through `class-…`: so many people.
    pub by_list: u32,
    /// A class address that the author may not use, or that there is not.
    pub closed: Option<Address>,
}

/// What was found in a message and what is attached to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inside {
    /// Different addresses in what is attached.
    pub attached: u32,
    /// Different addresses in the text.
    pub written: u32,
    /// How many of both the master list has.
    pub known: u32,
    /// Names of what could not be opened.
    pub unreadable: Vec<String>,
    /// What unpacks beyond every measure.
    pub bomb: Option<String>,
    /// Its author is a steward, and so has contact data at hand.
    pub of_steward: bool,
}

/// People reached, by the pace of an author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reached {
    /// When there is room for this message; `None` is at once.
    pub wait_until: Option<Timestamp>,
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

    /// Whether this recipient is in a class of the author's.
    pub fn is_classmate(&self, address: &Address) -> bool {
        self.class.members.iter().any(|member| member.is_same_mailbox(address))
    }

    /// People named who are in no class of the author's.
    pub fn outsiders(&self) -> impl Iterator<Item = &Address> {
        self.recipients
            .iter()
            .filter(|(address, place)| matches!(place, Place::Campus | Place::Outside) && !self.is_classmate(address))
            .map(|(address, _)| address)
    }

    /// Whether it is for more than a few: to a list, or to a group as large as the policy nudges at.
    pub fn is_for_many(&self, policy: &Policy) -> bool {
        let group = self.group.campus.saturating_add(self.group.outside);
        self.lists().next().is_some() || group >= policy.hidden.nudge_at
    }

    /// Whether every list it is for is one for emergencies, and its author one who may send them. Policy C17.
    pub fn is_emergency(&self, policy: &Policy) -> bool {
        let is_herald = self
            .author
            .as_ref()
            .is_some_and(|author| policy.emergency.heralds.find(&author.address).is_some());
        let flagged = |list: &Address| policy.list(list).is_some_and(|rule| rule.emergency);
        let only_lists = self.recipients.iter().all(|(_, place)| *place == Place::List);
        is_herald && only_lists && self.lists().next().is_some() && self.lists().all(flagged)
    }
}

impl Facts {
    /// Whether it is an emergency that waits for nobody.
    pub fn goes_at_once(&self, policy: &Policy) -> bool {
        self.armed.is_some() && self.reverse_path.is_some() && self.is_emergency(policy)
    }
}

impl Facts {
    /// Whether that emergency is a drill.
    pub fn is_drill(&self, policy: &Policy) -> bool {
        self.armed == Some(Arming::Drill) && self.goes_at_once(policy)
    }
}

/// What the local part of a class's address begins with.
pub const CLASS_PREFIX: &str = "class-";

impl Policy {
    /// Where an address is.
    pub fn place(&self, address: &Address) -> Place {
        if self.list(address).is_some() {
            return Place::List;
        }
        if *address.domain() == self.lists_domain {
            let begins = address.local().get(..CLASS_PREFIX.len());
            let is_class = begins.is_some_and(|begins| begins.eq_ignore_ascii_case(CLASS_PREFIX));
            return if is_class { Place::Class } else { Place::NoList };
        }
        let is_campus = self
            .campus_domains
            .iter()
            .any(|campus| address.domain().is_within(campus));
        if is_campus { Place::Campus } else { Place::Outside }
    }
}
