//! One click, as RFC 8058 has it; and the other public pages.

use axum::body::Body;
use axum::http::StatusCode;
use bedel::model::ReportKind;

use crate::site::{Answer, Site, case, get, post, send, token};

const ONE_CLICK: (&str, &str) = ("List-Unsubscribe", "One-Click");

fn link() -> String {
    format!("/u/{}", token())
}

fn check_kept(site: &Site, answer: &Answer) {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("set-cookie"), "");
    let report = site.store.next_report().expect("reads").expect("is kept");
    assert_eq!(
        (report.kind, report.mailing, report.seq),
        (ReportKind::Unsubscribe, case(1), 0)
    );
    assert_eq!(report.at, site.clock.now());
    let says = "no further mail of the list it came through";
    assert!(answer.body.contains(says), "{}", answer.body);
}

#[tokio::test]
async fn a_form_of_the_first_kind_unsubscribes() {
    let site = Site::new().await;
    site.leaving().await;
    let answer = post(&site.public, &link(), &[], &[ONE_CLICK]).await;
    check_kept(&site, &answer);
}

#[tokio::test]
async fn a_form_of_the_second_kind_unsubscribes() {
    let site = Site::new().await;
    site.leaving().await;
    let body = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    let kind = [("content-type", "multipart/form-data; boundary=x")];
    let answer = send(&site.public, "POST", &link(), &kind, Body::from(body)).await;
    check_kept(&site, &answer);
}

#[tokio::test]
async fn looking_at_the_link_changes_nothing() {
    let site = Site::new().await;
    site.leaving().await;
    for method in ["GET", "HEAD"] {
        let answer = send(&site.public, method, &link(), &[], Body::empty()).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let page = get(&site.public, &link(), &[]).await;
    assert!(
        page.body.contains("name=\"List-Unsubscribe\" value=\"One-Click\""),
        "{}",
        page.body
    );
    let says = "send no further mail of students@lists.mst.example to you";
    assert!(page.body.contains(says), "{}", page.body);
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(site.store.next_report().expect("reads"), None);
}

#[tokio::test]
async fn what_is_no_one_click_changes_nothing() {
    let site = Site::new().await;
    site.leaving().await;
    let path = link();
    let forms = [vec![], vec![("List-Unsubscribe", "Maybe")], vec![("csrf", "x")]];
    for form in forms {
        assert_eq!(
            post(&site.public, &path, &[], &form).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
    let kind = [("content-type", "multipart/form-data")];
    let answer = send(&site.public, "POST", &path, &kind, Body::from("torn")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        send(&site.public, "PUT", &path, &[], Body::empty()).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert_eq!(site.store.next_report().expect("reads"), None);
}

#[tokio::test]
async fn a_link_that_was_cut_short_is_told_so() {
    let site = Site::new().await;
    let link = link();
    for cut in ["/u/forged", link.get(..link.len() - 3).expect("longer")] {
        assert_eq!(get(&site.public, cut, &[]).await.status, StatusCode::NOT_FOUND);
        let answer = post(&site.public, cut, &[], &[ONE_CLICK]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(site.store.next_report().expect("reads"), None);
}

#[tokio::test]
async fn nobody_learns_from_an_answer_whether_a_token_is_forged() {
    let site = Site::new().await;
    site.leaving().await;
    let ours = link();
    let last = if ours.ends_with('a') { "i" } else { "a" };
    let forged = format!("{}{last}", ours.get(..ours.len() - 1).expect("longer"));
    let shown = get(&site.public, &forged, &[]).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(
        !shown.body.contains("students@"),
        "what a token tells is told to its owner alone: {}",
        shown.body
    );
    let before = site.store.syncs();
    let answer = post(&site.public, &forged, &[], &[ONE_CLICK]).await;
    // It waited for the disk, and nothing is kept for anybody.
    assert_eq!(site.store.syncs(), before + 1);
    assert_eq!(site.store.next_report().expect("reads"), None);
    let real = post(&site.public, &ours, &[], &[ONE_CLICK]).await;
    assert_eq!(site.store.syncs(), before + 2);
    assert_eq!((answer.status, answer.body), (real.status, real.body));
    assert!(site.store.next_report().expect("reads").is_some());
}

#[tokio::test]
async fn the_public_door_leads_nowhere_else() {
    let site = Site::new().await;
    assert_eq!(get(&site.public, "/healthz", &[]).await.body, "ok\n");
    assert_eq!(get(&site.public, "/readyz", &[]).await.status, StatusCode::OK);
    assert!(
        get(&site.public, "/preferences", &[])
            .await
            .body
            .contains("List-Unsubscribe")
    );
    for path in ["/", "/login", "/mailings", "/audit", "/mailing/MC-2026-0001"] {
        assert_eq!(
            get(&site.public, path, &[]).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}
