//! How long a decision takes over a full store: contacts, and a week of messages. Prints percentiles.
//!
//! `cargo bench --bench decision -- CONTACTS MESSAGES`, by default 500000 and 1000000. Ends by count and by time: what
//! is not in after `FILL_MAX` is left out, and said.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement prints, and may fail"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bedel::clock::Clock;
use bedel::decide::notice::Notices;
use bedel::mail::{Envelope, ForwardPath, Timestamp};
use bedel::model::{Act, Affiliation, Event, FeedRow, Listing, Privacy, TokenKey};
use bedel::smtp::BareLf;
use bedel::stage::intake::{
    Gate, GateSettings, Intake, ListenerSettings, Question, Submission, TlsMode, Voucher, explain,
};
use bedel::store::{MasterKey, Settings, Store};

const FILL_MAX: Duration = Duration::from_secs(900);
const DECISIONS: usize = 5_000;
const AUTHORS: usize = 10_000;
/// Submissions at the same time.
const TASKS: usize = 64;

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse::<usize>().ok());
    let (contacts, messages) = (numbers.next().unwrap_or(500_000), numbers.next().unwrap_or(1_000_000));
    let home = tempfile::tempdir().expect("a folder");
    let settings = Settings {
        data_dir: home.path().to_owned(),
        free_bytes_min: 0,
        master: MasterKey::new(&[9; 32]),
    };
    let store = Store::open(&settings).expect("opens");
    let config = bedel::config::load(std::path::Path::new("config")).expect("the shipped settings");
    let (policy, lint) = (Arc::new(config.policy), Arc::new(config.lint));
    import(&store, contacts).await;
    let clock = Clock::standing_at(Timestamp::from_micros(1_795_489_514_000_000));
    let gate = GateSettings {
        hostname: config.gateway.hostname.clone(),
        bounce_domain: config.gateway.bounce_domain.clone(),
        letterboxes: config.gateway.letterboxes.clone(),
        keepers: config.gateway.postmasters.clone(),
        console_url: config.gateway.console.url.clone(),
        tokens: TokenKey::new(&[1; 32]),
        policy: Arc::clone(&policy),
        notices: Arc::new(Notices {
            templates: BTreeMap::new(),
            from: "emarcomm@mst.example".parse().expect("valid"),
            organization: String::new(),
            hostname: config.gateway.hostname.to_string(),
            console_url: String::new(),
            tokens: TokenKey::new(&[1; 32]),
            lists_domain: "lists.mst.example".parse().expect("valid"),
            zone: config.gateway.time_zone.clone(),
        }),
        zone: config.gateway.time_zone.clone(),
    };
    let gate = Arc::new(Gate::new(store.clone(), clock.clone(), gate, Voucher::system()));
    let (filled, took) = fill(&gate, &clock, messages).await;
    println!(
        "{contacts} contacts; {filled} of {messages} messages taken in {:.0} s",
        took.as_secs_f64()
    );
    let mut times: Vec<Duration> = (0..DECISIONS)
        .map(|n| {
            let question = Question {
                message: letter(n * 7 + 3),
                from: author(n * 31),
                to: vec![format!("p{}@outside.example", n * 13).parse().expect("valid")],
                at: clock.now(),
            };
            let begun = Instant::now();
            let explained = explain(&store, &policy, &lint, &question).expect("reads");
            assert!(explained.is_ok());
            begun.elapsed()
        })
        .collect();
    times.sort();
    let at = |share: usize| {
        times
            .get(times.len() * share / 1_000)
            .copied()
            .unwrap_or_default()
            .as_secs_f64()
            * 1e3
    };
    println!(
        "decision, facts and all: p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms",
        at(500),
        at(990),
        at(999)
    );
}

fn author(n: usize) -> bedel::mail::Address {
    format!("u{}@mst.example", n % AUTHORS).parse().expect("valid")
}

/// A letter like no other: words made of its number.
fn letter(n: usize) -> Vec<u8> {
    let word = |k: usize| {
        let mut sum = (n * 1_000 + k).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (0..6)
            .map(|_| {
                sum = sum.rotate_left(11).wrapping_mul(31);
                char::from(b'a' + u8::try_from(sum % 26).unwrap_or(0))
            })
            .collect::<String>()
    };
    let text: Vec<String> = (0..60).map(word).collect();
    let from = author(n);
    format!(
        "From: {from}\r\nMessage-ID: <{n}@x>\r\nSubject: {} {} {}\r\n\r\n{}\r\n",
        word(91),
        word(92),
        word(93),
        text.join(" ")
    )
    .into_bytes()
}

async fn fill(gate: &Arc<Gate>, clock: &Clock, messages: usize) -> (usize, Duration) {
    let listener = Arc::new(ListenerSettings {
        name: "bench".into(),
        address: "127.0.0.1:0".parse().expect("valid"),
        tls: TlsMode::Off,
        auth: true,
        networks: vec![],
        author_header: None,
        bare_lf: BareLf::Refuse,
    });
    let begun = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (gate, listener) = (Arc::clone(gate), Arc::clone(&listener));
            tokio::spawn(async move {
                let mut taken = 0;
                for n in (task..messages).step_by(TASKS) {
                    if begun.elapsed() > FILL_MAX {
                        break;
                    }
                    let to = ForwardPath::to(format!("p{n}@outside.example").parse().expect("valid"));
                    let reply = gate
                        .admit(Submission {
                            listener: Arc::clone(&listener),
                            peer: "127.0.0.1:1".parse().expect("valid"),
                            hello: "bench".into(),
                            tls: None,
                            login: Some(author(n)),
                            envelope: Envelope::new(Some(author(n)), vec![to]).expect("one recipient"),
                            message: letter(n),
                        })
                        .await;
                    taken += usize::from(reply.to_string().starts_with("250"));
                }
                taken
            })
        })
        .collect();
    let mut taken = 0;
    for task in tasks {
        taken += task.await.expect("ends");
    }
    clock.advance(Duration::from_secs(60));
    (taken, begun.elapsed())
}

async fn import(store: &Store, contacts: usize) {
    let rows = (0..contacts).map(|n| FeedRow {
        listing: Listing {
            source: "registrar".into(),
            source_key: n.to_string(),
            email: format!("s{n}@students.example").parse().expect("valid"),
            personal_email: None,
            given_name: "A".into(),
            family_name: "Student".into(),
            country: "US".into(),
            privacy: Privacy::default(),
            affiliation: Affiliation {
                kind: "student".into(),
                unit: "physics".into(),
                attributes: BTreeMap::new(),
                from: None,
                until: None,
            },
            gone_at: None,
        },
        consents: vec![],
    });
    let mut draft = store
        .draft_feed("registrar", Timestamp::from_micros(0))
        .expect("begins");
    rows.for_each(|row| draft.push(row).expect("is kept"));
    let plan = draft.plan(|_compared| {}).expect("plans");
    let event = Event {
        at: Timestamp::from_micros(0),
        by: "bench".into(),
        act: Act::Imported,
        mailing: None,
        note: String::new(),
    };
    store.apply_feed(plan, event, |_| {}).await.expect("applies");
}
