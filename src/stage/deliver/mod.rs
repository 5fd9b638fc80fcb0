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
//! # Failure
//! When the ledger cannot be written, sending stops: a success that cannot be recorded would become a duplicate. When
//! the next hop cannot be reached nobody's try is used up; it is tried again later, each time later.

mod brake;
mod carrier;
mod courier;
mod effects;
mod lease;
mod queue;
mod relay;
mod run;
mod take_up;
mod ways;

use std::sync::Arc;

use crate::decide::compose;
use crate::decide::notice::Notices;
use crate::decide::shape::Shape;
use crate::mail::Address;

pub use courier::run;
pub use relay::{RelaySettings, RelayTls, TrustFault, trust};

/// What delivery needs to know of the settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where mail leaves.
    pub relay: RelaySettings,
    /// Hosts of their own that mail for some domains goes straight to: shaping says for which.
    pub own_hosts: Vec<RelaySettings>,
    /// How fast, and what replies mean.
    pub shape: Shape,
    /// How copies are made.
    pub compose: Arc<compose::Settings>,
    /// How a failure is told to the author of conveyed mail, and a pause to those who may end it.
    pub notices: Arc<Notices>,
    /// Who hears that the brake has paused a mailing: reviewers and postmasters.
    pub guardians: Vec<Address>,
}

#[cfg(test)]
mod tests;
