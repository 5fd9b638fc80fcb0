//! Who of the master list gets a mailing, and who does not any more. Policy C3, C4, C8.

use std::time::Duration;

use serde_json::{Value, json};

use crate::campus::{Campus, Letter, ask_own, case, list, press};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn note(subject: &str) -> Letter {
    Letter::new(
        subject,
        "Dear friends of Missouri University of Science and Technology,\n\nthe dome opens at 6 p.m. CT.\n\n\
         Missouri S&T, Advancement Services\nQuestions: alumni-data@mst.example",
    )
}

/// The same people get several mailings within the hours of a story.
async fn without_caps(change: impl Fn(&str, String) -> String) -> Campus {
    Campus::with(|file, text| {
        let text = change(file, text);
        let lines = text.lines().filter(|line| !line.starts_with("caps "));
        match file {
            "policy.toml" => lines.collect::<Vec<_>>().join("\n"),
            _ => text,
        }
    })
    .await
}

/// How many a case reaches, and how many it leaves out for a reason.
async fn reach(campus: &Campus, case: &str, reason: &str) -> (Value, Value) {
    let mailing = campus.mailing(case).await;
    let said = |path: &str| mailing.pointer(path).cloned().unwrap_or_default();
    (said("/reach/recipients"), said(&format!("/reach/exclusions/{reason}")))
}

/// Policy C3: where a list wants a yes, an alumnus who never said one is left out and counted.
#[tokio::test]
async fn alumni_without_consent_are_left_out_and_counted() {
    let campus = without_caps(|file, text| match file {
        "policy.toml" => text.replace(r#"consent = "not-withdrawn""#, r#"consent = "opt-in""#),
        _ => text,
    })
    .await;
    let (yes, no) = (",US,informational,opt-in,2026-01-01,card", ",US,,,,");
    let alumni = [
        ("yes@home.example", yes),
        ("never@home.example", no),
        ("nor@home.example", no),
    ];
    let alumni = alumni.map(|(address, rest)| (address.to_owned(), rest));
    campus.feed("advancement", "alumnus", &alumni).await;
    let case = case(&campus.submit("author", &list("alumni"), &note("Homecoming")).await);
    assert_eq!(reach(&campus, &case, "no-consent").await, (json!(1), json!(2)));
    campus.let_go(&case, "alumni-data").await;
    campus.reaches("yes@", 1).await;
    assert_eq!((campus.got("never@").len(), campus.got("nor@").len()), (0, 0));
}

/// Policy C3: what is inferred of a relationship ends with it.
#[tokio::test]
async fn an_implied_consent_counts_until_it_ends() {
    let campus = without_caps(|_file, text| text).await;
    let csv = "source_key,email,given_name,family_name,affiliation,country,consent_purpose,consent_basis,consent_at,\
               consent_source,expires_at\n\
               1,giver@home.example,Gale,Giver,donor,CA,marketing,implied,2025-12-01,donation,2026-12-01\n";
    campus.take_in("advancement", csv).await;
    let first = case(&campus.submit("author", &list("supporters"), &note("The dome")).await);
    assert_eq!(reach(&campus, &first, "no-consent").await, (json!(1), Value::Null));
    campus.let_go(&first, "alumni-data").await;
    campus.reaches("giver@", 1).await;
    campus.pass(DAY * 8);
    let second = case(&campus.submit("author", &list("supporters"), &note("The mirror")).await);
    assert_eq!(reach(&campus, &second, "no-consent").await, (json!(0), json!(1)));
    assert_eq!(campus.got("giver@").len(), 1);
}

/// Policy C8: a student who asked not to be disclosed gets official mail, and no other message names them.
#[tokio::test]
async fn who_is_not_to_be_disclosed_gets_official_mail_and_appears_nowhere() {
    let campus = Campus::open().await;
    let students = [("hidden@home.example", "yes,US,,,,"), ("seen@home.example", ",US,,,,")];
    let students = students.map(|(address, rest)| (address.to_owned(), rest));
    campus.feed("registrar", "student", &students).await;
    let case = case(&campus.submit("author", &list("students"), &note("Fees are due")).await);
    let told = campus.mailing(&case).await.to_string();
    assert!(!told.contains("hidden") && !told.contains("seen"), "{told}");
    campus.let_go(&case, "records").await;
    campus.reaches("hidden@", 1).await;
    let (_, copy) = campus.got("hidden@").remove(0);
    assert!(
        copy.contains("To: hidden@home.example") && !copy.contains("seen@"),
        "{copy}"
    );
    let others = campus.got("").into_iter().filter(|(to, _)| !to.starts_with("hidden@"));
    for (to, message) in others {
        assert!(!message.contains("hidden@"), "to {to}: {message}");
    }
    let looked = campus.mailing(&case).await.to_string();
    assert!(!looked.contains("hidden"), "{looked}");
}

/// Policy C4, C8: one person whom two offices list, under two spellings, is one contact and gets one copy.
#[tokio::test]
async fn one_person_whom_two_offices_list_gets_one_copy() {
    let campus = Campus::open().await;
    let student = ("Ann.Lee@home.example".to_owned(), ",US,,,,");
    campus.feed("registrar", "student", &[student]).await;
    let alumna = ("ann.lee@HOME.example".to_owned(), ",US,,,,");
    campus.feed("advancement", "alumnus", &[alumna]).await;
    let to = [list("students"), list("alumni")].concat();
    let case = case(&campus.submit("author", &to, &note("The dome")).await);
    assert_eq!(campus.mailing(&case).await["reach"]["recipients"], 1);
    campus
        .act(&case, "approve", "records", &json!({}))
        .await
        .expect("one of two");
    campus.let_go(&case, "alumni-data").await;
    let copies = campus
        .got("")
        .into_iter()
        .filter(|(to, _)| to.eq_ignore_ascii_case("ann.lee@home.example"));
    assert_eq!(copies.count(), 1);
}

/// Policy C4: who wants no more between the release and their turn gets no copy.
#[tokio::test]
async fn who_drops_out_between_the_release_and_their_turn_gets_none() {
    let campus = Campus::open().await;
    let students = ["busy-ann@home.example", "ben@home.example"].map(|address| (address.to_owned(), ",US,,,,"));
    campus.feed("registrar", "student", &students).await;
    let case = case(&campus.submit("author", &list("students"), &note("The dome")).await);
    campus
        .act(&case, "approve", "records", &json!({}))
        .await
        .expect("approved");
    campus
        .act(&case, "release", "emarcomm", &json!({}))
        .await
        .expect("released");
    // Her host puts the first try off; his takes the copy.
    campus.reaches("ben@", 1).await;
    campus
        .until("the other copy waits", async || {
            campus.mailing(&case).await.pointer("/tally/deferred") == Some(&json!(1))
        })
        .await;
    let wish = json!({ "address": "busy-ann@home.example", "reason": "asked by telephone" });
    campus.ask("POST", "/people/suppress", None, &wish).await.expect("kept");
    campus.pass(Duration::from_secs(60 * 60));
    campus.state(&case, "closed").await;
    assert_eq!(campus.got("busy-ann@").len(), 0);
    let tally = campus.mailing(&case).await["tally"].clone();
    assert_eq!(
        (&tally["accepted"], &tally["suppressed"]),
        (&json!(1), &json!(1)),
        "{tally}"
    );
}

/// Policy C4: one click leaves the list the copy came through, and no other.
#[tokio::test]
async fn to_leave_one_list_is_to_stay_on_the_others() {
    let campus = without_caps(|_file, text| text).await;
    let ann = ("ann@home.example".to_owned(), ",US,,,,");
    campus.feed("registrar", "student", std::slice::from_ref(&ann)).await;
    campus.feed("advancement", "alumnus", &[ann]).await;
    let first = case(&campus.submit("author", &list("students"), &note("The dome")).await);
    campus.let_go(&first, "records").await;
    campus.reaches("ann@", 1).await;
    let said = press(&campus, &campus.got("ann@").remove(0).1).await;
    assert!(said.contains("no further mail of the list it came through"), "{said}");
    campus
        .until("it is kept", async || {
            let asked = json!({ "address": "ann@home.example", "reason": "a story" });
            let found = campus.ask("POST", "/people/find", None, &asked).await;
            found.is_ok_and(|found| found.pointer("/suppressions/0/scope/list").is_some())
        })
        .await;
    let again = case(&campus.submit("author", &list("students"), &note("The mirror")).await);
    assert_eq!(reach(&campus, &again, "unsubscribed").await, (json!(0), json!(1)));
    let other = case(&campus.submit("author", &list("alumni"), &note("Homecoming")).await);
    assert_eq!(reach(&campus, &other, "unsubscribed").await, (json!(1), Value::Null));
    campus.let_go(&other, "alumni-data").await;
    campus.reaches("ann@", 2).await;
}

/// Law 5: what somebody chooses on their own page holds for a mailing that is under way; and what they take back as well.
#[tokio::test]
async fn a_choice_of_topics_holds_for_the_next_copy_and_can_be_changed() {
    let campus = without_caps(|_file, text| text).await;
    let ann = ("ann@home.example".to_owned(), ",US,,,,");
    let ben = ("ben@home.example".to_owned(), ",US,,,,");
    campus.feed("advancement", "alumnus", &[ann, ben]).await;
    let first = case(&campus.submit("author", &list("alumni"), &note("The dome")).await);
    campus
        .act(&first, "approve", "alumni-data", &json!({}))
        .await
        .expect("approved");
    campus
        .act(&first, "release", "emarcomm", &json!({}))
        .await
        .expect("released");
    campus.reaches("ann@", 1).await;
    let copy = campus.got("ann@").remove(0).1;
    let said = ask_own(&campus, &copy, "act=choose&topic-alumni-news=no").await;
    assert!(said.contains("Your choices are kept"), "{said}");
    let second = case(&campus.submit("author", &list("alumni"), &note("The mirror")).await);
    assert_eq!(reach(&campus, &second, "preference").await, (json!(1), json!(1)));
    let said = ask_own(&campus, &copy, "act=choose&topic-alumni-news=yes").await;
    assert!(said.contains("Your choices are kept"), "{said}");
    let said = ask_own(&campus, &copy, "act=nothing").await;
    assert!(said.contains("You get no further mailings"), "{said}");
    let third = case(&campus.submit("author", &list("alumni"), &note("The clock")).await);
    assert_eq!(reach(&campus, &third, "unsubscribed").await, (json!(1), json!(1)));
    // Released before she spoke, due after: nothing comes.
    campus.let_go(&second, "alumni-data").await;
    campus.reaches("ben@", 2).await;
    assert_eq!(campus.got("ann@").len(), 1);
}

/// Policy C3, C15: why somebody is in an audience, and gets a mailing or none, is told in words; who asked is kept.
#[tokio::test]
async fn why_somebody_is_in_or_out_of_an_audience_is_told() {
    let campus = Campus::open().await;
    let people = [("in@home.example", ",US,,,,"), ("left@home.example", ",US,,,,")];
    let people = people.map(|(address, rest)| (address.to_owned(), rest));
    campus.feed("advancement", "alumnus", &people).await;
    let wish = json!({ "address": "left@home.example", "reason": "asked by telephone" });
    campus.ask("POST", "/people/suppress", None, &wish).await.expect("kept");
    let why = async |address: &str, audience: &str| {
        let asked = json!({ "address": address, "audience": audience, "reason": "asks why" });
        let found = campus.ask("POST", "/people/find", None, &asked).await.expect("found");
        found["why"]["sentences"].to_string()
    };
    let told = why("in@home.example", "alumni").await;
    assert!(
        told.contains("advancement lists them as alumnus, which matches."),
        "{told}"
    );
    assert!(
        told.contains("A mailing to alumni@lists.mst.example would reach them now."),
        "{told}"
    );
    let told = why("in@home.example", "students").await;
    assert!(
        told.contains("affiliation is alumnus, and student is asked for"),
        "{told}"
    );
    assert!(told.contains("So the audience does not have them."), "{told}");
    let told = why("left@home.example", "alumni").await;
    assert!(
        told.contains("would not reach them: never written to (kept from all mailings)"),
        "{told}"
    );
    let unknown = json!({ "address": "in@home.example", "audience": "alumns", "reason": "asks why" });
    let refused = campus
        .ask("POST", "/people/find", None, &unknown)
        .await
        .expect_err("no such audience");
    assert!(refused.contains("there is no audience alumns"), "{refused}");
    // A steward of another office is told nothing.
    let asked = json!({ "address": "in@home.example", "reason": "curious" });
    let refused = campus
        .ask("POST", "/people/find", Some("records@mst.example"), &asked)
        .await
        .expect_err("not theirs");
    assert!(
        refused.contains("nothing is known of this address, or nothing that you may see"),
        "{refused}"
    );
    let export = campus
        .ask("POST", "/people/export", None, &asked)
        .await
        .expect("handed out");
    assert_eq!(export["contact"]["listings"][0]["email"], "in@home.example");
}

/// Policy C8: whom no office lists is forgotten when policy.toml says, and a no outlives them.
#[tokio::test]
async fn who_left_long_ago_is_forgotten_and_their_no_is_not() {
    let campus = Campus::open().await;
    let people = ["left@home.example", "stays@home.example"].map(|address| (address.to_owned(), ",US,,,,"));
    campus.feed("advancement", "alumnus", &people).await;
    let wish = json!({ "address": "left@home.example", "reason": "asked by telephone" });
    campus.ask("POST", "/people/suppress", None, &wish).await.expect("kept");
    campus
        .replace(
            "advancement",
            "source_key,email,affiliation\nalumnus-stays@home.example,stays@home.example,alumnus\n",
        )
        .await;
    let known = async |address: &str| {
        let asked = json!({ "address": address, "reason": "a story" });
        let found = campus
            .ask("POST", "/people/find", None, &asked)
            .await
            .expect("something is kept");
        (
            !found["contact"].is_null(),
            found["suppressions"].as_array().map_or(0, Vec::len),
        )
    };
    assert_eq!(known("left@home.example").await, (true, 1));
    campus.pass(DAY * 1094);
    assert_eq!(known("left@home.example").await, (true, 1), "not yet");
    campus.pass(DAY * 2);
    campus
        .until("they are forgotten", async || {
            known("left@home.example").await == (false, 1)
        })
        .await;
    assert_eq!(known("stays@home.example").await, (true, 0));
}
