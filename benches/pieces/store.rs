//! Store: the plan that is read and the ledger that is written, on the disk when it is answered.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::ops::Range;

use bedel::mail::{Mailbox, Status};
use bedel::model::lifecycle::{State, Submitted};
use bedel::model::{ContactId, Entry, MailingId, Outcome, Recipients, Series};
use bedel::store::{Admission, Store, Traces};
use futures_util::future::join_all;
use tokio::runtime::Runtime;

use crate::letters::letter;
use crate::{Group, now, site};

/// Recipients of the plan.
const PLANNED: u32 = 20_000;
/// Connections that write to the ledger at once.
const CONNECTIONS: u32 = 20;
/// A letter to the list, in octets.
const LETTER: usize = 4 * 1024;

/// Measures them in a store below the folder for temporary files.
pub(crate) fn measure(group: &mut Group<'_>) {
    let runtime = Runtime::new().expect("a runtime");
    let site = runtime.block_on(site::Site::new());
    let store = &site.store;
    let id = runtime.block_on(under_way(store));
    let mut seq = 0;
    group.bench_function("a recipient read from the plan", |bencher| {
        bencher.iter(|| {
            seq = (seq + 7_919) % PLANNED;
            store.recipient(id, black_box(seq)).expect("reads")
        });
    });
    group.bench_function("a plan of 20,000 read whole", |bencher| {
        bencher.iter(|| store.rows(id).filter(Result::is_ok).count());
    });
    group.bench_function("a held letter of 4 KiB, alone", |bencher| {
        let text = String::from_utf8(letter(LETTER)).expect("ASCII");
        bencher.iter(|| runtime.block_on(site.held_with(site::AUTHOR, &text)));
    });
    let mut seq = 0;
    group.bench_function("a line of the ledger, alone", |bencher| {
        bencher.iter(|| {
            seq += 1;
            runtime.block_on(record(store, id, seq));
        });
    });
    group.bench_function("20 lines of the ledger at once", |bencher| {
        bencher.iter(|| {
            seq += CONNECTIONS;
            runtime.block_on(record_each(store, id, seq..seq + CONNECTIONS));
        });
    });
}

/// A mailing whose copies leave, to so many people.
async fn under_way(store: &Store) -> MailingId {
    let mailing = site::mailing(store.next_id(Series::Case, 2026), site::AUTHOR, now());
    let reviewer = site::desk_settings().offices.reviewer(&site::address(site::REVIEWER));
    let held = Submitted::new(mailing).hold(vec![], now());
    let released = held
        .release(&reviewer.expect("is one"), now(), now())
        .expect("nobody is wanting");
    let admission = Admission {
        state: State::Released(released.clone()),
        message: letter(LETTER),
        fingerprint: None,
        event: None,
        traces: Traces::default(),
        is_unread: false,
        untold: None,
    };
    let id = store.admit(admission, vec![]).await.expect("admits");
    let mut recipients = Recipients::default();
    for number in 0..PLANNED {
        let local = format!("person{number}");
        let mailbox = Mailbox {
            local: &local,
            domain: "students.example",
        };
        assert!(
            recipients.push(mailbox, Some(ContactId(u64::from(number) + 1))),
            "there is room"
        );
    }
    let sealed = store.seal(released, &recipients, BTreeMap::new(), vec![], None, now());
    sealed.await.expect("seals");
    id
}

/// What so many connections write at once, each a task of its own.
async fn record_each(store: &Store, id: MailingId, seqs: Range<u32>) {
    let tasks = seqs.map(|seq| {
        let store = store.clone();
        tokio::spawn(async move { record(&store, id, seq).await })
    });
    join_all(tasks)
        .await
        .into_iter()
        .for_each(|ended| ended.expect("no task panics"));
}

/// What a connection writes between two copies: the outcome of one, and the intent of the next.
async fn record(store: &Store, id: MailingId, seq: u32) {
    let entry = |seq, outcome| Entry {
        seq,
        attempt: 1,
        at: now(),
        outcome,
    };
    let taken = Status::new(
        250,
        0,
        0,
        "OK 1795489514 d9443c01a7336-1a2b3c4d5e6si123456789.52 - gsmtp",
    );
    let entries = [
        entry(seq, Some(Outcome::Accepted(taken))),
        entry(seq + CONNECTIONS, None),
    ];
    store.record(id, &entries, None, vec![]).await.expect("is on the disk");
}
