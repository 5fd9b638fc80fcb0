//! What leaves now: who sees it, what it says, and what those who run the gateway ask at both doors.

use axum::http::StatusCode;

use bedel::model::{Act, Event};

use crate::site::{AUTHOR, POSTMASTER, REVIEWER, STEWARD, Site, case, get};

#[tokio::test]
async fn reviewers_and_postmasters_see_what_leaves_and_nobody_else() {
    let site = Site::new().await;
    for who in [REVIEWER, POSTMASTER] {
        let browser = site.browser(who).await;
        let page = browser.get("/monitor").await;
        assert_eq!(page.status, StatusCode::OK, "{who}");
        assert!(page.body.contains("No mailing is under way."), "{}", page.body);
        assert!(page.body.contains("href=\"/monitor\""), "it is in their menu");
    }
    for who in [AUTHOR, STEWARD] {
        let browser = site.browser(who).await;
        for path in ["/monitor", "/monitor/live"] {
            let page = browser.get(path).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{who} {path}");
        }
        let page = browser.get("/").await;
        assert!(!page.body.contains("href=\"/monitor\""), "{who} is not offered it");
    }
    let page = get(&site.app, "/monitor", &[]).await;
    assert_eq!(
        page.status,
        StatusCode::SEE_OTHER,
        "who has not signed in does so first"
    );
}

#[tokio::test]
async fn a_mailing_under_way_has_its_progress_there_without_an_address() {
    let site = Site::new().await;
    site.leaving().await;
    let page = site.browser(REVIEWER).await.get("/monitor").await;
    let id = case(1).to_string();
    assert!(page.body.contains("1 mailing is under way."), "{}", page.body);
    assert!(page.body.contains(&format!("href=\"/mailing/{id}\"")), "{}", page.body);
    assert!(page.body.contains("<progress max=\"3\" value=\"0\""), "{}", page.body);
    assert!(!page.body.contains("students.example"), "{}", page.body);
    assert_eq!(page.body.matches("<script").count(), 1, "the console's own");
}

#[tokio::test]
async fn a_mailing_that_somebody_has_paused_is_said_to_be_paused_and_by_whom() {
    let site = Site::new().await;
    site.leaving().await;
    let page = format!("/mailing/{}", case(1));
    site.browser(POSTMASTER).await.post(&format!("{page}/pause"), &[]).await;
    let reviewer = site.browser(REVIEWER).await;
    let monitor = reviewer.get("/monitor").await;
    let said = "1 mailing is under way. 1 is paused.";
    assert!(monitor.body.contains(said), "{}", monitor.body);
    let said = format!("{POSTMASTER} has paused it: no further copy leaves until a reviewer or postmaster resumes it.");
    let mailing = reviewer.get(&page).await;
    assert!(mailing.body.contains(&said), "{}", mailing.body);
    let again = reviewer.post(&format!("{page}/pause"), &[]).await;
    let said = "is paused: no copy leaves until somebody resumes it";
    assert!(again.body.contains(said), "{}", again.body);
}

#[tokio::test]
async fn what_people_did_is_seen_however_many_are_not_written_to_again() {
    let site = Site::new().await;
    site.leaving().await;
    for seq in 0..250 {
        let event = Event {
            at: site.clock.now(),
            by: "gateway".to_owned(),
            act: Act::Suppressed,
            mailing: Some(case(1)),
            note: format!("recipient {seq}"),
        };
        site.store.log(event).await.expect("kept");
    }
    let page = site.browser(REVIEWER).await.get(&format!("/mailing/{}", case(1))).await;
    for said in [
        &format!("<strong>released</strong> by {REVIEWER}"),
        "recipient 249",
        "recipient 240",
        "Left out here: 240 earlier lines",
    ] {
        assert!(page.body.contains(said), "{said} in {}", page.body);
    }
    assert!(!page.body.contains("recipient 239"), "{}", page.body);
}

#[tokio::test]
async fn both_doors_say_whether_the_house_is_well() {
    let site = Site::new().await;
    for door in [&site.app, &site.public] {
        assert_eq!(get(door, "/healthz", &[]).await.body, "ok\n");
        assert_eq!(get(door, "/readyz", &[]).await.body, "ready\n");
        // Nobody knows who asks here; figures are for known networks alone.
        assert_eq!(get(door, "/metrics", &[]).await.status, StatusCode::NOT_FOUND);
    }
}
