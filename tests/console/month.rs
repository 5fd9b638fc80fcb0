//! The report of a month: what it counts, and who may read it.

use axum::http::StatusCode;

use bedel::mail::Status;
use bedel::model::{Aggregate, Entry, Letterbox, Outcome, Posted, Report, ReportKind, Saw, Sender, Sessions};
use bedel::stage::feedback;

use crate::site::{POSTMASTER, REVIEWER, STEWARD, Site, case, post, token};

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
        "Mass mail of Missouri S&#38;T",
        "0.1 %: better stay below",
        "0.3 %: never reach",
        "No other mail server has reported",
    ] {
        assert!(page.body.contains(said), "{said} in {}", page.body);
    }
    assert_eq!(page.body.matches("<svg class=\"trend\"").count(), 3);
    assert_eq!(page.body.matches("class=\"month\"").count(), 36);
    // So few that a breakdown would be of persons.
    assert!(!page.body.contains("By audience") && !page.body.contains("Small groups together"));
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

#[tokio::test]
async fn a_month_is_broken_down_by_audience_purpose_and_provider() {
    let site = Site::new().await;
    let names: Vec<String> = (0..23).map(|number| format!("s{number}")).collect();
    site.feed(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    site.leaving().await;
    let entry = |seq: u32, attempt, outcome| Entry {
        seq,
        attempt,
        at: site.clock.now(),
        outcome: Some(outcome),
    };
    let taken = || Outcome::Accepted(Status::new(250, 0, 0, "Ok"));
    let put_off = Outcome::Deferred {
        status: Status::new(451, 7, 1, "later"),
        until: site.clock.now(),
    };
    let mut entries = vec![entry(0, 1, put_off), entry(0, 2, taken())];
    entries.extend((1..22).map(|seq| entry(seq, 1, taken())));
    entries.push(entry(22, 1, Outcome::Failed(Status::new(550, 1, 1, "No such user"))));
    let refusal = Report {
        kind: ReportKind::Refusal,
        mailing: case(1),
        seq: 22,
        at: site.clock.now(),
        message: b"550 5.1.1 No such user".to_vec(),
    };
    site.store
        .record(case(1), &entries, Some(&refusal), vec![])
        .await
        .expect("kept");
    feedback::read_all(&site.store, &site.clock, &[]).await.expect("reads");
    let reviewer = site.browser(REVIEWER).await;
    // The second look is at what was kept of the first.
    for _ in 0..2 {
        let body = reviewer.get("/report").await.body;
        for heading in ["By audience", "By purpose", "By mailbox provider"] {
            assert!(body.contains(&format!("<h2>{heading}</h2>")), "{heading} in {body}");
        }
        let row = "<td class=\"amount\">1</td><td class=\"amount\">23</td><td class=\"amount\">22</td><td class=\"amount\">1</td>\
                   <td class=\"amount\">1 <small>4.35\u{a0}%</small><small class=\"why\">1 gone</small></td>";
        assert_eq!(body.matches(row).count(), 3, "{body}");
    }
}

#[tokio::test]
async fn a_copy_that_was_under_way_when_its_mailing_was_stopped_is_in_every_table() {
    let site = Site::new().await;
    let names: Vec<String> = (0..23).map(|number| format!("s{number}")).collect();
    site.feed(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    site.leaving().await;
    let taken = |seq: u32| Entry {
        seq,
        attempt: 1,
        at: site.clock.now(),
        outcome: Some(Outcome::Accepted(Status::new(250, 0, 0, "Ok"))),
    };
    let before: Vec<Entry> = (0..20).map(taken).collect();
    site.store.record(case(1), &before, None, vec![]).await.expect("kept");
    let reviewer = site.browser(REVIEWER).await;
    let stopped = reviewer.post(&format!("/mailing/{}/stop", case(1)), &[]).await;
    assert_eq!(stopped.status, StatusCode::SEE_OTHER, "{}", stopped.body);
    site.store
        .record(case(1), &[taken(20)], None, vec![])
        .await
        .expect("kept");
    site.store.take_stock(case(1)).await.expect("counted");
    let own = reviewer.get(&format!("/mailing/{}", case(1))).await.body;
    assert!(own.contains("21 of 23 copies settled"), "{own}");
    let body = reviewer.get("/report").await.body;
    assert!(body.contains("<dt>Copies sent</dt><dd>21</dd>"), "{body}");
    // By audience, purpose and provider, and of the month.
    let row = "<td class=\"amount\">1</td><td class=\"amount\">21</td><td class=\"amount\">21</td>";
    assert_eq!(body.matches(row).count(), 4, "{body}");
    let later = reviewer.get("/report?month=2026-12").await.body;
    assert_eq!(later.matches(row).count(), 1, "{later}");
}

#[tokio::test]
async fn our_domains_are_for_those_who_watch_and_strangers_are_marked() {
    let site = Site::new().await;
    let reviewer = site.browser(REVIEWER).await;
    let empty = reviewer.get("/monitor/domains").await;
    assert_eq!(empty.status, StatusCode::OK);
    assert_eq!(
        empty.body.matches("No report has come of these days").count(),
        2,
        "{}",
        empty.body
    );
    let now = site.clock.now();
    let posted = |letterbox| Posted {
        letterbox,
        at: now,
        message: vec![],
    };
    let aggregate = |saw| Aggregate {
        organization: "provider.example".to_owned(),
        id: "1".to_owned(),
        from: now,
        until: now,
        saw,
    };
    let sender = Sender {
        source: "192.0.2.7".parse().expect("an address"),
        domain: "mst.example".to_owned(),
        service: "<news>.example".to_owned(),
        is_ours: false,
        messages: 1_200,
        stopped: 7,
    };
    let sessions = Sessions {
        domain: "mst.example".to_owned(),
        policy: "sts".to_owned(),
        secured: 5_326,
        failed: 303,
        failures: [("certificate-expired".to_owned(), 303)].into(),
    };
    for (letterbox, saw) in [
        (Letterbox::Dmarc, Saw::Senders(vec![sender])),
        (Letterbox::Tls, Saw::Sessions(vec![sessions])),
    ] {
        let settled = site.store.settle_aggregate(&posted(letterbox), &aggregate(saw)).await;
        assert!(settled.expect("kept"));
    }
    let body = reviewer.get("/monitor/domains?days=7").await.body;
    for said in [
        "&#60;news&#62;.example <small>192.0.2.7</small>",
        "<span class=\"tag ended\">No</span>",
        "<dt>Strange</dt><dd>1,200</dd>",
        "<dt>Secured</dt><dd>5,326</dd>",
        "certificate-expired",
    ] {
        assert!(body.contains(said), "{said} in {body}");
    }
    assert_eq!(
        reviewer.get("/monitor/domains?days=8").await.status,
        StatusCode::NOT_FOUND
    );
    let postmaster = site.browser(POSTMASTER).await.get("/monitor/domains").await;
    assert_eq!(postmaster.status, StatusCode::OK);
    let steward = site.browser(STEWARD).await.get("/monitor/domains").await;
    assert_eq!(steward.status, StatusCode::FORBIDDEN);
}
