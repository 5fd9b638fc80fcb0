//! The master list at a large university's size: `cargo bench --bench people -- CONTACTS FOLDER`.
//!
//! Three offices list each contact, in a feed each, as CSV through the reader and the draft; then the first feed comes again
//! unchanged; then a mailing is expanded, with consent asked, 8 past mailings counted for caps, and 20,000 suppressions. Each
//! phase is a process of its own, so that its peak of memory is its own. Numbers of one run on one machine compare with one
//! another, and with nothing else.

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark measures time and prints it"
)]

#[allow(dead_code, unreachable_pub, reason = "the console's tests use what this does not")]
#[path = "../tests/console/site.rs"]
mod site;

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bedel::clock::Clock;
use bedel::decide::feed::{self, Csv, Rules};
use bedel::mail::{Address, Mailbox, Status, Timestamp};
use bedel::model::lifecycle::{Released, State, Submitted};
use bedel::model::{
    Act, Audience, Caps, ConsentRule, ContactId, Entry, Mailing, Outcome, Prints, Recipients, Reviewer, Scope, Series,
    Steward, Suppression, SuppressionReason,
};
use bedel::stage::expand::{self, expand_due};
use bedel::stage::import;
use bedel::store::{self, Admission, MasterKey, Move, Store, Traces};
use tikv_jemallocator::Jemalloc;
use zeroizing_alloc::ZeroAlloc;

/// As the program has it: wiping what is given back is part of the cost.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<Jemalloc> = ZeroAlloc(Jemalloc);

/// Past mailings whose copies count.
const PAST_MAILINGS: u32 = 8;
/// Contacts each of them reached: every so many-th.
const PAST_SHARE: usize = 5;
/// Addresses not to be written to.
const SUPPRESSIONS: usize = 20_000;
const NOW: i64 = 1_795_489_514_000_000;
const DAY_MICROS: i64 = 86_400_000_000;

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().filter(|word| word != "--bench").skip(1).collect();
    match words.as_slice() {
        [phase, contacts, folder] if phase.parse::<usize>().is_err() => {
            let contacts = contacts.parse().expect("a number of contacts");
            run(phase, contacts, Path::new(folder)).await;
        }
        _ => all(&words),
    }
}

/// Every phase, in a process of its own.
fn all(words: &[String]) {
    let contacts = words.first().map_or("500000", String::as_str);
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = words
        .get(1)
        .map_or(temporary.path(), |folder| Path::new(folder.as_str()));
    println!("{:<28} {:>9} {:>10}", "phase", "seconds", "peak MB");
    for phase in [
        "registrar",
        "advancement",
        "hr",
        "registrar again",
        "past mailings",
        "expand",
        "one contact",
    ] {
        let this = std::env::current_exe().expect("this program");
        let status = Command::new(this).arg(phase).arg(contacts).arg(folder).status();
        assert!(status.expect("starts").success(), "{phase} failed");
    }
}

async fn run(phase: &str, contacts: usize, folder: &Path) {
    let settings = store::Settings {
        data_dir: folder.to_owned(),
        free_bytes_min: 0,
        master: MasterKey::new(&[9; 32]),
    };
    let store = Store::open(&settings).expect("opens");
    let begun = Instant::now();
    match phase {
        "past mailings" => past(&store, contacts).await,
        "expand" => expand(&store).await,
        "one contact" => one(&store, contacts),
        office => {
            let source = office.split(' ').next().unwrap_or(office);
            let step = import(&store, source, contacts).await;
            println!("  {step}");
        }
    }
    println!("{phase:<28} {:>9.2} {:>10}", begun.elapsed().as_secs_f64(), peak_mb());
}

/// The most memory this process has had, in MB.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("is told");
    let kib: u64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse().ok())
        .expect("a number");
    kib / 1024
}

async fn import(store: &Store, source: &str, contacts: usize) -> String {
    let now = Timestamp::from_micros(NOW);
    let (begun, mut draft) = (Instant::now(), store.draft_feed(source, now).expect("begins"));
    let rules = Rules {
        fields: ["class".to_owned()].into(),
        ..Rules::default()
    };
    let mut csv = Csv::new(Feed::new(source, contacts));
    let keep = |row| -> Result<(), import::Error> { Ok(draft.push(row)?) };
    let findings = feed::read(&mut csv, (&rules, source, now), keep).map_err(|error| error.to_string());
    let findings = findings.expect("reads");
    assert_eq!((findings.count(), findings.rows), (0, contacts as u64), "{findings:?}");
    let read = begun.elapsed();
    let plan = draft.plan(|_compared| {}).expect("plans");
    let compared = begun.elapsed() - read;
    let counts = format!(
        "{} added, {} changed, {} unchanged",
        plan.added, plan.changed, plan.unchanged
    );
    let steps = plan.len();
    store
        .apply_feed(plan, site::event(Act::Imported), |_| {})
        .await
        .expect("applies");
    let applied = begun.elapsed() - read - compared;
    format!(
        "{source}: {counts}; read {:.2} s, compared {:.2} s, {steps} steps applied {:.2} s",
        read.as_secs_f64(),
        compared.as_secs_f64(),
        applied.as_secs_f64()
    )
}

/// One office's feed, made as it is read: nothing of it is held.
struct Feed {
    source: String,
    contacts: usize,
    next: usize,
    line: Vec<u8>,
    at: usize,
}

impl Feed {
    fn new(source: &str, contacts: usize) -> Self {
        let head = "source_key,email,personal_email,given_name,family_name,affiliation,unit,country,class,\
                    consent_purpose,consent_basis,consent_at,consent_source\n";
        Self {
            source: source.to_owned(),
            contacts,
            next: 0,
            line: head.as_bytes().to_vec(),
            at: 0,
        }
    }

    fn row(&self, n: usize) -> String {
        let mut row = String::new();
        let (kind, class) = match self.source.as_str() {
            "registrar" => ("student", ["freshman", "sophomore", "junior", "senior"].get(n % 4)),
            "advancement" => ("alumnus", None),
            _ => ("staff", None),
        };
        // Four in five have said yes to the office that asks.
        let consent = if kind == "alumnus" && !n.is_multiple_of(5) {
            "informational,opt-in,2026-01-01,card"
        } else {
            ",,,"
        };
        let written = writeln!(
            row,
            "{kind}-{n},{address},p{n}@home{}.example,Given{},Family{},{kind},unit {},US,{},{consent}",
            n % 500,
            n % 3_000,
            n % 20_000,
            n % 60,
            class.unwrap_or(&""),
            address = address(n),
        );
        written.expect("into memory");
        row
    }
}

fn address(n: usize) -> String {
    format!("person{n}@mst.example")
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.line.len() {
            if self.next == self.contacts {
                return Ok(0);
            }
            self.line = self.row(self.next).into_bytes();
            self.next += 1;
            self.at = 0;
        }
        let rest = self.line.get(self.at..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), rest.get(..length)) {
            to.copy_from_slice(from);
        }
        self.at += length;
        Ok(length)
    }
}

/// Mailings that are over, suppressions, and one mailing that waits for its expansion.
async fn past(store: &Store, contacts: usize) {
    let share = (1..=contacts).filter(|n| n % PAST_SHARE == 0);
    let share: Vec<u64> = share.map(|n| n as u64).collect();
    for number in 1..=PAST_MAILINGS {
        let at = Timestamp::from_micros(NOW - i64::from(number) * 3 * DAY_MICROS);
        let released = released(store, at, &|_| {}).await;
        let mut recipients = Recipients::default();
        for contact in &share {
            let local = format!("person{}", contact - 1);
            let address = Mailbox {
                local: &local,
                domain: "mst.example",
            };
            assert!(recipients.push(address, Some(ContactId(*contact))));
        }
        let sealed = store.seal(released, &recipients, Default::default(), b"sealed".to_vec(), None, at);
        let from = sealed.await.expect("seals");
        let entries: Vec<Entry> = (0u32..)
            .zip(&share)
            .map(|(seq, _)| Entry {
                seq,
                attempt: 1,
                at,
                outcome: Some(Outcome::Accepted(Status::new(250, 0, 0, "ok"))),
            })
            .collect();
        for entries in entries.chunks(150) {
            store.record(from.id(), entries, None, vec![]).await.expect("records");
        }
        store.remember(from.id()).await.expect("remembers");
        let State::Expanded(expanded) = from.clone() else {
            panic!("is expanded")
        };
        let tally = store.tally(from.id()).expect("counts");
        let to = State::Closed(expanded.close(tally, at));
        let step = Move {
            from,
            to,
            event: None,
            outgoing: vec![],
        };
        store.advance(step).await.expect("closes");
    }
    for n in (0..contacts).step_by((contacts / SUPPRESSIONS).max(1)) {
        let suppression = Suppression {
            scope: Scope::Everything,
            reason: SuppressionReason::Unsubscribed,
            at: Timestamp::from_micros(NOW),
            contact: None,
            mailing: None,
            note: String::new(),
        };
        let address: Address = address(n).parse().expect("valid");
        store
            .suppress(&address, &[suppression], site::event(Act::Suppressed))
            .await
            .expect("suppresses");
    }
    released(store, Timestamp::from_micros(NOW), &|mailing| {
        let Audience::Lists { segments, .. } = &mut mailing.audience else {
            panic!("a list")
        };
        for segment in segments {
            segment.selection.matches = [("affiliation".to_owned(), vec!["alumnus".to_owned()])].into();
            segment.consent = ConsentRule::OptIn;
            segment.caps = Caps {
                week: Some(3),
                month: Some(9),
                ..Caps::default()
            };
        }
    })
    .await;
}

/// A mailing to a list, approved and released.
async fn released(store: &Store, at: Timestamp, change: &dyn Fn(&mut Mailing)) -> Released {
    let mut mailing = site::mailing(store.next_id(Series::Case, 2026), site::AUTHOR, at);
    change(&mut mailing);
    let held = Submitted::new(mailing).hold(vec![site::finding()], at);
    let offices = site::desk_settings().offices;
    let steward: Steward = offices.stewardships(&site::address(site::STEWARD)).remove(0);
    let reviewer: Reviewer = offices.reviewer(&site::address(site::REVIEWER)).expect("is one");
    let held = held.approve(&steward, &Prints::default(), at).expect("is theirs");
    let released = held.release(&reviewer, at, at).expect("nobody is wanting");
    let admission = Admission {
        state: State::Released(released.clone()),
        message: b"From: The Dean <dean@mst.example>\r\nSubject: Fees\r\n\r\nPay.\r\n".to_vec(),
        fingerprint: None,
        event: None,
        traces: Traces::default(),
        is_unread: false,
        untold: None,
    };
    store.admit(admission, vec![]).await.expect("admits");
    released
}

async fn expand(store: &Store) {
    let settings = expand::Settings {
        compose: site::desk_settings().compose,
        campus_domains: vec!["mst.example".parse().expect("valid")],
        drift_percent_max: u64::MAX,
        lapse_after: Duration::from_secs(60),
    };
    let clock = Clock::standing_at(Timestamp::from_micros(NOW));
    expand_due(store, &clock, &settings).await.expect("expands");
    let newest = store.newest_cases(1).expect("reads").remove(0);
    let State::Expanded(expanded) = newest else {
        panic!("is expanded")
    };
    println!(
        "  {} recipients; left out: {:?}",
        expanded.planned(),
        expanded.exclusions()
    );
}

/// What is read for each copy before it leaves.
fn one(store: &Store, contacts: usize) {
    const READS: usize = 20_000;
    let begun = Instant::now();
    for n in 0..READS {
        let id = ContactId((n * 7_919 % contacts + 1) as u64);
        assert!(store.contact(id).expect("reads").is_some());
    }
    println!(
        "  {:.1} µs a contact",
        begun.elapsed().as_secs_f64() * 1e6 / READS as f64
    );
}
