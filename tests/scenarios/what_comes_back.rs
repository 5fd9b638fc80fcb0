//! What comes back, and what follows from it. Policy C4.

use std::time::Duration;

use serde_json::{Value, json};

use crate::campus::{Campus, Letter, case, list};

/// A note to all students, approved, released, and with everybody: its number.
async fn sent(campus: &Campus) -> String {
    sent_about(campus, "The library is open longer").await
}

async fn sent_about(campus: &Campus, subject: &str) -> String {
    let letter = Letter::new(
        subject,
        "Dear students,\n\nthe library is open until midnight.\n\nMissouri University of Science and Technology, Library\n\
         Questions: records@mst.example",
    );
    let case = case(&campus.submit("author", &list("students"), &letter).await);
    campus.let_go(&case, "records").await;
    case
}

/// A bounce as Postfix writes it for people, with the codes given.
fn bounce(said: &str) -> Letter {
    Letter::new(
        "Undelivered Mail Returned to Sender",
        &format!("Your message could not be delivered to one or more recipients.\n\n<s1@students.example>: host mx said: {said}\n"),
    )
    .field("Auto-Submitted", "auto-replied")
}

/// Why an address is never to be written to; `null` when it may be.
async fn suppression(campus: &Campus, address: &str) -> Value {
    let asked = json!({ "address": address, "reason": "a story" });
    let found = campus.ask("POST", "/people/find", None, &asked).await;
    let found = found.unwrap_or_default();
    found.pointer("/suppressions/0/reason").cloned().unwrap_or_default()
}

/// Another token of the same shape: its last character is another.
fn forged(address: &str) -> String {
    let (local, domain) = address.split_once('@').expect("an address");
    let last = if local.ends_with('a') { 'i' } else { 'a' };
    format!("{}{last}@{domain}", local.get(..local.len() - 1).expect("longer"))
}

#[tokio::test]
async fn a_mailbox_that_is_gone_is_written_to_no_more() {
    let campus = Campus::open().await;
    campus.students(3).await;
    sent(&campus).await;
    campus.reaches("s1@", 1).await;
    let path = campus.return_path("s1@students.example");
    assert_eq!(
        campus.come_back(&path, &bounce("550 5.1.1 User unknown")).await,
        "250 2.0.0 Noted"
    );
    campus
        .until("s1 is suppressed", async || {
            suppression(&campus, "s1@students.example").await == json!("hard-bounce")
        })
        .await;
    assert_eq!(suppression(&campus, "s2@students.example").await, Value::Null);
}

#[tokio::test]
async fn a_forged_token_is_answered_as_a_right_one_and_nobody_is_suppressed() {
    let campus = Campus::open().await;
    campus.students(3).await;
    sent(&campus).await;
    campus.reaches("s1@", 1).await;
    let path = campus.return_path("s1@students.example");
    let no_such_user = bounce("550 5.1.1 User unknown");
    let at_forged = campus.come_back(&forged(&path), &no_such_user).await;
    // What came later has been read: so has what came before it.
    let at_ours = campus
        .come_back(&campus.return_path("s2@students.example"), &no_such_user)
        .await;
    assert_eq!(at_forged, at_ours);
    campus
        .until("s2 is suppressed", async || {
            suppression(&campus, "s2@students.example").await == json!("hard-bounce")
        })
        .await;
    assert_eq!(suppression(&campus, "s1@students.example").await, Value::Null);
    let cut_short = path.replacen("b+", "b+x", 1);
    assert!(
        campus
            .come_back(&cut_short, &no_such_user)
            .await
            .starts_with("550 5.1.1")
    );
}

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[tokio::test]
async fn a_mailbox_that_is_full_three_mailings_in_a_row_is_written_to_no_more() {
    let campus = Campus::open().await;
    campus.students(2).await;
    for (number, subject) in ["The library is open longer", "Parking in winter", "Exams begin"]
        .into_iter()
        .enumerate()
    {
        assert_eq!(
            suppression(&campus, "s1@students.example").await,
            Value::Null,
            "{subject}"
        );
        sent_about(&campus, subject).await;
        campus.reaches("s1@", number + 1).await;
        let path = campus.return_path("s1@students.example");
        campus.come_back(&path, &bounce("552 5.2.2 Mailbox full")).await;
        campus.pass(WEEK);
    }
    campus
        .until("s1 is suppressed", async || {
            suppression(&campus, "s1@students.example").await == json!("unreachable")
        })
        .await;
    assert_eq!(suppression(&campus, "s2@students.example").await, Value::Null);
}

#[tokio::test]
async fn what_is_about_us_is_never_held_against_the_person() {
    let campus = Campus::open().await;
    campus.students(2).await;
    sent(&campus).await;
    campus.reaches("s1@", 1).await;
    let path = campus.return_path("s1@students.example");
    for said in [
        "550 5.7.26 This mail is unauthenticated",
        "554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org",
        "552 5.3.4 Message size exceeds fixed limit",
        "550 5.7.1 High probability of spam",
    ] {
        campus.come_back(&path, &bounce(said)).await;
    }
    // What came after them has been read: so have they.
    campus
        .come_back(
            &campus.return_path("s2@students.example"),
            &bounce("550 5.1.1 User unknown"),
        )
        .await;
    campus
        .until("s2 is suppressed", async || {
            suppression(&campus, "s2@students.example").await == json!("hard-bounce")
        })
        .await;
    assert_eq!(suppression(&campus, "s1@students.example").await, Value::Null);
}

#[tokio::test]
async fn a_campus_address_that_is_gone_is_a_wrong_record_and_its_office_is_told_once() {
    let campus = Campus::open().await;
    // The smarthost refuses `gone` at once; `moved` comes back later.
    let people = ["gone", "moved", "there"].map(|name| (format!("{name}@mst.example"), ",US,,,,"));
    campus.feed("registrar", "student", &people).await;
    sent(&campus).await;
    campus.reaches("moved@", 1).await;
    let path = campus.return_path("moved@mst.example");
    campus.come_back(&path, &bounce("550 5.1.1 User unknown")).await;
    campus.come_back(&path, &bounce("550 5.1.1 User unknown")).await;
    let told = || {
        let notices = campus.got("records@").into_iter();
        notices
            .filter(|(_, notice)| notice.contains("Records of yours"))
            .collect::<Vec<_>>()
    };
    assert!(told().is_empty(), "in the morning, and not before");
    campus.pass(Duration::from_secs(24 * 60 * 60));
    campus.until("the registrar is told", async || !told().is_empty()).await;
    let notices = told();
    let (_, notice) = notices.first().expect("one");
    assert!(notice.contains("2 records"), "{notice}");
    for who in ["gone", "moved"] {
        let line = format!("student-{who}@mst.example  (5.1.1, 2026-11-24");
        assert!(notice.contains(&line), "{notice}");
        assert_eq!(suppression(&campus, &format!("{who}@mst.example")).await, Value::Null);
    }
    campus.pass(WEEK);
    sent_about(&campus, "Parking in winter").await;
    campus.reaches("moved@", 2).await;
    assert_eq!(told().len(), 1);
}
