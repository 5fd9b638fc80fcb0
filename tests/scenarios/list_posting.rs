//! Mail to a list is held, numbered and told once; nothing leaves before steward and reviewer. Policy C1, C5, C9, C14, C16.

use std::time::Duration;

use serde_json::json;

use crate::campus::{Campus, Letter, case, goes, list};

fn notice() -> Letter {
    Letter::new(
        "Enrollment for spring opens",
        "Dear students,\n\nMeet your advisor first, then enroll.\n\nOffice of the Registrar\nQuestions: records@mst.example",
    )
}

#[tokio::test]
async fn a_message_to_all_students_waits_for_the_registrar_and_a_reviewer() {
    let campus = Campus::open().await;
    campus.students(3).await;
    let reply = campus.submit("author", &list("students"), &notice()).await;
    assert!(reply.starts_with("250 2.6.0 Held as MC-2026-0001"), "{reply}");
    let case = case(&reply);
    campus.reaches("author@", 1).await;
    let early = campus.act(&case, "release", "emarcomm", &json!({})).await;
    assert!(
        early
            .expect_err("the registrar is wanting")
            .contains("Office of the Registrar")
    );
    assert!(campus.got("s").is_empty());

    campus.let_go(&case, "records").await;
    campus.reaches("s", 3).await;
    let copies = campus.got("s");
    for (to, copy) in &copies {
        let others = copies.iter().filter(|(other, _)| other != to);
        assert!(copy.contains(&format!("To: {to}")), "{copy}");
        assert!(
            others.into_iter().all(|(other, _)| !copy.contains(other.as_str())),
            "{copy}"
        );
        for field in [
            "List-Unsubscribe:",
            "List-Unsubscribe-Post:",
            "DKIM-Signature:",
            "List-Id:",
        ] {
            assert!(copy.contains(field), "no {field}: {copy}");
        }
    }
    // Told once that it is held, once that it is approved, once that it is released.
    campus.reaches("author@", 3).await;
}

#[tokio::test]
async fn who_is_nobody_here_is_not_held_but_refused() {
    let campus = Campus::open().await;
    let reply = campus
        .hand_over("stranger@outside.example", None, &list("students"), &notice())
        .await;
    assert!(reply.starts_with("550 5.7.1"), "{reply}");
    let reply = campus
        .hand_over("dean@mst.example", Some("author"), &list("students"), &notice())
        .await;
    assert!(reply.starts_with("550 5.7.1"), "the identity is not theirs: {reply}");
    assert!(campus.holds().await.is_empty());
    assert!(campus.got("").is_empty());
}

#[tokio::test]
async fn an_answer_to_a_release_does_not_go_to_the_list() {
    let campus = Campus::open().await;
    campus.students(1).await;
    let reply = campus.submit("author", &list("students"), &notice()).await;
    campus.let_go(&case(&reply), "records").await;
    campus.reaches("s1@", 1).await;
    let copy = campus.got("s1@").remove(0).1;
    let id = copy
        .lines()
        .find_map(|line| line.strip_prefix("Message-ID: "))
        .expect("an id");
    let answer = Letter::new("Re: Enrollment for spring opens", "I agree!").field("In-Reply-To", id);
    let reply = campus.submit("hr", &list("students"), &answer).await;
    assert!(
        reply.starts_with("550 5.7.2") && reply.contains("author@mst.example"),
        "{reply}"
    );
    assert!(campus.holds().await.is_empty());
}

#[tokio::test]
async fn nobody_releases_their_own_message() {
    let campus = Campus::open().await;
    let reply = campus.submit("emarcomm", &list("students"), &notice()).await;
    let case = case(&reply);
    campus
        .act(&case, "approve", "records", &json!({}))
        .await
        .expect("approved");
    let own = campus.act(&case, "release", "emarcomm", &json!({})).await;
    assert!(
        own.expect_err("law 2")
            .contains("nobody releases a message they submitted themselves")
    );
    campus
        .act(&case, "release", "emarcomm-deputy", &json!({}))
        .await
        .expect("somebody else may");
}

#[tokio::test]
async fn what_nobody_decides_on_lapses_and_its_author_is_told() {
    let campus = Campus::open().await;
    let reply = campus.submit("author", &list("students"), &notice()).await;
    let case = case(&reply);
    campus.pass(Duration::from_secs(13 * 24 * 60 * 60));
    assert_eq!(campus.mailing(&case).await["state"], "held");
    campus.pass(Duration::from_secs(25 * 60 * 60));
    campus.state(&case, "lapsed").await;
    campus
        .until("its author hears", async || {
            campus
                .got("author@")
                .iter()
                .any(|(_, notice)| notice.contains("has lapsed"))
        })
        .await;
}

#[tokio::test]
async fn people_named_beside_a_list_wait_with_it() {
    let campus = Campus::open().await;
    let to = [list("students"), vec!["guest@outside.example".to_owned()]].concat();
    let reply = campus.submit("author", &to, &notice()).await;
    let held = campus.mailing(&case(&reply)).await;
    assert_eq!(held["people"], 1, "{held}");
    campus.reaches("author@", 1).await;
    assert!(campus.got("guest").is_empty());
}

#[tokio::test]
async fn the_same_message_handed_over_again_is_the_same_case() {
    let campus = Campus::open().await;
    let letter = notice().field("Message-ID", "<1@client.example>");
    let first = campus.submit("author", &list("students"), &letter).await;
    let again = campus.submit("author", &list("students"), &letter).await;
    assert_eq!(case(&first), case(&again));
    assert_eq!(campus.holds().await.len(), 1);
    assert!(!goes(&again));
}

/// More at once than is told of in one round: nobody is left out, and nobody told twice.
#[tokio::test]
async fn of_a_flood_of_messages_everybody_is_told_once_of_each() {
    let campus = Campus::open().await;
    campus.students(1).await;
    for number in 0..40 {
        let letter = Letter::new(
            &format!("Topic {number}"),
            &format!("Room {number} of building {number}."),
        );
        let reply = campus
            .hand_over("author@mst.example", Some("author"), &list("students"), &letter)
            .await;
        assert!(reply.starts_with("250 2.6.0 Held as "), "{reply}");
    }
    campus.reaches("author@", 40).await;
    campus.reaches("records@", 40).await;
    for number in 1..=40 {
        let case = format!("Subject: MC-2026-{number:04} is held");
        let told = campus.got("author@");
        let of_it = told.iter().filter(|(_, notice)| notice.contains(&case));
        assert_eq!(of_it.count(), 1, "{case}");
    }
}
