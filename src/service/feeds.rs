//! Where feeds come from: the settings' files and authorities, made into what the importer asks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use zeroize::Zeroizing;

use super::keys::private;
use crate::config::{Config, FeedSettings, SourceSettings, WaySettings};
use crate::decide::notice::Notices;
use crate::stage::deliver::{self, RelayTls};
use crate::stage::import::{Database, Directory, Feed, Secret, Settings, Source, Way};

/// What the importer needs to know.
pub(super) fn settings(config: &Config, notices: &Arc<Notices>) -> anyhow::Result<Settings> {
    let feeds = config.feeds.iter().map(|(office, feed)| {
        let feed = made(feed).with_context(|| format!("[feed.{office}] of gateway.toml"))?;
        Ok((office.clone(), feed))
    });
    Ok(Settings {
        offices: Arc::clone(&config.policy.offices),
        feeds: feeds.collect::<anyhow::Result<_>>()?,
        notices: Arc::clone(notices),
        postmasters: config.gateway.postmasters.clone(),
        zone: config.gateway.time_zone.clone(),
    })
}

fn made(feed: &FeedSettings) -> anyhow::Result<Feed> {
    Ok(Feed {
        rules: feed.rules.clone(),
        schedule: feed.schedule,
        source: feed.source.clone().map(source).transpose()?,
    })
}

fn source(settings: SourceSettings) -> anyhow::Result<Source> {
    let trust = |ca_file: Option<&Path>| deliver::trust(RelayTls::Verified, ca_file);
    Ok(match settings {
        SourceSettings::Ldap {
            url,
            ca_file,
            bind,
            base,
            filter,
            columns,
            constants,
        } => Source::Ldap(Directory {
            url,
            tls: trust(ca_file.as_deref())?,
            bind: bind.map(|(dn, file)| (dn, secret(file))),
            base,
            filter,
            columns,
            constants,
        }),
        SourceSettings::Postgres {
            way,
            verified,
            ca_file,
            query,
        } => Source::Postgres(Database {
            way: match way {
                WaySettings::Url(file) => Way::Url(secret(file)),
                WaySettings::Parts {
                    host,
                    port,
                    dbname,
                    user,
                    password,
                } => Way::Parts {
                    host,
                    port,
                    dbname,
                    user,
                    password: password.map(secret),
                },
            },
            tls: if verified {
                Some(trust(ca_file.as_deref())?)
            } else {
                None
            },
            query,
        }),
    })
}

/// Read each time it is needed; refused while others may read the file.
fn secret(file: PathBuf) -> Secret {
    Secret::new(move || read_secret(&file).map_err(|error| format!("{error:#}")))
}

/// A password in a file, without the line end that an editor puts there.
pub fn read_secret(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = String::from_utf8(private(file)?).with_context(|| format!("{}: no text", file.display()))?;
    let text = Zeroizing::new(text);
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
