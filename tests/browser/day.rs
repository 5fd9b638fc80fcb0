//! A day of each who works with Bedel: a steward with a phone, a reviewer at the desk, an author who looks after their
//! own; a duty officer, a privacy officer, a postmaster. By the keyboard, as somebody without a mouse would.

use bedel::clock::Clock;
use bedel::password::second_factor_step;

use super::campus::{AUTHOR, Campus, OFFICER, POSTMASTER, PRIVACY, REVIEWER, STEWARD};
use super::pages::Browser;

pub(super) async fn story(browser: &Browser, campus: &Campus) {
    let first = campus.submit(AUTHOR, "The library on Sunday");
    steward(browser, campus, &first).await;
    reviewer(browser, campus, &first).await;
    author(browser, campus).await;
    browser.sign_out().await;
    officer(browser, campus).await;
    privacy(browser, campus, &first).await;
    postmaster(browser, campus).await;
}

/// One tap from the notice to the decision, and nothing to sign in to.
async fn steward(browser: &Browser, campus: &Campus, case: &str) {
    browser.narrow().await;
    let link = campus.link(STEWARD);
    browser.go(&format!("{}{link}", campus.console)).await;
    browser.see("main", "The library on Sunday").await;
    assert!(
        !browser.scrolls_sideways().await,
        "the page of a link scrolls sideways at phone width"
    );
    browser.picture("decide-phone").await;
    browser.press("button[value=approve]").await;
    browser.see("main", "Approved for the Office of the Registrar").await;
    // The back button shows it as it now is: there is nothing to approve twice.
    browser.back().await;
    browser.see("main", "The library on Sunday").await;
    assert!(!browser.has("button[value=approve]").await, "it can be approved twice");
    browser.widen().await;
    browser
        .sign_in(&campus.console, STEWARD, campus.password(STEWARD))
        .await;
    browser.see("main", case).await;
    browser.go(&format!("{}/mine", campus.console)).await;
    browser.pick("#until", "2099-12-24").await;
    browser.press("form[action='/mine/away'] button").await;
    browser.see("p.said.done", "You are away until 2099-12-24").await;
    browser.sign_out().await;
}

async fn reviewer(browser: &Browser, campus: &Campus, case: &str) {
    let two = [
        campus.submit(AUTHOR, "Parking in the north"),
        campus.submit(AUTHOR, "Parking in the south"),
    ];
    browser
        .sign_in(&campus.console, REVIEWER, campus.password(REVIEWER))
        .await;
    browser.see("main", &two[1]).await;

    // Search, tick, make one of two.
    browser.write("#q", "parking").await;
    browser.press(".sift button").await;
    browser.see("main", &two[0]).await;
    assert!(
        !browser.has(&format!("a[href='/mailing/{case}']")).await,
        "the search shows what it was not asked for"
    );
    for ticked in &two {
        browser.tick(&format!("input[value='{ticked}']")).await;
    }
    browser.press(".several summary").await;
    browser.write("#subject", "Parking this week").await;
    browser.press("button[value=combine]").await;
    browser.see("p.said.done", "2 messages are one now").await;
    browser.picture("combined").await;

    // The keys lead from row to row, and to the buttons.
    browser.keys("j").await;
    assert!(browser.focused().await.contains("/mailing/"), "j leads to no row");
    browser.go(&format!("{}/mailing/{case}", campus.console)).await;
    browser.keys("t").await;
    browser.press(":focus").await;
    browser.see("p.said.done", "It is yours").await;
    browser.press("form[action$='/test'] button").await;
    browser.see("p.said.done", "A test copy is on its way").await;

    // Put to an hour: who has approved is asked again.
    browser.press("details:has(#when) summary").await;
    browser.pick("#when", "2099-01-05T09:00").await;
    browser.press("form[action$='/schedule'] button").await;
    browser.see("p.said.done", "asked again").await;
    browser.go(&format!("{}/calendar?month=2099-01", campus.console)).await;
    browser.see("main", "The library on Sunday").await;
    browser.picture("calendar-planned").await;
    browser.go(&format!("{}/mailing/{case}", campus.console)).await;
    browser.press("details:has(#when) summary").await;
    browser.press("form[action$='/schedule'] button").await;
    browser.see("p.said.done", "as soon as it is released").await;

    // Back to its author.
    browser.press("details:has(#comment) summary").await;
    browser.write("#comment", "Say until which hour.").await;
    browser.press("form[action$='/return'] button").await;
    browser.see("section.verdict", "its author sends it anew").await;
    browser.sign_out().await;
}

/// They see where theirs stand, and take one back.
async fn author(browser: &Browser, campus: &Campus) {
    let case = campus.submit(AUTHOR, "A mistake");
    browser.sign_in(&campus.console, AUTHOR, campus.password(AUTHOR)).await;
    browser.go(&format!("{}/mine", campus.console)).await;
    browser.see("main", "its author sends it anew").await;
    browser.picture("mine").await;
    browser.go(&format!("{}/mailing/{case}", campus.console)).await;
    browser.press("details:has(form[action$='/withdraw']) summary").await;
    browser.press("form[action$='/withdraw'] button").await;
    browser.see("section.verdict", "Withdrawn").await;
}

/// They show their second factor, and are armed.
async fn officer(browser: &Browser, campus: &Campus) {
    browser
        .sign_in(&campus.console, OFFICER, campus.password(OFFICER))
        .await;
    browser.go(&format!("{}/emergency", campus.console)).await;
    browser.see("section.verdict", "Not armed").await;
    let secret = campus.enroll(OFFICER);
    browser.go(&format!("{}/emergency", campus.console)).await;
    browser.write("#code", &code(&secret)).await;
    browser.press("form[action='/emergency/arm'] button.primary").await;
    browser.see("p.said.done", "Armed for 15 minutes").await;
    browser.picture("emergency").await;
    browser.sign_out().await;
}

/// They read who has done what, and decide on nothing.
async fn privacy(browser: &Browser, campus: &Campus, case: &str) {
    browser
        .sign_in(&campus.console, PRIVACY, campus.password(PRIVACY))
        .await;
    browser.go(&format!("{}/audit", campus.console)).await;
    browser.see("main", case).await;
    browser.go(&format!("{}/mailing/{case}", campus.console)).await;
    browser.see("main", "There is no mailing").await;
    browser.go(&campus.console).await;
    browser.sign_out().await;
}

/// They see what leaves, and nothing that waits.
async fn postmaster(browser: &Browser, campus: &Campus) {
    browser
        .sign_in(&campus.console, POSTMASTER, campus.password(POSTMASTER))
        .await;
    browser.go(&format!("{}/mailings", campus.console)).await;
    browser.see("main", "Mailings").await;
    assert!(!browser.has("li.row").await, "what nobody has released is not theirs");
    browser.sign_out().await;
}

/// What an authenticator with this secret shows now.
fn code(secret: &str) -> String {
    let seconds = Clock::system().now().as_micros() / 1_000_000;
    let step = seconds.div_euclid(30);
    let mut codes = (0..1_000_000).map(|code| format!("{code:06}"));
    let now = codes.find(|code| second_factor_step(secret, code, step * 30) == Some(step));
    now.expect("there is one")
}
