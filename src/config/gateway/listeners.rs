//! Listeners: where mail comes in, and what a client may ask.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::config::values::Span;
use crate::smtp::BareLf;
use crate::stage::intake::{Limits, ListenerSettings, TlsMode};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawListener {
    name: String,
    address: SocketAddr,
    tls: TlsMode,
    #[serde(default)]
    auth: bool,
    #[serde(default)]
    networks: Vec<String>,
    author: Option<RawAuthor>,
    #[serde(default)]
    bare_lf: BareLf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAuthor {
    header: String,
}

impl RawListener {
    pub(super) fn check(self) -> Result<ListenerSettings, String> {
        let Self {
            name,
            address,
            tls,
            auth,
            networks,
            author,
            bare_lf,
        } = self;
        if auth && tls == TlsMode::Off {
            return Err(format!(
                "listener `{name}` offers AUTH and no TLS; set tls = \"starttls-required\""
            ));
        }
        let networks = super::networks(&format!("listener `{name}`"), &networks)?;
        if author.is_some() && networks.is_empty() {
            return Err(format!(
                "listener `{name}` trusts a header of anybody who connects; set its networks"
            ));
        }
        if bare_lf == BareLf::Normalise && (networks.is_empty() || auth) {
            return Err(format!(
                "listener `{name}` normalises bare LF; only a relay of our own networks may, without auth"
            ));
        }
        Ok(ListenerSettings {
            name,
            address,
            tls,
            auth,
            networks,
            author_header: author.map(|author| author.header),
            bare_lf,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLimits {
    connections_max: usize,
    connections_per_peer_max: usize,
    commands_max: u32,
    errors_max: u32,
    line_bytes_max: usize,
    recipients_max: usize,
    message_bytes_max: usize,
    idle_timeout: Span,
    transaction_timeout: Span,
    failed_logins_per_account_max: u32,
    failed_logins_per_peer_max: u32,
}

impl Default for RawLimits {
    fn default() -> Self {
        Self {
            connections_max: 1_000,
            connections_per_peer_max: 100,
            commands_max: 10_000,
            errors_max: 20,
            line_bytes_max: 2_048,
            recipients_max: 1_000,
            message_bytes_max: 25 * 1024 * 1024,
            idle_timeout: Span(Duration::from_secs(5 * 60)),
            transaction_timeout: Span(Duration::from_secs(30 * 60)),
            failed_logins_per_account_max: 10,
            failed_logins_per_peer_max: 50,
        }
    }
}

impl RawLimits {
    pub(super) fn check(self) -> Result<Limits, String> {
        if self.recipients_max < 100 {
            return Err(format!(
                "limits.recipients_max is {}; RFC 5321 §4.5.3.1.8 wants at least 100",
                self.recipients_max
            ));
        }
        if self.line_bytes_max < 1_024 {
            return Err(format!(
                "limits.line_bytes_max is {}; at least 1024 are needed",
                self.line_bytes_max
            ));
        }
        if self.message_bytes_max < 64 * 1024 {
            return Err(format!(
                "limits.message_bytes_max is {}; at least 65536 are needed",
                self.message_bytes_max
            ));
        }
        Ok(Limits {
            connections_max: self.connections_max,
            connections_per_peer_max: self.connections_per_peer_max,
            commands_max: self.commands_max,
            errors_max: self.errors_max,
            line_bytes_max: self.line_bytes_max,
            recipients_max: self.recipients_max,
            message_bytes_max: self.message_bytes_max,
            idle_timeout: self.idle_timeout.0,
            transaction_timeout: self.transaction_timeout.0,
            failed_logins_per_account_max: self.failed_logins_per_account_max,
            failed_logins_per_peer_max: self.failed_logins_per_peer_max,
        })
    }
}
