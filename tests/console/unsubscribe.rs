//! One click, as RFC 8058 has it; and the other public pages.

use axum::body::Body;
use axum::http::StatusCode;
use bedel::model::ReportKind;

use crate::site::{Answer, Site, TOKEN, case, get, post, send};

const ONE_CLICK: (&str, &str) = ("List-Unsubscribe", "One-Click");

fn check_kept(site: &Site, answer: &Answer) {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("set-cookie"), "");
    let report = site.store.next_report().expect("reads").expect("is kept");
    assert_eq!(
        (report.kind, report.mailing, report.seq),
        (ReportKind::Unsubscribe, case(1), 0)
    );
    assert_eq!(report.at, site.clock.now());
    let says = "no further mail of students@lists.mst.example, emergencies excepted";
    assert!(answer.body.contains(says), "{}", answer.body);
}

#[tokio::test]
async fn a_form_of_the_first_kind_unsubscribes() {
    let site = Site::new().await;
    site.leaving().await;
    let answer = post(&site.public, &format!("/u/{TOKEN}"), &[], &[ONE_CLICK]).await;
    check_kept(&site, &answer);
}

#[tokio::test]
async fn a_form_of_the_second_kind_unsubscribes() {
    let site = Site::new().await;
    site.leaving().await;
    let body = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    let kind = [("content-type", "multipart/form-data; boundary=x")];
    let answer = send(&site.public, "POST", &format!("/u/{TOKEN}"), &kind, Body::from(body)).await;
    check_kept(&site, &answer);
}

#[tokio::test]
async fn looking_at_the_link_changes_nothing() {
    let site = Site::new().await;
    site.leaving().await;
    for method in ["GET", "HEAD"] {
        let answer = send(&site.public, method, &format!("/u/{TOKEN}"), &[], Body::empty()).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let page = get(&site.public, &format!("/u/{TOKEN}"), &[]).await;
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
    let path = format!("/u/{TOKEN}");
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
async fn a_token_that_is_not_ours_is_not_found() {
    let site = Site::new().await;
    assert_eq!(get(&site.public, "/u/forged", &[]).await.status, StatusCode::NOT_FOUND);
    let answer = post(&site.public, "/u/forged", &[], &[ONE_CLICK]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(site.store.next_report().expect("reads"), None);
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
