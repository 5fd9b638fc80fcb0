//! The door: is this the account's password, and has it been tried too often?
//!
//! Failures are counted by account and by peer, so that neither one password on many accounts nor many passwords on one
//! account get far. A peer on loopback is a reverse proxy of ours, and is believed who it speaks for.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::mail::{Address, Timestamp};
use crate::password;
use crate::store::{Account, Error, Store};

/// Failures within [`WINDOW`] after which an account's door stays shut.
const BY_ACCOUNT_MAX: u32 = 10;
/// Failures within [`WINDOW`] after which a peer's door stays shut: a whole office may sit behind one.
const BY_PEER_MAX: u32 = 50;
/// How long failures count.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Names that are counted at the same time; past it the oldest are forgotten.
const NAMES_MAX: usize = 10_000;
/// Passwords verified at the same time; each takes 19 MiB.
const VERIFIED_AT_ONCE_MAX: usize = 4;

/// Who may come in, and who has knocked too often.
#[derive(Debug)]
pub(super) struct Door {
    clock: Clock,
    failures: Mutex<HashMap<String, Failures>>,
    hands: Arc<Semaphore>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    since: Timestamp,
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Entry {
    /// It is them.
    Open(Box<Account>),
    /// No such account, or another password: we do not say which.
    Wrong,
    /// The password is theirs, and their account wants a code as well.
    CodeWanted,
    /// Too many failures lately; not even looked at.
    Shut,
}

/// What became of the second factor.
enum Second {
    NotNeeded,
    Wanted,
    Good,
    Wrong,
}

impl Door {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            failures: Mutex::default(),
            hands: Arc::new(Semaphore::new(VERIFIED_AT_ONCE_MAX)),
        }
    }

    /// Tries a password, whose keeper may be at `peer`.
    pub(super) async fn knock(
        &self,
        store: &Store,
        peer: Option<IpAddr>,
        account: &str,
        (password, code): (String, &str),
    ) -> Result<Entry, Error> {
        let address = account.trim().parse::<Address>().ok();
        let by_account = address.as_ref().map_or_else(|| account.to_lowercase(), Address::key);
        let counted = [
            (Some(format!("account {by_account}")), BY_ACCOUNT_MAX),
            (peer.map(|peer| format!("peer {peer}")), BY_PEER_MAX),
        ];
        if counted
            .iter()
            .any(|(name, most)| self.has_failed(name.as_deref(), *most))
        {
            return Ok(Entry::Shut);
        }
        let known = match &address {
            Some(address) => store.account(address)?,
            None => None,
        };
        if self.verify(known.as_ref(), password).await
            && let Some(account) = known
        {
            match self.second(store, &account.address, code).await? {
                Second::NotNeeded | Second::Good => return Ok(Entry::Open(Box::new(account))),
                // They know the password: this is said to nobody else, and counts as no failure.
                Second::Wanted => return Ok(Entry::CodeWanted),
                Second::Wrong => {}
            }
        }
        counted
            .into_iter()
            .filter_map(|(name, _)| name)
            .for_each(|name| self.count(name));
        tracing::info!(peer.ip = peer.map(tracing::field::display), "a sign-in was refused");
        Ok(Entry::Wrong)
    }

    /// The second factor of an account that has one (RFC 6238); a code counts once.
    async fn second(&self, store: &Store, account: &Address, code: &str) -> Result<Second, Error> {
        let Some((secret, _)) = store.second_factor(account)? else {
            return Ok(Second::NotNeeded);
        };
        if code.trim().is_empty() {
            return Ok(Second::Wanted);
        }
        let seconds = self.clock.now().as_micros() / 1_000_000;
        match password::second_factor_step(&secret, code, seconds) {
            Some(step) if store.use_second_factor(account, step).await? => Ok(Second::Good),
            Some(_) | None => Ok(Second::Wrong),
        }
    }

    /// Verifies beside the runtime; takes as long whether or not there is such an account.
    async fn verify(&self, account: Option<&Account>, password: String) -> bool {
        let hash = account.and_then(|account| account.password_hash.clone());
        let Ok(_hand) = Arc::clone(&self.hands).acquire_owned().await else {
            return false;
        };
        tokio::task::spawn_blocking(move || password::verify(hash.as_deref(), &password))
            .await
            .unwrap_or(false)
    }

    fn has_failed(&self, name: Option<&str>, most: u32) -> bool {
        let now = self.clock.now();
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        name.and_then(|name| failures.get(name))
            .is_some_and(|failed| failed.count >= most && now.since(failed.since) < WINDOW)
    }

    fn count(&self, name: String) {
        let now = self.clock.now();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= NAMES_MAX {
            failures.retain(|_, failed| now.since(failed.since) < WINDOW);
            // INVARIANT: bounded, whatever is thrown at it.
            if failures.len() >= NAMES_MAX {
                failures.clear();
            }
        }
        let failed = failures.entry(name).or_insert(Failures { count: 0, since: now });
        if now.since(failed.since) >= WINDOW {
            *failed = Failures { count: 0, since: now };
        }
        failed.count = failed.count.saturating_add(1);
    }
}

/// Who asks: the peer of the connection, or whom a proxy on loopback names last.
pub(super) fn peer(parts: &Parts) -> Option<IpAddr> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back();
    let named = forwarded
        .filter(|_| peer.is_loopback())
        .and_then(|line| line.to_str().ok())
        .and_then(|line| line.rsplit(',').next())
        .and_then(|last| last.trim().parse().ok());
    Some(named.unwrap_or(peer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[track_caller]
    fn check(from: &str, forwarded: Option<&str>, expected: &str) {
        let mut request = Request::new(());
        let from: SocketAddr = from.parse().expect("valid");
        request.extensions_mut().insert(ConnectInfo(from));
        if let Some(line) = forwarded {
            let line = line.parse().expect("valid");
            request.headers_mut().insert("x-forwarded-for", line);
        }
        let (parts, ()) = request.into_parts();
        assert_eq!(peer(&parts), Some(expected.parse().expect("valid")));
    }

    #[test]
    fn only_a_proxy_of_ours_is_believed_who_it_speaks_for() {
        check("127.0.0.1:9", None, "127.0.0.1");
        check("127.0.0.1:9", Some("198.51.100.1, 192.0.2.7"), "192.0.2.7");
        check("127.0.0.1:9", Some("nonsense"), "127.0.0.1");
        check("192.0.2.9:9", Some("127.0.0.1"), "192.0.2.9");
    }
}
