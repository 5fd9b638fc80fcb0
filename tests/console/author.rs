//! What a page says of an author: unit and standing, and whether they are new here.

use std::collections::BTreeMap;

use bedel::model::{Act, Affiliation, FeedRow, Listing, PrivacyFlag};

use crate::site::{AUTHOR, REVIEWER, STRANGER, Site, address, event};

#[tokio::test]
async fn the_page_says_who_writes_for_the_first_time_and_from_where() {
    let site = Site::new().await;
    listed(&site, AUTHOR, false).await;
    let first = site.held(AUTHOR).await;
    let reviewer = site.browser(REVIEWER).await;
    let page = reviewer.get(&format!("/mailing/{first}")).await.body;
    for said in ["staff, Physics", "staff, Mathematics", "first-time sender"] {
        assert!(page.contains(said), "{said} in {page}");
    }
    site.held(AUTHOR).await;
    let page = reviewer.get(&format!("/mailing/{first}")).await.body;
    assert!(!page.contains("first-time sender") && page.contains("0 released, 1 waiting, 0 declined lately"));
}

#[tokio::test]
async fn what_is_not_known_or_not_to_be_told_of_an_author_is_not_told() {
    let site = Site::new().await;
    listed(&site, AUTHOR, true).await;
    let reviewer = site.browser(REVIEWER).await;
    for (author, said) in [(AUTHOR, "not to be disclosed"), (STRANGER, "not in the master list")] {
        let id = site.held(author).await;
        let page = reviewer.get(&format!("/mailing/{id}")).await.body;
        assert!(page.contains(said) && !page.contains("Physics"), "{said} in {page}");
    }
}

/// Puts somebody into the master list, in two units.
async fn listed(site: &Site, who: &str, ferpa: bool) {
    let flag = ferpa.then_some(PrivacyFlag::Ferpa);
    let row = |unit: &str| FeedRow {
        listing: Listing {
            source: "hr".to_owned(),
            source_key: format!("{who} {unit}"),
            email: address(who),
            personal_email: None,
            given_name: "Somebody".to_owned(),
            family_name: "Sample".to_owned(),
            country: "US".to_owned(),
            privacy: flag.into_iter().collect(),
            affiliation: Affiliation {
                kind: "staff".to_owned(),
                unit: unit.to_owned(),
                attributes: BTreeMap::new(),
                from: None,
                until: None,
            },
            gone_at: None,
        },
        consents: vec![],
    };
    let mut draft = site.store.draft_feed("hr", site.clock.now()).expect("begins");
    for unit in ["Physics", "Mathematics"] {
        draft.push(row(unit)).expect("is kept");
    }
    let plan = draft.plan(|_compared| {}).expect("plans");
    let applied = site.store.apply_feed(plan, event(Act::Imported), |_written| {}).await;
    applied.expect("commits");
}
