//! Routes: finds the exchangers of a domain, and remembers them as long as DNS allows.
//!
//! [`decide::route`](crate::decide::route) says what the answers mean; here they are asked for. Who is asked for a whole
//! mailing waits a little while, not for the slowest name server there is: a domain nobody has answered for by then is asked
//! for again when its turn comes.
//!
//! # Failure
//! No answer uses up nobody's try. An exchanger whose DANE records cannot be read is left out; when no other is left, that
//! is no answer.

mod names;
mod policies;
#[cfg(test)]
pub(super) mod zone;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::rand;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub use names::{DnsSettings, Missing, Names, NamesFault};

use super::relay::{Caller, Connection, End, RelayTls, TrustFault, Trusts, Unreachable, dial};
use crate::decide::route::sts::Mode;
use crate::decide::route::{Assurance, Exchanger, Host, Nowhere, Site, exchangers};
use crate::decide::shape::Shape;
use crate::mail::{Domain, Status, Timestamp};
use crate::store::{Error, Store};
use policies::Policies;

/// An answer is kept no longer than this, and no shorter than that.
const KEPT_MAX: Duration = Duration::from_secs(60 * 60);
const KEPT_MIN: Duration = Duration::from_secs(60);
/// That there was none is kept so long.
const NO_ANSWER: Duration = Duration::from_secs(20);
/// Answers kept at the same time.
const ANSWERS_MAX: usize = 100_000;
/// Domains that are asked for at the same time, and how long a mailing waits for all of them.
const AT_ONCE: usize = 64;
const PATIENCE: Duration = Duration::from_secs(10);
/// Hosts of one domain that are looked at.
const HOSTS_MAX: usize = 20;
/// Addresses that are tried for one connection.
const ENDS_MAX: usize = 8;

/// How exchangers are found, and how they must prove themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSettings {
    /// The port they listen at.
    pub port: u16,
    /// What is wanted of them, where nothing else is said.
    pub tls: RelayTls,
    /// What is wanted of those of some domains, and of all below them; the first that fits.
    pub tls_of: Vec<(Vec<Domain>, RelayTls)>,
    /// Authorities their certificates are checked against; unset takes the system's.
    pub ca_file: Option<PathBuf>,
    /// Whom to ask.
    pub dns: DnsSettings,
    /// What we are called: mail is never sent to ourselves.
    pub own_names: Vec<String>,
    /// Where we listen.
    pub own_addresses: Vec<SocketAddr>,
}

/// It cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum RouteFault {
    /// The resolver.
    #[error(transparent)]
    Names(#[from] NamesFault),
    /// The authorities.
    #[error(transparent)]
    Trust(#[from] TrustFault),
}

/// Why a copy has no host to go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoWay {
    /// It never will.
    Never(Status),
    /// Nobody could say.
    NotNow(String),
}

type Answer = Result<Arc<Site>, NoWay>;

/// Finds the exchangers of a domain.
pub struct Router {
    settings: RouteSettings,
    names: Names,
    policies: Option<Policies>,
    trusts: Trusts,
    shape: Shape,
    known: Mutex<HashMap<Domain, (Answer, Timestamp)>>,
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Router({:?})", self.settings)
    }
}

impl Router {
    /// A router that knows of domains what `store` has kept of them; `shape` is told what it finds.
    pub fn new(settings: RouteSettings, shape: Shape, store: Store) -> Result<Self, RouteFault> {
        let wants_verified = settings.tls_of.iter().any(|(_, tls)| *tls == RelayTls::Verified)
            || settings.tls == RelayTls::Verified
            || settings.dns.mta_sts;
        let trusts = Trusts::new(wants_verified, settings.ca_file.as_deref())?;
        let policies = trusts
            .verified()
            .filter(|_| settings.dns.mta_sts)
            .map(|trust| Policies::new(trust, settings.dns.policy_port, store));
        Ok(Self {
            names: Names::new(&settings.dns)?,
            policies,
            trusts,
            shape,
            known: Mutex::default(),
            settings,
        })
    }

    /// Asks for many domains at once, and waits a little while.
    pub(super) async fn find_all(self: &Arc<Self>, domains: &[Domain], now: Timestamp) {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut asked = JoinSet::new();
        for domain in domains {
            let (router, turns, domain) = (Arc::clone(self), Arc::clone(&turns), domain.clone());
            asked.spawn(async move {
                if let Ok(_turn) = turns.acquire().await {
                    // What came of it is remembered, and read when the turn of a copy comes.
                    drop(router.find(&domain, now).await);
                }
            });
        }
        let all = async { while asked.join_next().await.is_some() {} };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            tracing::warn!(
                "not every domain of a mailing was found in time; the others are asked for when their turn comes"
            );
        }
    }

    /// The hosts of a domain.
    pub(super) async fn find(&self, domain: &Domain, now: Timestamp) -> Answer {
        if let Some((known, until)) = self.known().get(domain)
            && now < *until
        {
            return known.clone();
        }
        let (answer, holds) = match self.look_up(domain, now).await {
            Ok((site, holds)) => (Ok(Arc::new(site)), holds.clamp(KEPT_MIN, KEPT_MAX)),
            Err(never @ NoWay::Never(_)) => (Err(never), KEPT_MIN),
            Err(not_now @ NoWay::NotNow(_)) => (Err(not_now), NO_ANSWER),
        };
        if let Ok(site) = &answer {
            self.shape.look().learn(domain, &site.name, site.names());
        }
        let mut known = self.known();
        if known.len() >= ANSWERS_MAX {
            known.retain(|_, (_, until)| now < *until);
        }
        if known.len() < ANSWERS_MAX {
            known.insert(domain.clone(), (answer.clone(), now.plus(holds)));
        }
        answer
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Domain, (Answer, Timestamp)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look_up(&self, domain: &Domain, now: Timestamp) -> Result<(Site, Duration), NoWay> {
        let never = |nowhere: Nowhere| NoWay::Never(nowhere.status());
        let (records, holds) = match self.names.exchangers(domain.as_str()).await {
            Ok(found) => found,
            Err(Missing::Record) => (Vec::new(), KEPT_MAX),
            Err(Missing::Name) => return Err(never(Nowhere::NoHost)),
            Err(not_now @ Missing::NotNow(_)) => return Err(NoWay::NotNow(not_now.to_string())),
        };
        let named = exchangers(domain, &records).map_err(never)?;
        let hosts = self.hosts(domain, named, now).await?;
        let is_us = |host: &Host| self.is_us(host);
        let site = Site::new(hosts, self.settings.tls, is_us).map_err(never)?;
        Ok((site, holds))
    }

    /// The hosts that may be used now, each with where it is and how it must prove itself.
    async fn hosts(&self, domain: &Domain, named: Vec<Exchanger>, now: Timestamp) -> Result<Vec<Host>, NoWay> {
        let policy = match &self.policies {
            Some(policies) => policies
                .of(domain, &self.names, now)
                .await
                .map_err(|error| unread(&error))?,
            None => None,
        };
        let is_enforced = policy.as_ref().is_some_and(|policy| policy.mode == Mode::Enforce);
        let has_dane = self.settings.dns.dane && self.names.has_proved_exchangers(domain.as_str()).await;
        let (mut hosts, mut trouble) = (Vec::new(), None);
        for exchanger in named.into_iter().take(HOSTS_MAX) {
            if policy.as_ref().is_some_and(|policy| !policy.names(&exchanger.name)) {
                tracing::warn!(domain = %domain, host = exchanger.name, is_enforced, "its MTA-STS policy does not name this exchanger");
                if is_enforced {
                    trouble = Some(format!("its MTA-STS policy does not name {}", exchanger.name));
                    continue;
                }
            }
            match self.host(domain, exchanger, is_enforced, has_dane).await {
                Ok(host) => hosts.push(host),
                Err(why) => trouble = Some(why.to_string()),
            }
        }
        let is_reachable = hosts.iter().any(|host| !host.addresses.is_empty());
        match trouble {
            Some(why) if !is_reachable => Err(NoWay::NotNow(why)),
            Some(_) | None => Ok(hosts),
        }
    }

    async fn host(
        &self,
        domain: &Domain,
        exchanger: Exchanger,
        is_enforced: bool,
        has_dane: bool,
    ) -> Result<Host, Missing> {
        let addresses = self.names.addresses(&exchanger.name).await?;
        let vouched = match has_dane {
            true => self.names.vouched(&exchanger.name, self.settings.port).await?,
            false => Vec::new(),
        };
        let is_of = |(domains, _): &&(Vec<Domain>, RelayTls)| domains.iter().any(|own| domain.is_within(own));
        let asked = self.settings.tls_of.iter().find(is_of);
        let asked = asked.map_or(self.settings.tls, |(_, tls)| *tls);
        Ok(Host {
            exchanger,
            addresses,
            assurance: Assurance::of(asked, is_enforced, &vouched),
        })
    }

    fn is_us(&self, host: &Host) -> bool {
        let is_own = |address: &IpAddr| {
            self.settings.own_addresses.iter().any(|own| {
                own.port() == self.settings.port
                    && (own.ip() == *address || (own.ip().is_unspecified() && is_of_this_machine(*address)))
            })
        };
        self.settings.own_names.contains(&host.exchanger.name) || host.addresses.iter().any(is_own)
    }

    /// Connects to the first host of a site that takes a connection.
    pub(super) async fn dial(&self, site: &Site, caller: &Caller) -> Result<Connection, Unreachable> {
        let mut octets = [0; 8];
        // Without randomness one order is as good as another.
        let _drawn = rand::fill(&mut octets);
        let mut ends = Vec::new();
        for host in site.in_turn(u64::from_le_bytes(octets)) {
            let (tls, trust) = self
                .trusts
                .of(&host.assurance)
                .map_err(|error| Unreachable::Not(error.to_string()))?;
            ends.extend(host.addresses.iter().map(|address| End {
                name: host.exchanger.name.clone(),
                address: SocketAddr::new(*address, self.settings.port),
                tls,
                trust: Arc::clone(&trust),
            }));
        }
        ends.truncate(ENDS_MAX);
        dial(&ends, caller).await
    }
}

/// Without what is known of a domain, nobody can say how its exchangers must prove themselves.
fn unread(error: &Error) -> NoWay {
    tracing::error!(%error, "what is known of exchangers cannot be read");
    NoWay::NotNow("what is known of its exchangers cannot be read".to_owned())
}

/// Whether this machine has the address: nobody else can bind it.
fn is_of_this_machine(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}
