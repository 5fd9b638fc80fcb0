//! Looking one person up: by role, for a reason that is kept first, not often, and never a list. Policy C8, C10.

use std::time::Duration;

use axum::http::StatusCode;
use bedel::mail::Status;
use bedel::model::{Act, Entry, Outcome};
use bedel::stage::feedback;

use crate::site::{AUTHOR, Answer, Browser, POSTMASTER, PRIVACY, REVIEWER, STEWARD, Site, case, post, token};

const ANN: &str = "ann@students.example";
const REASON: &str = "she telephoned";

async fn look(browser: &Browser, whom: &str, reason: &str) -> Answer {
    browser.post("/people", &[("whom", whom), ("reason", reason)]).await
}

/// Who looked whom up, newest first.
fn looked_up(site: &Site) -> Vec<(String, String)> {
    let events = site.store.events().map(|logged| logged.expect("reads").event);
    let lines = events.filter(|event| event.act == Act::LookedUp);
    lines.map(|event| (event.by, event.note)).collect()
}

#[tokio::test]
async fn the_privacy_officer_sees_one_record_and_the_trail_says_why() {
    let site = Site::new().await;
    let officer = site.browser(PRIVACY).await;
    let empty = officer.get("/people").await;
    assert_eq!(
        (empty.status, empty.body.contains("students.example")),
        (StatusCode::OK, false)
    );
    let found = look(&officer, ANN, REASON).await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.body);
    assert!(found.body.contains("ann Sample") && found.body.contains("student: says Office of the Registrar"));
    assert!(
        !found.body.contains("ben") && !found.body.contains("zoe"),
        "{}",
        found.body
    );
    let [(by, note)] = looked_up(&site).try_into().expect("one line");
    assert_eq!(by, PRIVACY);
    assert!(note.ends_with(": she telephoned") && !note.contains('@'), "{note}");
    let number = note.split([' ', ':']).nth(1).expect("a number").to_owned();
    assert!(look(&officer, &number, REASON).await.body.contains("ann Sample"));
}

#[tokio::test]
async fn nothing_is_shown_without_a_reason_nor_to_whoever_has_no_such_role() {
    let site = Site::new().await;
    let officer = site.browser(PRIVACY).await;
    for reason in ["", "  ", "x"] {
        let answer = look(&officer, ANN, reason).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!answer.body.contains("Sample"));
    }
    for nobody in ["*", "%", "@students.example", "ann", ""] {
        let answer = look(&officer, nobody, REASON).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{nobody}");
    }
    for account in [REVIEWER, AUTHOR, POSTMASTER] {
        let browser = site.browser(account).await;
        assert_eq!(browser.get("/people").await.status, StatusCode::FORBIDDEN);
        assert!(!browser.get("/").await.body.contains("href=\"/people\""));
        let answer = look(&browser, ANN, REASON).await;
        assert_eq!(
            (answer.status, answer.body.contains("Sample")),
            (StatusCode::FORBIDDEN, false)
        );
    }
    assert_eq!(looked_up(&site), []);
}

#[tokio::test]
async fn a_steward_sees_whom_their_office_lists_and_of_others_not_whether_they_are_there() {
    let site = Site::new().await;
    site.take_in("advancement", "gale").await;
    let steward = site.browser(STEWARD).await;
    assert!(look(&steward, ANN, REASON).await.body.contains("ann Sample"));
    let (other, nobody) = (
        look(&steward, "gale@students.example", REASON).await,
        look(&steward, "nobody@students.example", REASON).await,
    );
    assert_eq!(
        (other.status, nobody.status),
        (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
    );
    assert_eq!(other.body.replace("gale@", "nobody@"), nobody.body);
    assert_eq!(looked_up(&site).len(), 3, "that they looked is kept");
}

#[tokio::test]
async fn nobody_looks_up_more_people_in_an_hour_than_one_does_by_hand() {
    let site = Site::new().await;
    let officer = site.browser(PRIVACY).await;
    for _ in 0..30 {
        assert_eq!(look(&officer, ANN, REASON).await.status, StatusCode::OK);
    }
    let answer = look(&officer, ANN, REASON).await;
    assert_eq!(
        (answer.status, answer.body.contains("Sample")),
        (StatusCode::TOO_MANY_REQUESTS, false)
    );
    assert_eq!(looked_up(&site).len(), 30);
    site.clock.advance(Duration::from_secs(61 * 60));
    let officer = site.browser(PRIVACY).await;
    assert_eq!(look(&officer, ANN, REASON).await.status, StatusCode::OK);
}

#[tokio::test]
async fn whoever_asks_whether_somebody_got_a_mailing_is_told() {
    let site = Site::new().await;
    site.leaving().await;
    let officer = site.browser(PRIVACY).await;
    let ask = async |whom: &str| {
        let fields = [("whom", whom), ("reason", REASON), ("mailing", "MC-2026-0001")];
        officer.post("/people", &fields).await.body
    };
    assert!(
        ask(ANN)
            .await
            .contains("Their copy of MC-2026-0001 waits for its turn.")
    );
    site.take_in("advancement", "gale").await;
    assert!(
        ask("gale@students.example")
            .await
            .contains("They have no copy of MC-2026-0001")
    );
}

#[tokio::test]
async fn what_came_back_of_a_copy_is_told_as_well() {
    let site = Site::new().await;
    site.leaving().await;
    let taken = Entry {
        seq: 0,
        attempt: 1,
        at: site.clock.now(),
        outcome: Some(Outcome::Accepted(Status::new(250, 0, 0, "Ok"))),
    };
    site.store.record(case(1), &[taken], None, vec![]).await.expect("kept");
    let click = [("List-Unsubscribe", "One-Click")];
    post(&site.public, &format!("/u/{}", token()), &[], &click).await;
    feedback::read_all(&site.store, &site.clock, &[]).await.expect("reads");
    let steward = site.browser(STEWARD).await;
    let page = steward.get("/mailing/MC-2026-0001").await.body;
    assert!(page.contains("href=\"/people?mailing=MC-2026-0001\""), "{page}");
    let form = steward.get("/people?mailing=MC-2026-0001").await.body;
    assert!(form.contains("value=\"MC-2026-0001\""), "{form}");
    let fields = [("whom", ANN), ("reason", REASON), ("mailing", "MC-2026-0001")];
    let told = steward.post("/people", &fields).await.body;
    for said in ["was taken by the next server", "They unsubscribed by it at"] {
        assert!(told.contains(said), "{said} in {told}");
    }
    assert!(
        looked_up(&site)
            .iter()
            .any(|(by, note)| by == STEWARD && note.contains(REASON))
    );
}
