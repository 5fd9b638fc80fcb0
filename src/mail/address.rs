//! Address: a mailbox as the envelope spells it, `local-part@domain`.
//!
//! The domain is kept as A-labels in lower case, so that two spellings of one domain are equal. The local part is kept
//! byte for byte, since only its own host may say what it means; [`Address::key`] is the form to look up and compare by.
//!
//! # Standards
//! RFC 5321 §4.1.2 (Mailbox), §4.5.3.1 (lengths), RFC 6531 §3.3 (UTF-8 local parts), RFC 5891 (A-labels).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::spelling;

/// Longest local part, in octets (RFC 5321 §4.5.3.1.1).
const LOCAL_PART_OCTETS_MAX: usize = 64;
/// Longest domain, in octets (RFC 5321 §4.5.3.1.2).
const DOMAIN_OCTETS_MAX: usize = 255;

/// Why a text is not an address; the sentence can be shown to its writer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// There is no `@` with something on both sides.
    #[error("an address has the form name@domain")]
    NoAt,
    /// The part before the `@` is empty, too long, or has characters that must be quoted.
    #[error("the part before the @ is not a valid local part")]
    LocalPart,
    /// The part after the `@` is no domain name.
    #[error("the part after the @ is not a valid domain name")]
    Domain,
}

/// A domain name: A-labels, lower case, no trailing dot, never empty.
///
/// ```
/// use bedel::mail::Domain;
/// let domain: Domain = "Lists.MST.example".parse().unwrap();
/// assert_eq!(domain.as_str(), "lists.mst.example");
/// assert!(domain.is_within(&"mst.example".parse().unwrap()));
/// assert!("".parse::<Domain>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

impl Domain {
    /// The name as DNS spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is `other` or a name below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0 == other.0
            || self
                .0
                .strip_suffix(other.as_str())
                .is_some_and(|above| above.ends_with('.'))
    }
}

impl FromStr for Domain {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.strip_suffix('.').unwrap_or(text);
        // Most names are A-labels in lower case already, which the whole of IDNA would leave as they are.
        let is_plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'.';
        let ascii = if text.bytes().all(is_plain) && !text.contains("xn--") {
            text.into()
        } else {
            idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::STD3).map_err(|_source| Invalid::Domain)?
        };
        let labels_hold = ascii
            .split('.')
            .all(|label| !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-'));
        if ascii.len() > DOMAIN_OCTETS_MAX || !labels_hold {
            return Err(Invalid::Domain);
        }
        Ok(Self(ascii.into_owned()))
    }
}

impl TryFrom<String> for Domain {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A mailbox: local part and domain, both checked.
///
/// ```
/// use bedel::mail::Address;
/// let address: Address = "Records@MST.example".parse().unwrap();
/// assert_eq!(address.to_string(), "Records@mst.example");
/// assert_eq!(address.key(), "records@mst.example");
/// assert!("no-at-sign".parse::<Address>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    local: String,
    domain: Domain,
}

impl Address {
    /// An address from its two halves; the local part unquoted or quoted, as the wire has it.
    pub fn new(local: &str, domain: Domain) -> Result<Self, Invalid> {
        if local.len() > LOCAL_PART_OCTETS_MAX || !(is_dot_string(local) || is_quoted_string(local)) {
            return Err(Invalid::LocalPart);
        }
        Ok(Self {
            local: local.to_owned(),
            domain,
        })
    }

    /// The part before the `@`, as the wire has it.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The form to compare and look up by: all in lower case.
    pub fn key(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain)
    }

    /// Whether the two are one mailbox for all practical hosts.
    pub fn is_same_mailbox(&self, other: &Self) -> bool {
        let (one, other_one) = (&self.local, &other.local);
        let is_one = one.eq_ignore_ascii_case(other_one)
            || ((!one.is_ascii() || !other_one.is_ascii()) && one.to_lowercase() == other_one.to_lowercase());
        is_one && self.domain == other.domain
    }

    /// Whether only a server with SMTPUTF8 can take it (RFC 6531 §3.2).
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// The form a page may show: `j•••@g•••.com`. Policy C8.
    pub fn masked(&self) -> String {
        self.mailbox().masked()
    }

    /// The same, borrowed.
    pub fn mailbox(&self) -> Mailbox<'_> {
        Mailbox {
            local: &self.local,
            domain: &self.domain.0,
        }
    }
}

/// An address, borrowed from wherever it lies: whoever made it has checked it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mailbox<'a> {
    /// The part before the `@`, as the wire has it.
    pub local: &'a str,
    /// The part after the `@`, as [`Domain`] has it.
    pub domain: &'a str,
}

impl<'a> Mailbox<'a> {
    /// The halves of an address written as one.
    pub fn of(text: &'a str) -> Option<Self> {
        let (local, domain) = text.rsplit_once('@')?;
        Some(Self { local, domain })
    }

    /// The address, checked as from any text.
    pub fn to_address(self) -> Result<Address, Invalid> {
        Address::new(self.local, self.domain.parse()?)
    }

    /// Whether its domain is `other` or a name below it.
    pub fn is_within(self, other: &Domain) -> bool {
        let above = self.domain.strip_suffix(other.as_str());
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    }

    /// Writes, over what `into` held, the one spelling that all spellings of this mailbox share: to match by, never to
    /// send to.
    pub fn spell(self, into: &mut String) {
        spelling::spell(self, into);
    }

    /// The form a page may show: `j•••@g•••.com`. Policy C8.
    pub fn masked(self) -> String {
        let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
        let (name, top) = self.domain.rsplit_once('.').unwrap_or((self.domain, ""));
        format!("{}•••@{}•••.{top}", first(self.local), first(name))
    }
}

impl fmt::Display for Mailbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl FromStr for Address {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // The last `@`: a quoted local part may hold others.
        let (local, domain) = text.rsplit_once('@').ok_or(Invalid::NoAt)?;
        if local.is_empty() || domain.is_empty() {
            return Err(Invalid::NoAt);
        }
        Self::new(local, domain.parse()?)
    }
}

impl TryFrom<String> for Address {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// `Dot-string` of RFC 5321 §4.1.2, with the UTF-8 of RFC 6531 §3.3.
fn is_dot_string(local: &str) -> bool {
    local.split('.').all(|atom| {
        !atom.is_empty()
            && atom.chars().all(|c| {
                c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || (!c.is_ascii() && !c.is_control())
            })
    })
}

/// `Quoted-string` of RFC 5321 §4.1.2: printable, with `\` before a quote or a backslash.
fn is_quoted_string(local: &str) -> bool {
    let Some(inner) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return false;
    };
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let fits = match c {
            '\\' => chars.next().is_some_and(|escaped| (' '..='~').contains(&escaped)),
            '"' => false,
            plain => !plain.is_control(),
        };
        if !fits {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, Invalid>) {
        assert_eq!(
            text.parse::<Address>().map(|a| a.to_string()),
            expected.map(str::to_owned)
        );
    }

    #[test]
    fn mailboxes_are_kept_as_they_were_spelled_but_for_the_domain() {
        check("a.b+c@MST.Example", Ok("a.b+c@mst.example"));
        check(r#""a b"@mst.example"#, Ok(r#""a b"@mst.example"#));
        check(r#""a\"@b"@mst.example"#, Ok(r#""a\"@b"@mst.example"#));
        check("jörg@bücher.example", Ok("jörg@xn--bcher-kva.example"));
    }

    #[test]
    fn what_is_no_mailbox_is_refused() {
        check("nobody", Err(Invalid::NoAt));
        check("@mst.example", Err(Invalid::NoAt));
        check("a b@mst.example", Err(Invalid::LocalPart));
        check("a..b@mst.example", Err(Invalid::LocalPart));
        check("a\r\n@mst.example", Err(Invalid::LocalPart));
        check(r#""a"b"@mst.example"#, Err(Invalid::LocalPart));
        check("a@b c", Err(Invalid::Domain));
        check("a@-b.example", Err(Invalid::Domain));
        check("a@b..example", Err(Invalid::Domain));
        check("a@[127.0.0.1]", Err(Invalid::Domain));
        check(&format!("{}@mst.example", "x".repeat(65)), Err(Invalid::LocalPart));
    }

    #[test]
    fn a_masked_address_shows_a_letter_of_each_half() {
        let address: Address = "jane@gmail.example.com".parse().expect("valid");
        assert_eq!(address.masked(), "j•••@g•••.com");
    }

    #[test]
    fn a_domain_is_within_its_parents_only() {
        let parent: Domain = "mst.example".parse().expect("valid");
        assert!("a.mst.example".parse::<Domain>().expect("valid").is_within(&parent));
        assert!(!"amst.example".parse::<Domain>().expect("valid").is_within(&parent));
    }
}
