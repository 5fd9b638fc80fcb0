//! Keys in DNS: now and then it is asked whether the keys that sign, or soon will, are published as they are.
//!
//! A copy signed by a key that nobody can find is worse than an unsigned one, so this is said in the log while there is time.

use std::sync::Arc;
use std::time::Duration;

use super::route::{Missing, Names};
use crate::clock::Clock;
use crate::decide::compose::dkim::Signers;
use crate::mail::Timestamp;
use crate::stage::worker::Shutdown;

/// When it is asked first, and then again.
const FIRST: Duration = Duration::from_secs(60 * 60);
const AGAIN: Duration = Duration::from_secs(24 * 60 * 60);
/// A key that begins within this time is asked for already.
const AHEAD: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Asks until the house closes.
pub async fn watch_keys(names: Arc<Names>, signers: Arc<Signers>, clock: Clock, mut closing: Shutdown) {
    let mut rest = FIRST;
    loop {
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = closing.closing() => return,
        }
        rest = AGAIN;
        for name in wanting(&names, &signers, clock.now()).await {
            tracing::warn!(
                dkim.key = name,
                "DNS does not have this key; run `bedel doctor` for the record to publish"
            );
        }
    }
}

/// The names of keys that DNS lacks. No answer says nothing.
async fn wanting(names: &Names, signers: &Signers, now: Timestamp) -> Vec<String> {
    let mut wanting = Vec::new();
    for (begins, signer) in signers.all() {
        if begins.is_some_and(|begins| begins > now.plus(AHEAD)) {
            continue;
        }
        let (name, value) = signer.dns_record();
        let is_wanting = match names.texts(&name).await {
            Ok((texts, _)) => !texts.iter().any(|text| has_key(text, &value)),
            Err(Missing::Record | Missing::Name) => true,
            Err(Missing::NotNow(_)) => false,
        };
        if is_wanting {
            wanting.push(name);
        }
    }
    wanting
}

/// Whether a record has the key that another has.
fn has_key(record: &str, other: &str) -> bool {
    let key = |text: &str| {
        let field = text
            .split(';')
            .find_map(|field| field.trim().strip_prefix("p=").map(str::to_owned));
        field.map(|key| key.split_whitespace().collect::<String>())
    };
    key(record).is_some_and(|found| Some(found) == key(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_however_its_record_is_written() {
        assert!(has_key("v=DKIM1; k=rsa; p=MIIB IjAN", "v=DKIM1;p=MIIBIjAN;"));
        assert!(!has_key("v=DKIM1; p=", "v=DKIM1; p=MIIB"));
        assert!(!has_key("v=spf1 -all", "v=DKIM1; p=MIIB"));
    }
}
