//! Limits on clients, and the memory of failed logins that one of them needs.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::mail::Timestamp;
use crate::smtp::Reply;

/// How long a failed login is remembered.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Accounts and peers remembered at the same time; past it some are forgotten, so that guessing takes no memory.
const REMEMBERED_MAX: usize = 20_000;

/// What a client may ask of us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time.
    pub connections_max: usize,
    /// Connections from one address at the same time.
    pub connections_per_peer_max: usize,
    /// Commands before a first message, and again between one message and the next.
    pub commands_max: u32,
    /// Lines of a session that are no commands, are out of order, or failed to log in.
    pub errors_max: u32,
    /// Octets of one command line, with its CRLF (RFC 5321 §4.5.3.1.4 asks for 512 and more).
    pub line_bytes_max: usize,
    /// Recipients of one message; at least 100 (RFC 5321 §4.5.3.1.8).
    pub recipients_max: usize,
    /// Octets of one message; announced in SIZE.
    pub message_bytes_max: usize,
    /// How long a client may say nothing.
    pub idle_timeout: Duration,
    /// How long one message may take from MAIL to its end.
    pub transaction_timeout: Duration,
    /// Failed logins of one account in 15 minutes.
    pub failed_logins_per_account_max: u32,
    /// Failed logins from one address in 15 minutes.
    pub failed_logins_per_peer_max: u32,
}

/// Failed logins of late, by account and by peer.
#[derive(Debug)]
pub struct FailedLogins {
    per_account_max: usize,
    per_peer_max: usize,
    of_late: Mutex<HashMap<Who, Vec<Timestamp>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Account(String),
    Peer(IpAddr),
}

impl FailedLogins {
    /// A memory without entries.
    pub fn new(limits: &Limits) -> Self {
        Self {
            per_account_max: count(limits.failed_logins_per_account_max),
            per_peer_max: count(limits.failed_logins_per_peer_max),
            of_late: Mutex::default(),
        }
    }

    /// Whether another try is allowed; if not, what to say. Counts as a failure from now on, so that many tries at the
    /// same time are not each the first; [`Self::forgive`] or [`Self::take_back`] say when it was none.
    pub fn attempt(&self, account: &str, peer: IpAddr, now: Timestamp) -> Result<(), Reply> {
        let mut of_late = self.of_late.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut of_late, now);
        let (account, peer) = (Who::account(account), Who::peer(peer));
        for who in [&account, &peer] {
            if let Some(times) = of_late.get_mut(who) {
                times.retain(|&at| is_recent(at, now));
            }
        }
        let failures = |who: &Who| of_late.get(who).map_or(0, Vec::len);
        if failures(&peer) >= self.per_peer_max {
            return Err(Reply::too_many("failed logins"));
        }
        if failures(&account) >= self.per_account_max {
            return Err(Reply::login_later());
        }
        of_late.entry(account).or_default().push(now);
        of_late.entry(peer).or_default().push(now);
        Ok(())
    }

    /// The try was right: forgets it, and all earlier failures of the account.
    pub fn forgive(&self, account: &str, peer: IpAddr) {
        let mut of_late = self.of_late.lock().unwrap_or_else(PoisonError::into_inner);
        of_late.remove(&Who::account(account));
        take_back_one(&mut of_late, &Who::peer(peer));
    }

    /// The try could not be judged: forgets it.
    pub fn take_back(&self, account: &str, peer: IpAddr) {
        let mut of_late = self.of_late.lock().unwrap_or_else(PoisonError::into_inner);
        take_back_one(&mut of_late, &Who::account(account));
        take_back_one(&mut of_late, &Who::peer(peer));
    }
}

impl Who {
    fn account(name: &str) -> Self {
        Self::Account(name.to_lowercase())
    }

    /// One site of IPv6 has a whole /64 to guess from.
    fn peer(address: IpAddr) -> Self {
        Self::Peer(match address.to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

fn count(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    now.since(at) < WINDOW
}

fn take_back_one(of_late: &mut HashMap<Who, Vec<Timestamp>>, who: &Who) {
    if let Some(times) = of_late.get_mut(who) {
        times.pop();
        if times.is_empty() {
            of_late.remove(who);
        }
    }
}

fn make_room(of_late: &mut HashMap<Who, Vec<Timestamp>>, now: Timestamp) {
    if of_late.len() < REMEMBERED_MAX {
        return;
    }
    of_late.retain(|_who, times| times.last().is_some_and(|&last| is_recent(last, now)));
    if of_late.len() >= REMEMBERED_MAX {
        // A flood: half of what is left, whichever it is.
        let mut keep = false;
        of_late.retain(|_who, _times| {
            keep = !keep;
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn failed_logins(per_account_max: usize, per_peer_max: usize) -> FailedLogins {
        FailedLogins {
            per_account_max,
            per_peer_max,
            of_late: Mutex::default(),
        }
    }

    fn at(minutes: u64) -> Timestamp {
        Timestamp::from_micros(0).plus(Duration::from_secs(60 * minutes))
    }

    /// One try that fails, if it is made at all.
    #[track_caller]
    fn check(logins: &FailedLogins, account: &str, peer: &str, minutes: u64, expected: u16) {
        let attempt = logins.attempt(account, peer.parse().expect("an address"), at(minutes));
        assert_eq!(attempt.map_or_else(|reply| reply.code(), |()| 535), expected);
    }

    #[test]
    fn an_account_rests_after_too_many_failures_until_they_are_old() {
        let logins = failed_logins(2, 100);
        check(&logins, "Ann", "127.0.0.1", 0, 535);
        check(&logins, "ann", "127.0.0.1", 5, 535);
        check(&logins, "ANN", "127.0.0.1", 6, 454);
        check(&logins, "ann", "192.0.2.1", 6, 454);
        check(&logins, "ben", "127.0.0.1", 6, 535);
        check(&logins, "ann", "127.0.0.1", 15, 535);
        check(&logins, "ann", "127.0.0.1", 16, 454);
        logins.forgive("ann", PEER);
        check(&logins, "ann", "127.0.0.1", 16, 535);
    }

    #[test]
    fn a_peer_that_tries_many_accounts_is_shut_out() {
        let logins = failed_logins(100, 3);
        for account in ["ann", "ben", "cy"] {
            check(&logins, account, "2001:db8::1", 0, 535);
        }
        check(&logins, "dan", "2001:db8::2", 1, 421);
        check(&logins, "dan", "2001:db8:0:1::2", 1, 535);
        check(&logins, "dan", "2001:db8::1", 20, 535);
    }

    #[test]
    fn a_success_is_no_failure_of_the_peer_and_does_not_hide_others() {
        let logins = failed_logins(100, 2);
        check(&logins, "ben", "127.0.0.1", 0, 535);
        for _ in 0..5 {
            check(&logins, "ann", "127.0.0.1", 0, 535);
            logins.forgive("ann", PEER);
        }
        check(&logins, "ann", "127.0.0.1", 0, 535);
        logins.take_back("ann", PEER);
        check(&logins, "cy", "127.0.0.1", 0, 535);
        check(&logins, "dan", "127.0.0.1", 0, 421);
    }

    #[test]
    fn guessing_takes_no_memory() {
        let logins = failed_logins(2, usize::MAX);
        for n in 0..REMEMBERED_MAX + 10 {
            check(&logins, &format!("account-{n}"), "127.0.0.1", 0, 535);
        }
        assert!(logins.of_late.lock().expect("not poisoned").len() <= REMEMBERED_MAX + 2);
    }
}
