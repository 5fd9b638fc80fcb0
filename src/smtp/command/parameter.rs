//! Parameters of MAIL and RCPT: each at most once, and none that EHLO did not offer.
//!
//! # Standards
//! RFC 5321 §4.1.2 (esmtp-param), RFC 1870 (SIZE), RFC 3461 §4 (RET, ENVID, NOTIFY, ORCPT; xtext), RFC 4954 §5 (AUTH),
//! RFC 6152 (BODY), RFC 6531 §3.4 (SMTPUTF8), RFC 6533 §3 (ORCPT of type utf-8).

use crate::mail::{DsnRet, Notify};
use crate::smtp::Reply;

/// Longest ENVID in xtext (RFC 3461 §4.4).
const ENVID_OCTETS_MAX: usize = 100;
/// Longest ORCPT (RFC 3461 §4.2).
const ORCPT_OCTETS_MAX: usize = 500;

/// What MAIL said beside the path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailParameters {
    /// SIZE: how large the client believes the message to be.
    pub size_bytes: Option<u64>,
    /// SMTPUTF8: addresses and header may hold UTF-8.
    pub smtputf8: bool,
    /// There is UTF-8 on the line itself.
    pub needs_smtputf8: bool,
    /// RET.
    pub ret: Option<DsnRet>,
    /// ENVID, still in xtext.
    pub envelope_id: Option<String>,
}

impl MailParameters {
    pub(super) fn parse(text: &str) -> Result<Self, Reply> {
        let mut parameters = Self::default();
        for (keyword, value) in words(text)? {
            match (keyword.as_str(), value) {
                ("SIZE", Some(size)) => parameters.size_bytes = Some(number(size).ok_or_else(|| invalid("SIZE"))?),
                // What it holds is seen when it is here; BINARYMIME was not offered.
                ("BODY", Some(body)) if is_one_of(body, &["7BIT", "8BITMIME"]) => {}
                ("SMTPUTF8", None) => parameters.smtputf8 = true,
                ("RET", Some(ret)) if is_one_of(ret, &["FULL"]) => parameters.ret = Some(DsnRet::Full),
                ("RET", Some(ret)) if is_one_of(ret, &["HDRS"]) => parameters.ret = Some(DsnRet::Headers),
                ("ENVID", Some(id)) if is_xtext(id) && id.len() <= ENVID_OCTETS_MAX => {
                    parameters.envelope_id = Some(id.to_owned());
                }
                // Whom another server vouches for: of no weight here.
                ("AUTH", Some(mailbox)) if is_xtext(mailbox) => {}
                ("SIZE" | "BODY" | "SMTPUTF8" | "RET" | "ENVID" | "AUTH", _) => return Err(invalid(&keyword)),
                _ => return Err(Reply::unknown_parameter(&keyword)),
            }
        }
        Ok(parameters)
    }
}

/// What RCPT said beside the path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RcptParameters {
    /// NOTIFY, when it was given.
    pub notify: Option<Notify>,
    /// ORCPT, still in xtext.
    pub original: Option<String>,
    /// There is UTF-8 on the line, which MAIL must have announced.
    pub needs_smtputf8: bool,
}

impl RcptParameters {
    pub(super) fn parse(text: &str) -> Result<Self, Reply> {
        let mut parameters = Self::default();
        for (keyword, value) in words(text)? {
            match (keyword.as_str(), value) {
                ("NOTIFY", Some(words)) => {
                    parameters.notify = Some(notify(words).ok_or_else(|| invalid("NOTIFY"))?);
                }
                ("ORCPT", Some(original)) if is_original_recipient(original) => {
                    parameters.original = Some(original.to_owned());
                }
                ("NOTIFY" | "ORCPT", _) => return Err(invalid(&keyword)),
                _ => return Err(Reply::unknown_parameter(&keyword)),
            }
        }
        Ok(parameters)
    }
}

fn invalid(keyword: &str) -> Reply {
    Reply::bad_argument(format!("Invalid parameter: {keyword}"))
}

/// `KEYWORD[=value] …`, keywords in upper case and each at most once.
fn words(text: &str) -> Result<Vec<(String, Option<&str>)>, Reply> {
    let mut found: Vec<(String, Option<&str>)> = vec![];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let (keyword, value) = match word.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (word, None),
        };
        let keyword = keyword.to_ascii_uppercase();
        let value_fits = value.is_none_or(|value| !value.is_empty() && !value.contains(|c: char| c.is_control()));
        if keyword.is_empty() || !value_fits || found.iter().any(|(earlier, _)| *earlier == keyword) {
            return Err(invalid(&keyword));
        }
        found.push((keyword, value));
    }
    Ok(found)
}

fn is_one_of(value: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// Up to twenty digits (RFC 1870 §3); more than we can count is more than we take.
fn number(text: &str) -> Option<u64> {
    let is_number = (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// `xtext`: printable ASCII but `+` and `=`, which stand as `+2B` and `+3D`.
fn is_xtext(text: &str) -> bool {
    let mut bytes = text.bytes();
    let is_hex = |byte: Option<u8>| matches!(byte, Some(b'0'..=b'9' | b'A'..=b'F'));
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'+' => is_hex(bytes.next()) && is_hex(bytes.next()),
            b'=' => false,
            plain => plain.is_ascii_graphic(),
        };
        if !fits {
            return false;
        }
    }
    !text.is_empty()
}

/// `addr-type;xtext`; of type utf-8 (RFC 6533) the address may also be UTF-8 and `\x{…}`.
fn is_original_recipient(text: &str) -> bool {
    let Some((kind, address)) = text.split_once(';') else {
        return false;
    };
    let is_utf8_form = kind.eq_ignore_ascii_case("utf-8") && !address.is_empty() && !address.contains(['+', '=']);
    text.len() <= ORCPT_OCTETS_MAX
        && !kind.is_empty()
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && (is_xtext(address) || is_utf8_form)
}

/// `NEVER` alone, or a list of the others.
fn notify(words: &str) -> Option<Notify> {
    let mut notify = Notify::default();
    for word in words.split(',') {
        match word.to_ascii_uppercase().as_str() {
            "NEVER" => notify.never = true,
            "SUCCESS" => notify.success = true,
            "FAILURE" => notify.failure = true,
            "DELAY" => notify.delay = true,
            _ => return None,
        }
    }
    let never_with_others = notify.never && words.contains(',');
    (!never_with_others).then_some(notify)
}
