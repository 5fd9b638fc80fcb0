//! Feeds, over crashes and beside one another: whole or nothing, and nobody is lost.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::model::{Act, Contact, ContactId, FeedRow};
use crate::store::tests::people::{found, import, is_known, of, plan, row};
use crate::store::tests::{Home, address, at, event, home};

/// What the master list says of everybody, whatever their numbers are.
fn everybody(store: &Store) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut ids: Vec<ContactId> = Vec::new();
    store.glance_at_all(|contact| ids.push(contact.id)).expect("reads");
    for id in ids {
        let contact = store.contact(id).expect("reads").expect("was glanced at");
        all.insert(format!("{:?} {:?}", contact.listings, contact.standings));
    }
    all
}

fn files(home: &Home) -> usize {
    std::fs::read_dir(home.dir.path().join("feeds"))
        .expect("the folder")
        .count()
}

/// Decides on a plan, does some of its steps, and stops there, as a crash would.
async fn decide_and_stop(store: &Store, plan: FeedPlan, steps: usize) {
    let (decided, mut journal) = store.decide(plan, event(Act::Imported)).await.expect("decides");
    journal.keep();
    assert_eq!(decided.file, journal.name());
    let mut records = journal.records().expect("opens");
    for _ in 0..steps {
        let Some(record) = records.next().expect("reads") else {
            break;
        };
        let step = postcard::from_bytes(record).expect("its own");
        store.do_steps(vec![step]).await.expect("does it");
    }
}

fn many(count: usize) -> Vec<FeedRow> {
    (0..count)
        .map(|n| row(&n.to_string(), &format!("s{n}@mst.example")))
        .collect()
}

#[tokio::test]
async fn a_crash_before_the_decision_leaves_nothing() {
    let home = home();
    import(&home.store, "registrar", many(40)).await;
    let before = everybody(&home.store);
    let mut draft = home.store.draft_feed("registrar", at(9)).expect("begins");
    draft.push(row("new", "new@mst.example")).expect("is kept");
    let planned = plan(&home.store, "registrar", many(20));
    assert!(files(&home) >= 2);
    // A crash runs no destructor: what lies there stays.
    for file in std::fs::read_dir(home.store.feeds.dir()).expect("the folder") {
        let path = file.expect("an entry").path();
        std::fs::copy(&path, path.with_extension("left")).expect("copies");
    }
    drop((draft, planned));
    let home = home.reopened();
    assert_eq!(files(&home), 0);
    drop(home.store.steady().await.expect("nothing to finish"));
    assert_eq!(everybody(&home.store), before);
}

#[tokio::test]
async fn a_crash_after_the_decision_is_made_good_at_the_next_start() {
    // However far it came.
    for done in [0, 1, 3, usize::MAX] {
        let home = home();
        import(&home.store, "registrar", many(3_000)).await;
        let plan = plan(&home.store, "registrar", many(2_000));
        assert!(plan.len() > 3, "{}", plan.len());
        decide_and_stop(&home.store, plan, done).await;
        let home = home.reopened();
        assert_eq!(files(&home), 1);
        drop(home.store.steady().await.expect("is finished"));
        assert_eq!(files(&home), 0);
        let gone = |email: &str| found(&home.store, email).listings[0].gone_at.is_some();
        assert!(gone("s2999@mst.example") && gone("s2000@mst.example") && !gone("s1999@mst.example"));
        let trail = home.store.events().map(|logged| logged.expect("reads").event.act);
        let trail: Vec<Act> = trail.collect();
        assert_eq!(trail, [Act::Imported, Act::Imported]);
        // And the list goes on from there.
        let counts = import(&home.store, "registrar", many(3_001)).await;
        assert_eq!(counts, [1, 1_000, 2_000, 0, 0]);
    }
}

#[tokio::test]
async fn a_plan_made_of_an_older_list_is_not_applied() {
    let home = home();
    import(&home.store, "registrar", many(4)).await;
    let stale = plan(&home.store, "registrar", many(3));
    let whom = address("s1@mst.example");
    assert!(home.store.forget(&whom, event(Act::Forgotten)).await.expect("commits"));
    let applied = home.store.apply_feed(stale, event(Act::Imported), |_| {}).await;
    assert!(matches!(applied, Err(Error::Conflict)), "it would bring her back");
    assert!(!is_known(&home.store, "s1@mst.example"));
    assert_eq!(files(&home), 0);
}

#[tokio::test]
async fn who_is_erased_leaves_their_number_to_nobody() {
    let home = home();
    import(&home.store, "registrar", many(3)).await;
    let last = found(&home.store, "s2@mst.example").id;
    home.store
        .forget(&address("s2@mst.example"), event(Act::Forgotten))
        .await
        .expect("commits");
    import(&home.store, "hr", vec![row("9", "new@mst.example")]).await;
    assert_ne!(found(&home.store, "new@mst.example").id, last);
}

#[tokio::test]
async fn the_keys_change_while_a_feed_is_applied_and_nothing_is_lost() {
    let home = home();
    let (store, rotations) = (home.store.clone(), 4);
    let rotating = tokio::spawn(async move {
        for _ in 0..rotations {
            store.rotate_keys(|_| {}).await.expect("rotates");
        }
    });
    for size in [2_000, 3_000, 2_500] {
        import(&home.store, "registrar", many(size)).await;
    }
    rotating.await.expect("ends");
    let home = home.reopened();
    assert_eq!(home.store.count_contacts().expect("reads"), 3_000);
    assert!(found(&home.store, "s2999@mst.example").listings[0].gone_at.is_some());
}

#[tokio::test]
async fn a_mailbox_that_changed_hands_goes_with_its_new_person() {
    let home = home();
    let mut old = row("1", "lee@mst.example");
    old.listing.given_name = "Olga".into();
    import(&home.store, "registrar", vec![old.clone()]).await;
    let olga = found(&home.store, "lee@mst.example").id;
    // She moves, and her mailbox is given to another.
    old.listing.email = address("olga.lee@mst.example");
    let mut new = row("2", "lee@mst.example");
    new.listing.given_name = "Nick".into();
    for rows in [vec![old.clone(), new.clone()], vec![new, old]] {
        import(&home.store, "registrar", rows).await;
        assert_eq!(found(&home.store, "olga.lee@mst.example").id, olga);
        assert_ne!(found(&home.store, "lee@mst.example").id, olga);
    }
}

#[tokio::test]
async fn an_office_that_changes_its_keys_keeps_its_people() {
    let home = home();
    import(&home.store, "registrar", vec![row("old-1", "ann@mst.example")]).await;
    let ann = found(&home.store, "ann@mst.example").id;
    assert_eq!(
        import(&home.store, "registrar", vec![row("new-1", "ann@mst.example")]).await,
        [0, 1, 0, 0, 0]
    );
    assert_eq!(found(&home.store, "ann@mst.example").id, ann);
}

#[tokio::test]
async fn a_parents_mailbox_makes_no_parent_of_the_child() {
    let home = home();
    let mut child = row("1", "ann@mst.example");
    child.listing.personal_email = Some(address("mom@home.example"));
    import(&home.store, "registrar", vec![child]).await;
    let mut mother = row("7", "mom@home.example");
    mother.listing.given_name = "Martha".into();
    import(&home.store, "advancement", vec![mother]).await;
    assert_eq!(home.store.count_contacts().expect("reads"), 2);
    let owner = found(&home.store, "mom@home.example");
    assert_eq!(owner.given_name(), "Martha", "a first choice goes before a second");
    // The child under both addresses is one.
    let mut alumna = row("8", "ann.home@home.example");
    alumna.listing.personal_email = Some(address("ann@mst.example"));
    import(&home.store, "advancement", vec![row("7", "mom@home.example"), alumna]).await;
    assert_eq!(home.store.count_contacts().expect("reads"), 2);
}

/// People of whom offices say something: key and mailbox of each row.
fn offices() -> impl Strategy<Value = Vec<(bool, Vec<(u8, u8)>)>> {
    let rows = proptest::collection::btree_map(0u8..12, 0u8..12, 0..10);
    let feed = (any::<bool>(), rows.prop_map(|rows| rows.into_iter().collect()));
    proptest::collection::vec(feed, 1..6)
}

fn rows(of_feed: &[(u8, u8)]) -> Vec<FeedRow> {
    let row = |(key, mailbox): &(u8, u8)| {
        let mut row = row(&key.to_string(), &format!("m{mailbox}@mst.example"));
        row.listing.given_name = format!("Given{key}");
        row
    };
    of_feed.iter().map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Law: whatever feeds come, everybody an office lists is found by every one of their mailboxes, the same feed again
    /// changes nothing, and each office's rows are all there and nobody else's.
    #[test]
    fn the_list_says_what_the_newest_feeds_say(feeds in offices()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let home = home();
            let mut newest: BTreeMap<&str, BTreeSet<(String, String)>> = BTreeMap::new();
            for (is_first, of_feed) in &feeds {
                let source = if *is_first { "registrar" } else { "hr" };
                import(&home.store, source, rows(of_feed)).await;
                let again = plan(&home.store, source, rows(of_feed));
                assert!(again.is_empty(), "{source} {of_feed:?}");
                let said = rows(of_feed).into_iter().map(|row| of(source, row).listing);
                newest.insert(source, said.map(|l| (l.source_key, l.email.to_string())).collect());
            }
            let mut listed: BTreeMap<&str, BTreeSet<(String, String)>> = BTreeMap::new();
            let mut ids = Vec::new();
            home.store.glance_at_all(|contact| ids.push(contact.id)).expect("reads");
            for id in ids {
                let contact: Contact = home.store.contact(id).expect("reads").expect("is there");
                for listing in contact.listings.iter().filter(|listing| listing.gone_at.is_none()) {
                    let source = if listing.source == "hr" { "hr" } else { "registrar" };
                    let row = (listing.source_key.clone(), listing.email.to_string());
                    assert!(listed.entry(source).or_default().insert(row), "twice");
                    assert!(is_known(&home.store, &listing.email.to_string()), "{listing:?}");
                }
            }
            newest.retain(|_, rows| !rows.is_empty());
            assert_eq!(listed, newest);
        });
    }
}
