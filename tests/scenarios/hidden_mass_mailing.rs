//! A group on one subject is mass mail, however it is sliced; what people write every day is not. Policy C7.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::campus::{Campus, Letter, case, goes, people};

const INVITATION: &str = "we are glad to invite you to the spring meeting of our society on the lawn behind the old library, \
    where there will be music and food and a short talk on what the new laboratory can do for whoever builds bridges.";
const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn sixty_in_bcc_are_held_and_become_a_request() {
    let campus = Campus::open().await;
    let letter = Letter::new("Come to the spring meeting", INVITATION);
    let reply = campus
        .submit("author", &people(60, "guest", "outside.example"), &letter)
        .await;
    let held = case(&reply);
    assert!(campus.got("guest").is_empty());
    let done = campus
        .act(&held, "convert", "author", &json!({ "comment": "students" }))
        .await;
    let request = case(&done.expect("it is made a request"));
    let wanting = campus.mailing(&request).await["wanting"].to_string();
    assert!(wanting.contains("Registrar"), "{wanting}");
    campus.pass(48 * HOUR);
    assert!(campus.got("guest").is_empty());
}

#[tokio::test]
async fn slices_over_two_days_with_other_greetings_are_one_case() {
    let campus = Campus::open().await;
    let mut replies = Vec::new();
    for (n, greeting) in ["Dear friends,", "Hello everybody!", "Good morning all,", "Hi there,"]
        .into_iter()
        .enumerate()
    {
        let text = format!("{greeting}\n\n{INVITATION}\n\nRegards,\nThe society, slice {n}");
        let letter = Letter::new("The spring meeting", &text);
        let to = people(20, &format!("slice{n}-"), "mst.example");
        replies.push(campus.submit("author", &to, &letter).await);
        campus.pass(16 * HOUR);
        if n < 2 {
            // What has not left yet would be taken back by the case.
            campus.reaches(&format!("slice{n}-"), 20).await;
        }
    }
    assert!(goes(&replies[0]) && goes(&replies[1]), "{replies:?}");
    assert_eq!(case(&replies[2]), case(&replies[3]));
    assert!(campus.got("slice2-").is_empty() && campus.got("slice3-").is_empty());
    assert_eq!(campus.holds().await.len(), 1);
}

#[tokio::test]
async fn after_a_week_it_is_forgotten() {
    let campus = Campus::open().await;
    let letter = Letter::new("The spring meeting", INVITATION);
    assert!(goes(
        &campus
            .submit("author", &people(20, "first", "outside.example"), &letter)
            .await
    ));
    campus.pass(8 * 24 * HOUR);
    assert!(goes(
        &campus
            .submit("author", &people(20, "second", "outside.example"), &letter)
            .await
    ));
}

#[tokio::test]
async fn of_a_mail_merge_none_leaves() {
    let campus = Campus::open().await;
    let mut cases = BTreeSet::new();
    for n in 1..=80 {
        let letter = Letter::new(
            &format!("A seat for guest {n}"),
            &format!("Dear guest {n},\n\nguest {n}, {INVITATION} Your seat is {n}."),
        );
        let reply = campus
            .submit("author", &[format!("merge{n}@outside.example")], &letter)
            .await;
        if reply.contains("MC-") {
            cases.insert(case(&reply));
        }
    }
    assert_eq!(cases.len(), 1, "{cases:?}");
    campus.pass(HOUR);
    let case = cases.into_iter().next().expect("one");
    let no = json!({ "comment": "Ask for a list." });
    campus.act(&case, "decline", "emarcomm", &no).await.expect("declined");
    // Its slices go where it goes.
    campus.pass(HOUR);
    campus.reaches("author@", 2).await;
    assert!(campus.got("merge").is_empty());
}

#[tokio::test]
async fn one_flyer_to_seventy_people_with_seventy_texts_is_one_case() {
    let campus = Campus::open().await;
    let flyer: Vec<u8> = b"%PDF-1.4 a flyer"
        .iter()
        .copied()
        .chain((0..=255).cycle().take(5_000))
        .collect();
    let words = [
        "river", "copper", "winter", "paper", "engine", "garden", "signal", "orchard", "carbon", "thunder", "silver",
    ];
    let mut cases = BTreeSet::new();
    for n in 1..=70 {
        let text: Vec<&str> = (1..30)
            .filter_map(|k| words.get((n * k * k + k) % words.len()).copied())
            .collect();
        let letter =
            Letter::new(&format!("{} {n}", words[n % words.len()]), &text.join(" ")).attach("flyer.pdf", &flyer);
        let reply = campus
            .submit("author", &[format!("flyer{n}@outside.example")], &letter)
            .await;
        if reply.contains("MC-") {
            cases.insert(case(&reply));
        }
    }
    assert_eq!(cases.len(), 1, "{cases:?}");
}

#[tokio::test]
async fn a_thread_of_forty_is_nobodys_mass_mail() {
    let campus = Campus::open().await;
    let thread = people(40, "colleague", "mst.example");
    let first = Letter::new("The budget", INVITATION)
        .open()
        .field("Message-ID", "<t0@mst.example>");
    assert!(goes(&campus.submit("author", &thread, &first).await));
    for n in 1..=8 {
        let letter = Letter::new(
            "Re: The budget",
            &format!("{INVITATION} And a word more: {n}.\n\n> before"),
        )
        .open()
        .field("Message-ID", &format!("<t{n}@mst.example>"))
        .field("In-Reply-To", &format!("<t{}@mst.example>", n - 1));
        let reply = campus.submit("author", &thread, &letter).await;
        assert!(goes(&reply), "answer {n}: {reply}");
        campus.pass(HOUR);
    }
}

#[tokio::test]
async fn a_busy_day_of_ordinary_letters_is_left_alone() {
    let campus = Campus::open().await;
    for n in 0..300_u64 {
        let text: Vec<String> = (1..40_u64)
            .map(|k| word(n.wrapping_mul(6_364_136_223_846_793_005) ^ (k << 40)))
            .collect();
        let letter = Letter::new(&text[..3].join(" "), &text.join(" "));
        let reply = campus
            .submit("author", &[format!("letter{n}@outside.example")], &letter)
            .await;
        assert!(goes(&reply), "letter {n}: {reply}");
        campus.pass(Duration::from_secs(90));
    }
    campus.pass(24 * HOUR);
    campus.reaches("letter", 300).await;
    assert!(campus.holds().await.is_empty());
}

/// A word of six letters, another for every number.
fn word(mut number: u64) -> String {
    (0..6)
        .map(|_| {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(b'a' + u8::try_from((number >> 33) % 26).expect("a letter"))
        })
        .collect()
}
