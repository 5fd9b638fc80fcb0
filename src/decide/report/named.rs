//! Named: the addresses that stand in a line of text, whatever is around them.

use std::ops::Range;

use crate::mail::Address;

/// Octets that are looked at on either side of an `@`.
const LOCAL_BYTES_MAX: usize = 128;
const DOMAIN_BYTES_MAX: usize = 255;
/// Addresses of one line that are looked at.
const ADDRESSES_MAX: usize = 50;
/// What gateways put before an address, as if it were part of it.
const PREFIXES: &[&str] = &["smtp=", "rfc822=", "rfc-822=", "account=", "to=", "rcpt="];

/// An address, and the octets of the line it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) address: Address,
    pub(super) at: Range<usize>,
}

/// All addresses of a line, left to right.
pub(super) fn named(line: &str) -> Vec<Named> {
    let found = line.match_indices('@').filter_map(|(at, _)| around(line, at));
    found.take(ADDRESSES_MAX).collect()
}

/// The first address of a field's value, such as `rfc822; <a@x.example>` or `utf-8;\x{E9}@x.example`.
pub(super) fn first(value: &str) -> Option<Address> {
    let plain = named(value).into_iter().next().map(|named| named.address);
    let decoded = || named(&decode(value)).into_iter().next().map(|named| named.address);
    if value.contains("\\x{") { decoded() } else { plain }
}

fn around(line: &str, at: usize) -> Option<Named> {
    let (before, after) = (line.get(..at)?, line.get(at + 1..)?);
    let start = at - local_octets(before);
    let end = at + 1 + domain_octets(after);
    let (start, text) = without_prefix(start, line.get(start..end)?);
    let address: Address = text.parse().ok()?;
    // A name without a dot is a host of theirs, or none.
    address.domain().as_str().contains('.').then_some(Named {
        address,
        at: start..end,
    })
}

/// How many octets before the `@` belong to the local part.
fn local_octets(before: &str) -> usize {
    if let Some(quoted) = before.strip_suffix('"') {
        let opening = quoted.rfind('"');
        return opening.map_or(0, |at| before.len() - at).min(LOCAL_BYTES_MAX);
    }
    let atom = |c: char| {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) || (!c.is_ascii() && c.is_alphanumeric())
    };
    let mut octets = 0;
    for c in before.chars().rev().take_while(|c| atom(*c)) {
        if octets + c.len_utf8() > LOCAL_BYTES_MAX {
            break;
        }
        octets += c.len_utf8();
    }
    octets
}

fn domain_octets(after: &str) -> usize {
    let label = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || (!c.is_ascii() && c.is_alphanumeric());
    let end = after
        .char_indices()
        .find(|(at, c)| *at > DOMAIN_BYTES_MAX || !label(*c));
    let text = after.get(..end.map_or(after.len(), |(at, _)| at)).unwrap_or_default();
    text.trim_end_matches(['.', '-']).len()
}

/// Without quotes, dots of a sentence, and what gateways put before an address.
fn without_prefix(start: usize, text: &str) -> (usize, &str) {
    let trimmed = text.trim_start_matches(['\'', '`', '.', '*', '|']);
    let prefix = PREFIXES.iter().find(|prefix| {
        let head = trimmed.get(..prefix.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(prefix))
    });
    let bare = prefix.and_then(|prefix| trimmed.get(prefix.len()..)).unwrap_or(trimmed);
    (start + (text.len() - bare.len()), bare)
}

/// RFC 6533 §3: `\x{E9}` is a character of an address that went through 7 bits.
fn decode(value: &str) -> String {
    let mut parts = value.split("\\x{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (hex, rest) = part.split_once('}').unwrap_or(("", part));
        text.extend(u32::from_str_radix(hex, 16).ok().and_then(char::from_u32));
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        let found: Vec<String> = named(line).iter().map(|named| named.address.to_string()).collect();
        assert_eq!(found, expected, "{line}");
        for one in named(line) {
            assert_eq!(line.get(one.at).map(str::len), Some(one.address.to_string().len()));
        }
    }

    #[test]
    fn an_address_is_found_whatever_is_around_it() {
        check("<ann@x.example>: no such user", &["ann@x.example"]);
        check("Sorry, your message to ann@x.example.", &["ann@x.example"]);
        check("c=US;a= ;p=X;dda:SMTP=ann@x.example; on Friday", &["ann@x.example"]);
        check(
            "'ann@x.example' and [SMTP:ben@y.example]",
            &["ann@x.example", "ben@y.example"],
        );
        check("\"ann smith\"@x.example", &["\"ann smith\"@x.example"]);
        check("b+ann=x.example@lists.example", &["b+ann=x.example@lists.example"]);
        check("@ @@ a@ @b a@b ann@-x.example", &[]);
    }

    #[test]
    fn a_value_has_its_type_before_it() {
        let read = |value| first(value).map(|address| address.to_string());
        assert_eq!(read("RFC822; <ann@x.example>"), Some("ann@x.example".into()));
        assert_eq!(read("rfc822;ann@x.example (Ann)"), Some("ann@x.example".into()));
        assert_eq!(read("utf-8; j\\x{F6}rg@x.example"), Some("jörg@x.example".into()));
        assert_eq!(read("x400; /G=Ann/S=Smith/"), None);
    }
}
