//! Copies, whatever the author's mail program made.

use std::collections::BTreeMap;

use mail_parser::MessageParser;

use super::*;
use crate::mail::{Envelope, ForwardPath};
use crate::model::{
    Audience, Author, Category, ConsentRule, Content, Identity, MailingId, Office, OfficeId, Proof, Recipient, Segment,
    Selection, Series,
};

fn address(text: &str) -> Address {
    text.parse().expect("valid address")
}

fn settings() -> Settings {
    let registrar = Office {
        name: "Office of the Registrar".into(),
        stewards: vec![],
        reviewers: vec![],
    };
    let pem = dkim::new_key().expect("a key");
    let domain: Domain = "lists.mst.example".parse().expect("valid");
    Settings {
        hostname: "bedel.mst.example".parse().expect("valid"),
        lists_domain: domain.clone(),
        bounce_domain: "bounce.lists.mst.example".parse().expect("valid"),
        complaints: "fbl@bounce.lists.mst.example".parse().expect("valid"),
        public_url: "https://lists.mst.example".into(),
        organization: "Missouri S&T".into(),
        postal_address: "Rolla, MO".into(),
        offices: Arc::new(Offices::new(BTreeMap::from([(
            OfficeId("registrar".into()),
            registrar,
        )]))),
        signers: Arc::new(Signers::new(
            dkim::Signer::from_pem(&pem, "s1", domain).expect("our own key"),
            vec![],
        )),
        tokens: TokenKey::new(&[3; 32]),
        zone: TimeZone::UTC,
    }
}

fn mailing(identity: Identity) -> Mailing {
    let list = address("students@lists.mst.example");
    let segment = Segment {
        list: list.clone(),
        audience: "students".into(),
        selection: Selection::default(),
        office: Some(OfficeId("registrar".into())),
        consent: ConsentRule::NotNeeded,
        caps: Default::default(),
        about: None,
        is_on_campus: false,
        is_sensitive: false,
        is_for_outsiders: false,
    };
    Mailing {
        id: MailingId {
            series: Series::Case,
            year: 2026,
            number: 412,
        },
        author: Author {
            address: address("author@mst.example"),
            proof: Proof::Login,
        },
        envelope: Envelope::new(Some(address("author@mst.example")), vec![ForwardPath::to(list)]).expect("one"),
        submitted_at: Timestamp::from_micros(0),
        version: 1,
        content: Content {
            sha256: [0; 32],
            bytes: 0,
        },
        subject: "Überraschung".into(),
        message_id: None,
        audience: Audience::Lists {
            segments: vec![segment],
            people: vec![],
        },
        capacity: Capacity::Initiated,
        category: Category::Informational,
        lane: Lane::Bulk,
        identity,
    }
}

fn release() -> Release {
    let at = Timestamp::from_micros(0);
    Release {
        by: Some(address("emarcomm@mst.example")),
        at,
        not_before: at,
        approved_by: vec![OfficeId("registrar".into())],
    }
}

/// The whole copy for recipient 7, as text.
fn made(source: &str, mailing: &Mailing, settings: &Settings) -> String {
    made_for(7, source, mailing, settings)
}

fn made_for(seq: u32, source: &str, mailing: &Mailing, settings: &Settings) -> String {
    let message = Message::parse(source.replace('\n', "\r\n").as_bytes()).expect("a message");
    let sealed = seal(&message, mailing, &release(), settings).expect("seals");
    let sealed = Sealed::from_bytes(&sealed.to_bytes()).expect("what we wrote");
    let recipient = Recipient {
        address: address("ann@outside.example"),
        contact: None,
    };
    let letter = Letter::new(&sealed).expect("made ready");
    let copy = letter.copy(mailing, (seq, &recipient), settings, Timestamp::from_micros(0));
    let copy = copy.expect("composes");
    assert_eq!(copy.bytes(), copy.header.len() + copy.body.octets().len());
    String::from_utf8([copy.header.as_slice(), copy.body.octets()].concat()).expect("7-bit")
}

const PLAIN: &str = "From: \"The Author\" <author@mst.example>\nTo: students@lists.mst.example\nCc: dean@mst.example\n\
Bcc: secret@mst.example\nDKIM-Signature: v=1; broken\nDisposition-Notification-To: author@mst.example\n\
List-Id: <foreign>\nX-Campus-Authenticated: author@mst.example\nReceived: from client\n\
Message-ID: <1@client>\nSubject: x\n\nHello\n";

#[test]
fn a_copy_bears_what_a_list_must_and_nothing_that_tells_of_others() {
    let copy = made(PLAIN, &mailing(Identity::Keep), &settings());
    for wanted in [
        "From: \"The Author\" <author@mst.example>\r\n",
        "Reply-To: \"The Author\" <author@mst.example>\r\n",
        "To: ann@outside.example\r\n",
        "Subject: =?utf-8?B?w5xiZXJyYXNjaHVuZw==?=\r\n",
        "List-Id: \"students\" <students.lists.mst.example>\r\n",
        "List-Unsubscribe: <https://lists.mst.example/u/",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        "List-Help: <https://lists.mst.example/preferences/",
        "List-Post: NO\r\n",
        "Feedback-ID: MC20260412:registrar:informational:listsmstexample\r\n",
        "CFBL-Address: fbl@bounce.lists.mst.example; report=arf\r\n",
        "CFBL-Feedback-ID: ",
        "Precedence: bulk\r\n",
        "Auto-Submitted: no\r\n",
        "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n",
    ] {
        assert!(copy.contains(wanted), "{wanted} is missing in\n{copy}");
    }
    for unwanted in [
        "dean@",
        "secret@",
        "broken",
        "Disposition-Notification",
        "foreign",
        "X-Campus",
        "Received",
        "1@client",
    ] {
        assert!(!copy.contains(unwanted), "{unwanted} is in\n{copy}");
    }
    assert_eq!(copy.matches("DKIM-Signature:").count(), 1);
}

#[test]
fn a_repeat_has_the_same_message_id_and_another_recipient_has_not() {
    let (settings, mailing) = (settings(), mailing(Identity::Keep));
    let id = |seq| {
        let copy = made_for(seq, PLAIN, &mailing, &settings);
        let id = copy.lines().find(|line| line.starts_with("Message-ID: "));
        id.expect("it has one").to_owned()
    };
    assert_eq!(id(7), id(7));
    assert_ne!(id(7), id(8));
}

#[test]
fn a_list_identity_takes_from_and_leaves_the_author_to_answer_to() {
    let identity = Identity::List {
        name: "Missouri S&T Alumni".into(),
        address: address("news@lists.mst.example"),
    };
    let copy = made(PLAIN, &mailing(identity), &settings());
    assert!(
        copy.contains("From: \"Missouri S&T Alumni\" <news@lists.mst.example>\r\n"),
        "{copy}"
    );
    assert!(
        copy.contains("Reply-To: \"The Author\" <author@mst.example>\r\n"),
        "{copy}"
    );
}

#[test]
fn emergency_mail_carries_no_unsubscribe() {
    let mailing = Mailing {
        lane: Lane::Emergency,
        ..mailing(Identity::Keep)
    };
    let copy = made(PLAIN, &mailing, &settings());
    assert!(!copy.contains("List-Unsubscribe"), "{copy}");
    assert!(!copy.contains("CFBL-"), "{copy}");
    assert!(!copy.contains("To stop such mail"), "{copy}");
}

/// Every kind of part must show its text and the footer to a reader nobody here wrote.
#[track_caller]
fn check(source: &str, text: &str, html: Option<&str>) {
    let copy = made(
        &format!("From: author@mst.example\nSubject: x\n{source}"),
        &mailing(Identity::Keep),
        &settings(),
    );
    let parsed = MessageParser::default().parse(copy.as_bytes()).expect("a message");
    let all: String = (0..parsed.text_body_count())
        .filter_map(|n| parsed.body_text(n))
        .collect();
    assert!(all.contains(text), "no `{text}` in\n{copy}");
    assert!(all.contains("Case MC-2026-0412."), "no footer in\n{copy}");
    if let Some(html) = html {
        let shown = parsed.body_html(0).expect("an HTML part");
        assert!(shown.contains(html), "no `{html}` in\n{copy}");
        assert!(shown.contains("Case MC-2026-0412."), "no footer in\n{shown}");
    }
    assert!(copy.lines().all(|line| line.len() <= 998), "a long line in\n{copy}");
    assert!(
        !copy.replace("\r\n", "").contains(['\r', '\n']),
        "a bare line break in\n{copy}"
    );
}

#[test]
fn a_text_of_any_encoding_gets_the_footer() {
    check("\nHello\n", "Hello", None);
    check(
        "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n",
        "Grüße",
        None,
    );
    check(
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nR3LDvMOfZQ==\n",
        "Grüße",
        None,
    );
}

#[test]
fn html_gets_it_before_its_end() {
    check(
        "Content-Type: text/html\n\n<html><body><p>Hello</p></BODY></html>\n",
        "Hello",
        Some("<p>Hello</p><hr>"),
    );
    check(
        "Content-Type: text/html\n\n<p>Hello</p>\n",
        "Hello",
        Some("<p>Hello</p>"),
    );
}

#[test]
fn both_sides_of_an_alternative_get_it_and_attachments_stay() {
    let alternative = "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nHello\n--b\nContent-Type: text/html\n\n<p>Hello</p>\n--b--\n";
    check(alternative, "Hello", Some("<p>Hello</p>"));
    let mixed = "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nHello\n--b\nContent-Type: text/html\n\n<p>Hello</p>\n--b--\n--a\nContent-Type: application/pdf; name=f.pdf\nContent-Disposition: attachment; filename=f.pdf\nContent-Transfer-Encoding: base64\n\nAAAA\n--a--\n";
    check(mixed, "Hello", Some("<p>Hello</p>"));
    let copy = made(
        &format!("From: a@mst.example\n{mixed}"),
        &mailing(Identity::Keep),
        &settings(),
    );
    assert!(
        copy.contains("filename=f.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--a--"),
        "{copy}"
    );
}

#[test]
fn what_must_not_be_touched_is_wrapped() {
    let signed = "Content-Type: multipart/signed; boundary=s; protocol=\"application/pgp-signature\"\n\n--s\nContent-Type: text/plain\n\nHello\n--s\nContent-Type: application/pgp-signature\n\nsig\n--s--\n";
    check(signed, "Hello", None);
    let copy = made(
        &format!("From: a@mst.example\n{signed}"),
        &mailing(Identity::Keep),
        &settings(),
    );
    assert!(
        copy.contains("--s\r\nContent-Type: text/plain\r\n\r\nHello\r\n--s\r\n"),
        "{copy}"
    );
    let attachment = "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nAAAA\n";
    let copy = made(
        &format!("From: a@mst.example\n{attachment}"),
        &mailing(Identity::Keep),
        &settings(),
    );
    assert!(copy.contains("Case MC-2026-0412."), "{copy}");
}

#[test]
fn conveyed_mail_leaves_as_it_was_written() {
    let mailing = Mailing {
        capacity: Capacity::Conveyed,
        ..mailing(Identity::Keep)
    };
    let copy = made(PLAIN, &mailing, &settings());
    assert!(
        copy.contains("Cc: dean@mst.example\r\n") && !copy.contains("secret@"),
        "{copy}"
    );
    assert!(!copy.contains("List-") || copy.contains("List-Id: <foreign>"), "{copy}");
    assert!(copy.ends_with("\r\n\r\nHello\r\n"), "{copy}");
}

/// Policy C8: no header and no footer says which list it was when to be on it is nobody's business.
#[test]
fn a_copy_of_a_sensitive_list_does_not_name_it() {
    let mut mailing = mailing(Identity::Keep);
    let Audience::Lists { segments, .. } = &mut mailing.audience else {
        panic!("a list")
    };
    segments[0].list = address("hardship-aid@lists.mst.example");
    segments[0].audience = "hardship aid".into();
    let source = "From: author@mst.example\nSubject: x\n\nHello\n";
    assert!(made(source, &mailing, &settings()).contains("hardship"));
    let Audience::Lists { segments, .. } = &mut mailing.audience else {
        panic!("a list")
    };
    segments[0].is_sensitive = true;
    let copy = made(source, &mailing, &settings());
    assert!(!copy.contains("hardship"), "{copy}");
    assert!(copy.contains("List-Id: <mc-2026-0412.lists.mst.example>"), "{copy}");
}

#[test]
fn the_list_stands_in_for_an_author_nobody_here_signs_for() {
    let mut stranger = mailing(Identity::Keep);
    stranger.author.address = address("ann@partner.example");
    let source = "From: Ann Author <ann@partner.example>\nDKIM-Signature: v=1; d=partner.example\nARC-Seal: i=1\nSubject: x\n\nHello\n";
    let copy = made(source, &stranger, &settings());
    assert!(
        copy.contains("From: \"Ann Author via Missouri S&T\" <students@lists.mst.example>\r\n"),
        "{copy}"
    );
    assert!(
        copy.contains("Reply-To: \"Ann Author\" <ann@partner.example>\r\n"),
        "{copy}"
    );
    assert!(
        copy.contains("d=lists.mst.example") && !copy.contains("d=partner.example"),
        "{copy}"
    );
    assert!(!copy.contains("ARC-Seal"), "{copy}");
    let own = made(
        "From: author@mst.example\nSubject: x\n\nHello\n",
        &mailing(Identity::Keep),
        &settings(),
    );
    assert!(own.contains("From: author@mst.example\r\n"), "{own}");
}
