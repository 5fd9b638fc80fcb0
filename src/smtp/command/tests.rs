//! Command lines that are and are not.

use super::*;
use crate::mail::{DsnRet, Notify};

#[track_caller]
fn check(line: &str, expected: Command) {
    assert_eq!(Command::parse(line.as_bytes()), Ok(expected), "{line}");
}

#[track_caller]
fn refused(line: &str, expected: &str) {
    let reply = Command::parse(line.as_bytes()).expect_err(line).to_string();
    assert!(reply.starts_with(expected), "{line}: {reply}");
}

fn hello(name: &str, is_extended: bool) -> Command {
    let name = name.to_owned();
    Command::Hello(Hello { name, is_extended })
}

fn mail(parameters: MailParameters) -> Command {
    Command::Mail(Some("a@x.example".parse().expect("valid")), parameters)
}

fn rcpt(parameters: RcptParameters) -> Command {
    let to = "a@x.example".parse().expect("valid");
    Command::Rcpt(Recipient::Mailbox(to), parameters)
}

#[test]
fn commands_are_known_in_any_case() {
    check("EHLO client.example", hello("client.example", true));
    check("ehlo [IPv6:2001:db8::1]", hello("[IPv6:2001:db8::1]", true));
    check("HELO my_laptop", hello("my_laptop", false));
    check("StartTLS", Command::StartTls);
    check("DATA ", Command::Data);
    check("NOOP whatever", Command::Noop);
    check("HELP", Command::Help);
    check("VRFY ann", Command::Vrfy);
    check("QUIT", Command::Quit);
    check("RSET", Command::Rset);
}

#[test]
fn what_is_not_offered_is_not_known() {
    for line in [
        "EXPN students",
        "ETRN x.example",
        "LHLO x.example",
        "BURL imap://x LAST",
        "TURN",
        "",
        "GET / HTTP/1.1",
    ] {
        refused(line, "502 5.5.1 ");
    }
}

#[test]
fn arguments_must_fit() {
    refused("EHLO", "501 5.5.4 ");
    refused("EHLO a(b", "501 5.5.4 ");
    refused("DATA now", "501 5.5.4 ");
    refused("STARTTLS now", "501 5.5.4 ");
    refused("MAIL", "501 5.5.4 ");
    refused("MAIL FROM: a@x.example", "501 5.5.4 ");
    refused("RCPT TO:<>", "501 5.1.3 ");
    refused("RCPT TO:<ann>", "501 5.1.3 ");
    refused("MAIL FROM:<a@[192.0.2.1]>", "501 5.1.7 ");
    refused("VRFY jörg", "500 5.5.2 ");
    assert!(Command::parse(b"NOOP \xff").is_err());
}

#[test]
fn mail_keeps_its_parameters() {
    check("MAIL FROM:<>", Command::Mail(None, MailParameters::default()));
    check("mail from: <a@x.example>", mail(MailParameters::default()));
    check(
        "MAIL FROM:<a@x.example> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ+2B1 AUTH=<>",
        mail(MailParameters {
            size_bytes: Some(1000),
            smtputf8: true,
            ret: Some(DsnRet::Headers),
            envelope_id: Some("QQ+2B1".into()),
            ..MailParameters::default()
        }),
    );
    check(
        "MAIL FROM:<a@x.example> size=99999999999999999999",
        mail(MailParameters {
            size_bytes: Some(u64::MAX),
            ..MailParameters::default()
        }),
    );
}

#[test]
fn rcpt_keeps_its_parameters() {
    check("RCPT TO:<a@x.example>", rcpt(RcptParameters::default()));
    check(
        "RCPT TO:<a@x.example> NOTIFY=success,Delay ORCPT=rfc822;a+2Bb@x.example",
        rcpt(RcptParameters {
            notify: Some(Notify {
                success: true,
                delay: true,
                ..Notify::default()
            }),
            original: Some("rfc822;a+2Bb@x.example".into()),
            ..RcptParameters::default()
        }),
    );
    check(
        "RCPT TO:<POSTMASTER>",
        Command::Rcpt(Recipient::Postmaster, RcptParameters::default()),
    );
}

#[test]
fn parameters_must_be_offered_valid_and_given_once() {
    for parameter in [
        "SIZE=",
        "SIZE=x",
        "SIZE=-1",
        "SIZE",
        "SIZE=1 SIZE=1",
        "BODY=BINARYMIME",
        "SMTPUTF8=1",
        "RET=ALL",
        "ENVID=a=b",
        "ENVID=+2",
        "=x",
    ] {
        refused(&format!("MAIL FROM:<a@x.example> {parameter}"), "501 5.5.4 ");
    }
    for parameter in [
        "NOTIFY=",
        "NOTIFY=NEVER,SUCCESS",
        "NOTIFY=NOW",
        "ORCPT=ann",
        "ORCPT=rfc822;",
        "ORCPT=rfc822;a+b",
    ] {
        refused(&format!("RCPT TO:<a@x.example> {parameter}"), "501 5.5.4 ");
    }
    refused("MAIL FROM:<a@x.example> MT-PRIORITY=3", "555 5.5.4 ");
    refused("MAIL FROM:<a@x.example> NOTIFY=NEVER", "555 5.5.4 ");
    refused("RCPT TO:<a@x.example> SIZE=1", "555 5.5.4 ");
}

#[test]
fn a_chunk_of_unknown_length_ends_the_connection() {
    let bytes = 86;
    check("BDAT 86", Command::Bdat(Chunk { bytes, is_last: false }));
    check("bdat 86 last", Command::Bdat(Chunk { bytes, is_last: true }));
    for line in [
        "BDAT",
        "BDAT x",
        "BDAT -1",
        "BDAT 1 FIRST",
        "BDAT 99999999999999999999999",
        "BDAT 5x LAST",
    ] {
        assert!(Command::parse(line.as_bytes()).expect_err(line).closes(), "{line}");
    }
}

#[test]
fn an_initial_response_comes_along() {
    let initial = Some(Response::new("AGEAYg=="));
    check("AUTH PLAIN AGEAYg==", Command::Auth(Mechanism::Plain, initial));
    check("auth login", Command::Auth(Mechanism::Login, None));
    refused("AUTH CRAM-MD5", "504 5.5.4 ");
    refused("AUTH", "501 5.5.4 ");
}
