//! The way to the next hop: its settings, whom it trusts, the connection, and what is said over it.

mod broke;
mod caller;
mod conversation;
mod dial;
mod ear;
mod trust;

use std::sync::Arc;

use rustls::ClientConfig;

pub use crate::decide::route::RelayTls;
pub use caller::Caller;
pub(super) use conversation::{Carried, Connection};
pub(super) use dial::{End, Unreachable, dial, dial_host};
pub(super) use trust::Trusts;
pub use trust::{TrustFault, trust};

/// A next hop that is always the same: a smarthost, or a host of some domains' own.
#[derive(Clone)]
pub struct RelaySettings {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the way to it is encrypted.
    pub tls: RelayTls,
    /// What its certificate is checked against: see [`trust`].
    pub trust: Arc<ClientConfig>,
}

impl RelaySettings {
    /// What it is called: `127.0.0.1:2526`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl std::fmt::Debug for RelaySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RelaySettings({}:{}, {:?})", self.host, self.port, self.tls)
    }
}

#[cfg(test)]
mod tests;
