//! What people do to a mailing, and what they are told when they may not.

use axum::http::StatusCode;

use crate::site::{AUTHOR, REVIEWER, STEWARD, STRANGER, Site};

fn word(site: &Site, id: bedel::model::MailingId) -> &'static str {
    site.store.mailing(id).expect("reads").expect("is there").word()
}

#[tokio::test]
async fn a_steward_approves_then_a_reviewer_releases() {
    let site = Site::new().await;
    let id = site.held(AUTHOR).await;
    let page = format!("/mailing/{id}");
    let steward = site.browser(STEWARD).await;
    let reviewer = site.browser(REVIEWER).await;

    let early = reviewer.get(&page).await;
    assert!(
        !early.body.contains("Release to"),
        "no button while an approval is wanting"
    );
    assert!(
        early
            .body
            .contains("You cannot release it: still wanting the approval of: Office of the Registrar")
    );
    let refused = reviewer.post(&format!("{page}/release"), &[]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused
            .body
            .contains("Still wanting the approval of: Office of the Registrar."),
        "{}",
        refused.body
    );
    assert_eq!(word(&site, id), "held");

    let done = steward.post(&format!("{page}/approve"), &[]).await;
    assert_eq!(
        (done.status, done.header("location")),
        (StatusCode::SEE_OTHER, page.as_str())
    );
    let shown = steward.get(&page).await;
    assert!(
        shown.body.contains("Approved for the Office of the Registrar."),
        "{}",
        shown.body
    );
    assert!(
        !steward.get(&page).await.body.contains("class=\"said"),
        "a sentence is said once"
    );

    let ready = reviewer.get(&page).await;
    assert!(ready.body.contains("Release to 3 people"), "{}", ready.body);
    let unfit = reviewer.post(&format!("{page}/release"), &[]).await;
    assert_eq!(unfit.status, StatusCode::CONFLICT);
    assert!(unfit.body.contains("The editorial checks block it"), "{}", unfit.body);
    assert_eq!(word(&site, id), "held");
    let done = reviewer
        .post(&format!("{page}/release"), &[("despite", "a drill")])
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(word(&site, id), "released");
    let trail = reviewer.get(&page).await.body;
    assert!(trail.contains("(house style 1): a drill"), "{trail}");

    let again = reviewer.post(&format!("{page}/release"), &[]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(
        again.body.contains("already released by emarcomm@mst.example"),
        "{}",
        again.body
    );
}

#[tokio::test]
async fn nobody_releases_their_own_message() {
    let site = Site::new().await;
    let id = site.held(REVIEWER).await;
    site.desk
        .approve(id, &STEWARD.parse().expect("valid"))
        .await
        .expect("approves");
    let reviewer = site.browser(REVIEWER).await;
    let page = reviewer.get(&format!("/mailing/{id}")).await;
    assert!(!page.body.contains("Release to"));
    let refused = reviewer.post(&format!("/mailing/{id}/release"), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let sentence = "Nobody releases a message they submitted themselves; another reviewer must release it.";
    assert!(refused.body.contains(sentence), "{}", refused.body);
    assert_eq!(word(&site, id), "held");
}

#[tokio::test]
async fn a_return_says_why_and_what_was_written_is_not_lost() {
    let site = Site::new().await;
    let id = site.held(AUTHOR).await;
    let reviewer = site.browser(REVIEWER).await;
    let path = format!("/mailing/{id}/return");
    let refused = reviewer.post(&path, &[("comment", "  ")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.body.contains("Say why: the author is sent your comment."),
        "{}",
        refused.body
    );
    let long = "x".repeat(4_001);
    let refused = reviewer.post(&path, &[("comment", &long)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains(&long), "what was written is still there");
    let done = reviewer.post(&path, &[("comment", "Shorter, & <kinder>.")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(word(&site, id), "returned");
    let author = site.browser(AUTHOR).await;
    let page = author.get(&format!("/mailing/{id}")).await;
    assert!(page.body.contains("Shorter, &#38; &#60;kinder&#62;."), "{}", page.body);
}

#[tokio::test]
async fn an_author_withdraws_and_does_nothing_else() {
    let site = Site::new().await;
    let id = site.held(AUTHOR).await;
    let author = site.browser(AUTHOR).await;
    for act in ["approve", "release", "return", "decline", "pause", "resume", "stop"] {
        let refused = author
            .post(&format!("/mailing/{id}/{act}"), &[("comment", "please")])
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{act}: {}", refused.body);
    }
    assert_eq!(
        author.post(&format!("/mailing/{id}/forget"), &[]).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(word(&site, id), "held");
    assert_eq!(
        author.post(&format!("/mailing/{id}/withdraw"), &[]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(word(&site, id), "withdrawn");
}

#[tokio::test]
async fn who_may_not_see_a_mailing_hears_that_there_is_none() {
    let site = Site::new().await;
    let id = site.held(AUTHOR).await;
    let stranger = site.browser(STRANGER).await;
    for path in ["", "/html", "/live"] {
        let answer = stranger.get(&format!("/mailing/{id}{path}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.body.contains("Fees"));
    }
    for path in ["/", "/mailings"] {
        let body = stranger.get(path).await.body;
        assert!(!body.contains("Fees"), "{path}: {body}");
    }
    let acted = stranger.post(&format!("/mailing/{id}/withdraw"), &[]).await;
    assert_eq!(acted.status, StatusCode::NOT_FOUND);
    assert_eq!(word(&site, id), "held");
}

#[tokio::test]
async fn two_who_release_at_once_have_one_effect() {
    let site = Site::new().await;
    let text = "From: The Dean <dean@mst.example>\r\nSubject: Fees\r\n\r\nPay.\r\n";
    let id = site.held_with(AUTHOR, text).await;
    let (steward, reviewer) = (site.browser(STEWARD).await, site.browser(REVIEWER).await);
    let approve = format!("/mailing/{id}/approve");
    let (one, other) = tokio::join!(steward.post(&approve, &[]), steward.post(&approve, &[]));
    let mut answers = [one.status, other.status];
    answers.sort();
    assert_eq!(answers, [StatusCode::SEE_OTHER, StatusCode::CONFLICT]);
    let late = if one.status == StatusCode::CONFLICT { one } else { other };
    let words = ["already approved by", "has just changed it"];
    assert!(
        words.iter().any(|word| late.body.to_lowercase().contains(word)),
        "{}",
        late.body
    );

    let release = format!("/mailing/{id}/release");
    let all = futures_util::future::join_all((0..8).map(|_| reviewer.post(&release, &[]))).await;
    let done = all
        .iter()
        .filter(|answer| answer.status == StatusCode::SEE_OTHER)
        .count();
    let told = all
        .iter()
        .filter(|answer| answer.status == StatusCode::CONFLICT)
        .count();
    assert_eq!((done, told), (1, 7));
    let trail = reviewer.get(&format!("/mailing/{id}")).await.body;
    assert_eq!(trail.matches("<strong>released</strong>").count(), 1);
}

/// Law 3: a yes is to what was looked at.
#[tokio::test]
async fn who_has_looked_at_another_version_looks_again() {
    let site = Site::new().await;
    let text = "From: The Dean <dean@mst.example>\r\nSubject: Fees\r\n\r\nPay in room 9.\r\n";
    let id = site.held_with(AUTHOR, text).await;
    let (steward, reviewer) = (site.browser(STEWARD).await, site.browser(REVIEWER).await);
    let page = steward.get(&format!("/mailing/{id}")).await.body;
    let seen = page
        .split("name=\"seen\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let seen = seen.expect("the page says what is looked at").to_owned();
    let edit = [("before", "room 9"), ("after", "room 10")];
    reviewer.post(&format!("/mailing/{id}/edit"), &edit).await;
    let approve = format!("/mailing/{id}/approve");
    let late = steward.post(&approve, &[("seen", &seen)]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(
        late.body.contains("It has changed since you looked at it"),
        "{}",
        late.body
    );
    let page = steward.get(&format!("/mailing/{id}")).await.body;
    let seen = page
        .split("name=\"seen\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let done = steward.post(&approve, &[("seen", seen.expect("another"))]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
}
