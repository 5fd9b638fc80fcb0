//! How the copies of a mailing fare, by provider.

use serde::Deserialize;

use crate::cli::{Error, out};

/// Replies of a provider that are shown.
const REPLIES_SHOWN: usize = 2;

/// How the copies for one provider fare.
#[derive(Debug, Deserialize)]
pub(super) struct Fared {
    provider: String,
    planned: u64,
    accepted: u64,
    deferred: u64,
    failed: u64,
    uncertain: u64,
    replies: Vec<Said>,
}

#[derive(Debug, Deserialize)]
struct Said {
    reply: String,
    count: u64,
}

/// How the copies fare, by provider; nothing where none has left.
pub(super) fn fares(fares: &[Fared]) -> Result<(), Error> {
    if fares.is_empty() {
        return Ok(());
    }
    let row = |fare: &Fared| {
        let said = |said: &Said| format!("{} {}", out::count(said.count), said.reply);
        let said: Vec<String> = fare.replies.iter().take(REPLIES_SHOWN).map(said).collect();
        [
            fare.provider.clone(),
            out::count(fare.planned),
            out::count(fare.accepted),
            out::count(fare.deferred),
            out::count(fare.failed),
            out::count(fare.uncertain),
            said.join("; "),
        ]
    };
    let rows: Vec<[String; 7]> = fares.iter().map(row).collect();
    let head = [
        "PROVIDER",
        "PLANNED",
        "ACCEPTED",
        "DEFERRED",
        "FAILED",
        "UNCERTAIN",
        "SAID MOST",
    ];
    out::line("")?;
    out::table(head, &rows, "")
}
