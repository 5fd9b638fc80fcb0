//! Signing in, staying in, and forms that are not ours.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use bedel::password;

use crate::site::{AUTHOR, PASSWORD, REVIEWER, STEWARD, Site, add_account, get, post, send};

#[tokio::test]
async fn who_is_not_signed_in_is_asked_to_and_comes_back() {
    let site = Site::new().await;
    let answer = get(&site.app, "/mailing/MC-2026-0001", &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), "/login?next=/mailing/MC-2026-0001");
    let page = get(&site.app, answer.header("location"), &[]).await;
    assert!(page.body.contains("value=\"/mailing/MC-2026-0001\""), "{}", page.body);
    let form = [
        ("account", AUTHOR),
        ("password", PASSWORD),
        ("next", "/mailing/MC-2026-0001"),
    ];
    let answer = post(&site.app, "/login", &[], &form).await;
    assert_eq!(answer.header("location"), "/mailing/MC-2026-0001");
}

#[tokio::test]
async fn the_cookie_is_for_this_host_and_for_secure_connections_alone() {
    let form = [("account", AUTHOR), ("password", PASSWORD)];
    let site = Site::new().await;
    let cookie = post(&site.app, "/login", &[], &form)
        .await
        .header("set-cookie")
        .to_owned();
    assert!(cookie.starts_with("__Host-bedel="), "{cookie}");
    for word in ["; HttpOnly", "; Secure", "; Path=/", "; SameSite=Lax"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let trial = Site::at("http://127.0.0.1:8080").await;
    let cookie = post(&trial.app, "/login", &[], &form)
        .await
        .header("set-cookie")
        .to_owned();
    assert!(cookie.starts_with("bedel=") && !cookie.contains("Secure"), "{cookie}");
}

#[tokio::test]
async fn a_wrong_password_and_no_account_hear_the_same() {
    let site = Site::new().await;
    let mut heard = Vec::new();
    for account in [AUTHOR, "nobody@mst.example"] {
        let answer = post(&site.app, "/login", &[], &[("account", account), ("password", "wrong")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.header("set-cookie"), "");
        heard.push(answer.body.replace(account, ""));
    }
    assert_eq!(heard.first(), heard.last());
}

#[tokio::test]
async fn after_ten_failures_the_door_stays_shut_for_a_while() {
    let site = Site::new().await;
    for _ in 0..10 {
        post(&site.app, "/login", &[], &[("account", AUTHOR), ("password", "wrong")]).await;
    }
    let right = [("account", AUTHOR), ("password", PASSWORD)];
    let answer = post(&site.app, "/login", &[], &right).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let other = [("account", REVIEWER), ("password", PASSWORD)];
    assert_eq!(
        post(&site.app, "/login", &[], &other).await.status,
        StatusCode::SEE_OTHER
    );
    site.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(
        post(&site.app, "/login", &[], &right).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_session_ends_when_idle_when_old_and_when_the_password_changes() {
    let site = Site::new().await;
    let browser = site.browser(AUTHOR).await;
    site.clock.advance(Duration::from_secs(29 * 60));
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    site.clock.advance(Duration::from_secs(29 * 60));
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    site.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER, "idle");

    let browser = site.browser(AUTHOR).await;
    for _ in 0..25 {
        site.clock.advance(Duration::from_secs(29 * 60));
        browser.get("/").await;
    }
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER, "old");

    let browser = site.browser(AUTHOR).await;
    add_account(&site.store, AUTHOR, &password::hash("another")).await;
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER, "changed");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_the_cookie() {
    let site = Site::new().await;
    let browser = site.browser(AUTHOR).await;
    let answer = browser.post("/logout", &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_form_without_our_token_or_from_another_site_is_refused_and_does_nothing() {
    let site = Site::new().await;
    let id = site.held(AUTHOR).await;
    let browser = site.browser(AUTHOR).await;
    let path = format!("/mailing/{id}/withdraw");
    let cookie = ("cookie", browser.cookie.as_str());
    for form in [vec![], vec![("csrf", "")], vec![("csrf", "guessed")]] {
        let answer = post(&site.app, &path, &[cookie], &form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let elsewhere = [cookie, ("sec-fetch-site", "cross-site")];
    let answer = post(&site.app, &path, &elsewhere, &[("csrf", &browser.csrf)]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let state = site.store.mailing(id).expect("reads").expect("is there");
    assert_eq!(state.word(), "held");
}

#[tokio::test]
async fn a_form_too_long_is_not_read() {
    let site = Site::new().await;
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let body = Body::from("password=".to_owned() + &"x".repeat(100_000));
    let answer = send(&site.app, "POST", "/login", &kind, body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_account_with_a_second_factor_wants_its_code_and_each_once() {
    let site = Site::new().await;
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let event = crate::site::event(bedel::model::Act::Account);
    let account = crate::site::address(REVIEWER);
    site.store
        .put_second_factor(&account, secret, event)
        .await
        .expect("kept");
    let with = async |code: &str| {
        let form = [("account", REVIEWER), ("password", PASSWORD), ("code", code)];
        post(&site.app, "/login", &[], &form).await
    };
    let none = with("").await;
    assert_eq!(none.status, StatusCode::FORBIDDEN);
    assert!(none.body.contains("Your account has a second factor"), "{}", none.body);
    assert_eq!(with("000000").await.status, StatusCode::FORBIDDEN);
    let code = site.code(secret);
    assert_eq!(with(&code).await.status, StatusCode::SEE_OTHER);
    assert_eq!(with(&code).await.status, StatusCode::FORBIDDEN, "a code counts once");
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_of_the_account() {
    let site = Site::new().await;
    let (here, elsewhere) = (site.browser(REVIEWER).await, site.browser(REVIEWER).await);
    let other = site.browser(STEWARD).await;
    assert_eq!(here.post("/logout/everywhere", &[]).await.status, StatusCode::SEE_OTHER);
    for gone in [&here, &elsewhere] {
        assert_eq!(gone.get("/").await.header("location"), "/login");
    }
    assert_eq!(other.get("/").await.status, StatusCode::OK);
}
