//! What mailbox providers think of the campus: a slice goes first, and what fares badly stops by itself. Policy C4.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::campus::{Campus, Letter, case, list, people};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn news() -> Letter {
    Letter::new(
        "Fees are due",
        "Dear students,\n\nfees are due on Friday.\n\nMissouri S&T, dean@mst.example",
    )
}

/// Students at these addresses, and mail to all of them under way.
async fn under_way(campus: &Campus, addresses: Vec<String>) -> String {
    let students: Vec<(String, &str)> = addresses.into_iter().map(|address| (address, ",US,,,,")).collect();
    campus.feed("registrar", "student", &students).await;
    let case = case(&campus.submit("author", &list("students"), &news()).await);
    campus
        .act(&case, "approve", "records", &json!({}))
        .await
        .expect("approved");
    campus
        .act(&case, "release", "emarcomm", &json!({}))
        .await
        .expect("released");
    case
}

async fn count(campus: &Campus, case: &str, what: &str) -> u64 {
    let mailing = campus.mailing(case).await;
    let counted = mailing.get("tally").and_then(|tally| tally.get(what));
    counted.and_then(Value::as_u64).unwrap_or_default()
}

/// How many notices with this subject somebody has had.
fn told(campus: &Campus, who: &str, subject: &str) -> usize {
    let subject = format!("Subject: {subject}");
    campus
        .got(who)
        .iter()
        .filter(|(_, notice)| notice.contains(&subject))
        .count()
}

#[tokio::test]
async fn two_hundred_go_first_and_the_rest_waits_a_quarter_of_an_hour() {
    let campus = Campus::open().await;
    let case = under_way(&campus, people(260, "s", "students.example")).await;
    campus
        .until("the slice has gone", async || {
            count(&campus, &case, "accepted").await == 200
        })
        .await;
    campus.pass(14 * MINUTE);
    assert_eq!(campus.got("s").len(), 200);
    campus.pass(MINUTE);
    campus.state(&case, "closed").await;
    campus.reaches("s", 260).await;
}

#[tokio::test]
async fn a_slice_has_its_share_of_every_provider() {
    let campus = Campus::open().await;
    let mut everybody = people(300, "one", "one.example");
    everybody.extend(people(100, "two", "two.example"));
    let case = under_way(&campus, everybody).await;
    campus
        .until("the slice has gone", async || {
            count(&campus, &case, "accepted").await == 200
        })
        .await;
    assert_eq!((campus.got("one").len(), campus.got("two").len()), (150, 50));
}

#[tokio::test]
async fn a_small_mailing_goes_at_once() {
    let campus = Campus::open().await;
    let case = under_way(&campus, people(200, "s", "students.example")).await;
    campus.state(&case, "closed").await;
    campus.reaches("s", 200).await;
}

#[tokio::test]
async fn a_mailing_whose_mailboxes_are_gone_pauses_itself_until_a_person_has_looked() {
    let campus = Campus::open().await;
    let mut everybody = people(30, "gone", "students.example");
    everybody.extend(people(270, "s", "students.example"));
    let case = under_way(&campus, everybody).await;
    let is_paused = async || campus.mailing(&case).await["paused"] == true;
    campus.until("it is paused", is_paused).await;
    let pause = campus.mailing(&case).await["pause"].clone();
    assert_eq!(pause["by"], Value::Null, "{pause}");
    // Those who are gone are the first of the plan; the slice has its share of them.
    assert_eq!(
        pause["why"],
        "everywhere: 20 of 200 mailboxes are gone, 10.00 %; the limit is 5 %"
    );
    campus.pass(DAY);
    assert_eq!(campus.got("s").len(), 180, "nobody else gets a copy");
    for who in ["emarcomm@", "emarcomm-deputy@", "postmaster@"] {
        let subject = format!("Paused by itself: {case}");
        campus
            .until("they are told", async || told(&campus, who, &subject) == 1)
            .await;
    }
    let trail = campus
        .ask("GET", "/audit", None, &Value::Null)
        .await
        .expect("the trail")
        .to_string();
    assert!(
        trail.contains("\"paused\"") && trail.contains("mailboxes are gone"),
        "{trail}"
    );
    campus
        .act(&case, "resume", "records", &json!({}))
        .await
        .expect_err("a steward may not");
    campus
        .act(&case, "resume", "emarcomm", &json!({}))
        .await
        .expect("resumed");
    // The last of the slice may have come to its end after the day had passed.
    campus.pass(15 * MINUTE);
    campus.state(&case, "closed").await;
    assert_eq!(campus.got("s").len(), 270);
}

#[tokio::test]
async fn two_in_a_hundred_are_told_of_and_it_goes_on() {
    let campus = Campus::open().await;
    let mut everybody = people(6, "gone", "students.example");
    everybody.extend(people(244, "s", "students.example"));
    let case = under_way(&campus, everybody).await;
    let subject = format!("Near the limits: {case}");
    campus
        .until("they are told", async || told(&campus, "postmaster@", &subject) == 1)
        .await;
    campus.pass(15 * MINUTE);
    campus.state(&case, "closed").await;
    assert_eq!(told(&campus, "postmaster@", &subject), 1, "once");
}

#[tokio::test]
async fn what_comes_back_later_counts_as_well() {
    let campus = Campus::open().await;
    let case = under_way(&campus, people(300, "s", "students.example")).await;
    campus
        .until("the slice has gone", async || {
            count(&campus, &case, "accepted").await == 200
        })
        .await;
    let bounce = Letter::new(
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\n\
         A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. \
         The following address(es) failed:\n\n  s1@students.example\n    host mx.students.example [192.0.2.1]\n    \
         SMTP error from remote mail server after RCPT TO:<s1@students.example>:\n    550 5.1.1 No such user\n",
    );
    let first: Vec<String> = campus.return_paths("s").into_iter().take(12).collect();
    for path in first {
        let reply = campus.hand_over("", None, &[path], &bounce).await;
        assert!(reply.starts_with("250"), "{reply}");
    }
    campus
        .until("it is paused", async || campus.mailing(&case).await["paused"] == true)
        .await;
    let why = campus.mailing(&case).await["pause"]["why"].to_string();
    assert!(why.contains("mailboxes are gone"), "{why}");
}

#[tokio::test]
async fn a_provider_who_bears_little_holds_back_nobody_else() {
    let campus = Campus::with(|file, text| match file {
        "shaping.toml" => text
            .replace(
                "domains                 = [\"orange.fr\", \"wanadoo.fr\"]",
                "domains = [\"little.example\"]",
            )
            .replace("first_day      = 300", "first_day = 3"),
        _ => text,
    })
    .await;
    let mut everybody = people(5, "little", "little.example");
    everybody.extend(people(60, "much", "much.example"));
    let case = under_way(&campus, everybody).await;
    campus.reaches("much", 60).await;
    campus.pass(MINUTE);
    campus.reaches("little", 3).await;
    campus.pass(5 * 60 * MINUTE);
    assert_eq!(campus.got("little").len(), 3, "no more on the first day");
    campus.pass(DAY);
    campus.state(&case, "closed").await;
    assert_eq!(campus.got("little").len(), 5);
}

#[tokio::test]
async fn a_postmaster_asks_why_mail_waits() {
    let campus = Campus::with(|file, text| match file {
        "shaping.toml" => text.replace("first_day      = 300", "first_day = 2"),
        _ => text,
    })
    .await;
    let ask = async |path: &str, by: Option<&str>| campus.ask("GET", path, by, &Value::Null).await;
    let free = ask("/shape/comcast.net", None).await.expect("answers");
    assert_eq!(
        (&free["provider"], &free["binds"]),
        (&json!("Comcast"), &json!([])),
        "{free}"
    );
    let case = under_way(&campus, people(5, "c", "comcast.net")).await;
    campus.reaches("c", 2).await;
    let bound = ask("/shape/comcast.net", Some("postmaster@mst.example"))
        .await
        .expect("answers");
    assert_eq!(
        bound.pointer("/binds/0/limit").cloned().unwrap_or_default(),
        "messages_per_day",
        "{bound}"
    );
    let sentence = bound
        .pointer("/binds/0/sentence")
        .cloned()
        .unwrap_or_default()
        .to_string();
    assert!(
        sentence.contains("Comcast: 2 today, while it gets to know us; next 25 Nov 2026 00:00"),
        "{sentence}"
    );
    let emergency = ask("/shape/comcast.net?lane=emergency", None).await.expect("answers");
    assert!(
        !emergency["binds"].to_string().contains("messages_per_day"),
        "{emergency}"
    );
    let all = ask("/shape", None).await.expect("answers").to_string();
    assert!(all.contains("Comcast") && !all.contains("comcast.net"), "{all}");
    ask("/shape", Some("author@mst.example"))
        .await
        .expect_err("not theirs to see");
    ask("/shape/not_a_domain..", None).await.expect_err("no domain");
    campus.pass(DAY);
    campus.reaches("c", 4).await;
    campus.pass(DAY);
    campus.state(&case, "closed").await;
}

#[tokio::test]
async fn a_blocklist_that_speaks_at_the_greeting_pauses_the_mailing() {
    let host = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = host.local_addr().expect("an address").port();
    let via = format!(
        "\n[[relay.via]]\ndomains = [\"blocked.example\"]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"off\"\n"
    );
    let campus = Campus::with(|file, text| match file {
        "gateway.toml" => text + &via,
        _ => text,
    })
    .await;
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = host.accept().await {
            // Whoever hears it hangs up.
            drop(
                caller
                    .write_all(b"554 5.7.1 client [192.0.2.1] blocked using zen.spamhaus.org\r\n")
                    .await,
            );
        }
    });
    let mut everybody = people(50, "s", "students.example");
    everybody.extend(people(2, "blocked", "blocked.example"));
    let case = under_way(&campus, everybody).await;
    let is_paused = async || campus.mailing(&case).await["paused"] == true;
    campus.until("it is paused", is_paused).await;
    let why = campus.mailing(&case).await["pause"]["why"].to_string();
    assert!(why.contains("blocked using zen.spamhaus.org"), "{why}");
    let subject = format!("Paused by itself: {case}");
    campus
        .until("they are told", async || told(&campus, "postmaster@", &subject) == 1)
        .await;
}
