//! A browser, driven as people would: sign in, the queue, approve, release. Chromium against the running program.
//!
//! Without a chromedriver there is nothing to drive, and the test says so and passes; where `BEDEL_TESTS=all` is set, as
//! `tests/run` does, that is a failure. Pictures of each page are left in `target/browser/`.

#![expect(clippy::panic, reason = "a test fails by panicking")]

mod accessible;
mod campus;
mod day;
mod hostile;
mod pages;

use std::time::Duration;

use futures_util::FutureExt as _;

use campus::{AUTHOR, Campus, REVIEWER, STEWARD};
use pages::Browser;

#[tokio::test(flavor = "multi_thread")]
async fn a_mailing_walks_from_the_queue_to_its_recipients() {
    tell("light", async |browser, campus| story(browser, campus).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_kept_from_a_page_by_light() {
    tell("light", async |browser, campus| {
        accessible::story(browser, campus, "light").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_kept_from_a_page_by_dark() {
    tell("dark", async |browser, campus| {
        accessible::story(browser, campus, "dark").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_has_a_day_of_work() {
    tell("light", async |browser, campus| day::story(browser, campus).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_message_does_nothing() {
    tell("light", async |browser, campus| hostile::story(browser, campus).await).await;
}

/// A story with a browser and a campus of its own; the browser is closed however it ends.
async fn tell(theme: &str, story: impl AsyncFnOnce(&Browser, &Campus)) {
    let Some(browser) = Browser::open(theme).await else {
        return;
    };
    let campus = Campus::open();
    let told = std::panic::AssertUnwindSafe(story(&browser, &campus)).catch_unwind();
    let told = tokio::time::timeout(Duration::from_secs(300), told).await;
    browser.close().await;
    if let Err(panicked) = told.expect("the story ends in five minutes") {
        std::panic::resume_unwind(panicked);
    }
}

async fn story(browser: &Browser, campus: &Campus) {
    wrong_password(browser, campus).await;
    let case = held_and_seen_at_once(browser, campus).await;
    approved(browser, campus, &case).await;
    released(browser, campus, &case).await;
    tried(browser, campus).await;
    not_their_own(browser, campus).await;
    on_a_phone(browser, campus, &case).await;
}

async fn wrong_password(browser: &Browser, campus: &Campus) {
    browser.sign_in(&campus.console, STEWARD, "a wrong password").await;
    browser.see("#refused", "").await;
    browser.picture("login").await;
}

/// It appears in the queue by itself, while the steward looks at it.
async fn held_and_seen_at_once(browser: &Browser, campus: &Campus) -> String {
    browser
        .sign_in(&campus.console, STEWARD, campus.password(STEWARD))
        .await;
    browser.see("main", "Queue").await;
    let case = campus.submit(AUTHOR, "Commencement on Saturday");
    browser.see("main", &case).await;
    browser.picture("queue").await;
    case
}

async fn approved(browser: &Browser, campus: &Campus, case: &str) {
    browser.go(&format!("{}/mailing/{case}", campus.console)).await;
    browser.see("main", "Commencement on Saturday").await;
    browser.see("main", "You get this as one of the students").await;
    let frame = browser.attribute("iframe", "sandbox").await;
    assert_eq!(
        frame.as_deref(),
        Some(""),
        "held HTML is in a sandbox that allows nothing"
    );
    assert!(
        !browser.title().await.contains("taken over"),
        "a script of a held message ran"
    );
    browser.picture("mailing").await;
    browser.press("form[action$='/approve'] button").await;
    browser
        .see("p.said.done", "Approved for the Office of the Registrar")
        .await;
    browser.sign_out().await;
}

async fn released(browser: &Browser, campus: &Campus, case: &str) {
    browser
        .sign_in(&campus.console, REVIEWER, campus.password(REVIEWER))
        .await;
    browser.see("main", case).await;
    browser.go(&format!("{}/mailing/{case}", campus.console)).await;
    // The message has a script in it, which the editorial checks block.
    browser.press("details:has(#despite) summary").await;
    browser.write("#despite", "a drill of the release").await;
    browser.press("form[action$='/release'] button").await;
    browser.see("p.said.done", "Released").await;
    browser.picture("sending").await;
    browser.see("section.verdict", "Sent").await;
    browser.picture("closed").await;
    for page in ["mailings", "audit"] {
        browser.go(&format!("{}/{page}", campus.console)).await;
        browser.see("main", case).await;
        browser.picture(page).await;
    }
}

/// An .eml file is tried before anybody sends it.
async fn tried(browser: &Browser, campus: &Campus) {
    let file = tempfile::Builder::new().suffix(".eml").tempfile().expect("a file");
    let message = "From: Deans <dean@mst.example>\r\nSubject: URGENT!! read this\r\n\r\n\
                   Click here: http://bit.ly/fees\r\nCall me, MST\r\n";
    std::fs::write(file.path(), message).expect("writes");
    browser.go(&format!("{}/explain", campus.console)).await;
    browser.write("#message", &file.path().to_string_lossy()).await;
    browser.write("#to", campus::LIST).await;
    browser.press("form[action='/explain'] button").await;
    browser.see("section.verdict", "Office of the Registrar").await;
    browser.see("main", "nobody sees where a shortened link goes").await;
    browser.picture("explain").await;
}

/// Law 2: the page says why, and offers no button.
async fn not_their_own(browser: &Browser, campus: &Campus) {
    let case = campus.submit(REVIEWER, "My own message");
    campus.approve(&case);
    browser.go(&format!("{}/mailing/{case}", campus.console)).await;
    browser
        .see("p.why-not", "nobody releases a message they submitted themselves")
        .await;
    assert!(
        !browser.has("form[action$='/release']").await,
        "a reviewer is offered to release their own message"
    );
}

async fn on_a_phone(browser: &Browser, campus: &Campus, case: &str) {
    browser.narrow().await;
    for page in [
        "",
        "mailings",
        "audit",
        "explain",
        "calendar",
        "mine",
        "monitor",
        &format!("mailing/{case}"),
        "login",
    ] {
        browser.go(&format!("{}/{page}", campus.console)).await;
        assert!(
            !browser.scrolls_sideways().await,
            "/{page} scrolls sideways at phone width"
        );
    }
    browser.go(&format!("{}/mailing/{case}", campus.console)).await;
    browser.picture("phone").await;
}
