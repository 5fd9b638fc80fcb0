//! What its author hears of conveyed mail: that it failed, that it is late, or that it was passed on.
//!
//! # Standards
//! RFC 3464 (delivery status notifications), RFC 3461 §6 (RET, ENVID, ORCPT), RFC 5321 §4.5.5 (null return path).

use mail_builder::MessageBuilder;
use mail_builder::headers::address as builder;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;

use super::{Notices, carrier};
use crate::mail::{Address, DsnRet, ForwardPath, Message, Status, Timestamp};
use crate::model::lifecycle::{Released, Submitted};
use crate::model::{Mailing, MailingId};

/// What became of one recipient (RFC 3464 §2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It failed for good.
    Failed,
    /// It is still tried, until then.
    Delayed(Timestamp),
    /// It was taken by a host that knows no notifications.
    Relayed,
}

impl Word {
    fn action(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed(_) => "delayed",
            Self::Relayed => "relayed",
        }
    }

    fn subject(self) -> &'static str {
        match self {
            Self::Failed => "Not delivered",
            Self::Delayed(_) => "Not delivered yet",
            Self::Relayed => "Passed on",
        }
    }
}

/// Who is to hear of this recipient: the return path, unless it is null or they asked not to (RFC 3461 §4.1).
pub fn wanted<'a>(mailing: &'a Mailing, recipient: &Address, word: Word) -> Option<(&'a Address, &'a ForwardPath)> {
    let to = mailing.envelope.reverse_path()?;
    let path = mailing
        .envelope
        .forward_paths()
        .iter()
        .find(|path| path.address == *recipient)?;
    let is_wanted = match word {
        Word::Failed => path.notify.wants_failure(),
        Word::Delayed(_) => path.notify.wants_delay(),
        Word::Relayed => path.notify.wants_success(),
    };
    is_wanted.then_some((to, path))
}

/// Writes the notification of what became of one recipient of `mailing`; `original` is the message it carried.
pub fn notification(
    notices: &Notices,
    mailing: &Mailing,
    (to, path): (&Address, &ForwardPath),
    (word, status): (Word, &Status),
    original: &Message,
    (id, now): (MailingId, Timestamp),
) -> (Released, Vec<u8>) {
    let subject = format!("{}: {}", word.subject(), mailing.subject);
    // RFC 3461 §4.3: RET is about failures alone.
    let returned = match mailing.envelope.ret.filter(|_| word == Word::Failed) {
        Some(DsnRet::Full) => MimePart::new(ContentType::new("message/rfc822"), original.to_bytes()),
        Some(DsnRet::Headers) | None => {
            MimePart::new(ContentType::new("text/rfc822-headers"), original.header.to_bytes())
        }
    };
    let report = ContentType::new("multipart/report").attribute("report-type", "delivery-status");
    // A name of our own: the builder's would be random, and a repeat could not be told from the first.
    let report = report.attribute("boundary", format!("{id}-report"));
    let body = MimePart::new(
        report,
        vec![
            MimePart::new(
                ContentType::new("text/plain").attribute("charset", "utf-8"),
                words(notices, mailing, path, (word, status)),
            ),
            MimePart::new(
                ContentType::new("message/delivery-status"),
                fields(notices, mailing, path, (word, status)).into_bytes(),
            )
            .transfer_encoding("7bit"),
            returned.transfer_encoding("8bit"),
        ],
    );
    let message = MessageBuilder::new()
        .from(builder::Address::new_address(
            Some("Mail Delivery System"),
            notices.from.to_string(),
        ))
        .to(to.to_string())
        .subject(subject.clone())
        .date(Date::new(now.as_micros() / 1_000_000))
        .message_id(format!("{id}@{}", notices.hostname))
        .header("Auto-Submitted", Raw::new("auto-replied"))
        .body(body)
        .write_to_vec()
        .unwrap_or_default();
    let mailing = carrier(notices, to, id, now, &subject, &message);
    let released = Submitted::new(mailing)
        .pass(now, now)
        .expect("a notification is conveyed, and conveyed mail passes");
    (released, message)
}

fn words(notices: &Notices, mailing: &Mailing, path: &ForwardPath, (word, status): (Word, &Status)) -> String {
    let (what, then) = match word {
        Word::Failed => (
            "could not be delivered to",
            "It will not be tried again. Check the address, or ask the recipient another way.".to_owned(),
        ),
        Word::Delayed(until) => (
            "has not been delivered yet to",
            format!(
                "You need not send it again: it is tried until {}, and you will hear if it fails.",
                until.rfc5322(&notices.zone)
            ),
        ),
        Word::Relayed => (
            "was passed on for",
            "You asked to hear of its delivery. The server that took it does not tell of that.".to_owned(),
        ),
    };
    format!(
        "Your message {what} {}.\n\n  Subject: {}\n  The server said: {status}\n\n{then}\n\n{}\n",
        path.address, mailing.subject, notices.organization
    )
}

fn fields(notices: &Notices, mailing: &Mailing, path: &ForwardPath, (word, status): (Word, &Status)) -> String {
    let mut fields = String::new();
    if let Some(id) = &mailing.envelope.id {
        fields.push_str(&format!("Original-Envelope-Id: {id}\r\n"));
    }
    fields.push_str(&format!(
        "Reporting-MTA: dns; {}\r\nArrival-Date: {}\r\n\r\n",
        notices.hostname,
        mailing.submitted_at.rfc5322(&notices.zone)
    ));
    if let Some(original) = &path.original {
        fields.push_str(&format!("Original-Recipient: {original}\r\n"));
    }
    let kind = if path.address.needs_smtputf8() {
        "utf-8"
    } else {
        "rfc822"
    };
    // INVARIANT: a status read off the wire is one line; whatever else it holds is kept out of the fields.
    let said: String = status
        .text
        .chars()
        .filter(|c| c.is_ascii_graphic() || *c == ' ')
        .collect();
    fields.push_str(&format!(
        "Final-Recipient: {kind}; {}\r\nAction: {}\r\nStatus: {}\r\nDiagnostic-Code: smtp; {} {said}\r\n",
        path.address,
        word.action(),
        status.enhanced_text(),
        status.code
    ));
    if let Word::Delayed(until) = word {
        fields.push_str(&format!("Will-Retry-Until: {}\r\n", until.rfc5322(&notices.zone)));
    }
    fields
}
