//! Surveys take the same road, and say whose they are. Policy C13.

use serde_json::json;

use crate::campus::{Campus, Letter, case, list};

fn ask(link: &str) -> Letter {
    let text =
        format!("Dear students,\n\nTell us what the library lacks:\n{link}\n\nOffice of the Dean, dean@mst.example");
    Letter::new("Your view of the library", &text)
}

#[tokio::test]
async fn a_link_that_says_who_answers_is_refused() {
    let campus = Campus::open().await;
    let reply = campus
        .submit(
            "author",
            &list("students"),
            &ask("https://mst.qualtrics.com/jfe/form/SV_1?Q_DL=abc_123"),
        )
        .await;
    assert!(reply.starts_with("550") && reply.contains("Q_DL"), "{reply}");
    let reply = campus
        .submit("author", &list("students"), &ask("https://www.surveymonkey.com/r/X1"))
        .await;
    assert!(reply.starts_with("550") && reply.contains("Qualtrics"), "{reply}");
    assert!(campus.holds().await.is_empty());
}

#[tokio::test]
async fn the_anonymous_link_waits_until_it_is_known_whose_survey_it_is() {
    let campus = Campus::open().await;
    campus.students(1).await;
    let reply = campus
        .submit(
            "author",
            &list("students"),
            &ask("https://mst.qualtrics.com/jfe/form/SV_1"),
        )
        .await;
    let case = case(&reply);
    let held = campus.mailing(&case).await;
    assert_eq!(held["category"], "survey");
    assert!(held["findings"].to_string().contains("IRB"), "{held}");
    campus
        .act(&case, "approve", "records", &json!({}))
        .await
        .expect("approved");
    let early = campus.act(&case, "release", "emarcomm", &json!({})).await;
    assert!(early.expect_err("nobody knows whose").contains("whose survey it is"));
    let half = json!({ "comment": "owner: Dean\nid: S-12" });
    campus
        .act(&case, "survey", "author", &half)
        .await
        .expect_err("not all of it");
    let whole = json!({ "comment": "owner: Dean\nid: S-12\nirb: not research\nopens: 2026-11-24\ncloses: 2026-12-08" });
    campus.act(&case, "survey", "author", &whole).await.expect("noted");
    campus
        .act(&case, "release", "emarcomm", &json!({}))
        .await
        .expect("released");
    campus.state(&case, "closed").await;
    campus.reaches("s1@", 1).await;
}
