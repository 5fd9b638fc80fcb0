//! `[relay]` and `[pool]` of `gateway.toml`: where mail leaves, and as whom.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::decide::shape::Pool;
use crate::mail::Domain;
use crate::stage::deliver::{DnsSettings, RelayTls};

/// The port of DNS, where an address names none.
const DNS_PORT: u16 = 53;

/// Where mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Mail of all domains that have no other way.
    pub onward: Onward,
    /// Domains whose mail leaves another way.
    pub via: Vec<Via>,
    /// As whom mail leaves, where a pool has something of its own.
    pub pools: BTreeMap<Pool, Leaving>,
}

/// Where mail leaves that has no other way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Onward {
    /// Through one host that takes all of it.
    Smarthost(Hop),
    /// To the mail exchangers of each domain.
    Exchangers(Exchangers),
}

/// How the mail exchangers of domains are found, and what is wanted of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchangers {
    /// The port they listen at: 25, but for trials.
    pub port: u16,
    /// Whether the way to them is encrypted, where neither they nor `tls_of` say otherwise.
    pub tls: RelayTls,
    /// The same for some domains, and all below them.
    pub tls_of: Vec<(Vec<Domain>, RelayTls)>,
    /// PEM file of the authorities they are checked against; unset takes the system's.
    pub ca_file: Option<PathBuf>,
    /// Whom to ask.
    pub dns: DnsSettings,
}

/// As whom mail of a pool leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// Addresses its connections leave from: at most one of a family.
    pub sources: Vec<IpAddr>,
    /// What it says in EHLO; unset is the gateway's own name.
    pub hostname: Option<Domain>,
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

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum RouteWord {
    Smarthost,
    Mx,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRelay {
    route: RouteWord,
    host: Option<String>,
    port: Option<u16>,
    #[serde(default)]
    tls: RelayTls,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    tls_of: Vec<RawTlsOf>,
    dns: Option<RawDns>,
    #[serde(default)]
    via: Vec<RawVia>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTlsOf {
    domains: Vec<Domain>,
    tls: RelayTls,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawDns {
    servers: Vec<String>,
    trust_anchor: Option<PathBuf>,
    dane: bool,
    mta_sts: bool,
    policy_port: u16,
}

impl Default for RawDns {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            trust_anchor: None,
            dane: true,
            mta_sts: true,
            policy_port: 443,
        }
    }
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

/// `[pool.conveyed]`, `[pool.mailings]`, `[pool.emergencies]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawPools {
    conveyed: Option<RawPool>,
    mailings: Option<RawPool>,
    emergencies: Option<RawPool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPool {
    #[serde(default)]
    source: Vec<IpAddr>,
    hostname: Option<Domain>,
}

impl RawRelay {
    pub(super) fn check(self, base: &Path, pools: RawPools) -> Result<Route, String> {
        let via = self.via.into_iter().map(|via| via.check(base));
        let via = via.collect::<Result<_, _>>()?;
        let ca_file = self.ca_file.map(|file| base.join(file));
        let onward = match self.route {
            RouteWord::Smarthost => {
                if self.dns.is_some() || !self.tls_of.is_empty() {
                    return Err(
                        "relay.dns and relay.tls_of are for route = \"mx\"; a smarthost asks no DNS".to_owned(),
                    );
                }
                let wanting =
                    |key: &str| format!("relay.{key} is wanting: route = \"smarthost\" names where it listens");
                Onward::Smarthost(Hop {
                    host: self.host.ok_or_else(|| wanting("host"))?,
                    port: self.port.ok_or_else(|| wanting("port"))?,
                    tls: self.tls,
                    ca_file,
                })
            }
            RouteWord::Mx => {
                if let Some(host) = self.host {
                    return Err(format!(
                        "relay.host `{host}` is for route = \"smarthost\"; with \"mx\" DNS says where mail goes"
                    ));
                }
                let tls_of = self.tls_of.into_iter().map(|of| match of.domains.is_empty() {
                    true => Err("relay.tls_of names no domains, so it would hold for nobody".to_owned()),
                    false => Ok((of.domains, of.tls)),
                });
                Onward::Exchangers(Exchangers {
                    port: self.port.unwrap_or(25),
                    tls: self.tls,
                    tls_of: tls_of.collect::<Result<_, _>>()?,
                    ca_file,
                    dns: self.dns.unwrap_or_default().check(base)?,
                })
            }
        };
        Ok(Route {
            onward,
            via,
            pools: pools.check()?,
        })
    }
}

impl RawVia {
    fn check(self, base: &Path) -> Result<Via, String> {
        if self.domains.is_empty() {
            return Err(format!(
                "relay.via {}:{} names no domains, so nothing would go there",
                self.host, self.port
            ));
        }
        Ok(Via {
            domains: self.domains,
            hop: Hop {
                host: self.host,
                port: self.port,
                tls: self.tls,
                ca_file: self.ca_file.map(|file| base.join(file)),
            },
        })
    }
}

impl RawDns {
    fn check(self, base: &Path) -> Result<DnsSettings, String> {
        let server = |text: &String| {
            let alone = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, DNS_PORT));
            text.parse::<SocketAddr>()
                .or_else(|_no_port| alone())
                .map_err(|_invalid| format!("relay.dns.servers: `{text}` is no address; write \"127.0.0.1:53\""))
        };
        Ok(DnsSettings {
            servers: self.servers.iter().map(server).collect::<Result<_, _>>()?,
            trust_anchor: self.trust_anchor.map(|file| base.join(file)),
            dane: self.dane,
            mta_sts: self.mta_sts,
            policy_port: self.policy_port,
        })
    }
}

impl RawPools {
    fn check(self) -> Result<BTreeMap<Pool, Leaving>, String> {
        let named = [
            ("conveyed", Pool::Conveyed, self.conveyed),
            ("mailings", Pool::Mailings, self.mailings),
            ("emergencies", Pool::Emergencies, self.emergencies),
        ];
        let mut pools = BTreeMap::new();
        for (name, pool, raw) in named {
            let Some(raw) = raw else { continue };
            let fours = raw.source.iter().filter(|source| source.is_ipv4()).count();
            if fours > 1 || raw.source.len() - fours > 1 {
                return Err(format!(
                    "pool.{name}.source has several addresses of one family; a pool leaves from one, so that its name is its own"
                ));
            }
            let leaving = Leaving {
                sources: raw.source,
                hostname: raw.hostname,
            };
            pools.insert(pool, leaving);
        }
        Ok(pools)
    }
}
