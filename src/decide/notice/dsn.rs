//! What its author hears of conveyed mail that could not be delivered.
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

/// Who is to hear that this recipient failed: the return path, unless it is null or they asked not to (RFC 3461 §4.1).
pub fn wants_failure<'a>(mailing: &'a Mailing, recipient: &Address) -> Option<(&'a Address, &'a ForwardPath)> {
    let to = mailing.envelope.reverse_path()?;
    let path = mailing
        .envelope
        .forward_paths()
        .iter()
        .find(|path| path.address == *recipient)?;
    (path.notify.failure && !path.notify.never).then_some((to, path))
}

/// Writes the notification that one recipient of `mailing` failed for good; `original` is the message it carried.
pub fn failure(
    notices: &Notices,
    mailing: &Mailing,
    (to, failed): (&Address, &ForwardPath),
    status: &Status,
    original: &Message,
    (id, now): (MailingId, Timestamp),
) -> (Released, Vec<u8>) {
    let subject = format!("Not delivered: {}", mailing.subject);
    let returned = match mailing.envelope.ret {
        DsnRet::Full => MimePart::new(ContentType::new("message/rfc822"), original.to_bytes()),
        DsnRet::Headers => MimePart::new(ContentType::new("text/rfc822-headers"), original.header.to_bytes()),
    };
    let report = ContentType::new("multipart/report").attribute("report-type", "delivery-status");
    // A name of our own: the builder's would be random, and a repeat could not be told from the first.
    let report = report.attribute("boundary", format!("{id}-report"));
    let body = MimePart::new(
        report,
        vec![
            MimePart::new(
                ContentType::new("text/plain").attribute("charset", "utf-8"),
                words(notices, mailing, failed, status),
            ),
            MimePart::new(
                ContentType::new("message/delivery-status"),
                fields(notices, mailing, failed, status).into_bytes(),
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

fn words(notices: &Notices, mailing: &Mailing, failed: &ForwardPath, status: &Status) -> String {
    format!(
        "Your message could not be delivered to {}.\n\n  Subject: {}\n  The server said: {status}\n\nIt will not be tried \
         again. Check the address, or ask the recipient another way.\n\n{}\n",
        failed.address, mailing.subject, notices.organization
    )
}

fn fields(notices: &Notices, mailing: &Mailing, failed: &ForwardPath, status: &Status) -> String {
    let mut fields = String::new();
    if let Some(id) = &mailing.envelope.id {
        fields.push_str(&format!("Original-Envelope-Id: {id}\r\n"));
    }
    fields.push_str(&format!("Reporting-MTA: dns; {}\r\n\r\n", notices.hostname));
    if let Some(original) = &failed.original {
        fields.push_str(&format!("Original-Recipient: {original}\r\n"));
    }
    let kind = if failed.address.needs_smtputf8() {
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
        "Final-Recipient: {kind}; {}\r\nAction: failed\r\nStatus: {}\r\nDiagnostic-Code: smtp; {} {said}\r\n",
        failed.address,
        status.enhanced_text(),
        status.code
    ));
    fields
}
