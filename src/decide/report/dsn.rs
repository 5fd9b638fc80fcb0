//! Delivery status notifications: who failed, and why.

use mail_parser::{MessageParser, MimeHeaders};

use crate::mail::{Header, Status};

/// The status of the first recipient a notification calls failed; `None` when it is no notification, or of a delay or a
/// success. Whose bounce it is says the token it came to, not the notification.
pub fn read_dsn(message: &[u8]) -> Option<Status> {
    let parsed = MessageParser::default().parse(message)?;
    let report = parsed.parts.iter().find(|part| {
        part.content_type().is_some_and(|content| {
            content.ctype().eq_ignore_ascii_case("message")
                && content
                    .subtype()
                    .is_some_and(|subtype| subtype.eq_ignore_ascii_case("delivery-status"))
        })
    })?;
    let text = String::from_utf8_lossy(report.contents()).replace("\r\n", "\n");
    // The first block is of the message, each other of a recipient (RFC 3464 §2.1).
    text.split("\n\n").skip(1).find_map(failed)
}

fn failed(block: &str) -> Option<Status> {
    let bytes: Vec<u8> = block
        .trim()
        .lines()
        .flat_map(|line| [line.as_bytes(), b"\r\n"].concat())
        .collect();
    let header = Header::parse(&bytes).ok()?;
    let action = header.value("Action")?;
    if !action.eq_ignore_ascii_case("failed") {
        return None;
    }
    let mut numbers = header
        .value("Status")?
        .split_whitespace()
        .next()?
        .split('.')
        .map(str::parse::<u16>)
        .collect::<Vec<_>>()
        .into_iter();
    let (Some(Ok(class)), Some(Ok(subject)), Some(Ok(detail))) = (numbers.next(), numbers.next(), numbers.next())
    else {
        return None;
    };
    let text = header.value("Diagnostic-Code").unwrap_or_default();
    let code = if class == 5 { 550 } else { 450 };
    Some(Status {
        code,
        enhanced: Some((u8::try_from(class).ok()?, subject, detail)),
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(action: &str, status: &str) -> Vec<u8> {
        format!(
            "From: MAILER-DAEMON@x.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
             --b\nContent-Type: text/plain\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\n\
             Reporting-MTA: dns; x.example\n\nFinal-Recipient: rfc822; a@x.example\nAction: {action}\nStatus: {status}\n\
             Diagnostic-Code: smtp; 550 {status} no such\n user\n\n--b--\n"
        )
        .replace('\n', "\r\n")
        .into_bytes()
    }

    #[test]
    fn a_failure_is_read_with_its_status() {
        let status = read_dsn(&notification("Failed", "5.1.1 (bad mailbox)")).expect("a failure");
        assert_eq!((status.code, status.enhanced), (550, Some((5, 1, 1))));
        assert!(status.text.contains("no such user"), "{status}");
    }

    #[test]
    fn a_delay_and_a_letter_are_no_failure() {
        assert_eq!(read_dsn(&notification("delayed", "4.4.1")), None);
        assert_eq!(read_dsn(&notification("failed", "five")), None);
        assert_eq!(
            read_dsn(b"Subject: I am away\r\nAuto-Submitted: auto-replied\r\n\r\nBack on Monday\r\n"),
            None
        );
    }
}
