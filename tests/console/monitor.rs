//! What leaves now: who sees it, what it says, and what those who run the gateway ask at both doors.

use axum::http::StatusCode;

use crate::site::{AUTHOR, POSTMASTER, REVIEWER, STEWARD, Site, case, get};

#[tokio::test]
async fn reviewers_and_postmasters_see_what_leaves_and_nobody_else() {
    let site = Site::new().await;
    for who in [REVIEWER, POSTMASTER] {
        let browser = site.browser(who).await;
        let page = browser.get("/monitor").await;
        assert_eq!(page.status, StatusCode::OK, "{who}");
        assert!(page.body.contains("No mailing is leaving."), "{}", page.body);
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
    assert!(page.body.contains("1 mailing is leaving."), "{}", page.body);
    assert!(page.body.contains(&format!("href=\"/mailing/{id}\"")), "{}", page.body);
    assert!(page.body.contains("<progress max=\"3\" value=\"0\""), "{}", page.body);
    assert!(!page.body.contains("students.example"), "{}", page.body);
    assert_eq!(page.body.matches("<script").count(), 1, "the console's own");
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
