//! Real copies over real sockets, to a recorder that refuses, puts off, and hangs up.

mod author;
mod copies;
mod doubt;
mod moved;
mod renew;
mod slow;
mod waiting;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::num::NonZeroU32;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::clock::Clock;
use crate::decide::compose::dkim::{Signer, Signers, new_key};
use crate::decide::notice::Notices;
use crate::decide::shape::{self, Limits, Range, Rate};
use crate::mail::{Address, Envelope, ForwardPath, Message, Timestamp};
use crate::model::lifecycle::{Pause, State, Submitted};
use crate::model::{
    Audience, Author, Capacity, Category, Content, Identity, Lane, Mailing, MailingId, Offices, Outcome, Proof, Series,
    TokenKey, WhenUncertain,
};
use crate::stage::expand::{self, expand_due};
use crate::stage::worker::{Closer, shutdown};
use crate::store::{self, Admission, Move, Outgoing, Store};

const MESSAGE: &str = "From: author@mst.example\r\nMessage-ID: <1@mst.example>\r\nSubject: x\r\n\r\n.Hello\r\n.\r\n";

struct Office {
    store: Store,
    clock: Clock,
    recorder: Arc<crate::sink::Recorder>,
    settings: Settings,
    dir: tempfile::TempDir,
    sink: (Closer, JoinHandle<()>),
    courier: Option<(Closer, Renew, JoinHandle<()>)>,
}

/// Connections at the same time.
const CONNECTIONS: u32 = 3;

/// The clock goes on from where a story has set it.
async fn walk(clock: Clock) {
    loop {
        tokio::time::sleep(Duration::from_millis(10)).await;
        clock.advance(Duration::from_millis(10));
    }
}

fn address(text: &str) -> Address {
    text.parse().expect("valid address")
}

impl Office {
    async fn open() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = store(dir.path());
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = socket.local_addr().expect("a port").port();
        let recorder = Arc::new(crate::sink::Recorder::in_memory());
        let (closer, closing) = shutdown();
        let sink = tokio::spawn(crate::sink::run(socket, Arc::clone(&recorder), closing));
        let clock = Clock::standing_at(Timestamp::from_micros(1_000_000_000));
        tokio::spawn(walk(clock.clone()));
        Self {
            store,
            clock,
            recorder,
            settings: settings(port),
            dir,
            sink: (closer, sink),
            courier: None,
        }
    }

    fn start(&mut self) {
        // What a process knew goes with it.
        let settings = Arc::clone(self.settings.shape.look().settings());
        self.settings.shape = Shape::new(settings);
        let (closer, closing) = shutdown();
        let (renew, renewals) = Renew::pair();
        let (store, clock, settings) = (self.store.clone(), self.clock.clone(), self.settings.clone());
        let running = tokio::spawn(run(store, clock, settings, renewals, closing));
        self.courier = Some((closer, renew, running));
    }

    async fn stop(&mut self) {
        if let Some((closer, _renew, running)) = self.courier.take() {
            closer.close();
            running.await.expect("no panic");
        }
    }

    /// As `kill -9` would: nobody gets to say anything.
    async fn kill(&mut self) {
        if let Some((closer, _renew, running)) = self.courier.take() {
            running.abort();
            drop(running.await);
            drop(closer);
        }
    }

    async fn convey(&self, to: &[&str]) -> MailingId {
        self.convey_in(Lane::Official, to).await
    }

    async fn convey_in(&self, lane: Lane, to: &[&str]) -> MailingId {
        let paths = to.iter().map(|to| ForwardPath::to(address(to))).collect();
        self.convey_to(lane, paths).await
    }

    async fn convey_to(&self, lane: Lane, paths: Vec<ForwardPath>) -> MailingId {
        self.convey_as(Series::Conveyed, lane, paths).await
    }

    async fn convey_as(&self, series: Series, lane: Lane, paths: Vec<ForwardPath>) -> MailingId {
        let id = self.take(series, lane, paths).await;
        self.expand().await;
        id
    }

    /// It is taken, and not expanded yet.
    async fn take(&self, series: Series, lane: Lane, paths: Vec<ForwardPath>) -> MailingId {
        let id = self.store.next_id(series, 2026);
        let mailing = Mailing {
            id,
            author: Author {
                address: address("author@mst.example"),
                proof: Proof::Login,
            },
            envelope: Envelope::new(Some(address("author@mst.example")), paths).expect("somebody"),
            submitted_at: self.clock.now(),
            version: 1,
            content: Content {
                sha256: [0; 32],
                bytes: 0,
            },
            subject: "x".into(),
            message_id: None,
            audience: Audience::Named,
            capacity: Capacity::Conveyed,
            category: Category::Official,
            lane,
            identity: Identity::Keep,
        };
        let state = Submitted::new(mailing)
            .pass(self.clock.now(), self.clock.now())
            .expect("conveyed");
        let out = Outgoing {
            state,
            message: MESSAGE.as_bytes().to_vec(),
        };
        self.store
            .admit(Admission::conveyed(out), vec![])
            .await
            .expect("commits");
        id
    }

    async fn expand(&self) {
        let settings = self.expanding();
        expand_due(&self.store, &self.clock, &settings).await.expect("expands");
    }

    fn expanding(&self) -> expand::Settings {
        expand::Settings {
            compose: Arc::clone(&self.settings.compose),
            campus_domains: vec![],
            drift_percent_max: 10,
            lapse_after: Duration::from_secs(60),
        }
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..600 {
            if is_so(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never: {what}");
    }

    fn is_closed(&self, id: MailingId) -> bool {
        matches!(self.store.mailing(id).expect("reads"), Some(State::Closed(_)))
    }

    fn got(&self, who: &str) -> u32 {
        self.recorder.per_recipient().get(who).copied().unwrap_or_default()
    }

    fn last_outcomes(&self, id: MailingId) -> BTreeMap<u32, Option<Outcome>> {
        self.store
            .ledger(id)
            .map(|entry| entry.expect("reads"))
            .map(|entry| (entry.seq, entry.outcome))
            .collect()
    }

    async fn close(mut self) {
        self.stop().await;
        self.sink.0.close();
        self.sink.1.await.expect("no panic");
    }
}

fn store(dir: &std::path::Path) -> Store {
    Store::open(&store::Settings {
        data_dir: dir.to_owned(),
        free_bytes_min: 0,
        master: store::MasterKey::new(&[9; 32]),
    })
    .expect("opens")
}

fn settings(port: u16) -> Settings {
    let domain: crate::mail::Domain = "lists.mst.example".parse().expect("valid");
    let compose = compose::Settings {
        hostname: "bedel.mst.example".parse().expect("valid"),
        lists_domain: domain.clone(),
        bounce_domain: "bounce.lists.mst.example".parse().expect("valid"),
        complaints: "fbl@bounce.lists.mst.example".parse().expect("valid"),
        public_url: "https://lists.mst.example".into(),
        organization: "The university".into(),
        postal_address: "Rolla".into(),
        offices: Arc::new(Offices::default()),
        signers: Arc::new(Signers::new(
            Signer::from_pem(&new_key().expect("a key"), "s", domain).expect("our own"),
            vec![],
        )),
        tokens: TokenKey::new(&[1; 32]),
        zone: TimeZone::UTC,
    };
    let notices = Notices {
        templates: BTreeMap::new(),
        from: address("postmaster@mst.example"),
        organization: "The university".into(),
        hostname: "bedel.mst.example".into(),
        console_url: "https://bedel.mst.example".into(),
        tokens: TokenKey::new(&[1; 32]),
        lists_domain: "lists.mst.example".parse().expect("valid"),
        zone: TimeZone::UTC,
    };
    Settings {
        onward: smarthost(port),
        own_hosts: vec![],
        caller: Caller {
            hostname: "bedel.mst.example".into(),
            sources: vec![],
        },
        callers: BTreeMap::new(),
        shape: Shape::new(Arc::new(shaping())),
        compose: Arc::new(compose),
        notices: Arc::new(notices),
        guardians: vec![address("emarcomm@mst.example")],
    }
}

fn smarthost(port: u16) -> Onward {
    Onward::Smarthost(RelaySettings {
        host: "127.0.0.1".into(),
        port,
        tls: RelayTls::Opportunistic,
        trust: trust(RelayTls::Opportunistic, None).expect("TLS"),
    })
}

/// Three connections of seven copies each, as fast as they go.
fn shaping() -> shape::Settings {
    let many = |count| NonZeroU32::new(count).expect("not zero");
    let fast = Rate::per_second(1_000.0).map(Range::fixed);
    let limits = Limits {
        connections: Some(Range::fixed(many(CONNECTIONS))),
        messages_per_second: fast,
        ..Limits::default()
    };
    shape::Settings {
        all: limits,
        each_host: Limits {
            messages_per_connection: Some(many(7)),
            ..limits
        },
        each_other_domain: limits,
        ..shape::Settings::default()
    }
}
