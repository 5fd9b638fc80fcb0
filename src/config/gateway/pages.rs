//! Pages: the console, the public ones, the figures, and with whom people sign in.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::networks;
use crate::mail::Domain;
use crate::stage::intake::Network;

/// A provider of OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcSettings {
    /// Where its discovery document is found: `https://idp.mst.example`.
    pub issuer: String,
    /// What it calls the console.
    pub client_id: String,
    /// A file with the console's password there.
    pub client_secret_file: PathBuf,
    /// What people call it, on the button.
    pub name: String,
    /// Whose certificates are believed, instead of the machine's.
    pub ca_file: Option<PathBuf>,
}

/// An HTTP listener and the name people know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSettings {
    /// Where it listens; a reverse proxy stands before it.
    pub address: SocketAddr,
    /// Its address as people and mail see it, without a slash at the end.
    pub url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConsole {
    address: SocketAddr,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPublic {
    address: SocketAddr,
    url: Option<String>,
    #[serde(default)]
    pub(super) apart: bool,
}

impl RawPublic {
    pub(super) fn check(self, name: &Domain) -> Result<ConsoleSettings, String> {
        RawConsole {
            address: self.address,
            url: self.url,
        }
        .check(name)
    }
}

impl RawConsole {
    pub(super) fn check(self, name: &Domain) -> Result<ConsoleSettings, String> {
        let url = self.url.unwrap_or_else(|| format!("https://{name}"));
        if !(url.starts_with("https://") || url.starts_with("http://")) {
            return Err(format!("`{url}` is no web address; write \"https://{name}\""));
        }
        Ok(ConsoleSettings {
            address: self.address,
            url: url.trim_end_matches('/').to_owned(),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOidc {
    issuer: String,
    client_id: String,
    client_secret_file: PathBuf,
    name: String,
    ca_file: Option<PathBuf>,
}

impl RawOidc {
    pub(super) fn check(self, base: &Path) -> Result<OidcSettings, String> {
        let is_loopback = self.issuer.starts_with("http://127.0.0.1") || self.issuer.starts_with("http://localhost");
        if !(self.issuer.starts_with("https://") || is_loopback) {
            return Err(format!("`{}` is no issuer; write \"https://…\"", self.issuer));
        }
        Ok(OidcSettings {
            issuer: self.issuer,
            client_id: self.client_id,
            client_secret_file: base.join(self.client_secret_file),
            name: self.name,
            ca_file: self.ca_file.map(|file| base.join(file)),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawMetrics {
    networks: Vec<String>,
}

impl Default for RawMetrics {
    fn default() -> Self {
        Self {
            networks: vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()],
        }
    }
}

impl RawMetrics {
    pub(super) fn check(&self) -> Result<Vec<Network>, String> {
        networks("metrics", &self.networks)
    }
}
