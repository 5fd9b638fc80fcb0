//! Keys in DNS: now and then it is asked whether the keys that sign, soon will or just did are published as they are.
//!
//! A copy signed by a key that nobody can find is worse than an unsigned one, so this is said in the log while there is time.

use std::sync::Arc;
use std::time::Duration;

use super::route::{Missing, Names};
use crate::clock::Clock;
use crate::decide::compose::dkim::Signers;
use crate::mail::Timestamp;
use crate::stage::worker::Shutdown;

/// When it is asked first: while whoever has just changed a key still looks at the log, and once the network of a machine
/// that has just started is there.
const FIRST: Duration = Duration::from_secs(5 * 60);
/// And then again.
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
        // DNS may take its time, and nothing is lost by asking anew.
        tokio::select! {
            () = warn_of_wanting(&names, &signers, clock.now()) => {}
            () = closing.closing() => return,
        }
    }
}

async fn warn_of_wanting(names: &Names, signers: &Signers, now: Timestamp) {
    for name in wanting(names, signers, now).await {
        tracing::warn!(
            dkim.key = name,
            "DNS does not have this key; run `bedel doctor` for the record to publish"
        );
    }
}

/// The names of keys that DNS lacks. No answer says nothing.
async fn wanting(names: &Names, signers: &Signers, now: Timestamp) -> Vec<String> {
    let mut wanting = Vec::new();
    for (begins, signer) in signers.asked_for(now) {
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
    use std::io::Write;
    use std::sync::{LazyLock, Mutex};

    use super::super::route::zone::Zone;
    use super::*;
    use crate::decide::compose::dkim::{Signer, new_key};

    /// Making one takes a while.
    static KEYS: LazyLock<[String; 2]> = LazyLock::new(|| [new_key().expect("a key"), new_key().expect("a key")]);

    fn signer(key: usize, selector: &str) -> Signer {
        let domain = "mst.example".parse().expect("valid");
        Signer::from_pem(&KEYS[key], selector, domain).expect("a key")
    }

    /// One key that signs, and one that begins ten days after it.
    fn signers() -> Signers {
        Signers::new(signer(0, "now"), vec![]).and(at(10), signer(1, "soon"))
    }

    fn at(days: i64) -> Timestamp {
        Timestamp::from_micros(days * 24 * 60 * 60 * 1_000_000)
    }

    /// What was logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody else panicked").write(line)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The keys that the log names as wanting.
    async fn named(zone: &Zone, days: i64) -> Vec<String> {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone());
        let guard = tracing::subscriber::set_default(subscriber.finish());
        warn_of_wanting(&zone.asked(), &signers(), at(days)).await;
        drop(guard);
        let log = log.0.lock().expect("nobody else panicked");
        let text = String::from_utf8_lossy(&log);
        let lines = text.lines().filter(|line| line.contains("DNS does not have this key"));
        let named = lines.filter_map(|line| line.split_once("dkim.key=\"")?.1.split('"').next());
        named.map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn a_key_that_dns_has_is_not_spoken_of() {
        let zone = Zone::open().await;
        for (_, signer) in signers().all() {
            let (name, value) = signer.dns_record();
            zone.say(&name, "v=spf1 -all");
            zone.say(&name, &value);
        }
        assert!(named(&zone, 0).await.is_empty());
    }

    #[tokio::test]
    async fn a_key_that_dns_lacks_is_named_and_one_that_begins_soon_as_well() {
        let zone = Zone::open().await;
        assert_eq!(
            named(&zone, 0).await,
            ["now._domainkey.mst.example", "soon._domainkey.mst.example"]
        );
        // The one that begins in a month can still be published.
        assert_eq!(named(&zone, -20).await, ["now._domainkey.mst.example"]);
    }

    #[tokio::test]
    async fn a_key_that_dns_has_another_of_is_named() {
        let zone = Zone::open().await;
        let (name, _) = signer(0, "now").dns_record();
        zone.say(&name, &signer(1, "now").dns_record().1);
        let (name, value) = signer(1, "soon").dns_record();
        zone.say(&name, &value);
        assert_eq!(named(&zone, 0).await, ["now._domainkey.mst.example"]);
    }

    #[tokio::test]
    async fn a_key_that_dns_lacks_is_named_no_more_once_nothing_it_signed_is_under_way() {
        let zone = Zone::open().await;
        let (name, value) = signer(1, "soon").dns_record();
        zone.say(&name, &value);
        assert_eq!(named(&zone, 14).await, ["now._domainkey.mst.example"]);
        assert!(named(&zone, 15).await.is_empty());
    }

    #[tokio::test]
    async fn no_answer_says_nothing() {
        let zone = Zone::open().await;
        zone.fall_silent();
        assert!(named(&zone, 0).await.is_empty());
    }

    #[test]
    fn a_key_is_the_same_however_its_record_is_written() {
        assert!(has_key("v=DKIM1; k=rsa; p=MIIB IjAN", "v=DKIM1;p=MIIBIjAN;"));
        assert!(!has_key("v=DKIM1; p=", "v=DKIM1; p=MIIB"));
        assert!(!has_key("v=spf1 -all", "v=DKIM1; p=MIIB"));
    }
}
