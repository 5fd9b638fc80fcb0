//! What the pages show, and what they must not.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::site::{AUTHOR, MESSAGE, PRIVACY, REVIEWER, STEWARD, Site, get, post};

#[tokio::test]
async fn the_queue_has_first_what_waits_for_you() {
    let site = Site::new().await;
    let first = site.held(AUTHOR).await;
    site.clock.advance(Duration::from_secs(3 * 3600));
    let second = site.held(AUTHOR).await;
    site.desk
        .approve(second, &STEWARD.parse().expect("valid"))
        .await
        .expect("approves");
    let page = site.browser(REVIEWER).await.get("/").await;
    let (yours, others) = page.body.split_once("id=\"others\"").expect("two halves");
    assert!(yours.contains(&second.to_string()) && !yours.contains(&first.to_string()));
    assert!(others.contains(&first.to_string()) && others.contains("3 hours"));
    assert!(others.contains("Office of the Registrar") && others.contains("3 people"));
    let page = site.browser(STEWARD).await.get("/").await;
    let (yours, _) = page.body.split_once("id=\"others\"").expect("two halves");
    assert!(yours.contains(&first.to_string()));
}

#[tokio::test]
async fn a_mailing_shows_counts_and_masked_samples_and_never_an_address() {
    let site = Site::new().await;
    let id = site.held(AUTHOR).await;
    let page = site.browser(REVIEWER).await.get(&format!("/mailing/{id}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body.contains("3 people") && page.body.contains("a•••"),
        "{}",
        page.body
    );
    for hidden in ["@students.example", "zoe", "z•••"] {
        assert!(!page.body.contains(hidden), "{hidden}");
    }
    for shown in [
        "Fees &#60;are&#62; due",
        "Pay &#60;now&#62;.",
        "https://pay.example/fees",
        "policy C15",
        "held</strong>",
    ] {
        assert!(page.body.contains(shown), "{shown} in {}", page.body);
    }
}

#[tokio::test]
async fn what_is_shown_is_what_recipients_get() {
    let site = Site::new().await;
    let id = site.held(AUTHOR).await;
    let page = site.browser(REVIEWER).await.get(&format!("/mailing/{id}")).await;
    let postal_address_of_the_footer = "Rolla, MO";
    assert!(page.body.contains(postal_address_of_the_footer), "{}", page.body);
    assert!(page.body.contains("each recipient alone"));
}

#[tokio::test]
async fn a_mail_that_cannot_be_shown_can_still_be_declined() {
    let site = Site::new().await;
    let id = site.held_with(AUTHOR, "no header at all\r\n").await;
    let reviewer = site.browser(REVIEWER).await;
    let page = reviewer.get(&format!("/mailing/{id}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("The mail cannot be shown."), "{}", page.body);
    let done = reviewer
        .post(&format!("/mailing/{id}/decline"), &[("comment", "It is damaged.")])
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_html_of_a_mail_can_do_nothing() {
    let site = Site::new().await;
    let id = site.held(AUTHOR).await;
    let reviewer = site.browser(REVIEWER).await;
    let page = reviewer.get(&format!("/mailing/{id}")).await;
    assert!(page.body.contains(&format!(
        "<iframe class=\"letter \" sandbox=\"\" src=\"/mailing/{id}/html\""
    )));
    // The editorial checks quote it, as text.
    assert!(!page.body.contains("<script>alert(1)") && !page.body.contains("<img"));
    assert!(page.body.contains("&lt;script&gt;") || page.body.contains("&#60;script&#62;"));
    let frame = reviewer.get(&format!("/mailing/{id}/html")).await;
    let policy = frame.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'unsafe-inline'; sandbox;"),
        "{policy}"
    );
    assert!(frame.body.contains("<b>now</b>"));
    let with = reviewer.get(&format!("/mailing/{id}/html?pictures=on")).await;
    let policy = with.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox;"),
        "{policy}"
    );
    assert!(
        !with.body.contains("track.example"),
        "pictures that are elsewhere stay there"
    );
    assert!(
        page.body.contains("<code>track.example</code>"),
        "where they are is told"
    );
    for gone in ["<script", "onclick", "alert(1)", "track.example", "pay.example"] {
        assert!(!frame.body.contains(gone), "{gone}");
    }
    assert_eq!(
        get(&site.app, &format!("/mailing/{id}/html"), &[]).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn every_answer_bears_the_headers_that_protect_it() {
    let site = Site::new().await;
    let reviewer = site.browser(REVIEWER).await;
    for path in ["/", "/mailings", "/audit", "/login", "/no-such-page", "/mailing/x"] {
        let answer = reviewer.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'self'"),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(
            !answer.body.contains(" style=") && !answer.body.contains(" onclick="),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_style_and_the_script_may_be_kept_for_ever() {
    let site = Site::new().await;
    let page = site.browser(REVIEWER).await.get("/").await;
    for start in ["href=\"/style-", "src=\"/console-", "href=\"/icon-"] {
        let (_, rest) = page.body.split_once(start).expect("is linked");
        let name = rest.split('"').next().expect("a name");
        let path = format!("{}{name}", start.split('"').nth(1).expect("a path"));
        let answer = get(&site.app, &path, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.header("cache-control").contains("immutable"));
    }
}

#[tokio::test]
async fn mailings_are_found_by_their_state() {
    let site = Site::new().await;
    let id = site.held(AUTHOR).await;
    let author = site.browser(AUTHOR).await;
    let has = async |query: &str| {
        author
            .get(&format!("/mailings{query}"))
            .await
            .body
            .contains(&id.to_string())
    };
    assert!(has("").await && has("?state=held").await && !has("?state=closed").await);
    site.desk
        .withdraw(id, &AUTHOR.parse().expect("valid"))
        .await
        .expect("withdraws");
    assert!(has("?state=withdrawn").await && !has("?state=held").await);
    assert_eq!(author.get("/mailings?state=odd").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_trail_is_for_reviewers() {
    let site = Site::new().await;
    let id = site.held(AUTHOR).await;
    let page = site.browser(REVIEWER).await.get("/audit").await;
    assert!(
        page.body
            .contains(&format!("<strong>held</strong> <a href=\"/mailing/{id}\">")),
        "{}",
        page.body
    );
    let author = site.browser(AUTHOR).await;
    let refused = author.get("/audit").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(
        refused.body.contains("<h1>This is not open to you</h1>"),
        "{}",
        refused.body
    );
    assert!(
        !author.get("/").await.body.contains("href=\"/audit\""),
        "no link to what one may not see"
    );
}

#[tokio::test]
async fn a_page_that_is_not_there_says_so() {
    let site = Site::new().await;
    let reviewer = site.browser(REVIEWER).await;
    for path in [
        "/contacts",
        "/mailing/nonsense",
        "/mailing/MC-2026-9999",
        "/mailing/CV-2026-0001",
    ] {
        let answer = reviewer.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.body.contains("<h1>There is nothing here</h1>"), "{path}");
    }
    let answer = reviewer.post("/audit", &[]).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    for garbled in ["/mailing/%ff", "/mailings?state=held&state=sent"] {
        let answer = reviewer.get(garbled).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{garbled}");
        assert!(
            answer.body.contains("<h1>There is nothing here</h1>"),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_new_held_mailing_is_told_to_an_open_queue() {
    let site = Site::new().await;
    let reviewer = site.browser(REVIEWER).await;
    let request = Request::get("/queue/live")
        .header("cookie", &reviewer.cookie)
        .body(Body::empty());
    let response = site
        .app
        .clone()
        .oneshot(request.expect("a request"))
        .await
        .expect("an answer");
    assert!(
        response
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind == "text/event-stream")
    );
    let mut body = response.into_body();
    let mut next = async || {
        let frame = tokio::time::timeout(Duration::from_secs(2), body.frame())
            .await
            .expect("in time");
        let data = frame.expect("goes on").expect("well").into_data().expect("data");
        String::from_utf8(data.to_vec()).expect("UTF-8")
    };
    assert!(next().await.contains("Nothing waits."));
    let id = site.held(AUTHOR).await;
    assert!(next().await.contains(&id.to_string()));
}

#[tokio::test]
async fn a_page_left_open_keeps_no_session_alive() {
    let site = Site::new().await;
    let reviewer = site.browser(REVIEWER).await;
    site.clock.advance(Duration::from_secs(20 * 60));
    let request = Request::get("/queue/live")
        .header("cookie", &reviewer.cookie)
        .body(Body::empty());
    let response = site
        .app
        .clone()
        .oneshot(request.expect("a request"))
        .await
        .expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    site.clock.advance(Duration::from_secs(20 * 60));
    assert_eq!(reviewer.get("/").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_message_is_tried_and_nothing_is_taken() {
    let site = Site::new().await;
    let author = site.browser(AUTHOR).await;
    let form = author.get("/explain").await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(
        !form.body.contains("name=\"from\""),
        "only a reviewer tries as somebody else"
    );
    let tried = author
        .upload(
            "/explain",
            &[("to", "dean@mst.example"), ("at", "2026-11-24T09:00")],
            MESSAGE,
        )
        .await;
    assert_eq!(tried.status, StatusCode::OK, "{}", tried.body);
    assert!(tried.body.contains("It would be sent on at once."), "{}", tried.body);
    let list = author
        .upload("/explain", &[("to", "nolist@lists.mst.example"), ("at", "")], MESSAGE)
        .await;
    assert!(list.body.contains("It would not be taken"), "{}", list.body);
    let nobody = author.upload("/explain", &[("to", "nobody")], MESSAGE).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nobody.body.contains("There is no list"), "{}", nobody.body);
    let forged = author
        .upload("/explain", &[("csrf", "forged"), ("to", "dean@mst.example")], MESSAGE)
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert!(site.store.in_state(bedel::store::Kind::Held).expect("reads").is_empty());
}

#[tokio::test]
async fn the_queue_is_searched_and_sorted() {
    let site = Site::new().await;
    let first = site.held(AUTHOR).await;
    let second = site.held(REVIEWER).await;
    let reviewer = site.browser(REVIEWER).await;
    let found = reviewer
        .get(&format!("/?q={}", second.to_string().to_lowercase()))
        .await
        .body;
    assert!(
        found.contains(&second.to_string()) && !found.contains(&format!("/mailing/{first}\"")),
        "{found}"
    );
    let none = reviewer.get("/?whose=mine").await.body;
    assert!(!none.contains(&format!("/mailing/{first}\"")));
    let done = reviewer
        .post(
            "/queue",
            &[
                ("act", "claim"),
                ("id", &first.to_string()),
                ("id", &second.to_string()),
            ],
        )
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let mine = reviewer.get("/?whose=mine&sort=newest").await.body;
    assert!(mine.contains("You have taken on 2 mailings."), "{mine}");
    let (one, other) = (
        mine.find(&format!("/mailing/{second}\"")),
        mine.find(&format!("/mailing/{first}\"")),
    );
    assert!(one.is_some() && other.is_some(), "{mine}");
    let nothing = reviewer.post("/queue", &[("act", "claim")]).await;
    assert_eq!(nothing.status, StatusCode::SEE_OTHER);
    assert!(reviewer.get("/").await.body.contains("Tick those you mean first."));
}

#[tokio::test]
async fn several_become_one_and_each_author_is_told() {
    let site = Site::new().await;
    let text = "From: The Dean <dean@mst.example>\r\nSubject: Fees\r\n\r\nPay <now>.\r\n";
    let first = site.held_with(AUTHOR, text).await;
    let second = site.held_with(STEWARD, text).await;
    let ids = [first.to_string(), second.to_string()];
    let fields = |subject| {
        [
            ("act", "combine"),
            ("id", ids[0].as_str()),
            ("id", ids[1].as_str()),
            ("subject", subject),
        ]
    };
    let reviewer = site.browser(REVIEWER).await;
    reviewer.post("/queue", &fields("")).await;
    assert!(
        reviewer
            .get("/")
            .await
            .body
            .contains("Say what the subject of the whole is.")
    );
    reviewer.post("/queue", &fields("News of the week")).await;
    let queue = reviewer.get("/").await.body;
    assert!(queue.contains("2 messages are one now"), "{queue}");
    assert!(queue.contains("News of the week"), "{queue}");
    for id in [first, second] {
        let page = reviewer.get(&format!("/mailing/{id}")).await.body;
        assert!(page.contains("combined into MC-2026-"), "{page}");
    }
    reviewer.post("/queue", &fields("Again")).await;
    assert!(
        reviewer.get("/").await.body.contains("class=\"said refused\""),
        "what has ended is not combined again"
    );
}

#[tokio::test]
async fn a_link_decides_once_and_only_for_what_it_was() {
    let site = Site::new().await;
    let id = site.held(AUTHOR).await;
    let link = site.link(id, STEWARD);
    let looked = get(&site.app, &link, &[]).await;
    assert_eq!(looked.status, StatusCode::OK, "{}", looked.body);
    assert!(
        looked.body.contains("Approve the use of the audience"),
        "{}",
        looked.body
    );
    assert!(!looked.body.contains("value=\"release\""), "a steward does not release");
    assert_eq!(looked.header("referrer-policy"), "no-referrer");
    assert_eq!(site.word(id), "held");
    let frame = get(&site.app, &format!("{link}/html"), &[]).await;
    assert!(frame.header("content-security-policy").contains("sandbox"));

    let done = post(&site.app, &link, &[], &[("act", "approve")]).await;
    assert!(
        done.body.contains("Approved for the Office of the Registrar."),
        "{}",
        done.body
    );
    let again = post(&site.app, &link, &[], &[("act", "approve")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.body.contains("Already approved by"), "{}", again.body);
    let release = post(&site.app, &link, &[], &[("act", "release")]).await;
    assert_eq!(release.status, StatusCode::FORBIDDEN);

    let reviewer = site.browser(REVIEWER).await;
    let when = [("comment", "2099-01-05T09:00")];
    assert_eq!(
        reviewer.post(&format!("/mailing/{id}/schedule"), &when).await.status,
        StatusCode::SEE_OTHER
    );
    let void = get(&site.app, &link, &[]).await;
    assert_eq!(void.status, StatusCode::GONE, "what it was for has changed");
    let forged = get(&site.app, &format!("{}a", site.link(id, STEWARD)), &[]).await;
    assert_eq!(forged.status, StatusCode::GONE);
    let stranger = get(&site.app, &site.link(id, "nobody@mst.example"), &[]).await;
    assert_eq!(stranger.status, StatusCode::GONE, "who may not see it has no link");
}

#[tokio::test]
async fn an_author_sees_their_own_and_everybody_the_calendar() {
    let site = Site::new().await;
    let own = site.held(AUTHOR).await;
    let other = site.held(REVIEWER).await;
    let author = site.browser(AUTHOR).await;
    let mine = author.get("/mine").await.body;
    assert!(
        mine.contains(&own.to_string()) && !mine.contains(&other.to_string()),
        "{mine}"
    );
    assert!(mine.contains("Waits for the approval of"), "{mine}");
    let reviewer = site.browser(REVIEWER).await;
    reviewer
        .post(&format!("/mailing/{own}/schedule"), &[("comment", "2099-01-05T09:00")])
        .await;
    let calendar = reviewer.get("/calendar?month=2099-01").await;
    assert_eq!(calendar.status, StatusCode::OK);
    assert!(calendar.body.contains("January 2099") && calendar.body.contains(&format!("/mailing/{own}")));
    assert!(
        !reviewer
            .get("/calendar?month=2099-02")
            .await
            .body
            .contains(&format!("/mailing/{own}"))
    );
    assert_eq!(reviewer.get("/calendar?month=soon").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_has_changed_is_shown_line_by_line() {
    let site = Site::new().await;
    let text = "From: The Dean <dean@mst.example>\r\nSubject: Fees\r\n\r\nPay in room 9.\r\nThank you.\r\n";
    let id = site.held_with(AUTHOR, text).await;
    let reviewer = site.browser(REVIEWER).await;
    let edit = [("before", "room 9"), ("after", "room 10 & 11")];
    assert_eq!(
        reviewer.post(&format!("/mailing/{id}/edit"), &edit).await.status,
        StatusCode::SEE_OTHER
    );
    let page = reviewer.get(&format!("/mailing/{id}?since=1")).await.body;
    assert!(
        page.contains("Version 2") && page.contains("<del>Pay in room 9.</del>"),
        "{page}"
    );
    assert!(page.contains("<ins>Pay in room 10 &#38; 11.</ins>"), "{page}");
    let author = site.browser(AUTHOR).await;
    assert!(
        author
            .get(&format!("/mailing/{id}"))
            .await
            .body
            .contains("I agree to the change")
    );
    assert_eq!(
        author.post(&format!("/mailing/{id}/agree"), &[]).await.status,
        StatusCode::SEE_OTHER
    );
    let again = author.post(&format!("/mailing/{id}/agree"), &[]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn who_is_away_says_so_and_is_back_by_saying_nothing() {
    let site = Site::new().await;
    let steward = site.browser(STEWARD).await;
    let account = crate::site::address(STEWARD);
    let away = || site.store.is_away(&account, site.clock.now()).expect("reads");
    steward.post("/mine/away", &[("comment", "2099-12-24")]).await;
    assert!(away());
    assert!(
        steward
            .get("/mine")
            .await
            .body
            .contains("You are away until 2099-12-24")
    );
    steward.post("/mine/away", &[("comment", "Christmas")]).await;
    assert!(steward.get("/mine").await.body.contains("is no day"));
    steward.post("/mine/away", &[("comment", "")]).await;
    assert!(!away());
    let author = site.browser(AUTHOR).await;
    assert!(
        !author.get("/mine").await.body.contains("Away until"),
        "who answers for nothing has no deputies"
    );
}

#[tokio::test]
async fn the_trail_is_for_reviewers_and_those_who_watch_over_contact_data() {
    let site = Site::new().await;
    for (account, status) in [(REVIEWER, 200), (PRIVACY, 200), (STEWARD, 403), (AUTHOR, 403)] {
        let browser = site.browser(account).await;
        assert_eq!(browser.get("/audit").await.status.as_u16(), status, "{account}");
        let menu = browser.get("/mine").await.body;
        assert_eq!(menu.contains("href=\"/audit\""), status == 200, "{account}");
    }
}

/// Policy C4, C11: whoever releases sees before when the copies would leave, by provider.
#[tokio::test]
async fn a_plan_says_when_the_copies_would_leave_and_where_they_are_read() {
    let site = Site::new().await;
    let id = site.held(AUTHOR).await;
    let page = site.browser(REVIEWER).await.get(&format!("/mailing/{id}")).await;
    let (_, plan) = page.body.split_once("<h2 id=\"plan\">").expect("a plan");
    let (plan, _) = plan.split_once("</section>").expect("its end");
    for shown in [
        "Released now they begin at once",
        "other domains",
        ">3<",
        "200 a second",
        "<time datetime=",
    ] {
        assert!(plan.contains(shown), "{shown} in {plan}");
    }
    assert!(!plan.contains("go first"), "three people need no slice: {plan}");
    assert!(!plan.contains("students.example"), "no domain of theirs: {plan}");
}

/// Policy C11: what is released for later has a plan for later.
#[tokio::test]
async fn the_plan_of_what_is_released_for_later_begins_later() {
    let site = Site::new().await;
    let page = format!("/mailing/{}", site.held(AUTHOR).await);
    let (steward, reviewer) = (site.browser(STEWARD).await, site.browser(REVIEWER).await);
    let when = [("comment", "2026-11-25T10:00")];
    reviewer.post(&format!("{page}/schedule"), &when).await;
    steward.post(&format!("{page}/approve"), &[]).await;
    reviewer.post(&format!("{page}/release"), &[]).await;
    let released = reviewer.get(&page).await.body;
    let (_, plan) = released.split_once("<h2 id=\"plan\">").expect("a plan");
    let (begins, _) = plan.split_once("</p>").expect("a sentence");
    assert!(
        begins.contains("They begin on") && begins.contains("25 Nov 2026 10:00"),
        "{begins}"
    );
}
