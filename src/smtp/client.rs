//! What a client says: command lines fitted to what the peer offers, and the message as DATA or BDAT carries it.
//!
//! # Standards
//! RFC 5321 §4.1.1.2, §4.1.1.3 (MAIL, RCPT), §4.5.2 (transparency); RFC 1870 (SIZE), RFC 3030 (BDAT), RFC 3461 (DSN), RFC 6152 (8BITMIME),
//! RFC 6531 (SMTPUTF8).

use std::borrow::Cow;

use crate::mail::{Address, DsnRet, ForwardPath, Notify, ReversePath};

/// The line that ends DATA, to follow what [`stuff`] gives.
pub const END_OF_DATA: &[u8] = b".\r\n";

/// The extensions a peer named in its EHLO reply that change how we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one extension, named or not")]
pub struct Offers {
    /// SIZE: it wants to hear the size beforehand.
    pub size: bool,
    /// 8BITMIME: it takes octets above 127 in the body.
    pub eight_bit_mime: bool,
    /// SMTPUTF8: it takes UTF-8 in addresses and header.
    pub smtputf8: bool,
    /// DSN: it honours NOTIFY, ORCPT, RET and ENVID.
    pub dsn: bool,
}

/// What MAIL says about the message and its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailParameters<'a> {
    /// Octets of the message before dot-stuffing.
    pub size_bytes: u64,
    /// The body has octets above 127.
    pub is_eight_bit: bool,
    /// The header, or an address of the envelope, has UTF-8 in it.
    pub is_internationalised: bool,
    /// What a failure notice returns; unset leaves it to the peer.
    pub ret: Option<DsnRet>,
    /// Our name for the transaction, in xtext.
    pub envelope_id: Option<&'a str>,
}

/// `MAIL FROM:<…>` with the parameters the peer understands, and its CRLF.
///
/// ```
/// use bedel::smtp::client::{MailParameters, Offers, mail_command};
/// let offers = Offers { size: true, ..Offers::default() };
/// let parameters = MailParameters { size_bytes: 42, is_eight_bit: true, ..MailParameters::default() };
/// assert_eq!(mail_command(None, parameters, offers), "MAIL FROM:<> SIZE=42\r\n");
/// ```
pub fn mail_command(from: Option<&Address>, parameters: MailParameters<'_>, offers: Offers) -> String {
    let mut line = from.map_or_else(|| "MAIL FROM:<>".to_owned(), |from| format!("MAIL FROM:<{from}>"));
    if offers.size {
        line.push_str(&format!(" SIZE={}", parameters.size_bytes));
    }
    if offers.eight_bit_mime && parameters.is_eight_bit {
        line.push_str(" BODY=8BITMIME");
    }
    if offers.smtputf8 && parameters.is_internationalised {
        line.push_str(" SMTPUTF8");
    }
    if offers.dsn {
        match parameters.ret {
            Some(DsnRet::Full) => line.push_str(" RET=FULL"),
            Some(DsnRet::Headers) => line.push_str(" RET=HDRS"),
            None => {}
        }
        if let Some(id) = parameters.envelope_id {
            line.push_str(&format!(" ENVID={id}"));
        }
    }
    line.push_str("\r\n");
    line
}

/// `RCPT TO:<…>` with the parameters the peer understands, and its CRLF.
///
/// ```
/// use bedel::mail::ForwardPath;
/// use bedel::smtp::client::{Offers, rcpt_command};
/// let ann = ForwardPath::to("ann@mst.example".parse().unwrap());
/// assert_eq!(rcpt_command(&ann, Offers::default()), "RCPT TO:<ann@mst.example>\r\n");
/// ```
pub fn rcpt_command(to: &ForwardPath, offers: Offers) -> String {
    let mut line = format!("RCPT TO:<{}>", to.address);
    if offers.dsn {
        // RFC 3461 §5.2.1: what was not said is not said for them.
        if !to.notify.is_unsaid() {
            line.push_str(" NOTIFY=");
            line.push_str(&notify_words(to.notify));
        }
        if let Some(original) = &to.original {
            line.push_str(&format!(" ORCPT={original}"));
        }
    }
    line.push_str("\r\n");
    line
}

/// `BDAT … LAST` for the only chunk of a message of so many octets, and its CRLF; the octets follow as they are.
///
/// ```
/// use bedel::smtp::client::last_chunk_command;
/// assert_eq!(last_chunk_command(42), "BDAT 42 LAST\r\n");
/// ```
pub fn last_chunk_command(octets: usize) -> String {
    format!("BDAT {octets} LAST\r\n")
}

fn notify_words(notify: Notify) -> String {
    let words = [
        (notify.success, "SUCCESS"),
        (notify.failure, "FAILURE"),
        (notify.delay, "DELAY"),
    ];
    let wanted: Vec<&str> = words.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
    // RFC 3461 §4.1: NEVER stands alone, and an empty list is not allowed.
    if notify.never || wanted.is_empty() {
        "NEVER".to_owned()
    } else {
        wanted.join(",")
    }
}

/// Message bytes, or a part of them that begins a line, as DATA carries them.
///
/// Each line that begins with a dot is given another, and the last line ends in CRLF so that [`END_OF_DATA`] may follow.
/// Borrowed when nothing had to change.
///
/// ```
/// use bedel::smtp::client::stuff;
/// assert_eq!(&*stuff(b".a\r\nb"), b"..a\r\nb\r\n");
/// ```
pub fn stuff(message: &[u8]) -> Cow<'_, [u8]> {
    let dots = dotted_lines(message).count();
    let ends_well = message.is_empty() || message.ends_with(b"\r\n");
    if dots == 0 && ends_well {
        return Cow::Borrowed(message);
    }
    let mut stuffed = Vec::with_capacity(message.len() + dots + 2);
    let mut rest = message;
    let mut done = 0;
    for at in dotted_lines(message) {
        let (before, after) = rest.split_at_checked(at - done).unwrap_or((rest, &[]));
        stuffed.extend_from_slice(before);
        stuffed.push(b'.');
        (rest, done) = (after, at);
    }
    stuffed.extend_from_slice(rest);
    if !ends_well {
        stuffed.extend_from_slice(b"\r\n");
    }
    Cow::Owned(stuffed)
}

/// Where the dots are that begin a line.
fn dotted_lines(message: &[u8]) -> impl Iterator<Item = usize> {
    let first = message.starts_with(b".").then_some(0);
    let others = message
        .windows(3)
        .enumerate()
        .filter_map(|(at, three)| (three == b"\r\n.").then_some(at + 2));
    first.into_iter().chain(others)
}

/// Whether MAIL must say SMTPUTF8 for this envelope (RFC 6531 §3.4).
pub fn needs_smtputf8(from: &ReversePath, to: &[ForwardPath]) -> bool {
    from.iter()
        .chain(to.iter().map(|path| &path.address))
        .any(Address::needs_smtputf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Offers = Offers {
        size: true,
        eight_bit_mime: true,
        smtputf8: true,
        dsn: true,
    };

    #[test]
    fn a_peer_without_extensions_hears_none() {
        let parameters = MailParameters {
            size_bytes: 9,
            is_eight_bit: true,
            is_internationalised: true,
            ret: Some(DsnRet::Headers),
            envelope_id: Some("QQ"),
        };
        let from: Address = "b@bounce.example".parse().expect("valid");
        assert_eq!(
            mail_command(Some(&from), parameters, Offers::default()),
            "MAIL FROM:<b@bounce.example>\r\n"
        );
        assert_eq!(
            mail_command(Some(&from), parameters, ALL),
            "MAIL FROM:<b@bounce.example> SIZE=9 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ\r\n"
        );
    }

    #[test]
    fn notify_never_stands_alone() {
        let mut ann = ForwardPath::to("ann@mst.example".parse().expect("valid"));
        assert_eq!(rcpt_command(&ann, ALL), "RCPT TO:<ann@mst.example> NOTIFY=FAILURE\r\n");
        ann.notify = Notify::default();
        assert_eq!(rcpt_command(&ann, ALL), "RCPT TO:<ann@mst.example>\r\n");
        ann.notify.never = true;
        ann.original = Some("rfc822;ann@mst.example".into());
        assert_eq!(
            rcpt_command(&ann, ALL),
            "RCPT TO:<ann@mst.example> NOTIFY=NEVER ORCPT=rfc822;ann@mst.example\r\n"
        );
    }

    #[test]
    fn dots_are_doubled_at_the_start_of_lines_only() {
        #[track_caller]
        fn check(message: &[u8], expected: &[u8]) {
            assert_eq!(&*stuff(message), expected);
        }
        check(b"", b"");
        check(b".", b"..\r\n");
        check(b".\r\n.\r\n", b"..\r\n..\r\n");
        check(b"a.b\r\nc.\r\n", b"a.b\r\nc.\r\n");
        check(b"a\r\n..\r\n", b"a\r\n...\r\n");
        check(b"a", b"a\r\n");
    }

    #[test]
    fn a_message_without_leading_dots_is_not_copied() {
        assert!(matches!(stuff(b"Subject: a\r\n\r\nb.\r\n"), Cow::Borrowed(_)));
    }
}
