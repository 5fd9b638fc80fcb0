//! Those whose copy may have arrived, and what is done about them.

use serde::Deserialize;

use crate::cli::client::Client;
use crate::cli::{Error, out};
use crate::mail::Timestamp;

/// Uncertain recipients that are named.
const UNCERTAIN_MAX: usize = 50;

/// Somebody whose copy may have arrived.
#[derive(Debug, Deserialize)]
pub(super) struct Doubted {
    seq: u32,
    who: Option<String>,
    since: Timestamp,
    stands: String,
    again: Option<Timestamp>,
}

/// Those whose copy may have arrived, and what is done about them.
pub(super) fn uncertain(client: &Client, all: &[Doubted], done: Option<&str>) -> Result<(), Error> {
    if all.is_empty() {
        return Ok(());
    }
    let done = match done {
        Some("hold") => "; they wait for somebody's word",
        Some("leave") => "; they get no other",
        Some(_) => "; they are sent another, with the same Message-ID",
        None => "",
    };
    out::line(&format!(
        "Uncertain, since the end of their copy was not heard: {}{done}",
        out::count(u64::try_from(all.len()).unwrap_or(u64::MAX))
    ))?;
    for doubted in all.iter().take(UNCERTAIN_MAX) {
        let who = doubted.who.as_deref().unwrap_or("somebody who is not to be shown");
        let stands = match (doubted.stands.as_str(), doubted.again) {
            ("again", Some(at)) => format!("sent another at {}", client.time(at)),
            ("waits", _) => "waits for somebody's word".to_owned(),
            ("under-way", _) => "another is under way".to_owned(),
            ("taken", _) => "another was taken".to_owned(),
            _ => "gets no other".to_owned(),
        };
        let since = client.time(doubted.since);
        out::line(&format!("    recipient {}, {who}, {since}: {stands}", doubted.seq))?;
    }
    match all.len().checked_sub(UNCERTAIN_MAX) {
        None | Some(0) => Ok(()),
        Some(more) => out::line(&format!("    … and {more} more; --json names all")),
    }
}
