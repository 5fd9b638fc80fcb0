//! What comes back, and what follows from it. Policy C4.

use std::time::Duration;

use serde_json::{Value, json};

use crate::campus::{Campus, Letter, case, list};

/// A note to all students, approved, released, and with everybody: its number.
async fn sent(campus: &Campus) -> String {
    sent_about(campus, "The library is open longer").await
}

async fn sent_about(campus: &Campus, subject: &str) -> String {
    let letter = Letter::new(
        subject,
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

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[tokio::test]
async fn a_mailbox_that_is_full_three_mailings_in_a_row_is_written_to_no_more() {
    let campus = Campus::open().await;
    campus.students(2).await;
    for (number, subject) in ["The library is open longer", "Parking in winter", "Exams begin"]
        .into_iter()
        .enumerate()
    {
        assert_eq!(
            suppression(&campus, "s1@students.example").await,
            Value::Null,
            "{subject}"
        );
        sent_about(&campus, subject).await;
        campus.reaches("s1@", number + 1).await;
        let path = campus.return_path("s1@students.example");
        campus.come_back(&path, &bounce("552 5.2.2 Mailbox full")).await;
        campus.pass(WEEK);
    }
    campus
        .until("s1 is suppressed", async || {
            suppression(&campus, "s1@students.example").await == json!("unreachable")
        })
        .await;
    assert_eq!(suppression(&campus, "s2@students.example").await, Value::Null);
}

#[tokio::test]
async fn what_is_about_us_is_never_held_against_the_person() {
    let campus = Campus::open().await;
    campus.students(2).await;
    sent(&campus).await;
    campus.reaches("s1@", 1).await;
    let path = campus.return_path("s1@students.example");
    for said in [
        "550 5.7.26 This mail is unauthenticated",
        "554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org",
        "552 5.3.4 Message size exceeds fixed limit",
        "550 5.7.1 High probability of spam",
    ] {
        campus.come_back(&path, &bounce(said)).await;
    }
    // What came after them has been read: so have they.
    campus
        .come_back(
            &campus.return_path("s2@students.example"),
            &bounce("550 5.1.1 User unknown"),
        )
        .await;
    campus
        .until("s2 is suppressed", async || {
            suppression(&campus, "s2@students.example").await == json!("hard-bounce")
        })
        .await;
    assert_eq!(suppression(&campus, "s1@students.example").await, Value::Null);
}

#[tokio::test]
async fn a_campus_address_that_is_gone_is_a_wrong_record_and_its_office_is_told_once() {
    let campus = Campus::open().await;
    // The smarthost refuses `gone` at once; `moved` comes back later.
    let people = ["gone", "moved", "there"].map(|name| (format!("{name}@mst.example"), ",US,,,,"));
    campus.feed("registrar", "student", &people).await;
    sent(&campus).await;
    campus.reaches("moved@", 1).await;
    let path = campus.return_path("moved@mst.example");
    campus.come_back(&path, &bounce("550 5.1.1 User unknown")).await;
    campus.come_back(&path, &bounce("550 5.1.1 User unknown")).await;
    let told = || {
        let notices = campus.got("records@").into_iter();
        notices
            .filter(|(_, notice)| notice.contains("Records of yours"))
            .collect::<Vec<_>>()
    };
    assert!(told().is_empty(), "in the morning, and not before");
    campus.pass(Duration::from_secs(24 * 60 * 60));
    campus.until("the registrar is told", async || !told().is_empty()).await;
    let notices = told();
    let (_, notice) = notices.first().expect("one");
    assert!(notice.contains("2 records"), "{notice}");
    for who in ["gone", "moved"] {
        let line = format!("student-{who}@mst.example  (5.1.1, 2026-11-24");
        assert!(notice.contains(&line), "{notice}");
        assert_eq!(suppression(&campus, &format!("{who}@mst.example")).await, Value::Null);
    }
    campus.pass(WEEK);
    sent_about(&campus, "Parking in winter").await;
    campus.reaches("moved@", 2).await;
    assert_eq!(told().len(), 1);
}

/// A complaint as providers write it, about a copy of which these fields are left.
fn complaint(kind: &str, fields: &str) -> Letter {
    let text = format!(
        "--b\nContent-Type: text/plain\n\nSomebody calls it spam.\n--b\nContent-Type: message/feedback-report\n\n\
         Feedback-Type: {kind}\nUser-Agent: provider/1\nVersion: 1\n\n--b\nContent-Type: message/rfc822\n\n\
         From: events@lists.mst.example\nTo: redacted@provider.example\n{fields}\nSubject: News\n\nCome!\n--b--\n"
    );
    Letter::new("Complaint", &text).field(
        "Content-Type",
        "multipart/report; report-type=feedback-report; boundary=b",
    )
}

/// A field of the newest copy to somebody, whole, on one line.
fn field_of(campus: &Campus, to: &str, name: &str) -> String {
    let copies = campus.got(to);
    let (_, copy) = copies.last().expect("a copy");
    let copy = copy.replace("\r\n ", " ");
    let found = copy.lines().find(|line| line.starts_with(&format!("{name}:")));
    found.unwrap_or_else(|| panic!("no {name} in {copy}")).to_owned()
}

async fn appeal(campus: &Campus, subject: &str) -> String {
    let letter = Letter::new(
        subject,
        "Dear alumni of Missouri University of Science and Technology,\n\nthe dome opens at 6 p.m. CT.\n\n\
         Questions: alumni-data@mst.example",
    );
    let case = case(&campus.submit("author", &list("alumni"), &letter).await);
    campus.let_go(&case, "alumni-data").await;
    case
}

const FBL: &str = "fbl@bounce.lists.mst.example";

#[tokio::test]
async fn who_complains_gets_no_more_of_that_list_whichever_token_their_provider_left() {
    let campus = Campus::open().await;
    let people = ["a", "b", "c", "d", "e"].map(|name| (format!("{name}1@alumni.example"), ",US,,,,"));
    campus.feed("advancement", "alumnus", &people).await;
    appeal(&campus, "The observatory opens").await;
    campus.reaches("e1@", 1).await;
    for (who, name) in [
        ("a1@", "CFBL-Feedback-ID"),
        ("b1@", "List-Unsubscribe"),
        ("c1@", "Message-ID"),
    ] {
        let left = field_of(&campus, who, name);
        assert_eq!(
            campus.come_back(FBL, &complaint("abuse", &left)).await,
            "250 2.0.0 Noted"
        );
    }
    let path = campus.return_path("d1@alumni.example");
    campus.come_back(&path, &complaint("abuse", "X-Nothing: left")).await;
    for who in ["a1", "b1", "c1", "d1"] {
        let address = format!("{who}@alumni.example");
        campus
            .until(&format!("{who} is heard"), async || {
                suppression(&campus, &address).await == json!("complaint")
            })
            .await;
    }
    assert_eq!(suppression(&campus, "e1@alumni.example").await, Value::Null);
    let offered = field_of(&campus, "e1@", "CFBL-Address");
    assert_eq!(offered, format!("CFBL-Address: {FBL}; report=arf"));
}

#[tokio::test]
async fn a_complaint_without_a_token_of_ours_and_what_is_no_complaint_are_heard_of_nobody() {
    let campus = Campus::open().await;
    let people = ["a", "b"].map(|name| (format!("{name}1@alumni.example"), ",US,,,,"));
    campus.feed("advancement", "alumnus", &people).await;
    appeal(&campus, "The observatory opens").await;
    campus.reaches("b1@", 1).await;
    let token = field_of(&campus, "a1@", "CFBL-Feedback-ID");
    let last = if token.ends_with('a') { 'i' } else { 'a' };
    let forged = format!("{}{last}", token.get(..token.len() - 1).expect("longer"));
    for letter in [
        complaint("abuse", &forged),
        complaint("abuse", "To: a1@alumni.example"),
        complaint("not-spam", &token),
        complaint("auth-failure", &token),
    ] {
        assert_eq!(campus.come_back(FBL, &letter).await, "250 2.0.0 Noted");
    }
    let theirs = field_of(&campus, "b1@", "CFBL-Feedback-ID");
    campus.come_back(FBL, &complaint("opt-out", &theirs)).await;
    campus
        .until("b1 is heard", async || {
            suppression(&campus, "b1@alumni.example").await == json!("unsubscribed")
        })
        .await;
    assert_eq!(suppression(&campus, "a1@alumni.example").await, Value::Null);
}

#[tokio::test]
async fn a_complaint_on_campus_is_noted_and_nothing_follows() {
    let campus = Campus::open().await;
    campus
        .feed("registrar", "student", &[("ann@mst.example".to_owned(), ",US,,,,")])
        .await;
    let case = sent(&campus).await;
    campus.reaches("ann@", 1).await;
    let path = campus.return_path("ann@mst.example");
    campus.come_back(&path, &complaint("abuse", "X-Nothing: left")).await;
    campus
        .until("it is in the trail", async || {
            let trail = campus.ask("GET", "/audit?limit=50", None, &Value::Null).await;
            let trail = trail.expect("answers").to_string();
            trail.contains("complained") && trail.contains(&case)
        })
        .await;
    assert_eq!(suppression(&campus, "ann@mst.example").await, Value::Null);
}

#[tokio::test]
async fn who_answers_a_copy_with_unsubscribe_gets_no_more_and_nobody_can_for_them() {
    let campus = Campus::open().await;
    let people = ["a", "b"].map(|name| (format!("{name}1@alumni.example"), ",US,,,,"));
    campus.feed("advancement", "alumnus", &people).await;
    appeal(&campus, "The observatory opens").await;
    campus.reaches("b1@", 1).await;
    let answer = |who: &str| {
        let id = field_of(&campus, who, "Message-ID").replace("Message-ID: ", "");
        Letter::new(
            "Re: The observatory opens",
            "Unsubscribe\n\nOn Tuesday somebody wrote:\n> Come",
        )
        .field("In-Reply-To", &id)
    };
    let news = "alumni@lists.mst.example".to_owned();
    let refused = campus
        .hand_over("b1@alumni.example", None, std::slice::from_ref(&news), &answer("a1@"))
        .await;
    assert!(refused.starts_with("550 5.7.1"), "{refused}");
    let noted = campus
        .hand_over("b1@alumni.example", None, &[news], &answer("b1@"))
        .await;
    assert_eq!(noted, "250 2.0.0 Noted");
    campus
        .until("b1 is heard", async || {
            suppression(&campus, "b1@alumni.example").await == json!("unsubscribed")
        })
        .await;
    assert_eq!(suppression(&campus, "a1@alumni.example").await, Value::Null);
}

#[tokio::test]
async fn a_token_of_one_list_leaves_that_list_alone() {
    let campus = Campus::open().await;
    let both = [("both@home.example".to_owned(), ",US,,,,")];
    campus.feed("registrar", "student", &both).await;
    campus.feed("advancement", "alumnus", &both).await;
    appeal(&campus, "The observatory opens").await;
    campus.reaches("both@", 1).await;
    let field = field_of(&campus, "both@", "List-Unsubscribe");
    let (_, mail) = field.split_once("<mailto:").expect("an address");
    let to = mail.split('?').next().expect("an address").to_owned();
    assert_eq!(
        campus.come_back(&to, &Letter::new("unsubscribe", "")).await,
        "250 2.0.0 Noted"
    );
    campus
        .until("both is heard", async || {
            suppression(&campus, "both@home.example").await == json!("unsubscribed")
        })
        .await;
    campus.pass(WEEK);
    sent(&campus).await;
    campus.reaches("both@", 2).await;
    campus.pass(WEEK);
    let reply = campus
        .submit(
            "author",
            &list("alumni"),
            &Letter::new("A second appeal", "Dear alumni,\n\ncome.\n"),
        )
        .await;
    let reach = campus.mailing(&case(&reply)).await;
    assert_eq!(
        reach.pointer("/reach/exclusions/unsubscribed"),
        Some(&json!(1)),
        "{reach}"
    );
}

#[tokio::test]
async fn who_else_sends_in_our_name_is_told_by_other_hosts_and_a_report_counts_once() {
    let campus = Campus::open().await;
    let now = campus.clock.now().as_micros() / 1_000_000;
    let report = format!(
        "<feedback><report_metadata><org_name>provider.example</org_name><report_id>7</report_id>\n<date_range><begin>{}</begin>\
         <end>{now}</end></date_range></report_metadata>\n<record><row><source_ip>192.0.2.7</source_ip><count>31</count>\n\
         <policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>\n\
         <identifiers><header_from>mst.example</header_from></identifiers></record></feedback>",
        now - 86_400
    );
    for report in [report.as_str(), report.as_str(), "no report"] {
        let letter = Letter::new("Report Domain: mst.example", report).field("Content-Type", "application/xml");
        let taken = campus.come_back("dmarc@bounce.lists.mst.example", &letter).await;
        assert_eq!(taken, "250 2.0.0 Noted");
    }
    let ask = async |path: &str| campus.ask("GET", path, None, &Value::Null).await;
    campus
        .until("all are read", async || {
            let told = ask("/report/dmarc").await.expect("answers");
            let unreadable = &told["unreadable"]["no report is attached"];
            told["reports"] == 1 && told["strange"] == 31 && *unreadable == 1
        })
        .await;
    let told = ask("/report/dmarc?days=7").await.expect("answers");
    assert_eq!(told["sources"][0]["source"], "192.0.2.7");
    assert_eq!(told["sources"][0]["seen_by"], json!(["provider.example"]));
    let refused = ask("/report/tls?days=0").await.expect_err("no days");
    assert!(refused.contains("1 to 400"), "{refused}");
}

#[tokio::test]
async fn what_a_stranger_writes_to_a_postmaster_or_an_abuse_desk_of_ours_reaches_a_person_as_it_came() {
    let campus = Campus::open().await;
    let letter = Letter::new("Spam from your lists", "Please stop it.");
    let mailboxes = [
        "Postmaster",
        "abuse@lists.mst.example",
        "postmaster@bounce.lists.mst.example",
    ];
    for (number, mailbox) in mailboxes.into_iter().enumerate() {
        let said = campus
            .hand_over("victim@elsewhere.example", None, &[mailbox.to_owned()], &letter)
            .await;
        assert!(said.starts_with("250 2.0.0"), "{mailbox}: {said}");
        campus.reaches("postmaster@mst.example", number + 1).await;
    }
    for (_, got) in campus.got("postmaster@mst.example") {
        assert!(got.contains("\r\nSubject: Spam from your lists\r\n"), "{got}");
        assert!(
            got.contains("victim@elsewhere.example") && got.contains("Please stop it."),
            "{got}"
        );
        assert!(got.contains("Resent-To: postmaster@mst.example\r\n"), "{got}");
    }
    let nobody = ["someone@lists.mst.example".to_owned()];
    let said = campus
        .hand_over("victim@elsewhere.example", None, &nobody, &letter)
        .await;
    assert!(said.starts_with("550 5.1.1"), "{said}");
}
