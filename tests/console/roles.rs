//! Duty officer and postmaster: each has a page or an act of their own, and nothing of the others'.

use axum::http::StatusCode;
use bedel::model::Act;

use crate::site::{AUTHOR, OFFICER, POSTMASTER, REVIEWER, STEWARD, STRANGER, Site, address, event};

/// Policy C17.
#[tokio::test]
async fn a_duty_officer_arms_with_the_code_of_now_and_once() {
    let site = Site::new().await;
    let officer = site.browser(OFFICER).await;
    let page = officer.get("/emergency").await.body;
    assert!(
        page.contains("Not armed") && page.contains("bedel emergency enroll"),
        "{page}"
    );
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let (account, event) = (address(OFFICER), event(Act::Account));
    let kept = site.store.put_second_factor(&account, secret, event).await;
    kept.expect("kept");
    let arm = async |code: &str| {
        let done = officer.post("/emergency/arm", &[("comment", code)]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        officer.get("/emergency").await.body
    };
    assert!(arm("000000").await.contains("That is not the code of now."));
    let code = site.code(secret);
    let armed = arm(&code).await;
    assert!(
        armed.contains("Armed for 15 minutes") && armed.contains("to everybody on it"),
        "{armed}"
    );
    assert!(
        arm(&code).await.contains("That code has been used"),
        "a code counts once"
    );
    site.clock.advance(std::time::Duration::from_secs(16 * 60));
    assert!(officer.get("/emergency").await.body.contains("Not armed"));
    let drill = officer
        .post("/emergency/drill", &[("comment", &site.code(secret))])
        .await;
    assert_eq!(drill.status, StatusCode::SEE_OTHER);
    assert!(officer.get("/emergency").await.body.contains("Nobody practises"));
    for other in [REVIEWER, STEWARD, AUTHOR, POSTMASTER] {
        let browser = site.browser(other).await;
        assert_eq!(browser.get("/emergency").await.status, StatusCode::NOT_FOUND, "{other}");
        let armed = browser.post("/emergency/arm", &[("comment", &code)]).await;
        assert_eq!(armed.status, StatusCode::NOT_FOUND, "{other}");
        assert!(
            !browser.get("/mine").await.body.contains("href=\"/emergency\""),
            "{other}"
        );
    }
}

#[tokio::test]
async fn a_postmaster_holds_back_what_is_leaving_and_decides_on_nothing() {
    let site = Site::new().await;
    let text = "From: The Dean <dean@mst.example>\r\nSubject: Fees\r\n\r\nPay.\r\n";
    let id = site.held_with(AUTHOR, text).await;
    let postmaster = site.browser(POSTMASTER).await;
    let page = format!("/mailing/{id}");
    assert_eq!(
        postmaster.get(&page).await.status,
        StatusCode::NOT_FOUND,
        "what is held is not theirs"
    );
    let (steward, reviewer) = (site.browser(STEWARD).await, site.browser(REVIEWER).await);
    steward.post(&format!("{page}/approve"), &[]).await;
    reviewer.post(&format!("{page}/release"), &[]).await;
    site.expand().await;
    assert_eq!(site.word(id), "expanded");
    assert!(postmaster.get("/mailings").await.body.contains(&id.to_string()));
    let said = async |act: &str| {
        let done = postmaster.post(&format!("{page}/{act}"), &[]).await;
        (done.status, postmaster.get(&page).await.body)
    };
    let (status, body) = said("pause").await;
    assert!(
        status == StatusCode::SEE_OTHER && body.contains("No further copy leaves"),
        "{body}"
    );
    assert_eq!(
        said("stop").await.0,
        StatusCode::FORBIDDEN,
        "for good is a reviewer's word"
    );
    let (status, body) = said("resume").await;
    assert!(status == StatusCode::SEE_OTHER && body.contains("Resumed."), "{body}");
    assert_eq!(
        site.browser(STRANGER).await.get(&page).await.status,
        StatusCode::NOT_FOUND
    );
}
