//! Codes and text → class, and whether it is for good.
//!
//! # Standards
//! RFC 3463 (enhanced codes; the register at IANA), RFC 5321 §4.2 (reply codes), RFC 7505 (null MX).

use std::sync::OnceLock;

use regex::Regex;
use serde::Serialize;

use super::reasons::{precise_of_lines, vague};
use crate::mail::Status;
use crate::model::BounceClass;

/// Octets of what a server said that are kept.
const TEXT_BYTES_MAX: usize = 600;
/// `5.1.1`, and no part of `10.5.1.1`.
const ENHANCED: &str = r"(?:^|[^\d.])([245])\.(\d{1,3})\.(\d{1,3})(?:$|[^\d.]|\.(?:$|\D))";
/// `550`, with what may stand around it.
const REPLY: &str = r"(?:^|[^\d.])(4[2-5]\d|5[0-5]\d)(?:$|[ \-#:,;)\]>])";

/// What detail numbers mean, whatever the class before them: subject, first and last detail.
const CODES: &[(u16, u16, u16, BounceClass)] = &[
    (1, 1, 3, BounceClass::Gone),
    (1, 6, 6, BounceClass::Gone),
    (1, 7, 9, BounceClass::Policy),
    (1, 10, 10, BounceClass::Gone),
    (2, 1, 1, BounceClass::Gone),
    (2, 2, 2, BounceClass::Full),
    (2, 3, 3, BounceClass::Content),
    (3, 3, 4, BounceClass::Content),
    (3, 1, 999, BounceClass::Network),
    (4, 7, 7, BounceClass::Expired),
    (4, 310, 310, BounceClass::Gone),
    (4, 0, 999, BounceClass::Network),
    (6, 0, 999, BounceClass::Content),
    (7, 28, 28, BounceClass::Blocked),
    (7, 505, 515, BounceClass::Policy),
    (7, 606, 750, BounceClass::Blocked),
    (7, 1, 999, BounceClass::Policy),
];

/// Why, and whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Why.
    pub class: BounceClass,
    /// The mailbox is gone for good: the address is not to be written to again.
    pub hard: bool,
}

/// What a server's answer to a copy says of its recipient.
///
/// ```
/// use bedel::decide::report::judge;
/// use bedel::mail::Status;
/// assert!(judge(&Status::new(550, 1, 1, "No such user")).hard);
/// assert!(!judge(&Status::new(552, 2, 2, "Over quota")).hard);
/// ```
pub fn judge(status: &Status) -> Verdict {
    let class = class(status.enhanced, Some(status.code), &status.text);
    Verdict {
        class,
        hard: class == BounceClass::Gone && !is_temporary(status.enhanced, Some(status.code)),
    }
}

/// The class of what is said; a text beats a number.
pub(super) fn class(enhanced: Option<(u8, u16, u16)>, code: Option<u16>, text: &str) -> BounceClass {
    let by_code = || match code? {
        552 => Some(BounceClass::Full),
        521 | 556 => Some(BounceClass::Gone),
        523 => Some(BounceClass::Content),
        530 | 535 => Some(BounceClass::Policy),
        421 => Some(BounceClass::Network),
        _ => None,
    };
    precise_of_lines(text)
        .or_else(|| enhanced.and_then(by_number))
        .or_else(|| vague(text))
        .or_else(by_code)
        .unwrap_or(BounceClass::Unknown)
}

/// The first digit says that it may go another time; or it was put off until somebody gave it up, whatever was said last.
pub(super) fn is_temporary(enhanced: Option<(u8, u16, u16)>, code: Option<u16>) -> bool {
    match (enhanced, code) {
        (Some((_, 4, 7)), _) => true,
        (Some((class, ..)), _) => class == 4,
        (None, Some(code)) => code / 100 == 4,
        (None, None) => false,
    }
}

/// Both codes of a status.
pub(super) fn codes(status: Option<&Status>) -> (Option<(u8, u16, u16)>, Option<u16>) {
    (
        status.and_then(|status| status.enhanced),
        status.map(|status| status.code),
    )
}

fn by_number((_, subject, detail): (u8, u16, u16)) -> Option<BounceClass> {
    let row = CODES
        .iter()
        .find(|(of, from, to, _)| *of == subject && (*from..=*to).contains(&detail));
    row.map(|(.., class)| *class)
}

/// The status a text speaks of: its codes, the most precise ones, and the text.
pub fn status_in(text: &str) -> Option<Status> {
    let enhanced = enhanced_in(text).filter(|(class, ..)| *class != 2);
    let code = reply_in(text).filter(|code| enhanced.is_none_or(|(class, ..)| u16::from(class) == code / 100));
    let code = code.or_else(|| enhanced.map(|(class, ..)| u16::from(class) * 100 + 50))?;
    Some(Status {
        code,
        enhanced,
        text: shortened(text),
    })
}

/// The first enhanced code that says more than its class; else the first of all.
pub(super) fn enhanced_in(text: &str) -> Option<(u8, u16, u16)> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| Regex::new(ENHANCED).ok()).as_ref()?;
    let mut first = None;
    for found in pattern.captures_iter(text) {
        let number = |at: usize| found.get(at).and_then(|digits| digits.as_str().parse::<u16>().ok());
        let (Some(class), Some(subject), Some(detail)) = (number(1), number(2), number(3)) else {
            continue;
        };
        let code = (u8::try_from(class).unwrap_or(5), subject, detail);
        if subject != 0 || detail != 0 {
            return Some(code);
        }
        first = first.or(Some(code));
    }
    first
}

fn reply_in(text: &str) -> Option<u16> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| Regex::new(REPLY).ok()).as_ref()?;
    pattern.captures(text)?.get(1)?.as_str().parse().ok()
}

/// On one line, and no longer than a line should be.
pub(super) fn shortened(text: &str) -> String {
    let mut short = String::new();
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric() && !"<[(\"".contains(c));
    for word in text.split_whitespace() {
        if short.len() + word.len() > TEXT_BYTES_MAX {
            break;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.extend(word.chars().filter(|c| !c.is_control()));
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, class: BounceClass, hard: bool) {
        let status = status_in(said).unwrap_or(Status {
            code: 550,
            enhanced: None,
            text: said.to_owned(),
        });
        assert_eq!(judge(&status), Verdict { class, hard }, "{said}");
    }

    #[test]
    fn a_mailbox_that_is_not_there_is_gone_for_good() {
        check(
            "550 5.1.1 <ann@x.example>: Recipient address rejected: User unknown in virtual mailbox table",
            BounceClass::Gone,
            true,
        );
        check("550 Unknown local part ann in <ann@x.example>", BounceClass::Gone, true);
        check(
            "550-5.1.1 The email account that you tried to reach does not exist",
            BounceClass::Gone,
            true,
        );
        check(
            "554 delivery error: dd This user doesn't have a yahoo.example account (ann@yahoo.example) [0]",
            BounceClass::Gone,
            true,
        );
        check(
            "550 5.4.1 Recipient address rejected: Access denied. [x.prod.protection.example]",
            BounceClass::Gone,
            true,
        );
        check(
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ann@x.example not found by SMTP address lookup",
            BounceClass::Gone,
            true,
        );
        check(
            "Host or domain name not found. Name service error for name=x.example type=AAAA: Host not found",
            BounceClass::Gone,
            true,
        );
        check("550 5.1.1", BounceClass::Gone, true);
        check("556 5.1.10 Recipient domain has null MX", BounceClass::Gone, true);
        check(
            "550 5.2.1 The email account that you tried to reach is disabled",
            BounceClass::Gone,
            true,
        );
        check("550 5.7.1 No such user here", BounceClass::Gone, true);
    }

    #[test]
    fn what_a_host_may_say_another_way_tomorrow_is_not_for_good() {
        check(
            "450 4.1.1 <ann@x.example>: Recipient address rejected: unverified address: User unknown",
            BounceClass::Gone,
            false,
        );
        check(
            "452 4.2.2 The email account that you tried to reach is over quota",
            BounceClass::Full,
            false,
        );
        check("552 5.2.2 mailbox full", BounceClass::Full, false);
        check(
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            BounceClass::Blocked,
            false,
        );
        check(
            "550 5.1.1 Rejected, 192.0.2.1 is on a blacklist",
            BounceClass::Blocked,
            false,
        );
        check(
            "550 5.7.26 This mail has been blocked because the sender is unauthenticated",
            BounceClass::Policy,
            false,
        );
        check(
            "550 5.7.1 Sender address rejected: not owned by user",
            BounceClass::Policy,
            false,
        );
        check(
            "550 5.7.1 Our system has detected that this message is likely unsolicited mail",
            BounceClass::Spam,
            false,
        );
        check(
            "552 5.3.4 Message size exceeds fixed maximum message size",
            BounceClass::Content,
            false,
        );
        check("554 5.6.1 Body type not supported", BounceClass::Content, false);
        check(
            "connect to mx.x.example[192.0.2.1]:25: Connection timed out",
            BounceClass::Network,
            false,
        );
        check("4.4.7 delivery time expired", BounceClass::Expired, false);
        check("550 5.0.0 Nothing to say", BounceClass::Unknown, false);
        check("550 5.7.1 Unable to relay", BounceClass::Network, false);
    }

    #[test]
    fn numbers_of_hosts_are_no_codes() {
        assert_eq!(enhanced_in("host 192.5.1.1 said 5.0.0, then 5.2.2."), Some((5, 2, 2)));
        assert_eq!(enhanced_in("[10.4.2.1]"), None);
        assert_eq!(status_in("port 25, 192.0.2.1"), None);
        assert_eq!(status_in("<<< 553-sorry").map(|status| status.code), Some(553));
    }
}
