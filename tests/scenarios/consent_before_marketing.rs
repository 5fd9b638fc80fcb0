//! Nobody gets what they have not agreed to, and one person gets one copy. Policy C3, C4, C8.

use std::time::Duration;

use serde_json::json;

use crate::campus::{Campus, Letter, case, http, link, list, people};

fn appeal() -> Letter {
    Letter::new(
        "Come and see the new observatory",
        "Dear friends of Missouri University of Science and Technology,\n\nThe dome opens at 6 p.m. CT.\n\n\
         Advertisement of Missouri S&T, Advancement Services\nQuestions: alumni-data@mst.example",
    )
}

#[tokio::test]
async fn without_a_recorded_consent_nobody_is_written_to() {
    let campus = Campus::open().await;
    let yes = ",US,marketing,opt-in,2026-01-01T00:00:00Z,card";
    let friends = people(5, "friend", "home.example")
        .into_iter()
        .zip([yes, yes, ",US,,,,", ",US,,,,", ",US,,,,"]);
    campus.feed("advancement", "friend", &friends.collect::<Vec<_>>()).await;
    let reply = campus.submit("author", &list("supporters"), &appeal()).await;
    let case = case(&reply);
    let reach = campus.mailing(&case).await["reach"].clone();
    assert_eq!(
        (&reach["recipients"], &reach["exclusions"]["no-consent"]),
        (&json!(2), &json!(3)),
        "{reach}"
    );
    campus.let_go(&case, "alumni-data").await;
    campus.reaches("friend", 2).await;
}

#[tokio::test]
async fn one_person_in_two_audiences_gets_one_copy() {
    let campus = Campus::open().await;
    campus
        .feed("registrar", "student", &[("both@home.example".to_owned(), ",US,,,,")])
        .await;
    campus
        .feed("advancement", "alumnus", &[("both@home.example".to_owned(), ",US,,,,")])
        .await;
    let to = [list("students"), list("alumni")].concat();
    let reply = campus.submit("author", &to, &appeal()).await;
    let case = case(&reply);
    campus
        .act(&case, "approve", "records", &json!({}))
        .await
        .expect("one of two");
    campus.let_go(&case, "alumni-data").await;
    campus.reaches("both@", 1).await;
}

#[tokio::test]
async fn who_unsubscribes_gets_no_copy_of_what_is_under_way() {
    let campus = Campus::with(|file, text| match file {
        // The same people get two mailings within the hour of this story.
        "policy.toml" => text
            .lines()
            .filter(|line| !line.starts_with("caps "))
            .collect::<Vec<_>>()
            .join("\n"),
        _ => text,
    })
    .await;
    campus
        .feed("registrar", "student", &[("ann@home.example".to_owned(), ",US,,,,")])
        .await;
    let reply = campus.submit("author", &list("students"), &appeal()).await;
    campus.let_go(&case(&reply), "records").await;
    campus.reaches("ann@", 1).await;
    let path = link(&campus.got("ann@").remove(0).1);

    let looked = http(&campus, &format!("GET {path} HTTP/1.1")).await;
    assert!(looked.starts_with("HTTP/1.1 200"), "{looked}");
    let second = Letter::new(
        "The observatory again",
        "It stays open.\n\nMissouri S&T, records@mst.example",
    );
    let case = case(&campus.submit("author", &list("students"), &second).await);
    assert_eq!(
        campus.mailing(&case).await["reach"]["recipients"],
        1,
        "looking changes nothing"
    );
    let pressed = http(&campus, &format!("POST {path} HTTP/1.1")).await;
    assert!(pressed.starts_with("HTTP/1.1 200"), "{pressed}");
    campus.let_go(&case, "records").await;
    assert_eq!(campus.got("ann@").len(), 1);
    campus.pass(Duration::from_secs(60));
}

/// Policy C8: a student who asked not to be disclosed gets official mail, and is no sample.
#[tokio::test]
async fn who_asked_not_to_be_disclosed_is_written_to_and_not_shown() {
    let campus = Campus::open().await;
    campus
        .feed(
            "registrar",
            "student",
            &[("secret@home.example".to_owned(), "yes,US,,,,")],
        )
        .await;
    let reply = campus.submit("author", &list("students"), &appeal()).await;
    let case = case(&reply);
    let told = campus.mailing(&case).await.to_string();
    assert!(!told.contains("secret") && !told.contains("s•••@h"), "{told}");
    campus.let_go(&case, "records").await;
    campus.reaches("secret@", 1).await;
}
