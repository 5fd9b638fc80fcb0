//! Contact data goes into no other system. Policy C10.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::unstable::write::FileOptionsExt;
use zip::write::SimpleFileOptions;

use serde_json::{Value, json};

use crate::campus::{Campus, Letter, case, goes, list, people};

fn letter() -> Letter {
    Letter::new("The file you asked for", "Here it is, as we said on the telephone.")
}

fn vendor() -> Vec<String> {
    vec!["sales@vendor.example".to_owned()]
}

fn zipped(name: &str, content: &[u8], options: SimpleFileOptions) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(name, options).expect("begins");
    archive.write_all(content).expect("writes");
    archive.finish().expect("ends").into_inner()
}

#[tokio::test]
async fn thirty_addresses_to_a_vendor_are_held_and_somebody_is_told() {
    let campus = Campus::open().await;
    let csv = format!("email\n{}\n", people(30, "prospect", "home.example").join("\n"));
    let reply = campus
        .submit("author", &vendor(), &letter().attach("prospects.csv", csv.as_bytes()))
        .await;
    case(&reply);
    campus.reaches("privacy@", 1).await;
    assert!(campus.got("sales@").is_empty());
    let few = format!("email\n{}\n", people(5, "prospect", "home.example").join("\n"));
    let reply = campus
        .submit("author", &vendor(), &letter().attach("few.csv", few.as_bytes()))
        .await;
    assert!(goes(&reply), "{reply}");
}

/// What its author takes back before anybody has looked was an attempt as well.
#[tokio::test]
async fn of_what_is_withdrawn_at_once_somebody_is_told() {
    let campus = Campus::open().await;
    for number in 1..=5 {
        let csv = people(30, &format!("prospect{number}-"), "home.example").join("\n");
        let letter = letter().attach("prospects.csv", csv.as_bytes());
        let reply = campus
            .hand_over("author@mst.example", Some("author"), &vendor(), &letter)
            .await;
        let withdrawn = campus.act(&case(&reply), "withdraw", "author", &json!({})).await;
        withdrawn.expect("its author's");
    }
    campus.reaches("privacy@", 5).await;
}

#[tokio::test]
async fn a_zip_in_a_zip_hides_nothing() {
    let campus = Campus::open().await;
    let rows: String = people(30, "prospect", "home.example")
        .iter()
        .map(|address| format!("<c><is><t>{address}</t></is></c>"))
        .collect();
    let sheet = format!("<sheetData>{rows}</sheetData>");
    let plain = SimpleFileOptions::default();
    let xlsx = zipped("xl/worksheets/sheet1.xml", sheet.as_bytes(), plain);
    let nested = zipped("inner.zip", &zipped("prospects.xlsx", &xlsx, plain), plain);
    case(
        &campus
            .submit("author", &vendor(), &letter().attach("outer.zip", &nested))
            .await,
    );
    assert!(campus.got("sales@").is_empty());
}

/// What cannot be looked into stays here when it comes from somebody who has access to contacts.
#[tokio::test]
async fn a_steward_sends_nothing_behind_a_password() {
    let campus = Campus::open().await;
    let locked = SimpleFileOptions::default()
        .with_deprecated_encryption(b"secret")
        .expect("a password");
    let archive = zipped("prospects.csv", b"nobody can read this", locked);
    let letter = letter().attach("locked.zip", &archive);
    case(&campus.submit("records", &vendor(), &letter).await);
    let reply = campus.submit("author", &vendor(), &letter).await;
    assert!(goes(&reply), "others may: {reply}");
}

/// Whoever is told can look at what it was.
#[tokio::test]
async fn who_is_alerted_may_see_it_and_nothing_else() {
    let campus = Campus::open().await;
    let account = json!({ "address": "privacy@mst.example", "password": null });
    campus.ask("POST", "/accounts", None, &account).await.expect("added");
    let csv = format!("email\n{}\n", people(30, "prospect", "home.example").join("\n"));
    let held = campus
        .submit("author", &vendor(), &letter().attach("a.csv", csv.as_bytes()))
        .await;
    let other = campus.submit("author", &list("students"), &letter()).await;
    let seen = async |case: &str| {
        let path = format!("/mailings/{case}");
        campus
            .ask("GET", &path, Some("privacy@mst.example"), &Value::Null)
            .await
    };
    seen(&case(&held)).await.expect("they were told of it");
    seen(&case(&other)).await.expect_err("they were not told of that");
}

/// Whoever writes to a contact that only a copy of our contacts has is told of; our own copy is nobody's alarm.
#[tokio::test]
async fn mail_to_a_canary_that_is_not_ours_raises_an_alarm() {
    let campus = Campus::with(|file, text| match file {
        "policy.toml" => text.replace("[feed.registrar]\n", "[feed.registrar]\ncanary = \"jordan.ellis\"\n"),
        _ => text,
    })
    .await;
    campus.students(3).await;
    let canary = vec!["Jordan.Ellis@lists.mst.example".to_owned()];
    let offer = Letter::new("An offer for students", "Buy this.");
    let reply = campus.hand_over("news@vendor.example", None, &canary, &offer).await;
    assert!(reply.starts_with("250"), "whoever sent it learns nothing: {reply}");
    campus.reaches("privacy@", 1).await;
    let (_, alarm) = campus.got("privacy@").remove(0);
    for said in [
        "Office of the Registrar",
        "news@vendor.example",
        "An offer for students",
    ] {
        assert!(alarm.contains(said), "{said}: {alarm}");
    }
    assert!(!alarm.contains("Buy this"), "the message itself is nobody's");
    // Beside others it is heard as well, and they get theirs as always.
    let both = [canary.clone(), vec!["dean@mst.example".to_owned()]].concat();
    campus.pass(std::time::Duration::from_secs(2 * 60 * 60));
    let reply = campus
        .submit("author", &both, &Letter::new("Lunch", "At noon, as we said."))
        .await;
    assert!(goes(&reply), "{reply}");
    campus.reaches("privacy@", 2).await;
    campus.reaches("dean@", 1).await;
    assert!(campus.got("jordan.ellis@").is_empty());
    // What we send ourselves comes home with the return path that was made for it.
    let held = campus.submit("author", &list("students"), &letter()).await;
    campus.let_go(&case(&held), "records").await;
    campus.reaches("jordan.ellis@", 1).await;
    let path = campus.return_path("jordan.ellis@lists.mst.example");
    let reply = campus.hand_over(&path, None, &canary, &letter()).await;
    assert!(reply.starts_with("250"), "{reply}");
    let others = campus.return_path("s1@students.example");
    campus.pass(std::time::Duration::from_secs(2 * 60 * 60));
    campus.hand_over(&others, None, &canary, &letter()).await;
    campus.reaches("privacy@", 3).await;
    let (_, alarm) = campus.got("privacy@").remove(2);
    assert!(
        !alarm.contains("since you were told last"),
        "our own copy is not counted: {alarm}"
    );
}
