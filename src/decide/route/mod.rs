//! Where does it go? The mail exchangers of a domain, in the order they are tried, and how each must prove itself.
//!
//! DNS is asked elsewhere; here is what its answers mean. Domains with the same exchangers that have to prove themselves
//! the same way are one [`Site`], so that their mail shares connections; what a domain asks for itself (MTA-STS, DANE, a
//! line in the settings) is judged before that.
//!
//! # Standards
//! RFC 5321 §5.1 (locating the host), RFC 7505 (null MX), RFC 8461 (MTA-STS), RFC 7672 (DANE).

pub mod dane;
pub mod sts;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde::Deserialize;

use crate::mail::{Domain, Status};
use dane::Tlsa;

/// Whether a way is encrypted, and how far its end must prove who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
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

/// An exchanger as DNS names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exchanger {
    /// The lower goes first.
    pub preference: u16,
    /// Its name in lower case, without a dot at the end.
    pub name: String,
}

impl Exchanger {
    /// As it stands in a record.
    pub fn new(preference: u16, name: &str) -> Self {
        Self {
            preference,
            name: plain(name),
        }
    }
}

/// A name in lower case, without a dot at the end.
pub fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Why mail for a domain has nowhere to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nowhere {
    /// There is no such domain, or nothing that takes mail for it.
    NoHost,
    /// It says that it takes no mail.
    NullMx,
    /// The best exchanger it has is ourselves.
    Loop,
}

impl Nowhere {
    /// As a server would say it.
    pub fn status(&self) -> Status {
        let (code, subject, detail, text) = match self {
            Self::NoHost => (550, 1, 2, "no host takes mail for this domain"),
            Self::NullMx => (556, 1, 10, "this domain takes no mail (null MX)"),
            Self::Loop => (554, 4, 6, "mail for this domain would come back to this server"),
        };
        Status::new(code, subject, detail, text)
    }
}

/// The exchangers of a domain. `records` are its MX records; without any, the domain is its own exchanger.
pub fn exchangers(domain: &Domain, records: &[Exchanger]) -> Result<Vec<Exchanger>, Nowhere> {
    let is_null = |record: &&Exchanger| record.name.is_empty();
    if !records.is_empty() && records.iter().all(|record| is_null(&record)) {
        return Err(Nowhere::NullMx);
    }
    if records.is_empty() {
        return Ok(vec![Exchanger::new(0, domain.as_str())]);
    }
    let mut named: Vec<Exchanger> = records.iter().filter(|record| !is_null(record)).cloned().collect();
    named.sort();
    named.dedup_by(|one, other| one.name == other.name);
    Ok(named)
}

/// How the end of a way must prove itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assurance {
    /// As the settings want of it.
    Asked(RelayTls),
    /// With a certificate that proves its name, as its domain's policy says.
    Sts,
    /// With a key or an authority of these.
    Dane(Vec<Tlsa>),
}

impl Assurance {
    /// Which one holds: DANE before MTA-STS (RFC 8461 §2), before what the settings want. A record we cannot read still
    /// says that there is TLS (RFC 7672 §2.2).
    pub fn of(asked: RelayTls, is_enforced: bool, tlsa: &[Tlsa]) -> Self {
        if asked == RelayTls::Off {
            return Self::Asked(asked);
        }
        let usable: Vec<Tlsa> = tlsa.iter().filter(|record| record.is_usable()).cloned().collect();
        if !usable.is_empty() {
            Self::Dane(usable)
        } else if is_enforced {
            Self::Sts
        } else if tlsa.is_empty() {
            Self::Asked(asked)
        } else {
            Self::Asked(asked.max(RelayTls::Required))
        }
    }

    /// What it is called, where it is not what the settings want of everybody.
    fn word(&self, usual: RelayTls) -> Option<&'static str> {
        match self {
            Self::Asked(asked) if *asked == usual => None,
            Self::Asked(RelayTls::Off) => Some("without TLS"),
            Self::Asked(RelayTls::Opportunistic) => Some("opportunistic"),
            Self::Asked(RelayTls::Required) => Some("TLS required"),
            Self::Asked(RelayTls::Verified) => Some("verified"),
            Self::Sts => Some("MTA-STS"),
            Self::Dane(_) => Some("DANE"),
        }
    }
}

/// One host of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name, and the rank it has.
    pub exchanger: Exchanger,
    /// Where it is.
    pub addresses: Vec<IpAddr>,
    /// How it must prove itself.
    pub assurance: Assurance,
}

/// The hosts that take mail for a domain, and for every other domain that has just these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its name: those of its hosts, and what they must prove.
    pub name: Arc<str>,
    /// Never empty; by rank.
    pub hosts: Vec<Host>,
}

impl Site {
    /// A site of these hosts, unless the best of them is ourselves: whoever ranks no better than we do would send the mail
    /// back to us (RFC 5321 §5.1). `usual` is what the settings want of everybody.
    pub fn new(hosts: Vec<Host>, usual: RelayTls, is_us: impl Fn(&Host) -> bool) -> Result<Self, Nowhere> {
        let ours = hosts.iter().filter(|host| is_us(host));
        let rank = ours.map(|host| host.exchanger.preference).min();
        let mut left = hosts;
        if let Some(rank) = rank {
            left.retain(|host| host.exchanger.preference < rank);
            if left.is_empty() {
                return Err(Nowhere::Loop);
            }
        }
        if left.iter().all(|host| host.addresses.is_empty()) {
            return Err(Nowhere::NoHost);
        }
        let mut names: Vec<&str> = left.iter().map(|host| host.exchanger.name.as_str()).collect();
        names.sort_unstable();
        let mut name = names.join(",");
        let mut words: Vec<&str> = left.iter().filter_map(|host| host.assurance.word(usual)).collect();
        words.sort_unstable();
        words.dedup();
        if !words.is_empty() {
            name.push_str(&format!(" ({})", words.join(", ")));
        }
        Ok(Self {
            name: name.into(),
            hosts: left,
        })
    }

    /// The names of its hosts.
    pub fn names(&self) -> Vec<String> {
        self.hosts.iter().map(|host| host.exchanger.name.clone()).collect()
    }

    /// Its hosts as they are tried: by rank, and those of one rank in an order that `seed` draws.
    pub fn in_turn(&self, seed: u64) -> Vec<&Host> {
        let mut ranks: BTreeMap<u16, Vec<&Host>> = BTreeMap::new();
        for host in &self.hosts {
            ranks.entry(host.exchanger.preference).or_default().push(host);
        }
        let mut turn = Vec::with_capacity(self.hosts.len());
        let mut seed = seed;
        for (_, mut equals) in ranks {
            while !equals.is_empty() {
                let many = equals.len() as u64;
                let at = usize::try_from(seed % many).unwrap_or_default();
                seed /= many;
                turn.push(equals.swap_remove(at));
            }
        }
        turn
    }
}

#[cfg(test)]
mod tests;
