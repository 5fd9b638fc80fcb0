//! How often, when, how fast, how long, and how well made. Policy C2, C11, C12.

use std::time::Duration;

use serde_json::json;

use crate::campus::{Campus, Letter, case, goes, list, people};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn about(topic: &str) -> Letter {
    let text =
        format!("Dear students,\n\nThis is about {topic}, in a few words.\n\nOffice of the Dean\ndean@mst.example");
    Letter::new(&format!("{topic} at the university"), &text)
}

#[tokio::test]
async fn the_third_mailing_of_a_week_skips_who_had_two() {
    let campus = Campus::open().await;
    campus.students(2).await;
    for topic in ["Parking", "Swimming"] {
        let reply = campus.submit("author", &list("students"), &about(topic)).await;
        campus.let_go(&case(&reply), "records").await;
    }
    campus.reaches("s", 4).await;
    campus
        .feed(
            "registrar",
            "student",
            &[
                ("s1@students.example".to_owned(), ",US,,,,"),
                ("s2@students.example".to_owned(), ",US,,,,"),
                ("new@students.example".to_owned(), ",US,,,,"),
            ],
        )
        .await;
    let third = case(&campus.submit("author", &list("students"), &about("Reading")).await);
    let reach = campus.mailing(&third).await["reach"].clone();
    assert_eq!(
        (&reach["recipients"], &reach["exclusions"]["over-cap"]),
        (&json!(1), &json!(2)),
        "{reach}"
    );
    campus.let_go(&third, "records").await;
    campus.reaches("new@", 1).await;
    assert_eq!(campus.got("s").len(), 4);
    campus.pass(7 * 24 * HOUR);
    let later = case(&campus.submit("author", &list("students"), &about("Rowing")).await);
    let reach = campus.mailing(&later).await["reach"].clone();
    assert_eq!(
        (&reach["recipients"], &reach["exclusions"]),
        (&json!(3), &json!({})),
        "{reach}"
    );
}

#[tokio::test]
async fn two_mailings_released_together_count_each_other() {
    let campus = Campus::with(|file, text| match file {
        "policy.toml" => text.replace("caps    = { week = 2, survey_month = 1 }", "caps = { week = 1 }"),
        // Slow enough for the second to be expanded while the first is under way.
        "shaping.toml" => text.replace("messages_per_second = 200", "messages_per_second = 1"),
        _ => text,
    })
    .await;
    campus.students(20).await;
    let first = case(&campus.submit("author", &list("students"), &about("Parking")).await);
    let second = case(&campus.submit("author", &list("students"), &about("Swimming")).await);
    for case in [&first, &second] {
        campus
            .act(case, "approve", "records", &json!({}))
            .await
            .expect("approved");
        campus
            .act(case, "release", "emarcomm", &json!({}))
            .await
            .expect("released");
        campus
            .until("it has left Released", async || {
                campus.mailing(case).await["state"] != "released"
            })
            .await;
    }
    let second = campus.mailing(&second).await;
    assert_eq!(second["exclusions"]["over-cap"], 20, "{second}");
}

#[tokio::test]
async fn what_is_released_in_the_night_leaves_in_the_morning() {
    let campus = Campus::open().await;
    campus.students(1).await;
    campus.pass(10 * HOUR);
    let case = case(&campus.submit("author", &list("students"), &about("Parking")).await);
    campus
        .act(&case, "approve", "records", &json!({}))
        .await
        .expect("approved");
    let done = campus
        .act(&case, "release", "emarcomm", &json!({}))
        .await
        .expect("released");
    assert!(done.contains("25 Nov 2026 08:00"), "{done}");
    campus.pass(12 * HOUR);
    assert!(campus.got("s1@").is_empty());
    campus.pass(HOUR);
    campus.state(&case, "closed").await;
    campus.reaches("s1@", 1).await;
}

#[tokio::test]
async fn a_reason_sends_it_at_once() {
    let campus = Campus::open().await;
    campus.students(1).await;
    campus.pass(10 * HOUR);
    let case = case(&campus.submit("author", &list("students"), &about("Parking")).await);
    campus
        .act(&case, "approve", "records", &json!({}))
        .await
        .expect("approved");
    let why = json!({ "now": "the garage closes tonight" });
    campus.act(&case, "release", "emarcomm", &why).await.expect("released");
    campus.state(&case, "closed").await;
    campus.reaches("s1@", 1).await;
}

/// Policy C2: nothing is refused for being much; the excess waits.
#[tokio::test]
async fn an_account_reaches_a_hundred_people_an_hour() {
    let campus = Campus::open().await;
    for n in 0..5 {
        let letter = about(["Parking", "Swimming", "Reading", "Rowing", "Chess"][n]);
        let reply = campus
            .submit("author", &people(24, &format!("p{n}-"), "mst.example"), &letter)
            .await;
        assert!(goes(&reply), "{reply}");
        campus.pass(Duration::from_secs(10));
    }
    campus.reaches("p3-", 24).await;
    assert!(campus.got("p4-").is_empty());
    campus.pass(HOUR);
    campus.reaches("p4-", 24).await;
}

#[tokio::test]
async fn what_is_unfit_wants_a_reason_or_a_change() {
    let campus = Campus::open().await;
    let letter = Letter::new(
        "URGENT!!! WIN A PRIZE",
        "Dear {{first_name}},\n\nsee http://bit.ly/prize now.\n\nMST",
    );
    let held = case(&campus.submit("author", &list("students"), &letter).await);
    campus
        .until("its author hears of it at once", async || {
            campus
                .got("author@")
                .iter()
                .any(|(_, notice)| notice.contains("the field was not filled in"))
        })
        .await;
    let remarks = campus.mailing(&held).await["remarks"].to_string();
    for rule in [
        "merge-field",
        "link-shortened",
        "link-insecure",
        "name-wrong",
        "subject-capitals",
    ] {
        assert!(remarks.contains(rule), "no {rule}: {remarks}");
    }
    campus
        .act(&held, "approve", "records", &json!({}))
        .await
        .expect("approved");
    let no = campus
        .act(&held, "release", "emarcomm", &json!({}))
        .await
        .expect_err("it is unfit");
    assert!(
        no.contains("The editorial checks block it") || no.contains("editorial checks block it"),
        "{no}"
    );
    let why = json!({ "despite": "the committee wants it so" });
    campus.act(&held, "release", "emarcomm", &why).await.expect("released");
}

#[tokio::test]
async fn html_that_gmail_would_clip_is_held_with_its_length() {
    let campus = Campus::open().await;
    let html = format!(
        "<html lang=\"en\"><body>{}</body></html>",
        "<p>word</p>\n".repeat(11_000)
    );
    let letter = Letter::new("A long letter", &html).field("Content-Type", "text/html");
    let held = case(&campus.submit("author", &list("students"), &letter).await);
    let findings = campus.mailing(&held).await["findings"].to_string();
    assert!(
        findings.contains("Its HTML has") && findings.contains("frequency-and-volume"),
        "{findings}"
    );
}
