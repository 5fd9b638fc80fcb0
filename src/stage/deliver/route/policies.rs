//! Policies: what domains say of their exchangers (MTA-STS), fetched, and kept in the store as long as they hold.
//!
//! # Standards
//! RFC 8461 §3.3 (fetching, and fetching anew before a policy ends), §5.1 (keeping).
//!
//! # Failure
//! Whoever keeps DNS or the policy's server from answering changes nothing of what is known. A policy that cannot be
//! written down holds for this once; when what was written cannot be read, nobody can say what holds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

use super::names::{Missing, Names};
use crate::decide::route::sts::{self, Mode, Policy};
use crate::mail::{Domain, Timestamp};
use crate::store::{Error, Store};

/// How long a policy may take to come (RFC 8461 §3.3 suggests a minute).
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest policy (RFC 8461 §3.2).
const POLICY_BYTES_MAX: usize = 64 * 1024;
/// Policies kept at the same time.
const POLICIES_MAX: usize = 100_000;

/// A policy that is older is fetched anew, so that it does not end just when nobody answers (RFC 8461 §3.3).
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// A policy, the id it was found under, and when.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    id: String,
    policy: Policy,
    fetched_at: Timestamp,
}

impl Kept {
    /// Whether it is what a domain has now, as far as its id and its age tell.
    fn is_current(&self, id: &str, now: Timestamp) -> bool {
        self.id == id && now.since(self.fetched_at) < FRESH
    }
}

/// What domains say of their exchangers.
pub(super) struct Policies {
    trust: Arc<ClientConfig>,
    port: u16,
    store: Store,
    /// How many are kept, at most; counted when the first comes.
    count: Mutex<Option<usize>>,
}

impl Policies {
    /// `trust` checks the servers that policies are fetched from, which must prove their names.
    pub(super) fn new(trust: Arc<ClientConfig>, port: u16, store: Store) -> Self {
        Self {
            trust,
            port,
            store,
            count: Mutex::default(),
        }
    }

    /// The policy of a domain that holds now. One that was kept holds until its time is up, even when nobody can be asked.
    pub(super) async fn of(&self, domain: &Domain, names: &Names, now: Timestamp) -> Result<Option<Policy>, Error> {
        let kept = self.kept(domain, now)?;
        let id = match names.texts(&format!("_mta-sts.{domain}")).await {
            Ok((records, _)) => sts::id(&records),
            Err(Missing::Record | Missing::Name | Missing::NotNow(_)) => None,
        };
        let news = id.filter(|id| kept.as_ref().is_none_or(|kept| !kept.is_current(id, now)));
        let policy = match news {
            None => kept.map(|kept| kept.policy),
            Some(id) => match self.fetch(domain, names).await {
                Ok(policy) => {
                    self.keep(domain, id, &policy, now).await;
                    Some(policy)
                }
                Err(why) => {
                    tracing::warn!(domain = %domain, why, "its MTA-STS policy cannot be read; what was known of it holds");
                    kept.map(|kept| kept.policy)
                }
            },
        };
        Ok(policy.filter(|policy| policy.mode != Mode::None))
    }

    fn kept(&self, domain: &Domain, now: Timestamp) -> Result<Option<Kept>, Error> {
        let record = self.store.sts_policy(domain, now)?;
        // What another version wrote is fetched anew.
        Ok(record.and_then(|record| postcard::from_bytes(&record).ok()))
    }

    async fn keep(&self, domain: &Domain, id: String, policy: &Policy, now: Timestamp) {
        let until = now.plus(policy.max_age);
        let kept = Kept {
            id,
            policy: policy.clone(),
            fetched_at: now,
        };
        if let Err(error) = self.write(domain, &kept, until).await {
            tracing::error!(domain = %domain, %error, "its MTA-STS policy is not kept");
        }
    }

    async fn write(&self, domain: &Domain, kept: &Kept, until: Timestamp) -> Result<(), Error> {
        let record = postcard::to_allocvec(kept)?;
        let mut count = self.count.lock().await;
        let known = count.filter(|count| *count < POLICIES_MAX);
        let others = match known {
            Some(others) => others,
            None => self.store.forget_sts_policies(kept.fetched_at).await?,
        };
        let has_room = others < POLICIES_MAX;
        *count = Some(others + usize::from(has_room));
        if has_room {
            self.store.keep_sts_policy(domain, &record, until).await?;
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::path::Path;

    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;
    use tokio_rustls::TlsAcceptor;

    use super::super::zone::Zone;
    use super::*;
    use crate::stage::deliver::{RelayTls, trust};
    use crate::store;

    const HOST: &str = "mta-sts.example.com";
    const WEEK: i64 = 7 * 24 * 60 * 60;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn store(folder: &Path) -> Store {
        Store::open(&store::Settings {
            data_dir: folder.to_owned(),
            free_bytes_min: 0,
            master: store::MasterKey::new(&[9; 32]),
        })
        .expect("opens")
    }

    /// The server of a policy, and what believes it.
    struct Server {
        port: u16,
        trust: Arc<ClientConfig>,
        serving: JoinHandle<()>,
    }

    impl Server {
        async fn open(folder: &Path, exchanger: &str) -> Self {
            let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).expect("a certificate");
            let pem = folder.join("policy.pem");
            std::fs::write(&pem, made.cert.pem()).expect("writes");
            let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
            let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("versions")
                .with_no_client_auth()
                .with_single_cert(vec![made.cert.der().clone()], key)
                .expect("it fits");
            let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
            let port = socket.local_addr().expect("a port").port();
            let body = format!("version: STSv1\nmode: enforce\nmx: {exchanger}\nmax_age: {WEEK}\n");
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            Self {
                port,
                trust: trust(RelayTls::Verified, Some(&pem)).expect("it is believed"),
                serving: tokio::spawn(serve(socket, TlsAcceptor::from(Arc::new(config)), answer)),
            }
        }

        fn policies(&self, store: &Store) -> Policies {
            Policies::new(Arc::clone(&self.trust), self.port, store.clone())
        }
    }

    async fn serve(socket: TcpListener, tls: TlsAcceptor, answer: String) {
        while let Ok((stream, _)) = socket.accept().await {
            let mut stream = tls.accept(stream).await.expect("a handshake");
            let mut request = [0; 1_000];
            let _length = stream.read(&mut request).await.expect("a request");
            stream.write_all(answer.as_bytes()).await.expect("an answer");
            stream.shutdown().await.expect("it ends");
        }
    }

    /// Exchangers the policy names that holds then.
    async fn named(policies: &Policies, names: &Names, now: i64) -> Option<Vec<String>> {
        let domain = "example.com".parse().expect("valid");
        let policy = policies.of(&domain, names, at(now)).await.expect("reads");
        policy.map(|policy| policy.exchangers)
    }

    #[tokio::test]
    async fn a_policy_holds_over_a_restart_though_nobody_answers_and_ends_when_its_time_is_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::open(folder.path(), "mx.example.com").await;
        let zone = Zone::open().await;
        zone.say("_mta-sts.example.com", "v=STSv1; id=1");
        zone.house(HOST);
        {
            let store = store(&folder.path().join("data"));
            let policies = server.policies(&store);
            assert_eq!(
                named(&policies, &zone.asked(), 0).await,
                Some(vec!["mx.example.com".to_owned()])
            );
        }
        server.serving.abort();
        zone.fall_silent();
        let store = store(&folder.path().join("data"));
        let policies = server.policies(&store);
        let names = zone.asked();
        let known = Some(vec!["mx.example.com".to_owned()]);
        assert_eq!(named(&policies, &names, 1).await, known);
        assert_eq!(named(&policies, &names, WEEK - 1).await, known);
        assert_eq!(named(&policies, &names, WEEK).await, None);
    }

    #[tokio::test]
    async fn a_policy_is_fetched_anew_each_day_so_that_its_end_moves_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::open(folder.path(), "mx.example.com").await;
        let zone = Zone::open().await;
        zone.say("_mta-sts.example.com", "v=STSv1; id=1");
        zone.house(HOST);
        let store = store(&folder.path().join("data"));
        let policies = server.policies(&store);
        let names = zone.asked();
        let day = WEEK / 7;
        assert!(named(&policies, &names, 0).await.is_some());
        assert!(named(&policies, &names, day).await.is_some());
        server.serving.abort();
        // It cannot be fetched again: what was fetched last holds for its week.
        assert!(named(&policies, &names, 2 * day).await.is_some());
        assert!(named(&policies, &names, day + WEEK - 1).await.is_some());
        assert!(named(&policies, &names, day + WEEK).await.is_none());
    }

    #[tokio::test]
    async fn another_id_brings_another_policy() {
        let folder = tempfile::tempdir().expect("a folder");
        let zone = Zone::open().await;
        zone.say("_mta-sts.example.com", "v=STSv1; id=1");
        zone.house(HOST);
        let store = store(&folder.path().join("data"));
        let server = Server::open(folder.path(), "mx.example.com").await;
        let before = named(&server.policies(&store), &zone.asked(), 0).await;
        assert_eq!(before, Some(vec!["mx.example.com".to_owned()]));
        let server = Server::open(folder.path(), "mx.example.net").await;
        let same = named(&server.policies(&store), &zone.asked(), 1).await;
        assert_eq!(same, before, "nobody asks for what has not changed");
        let zone = Zone::open().await;
        zone.say("_mta-sts.example.com", "v=STSv1; id=2");
        zone.house(HOST);
        let after = named(&server.policies(&store), &zone.asked(), 2).await;
        assert_eq!(after, Some(vec!["mx.example.net".to_owned()]));
    }
}
