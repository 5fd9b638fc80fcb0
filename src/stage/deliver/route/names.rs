//! Names: asks DNS, and says what came: something, nothing, or no answer.
//!
//! Two resolvers: one as the campus has it; one that validates, asked only for what must be proved (DANE).
//!
//! # Standards
//! RFC 1035, RFC 4035 (DNSSEC), RFC 5321 §5.1, RFC 6698 (TLSA).

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::TrustAnchors;
use hickory_resolver::proto::rr::{RData, Record, RecordType};

use crate::decide::route::dane::Tlsa;
use crate::decide::route::{Exchanger, plain};

/// How long one server has for an answer; it is asked twice.
const PATIENCE: Duration = Duration::from_secs(4);
const TRIES: usize = 2;

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DnsSettings {
    /// Resolvers; none are those of `/etc/resolv.conf`.
    pub servers: Vec<SocketAddr>,
    /// Keys that DNSSEC begins with; unset are those of the root.
    pub trust_anchor: Option<PathBuf>,
    /// Whether DANE is asked for.
    pub dane: bool,
    /// Whether policies are asked for (MTA-STS).
    pub mta_sts: bool,
    /// The port that policies are fetched from.
    pub policy_port: u16,
}

/// The resolver cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum NamesFault {
    /// The library.
    #[error("no resolver: {0}; set relay.dns.servers")]
    Resolver(#[from] NetError),
    /// The keys that DNSSEC begins with.
    #[error("relay.dns.trust_anchor {path}: {reason}")]
    Anchor {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
}

/// Nothing was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The name has no such record.
    #[error("no such record")]
    Record,
    /// There is no such name.
    #[error("no such name")]
    Name,
    /// Nobody could say.
    #[error("DNS gave no answer: {0}")]
    NotNow(String),
}

/// Records, and how long they hold.
type Found<T> = Result<(Vec<T>, Duration), Missing>;

/// Asks DNS.
pub struct Names {
    usual: TokioResolver,
    validating: Option<TokioResolver>,
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Names")
    }
}

impl Names {
    /// A resolver as the settings want it.
    pub fn new(settings: &DnsSettings) -> Result<Self, NamesFault> {
        let validating = match settings.dane {
            true => Some(resolver(settings, Some(anchors(settings)?))?),
            false => None,
        };
        Ok(Self {
            usual: resolver(settings, None)?,
            validating,
        })
    }

    /// The mail exchangers of a domain.
    pub async fn exchangers(&self, domain: &str) -> Found<Exchanger> {
        ask(&self.usual, domain, RecordType::MX, |data| {
            let RData::MX(mx) = data else { return None };
            Some(Exchanger::new(mx.preference, &mx.exchange.to_ascii()))
        })
        .await
    }

    /// The addresses of a host, those of IPv6 first; none when it has none.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Missing> {
        let six = ask(&self.usual, host, RecordType::AAAA, address);
        let four = ask(&self.usual, host, RecordType::A, address);
        let (six, four) = tokio::join!(six, four);
        let mut found = Vec::new();
        let mut trouble = None;
        for answer in [six, four] {
            match answer {
                Ok((addresses, _)) => found.extend(addresses),
                Err(Missing::Record | Missing::Name) => {}
                Err(not_now @ Missing::NotNow(_)) => trouble = Some(not_now),
            }
        }
        match trouble {
            Some(trouble) if found.is_empty() => Err(trouble),
            Some(_) | None => Ok(found),
        }
    }

    /// The text records of a name.
    pub async fn texts(&self, name: &str) -> Found<String> {
        ask(&self.usual, name, RecordType::TXT, |data| {
            let RData::TXT(txt) = data else { return None };
            Some(txt.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect())
        })
        .await
    }

    /// The names of an address.
    pub async fn names(&self, address: IpAddr) -> Found<String> {
        let name = hickory_resolver::proto::rr::Name::from(address).to_ascii();
        ask(&self.usual, &name, RecordType::PTR, |data| {
            let RData::PTR(name) = data else { return None };
            Some(plain(&name.0.to_ascii()))
        })
        .await
    }

    /// Whether it is proved that a domain has just the exchangers it seems to have, or none.
    pub async fn has_proved_exchangers(&self, domain: &str) -> bool {
        let Some(resolver) = &self.validating else { return false };
        match resolver.lookup(rooted(domain), RecordType::MX).await {
            Ok(found) => is_proved(found.answers(), RecordType::MX),
            Err(NetError::Dns(DnsError::Nsec { proof, .. })) => proof.is_secure(),
            Err(_none) => false,
        }
    }

    /// What DNS vouches for at a host; nothing where that is not proved. [`Missing::NotNow`] when it may be there and could
    /// not be read: then the host cannot be used (RFC 7672 §2.1).
    pub async fn vouched(&self, host: &str, port: u16) -> Result<Vec<Tlsa>, Missing> {
        let Some(resolver) = &self.validating else {
            return Ok(Vec::new());
        };
        // Nobody is asked whose own address is not proved: there are servers that do not bear the question.
        if !has_proved_address(resolver, host).await {
            return Ok(Vec::new());
        }
        match resolver
            .lookup(rooted(&format!("_{port}._tcp.{host}")), RecordType::TLSA)
            .await
        {
            Ok(found) if is_proved(found.answers(), RecordType::TLSA) => {
                let tlsa = |record: &Record| {
                    let RData::TLSA(tlsa) = &record.data else {
                        return None;
                    };
                    Some(Tlsa::new(
                        tlsa.cert_usage.into(),
                        tlsa.selector.into(),
                        tlsa.matching.into(),
                        tlsa.cert_data.clone(),
                    ))
                };
                Ok(found.answers().iter().filter_map(tlsa).collect())
            }
            Ok(found) if found.answers().iter().any(|record| record.proof.is_bogus()) => {
                Err(Missing::NotNow("its TLSA records are not what was signed".to_owned()))
            }
            Ok(_unproved) => Ok(Vec::new()),
            Err(error) => match missing(&error) {
                Missing::Record | Missing::Name => Ok(Vec::new()),
                not_now @ Missing::NotNow(_) => Err(not_now),
            },
        }
    }
}

async fn has_proved_address(resolver: &TokioResolver, host: &str) -> bool {
    for kind in [RecordType::A, RecordType::AAAA] {
        if let Ok(found) = resolver.lookup(rooted(host), kind).await {
            return is_proved(found.answers(), kind);
        }
    }
    false
}

/// Every record of the answer is signed, the aliases on the way to it as well.
fn is_proved(answers: &[Record], kind: RecordType) -> bool {
    let asked = answers
        .iter()
        .filter(|record| record.record_type() == kind || record.record_type() == RecordType::CNAME);
    let mut proofs = asked.map(|record| record.proof.is_secure()).peekable();
    proofs.peek().is_some() && proofs.all(|is_secure| is_secure)
}

fn address(data: &RData) -> Option<IpAddr> {
    if let RData::A(address) = data {
        return Some(IpAddr::V4(address.0));
    }
    let RData::AAAA(address) = data else { return None };
    Some(IpAddr::V6(address.0))
}

async fn ask<T>(
    resolver: &TokioResolver,
    name: &str,
    kind: RecordType,
    read: impl Fn(&RData) -> Option<T>,
) -> Found<T> {
    let found = resolver
        .lookup(rooted(name), kind)
        .await
        .map_err(|error| missing(&error))?;
    let of_kind = || found.answers().iter().filter(|record| record.record_type() == kind);
    let records: Vec<T> = of_kind().filter_map(|record| read(&record.data)).collect();
    let seconds = of_kind().map(|record| record.ttl).min().unwrap_or_default();
    if records.is_empty() {
        return Err(Missing::Record);
    }
    Ok((records, Duration::from_secs(u64::from(seconds))))
}

/// A name that no search list is added to.
fn rooted(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

fn missing(error: &NetError) -> Missing {
    if error.is_nx_domain() {
        Missing::Name
    } else if error.is_no_records_found() || matches!(error, NetError::Dns(DnsError::Nsec { .. })) {
        Missing::Record
    } else {
        tracing::info!(%error, "DNS gave no answer");
        Missing::NotNow(unanswered(error))
    }
}

/// Why there is no answer, in words that people read.
fn unanswered(error: &NetError) -> String {
    if let NetError::Dns(DnsError::ResponseCode(code)) = error {
        return format!("it said {}", code.to_str());
    }
    let known = if matches!(error, NetError::Timeout) {
        "none came in time"
    } else if matches!(error, NetError::Io(_) | NetError::NoConnections | NetError::Busy) {
        "no server can be reached"
    } else if matches!(error, NetError::Dns(DnsError::DnssecBogus)) {
        "what it said is not what was signed"
    } else {
        "what it said cannot be read"
    };
    known.to_owned()
}

fn resolver(settings: &DnsSettings, anchors: Option<Arc<TrustAnchors>>) -> Result<TokioResolver, NetError> {
    let mut builder = if settings.servers.is_empty() {
        TokioResolver::builder_tokio()?
    } else {
        let servers = settings.servers.iter().map(server).collect();
        TokioResolver::builder_with_config(
            ResolverConfig::from_parts(None, Vec::new(), servers),
            TokioRuntimeProvider::default(),
        )
    };
    let options = builder.options_mut();
    options.timeout = PATIENCE;
    options.attempts = TRIES;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.use_hosts_file = ResolveHosts::Never;
    match anchors {
        Some(anchors) => builder.with_trust_anchor(anchors).build(),
        None => builder.build(),
    }
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let at = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    NameServerConfig::new(
        address.ip(),
        true,
        vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())],
    )
}

fn anchors(settings: &DnsSettings) -> Result<Arc<TrustAnchors>, NamesFault> {
    let Some(path) = &settings.trust_anchor else {
        return Ok(Arc::new(TrustAnchors::default()));
    };
    let read = TrustAnchors::from_file(path).map_err(|error| NamesFault::Anchor {
        path: path.display().to_string(),
        reason: error.to_string(),
    });
    read.map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::proto::op::ResponseCode;

    #[test]
    fn why_dns_gave_no_answer_is_said_without_the_librarys_words() {
        let said = |error: NetError| missing(&error).to_string();
        for (error, why) in [
            (
                DnsError::ResponseCode(ResponseCode::ServFail).into(),
                "it said Server Failure",
            ),
            (NetError::Timeout, "none came in time"),
            (NetError::NoConnections, "no server can be reached"),
            (
                std::io::Error::from_raw_os_error(101).into(),
                "no server can be reached",
            ),
            (DnsError::DnssecBogus.into(), "what it said is not what was signed"),
            (NetError::Truncated, "what it said cannot be read"),
        ] {
            assert_eq!(said(error), format!("DNS gave no answer: {why}"));
        }
    }
}
