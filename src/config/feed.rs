//! `[feed.<office>]`: in `policy.toml` what an office may send and when, in `gateway.toml` where it is fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Time;
use serde::Deserialize;

use super::clauses::time;
use super::fault;
use super::values::{Short, Span};
use crate::decide::feed::{Rules, Schedule, forbidden};
use crate::mail::Domain;
use crate::model::{OfficeId, Selection};
use crate::stage::import::{is_filter, is_loopback};

/// No feed has its turn more often.
const EVERY_MIN: Duration = Duration::from_secs(60);
/// Where PostgreSQL listens, unless the file says otherwise.
const POSTGRES_PORT: u16 = 5432;

/// The feed of one office, as both files have it.
#[derive(Debug, Clone, Default)]
pub struct FeedSettings {
    /// What it may bring.
    pub rules: Rules,
    /// When it is fetched.
    pub schedule: Option<Schedule>,
    /// Where.
    pub source: Option<SourceSettings>,
}

/// Where a feed is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceSettings {
    /// A directory.
    Ldap {
        /// `ldaps://host` or `ldap://host`.
        url: String,
        /// PEM file of the authorities that are believed; unset takes the system's.
        ca_file: Option<PathBuf>,
        /// As whom to look, and the file of the password.
        bind: Option<(String, PathBuf)>,
        /// Below which entry.
        base: String,
        /// Which entries.
        filter: String,
        /// Columns, each with its attribute.
        columns: BTreeMap<String, String>,
        /// Columns that are the same for everybody.
        constants: BTreeMap<String, String>,
    },
    /// A database.
    Postgres {
        /// How it is reached.
        way: WaySettings,
        /// Whether the way to it is encrypted and its certificate checked.
        verified: bool,
        /// PEM file of the authorities that are believed; unset takes the system's.
        ca_file: Option<PathBuf>,
        /// What is asked.
        query: String,
    },
}

/// How a database is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaySettings {
    /// A file with a connection string.
    Url(PathBuf),
    /// Piece by piece.
    Parts {
        /// A name, or the folder of a socket.
        host: String,
        /// Its port.
        port: u16,
        /// Which database.
        dbname: String,
        /// As whom.
        user: String,
        /// The file of the password.
        password: Option<PathBuf>,
    },
}

impl SourceSettings {
    /// The files in which its secrets are.
    pub fn secrets(&self) -> Option<&Path> {
        match self {
            Self::Ldap { bind, .. } => bind.as_ref().map(|(_, file)| file.as_path()),
            Self::Postgres { way, .. } => match way {
                WaySettings::Url(file) => Some(file),
                WaySettings::Parts { password, .. } => password.as_deref(),
            },
        }
    }

    /// As the files name it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ldap { .. } => "ldap",
            Self::Postgres { .. } => "postgres",
        }
    }
}

/// The part of `policy.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRules {
    #[serde(default)]
    fields: Vec<String>,
    drop_percent_max: Option<u32>,
    growth_percent_max: Option<u32>,
    canary: Option<Short>,
    #[serde(default, deserialize_with = "maybe_time")]
    at: Option<Time>,
    every: Option<Span>,
}

fn maybe_time<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    time(deserializer).map(Some)
}

impl RawRules {
    pub(super) fn check(self, office: &OfficeId, lists_domain: &Domain) -> Result<(Rules, Option<Schedule>), String> {
        let shipped = Rules::default();
        let fields: BTreeSet<String> = self.fields.iter().map(|name| name.trim().to_lowercase()).collect();
        if let Some((name, what)) = fields.iter().find_map(|name| Some((name, forbidden(name)?))) {
            return Err(format!(
                "`fields` of [feed.{office}] has `{name}`: {what} have no place in a contact system; take it out"
            ));
        }
        let canary = self.canary.map(|short| short.within(lists_domain));
        if let Some(canary) = canary.as_ref().filter(|canary| canary.domain() != lists_domain) {
            return Err(format!(
                "the canary {canary} of [feed.{office}] is not in the lists domain {lists_domain}: mail to it would not \
                 come by here"
            ));
        }
        let schedule = match (self.at, self.every) {
            (Some(_), Some(_)) => {
                return Err(format!(
                    "[feed.{office}] has both `at` and `every`; one of them says when"
                ));
            }
            (Some(at), None) => Some(Schedule::At(at)),
            (None, Some(Span(every))) if every < EVERY_MIN => {
                return Err(format!(
                    "`every` of [feed.{office}] is less than a minute; write \"6h\""
                ));
            }
            (None, Some(Span(every))) => Some(Schedule::Every(every)),
            (None, None) => None,
        };
        let rules = Rules {
            fields,
            drop_percent_max: self.drop_percent_max.unwrap_or(shipped.drop_percent_max),
            growth_percent_max: self.growth_percent_max.unwrap_or(shipped.growth_percent_max),
            canary,
        };
        Ok((rules, schedule))
    }
}

/// The part of `gateway.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    source: RawKind,
    ca_file: Option<PathBuf>,
    password_file: Option<PathBuf>,
    url: Option<String>,
    bind_dn: Option<String>,
    base: Option<String>,
    filter: Option<String>,
    columns: Option<BTreeMap<String, String>>,
    constants: Option<BTreeMap<String, String>>,
    url_file: Option<PathBuf>,
    host: Option<String>,
    port: Option<u16>,
    dbname: Option<String>,
    user: Option<String>,
    query: Option<String>,
    tls: Option<RawTls>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum RawKind {
    Ldap,
    Postgres,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum RawTls {
    Off,
    Verified,
}

impl RawSource {
    /// What is said of it; `handed_over` is the file that the service manager has for its password.
    pub(super) fn check(
        self,
        office: &str,
        base: &Path,
        handed_over: Option<PathBuf>,
    ) -> Result<SourceSettings, String> {
        let table = format!("[feed.{office}]");
        let misplaced = match self.source {
            RawKind::Ldap => [
                ("url_file", self.url_file.is_some()),
                ("host", self.host.is_some()),
                ("port", self.port.is_some()),
                ("dbname", self.dbname.is_some()),
                ("user", self.user.is_some()),
                ("query", self.query.is_some()),
                ("tls", self.tls.is_some()),
            ],
            RawKind::Postgres => [
                ("url", self.url.is_some()),
                ("bind_dn", self.bind_dn.is_some()),
                ("base", self.base.is_some()),
                ("filter", self.filter.is_some()),
                ("columns", self.columns.is_some()),
                ("constants", self.constants.is_some()),
                ("", false),
            ],
        };
        if let Some((key, _)) = misplaced.iter().find(|(_, is_there)| *is_there) {
            let other = if self.source == RawKind::Ldap {
                "postgres"
            } else {
                "ldap"
            };
            return Err(format!("`{key}` of {table} is for source = \"{other}\"; take it out"));
        }
        let usual = base.join(format!("certs/feed-{office}.password"));
        let named = self.password_file.as_ref().map(|file| base.join(file)).or(handed_over);
        match self.source {
            // Whoever runs a command beside the gateway is handed nothing over, and needs no password.
            RawKind::Ldap => self.ldap(&table, base, named.unwrap_or(usual)),
            RawKind::Postgres => {
                self.postgres(&table, base, named.or_else(|| Some(usual).filter(|file| file.exists())))
            }
        }
    }

    fn ldap(self, table: &str, base: &Path, password: PathBuf) -> Result<SourceSettings, String> {
        let url = wanted(self.url, "url", table)?;
        let host = url.strip_prefix("ldaps://").or_else(|| url.strip_prefix("ldap://"));
        if host.is_none_or(|host| host.is_empty() || host.contains(['/', '?', '@', ' '])) {
            return Err(format!(
                "`url` of {table} is none of a directory; write \"ldaps://directory.mst.example\", or \"ldap://…\" for \
                 StartTLS"
            ));
        }
        let filter = self.filter.unwrap_or_else(|| "(objectClass=*)".to_owned());
        if !is_filter(&filter) {
            return Err(format!(
                "`filter` of {table} is no filter; write \"(employeeType=staff)\""
            ));
        }
        let bind = self.bind_dn.map(|dn| (dn, password));
        let columns = wanted(self.columns, "columns", table)?;
        let constants = self.constants.unwrap_or_default();
        let has = |name: &str| columns.contains_key(name) || constants.contains_key(name);
        if let Some(missing) = ["source_key", "email", "affiliation"]
            .into_iter()
            .find(|name| !has(name))
        {
            return Err(format!(
                "`columns` of {table} has no `{missing}`; name its attribute, or give it in `constants`"
            ));
        }
        if let Some(twice) = columns.keys().find(|name| constants.contains_key(*name)) {
            return Err(format!("`{twice}` of {table} is in `columns` and in `constants`"));
        }
        Ok(SourceSettings::Ldap {
            url,
            ca_file: self.ca_file.map(|file| base.join(file)),
            bind,
            base: wanted(self.base, "base", table)?,
            filter,
            columns,
            constants,
        })
    }

    fn postgres(self, table: &str, base: &Path, password: Option<PathBuf>) -> Result<SourceSettings, String> {
        let query = wanted(self.query, "query", table)?;
        let is_apart = self.host.is_some() || self.dbname.is_some() || self.user.is_some() || self.port.is_some();
        let (way, is_here) = match self.url_file {
            Some(_) if is_apart => {
                return Err(format!(
                    "{table} has a `url_file`, which says host, port, dbname and user as well; take them out"
                ));
            }
            Some(file) => (WaySettings::Url(base.join(file)), false),
            None => {
                let host = wanted(self.host, "host", table)?;
                let is_here = host.starts_with('/') || is_loopback(&host);
                let way = WaySettings::Parts {
                    host,
                    port: self.port.unwrap_or(POSTGRES_PORT),
                    dbname: wanted(self.dbname, "dbname", table)?,
                    user: wanted(self.user, "user", table)?,
                    password,
                };
                (way, is_here)
            }
        };
        let is_socket = matches!(&way, WaySettings::Parts { host, .. } if host.starts_with('/'));
        let is_url = matches!(way, WaySettings::Url(_));
        let verified = match self.tls {
            Some(RawTls::Verified) if is_socket => {
                return Err(format!(
                    "`tls` of {table} is \"verified\", and a socket of this machine has none; set it to \"off\""
                ));
            }
            Some(RawTls::Off) if !is_here && !is_url => {
                return Err(format!(
                    "`tls` of {table} is \"off\", and the database is on another machine; set it to \"verified\""
                ));
            }
            Some(said) => said == RawTls::Verified,
            None => !is_socket,
        };
        Ok(SourceSettings::Postgres {
            way,
            verified,
            ca_file: self.ca_file.map(|file| base.join(file)),
            query,
        })
    }
}

fn wanted<T>(value: Option<T>, key: &str, table: &str) -> Result<T, String> {
    value.ok_or_else(|| format!("{table} has no `{key}`"))
}

/// Whether some feed brings each key that an audience goes by: by another one it would have nobody in it, unseen.
pub(super) fn keys_come(
    name: &str,
    Selection { matches, except }: &Selection,
    feeds: &BTreeMap<OfficeId, FeedSettings>,
) -> Result<(), String> {
    let fields = feeds.values().flat_map(|feed| &feed.rules.fields).map(String::as_str);
    let known: Vec<&str> = ["affiliation", "unit", "country"].into_iter().chain(fields).collect();
    let mut keys = matches.keys().chain(except.keys()).map(String::as_str);
    let Some(key) = keys.find(|key| !known.contains(key)) else {
        return Ok(());
    };
    let hint = match fault::guess(key, &known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "add it to `fields` of the office's feed".to_owned(),
    };
    Err(format!(
        "audience `{name}` goes by `{key}`, which no feed brings; {hint}"
    ))
}
