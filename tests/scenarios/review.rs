//! A case on its way to a decision: versions, approvals that bind, answers by mail, reminders. Policy C9, C11, C14, C15.

use std::time::Duration;

use serde_json::{Value, json};

use crate::campus::{Campus, Letter, case, list};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const TEXT: &str = "Dear students,\n\nthe adviser is in room 9.\n\nOffice of the Dean, dean@mst.example";

fn letter() -> Letter {
    Letter::new("Where to find help", TEXT)
}

async fn held(campus: &Campus, to: &[String]) -> String {
    let reply = campus.submit("author", to, &letter()).await;
    let case = case(&reply);
    // Its author has the notice, and can answer it.
    campus.reaches("author@", 1).await;
    case
}

#[tokio::test]
async fn what_is_returned_comes_back_under_its_number_and_is_approved_anew() {
    let campus = Campus::open().await;
    campus.students(1).await;
    let case = held(&campus, &list("students")).await;
    campus
        .act(&case, "approve", "records", &json!({}))
        .await
        .expect("approved");
    campus.reaches("author@", 2).await;
    let why = json!({ "comment": "Name the building." });
    campus.act(&case, "return", "emarcomm", &why).await.expect("returned");
    assert_eq!(campus.mailing(&case).await["state"], "returned");
    let early = campus.act(&case, "release", "emarcomm", &json!({})).await;
    assert!(
        early
            .expect_err("it is its author's turn")
            .contains("waits for a changed version")
    );
    campus.reaches("author@", 3).await;

    let changed = TEXT.replace("room 9", "room 9 of the north building");
    let reply = campus.answer("author", &changed).await;
    assert!(reply.contains(&format!("{case}, version 2")), "{reply}");
    let now = campus.mailing(&case).await;
    assert_eq!((&now["state"], &now["version"]), (&json!("held"), &json!(2)), "{now}");
    assert!(
        now["wanting"].to_string().contains("Registrar"),
        "the approval was of another text: {now}"
    );
    campus
        .until("the steward hears that it has changed", async || {
            campus
                .got("records@")
                .iter()
                .any(|(_, notice)| notice.contains("which you had approved"))
        })
        .await;
    assert_eq!(campus.holds().await.len(), 1);
    campus.let_go(&case, "records").await;
    campus.reaches("s1@", 1).await;
    assert!(campus.got("s1@").remove(0).1.contains("north building"));
}

#[tokio::test]
async fn a_steward_keeps_their_part_out_and_the_rest_goes() {
    let campus = Campus::open().await;
    campus.students(2).await;
    campus
        .feed(
            "advancement",
            "alumnus",
            &[("alum1@home.example".to_owned(), ",US,,,,")],
        )
        .await;
    let case = held(&campus, &[list("students"), list("alumni")].concat()).await;
    let no = json!({ "comment": "Not to alumni." });
    let done = campus.act(&case, "decline", "alumni-data", &no).await.expect("in part");
    assert!(done.contains("the others may"), "{done}");
    campus.let_go(&case, "records").await;
    campus.reaches("s", 2).await;
    assert!(campus.got("alum1@").is_empty());
}

#[tokio::test]
async fn another_schedule_is_another_approval() {
    let campus = Campus::open().await;
    campus.students(1).await;
    let case = held(&campus, &list("students")).await;
    campus
        .act(&case, "approve", "records", &json!({}))
        .await
        .expect("approved");
    let when = json!({ "comment": "2026-11-30T10:00" });
    let done = campus
        .act(&case, "schedule", "emarcomm", &when)
        .await
        .expect("scheduled");
    assert!(done.contains("asked again"), "{done}");
    let early = campus.act(&case, "release", "emarcomm", &json!({})).await;
    assert!(early.expect_err("void").contains("still wanting"));
    let again = campus.act(&case, "schedule", "emarcomm", &when).await;
    assert!(again.expect_err("the same").contains("how it stands already"));
    let past = campus
        .act(&case, "schedule", "emarcomm", &json!({ "comment": "2026-11-01T10:00" }))
        .await;
    assert!(past.expect_err("over").contains("is over"));
    campus.act(&case, "approve", "records", &json!({})).await.expect("anew");
    let done = campus
        .act(&case, "release", "emarcomm", &json!({}))
        .await
        .expect("released");
    assert!(done.contains("30 Nov 2026 10:00"), "{done}");
    campus.pass(5 * DAY);
    assert!(campus.got("s1@").is_empty());
    campus.pass(2 * DAY);
    campus.reaches("s1@", 1).await;
}

#[tokio::test]
async fn a_word_by_mail_decides_and_only_of_who_may() {
    let campus = Campus::open().await;
    campus.students(1).await;
    let case = held(&campus, &list("students")).await;
    campus.reaches("records@", 1).await;
    let reply = campus.answer("records", "I am not sure.").await;
    assert!(
        reply.starts_with("550") && reply.contains("Begin your answer"),
        "{reply}"
    );
    let reply = campus.answer("records", "Approve.\n\n> quoted\n").await;
    assert!(reply.starts_with("250 2.6.0 Noted"), "{reply}");
    campus
        .until("it is approved", async || {
            campus.mailing(&case).await["wanting"] == json!([])
        })
        .await;
    campus.reaches("records@", 2).await;
    assert!(
        campus
            .got("records@")
            .remove(1)
            .1
            .contains("Approved for the Office of the Registrar")
    );

    // The author has the same address for answers, and may not release with it.
    let reply = campus.answer("author", "release").await;
    assert!(reply.starts_with("250"), "{reply}");
    campus
        .until("they hear that they may not", async || {
            campus
                .got("author@")
                .iter()
                .any(|(_, notice)| notice.contains("That was not done: only a reviewer"))
        })
        .await;
    assert_eq!(campus.mailing(&case).await["state"], "held");
    campus
        .until("the reviewer hears of it", async || !campus.got("emarcomm@").is_empty())
        .await;
    campus.answer("emarcomm", "release").await;
    campus.state(&case, "closed").await;
    campus.reaches("s1@", 1).await;
}

#[tokio::test]
async fn a_notice_quoted_is_no_version_and_a_machine_says_nothing() {
    let campus = Campus::open().await;
    let case = held(&campus, &list("students")).await;
    let quoted = format!("Thank you.\n\nSee where it stands:\nhttps://bedel.mst.example/mailing/{case}\n");
    let reply = campus.answer("author", &quoted).await;
    assert!(reply.starts_with("550") && reply.contains("notice"), "{reply}");
    assert_eq!(campus.mailing(&case).await["version"], 1);
    campus.answer("author", "withdraw").await;
    campus.state(&case, "withdrawn").await;
}

#[tokio::test]
async fn a_reviewer_mends_typing_errors_and_asks_for_more() {
    let campus = Campus::open().await;
    campus.students(1).await;
    let case = held(&campus, &list("students")).await;
    let typo = json!({ "before": "adviser", "after": "advisor" });
    campus.act(&case, "edit", "emarcomm", &typo).await.expect("mended");
    let sense = json!({ "before": "room 9", "after": "room 10" });
    let done = campus.act(&case, "edit", "emarcomm", &sense).await.expect("changed");
    assert!(done.contains("asked to agree"), "{done}");
    let nowhere = campus
        .act(&case, "edit", "emarcomm", &json!({ "before": "xyzzy", "after": "a" }))
        .await;
    assert!(nowhere.expect_err("it stands nowhere").contains("stands nowhere"));
    campus
        .act(&case, "approve", "records", &json!({}))
        .await
        .expect("approved");
    let early = campus.act(&case, "release", "emarcomm", &json!({})).await;
    assert!(
        early
            .expect_err("its author has not agreed")
            .contains("author has still to agree")
    );
    campus
        .until("its author is asked", async || {
            campus
                .got("author@")
                .iter()
                .any(|(_, notice)| notice.contains("Nothing is sent before you agree"))
        })
        .await;
    campus.answer("author", "agree").await;
    campus
        .until("it is free to go", async || {
            campus.act(&case, "release", "emarcomm", &json!({})).await.is_ok()
        })
        .await;
    campus.reaches("s1@", 1).await;
    let copy = campus.got("s1@").remove(0).1;
    assert!(copy.contains("the advisor is in room 10"), "{copy}");
}

#[tokio::test]
async fn a_test_copy_is_what_recipients_get_and_large_mailings_want_one() {
    let campus = Campus::with(|file, text| match file {
        "policy.toml" => text.replace("test_at          = 5000", "test_at = 2"),
        _ => text,
    })
    .await;
    campus.students(3).await;
    let case = held(&campus, &list("students")).await;
    campus
        .act(&case, "approve", "records", &json!({}))
        .await
        .expect("approved");
    let early = campus.act(&case, "release", "emarcomm", &json!({})).await;
    assert!(early.expect_err("nobody has seen a copy").contains("test copy"));
    campus
        .act(&case, "test", "emarcomm-deputy", &json!({}))
        .await
        .expect("on its way");
    campus
        .until("the copy", async || {
            campus
                .got("emarcomm-deputy@")
                .iter()
                .any(|(_, copy)| copy.contains("List-Id:"))
        })
        .await;
    campus
        .act(&case, "release", "emarcomm", &json!({}))
        .await
        .expect("released");
    campus.reaches("s", 3).await;
}

#[tokio::test]
async fn a_claim_is_seen_and_can_be_taken_over() {
    let campus = Campus::open().await;
    let case = held(&campus, &list("students")).await;
    campus
        .act(&case, "claim", "emarcomm", &json!({}))
        .await
        .expect("theirs");
    let again = campus.act(&case, "claim", "emarcomm", &json!({})).await;
    assert!(again.expect_err("theirs already").contains("has had this one since"));
    assert_eq!(campus.mailing(&case).await["claimed_by"], "emarcomm@mst.example");
    campus
        .act(&case, "claim", "emarcomm-deputy", &json!({}))
        .await
        .expect("taken over");
    campus
        .act(&case, "unclaim", "emarcomm-deputy", &json!({}))
        .await
        .expect("free");
    assert_eq!(campus.mailing(&case).await["claimed_by"], Value::Null);
}

#[tokio::test]
async fn who_is_wanted_is_reminded_and_then_those_above_them() {
    let campus = Campus::open().await;
    let case = held(&campus, &list("students")).await;
    let reminders = |who: &str| {
        let notices = campus.got(who);
        notices
            .iter()
            .filter(|(_, notice)| notice.contains("still waits"))
            .count()
    };
    campus.pass(DAY + DAY / 24);
    campus
        .until("the steward is reminded", async || reminders("records@") == 1)
        .await;
    assert_eq!(reminders("emarcomm@"), 0);
    // Thursday and Friday are holidays, and then it is the weekend.
    campus.pass(6 * DAY);
    campus
        .until("the reviewers too", async || reminders("emarcomm@") == 1)
        .await;
    campus.pass(6 * DAY);
    campus
        .until("and its author, before it lapses", async || reminders("author@") == 1)
        .await;
    assert_eq!(campus.mailing(&case).await["state"], "held");
}

#[tokio::test]
async fn what_waits_is_told_in_the_morning() {
    let campus = Campus::open().await;
    let case = held(&campus, &list("students")).await;
    campus.pass(DAY);
    let told = |who: &str| {
        let notices = campus.got(who);
        let digests = notices
            .iter()
            .filter(|(_, notice)| notice.contains("What waits for you this morning"));
        digests.filter(|(_, notice)| notice.contains(&case)).count()
    };
    campus
        .until("the steward has a digest", async || told("records@") == 1)
        .await;
    assert_eq!(
        (told("emarcomm@"), told("alumni-data@")),
        (0, 0),
        "nothing waits for them"
    );
}

#[tokio::test]
async fn a_deputy_is_asked_when_the_first_is_away_or_does_not_answer() {
    let campus = Campus::open().await;
    held(&campus, &list("students")).await;
    campus.reaches("records@", 1).await;
    assert!(campus.got("records-deputy@").is_empty());
    campus.pass(DAY + DAY / 24);
    campus
        .until("nobody answered", async || !campus.got("records-deputy@").is_empty())
        .await;
}

/// Law 3: a yes by mail is to what its writer was told of.
#[tokio::test]
async fn an_answer_to_an_old_notice_approves_nothing_new() {
    let campus = Campus::open().await;
    let case = held(&campus, &list("students")).await;
    campus.reaches("records@", 1).await;
    campus.pass(Duration::from_secs(60));
    let sense = json!({ "before": "room 9", "after": "room 10" });
    campus.act(&case, "edit", "emarcomm", &sense).await.expect("changed");
    campus.answer("records", "approve").await;
    campus
        .until("they hear that it has changed", async || {
            campus
                .got("records@")
                .iter()
                .any(|(_, notice)| notice.contains("has changed since you looked"))
        })
        .await;
    assert!(campus.mailing(&case).await["wanting"].to_string().contains("Registrar"));
}
