//! A directory: its entries, page by page, under TLS.
//!
//! The way is `ldaps://`, or `ldap://` that becomes TLS before anything is said (`StartTLS`). Each column is one attribute,
//! or one word for everybody. An attribute with several values is a fault, since their order means nothing.
//!
//! # Standards
//! RFC 4511 (LDAP), RFC 2696 (paged results), RFC 4513 §5.1 (simple bind).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Scope, SearchEntry};
use rustls::ClientConfig;

use super::fetch::{self, Sending};
use super::{SILENCE_MAX, Secret};
use crate::decide::feed::{Broken, Record};
use crate::stage::broke::{tls_words, words};

/// Entries of one page; most directories give no more at once.
const PAGE: i32 = 500;
/// How long a connection may take to stand.
const CONNECT_MAX: Duration = Duration::from_secs(30);

/// Where entries are, and what of them is wanted.
#[derive(Debug, Clone)]
pub struct Directory {
    /// `ldaps://host` or `ldap://host`, perhaps with a port.
    pub url: String,
    /// Whose certificates are believed.
    pub tls: Arc<ClientConfig>,
    /// As whom to look, and the password; `None` looks as nobody.
    pub bind: Option<(String, Secret)>,
    /// Below which entry.
    pub base: String,
    /// Which entries (RFC 4515).
    pub filter: String,
    /// Columns, each with the attribute it is filled from.
    pub columns: BTreeMap<String, String>,
    /// Columns that are the same for everybody.
    pub constants: BTreeMap<String, String>,
}

/// Whether a text is a filter.
pub fn is_filter(text: &str) -> bool {
    ldap3::parse_filter(text).is_ok()
}

impl Directory {
    /// Sends every entry.
    pub(super) async fn fetch(&self, sending: &Sending) -> Result<(), Broken> {
        let mut ldap = self.open().await?;
        let done = self.search(&mut ldap, sending).await;
        // It has said all it will; that it does not hear our farewell changes nothing.
        drop(ldap.unbind().await);
        done
    }

    async fn open(&self) -> Result<Ldap, Broken> {
        let settings = LdapConnSettings::new()
            .set_conn_timeout(CONNECT_MAX)
            .set_config(Arc::clone(&self.tls))
            .set_starttls(self.url.starts_with("ldap://"));
        let opened = LdapConnAsync::with_settings(settings, &self.url).await;
        // Nothing but StartTLS has been asked of it so far.
        if let Err(LdapError::LdapResult { .. }) = opened {
            return Err(Broken("the directory does not offer StartTLS; use ldaps://".to_owned()));
        }
        let (connection, mut ldap) = opened.map_err(failed)?;
        // What goes wrong there is heard from the search as well.
        let _driver = tokio::spawn(connection.drive());
        if let Some((dn, secret)) = &self.bind {
            let password = secret.read()?;
            // RFC 4513 §5.1.2: without a password it would be anybody who looks, and find next to nothing.
            if password.is_empty() {
                return Err(Broken("the file of the password is empty".to_owned()));
            }
            let bound = ldap
                .with_timeout(SILENCE_MAX)
                .simple_bind(dn, &password)
                .await
                .map_err(failed)?;
            answered(&bound)?;
        }
        Ok(ldap)
    }

    async fn search(&self, ldap: &mut Ldap, sending: &Sending) -> Result<(), Broken> {
        let adapters: Vec<Box<dyn Adapter<'_, String, Vec<String>>>> =
            vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(PAGE))];
        let attributes: Vec<String> = self.columns.values().cloned().collect();
        let ldap = ldap.with_timeout(SILENCE_MAX);
        let found = ldap.streaming_search_with(adapters, &self.base, Scope::Subtree, &self.filter, attributes);
        let mut found = found.await.map_err(failed)?;
        let mut packet = vec![Ok(self.header())];
        while let Some(entry) = found.next().await.map_err(failed)? {
            packet.push(self.row(SearchEntry::construct(entry)));
            if packet.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX) {
                fetch::send(sending, std::mem::take(&mut packet)).await?;
            }
        }
        answered(&found.finish().await)?;
        fetch::send(sending, packet).await
    }

    fn header(&self) -> Record {
        let mut header = Record::default();
        for name in self.columns.keys().chain(self.constants.keys()) {
            header.push(name.as_bytes());
        }
        header
    }

    /// An entry as a row, or what is wrong with it.
    fn row(&self, entry: SearchEntry) -> Result<Record, String> {
        let SearchEntry { attrs, bin_attrs, .. } = entry;
        let texts = attrs
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value.as_bytes())));
        let octets = bin_attrs
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value.as_slice())));
        let values: Vec<(&String, &[u8])> = texts.chain(octets).collect();
        let mut row = Record::default();
        for (column, attribute) in &self.columns {
            // A directory may say the name in its own letters (RFC 4512 §2.5).
            let mut named = values.iter().filter(|(name, _)| name.eq_ignore_ascii_case(attribute));
            let (first, more) = (named.next(), named.count());
            if more > 0 {
                return Err(format!(
                    "{column}: `{attribute}` has {} values; one is wanted, so name an attribute that has one",
                    more + 1
                ));
            }
            row.push(first.map(|(_, value)| *value).unwrap_or_default());
        }
        for word in self.constants.values() {
            row.push(word.as_bytes());
        }
        Ok(row)
    }
}

/// A no of the directory, in words; its own text may name people.
fn answered(result: &LdapResult) -> Result<(), Broken> {
    let what = match result.rc {
        0 => return Ok(()),
        3 | 4 | 11 => "the directory gave only a part: it has a limit of time or size for this account",
        13 => "the directory wants TLS for this",
        32 => "the directory has no entry of the name in `base`",
        49 => "the directory does not take this password of `bind_dn`",
        50 => "the directory does not let `bind_dn` look at this",
        51 | 52 => "the directory is busy or closed",
        code => return Err(Broken(format!("the directory answered {code} (RFC 4511 appendix A)"))),
    };
    Err(Broken(what.to_owned()))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not here is of sockets of this machine and of what nobody asks for"
)]
fn failed(error: LdapError) -> Broken {
    // Its answers are put into words below; they may name people.
    if !matches!(error, LdapError::LdapResult { .. }) {
        tracing::info!(%error, "a directory cannot be asked");
    }
    match error {
        LdapError::LdapResult { result } => match answered(&result) {
            Err(broken) => broken,
            Ok(()) => Broken("the directory answered yes and no at once".to_owned()),
        },
        LdapError::Timeout { .. } => Broken("the directory did not answer in time".to_owned()),
        LdapError::EndOfStream | LdapError::ResultRecv { .. } | LdapError::OpSend { .. } => {
            Broken("the directory hung up in the middle".to_owned())
        }
        LdapError::Io { source } => Broken(format!("the directory cannot be reached: {}", words(&source))),
        LdapError::Rustls { source } => Broken(format!(
            "the directory cannot be reached: TLS failed: {}",
            tls_words(&source)
        )),
        LdapError::DNSName { .. } => Broken("the name in `url` is none that a certificate can bear".to_owned()),
        LdapError::UrlParsing { .. } | LdapError::UnknownScheme(_) => {
            Broken("`url` is none of a directory: write ldaps://host or ldap://host".to_owned())
        }
        LdapError::DecodingUTF8 => Broken("the directory says what is no text".to_owned()),
        _ => Broken("the directory cannot be asked; the log says why".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn directory() -> Directory {
        let words = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let roots = rustls::RootCertStore::empty();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions");
        Directory {
            url: "ldaps://directory.mst.example".to_owned(),
            tls: Arc::new(tls.with_root_certificates(roots).with_no_client_auth()),
            bind: None,
            base: "dc=mst,dc=example".to_owned(),
            filter: "(mail=*)".to_owned(),
            columns: words(&[("email", "mail"), ("source_key", "employeeNumber")]),
            constants: words(&[("affiliation", "staff")]),
        }
    }

    fn cells(record: &Record) -> Vec<String> {
        record
            .cells()
            .map(|cell| String::from_utf8_lossy(cell).into_owned())
            .collect()
    }

    fn entry(attributes: &[(&str, &[&str])]) -> SearchEntry {
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        SearchEntry {
            dn: "uid=1".to_owned(),
            attrs: attributes
                .iter()
                .map(|(name, values)| ((*name).to_owned(), owned(values)))
                .collect(),
            bin_attrs: HashMap::new(),
        }
    }

    #[test]
    fn an_entry_is_a_row_of_the_columns_that_are_wanted() {
        let directory = directory();
        assert_eq!(cells(&directory.header()), ["email", "source_key", "affiliation"]);
        let row = directory.row(entry(&[
            ("EMPLOYEENUMBER", &["7"]),
            ("mail", &["a@mst.example"]),
            ("cn", &["Ann"]),
        ]));
        assert_eq!(cells(&row.expect("a row")), ["a@mst.example", "7", "staff"]);
        let bare = directory.row(entry(&[]));
        assert_eq!(cells(&bare.expect("a row")), ["", "", "staff"]);
    }

    #[test]
    fn several_values_are_a_fault_and_none_of_them_is_said() {
        let row = directory().row(entry(&[("mail", &["a@mst.example", "b@mst.example"])]));
        let what = row.expect_err("a fault");
        assert_eq!(
            what,
            "email: `mail` has 2 values; one is wanted, so name an attribute that has one"
        );
    }

    #[test]
    fn a_filter_is_known_when_it_is_read() {
        assert!(is_filter("(&(objectClass=person)(!(mail=*@old.example)))"));
        assert!(!is_filter("(mail=*") && !is_filter(""));
    }
}
