//! Scope: what a limit is a limit of. Stream: copies that share all the limits of where they go.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Capacity, Lane, MailingId};

/// What a limit is a limit of. From the widest to the narrowest; first who sends, then who receives.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// Everything that leaves.
    All,
    /// Mail that leaves for one reason.
    Pool(Pool),
    /// All that one domain signs.
    SigningDomain(Arc<str>),
    /// One mailing.
    Mailing(MailingId),
    /// One next hop: `127.0.0.1:2526`.
    Host(Arc<str>),
    /// A provider, by its key.
    Provider(Arc<str>),
    /// A domain of no provider we know.
    Domain(Arc<str>),
}

impl Scope {
    /// Whether it says where a copy goes, rather than where it comes from.
    pub fn is_of_receiver(&self) -> bool {
        matches!(self, Self::Host(_) | Self::Provider(_) | Self::Domain(_))
    }
}

/// Why mail leaves; kept apart so that one cannot spoil the other's name. Policy C2, C17.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Pool {
    /// Its author named the recipients.
    Conveyed,
    /// A mailing to a list.
    Mailings,
    /// An emergency.
    Emergencies,
}

impl Pool {
    /// The pool of a mailing.
    pub fn of(capacity: Capacity, lane: Lane) -> Self {
        match (capacity, lane) {
            (_, Lane::Emergency) => Self::Emergencies,
            (Capacity::Conveyed, Lane::Official | Lane::Bulk) => Self::Conveyed,
            (Capacity::Initiated, Lane::Official | Lane::Bulk) => Self::Mailings,
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Conveyed => "conveyed mail",
            Self::Mailings => "mailings",
            Self::Emergencies => "emergencies",
        }
    }
}

/// Copies that share all the limits of where they go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stream {
    /// What people call it: the provider, or `other domains`.
    pub name: Arc<str>,
    /// The next hop.
    pub host: Scope,
    /// Whose mailboxes they are for: every provider that matches, or the domain itself.
    pub receivers: Vec<Scope>,
    /// Whether the next hop is the receivers' own: then a connection to it is one to them. A smarthost's is not.
    pub is_direct: bool,
}

impl Stream {
    /// What an open connection counts against.
    pub fn of_connection(&self) -> Vec<Scope> {
        let receivers = self.receivers.iter().filter(|_| self.is_direct);
        std::iter::once(&self.host).chain(receivers).cloned().collect()
    }

    /// What a copy under way counts against besides: on the way to a smarthost it stands for a connection to whoever
    /// receives it.
    pub fn of_copy(&self) -> Vec<Scope> {
        self.receivers.iter().filter(|_| !self.is_direct).cloned().collect()
    }

    /// Next hop and receivers.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        std::iter::once(&self.host).chain(&self.receivers)
    }
}

/// One copy that would go.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Of which mailing; `None` for one that there might be.
    pub mailing: Option<MailingId>,
    /// Whom it goes before.
    pub lane: Lane,
    /// Why it leaves.
    pub pool: Pool,
    /// Who signs it; nobody signs what we only convey.
    pub signing_domain: Option<&'a Arc<str>>,
}

impl Claim<'_> {
    /// Where it comes from.
    pub(super) fn scopes(&self) -> impl Iterator<Item = Scope> {
        let signing = self
            .signing_domain
            .map(|domain| Scope::SigningDomain(Arc::clone(domain)));
        [
            Some(Scope::All),
            Some(Scope::Pool(self.pool)),
            signing,
            self.mailing.map(Scope::Mailing),
        ]
        .into_iter()
        .flatten()
    }

    /// Whether our own caution is no reason to wait. What others bear is. Policy C17.
    pub(super) fn is_emergency(&self) -> bool {
        self.lane == Lane::Emergency
    }
}
