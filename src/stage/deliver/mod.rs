//! Expanded → Closed: the copies leave.
//!
//! Workers, each with one connection at a time, take copies from one [`queue`](self), as [`decide::shape`](Shape) lets
//! them go: [`Run`](self) has a line for each stream of a mailing, so that a provider who bears little holds back nobody
//! else. Before the final dot of a copy its intent is on the disk; its outcome goes there together with the next intent,
//! in one commit. So after a crash nobody is skipped, and at most one recipient a connection is uncertain, known by name.
//!
//! A mailing begins with a slice of itself; when it fares badly the gateway pauses it and says why. How flows stand is
//! kept every few seconds; after a crash they begin with nothing to spend.
//!
//! Settings may change meanwhile: what is under way ends as it began, and all else goes by the new ones at once.
//!
//! # Failure
//! When the ledger cannot be written, sending stops: a success that cannot be recorded would become a duplicate. When
//! the next hop cannot be reached nobody's try is used up; it is tried again later, each time later.

mod ahead;
mod brake;
mod carrier;
mod courier;
mod crew;
mod effects;
mod keys;
mod later;
mod lease;
mod leaving;
mod line;
mod queue;
mod relay;
mod renew;
mod route;
mod run;
mod take_up;
mod ways;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::decide::compose;
use crate::decide::notice::Notices;
use crate::decide::shape::{Pool, Shape};
use crate::mail::Address;

pub use courier::run;
pub use keys::watch_keys;
pub use relay::{Caller, RelaySettings, RelayTls, TrustFault, trust};
pub use renew::{Renew, Renewal};
pub use route::{DnsSettings, Missing, Names, NamesFault, RouteFault, RouteSettings, Router};

/// What delivery needs to know of the settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where mail leaves that has no other way.
    pub onward: Onward,
    /// Hosts of their own that mail for some domains goes straight to: shaping says for which.
    pub own_hosts: Vec<RelaySettings>,
    /// As whom we connect, where its pool says nothing else.
    pub caller: Caller,
    /// As whom, by pool.
    pub callers: BTreeMap<Pool, Caller>,
    /// How fast, and what replies mean.
    pub shape: Shape,
    /// How copies are made.
    pub compose: Arc<compose::Settings>,
    /// How a failure is told to the author of conveyed mail, and a pause to those who may end it.
    pub notices: Arc<Notices>,
    /// Who hears that the brake has paused a mailing: reviewers and postmasters.
    pub guardians: Vec<Address>,
}

/// Where mail leaves.
#[derive(Debug, Clone)]
pub enum Onward {
    /// Through one host that takes all of it.
    Smarthost(RelaySettings),
    /// To the mail exchangers of each domain.
    Exchangers(Arc<Router>),
}

impl Settings {
    fn caller(&self, pool: Pool) -> &Caller {
        self.callers.get(&pool).unwrap_or(&self.caller)
    }
}

#[cfg(test)]
mod tests;
