//! Real copies over real sockets, to a recorder that refuses, puts off, and hangs up.

mod doubt;
mod moved;
mod renew;
mod slow;

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
        self.expand().await;
        id
    }

    async fn expand(&self) {
        let settings = expand::Settings {
            compose: Arc::clone(&self.settings.compose),
            campus_domains: vec![],
            drift_percent_max: 10,
            lapse_after: Duration::from_secs(60),
        };
        expand_due(&self.store, &self.clock, &settings).await.expect("expands");
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

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_one_copy_and_the_dots_are_theirs() {
    let mut office = Office::open().await;
    let everybody: Vec<String> = (0..50).map(|n| format!("r{n}@outside.example")).collect();
    let id = office
        .convey(&everybody.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    office.start();
    office.until("closed", |office| office.is_closed(id)).await;
    assert!(everybody.iter().all(|who| office.got(who) == 1));
    let taken = office.recorder.taken();
    assert!(
        taken
            .iter()
            .all(|copy| copy.to.len() == 1 && copy.message == MESSAGE.as_bytes())
    );
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_busy_is_tried_again_when_the_time_has_come_and_no_sooner() {
    let mut office = Office::open().await;
    let id = office.convey(&["busy@outside.example"]).await;
    office.start();
    office
        .until("put off", |office| {
            office.store.tally(id).expect("counts").deferred == 1
        })
        .await;
    office.clock.advance(Duration::from_secs(14 * 60));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(office.got("busy@outside.example"), 0);
    office.clock.advance(Duration::from_secs(60));
    office.until("closed", |office| office.is_closed(id)).await;
    assert_eq!(office.got("busy@outside.example"), 1);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_author_hears_of_who_is_gone_and_of_who_stays_full() {
    let mut office = Office::open().await;
    let id = office.convey(&["gone@outside.example", "full@outside.example"]).await;
    office.start();
    office
        .until("put off", |office| {
            office.store.tally(id).expect("counts").deferred == 1
        })
        .await;
    office.clock.advance(Duration::from_secs(5 * 24 * 60 * 60));
    office.until("closed", |office| office.is_closed(id)).await;
    office.expand().await;
    office
        .until("told", |office| office.got("author@mst.example") == 2)
        .await;
    let told: Vec<String> = office
        .recorder
        .taken()
        .iter()
        .map(|copy| String::from_utf8_lossy(&copy.message).into_owned())
        .collect();
    for status in ["Status: 5.1.1", "Status: 5.4.7"] {
        assert!(
            told.iter().any(|notice| notice.contains(status)),
            "no {status} in {told:#?}"
        );
    }
    assert!(office.recorder.taken().iter().all(|copy| copy.from.is_empty()));
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_author_hears_once_that_it_is_late_and_a_host_that_tells_them_more_is_left_to_it() {
    let mut office = Office::open().await;
    let mut eager = ForwardPath::to(address("a@outside.example"));
    eager.notify.success = true;
    let mut quiet = ForwardPath::to(address("full2@outside.example"));
    quiet.notify.never = true;
    let full = ForwardPath {
        notify: Default::default(),
        ..ForwardPath::to(address("full@outside.example"))
    };
    let id = office.convey_to(Lane::Official, vec![eager, full, quiet]).await;
    office.start();
    let deferred = |office: &Office| office.store.tally(id).expect("counts").deferred == 2;
    office.until("put off", deferred).await;
    for hours in [4, 6] {
        let tries = |office: &Office| office.store.ledger(id).filter(|entry| entry.is_ok()).count();
        let before = tries(&office);
        office.clock.advance(Duration::from_secs(hours * 60 * 60));
        office
            .until("tried again", |office| tries(office) >= before + 2 && deferred(office))
            .await;
    }
    office.expand().await;
    office
        .until("told", |office| office.got("author@mst.example") == 1)
        .await;
    let all: Vec<String> = office
        .recorder
        .taken()
        .iter()
        .map(|copy| String::from_utf8_lossy(&copy.message).into_owned())
        .collect();
    let of = |action: &str| {
        all.iter()
            .filter(|text| text.contains(&format!("Action: {action}")))
            .count()
    };
    assert_eq!((of("delayed"), of("relayed"), of("failed")), (1, 0, 0), "{all:#?}");
    let late = all.iter().find(|text| text.contains("Action: delayed")).expect("one");
    assert!(
        late.contains("full@outside.example") && late.contains("Will-Retry-Until: "),
        "{late}"
    );
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_smarthost_is_away_nobodys_try_is_used_up() {
    let mut office = Office::open().await;
    let away = std::mem::replace(&mut office.settings.onward, smarthost(1));
    let id = office.convey(&["a@outside.example"]).await;
    office.start();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(office.last_outcomes(id).len(), 0);
    office.stop().await;
    office.settings.onward = away;
    office.start();
    office.until("closed", |office| office.is_closed(id)).await;
    assert_eq!(office.got("a@outside.example"), 1);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_day_allows_is_remembered_over_a_restart() {
    let mut office = Office::open().await;
    let mut shaping = shaping();
    shaping.each_other_domain.messages_per_day = NonZeroU32::new(2);
    office.settings.shape = Shape::new(Arc::new(shaping));
    let id = office
        .convey(&["a@outside.example", "b@outside.example", "c@outside.example"])
        .await;
    office.start();
    office
        .until("two are sent", |office| office.recorder.count() == 2)
        .await;
    office.stop().await;
    office.start();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(office.recorder.count(), 2, "no more today");
    office.clock.advance(Duration::from_secs(24 * 60 * 60));
    office.until("closed", |office| office.is_closed(id)).await;
    assert_eq!(office.recorder.count(), 3);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_leaves_while_every_connection_waits_for_a_server_that_says_nothing() {
    let mut office = Office::open().await;
    let many: Vec<String> = (0..20).map(|n| format!("hang{n}@outside.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    office.convey(&many).await;
    office.start();
    let all_wait = |office: &Office| office.recorder.count() == u64::from(CONNECTIONS);
    office.until("nobody can send any more", all_wait).await;
    let ten: Vec<String> = (0..10).map(|n| format!("e{n}@outside.example")).collect();
    let ten: Vec<&str> = ten.iter().map(String::as_str).collect();
    let id = office.convey_in(Lane::Emergency, &ten).await;
    office.until("it has left", |office| office.is_closed(id)).await;
    assert!(ten.iter().all(|who| office.got(who) == 1));
    assert_eq!(
        office.recorder.count(),
        u64::from(CONNECTIONS) + 10,
        "nobody else went between"
    );
    office.kill().await;
}
