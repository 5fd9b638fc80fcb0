//! `[relay]` of `gateway.toml`: where mail leaves.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::mail::Domain;
use crate::stage::deliver::RelayTls;

/// Where mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Mail of all domains that have no other way.
    pub smarthost: Hop,
    /// Domains whose mail leaves another way.
    pub via: Vec<Via>,
}

/// Some domains, and where their mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// They, and all below them.
    pub domains: Vec<Domain>,
    /// Their own host.
    pub hop: Hop,
}

/// A next hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the way to it is encrypted.
    pub tls: RelayTls,
    /// PEM file of the authorities a `verified` one is checked against; unset takes the system's.
    pub ca_file: Option<PathBuf>,
}

impl Hop {
    /// What it is called: `127.0.0.1:2526`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRelay {
    route: String,
    host: String,
    port: u16,
    #[serde(default)]
    tls: RelayTls,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    via: Vec<RawVia>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVia {
    domains: Vec<Domain>,
    host: String,
    port: u16,
    #[serde(default)]
    tls: RelayTls,
    ca_file: Option<PathBuf>,
}

impl RawRelay {
    pub(super) fn check(self, base: &Path) -> Result<Route, String> {
        if self.route != "smarthost" {
            return Err(format!(
                "relay.route `{}` is not built into this version; use \"smarthost\"",
                self.route
            ));
        }
        if let Some(via) = self.via.iter().find(|via| via.domains.is_empty()) {
            return Err(format!(
                "relay.via {}:{} names no domains, so nothing would go there",
                via.host, via.port
            ));
        }
        let via = self.via.into_iter().map(|via| Via {
            domains: via.domains,
            hop: Hop {
                host: via.host,
                port: via.port,
                tls: via.tls,
                ca_file: via.ca_file.map(|file| base.join(file)),
            },
        });
        Ok(Route {
            smarthost: Hop {
                host: self.host,
                port: self.port,
                tls: self.tls,
                ca_file: self.ca_file.map(|file| base.join(file)),
            },
            via: via.collect(),
        })
    }
}
