//! `config/*.toml` → every room's settings.
//!
//! Unknown keys are refused; everything is checked once, before anything starts.
//!
//! | file | whose | what |
//! |---|---|---|
//! | `gateway.toml` | the postmaster's | where to listen, whom to relay to, keys, limits |
//! | `policy.toml` | the policy office's | offices, audiences, lists |
//! | `profile.toml` | EMarComm's | the house style: names, words, hosts, limits of the checks before sending |
//! | `shaping.toml` | the postmaster's | how fast mail leaves, and what the replies of providers mean |
//! | `notices/*.txt` | EMarComm's | what the gateway writes to people |
//!
//! An address without a domain is completed: an account with the first of `campus_domains`, a list with
//! `lists_domain`, which itself is `lists.` and that domain unless it is said otherwise. So one domain name is all that
//! another campus must change.
//!
//! # Failure
//! [`Fault`] says which file, which line, what is wrong there and what would be right.

mod clauses;
mod fault;
mod feed;
mod gateway;
mod policy;
mod profile;
mod relay;
mod shaping;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use fault::{Fault, Faults};
pub use feed::{FeedSettings, SourceSettings, WaySettings};
pub use gateway::{ConsoleSettings, DkimKey, DkimSettings, Gateway, OidcSettings, TlsFiles};
pub use relay::{Exchangers, Hop, Leaving, Onward, Route, Via};

use fault::Found;

use crate::decide::lint;
use crate::decide::notice::{Kind, Template};
use crate::decide::policy::Policy;
use crate::decide::shape;
use crate::model::OfficeId;

/// All settings, read and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder they were read from.
    pub dir: PathBuf,
    /// `gateway.toml`.
    pub gateway: Gateway,
    /// `policy.toml`.
    pub policy: Policy,
    /// The feeds of the offices, as both of them have them.
    pub feeds: BTreeMap<OfficeId, FeedSettings>,
    /// `profile.toml`, and what the policy says of its audiences.
    pub lint: lint::Settings,
    /// `shaping.toml`.
    pub shaping: shape::Settings,
    /// `notices/*.txt`.
    pub templates: BTreeMap<Kind, Template>,
}

/// Reads a folder of settings, whole or not at all; the first fault says why not.
pub fn load(dir: &Path) -> Result<Config, Fault> {
    load_whole(dir).map_err(|faults| faults.first)
}

/// The same, with every fault there is: one a file, since what follows the first in a file may only follow from it.
pub fn load_whole(dir: &Path) -> Result<Config, Faults> {
    // Relative paths in the files are meant from the folder that holds `config/`, whatever the working directory is.
    let base = dir.canonicalize().map_err(|source| {
        let file = dir.to_owned();
        if source.kind() == std::io::ErrorKind::NotFound {
            Fault::NoFolder { file }
        } else {
            Fault::Unreadable { file, source }
        }
    })?;
    let base = base.parent().map(Path::to_owned).unwrap_or(base);
    let mut found = Found::default();
    let gateway = found.note(gateway::read(&dir.join("gateway.toml"), &base));
    // What stands on a file that cannot be used cannot be judged.
    let policy = gateway
        .as_ref()
        .and_then(|gateway| found.note(policy::read(&dir.join("policy.toml"), gateway)));
    let feeds = gateway
        .as_ref()
        .zip(policy.as_ref())
        .and_then(|(gateway, (policy, feeds))| {
            let mut feeds = feeds.clone();
            found.note(sources(dir, gateway, policy, &mut feeds)).map(|()| feeds)
        });
    let lint = policy
        .as_ref()
        .and_then(|(policy, _)| found.note(profile::read(&dir.join("profile.toml"), policy)));
    let shaping = gateway
        .as_ref()
        .and_then(|gateway| found.note(shaping::read(&dir.join("shaping.toml"), gateway)));
    let templates: BTreeMap<Kind, Template> = Kind::ALL
        .into_iter()
        .filter_map(|kind| Some((kind, found.note(template(dir, kind))?)))
        .collect();
    let (Some(gateway), Some((policy, _)), Some(feeds), Some(lint), Some(shaping)) =
        (gateway, policy, feeds, lint, shaping)
    else {
        return Err(found.faults());
    };
    match found.first {
        Some(_) => Err(found.faults()),
        None => Ok(Config {
            dir: dir.to_owned(),
            gateway,
            policy,
            feeds,
            lint,
            shaping,
            templates,
        }),
    }
}

/// Where the feeds are fetched, beside what they may bring.
fn sources(
    dir: &Path,
    gateway: &Gateway,
    policy: &Policy,
    feeds: &mut BTreeMap<OfficeId, FeedSettings>,
) -> Result<(), Fault> {
    let senseless = |file: &str, what: String| Fault::Sense {
        file: dir.join(file),
        what,
    };
    for (office, source) in &gateway.feeds {
        let id = OfficeId(office.clone());
        if policy.offices.find(&id).is_none() {
            let what = format!("[feed.{office}] is of an office that policy.toml does not have");
            return Err(senseless("gateway.toml", what));
        }
        feeds.entry(id).or_default().source = Some(source.clone());
    }
    let homeless = feeds
        .iter()
        .find(|(_, feed)| feed.schedule.is_some() && feed.source.is_none());
    if let Some((office, _)) = homeless {
        let what =
            format!("[feed.{office}] says when it is fetched, and no [feed.{office}] in gateway.toml says where");
        return Err(senseless("policy.toml", what));
    }
    Ok(())
}

fn template(dir: &Path, kind: Kind) -> Result<Template, Fault> {
    let file = dir.join("notices").join(format!("{}.txt", kind.file()));
    let text = fault::text(&file)?;
    Template::parse(&text).map_err(|faulty| Fault::Notice { file, faulty })
}

#[cfg(test)]
mod tests;
