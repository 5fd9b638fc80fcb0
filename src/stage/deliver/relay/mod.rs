//! The way to the next hop: its settings, whom it trusts, the connection, and what is said over it.

mod conversation;
mod dial;
mod trust;

use std::sync::Arc;

use rustls::ClientConfig;

pub(super) use conversation::{Carried, Connection};
pub(super) use dial::{Unreachable, dial};
pub use trust::{TrustFault, trust};

/// Whether the way to the smarthost is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayTls {
    /// Never.
    Off,
    /// When it offers STARTTLS, whatever its certificate.
    #[default]
    Opportunistic,
    /// Always, whatever its certificate.
    Required,
    /// Always, with a certificate that proves its name.
    Verified,
}

/// Where mail leaves.
#[derive(Clone)]
pub struct RelaySettings {
    /// Name or address of the smarthost.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the way to it is encrypted.
    pub tls: RelayTls,
    /// What its certificate is checked against: see [`trust`].
    pub trust: Arc<ClientConfig>,
    /// What we call ourselves.
    pub hostname: String,
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
