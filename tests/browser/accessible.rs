//! Every page, light and dark, looked at by axe-core: nothing that keeps somebody from using it. WCAG 2.1 AA. And on a
//! phone, where none scrolls sideways.

use std::path::Path;

use super::campus::{AUTHOR, Campus, OFFICER, PRIVACY, REVIEWER, STEWARD};
use super::pages::Browser;

/// Where `tests/run` puts axe-core.
const AXE: &str = "target/axe/node_modules/axe-core/axe.min.js";

pub(super) async fn story(browser: &Browser, campus: &Campus, theme: &str) {
    let Some(axe) = axe() else { return };
    let case = campus.submit(AUTHOR, "Commencement");
    // Who approves before they are told is told nothing.
    let link = campus.link(STEWARD);
    campus.approve(&case);
    let look = async |page: &str, name: &str| {
        browser.go(&format!("{}{page}", campus.console)).await;
        let found = browser.violations(&axe).await;
        assert!(found.is_empty(), "{theme} {page}: {found:#?}");
        browser.whole(&format!("{name}-{theme}")).await;
        browser.narrow().await;
        assert!(!browser.scrolls_sideways().await, "{theme} {page} scrolls sideways");
        browser.whole(&format!("{name}-{theme}-phone")).await;
        browser.widen().await;
    };
    look("/login", "login").await;
    look(&link, "decide").await;
    browser
        .sign_in(&campus.console, REVIEWER, campus.password(REVIEWER))
        .await;
    browser.see("main", &case).await;
    menu(browser, &axe, theme).await;
    // A version, so that the page has a diff; and all its forms unfolded.
    browser.go(&format!("{}/mailing/{case}", campus.console)).await;
    browser.press("details:has(#before) summary").await;
    browser.write("#before", "ten").await;
    browser.write("#after", "eleven").await;
    browser.press("form[action$='/edit']:has(#before) button").await;
    browser.see("p.said.done", "Changed").await;
    browser.unfold().await;
    let found = browser.violations(&axe).await;
    assert!(found.is_empty(), "{theme} a mailing, unfolded: {found:#?}");
    // One whose first copies have left while the rest waits.
    let leaving = campus.submit(AUTHOR, "Parking on Friday");
    campus.approve(&leaving);
    campus.release(&leaving);
    browser.go(&format!("{}/monitor", campus.console)).await;
    browser.see("main", &leaving).await;
    browser.see("article figure", "accepted").await;
    browser.see("article table", "other domains").await;
    let mailing = format!("/mailing/{case}?look=phone");
    let pages = [
        ("/", "queue"),
        (mailing.as_str(), "review"),
        ("/mailings", "mailings"),
        ("/calendar", "calendar"),
        ("/mine", "mine"),
        ("/monitor", "monitor"),
        ("/explain", "explain"),
        ("/audit", "audit"),
        ("/audience?affiliation=student", "audience"),
        ("/nowhere", "nowhere"),
    ];
    for (page, name) in pages {
        look(page, name).await;
    }
    browser.go(&campus.console).await;
    browser.sign_out().await;
    browser.sign_in(&campus.console, AUTHOR, campus.password(AUTHOR)).await;
    browser.see("main", "Queue").await;
    look("/mine", "yours").await;
    browser.sign_out().await;
    browser
        .sign_in(&campus.console, OFFICER, campus.password(OFFICER))
        .await;
    campus.enroll(OFFICER);
    look("/emergency", "emergency").await;
    browser.go(&format!("{}/preferences", campus.public)).await;
    let found = browser.violations(&axe).await;
    assert!(found.is_empty(), "{theme} the public pages: {found:#?}");
    browser.whole(&format!("preferences-{theme}")).await;
    own(browser, campus, &axe, theme).await;
    month(browser, campus, &axe, theme).await;
}

/// What is folded away in the menu, opened and folded by keys; the menu itself has one line.
async fn menu(browser: &Browser, axe: &str, theme: &str) {
    let top = browser.sizes("header.top").await;
    assert!(
        top.iter().all(|(_, height)| *height < 70),
        "{theme} the menu has two lines: {top:?}"
    );
    browser.press(".more summary").await;
    browser.see(".more", "Audit trail").await;
    let found = browser.violations(axe).await;
    assert!(found.is_empty(), "{theme} the menu, unfolded: {found:#?}");
    browser.picture(&format!("menu-{theme}")).await;
    browser.narrow().await;
    assert!(!browser.scrolls_sideways().await, "{theme} the menu scrolls sideways");
    browser.picture(&format!("menu-{theme}-phone")).await;
    browser.widen().await;
    browser.write(".more a", "\u{E00C}").await;
    assert!(!browser.has(".more[open]").await, "{theme} the menu stays unfolded");
}

/// One's own page, by the link of a copy: on a phone, where most read it.
async fn own(browser: &Browser, campus: &Campus, axe: &str, theme: &str) {
    let case = campus.submit(AUTHOR, "The library is open on Sunday");
    campus.approve(&case);
    campus.release(&case);
    let (page, address) = campus.own();
    browser.go(&format!("{}{page}", campus.public)).await;
    browser.see("main", &address).await;
    let found = browser.violations(axe).await;
    assert!(found.is_empty(), "{theme} one's own page: {found:#?}");
    browser.whole(&format!("own-{theme}")).await;
    browser.narrow().await;
    assert!(
        !browser.scrolls_sideways().await,
        "{theme} one's own page scrolls sideways"
    );
    browser.press("form:has([value='choose']) button").await;
    browser.see("p.said.done", "Your choices are kept").await;
    browser.press("form:has([value='nothing']) button").await;
    browser.see("p.said.done", "You get no further mailings").await;
    browser.press("form:has([value='everything']) button").await;
    browser.see("p.said.done", "You get it again").await;
    browser.press("form:has([value='erase']) button").await;
    browser.see("p.said.done", "The privacy officer has been told").await;
    browser.whole(&format!("own-{theme}-phone")).await;
    browser.widen().await;
    looked_up(browser, campus, axe, theme, &address).await;
}

/// The report of a month in which something went out, somebody wanted no more, and somebody else sent in our name.
async fn month(browser: &Browser, campus: &Campus, axe: &str, theme: &str) {
    campus.tell_of_a_stranger();
    browser
        .sign_in(&campus.console, REVIEWER, campus.password(REVIEWER))
        .await;
    browser.see("main", "Queue").await;
    for _ in 0..50 {
        browser.go(&format!("{}/report", campus.console)).await;
        if browser.has("table th small").await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    browser.see("main", "news.example").await;
    browser.see("main", "0.3 %: never reach").await;
    let found = browser.violations(axe).await;
    assert!(found.is_empty(), "{theme} the report of a month: {found:#?}");
    browser.whole(&format!("report-{theme}")).await;
    browser.narrow().await;
    assert!(
        !browser.scrolls_sideways().await,
        "{theme} the report of a month scrolls sideways"
    );
    browser.whole(&format!("report-{theme}-phone")).await;
    browser.widen().await;
    browser.go(&format!("{}/monitor/domains", campus.console)).await;
    browser.see("main", "news.example").await;
    let found = browser.violations(axe).await;
    assert!(found.is_empty(), "{theme} our domains: {found:#?}");
    browser.whole(&format!("domains-{theme}")).await;
}

/// axe-core; `None`, with a word, where it is not and not demanded.
fn axe() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(AXE);
    let axe = std::fs::read_to_string(path).ok();
    if axe.is_none() {
        super::pages::skipped("there is no axe-core (tests/run installs it)");
    }
    axe
}

/// One person, as the privacy officer looks them up.
async fn looked_up(browser: &Browser, campus: &Campus, axe: &str, theme: &str, address: &str) {
    browser.go(&campus.console).await;
    browser.sign_out().await;
    browser
        .sign_in(&campus.console, PRIVACY, campus.password(PRIVACY))
        .await;
    browser.go(&format!("{}/people", campus.console)).await;
    browser.write("#whom", address).await;
    browser.write("#reason", "asked by letter what we hold").await;
    browser.write("#audience", "students").await;
    browser.press("form[action='/people'] button").await;
    browser.see("section.verdict", address).await;
    browser.see("section.verdict", "which matches").await;
    let found = browser.violations(axe).await;
    assert!(found.is_empty(), "{theme} one person: {found:#?}");
    browser.whole(&format!("people-{theme}")).await;
    browser.narrow().await;
    assert!(!browser.scrolls_sideways().await, "{theme} one person scrolls sideways");
    browser.widen().await;
    // It is counted while they type; no button is pressed.
    browser.go(&format!("{}/audience", campus.console)).await;
    browser.write("#affiliation", "student").await;
    browser.see("#counted", "people (affiliation student)").await;
}
