//! What the nouns promise, over a real engine in a temporary folder.

mod conveyed;
mod export;
mod history;
pub(super) mod people;
mod sealed;
mod topics;
mod untold;

use super::*;
use crate::mail::{Address, Envelope, ForwardPath, Status, Timestamp};
use crate::model::lifecycle::{State, Submitted};
use crate::model::{
    Act, Ask, Audience, Author, Capacity, Category, Content, Entry, Event, Finding, Identity, Lane, Mailing, MailingId,
    Outcome, Proof, Recipients, Scope, Series, Suppression, SuppressionReason,
};

pub(super) struct Home {
    pub(super) store: Store,
    pub(super) dir: tempfile::TempDir,
}

fn settings(dir: &Path) -> Settings {
    Settings {
        data_dir: dir.to_owned(),
        free_bytes_min: 0,
        master: MasterKey::new(&[9; 32]),
    }
}

pub(super) fn home() -> Home {
    let dir = tempfile::tempdir().expect("a temporary folder");
    Home {
        store: Store::open(&settings(dir.path())).expect("opens"),
        dir,
    }
}

impl Home {
    pub(super) fn reopened(self) -> Self {
        let Self { store, dir } = self;
        drop(store);
        Self {
            store: Store::open(&settings(dir.path())).expect("opens again"),
            dir,
        }
    }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

pub(super) fn address(text: &str) -> Address {
    text.parse().expect("valid address")
}

pub(super) fn event(act: Act) -> Event {
    Event {
        at: at(0),
        by: "gateway".into(),
        act,
        mailing: None,
        note: String::new(),
    }
}

fn mailing(id: MailingId, capacity: Capacity) -> Mailing {
    let to = ForwardPath::to(address("a@outside.example"));
    Mailing {
        id,
        author: Author {
            address: address("author@mst.example"),
            proof: Proof::Login,
        },
        envelope: Envelope::new(Some(address("author@mst.example")), vec![to]).expect("one recipient"),
        submitted_at: at(0),
        version: 1,
        content: Content {
            sha256: [1; 32],
            bytes: 3,
        },
        subject: "Hello".into(),
        message_id: None,
        audience: Audience::Named,
        capacity,
        category: Category::Informational,
        lane: Lane::Bulk,
        identity: Identity::Keep,
    }
}

fn admission(store: &Store, message: Vec<u8>) -> Admission {
    let id = store.next_id(Series::Case, 2026);
    let state = State::Held(Submitted::new(mailing(id, Capacity::Initiated)).hold(vec![], at(100)));
    Admission {
        state,
        message,
        fingerprint: Some([9; 32]),
        event: Some(event(Act::Held)),
        traces: Traces::default(),
        is_unread: false,
        untold: None,
    }
}

#[tokio::test]
async fn an_admitted_mailing_is_there_after_a_restart_with_its_bytes() {
    for length in [0, 10, 72 * 1024, 72 * 1024 + 1, 300_000] {
        let home = home();
        let message = vec![b'x'; length];
        let id = home
            .store
            .admit(admission(&home.store, message.clone()), vec![])
            .await
            .expect("admits");
        let home = home.reopened();
        assert_eq!(home.store.in_state(Kind::Held).expect("reads"), [id]);
        // A message of no bytes has no chunk; the listener never submits one.
        if length > 0 {
            assert_eq!(home.store.message(id).expect("reads"), message, "{length} bytes");
        }
        assert_eq!(home.store.next_id(Series::Case, 2026).number, id.number + 1);
    }
}

#[tokio::test]
async fn a_mailing_to_a_thousand_people_is_kept_moved_and_read_back() {
    let home = home();
    let id = home.store.next_id(Series::Conveyed, 2026);
    let mut mailing = mailing(id, Capacity::Conveyed);
    let paths = (0..1_000).map(|n| ForwardPath::to(address(&format!("{}{n}@outside.example", "x".repeat(50)))));
    mailing.envelope = Envelope::new(None, paths.collect()).expect("a thousand");
    let released = Submitted::new(mailing).pass(at(0), at(0)).expect("conveyed");
    let out = Outgoing {
        state: released.clone(),
        message: b"x".to_vec(),
    };
    home.store
        .admit(Admission::conveyed(out), vec![])
        .await
        .expect("conveys");
    home.store
        .seal(
            released,
            &Recipients::default(),
            Default::default(),
            b"s".to_vec(),
            None,
            at(1),
        )
        .await
        .expect("seals");
    let home = home.reopened();
    let state = home.store.mailing(id).expect("reads").expect("is there");
    assert_eq!(
        (state.word(), state.mailing().envelope.forward_paths().len()),
        ("expanded", 1_000)
    );
}

#[tokio::test]
async fn a_state_that_grows_shorter_leaves_no_chunk_behind() {
    let home = home();
    let id = home.store.next_id(Series::Case, 2026);
    let finding = |text: String| Finding {
        rule: "r".into(),
        clause: "C1".into(),
        ask: Ask::Note,
        sentence: text,
    };
    let held = |length| {
        let submitted = Submitted::new(mailing(id, Capacity::Initiated));
        State::Held(submitted.hold(vec![finding("x".repeat(length))], at(9)))
    };
    let first = Admission {
        state: held(50_000),
        message: b"x".to_vec(),
        fingerprint: None,
        event: Some(event(Act::Held)),
        traces: Traces::default(),
        is_unread: false,
        untold: None,
    };
    home.store.admit(first, vec![]).await.expect("admits");
    for (from, to) in [(50_000, 20_000), (20_000, 100), (100, 30_000)] {
        let step = Move {
            from: held(from),
            to: held(to),
            event: None,
            outgoing: vec![],
        };
        home.store.advance(step).await.expect("moves");
        assert_eq!(home.store.mailing(id).expect("reads"), Some(held(to)));
    }
}

#[tokio::test]
async fn a_large_message_that_no_commit_names_is_swept() {
    let home = home();
    let id = home
        .store
        .admit(admission(&home.store, vec![b'x'; 70_000]), vec![])
        .await
        .expect("admits");
    let orphan = home.dir.path().join("spool").join("MC-2026-0099.eml");
    std::fs::write(&orphan, b"half a commit").expect("writes");
    let home = home.reopened();
    assert!(!orphan.exists());
    assert_eq!(home.store.message(id).expect("reads").len(), 70_000);
}

#[tokio::test]
async fn a_repeat_finds_its_case_for_a_day() {
    let home = home();
    let id = home
        .store
        .admit(admission(&home.store, b"x".to_vec()), vec![])
        .await
        .expect("admits");
    assert_eq!(home.store.repeated(&[9; 32], at(86_400)).expect("reads"), Some(id));
    assert_eq!(home.store.repeated(&[9; 32], at(86_401)).expect("reads"), None);
    assert_eq!(home.store.repeated(&[8; 32], at(0)).expect("reads"), None);
    let again = home.store.admit(admission(&home.store, b"x".to_vec()), vec![]).await;
    assert!(matches!(again, Err(Error::Conflict)));
    assert_eq!(home.store.forget_fingerprints(at(86_401)).await.expect("commits"), 1);
}

#[tokio::test]
async fn a_turn_is_over_when_its_message_is_taken_or_is_not() {
    let home = home();
    let turns = Arc::new(tokio::sync::Mutex::new(()));
    for taken in [true, false] {
        let turn = Arc::clone(&turns).lock_owned().await;
        let admission = admission(&home.store, b"x".to_vec());
        let admitted = home.store.admit_in_turn(admission, vec![], Some(turn)).await;
        assert_eq!(admitted.is_ok(), taken, "{admitted:?}");
        assert!(turns.try_lock().is_ok());
    }
    home.store.synced().await.expect("syncs");
}

#[tokio::test]
async fn of_two_moves_from_one_state_the_second_hears_of_the_first() {
    let home = home();
    let id = home
        .store
        .admit(admission(&home.store, b"x".to_vec()), vec![])
        .await
        .expect("admits");
    let from = home.store.mailing(id).expect("reads").expect("is there");
    let State::Held(held) = from.clone() else {
        panic!("held")
    };
    let step = || Move {
        from: from.clone(),
        to: State::Ended(held.clone().lapse(at(5))),
        event: Some(event(Act::Lapsed)),
        outgoing: vec![],
    };
    home.store.advance(step()).await.expect("the first");
    assert!(matches!(home.store.advance(step()).await, Err(Error::Conflict)));
    assert_eq!(home.store.in_state(Kind::Held).expect("reads"), []);
    assert_eq!(home.store.in_state(Kind::Ended).expect("reads"), [id]);
}

async fn expanded(store: &Store, recipients: u32) -> MailingId {
    let id = store.next_id(Series::Conveyed, 2026);
    let released = Submitted::new(mailing(id, Capacity::Conveyed))
        .pass(at(0), at(0))
        .expect("conveyed");
    store
        .admit(
            Admission::conveyed(Outgoing {
                state: released.clone(),
                message: b"x".to_vec(),
            }),
            vec![],
        )
        .await
        .expect("conveys");
    let mut rows = Recipients::default();
    for n in 0..recipients {
        let address = address(&format!("r{n}@outside.example"));
        assert!(rows.push(address.mailbox(), None));
    }
    store
        .seal(released, &rows, Default::default(), b"sealed".to_vec(), None, at(1))
        .await
        .expect("seals");
    id
}

#[tokio::test]
async fn a_plan_is_read_back_row_by_row() {
    let home = home();
    let id = expanded(&home.store, 1_000).await;
    let home = home.reopened();
    for seq in [0, 23, 24, 99, 511, 998, 999] {
        let row = home.store.recipient(id, seq).expect("reads").expect("is in the plan");
        assert_eq!(row.address, address(&format!("r{seq}@outside.example")));
    }
    assert_eq!(home.store.recipient(id, 1_000).expect("reads"), None);
    assert_eq!(home.store.sealed(id).expect("reads"), Some(b"sealed".to_vec()));
}

#[tokio::test]
async fn a_recount_after_a_restart_agrees_with_the_running_count() {
    let home = home();
    let id = expanded(&home.store, 5).await;
    let entry = |seq, attempt, outcome| Entry {
        seq,
        attempt,
        at: at(2),
        outcome,
    };
    let accepted = || Some(Outcome::Accepted(Status::new(250, 0, 0, "ok")));
    let deferred = || {
        Some(Outcome::Deferred {
            status: Status::new(451, 0, 0, "later"),
            until: at(9),
        })
    };
    let uncertain = || Some(Outcome::Uncertain { until: at(3) });
    let steps = [
        vec![entry(0, 1, None)],
        vec![entry(0, 1, accepted()), entry(1, 1, None)],
        vec![entry(1, 1, deferred()), entry(2, 1, None)],
        vec![entry(2, 1, uncertain()), entry(1, 2, None)],
        vec![
            entry(1, 2, accepted()),
            entry(3, 1, Some(Outcome::Failed(Status::new(550, 1, 1, "gone")))),
        ],
        vec![entry(4, 1, uncertain()), entry(2, 2, None)],
        vec![entry(2, 2, uncertain()), entry(4, 2, None)],
        vec![entry(4, 2, deferred()), entry(4, 3, None)],
        vec![entry(4, 3, accepted())],
    ];
    home.store.tally(id).expect("counts");
    for entries in steps {
        home.store.record(id, &entries, None, vec![]).await.expect("records");
    }
    let running = home.store.tally(id).expect("counts");
    assert_eq!((running.planned, running.accepted, running.deferred), (5, 3, 1));
    assert_eq!((running.failed, running.settled()), (1, 4));
    assert_eq!(running.uncertain, 1, "of one of the two another copy was taken");
    assert_eq!(home.reopened().store.tally(id).expect("counts"), running);
}

#[tokio::test]
async fn a_tampered_trail_is_found_out() {
    let home = home();
    for _ in 0..4 {
        home.store.log(event(Act::Reloaded)).await.expect("logs");
    }
    let home = home.reopened();
    home.store.log(event(Act::Reloaded)).await.expect("logs");
    assert!(matches!(home.store.verify_events().expect("reads"), Ok((5, _))));
    let mut forged = engine::Batch::default();
    let mut record = home
        .store
        .engine
        .read(Table::Events, &2u64.to_be_bytes())
        .expect("reads")
        .expect("is there");
    record.push(0);
    forged.put(Table::Events, &2u64.to_be_bytes(), record);
    home.store.engine.commit(forged).await.expect("commits");
    let broken = home
        .store
        .verify_events()
        .expect("reads")
        .expect_err("line 3 is bound to the true line 2");
    assert_eq!(broken.number, 3);
}
