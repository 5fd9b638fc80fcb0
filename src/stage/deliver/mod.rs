//! Expanded → Closed: the copies leave.
//!
//! A fixed number of workers, each with one connection at a time, take copies from one [`queue`](self). Before the final
//! dot of a copy its intent is on the disk; its outcome goes there together with the next intent, in one commit. So
//! after a crash nobody is skipped, and at most one recipient a connection is uncertain, known by name.
//!
//! # Failure
//! When the ledger cannot be written, sending stops: a success that cannot be recorded would become a duplicate. When
//! the smarthost cannot be reached nobody's try is used up; the workers wait, longer each time.

mod carrier;
mod courier;
mod effects;
mod queue;
mod relay;

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::decide::compose;
use crate::decide::notice::Notices;

pub use courier::run;
pub use relay::{RelaySettings, RelayTls, TrustFault, trust};

/// What delivery needs to know of the settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where mail leaves.
    pub relay: RelaySettings,
    /// Connections at the same time.
    pub connections_max: NonZeroU32,
    /// Copies on one connection before it is closed and opened anew.
    pub messages_per_connection_max: NonZeroU32,
    /// Copies a second, over all connections.
    pub messages_per_second_max: NonZeroU32,
    /// How copies are made.
    pub compose: Arc<compose::Settings>,
    /// How a failure is told to the author of conveyed mail.
    pub notices: Arc<Notices>,
}

#[cfg(test)]
mod tests;
