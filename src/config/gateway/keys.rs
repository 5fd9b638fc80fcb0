//! Keys: of TLS, of the signature of copies, and of the store.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::mail::{Domain, Timestamp};

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

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    pub(super) engine: Option<String>,
    pub(super) key: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTls {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDkim {
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
    pub(super) fn check(self, lists_domain: &Domain, zone: &TimeZone, base: &Path) -> Result<DkimSettings, String> {
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

/// Where the master key lies: where the file says, or among what the service manager hands over, or beside the other
/// keys.
pub(super) fn master_key(named: Option<PathBuf>, base: &Path) -> PathBuf {
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
pub(super) fn handed_over(name: &str) -> Option<PathBuf> {
    let folder = std::env::var("CREDENTIALS_DIRECTORY").ok()?;
    Some(PathBuf::from(folder).join(name)).filter(|file| file.exists())
}
