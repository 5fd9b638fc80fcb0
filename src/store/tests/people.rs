//! Feeds, contacts, what they agreed to and what they are kept from.

use std::collections::BTreeMap;

use super::*;
use crate::model::{
    Affiliation, Agreement, Basis, Consent, Evidence, FeedRow, Listing, Preference, Privacy, Standing, TopicId,
    agreement,
};

pub(in crate::store) fn row(key: &str, email: &str) -> FeedRow {
    FeedRow {
        listing: Listing {
            source: "registrar".into(),
            source_key: key.into(),
            email: address(email),
            personal_email: None,
            given_name: "Ann".into(),
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
    }
}

pub(in crate::store) fn of(source: &str, mut row: FeedRow) -> FeedRow {
    row.listing.source = source.into();
    row
}

pub(in crate::store) fn plan(store: &Store, source: &str, rows: Vec<FeedRow>) -> FeedPlan {
    let mut draft = store.draft_feed(source, at(7)).expect("begins");
    for row in rows {
        draft.push(of(source, row)).expect("is kept");
    }
    draft.plan(|_compared| {}).expect("plans")
}

pub(in crate::store) async fn import(store: &Store, source: &str, rows: Vec<FeedRow>) -> [u64; 5] {
    let plan = plan(store, source, rows);
    let counts = [plan.added, plan.changed, plan.unchanged, plan.removed, plan.merged];
    store
        .apply_feed(plan, event(Act::Imported), |_| {})
        .await
        .expect("applies");
    counts
}

pub(in crate::store) fn found(store: &Store, email: &str) -> crate::model::Contact {
    let found = store.contact_by_address(&address(email)).expect("reads");
    found.expect("is there")
}

pub(in crate::store) fn is_known(store: &Store, email: &str) -> bool {
    store.contact_by_address(&address(email)).expect("reads").is_some()
}

#[tokio::test]
async fn a_feed_is_whole_who_is_missing_is_listed_no_more() {
    let home = home();
    let store = &home.store;
    let two = vec![row("1", "a@mst.example"), row("2", "b@mst.example")];
    assert_eq!(import(store, "registrar", two).await, [2, 0, 0, 0, 0]);
    let one = vec![row("2", "b@mst.example")];
    assert_eq!(import(store, "registrar", one).await, [0, 0, 1, 1, 0]);
    let gone = found(store, "a@mst.example");
    assert_eq!(gone.current(at(8)).count(), 0);
    assert_eq!(gone.listings[0].gone_at, Some(at(7)));
}

#[tokio::test]
async fn a_changed_address_keeps_the_person() {
    let home = home();
    let store = &home.store;
    import(store, "registrar", vec![row("1", "ann@mst.example")]).await;
    let id = found(store, "ann@mst.example").id;
    let moved = vec![row("1", "ann.lee@mst.example")];
    assert_eq!(import(store, "registrar", moved).await, [0, 1, 0, 0, 0]);
    assert_eq!(found(store, "ann.lee@mst.example").id, id);
    assert!(!is_known(store, "ann@mst.example"), "the old way to them is gone");
}

#[tokio::test]
async fn one_mailbox_is_one_contact_whichever_offices_list_it() {
    let home = home();
    let store = &home.store;
    let twice = vec![row("1", "Ann@mst.example"), row("2", "ann@MST.example")];
    assert_eq!(import(store, "registrar", twice).await, [1, 0, 0, 0, 1]);
    assert_eq!(
        import(store, "hr", vec![row("77", "ann@mst.example")]).await,
        [0, 1, 0, 0, 0]
    );
    assert_eq!(found(store, "ann@mst.example").listings.len(), 3);
    assert_eq!(store.count_contacts().expect("reads"), 1);
}

fn consent(basis: Basis, seconds: i64) -> Consent {
    Consent {
        purpose: "marketing".into(),
        basis,
        at: at(seconds),
        source: "a form".into(),
        expires_at: None,
        evidence: Evidence::default(),
    }
}

#[tokio::test]
async fn evidence_is_added_once_and_never_changed() {
    let home = home();
    let store = &home.store;
    let mut ann = row("1", "ann@mst.example");
    ann.consents = vec![consent(Basis::OptIn, 1)];
    for _ in 0..2 {
        import(store, "registrar", vec![ann.clone()]).await;
    }
    let id = found(store, "ann@mst.example").id;
    let no = consent(Basis::Withdrawn, 2);
    for _ in 0..2 {
        let added = store.add_consents(id, vec![no.clone()], event(Act::Account)).await;
        assert!(added.expect("commits"));
    }
    let all = [consent(Basis::OptIn, 1), no];
    assert_eq!(store.consents(id).expect("reads"), all);
    import(store, "registrar", vec![ann]).await;
    assert_eq!(store.consents(id).expect("reads"), all);
    let standings = found(store, "ann@mst.example").standings;
    assert_eq!(
        agreement(standings.iter().map(Standing::said), "marketing", at(3)),
        Agreement::No
    );
}

#[tokio::test]
async fn no_feed_changes_what_somebody_chose() {
    let home = home();
    let store = &home.store;
    import(store, "registrar", vec![row("1", "ann@mst.example")]).await;
    let id = found(store, "ann@mst.example").id;
    let chosen = BTreeMap::from([(TopicId("events".into()), Preference::Digest)]);
    let chose = store.choose(id, chosen.clone(), event(Act::Account)).await;
    assert!(chose.expect("commits"));
    let mut moved = row("1", "ann@mst.example");
    moved.listing.affiliation.unit = "chemistry".into();
    import(store, "registrar", vec![moved]).await;
    assert_eq!(found(store, "ann@mst.example").preferences, chosen);
}

#[tokio::test]
async fn a_suppression_outlives_the_contact_and_several_stand_side_by_side() {
    let home = home();
    let store = &home.store;
    import(store, "registrar", vec![row("1", "ann@mst.example")]).await;
    let whom = address("ann@mst.example");
    let suppression = |scope, reason| Suppression {
        scope,
        reason,
        at: at(0),
        contact: None,
        mailing: None,
        note: String::new(),
    };
    let list = Scope::List(address("alumni@lists.mst.example"));
    let left = suppression(list, SuppressionReason::Unsubscribed);
    let dead = suppression(Scope::Everything, SuppressionReason::HardBounce);
    for (suppression, is_new) in [(&left, true), (&dead, true), (&left, false)] {
        let suppressed = store.suppress(&whom, std::slice::from_ref(suppression), event(Act::Suppressed));
        assert_eq!(suppressed.await.expect("commits"), is_new);
    }
    assert!(store.forget(&whom, event(Act::Forgotten)).await.expect("commits"));
    assert!(!is_known(store, "ann@mst.example"));
    let mut known = store.suppressions_of(&whom).expect("reads");
    known.sort_by_key(|known| known.reason as u8);
    assert_eq!(known, [dead, left]);
}

/// Law: whom no office lists is erased when their time is up, whole, and no sooner; that they are never to be written to
/// outlives them, and holds when a feed brings them back.
#[tokio::test]
async fn who_is_gone_is_erased_in_time_and_their_suppression_outlives_them() {
    let home = home();
    let store = &home.store;
    import(
        store,
        "registrar",
        vec![row("1", "ann@mst.example"), row("2", "ben@mst.example")],
    )
    .await;
    import(store, "hr", vec![row("7", "ben@mst.example")]).await;
    let ann = address("ann@mst.example");
    let never = Suppression {
        scope: Scope::Everything,
        reason: SuppressionReason::Legal,
        at: at(1),
        note: String::new(),
        contact: None,
        mailing: None,
    };
    let kept = store.suppress(&ann, &[never], event(Act::Suppressed)).await;
    assert!(kept.expect("keeps"));
    // The registrar leaves both out; HR still lists Ben. Feeds of these tests are of second 7.
    import(store, "registrar", vec![row("3", "cy@mst.example")]).await;
    assert_eq!(store.forget_gone(at(7)).await.expect("looks"), 0, "not yet");
    assert_eq!(store.forget_gone(at(8)).await.expect("forgets"), 1);
    assert!(store.contact_by_address(&ann).expect("reads").is_none());
    found(store, "ben@mst.example");
    found(store, "cy@mst.example");
    assert_eq!(
        store.suppressions_of(&ann).expect("reads").len(),
        1,
        "the mark outlives them"
    );
    import(
        store,
        "hr",
        vec![row("7", "ben@mst.example"), row("8", "ann@mst.example")],
    )
    .await;
    found(store, "ann@mst.example");
    assert_eq!(
        store.suppressions_of(&ann).expect("reads").len(),
        1,
        "and holds when they come back"
    );
}

/// Law: the trail loses its oldest lines alone, and what is left is still bound together.
#[tokio::test]
async fn the_trail_is_forgotten_from_its_beginning_and_still_verifies() {
    let home = home();
    let store = &home.store;
    let log = async |second| {
        let line = Event {
            at: at(second),
            ..event(Act::LookedUp)
        };
        store.log(line).await.expect("logs");
    };
    for second in 0..250 {
        log(second).await;
    }
    assert_eq!(store.forget_events(at(0)).await.expect("looks"), 0);
    assert_eq!(store.forget_events(at(220)).await.expect("forgets"), 220);
    assert_eq!(store.events().count(), 30);
    let (lines, _) = store.verify_events().expect("reads").expect("unbroken");
    assert_eq!(lines, 250, "numbers go on");
    assert_eq!(
        store.forget_events(at(10_000)).await.expect("forgets"),
        29,
        "one is left"
    );
    log(251).await;
    store.verify_events().expect("reads").expect("the next is bound to it");
}
