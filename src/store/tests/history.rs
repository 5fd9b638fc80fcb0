//! Who got what, and what is on its way.

use super::*;
use crate::mail::Mailbox;
use crate::model::{ContactId, Got, Recipients};

/// A mailing of the institution with a plan for these contacts.
async fn leaving(store: &Store, contacts: &[u64], category: Category) -> MailingId {
    let id = store.next_id(Series::Case, 2026);
    let mut mailing = mailing(id, Capacity::Initiated);
    mailing.category = category;
    mailing.lane = Lane::Emergency;
    let heralds = crate::model::Heralds::new(vec![mailing.author.address.clone()]);
    let herald = heralds.find(&mailing.author.address).expect("is one");
    let released = Submitted::new(mailing).emergency(&herald, at(0)).expect("goes at once");
    let mut recipients = Recipients::default();
    for contact in contacts {
        let local = format!("c{contact}");
        let address = Mailbox {
            local: &local,
            domain: "mst.example",
        };
        assert!(recipients.push(address, Some(ContactId(*contact))));
    }
    let admission = Admission {
        state: State::Released(released.clone()),
        message: b"x".to_vec(),
        fingerprint: None,
        event: None,
        traces: Traces::default(),
        is_unread: false,
        untold: None,
    };
    store.admit(admission, vec![]).await.expect("admits");
    let sealed = store.seal(released, &recipients, Default::default(), b"s".to_vec(), None, at(1));
    sealed.await.expect("seals");
    id
}

async fn took(store: &Store, id: MailingId, seq: u32, at: Timestamp) {
    let entry = Entry {
        seq,
        attempt: 1,
        at,
        outcome: Some(Outcome::Accepted(Status::new(250, 0, 0, "ok"))),
    };
    store.record(id, &[entry], None, vec![]).await.expect("records");
}

async fn close(store: &Store, id: MailingId) {
    store.remember(id).await.expect("remembers");
    store.remember(id).await.expect("twice is as once");
    let from = store.mailing(id).expect("reads").expect("is there");
    let State::Expanded(expanded) = from.clone() else {
        panic!("is leaving")
    };
    let to = State::Closed(expanded.close(store.tally(id).expect("counts"), at(9)));
    let step = Move {
        from,
        to,
        event: None,
        outgoing: vec![],
    };
    store.advance(step).await.expect("closes");
}

/// Every copy since then, as of the hundredth day: contact, and when.
fn copies(store: &Store, since: Timestamp) -> Vec<(u64, Timestamp)> {
    let mut all = Vec::new();
    let tell = |got: &Got, contacts: &[ContactId]| all.extend(contacts.iter().map(|contact| (contact.0, got.at)));
    store.copies_since(since, day(100), tell).expect("reads");
    all.sort();
    all
}

fn day(number: i64) -> Timestamp {
    at(number * 24 * 60 * 60)
}

#[tokio::test]
async fn who_stands_in_a_plan_has_got_it_and_once_it_is_over_who_took_it() {
    let home = home();
    let store = &home.store;
    let id = leaving(store, &[3, 1, 7], Category::Event).await;
    took(store, id, 0, day(2)).await;
    took(store, id, 2, day(5)).await;
    let now = day(100);
    assert_eq!(copies(store, day(0)), [(1, now), (3, now), (7, now)]);
    close(store, id).await;
    assert_eq!(copies(store, day(0)), [(3, day(2)), (7, day(5))]);
    assert_eq!(copies(store, day(3)), [(7, day(5))]);
    let got = |contact| store.got_since(ContactId(contact), day(0)).expect("reads");
    assert_eq!(got(3).into_iter().map(|got| got.mailing).collect::<Vec<_>>(), [id]);
    assert_eq!((got(1), got(2), got(8)), (vec![], vec![], vec![]));
    assert_eq!(store.forget_history(day(3)).await.expect("forgets"), 1);
    assert_eq!(copies(store, day(0)), [(7, day(5))]);
}

#[tokio::test]
async fn what_is_critical_counts_against_nobody() {
    let home = home();
    let store = &home.store;
    let id = leaving(store, &[1], Category::Critical).await;
    took(store, id, 0, day(2)).await;
    assert_eq!(copies(store, day(0)), []);
    close(store, id).await;
    assert_eq!(copies(store, day(0)), []);
}

/// Law: what became of the copies of a mailing is forgotten when its time is up, and never of one that is under way.
#[tokio::test]
async fn the_copies_of_a_mailing_that_is_over_are_forgotten_in_time_and_its_totals_stay() {
    let home = home();
    let store = &home.store;
    let over = leaving(store, &[1, 2], Category::Official).await;
    took(store, over, 0, at(2)).await;
    close(store, over).await;
    let under_way = leaving(store, &[3], Category::Official).await;
    assert_eq!(store.forget_deliveries(at(9)).await.expect("looks"), 0, "not yet");
    assert_eq!(store.forget_deliveries(at(10)).await.expect("forgets"), 1);
    assert_eq!(
        store.forget_deliveries(at(10)).await.expect("looks"),
        0,
        "once is enough"
    );
    assert_eq!(store.ledger(over).count(), 0);
    assert!(store.copy_of(over, ContactId(1)).expect("reads").is_none());
    assert!(store.copy_of(under_way, ContactId(3)).expect("reads").is_some());
    let tally = store.tally(over).expect("counts");
    assert_eq!((tally.planned, tally.accepted), (2, 1));
}

async fn stop(store: &Store, id: MailingId, now: Timestamp) {
    let from = store.mailing(id).expect("reads").expect("is there");
    let State::Expanded(expanded) = from.clone() else {
        panic!("is leaving")
    };
    let by = from.mailing().author.address.clone();
    let to = State::Closed(expanded.stop(&by, store.tally(id).expect("counts"), now));
    let step = Move {
        from,
        to,
        event: None,
        outgoing: vec![],
    };
    store.advance(step).await.expect("stops");
}

#[tokio::test]
async fn a_copy_that_ends_after_its_mailing_was_stopped_is_in_the_total_and_in_the_history() {
    let home = home();
    let store = &home.store;
    let id = leaving(store, &[3, 1, 7], Category::Event).await;
    store.tally(id).expect("counts");
    took(store, id, 1, day(2)).await;
    stop(store, id, day(2)).await;
    let accepted = || match store.mailing(id).expect("reads") {
        Some(State::Closed(closed)) => closed.tally().accepted,
        other => panic!("{other:?}"),
    };
    store.take_stock(id).await.expect("counts");
    assert_eq!((accepted(), copies(store, day(0))), (1, vec![(1, day(2))]));
    // Of the same day, and so kept where the first was.
    let later = Timestamp::from_micros(day(2).as_micros() + 1);
    took(store, id, 0, later).await;
    assert_eq!(accepted(), 1);
    for _ in 0..2 {
        store.take_stock(id).await.expect("counts");
        assert_eq!((accepted(), copies(store, day(0))), (2, vec![(1, later), (3, later)]));
    }
    store.settle(id).await.expect("lets go");
    assert_eq!((accepted(), store.tally(id).expect("counts").accepted), (2, 2));
}

#[tokio::test]
async fn a_copy_whose_end_a_crash_hid_is_uncertain_though_its_mailing_was_stopped() {
    let home = home();
    let id = leaving(&home.store, &[3, 1, 7], Category::Event).await;
    took(&home.store, id, 1, day(2)).await;
    let intent = Entry {
        seq: 2,
        attempt: 1,
        at: day(2),
        outcome: None,
    };
    home.store.record(id, &[intent], None, vec![]).await.expect("records");
    stop(&home.store, id, day(2)).await;
    let home = home.reopened();
    let store = &home.store;
    assert_eq!(store.own_up(id, day(3)).await.expect("counts"), 1);
    assert_eq!(store.own_up(id, day(3)).await.expect("counts"), 0, "once");
    let tally = store.tally(id).expect("counts");
    assert_eq!((tally.planned, tally.accepted, tally.uncertain), (3, 1, 1));
    let named = store.uncertain(id, 9).expect("reads");
    assert_eq!(named.iter().map(|one| one.recipient.0).collect::<Vec<_>>(), [2]);
    assert_eq!(copies(store, day(0)), [(1, day(2))]);
}
