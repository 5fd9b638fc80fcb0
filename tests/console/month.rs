//! The report of a month: what it counts, and who may read it.

use axum::http::StatusCode;

use bedel::model::{Aggregate, Letterbox, Posted, Saw, Sender};
use bedel::stage::feedback;

use crate::site::{REVIEWER, STEWARD, Site, post, token};

#[tokio::test]
async fn the_report_counts_what_went_and_came_back_and_names_nobody() {
    let site = Site::new().await;
    site.leaving().await;
    let answer = post(
        &site.public,
        &format!("/u/{}", token()),
        &[],
        &[("List-Unsubscribe", "One-Click")],
    )
    .await;
    assert_eq!(answer.status, StatusCode::OK);
    feedback::read_all(&site.store, &site.clock, &[]).await.expect("reads");
    let page = site.browser(REVIEWER).await.get("/report").await;
    assert_eq!(page.status, StatusCode::OK);
    for said in [
        "<h1>Report for November 2026</h1>",
        "<dt>Mailings</dt><dd>1</dd>",
        "<dt>Unsubscribed</dt><dd>1</dd>",
        "0.1 %: better stay below",
        "0.3 %: never reach",
        "No other mail server has reported",
    ] {
        assert!(page.body.contains(said), "{said} in {}", page.body);
    }
    assert_eq!(page.body.matches("<svg class=\"chart\"").count(), 2);
    assert_eq!(page.body.matches("class=\"month\"").count(), 24);
    assert!(!page.body.contains("@students.example"));
}

#[tokio::test]
async fn who_else_sends_in_our_name_is_named_in_the_month_they_were_seen() {
    let site = Site::new().await;
    let now = site.clock.now();
    let posted = Posted {
        letterbox: Letterbox::Dmarc,
        at: now,
        message: vec![],
    };
    let sender = |service: &str, is_ours| Sender {
        source: "192.0.2.7".parse().expect("an address"),
        domain: "mst.example".to_owned(),
        service: service.to_owned(),
        is_ours,
        messages: 1_200,
        stopped: 7,
    };
    let aggregate = Aggregate {
        organization: "provider.example".to_owned(),
        id: "1".to_owned(),
        from: now,
        until: now,
        saw: Saw::Senders(vec![sender("news.example", false), sender("lists.mst.example", true)]),
    };
    site.store.settle_aggregate(&posted, &aggregate).await.expect("kept");
    let reviewer = site.browser(REVIEWER).await;
    let body = reviewer.get("/report").await.body;
    assert!(
        body.contains("One report tells of 2,400 messages in our name; 1,200 were sent by"),
        "{body}"
    );
    assert!(body.contains("news.example <small>192.0.2.7</small>") && !body.contains("lists.mst.example <small>"));
    assert!(
        !reviewer
            .get("/report?month=2026-10")
            .await
            .body
            .contains("news.example")
    );
    assert_eq!(reviewer.get("/report?month=soon").await.status, StatusCode::NOT_FOUND);
    let steward = site.browser(STEWARD).await.get("/report").await;
    assert_eq!(steward.status, StatusCode::FORBIDDEN);
}
