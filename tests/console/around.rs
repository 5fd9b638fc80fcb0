//! What stands around a mailing: until when it is to be decided, what goes to the same people, what is much the same.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::site::{AUTHOR, REVIEWER, STEWARD, STRANGER, Site, get};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn text(subject: &str, body: &str) -> String {
    format!("From: The Dean <dean@mst.example>\r\nSubject: {subject}\r\n\r\n{body}\r\n")
}

/// Policy C14: a steward has one working day, a reviewer two.
#[tokio::test]
async fn the_page_and_the_queue_say_who_is_late() {
    let site = Site::new().await;
    let id = site.held(AUTHOR).await;
    let page = format!("/mailing/{id}");
    site.clock.advance(3 * HOUR);
    let reviewer = site.browser(REVIEWER).await;
    let body = reviewer.get(&page).await.body;
    for said in ["asked for 3 hours, wanted by", "25 Nov 2026 03:05"] {
        assert!(body.contains(said), "{said} in {body}");
    }
    assert!(!body.contains("tag late") && !reviewer.get("/").await.body.contains("tag late"));
    site.clock.advance(22 * HOUR);
    let reviewer = site.browser(REVIEWER).await;
    assert!(reviewer.get(&page).await.body.contains("tag late"));
    assert!(reviewer.get("/").await.body.contains("tag late"));
    site.browser(STEWARD).await.post(&format!("{page}/approve"), &[]).await;
    let body = reviewer.get(&page).await.body;
    assert!(
        body.contains("A reviewer has been asked for less than a minute, and is to decide by")
            && !body.contains("tag late"),
        "{body}"
    );
}

/// Policy C11.
#[tokio::test]
async fn what_goes_to_the_same_people_stands_beside_it_by_day() {
    let site = Site::new().await;
    let first = site.held_with(AUTHOR, &text("Parking", "Lot 5 is closed.")).await;
    let second = site.held_with(AUTHOR, &text("Library", "It is open.")).await;
    let (steward, reviewer) = (site.browser(STEWARD).await, site.browser(REVIEWER).await);
    let strip = async |browser: &crate::site::Browser| {
        let page = browser.get(&format!("/mailing/{second}")).await.body;
        let (_, rest) = page.split_once("class=\"strip\"").expect("a strip");
        rest.split("</ol>").next().unwrap_or_default().to_owned()
    };
    assert!(
        !strip(&reviewer).await.contains(&first.to_string()),
        "nobody knows when yet"
    );
    steward.post(&format!("/mailing/{first}/approve"), &[]).await;
    reviewer.post(&format!("/mailing/{first}/release"), &[]).await;
    let days = strip(&reviewer).await;
    assert!(
        days.contains(&format!("/mailing/{first}")) && days.contains("24 November 2026"),
        "{days}"
    );
    assert_eq!(days.matches("<li").count(), 15);
    // In the calendar of that audience, and not of another.
    for (audience, is_there) in [("students", true), ("alumni", false), ("", true)] {
        let page = reviewer
            .get(&format!("/calendar?month=2026-11&audience={audience}"))
            .await
            .body;
        assert_eq!(page.contains(&format!("/mailing/{first}")), is_there, "{audience}");
    }
}

#[tokio::test]
async fn what_is_much_the_same_can_be_compared_by_who_may_see_it() {
    let site = Site::new().await;
    let first = site
        .held_with(AUTHOR, &text("Fees", "Pay in room 9.\r\nThank you."))
        .await;
    let second = site
        .held_with(STRANGER, &text("Fees", "Pay in room 10.\r\nThank you."))
        .await;
    let page = format!("/mailing/{second}");
    let beside = format!("{page}?beside={first}");
    let reviewer = site.browser(REVIEWER).await;
    let body = reviewer.get(&page).await.body;
    assert!(body.contains(&format!("{beside}#similar")), "{body}");
    let body = reviewer.get(&beside).await.body;
    for said in ["<del>Pay in room 9.</del>", "<ins>Pay in room 10.</ins>"] {
        assert!(body.contains(said), "{said} in {body}");
    }
    let author = site.browser(STRANGER).await;
    let own = author.get(&page).await;
    assert!(own.status == StatusCode::OK && !own.body.contains(&first.to_string()));
    assert_eq!(author.get(&beside).await.status, StatusCode::NOT_FOUND);
}

/// Law 3: who approves anew sees what has become of what they approved.
#[tokio::test]
async fn the_link_to_approve_anew_shows_what_has_changed() {
    let site = Site::new().await;
    let id = site.held_with(AUTHOR, &text("Fees", "Pay in room 9.")).await;
    let (steward, reviewer) = (site.browser(STEWARD).await, site.browser(REVIEWER).await);
    steward.post(&format!("/mailing/{id}/approve"), &[]).await;
    site.clock.advance(HOUR / 4);
    for (before, after) in [("room 9", "room 10"), ("room 10", "room 11")] {
        let edit = [("before", before), ("after", after)];
        reviewer.post(&format!("/mailing/{id}/edit"), &edit).await;
        site.clock.advance(HOUR / 12);
    }
    let page = get(&site.app, &site.link(id, STEWARD), &[]).await.body;
    for said in [
        "since version 1",
        "<del>Pay in room 9.</del>",
        "<ins>Pay in room 11.</ins>",
    ] {
        assert!(page.contains(said), "{said} in {page}");
    }
}

#[tokio::test]
async fn mailings_are_found_by_number_subject_and_author() {
    let site = Site::new().await;
    let first = site.held_with(AUTHOR, &text("Parking", "a")).await;
    let second = site.held_with(STRANGER, &text("Library", "b")).await;
    let reviewer = site.browser(REVIEWER).await;
    for (q, found, other) in [
        (first.to_string(), first, second),
        ("somebody%40mst".to_owned(), second, first),
    ] {
        let page = reviewer.get(&format!("/mailings?state=held&q={q}")).await.body;
        assert!(page.contains(&format!("/mailing/{found}")), "{page}");
        assert!(!page.contains(&format!("/mailing/{other}")), "{page}");
    }
}

#[tokio::test]
async fn ones_own_page_is_kept_fresh() {
    let site = Site::new().await;
    let author = site.browser(AUTHOR).await;
    assert!(author.get("/mine").await.body.contains("data-live=\"/mine/live\""));
    let request = Request::get("/mine/live").header("cookie", &author.cookie);
    let request = request.body(Body::empty()).expect("a request");
    let mut body = site.app.clone().oneshot(request).await.expect("an answer").into_body();
    let mut next = async || {
        let frame = tokio::time::timeout(Duration::from_secs(20), body.frame())
            .await
            .expect("in time");
        let data = frame.expect("goes on").expect("well").into_data().expect("data");
        String::from_utf8(data.to_vec()).expect("UTF-8")
    };
    assert!(next().await.contains("You have sent nothing"));
    let others = site.held(STRANGER).await;
    let own = site.held(AUTHOR).await;
    let rows = next().await;
    assert!(
        rows.contains(&own.to_string()) && !rows.contains(&others.to_string()),
        "{rows}"
    );
}
