//! Policies: what domains say of their exchangers (MTA-STS), fetched and kept as long as they hold.
//!
//! # Standards
//! RFC 8461 §3.3 (fetching), §5.1 (keeping).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::names::{Missing, Names};
use crate::decide::route::sts::{self, Mode, Policy};
use crate::mail::{Domain, Timestamp};

/// How long a policy may take to come (RFC 8461 §3.3 suggests a minute).
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest policy (RFC 8461 §3.2).
const POLICY_BYTES_MAX: usize = 64 * 1024;
/// Policies kept at the same time.
const POLICIES_MAX: usize = 100_000;

/// A policy, the id it was found under, and when it ends.
#[derive(Debug, Clone)]
struct Kept {
    id: String,
    policy: Policy,
    until: Timestamp,
}

/// What domains say of their exchangers.
pub(super) struct Policies {
    trust: Arc<ClientConfig>,
    port: u16,
    kept: Mutex<HashMap<Domain, Kept>>,
}

impl Policies {
    /// `trust` checks the servers that policies are fetched from, which must prove their names.
    pub(super) fn new(trust: Arc<ClientConfig>, port: u16) -> Self {
        Self {
            trust,
            port,
            kept: Mutex::default(),
        }
    }

    /// The policy of a domain that holds now. One that was kept holds until its time is up, even when nobody can be asked.
    pub(super) async fn of(&self, domain: &Domain, names: &Names, now: Timestamp) -> Option<Policy> {
        let kept = self.kept().get(domain).filter(|kept| now < kept.until).cloned();
        let id = match names.texts(&format!("_mta-sts.{domain}")).await {
            Ok((records, _)) => sts::id(&records),
            Err(Missing::Record | Missing::Name | Missing::NotNow(_)) => None,
        };
        let news = id.filter(|id| kept.as_ref().is_none_or(|kept| kept.id != *id));
        let policy = match news {
            None => kept.map(|kept| kept.policy),
            Some(id) => match self.fetch(domain, names).await {
                Ok(policy) => {
                    self.keep(domain, id, &policy, now);
                    Some(policy)
                }
                Err(why) => {
                    tracing::warn!(domain = %domain, why, "its MTA-STS policy cannot be read; what was known of it holds");
                    kept.map(|kept| kept.policy)
                }
            },
        };
        policy.filter(|policy| policy.mode != Mode::None)
    }

    fn keep(&self, domain: &Domain, id: String, policy: &Policy, now: Timestamp) {
        let mut kept = self.kept();
        if kept.len() >= POLICIES_MAX {
            kept.retain(|_, kept| now < kept.until);
        }
        if kept.len() < POLICIES_MAX {
            let until = now.plus(policy.max_age);
            let policy = policy.clone();
            kept.insert(domain.clone(), Kept { id, policy, until });
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Domain, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(&self, domain: &Domain, names: &Names) -> Result<Policy, String> {
        let host = format!("mta-sts.{domain}");
        let addresses = names.addresses(&host).await.map_err(|error| error.to_string())?;
        let mut why = format!("{host} has no address");
        for address in addresses {
            let fetched = tokio::time::timeout(PATIENCE, self.get(&host, SocketAddr::new(address, self.port))).await;
            match fetched.unwrap_or_else(|_elapsed| Err("it took too long".to_owned())) {
                Ok(text) => return Policy::read(&text).ok_or_else(|| "it is no policy".to_owned()),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    /// The document; redirects are not followed (RFC 8461 §3.3).
    async fn get(&self, host: &str, address: SocketAddr) -> Result<String, String> {
        let said = |error: &dyn std::error::Error| error.to_string();
        let name = ServerName::try_from(host.to_owned()).map_err(|error| said(&error))?;
        let socket = TcpStream::connect(address).await.map_err(|error| said(&error))?;
        let connector = TlsConnector::from(Arc::clone(&self.trust));
        let stream = connector.connect(name, socket).await.map_err(|error| said(&error))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| said(&error))?;
        // It ends with the sender; how, the answer tells.
        let _driven = tokio::spawn(connection);
        let request = hyper::Request::get("/.well-known/mta-sts.txt").header(HOST, host);
        let request = request.body(Empty::<Bytes>::new()).map_err(|error| said(&error))?;
        let answer = sender.send_request(request).await.map_err(|error| said(&error))?;
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if answer.status() != hyper::StatusCode::OK || !kind.is_some_and(|kind| kind.starts_with("text/plain")) {
            return Err(format!("{host} answered {} with no text", answer.status()));
        }
        let body = Limited::new(answer.into_body(), POLICY_BYTES_MAX).collect().await;
        let bytes = body.map_err(|error| error.to_string())?.to_bytes();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
