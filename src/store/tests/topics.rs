//! What a list is written to about counts each release once, and every one.

use futures_util::future::join_all;

use super::*;
use crate::store::engine::Batch;

fn now() -> Timestamp {
    Timestamp::from_micros(5)
}

fn owner() -> Owner {
    Owner::list([7; 16])
}

fn probe() -> Probe {
    Probe {
        sure: vec![10],
        likely: vec![11],
        sketch: None,
    }
}

fn times(store: &Store) -> Vec<Timestamp> {
    store.gathered(owner(), &probe(), now()).expect("reads").0.times
}

/// Mail to a list of one topic, in the state that this makes of it.
fn to_the_list(store: &Store, state: impl Fn(Submitted) -> State) -> Admission {
    let id = store.next_id(Series::Case, 2026);
    Admission {
        state: state(Submitted::new(mailing(id, Capacity::Conveyed))),
        message: b"x".to_vec(),
        fingerprint: None,
        event: None,
        traces: Traces {
            topics: vec![(owner(), probe())],
            ..Traces::default()
        },
        is_unread: false,
        untold: None,
    }
}

fn held(submitted: Submitted) -> State {
    State::Held(submitted.hold(vec![], at(100)))
}

fn released(submitted: Submitted) -> State {
    State::Released(submitted.pass(now(), now()).expect("conveyed"))
}

/// The release of one that is held.
async fn release_of_a_held_one(store: &Store) -> Move {
    let admission = to_the_list(store, held);
    let from = admission.state.clone();
    store.admit(admission, vec![]).await.expect("admits");
    Move {
        to: released(Submitted::new(from.mailing().clone())),
        from,
        event: None,
        outgoing: vec![],
    }
}

#[tokio::test]
async fn a_topic_counts_from_the_release_on_and_once() {
    let home = home();
    let store = &home.store;
    let step = release_of_a_held_one(store).await;
    assert_eq!(times(store), [], "it is held");
    for _ in 0..2 {
        let mut batch = Batch::default();
        store.topics_go(&mut batch, step.from.id(), now()).expect("goes");
        store.engine.commit(batch).await.expect("commits");
        assert_eq!(times(store), [now()]);
    }
}

#[tokio::test]
async fn what_a_release_has_read_of_its_topic_must_still_be_so() {
    let home = home();
    let store = &home.store;
    for before in [0, 1] {
        let batch = || {
            let mut batch = Batch::default();
            store.topic_goes(&mut batch, (owner(), probe()), now()).expect("goes");
            batch
        };
        assert_eq!(times(store).len(), before);
        let (one, other) = (batch(), batch());
        // While the first of these three is written the other two wait, and are one group of the writer.
        let (_, one, other) = tokio::join!(store.synced(), store.engine.commit(one), store.engine.commit(other));
        assert!(one.is_ok());
        assert!(matches!(other, Err(Error::Conflict)), "{other:?}");
    }
}

#[tokio::test]
async fn releases_on_one_topic_in_the_same_moment_all_count() {
    let home = home();
    let store = &home.store;
    let mut steps = Vec::new();
    for _ in 0..8 {
        steps.push(release_of_a_held_one(store).await);
    }
    let all = join_all(steps.into_iter().map(|step| store.advance(step))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(times(store).len(), 8);
    let admissions = (0..8).map(|_| to_the_list(store, released));
    let all = join_all(admissions.map(|admission| store.admit(admission, vec![]))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(times(store).len(), 16);
}

#[tokio::test]
async fn who_comes_too_late_to_release_it_hears_so() {
    let home = home();
    let store = &home.store;
    let step = release_of_a_held_one(store).await;
    let (one, other) = tokio::join!(store.advance(step.clone()), store.advance(step));
    assert!(one.is_ok());
    assert!(matches!(other, Err(Error::Conflict)), "{other:?}");
    assert_eq!(times(store).len(), 1);
}
