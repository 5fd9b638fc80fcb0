//! `gateway.toml`: the postmaster's file. What it says of doors, pages, keys and letterboxes is checked in a room each.

mod keys;
mod letterboxes;
mod listeners;
mod pages;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Deserialize;

pub use keys::{DkimKey, DkimSettings, TlsFiles};
pub use pages::{ConsoleSettings, OidcSettings};

use keys::{RawDkim, RawStore, RawTls, handed_over, master_key};
use letterboxes::RawLetterboxes;
use listeners::{RawLimits, RawListener};
use pages::{RawConsole, RawMetrics, RawOidc, RawPublic};

use super::Fault;
use super::fault;
use super::feed::{RawSource, SourceSettings};
use super::relay::{RawPools, RawRelay, Route};
use super::values::Short;
use crate::mail::{Address, Domain};
use crate::model::Letterbox;
use crate::stage::intake::{Limits, ListenerSettings, Network};

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

fn networks(whose: &str, texts: &[String]) -> Result<Vec<Network>, String> {
    let read = |text: &String| text.parse().map_err(|error| format!("{whose}: `{text}`: {error}"));
    texts.iter().map(read).collect()
}
