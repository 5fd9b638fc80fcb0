//! `gateway.toml`: the postmaster's file.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::Fault;
use super::fault;
use super::feed::{RawSource, SourceSettings};
use super::relay::{RawPools, RawRelay, Route};
use super::values::{Short, Span};
use crate::mail::{Address, Domain, Timestamp};
use crate::model::Letterbox;
use crate::smtp::BareLf;
use crate::stage::intake::{Limits, ListenerSettings, Network, TlsMode};

/// Free space on the disk of `data_dir` under which nothing new is taken, unless the file says otherwise.
const FREE_BYTES_MIN: u64 = 256 * 1024 * 1024;

/// The whole file, checked.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// What we call ourselves: EHLO, Message-ID.
    pub hostname: Domain,
    /// Whose gateway this is: the name notices and the console bear.
    pub organization: String,
    /// In the footer of every mailing (CAN-SPAM).
    pub postal_address: String,
    /// Store, spool, keys, control socket.
    pub data_dir: PathBuf,
    /// Free bytes on its disk under which nothing new is taken.
    pub free_bytes_min: u64,
    /// Domains whose addresses are campus identities; never empty.
    pub campus_domains: Vec<Domain>,
    /// The domain of the lists; its only route is this gateway.
    pub lists_domain: Domain,
    /// Where bounces of copies come back to.
    pub bounce_domain: Domain,
    /// The file of the master key that opens the store.
    pub master_key: PathBuf,
    /// The zone of sending hours, case numbers and times shown to people.
    pub time_zone: TimeZone,
    /// Who answers when people reply to a notice.
    pub notices_from: Address,
    /// Accounts of those who look after the machine: they see what is leaving, and may pause it.
    pub postmasters: Vec<Address>,
    /// Where it listens.
    pub listeners: Vec<ListenerSettings>,
    /// What a client may ask of us.
    pub limits: Limits,
    /// Certificate and key of the listeners.
    pub tls: TlsFiles,
    /// The signature of the copies.
    pub dkim: DkimSettings,
    /// Where mail leaves.
    pub route: Route,
    /// The review console.
    pub console: ConsoleSettings,
    /// Where the feeds of the offices are fetched, by office.
    pub feeds: BTreeMap<String, SourceSettings>,
    /// The campus's own provider, when people may sign in to the console with it.
    pub oidc: Option<OidcSettings>,
    /// What anybody may reach: unsubscribe, preferences.
    pub public: ConsoleSettings,
    /// Whether they are asked for at a process of their own, which stays up while the gateway restarts.
    pub public_is_apart: bool,
    /// Where others report of us: addresses of the bounce domain.
    pub letterboxes: BTreeMap<Letterbox, Address>,
    /// Who may read `/metrics`.
    pub metrics: Vec<Network>,
}

impl Gateway {
    /// The address of a letterbox.
    pub fn letterbox(&self, letterbox: Letterbox) -> Address {
        let address = self.letterboxes.get(&letterbox);
        address.expect("the settings name every letterbox").clone()
    }
}

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

/// PEM files of a certificate and its key; made at the first start when both are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// How copies are signed (RFC 6376).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimSettings {
    /// The `d=` domain.
    pub domain: Domain,
    /// The `s=` selector.
    pub selector: String,
    /// PEM file of the RSA key; made at the first start when missing.
    pub key: PathBuf,
    /// Keys that sign besides or after it.
    pub more: Vec<DkimKey>,
}

/// A key that signs from its day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimKey {
    /// The `d=` domain.
    pub domain: Domain,
    /// The `s=` selector.
    pub selector: String,
    /// PEM file of the RSA key; made at the next start when missing.
    pub key: PathBuf,
    /// When it begins to sign.
    pub from: Timestamp,
}

/// An HTTP listener and the name people know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSettings {
    /// Where it listens; a reverse proxy stands before it.
    pub address: SocketAddr,
    /// Its address as people and mail see it, without a slash at the end.
    pub url: String,
}

pub(super) fn read(file: &Path, base: &Path) -> Result<Gateway, Fault> {
    let raw: Raw = fault::toml(file)?;
    raw.check(base).map_err(|what| Fault::Sense {
        file: file.to_owned(),
        what,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    hostname: Option<Domain>,
    organization: String,
    postal_address: String,
    data_dir: PathBuf,
    #[serde(default = "free_bytes_min")]
    free_bytes_min: u64,
    campus_domains: Vec<Domain>,
    lists_domain: Option<Domain>,
    bounce_domain: Option<Domain>,
    time_zone: String,
    notices_from: Option<Short>,
    #[serde(default)]
    postmasters: Vec<Short>,
    #[serde(default)]
    store: RawStore,
    listener: Vec<RawListener>,
    #[serde(default)]
    limits: RawLimits,
    tls: RawTls,
    #[serde(default)]
    dkim: RawDkim,
    relay: RawRelay,
    #[serde(default)]
    pool: RawPools,
    console: RawConsole,
    oidc: Option<RawOidc>,
    #[serde(default)]
    feed: BTreeMap<String, RawSource>,
    public: RawPublic,
    #[serde(default)]
    letterboxes: RawLetterboxes,
    #[serde(default)]
    metrics: RawMetrics,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawMetrics {
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
    fn check(&self) -> Result<Vec<Network>, String> {
        networks("metrics", &self.networks)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLetterboxes {
    complaints: String,
    dmarc: String,
    tls: String,
}

impl Default for RawLetterboxes {
    fn default() -> Self {
        Self {
            complaints: "fbl".to_owned(),
            dmarc: "dmarc".to_owned(),
            tls: "tls".to_owned(),
        }
    }
}

impl RawLetterboxes {
    fn check(self, domain: &Domain) -> Result<BTreeMap<Letterbox, Address>, String> {
        let named = [
            ("complaints", Letterbox::Complaints, self.complaints),
            ("dmarc", Letterbox::Dmarc, self.dmarc),
            ("tls", Letterbox::Tls, self.tls),
        ];
        let mut letterboxes = BTreeMap::new();
        for (key, letterbox, local) in named {
            let address = Address::new(&local, domain.clone());
            let address = address.map_err(|error| format!("letterboxes.{key} `{local}`: {error}"))?;
            // Those of copies and cases begin so.
            if local.contains('+') {
                return Err(format!("letterboxes.{key} `{local}`: it must have no plus"));
            }
            if letterboxes
                .values()
                .any(|taken: &Address| taken.is_same_mailbox(&address))
            {
                return Err(format!("letterboxes.{key} `{local}`: another letterbox has that name"));
            }
            letterboxes.insert(letterbox, address);
        }
        Ok(letterboxes)
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawStore {
    engine: Option<String>,
    key: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawListener {
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLimits {
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTls {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawDkim {
    domain: Option<Domain>,
    selector: Option<String>,
    key: Option<PathBuf>,
    #[serde(default)]
    more: Vec<RawDkimKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDkimKey {
    domain: Option<Domain>,
    selector: String,
    key: PathBuf,
    from: Option<String>,
}

impl RawDkim {
    fn check(self, lists_domain: &Domain, zone: &TimeZone, base: &Path) -> Result<DkimSettings, String> {
        let domain = self.domain.unwrap_or_else(|| lists_domain.clone());
        let selector = self.selector.unwrap_or_else(|| "bedel".to_owned());
        let mut taken = vec![(domain.clone(), selector.clone())];
        let mut more = Vec::new();
        for raw in self.more {
            let key = DkimKey {
                domain: raw.domain.unwrap_or_else(|| domain.clone()),
                selector: raw.selector,
                key: base.join(raw.key),
                from: raw
                    .from
                    .map_or(Ok(Timestamp::from_micros(0)), |from| day(&from, zone))?,
            };
            let name = (key.domain.clone(), key.selector.clone());
            if taken.contains(&name) {
                return Err(format!(
                    "dkim.more: {}._domainkey.{} is there already; another key wants another selector",
                    name.1, name.0
                ));
            }
            taken.push(name);
            more.push(key);
        }
        Ok(DkimSettings {
            domain,
            selector,
            key: base.join(self.key.unwrap_or_else(|| PathBuf::from("certs/dkim.key"))),
            more,
        })
    }
}

/// The beginning of a day.
fn day(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let begins = text
        .parse::<jiff::civil::Date>()
        .and_then(|date| date.to_zoned(zone.clone()));
    let begins = begins.map_err(|_invalid| format!("dkim.more.from `{text}` is no day; write \"2027-01-31\""))?;
    Ok(begins.timestamp().into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConsole {
    address: SocketAddr,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPublic {
    address: SocketAddr,
    url: Option<String>,
    #[serde(default)]
    apart: bool,
}

impl RawPublic {
    fn check(self, name: &Domain) -> Result<ConsoleSettings, String> {
        RawConsole {
            address: self.address,
            url: self.url,
        }
        .check(name)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOidc {
    issuer: String,
    client_id: String,
    client_secret_file: PathBuf,
    name: String,
    ca_file: Option<PathBuf>,
}

impl RawOidc {
    fn check(self, base: &Path) -> Result<OidcSettings, String> {
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

fn free_bytes_min() -> u64 {
    FREE_BYTES_MIN
}

impl Raw {
    fn check(self, base: &Path) -> Result<Gateway, String> {
        let campus = self
            .campus_domains
            .first()
            .ok_or("campus_domains is empty; name your campus's mail domain")?;
        let below = |name: &str, domain: &Domain| {
            format!("{name}.{domain}")
                .parse::<Domain>()
                .map_err(|error| format!("{name}.{domain}: {error}"))
        };
        let engine = self.store.engine.as_deref().unwrap_or("sled");
        if engine != "sled" {
            return Err(format!(
                "store.engine `{engine}` is not built into this version; use \"sled\""
            ));
        }
        let hostname = self.hostname.map_or_else(|| below("bedel", campus), Ok)?;
        let lists_domain = self.lists_domain.map_or_else(|| below("lists", campus), Ok)?;
        let bounce_domain = self.bounce_domain.map_or_else(|| below("bounce", &lists_domain), Ok)?;
        let notices_from = self.notices_from.map_or_else(
            || Address::new("emarcomm", campus.clone()).map_err(|error| error.to_string()),
            |short| Ok(short.within(campus)),
        )?;
        let dkim = self.dkim.check(&lists_domain, &zone(&self.time_zone)?, base)?;
        let postmasters: Vec<Address> = self.postmasters.into_iter().map(|short| short.within(campus)).collect();
        let own = [&hostname, &lists_domain, &bounce_domain];
        if let Some(looping) = postmasters.iter().find(|who| own.contains(&who.domain())) {
            return Err(format!(
                "postmasters: {looping} is at a domain of the gateway itself, which passes on to the postmasters what it \
                 gets there; name a mailbox elsewhere"
            ));
        }
        Ok(Gateway {
            letterboxes: self.letterboxes.check(&bounce_domain)?,
            metrics: self.metrics.check()?,
            organization: self.organization,
            postal_address: self.postal_address,
            data_dir: base.join(self.data_dir),
            master_key: master_key(self.store.key, base),
            free_bytes_min: self.free_bytes_min,
            time_zone: zone(&self.time_zone)?,
            notices_from,
            postmasters,
            listeners: self
                .listener
                .into_iter()
                .map(RawListener::check)
                .collect::<Result<_, _>>()?,
            limits: self.limits.check()?,
            tls: TlsFiles {
                certificate: base.join(self.tls.certificate),
                key: base.join(self.tls.key),
            },
            dkim,
            route: self.relay.check(base, self.pool)?,
            console: self.console.check(&hostname)?,
            oidc: self.oidc.map(|oidc| oidc.check(base)).transpose()?,
            feeds: feeds(self.feed, base)?,
            public_is_apart: self.public.apart,
            public: self.public.check(&lists_domain)?,
            campus_domains: self.campus_domains,
            hostname,
            lists_domain,
            bounce_domain,
        })
    }
}

impl RawListener {
    fn check(self) -> Result<ListenerSettings, String> {
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
        let networks = self::networks(&format!("listener `{name}`"), &networks)?;
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

impl RawLimits {
    fn check(self) -> Result<Limits, String> {
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

impl RawConsole {
    fn check(self, name: &Domain) -> Result<ConsoleSettings, String> {
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

fn networks(whose: &str, texts: &[String]) -> Result<Vec<Network>, String> {
    let read = |text: &String| text.parse().map_err(|error| format!("{whose}: `{text}`: {error}"));
    texts.iter().map(read).collect()
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name)
        .map_err(|_unknown| format!("time_zone `{name}` is not in the time-zone database; write \"America/Chicago\""))
}

fn feeds(raw: BTreeMap<String, RawSource>, base: &Path) -> Result<BTreeMap<String, SourceSettings>, String> {
    let checked = |(office, raw): (String, RawSource)| {
        let handed_over = handed_over(&format!("feed-{office}.password"));
        let source = raw.check(&office, base, handed_over)?;
        Ok((office, source))
    };
    raw.into_iter().map(checked).collect()
}

/// Where the master key lies: where the file says, or among what the service manager hands over, or beside the other
/// keys.
fn master_key(named: Option<PathBuf>, base: &Path) -> PathBuf {
    let named = named.map(|named| base.join(named));
    named
        .or_else(|| handed_over("master.key"))
        .unwrap_or_else(|| base.join("certs/master.key"))
}

/// A secret that the service manager hands over (systemd.exec(5), `LoadCredential=`).
#[expect(
    clippy::disallowed_methods,
    reason = "a service manager says by it where its credentials are"
)]
fn handed_over(name: &str) -> Option<PathBuf> {
    let folder = std::env::var("CREDENTIALS_DIRECTORY").ok()?;
    Some(PathBuf::from(folder).join(name)).filter(|file| file.exists())
}
