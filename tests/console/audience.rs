//! An audience counted while it is chosen: counts and masked samples, and never an address. Policy C8.

use axum::http::StatusCode;

use crate::site::{AUTHOR, PRIVACY, REVIEWER, STEWARD, STRANGER, Site};

#[tokio::test]
async fn whoever_decides_on_audiences_counts_them_and_sees_no_address() {
    let site = Site::new().await;
    site.feed(&["ann", "ben", "cy", "di", "ed", "flo", "gus"]).await;
    for account in [STEWARD, REVIEWER, PRIVACY] {
        let browser = site.browser(account).await;
        let page = browser.get("/audience?affiliation=student").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert!(page.body.contains("7 people (affiliation student)"), "{}", page.body);
        assert_eq!(page.body.matches("•••@").count(), 5, "{}", page.body);
        assert!(!page.body.contains("@students.example"), "{}", page.body);
        let part = browser.get("/audience/count?affiliation=student,staff").await;
        assert!(part.body.trim_start().starts_with("<section"), "{}", part.body);
        assert!(
            part.body.contains("7 people (affiliation student or staff)"),
            "{}",
            part.body
        );
    }
    for account in [AUTHOR, STRANGER] {
        let browser = site.browser(account).await;
        for path in ["/audience?affiliation=student", "/audience/count?affiliation=student"] {
            let refused = browser.get(path).await;
            assert_eq!(
                (refused.status, refused.body.contains("7 people")),
                (StatusCode::FORBIDDEN, false)
            );
        }
    }
}

#[tokio::test]
async fn few_people_are_neither_told_apart_nor_shown() {
    let site = Site::new().await;
    let reviewer = site.browser(REVIEWER).await;
    let page = reviewer.get("/audience?affiliation=student").await.body;
    assert!(page.contains("Fewer than 5 people (affiliation student)"), "{page}");
    assert!(page.contains("Nobody is shown") && !page.contains("•••"), "{page}");
    let nobody = reviewer.get("/audience?affiliation=student&unit=nowhere").await.body;
    assert!(
        nobody.contains("0 people (affiliation student; unit nowhere)"),
        "{nobody}"
    );
    let nothing = reviewer.get("/audience").await.body;
    assert!(!nothing.contains("how-many"), "{nothing}");
}
