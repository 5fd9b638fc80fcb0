//! An approval is of an audience as it was; when too many have joined or left since, it counts no more. Law 3, Policy C15.

use std::time::Duration;

use serde_json::{Value, json};

use crate::campus::{Campus, Letter, case, list};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn letter() -> Letter {
    Letter::new("The dome opens", "Dear students,\n\nthe dome opens at 6 p.m. CT.\n")
}

/// A case to all students that the Registrar has approved.
async fn approved(campus: &Campus) -> String {
    let case = case(&campus.submit("author", &list("students"), &letter()).await);
    let done = campus.act(&case, "approve", "records", &json!({})).await;
    done.expect("approved");
    case
}

async fn wanting(campus: &Campus, case: &str) -> usize {
    let mailing = campus.mailing(case).await;
    let wanting = mailing.pointer("/wanting").and_then(Value::as_array);
    wanting.map_or(0, Vec::len)
}

#[tokio::test]
async fn what_changes_within_the_bound_is_shown_and_the_approval_counts() {
    let campus = Campus::open().await;
    campus.students(40).await;
    let case = approved(&campus).await;
    campus.students(43).await;
    let drift = campus.mailing(&case).await["reach"]["drift"][0].clone();
    let told = (&drift["then"], &drift["joined"], &drift["left"], &drift["percent"]);
    assert_eq!(told, (&json!(40), &json!(3), &json!(0), &json!(8)), "{drift}");
    campus
        .act(&case, "release", "emarcomm", &json!({}))
        .await
        .expect("released");
    campus.state(&case, "closed").await;
    campus.reaches("s", 43).await;
}

#[tokio::test]
async fn a_feed_that_changes_the_audience_too_far_voids_the_approval_and_its_steward_is_asked_again() {
    let campus = Campus::open().await;
    campus.students(40).await;
    let case = approved(&campus).await;
    campus.students(60).await;
    campus
        .until("the approval is void", async || wanting(&campus, &case).await == 1)
        .await;
    campus.reaches("records@", 2).await;
    let (_, asked) = campus.got("records@").pop().expect("a notice");
    assert!(
        asked.contains("The master list has changed")
            && asked.contains("of 40 people 0 have left and 20 joined (50 %)"),
        "{asked}"
    );
    let refused = campus.act(&case, "release", "emarcomm", &json!({})).await;
    let refused = refused.expect_err("nobody has approved these people");
    assert!(refused.contains("still wanting the approval of"), "{refused}");
    assert_eq!(campus.got("s1@").len(), 0);
    campus.let_go(&case, "records").await;
    campus.reaches("s", 60).await;
}

/// Nobody can have been told yet: a reviewer is as fast as the feed.
#[tokio::test]
async fn others_in_the_same_number_are_another_audience() {
    let campus = Campus::open().await;
    campus.students(40).await;
    let case = approved(&campus).await;
    let others: Vec<(String, &str)> = (1..=40)
        .map(|at| (format!("t{at}@students.example"), ",US,,,,"))
        .collect();
    let mut csv = "source_key,email,affiliation\n".to_owned();
    for (address, _) in &others {
        csv += &format!("other-{address},{address},student\n");
    }
    campus.replace("registrar", &csv).await;
    let refused = campus.act(&case, "release", "emarcomm", &json!({})).await;
    let refused = refused.expect_err("nobody has approved these people");
    // Who looks after each feed may be faster, or be at it in this very moment.
    let noes = [
        "the audience has changed by 200 %",
        "still wanting the approval",
        "somebody else changed it first",
    ];
    assert!(noes.iter().any(|no| refused.contains(no)), "{refused}");
    assert_eq!((campus.got("s1@").len(), campus.got("t1@").len()), (0, 0));
}

/// Released in the evening, due in the morning, and at night comes the feed of the new term.
#[tokio::test]
async fn what_was_released_waits_again_when_its_audience_is_another_by_its_hour() {
    let campus = Campus::open().await;
    campus.students(40).await;
    let case = approved(&campus).await;
    let later = json!({ "comment": campus.at(6 * HOUR) });
    campus
        .act(&case, "schedule", "emarcomm", &later)
        .await
        .expect("scheduled");
    campus
        .act(&case, "approve", "records", &json!({}))
        .await
        .expect("approved as it is scheduled");
    campus
        .act(&case, "release", "emarcomm", &json!({}))
        .await
        .expect("released");
    campus.state(&case, "released").await;
    campus.students(80).await;
    campus.pass(7 * HOUR);
    campus.state(&case, "held").await;
    assert_eq!(wanting(&campus, &case).await, 1);
    campus
        .until("its author is told", async || {
            campus
                .got("author@")
                .iter()
                .any(|(_, told)| told.contains("are asked again"))
        })
        .await;
    assert_eq!(campus.got("s1@").len(), 0);
}
