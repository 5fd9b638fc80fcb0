//! What comes back, and what follows from it. Policy C4.

use serde_json::{Value, json};

use crate::campus::{Campus, Letter, case, list};

/// A note to all students, approved, released, and with everybody: its number.
async fn sent(campus: &Campus) -> String {
    let letter = Letter::new(
        "The library is open longer",
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
