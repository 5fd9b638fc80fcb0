//! Tokens: what an address of ours stands for, signed. VERP, the address of one unsubscribe, and that of a case.
//!
//! A token names a mailing and a recipient of its plan; 88 bits of HMAC-SHA256 make it unguessable, and its kind is part
//! of what is signed, so that a bounce address is no unsubscribe address. It never expires. It says nothing about the
//! person: without the plan in the store it is a number.

use aws_lc_rs::{constant_time, hmac};
use data_encoding::{BASE32_NOPAD, BASE32_NOPAD_NOCASE};

use super::{Binding, MailingId};
use crate::mail::{Address, Domain};

/// Octets of the signature kept in a token.
const TAG_OCTETS: usize = 11;
/// Octets of the signature kept in a link.
const LINK_TAG_OCTETS: usize = 20;
/// Octets of what is signed: kind, mailing, recipient.
const CLAIM_OCTETS: usize = 1 + 7 + 4;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The return path of a copy: mail to it is a bounce.
    Bounce,
    /// The unsubscribe link and address of a copy.
    Unsubscribe,
    /// The Message-ID of a copy, which others may see: good for nothing but to know an answer by, and the copy that a
    /// complaint is about.
    MessageId,
    /// What a provider gives back of a copy that somebody complains of (RFC 9477).
    Complaint,
    /// A case, for its author and those who decide on it. In an address the number is when the notice was written, in
    /// seconds since 1970; in a Message-ID that of the notice.
    Case,
}

impl TokenKind {
    const ALL: [Self; 5] = [
        Self::Bounce,
        Self::Unsubscribe,
        Self::MessageId,
        Self::Complaint,
        Self::Case,
    ];

    fn octet(self) -> u8 {
        match self {
            Self::Bounce => b'b',
            Self::Unsubscribe => b'u',
            Self::MessageId => b'm',
            Self::Complaint => b'f',
            Self::Case => b'c',
        }
    }

    /// What its addresses begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Bounce => "b",
            Self::Unsubscribe => "u",
            Self::MessageId => "m",
            Self::Complaint => "f",
            Self::Case => "case",
        }
    }
}

/// One recipient of one mailing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is good for.
    pub kind: TokenKind,
    /// Of which mailing.
    pub mailing: MailingId,
    /// Which recipient of its plan.
    pub seq: u32,
}

/// What a text says it is; only [`Seen::Ours`] is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A token that this key wrote.
    Ours(Token),
    /// It looks like one, and another hand wrote it. Whoever sent it is answered as if it were ours.
    Forged(Token),
}

impl Seen {
    /// The token, when it is ours.
    pub fn ours(self) -> Option<Token> {
        match self {
            Self::Ours(token) => Some(token),
            Self::Forged(_) => None,
        }
    }

    /// What it says, proved or not.
    pub fn claimed(self) -> Token {
        let (Self::Ours(token) | Self::Forged(token)) = self;
        token
    }
}

/// The gateway's own key for tokens; whoever has it can unsubscribe anybody.
#[derive(Clone)]
pub struct TokenKey(hmac::Key);

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

impl TokenKey {
    /// A key of 32 random octets.
    pub fn new(octets: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, octets))
    }

    /// The token as text: 37 letters and digits, lower case.
    pub fn write(&self, token: &Token) -> String {
        let claim = claim(token);
        let tag = hmac::sign(&self.0, &claim);
        let tag = tag.as_ref().get(..TAG_OCTETS).unwrap_or_default();
        BASE32_NOPAD
            .encode(&[claim.as_slice(), tag].concat())
            .to_ascii_lowercase()
    }

    /// The token of a text that this key wrote; case does not matter, since some hosts change it.
    pub fn read(&self, text: &str) -> Option<Token> {
        self.see(text)?.ours()
    }

    /// What a text has the shape of, and whether this key wrote it; the shape is no secret, and takes as long for either.
    pub fn see(&self, text: &str) -> Option<Seen> {
        let octets = BASE32_NOPAD_NOCASE.decode(text.as_bytes()).ok()?;
        let (claim, tag) = octets.split_first_chunk::<CLAIM_OCTETS>()?;
        let expected = hmac::sign(&self.0, claim);
        let expected = expected.as_ref().get(..tag.len()).filter(|_| tag.len() == TAG_OCTETS)?;
        let is_ours = constant_time::verify_slices_are_equal(expected, tag).is_ok();
        let token = Self::claimed(claim)?;
        Some(if is_ours {
            Seen::Ours(token)
        } else {
            Seen::Forged(token)
        })
    }

    fn claimed(claim: &[u8; CLAIM_OCTETS]) -> Option<Token> {
        let (kind, rest) = claim.split_first()?;
        let (mailing, seq) = rest.split_first_chunk::<7>()?;
        let kind = TokenKind::ALL.into_iter().find(|known| known.octet() == *kind)?;
        let seq = u32::from_be_bytes(seq.try_into().ok()?);
        Some(Token {
            kind,
            mailing: MailingId::from_key(*mailing)?,
            seq,
        })
    }

    /// The one-tap link of somebody who decides on a case as it stands: void when it changes.
    pub fn write_link(&self, mailing: MailingId, who: &Address, binding: Binding) -> String {
        let tag = hmac::sign(&self.0, &link_claim(mailing, who, binding));
        let tag = BASE32_NOPAD.encode(tag.as_ref().get(..LINK_TAG_OCTETS).unwrap_or_default());
        let who = BASE32_NOPAD.encode(who.key().as_bytes());
        format!("{mailing}.{who}.{tag}").to_ascii_lowercase()
    }

    /// Which case a link is for, and whose it says it is; nothing is proved yet.
    pub fn read_link(text: &str) -> Option<(MailingId, Address)> {
        let mut parts = text.splitn(3, '.');
        let mailing = parts.next()?.parse().ok()?;
        let who = BASE32_NOPAD_NOCASE.decode(parts.next()?.as_bytes()).ok()?;
        Some((mailing, String::from_utf8(who).ok()?.parse().ok()?))
    }

    /// Whether this key wrote that link, for the case as it stands.
    pub fn is_link(&self, text: &str, mailing: MailingId, who: &Address, binding: Binding) -> bool {
        let expected = self.write_link(mailing, who, binding);
        let text = text.to_ascii_lowercase();
        constant_time::verify_slices_are_equal(expected.as_bytes(), text.as_bytes()).is_ok()
    }

    /// `b+TOKEN@domain`, `u+TOKEN@domain`, `case+TOKEN@domain`: where a bounce, an unsubscribe, an answer by mail goes.
    pub fn address(&self, token: &Token, domain: &Domain) -> Address {
        let local = format!("{}+{}", token.kind.prefix(), self.write(token));
        Address::new(&local, domain.clone()).expect("a token is short, and has letters and digits only")
    }

    /// What a local part has the shape of; [`TokenKey::address`] makes those that are ours.
    pub fn see_local(&self, local: &str) -> Option<Seen> {
        let (kind, text) = local.split_once('+')?;
        let seen = self.see(text)?;
        kind.eq_ignore_ascii_case(seen.claimed().kind.prefix()).then_some(seen)
    }

    /// The token of a local part that [`TokenKey::address`] made.
    pub fn read_local(&self, local: &str) -> Option<Token> {
        self.see_local(local)?.ours()
    }
}

fn link_claim(mailing: MailingId, who: &Address, binding: Binding) -> Vec<u8> {
    [
        b"d".as_slice(),
        &mailing.to_key(),
        who.key().as_bytes(),
        b"\0",
        binding.as_bytes(),
    ]
    .concat()
}

fn claim(token: &Token) -> [u8; CLAIM_OCTETS] {
    let mut claim = [0; CLAIM_OCTETS];
    let parts = [
        &[token.kind.octet()],
        token.mailing.to_key().as_slice(),
        &token.seq.to_be_bytes(),
    ]
    .concat();
    claim.copy_from_slice(&parts);
    claim
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Series;
    use proptest::prelude::*;

    fn key() -> TokenKey {
        TokenKey::new(&[7; 32])
    }

    fn token(kind: TokenKind, number: u32, seq: u32) -> Token {
        Token {
            kind,
            mailing: MailingId {
                series: Series::Case,
                year: 2026,
                number,
            },
            seq,
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(bounce: bool, number: u32, seq: u32) {
            let kind = if bounce { TokenKind::Bounce } else { TokenKind::Unsubscribe };
            let token = token(kind, number, seq);
            let address = key().address(&token, &"bounce.mst.example".parse().expect("valid"));
            prop_assert_eq!(key().read_local(address.local()), Some(token));
            prop_assert_eq!(key().read_local(&address.local().to_uppercase()), Some(token));
            prop_assert!(address.local().len() <= 64);
        }

        #[test]
        fn a_changed_character_is_never_read(at in 0usize..36, to in "[a-z2-7]") {
            let text = key().write(&token(TokenKind::Bounce, 1, 1));
            let mut changed = text.clone();
            changed.replace_range(at..=at, &to);
            prop_assume!(changed != text);
            prop_assert_eq!(key().read(&changed), None);
            // What is changed in its signature alone still looks like one; who sent it shall not learn which it was.
            let is_shaped = key().see(&changed).is_some();
            prop_assert!(is_shaped || at < 20, "{}", changed);
        }
    }

    #[test]
    fn a_link_is_for_one_person_one_case_and_what_it_was() {
        let who: Address = "records@mst.example".parse().expect("valid");
        let other: Address = "hr@mst.example".parse().expect("valid");
        let mailing = token(TokenKind::Case, 1, 0).mailing;
        let link = key().write_link(mailing, &who, Binding::sample(1));
        assert_eq!(TokenKey::read_link(&link), Some((mailing, who.clone())));
        assert!(key().is_link(&link, mailing, &who, Binding::sample(1)));
        assert!(key().is_link(&link.to_uppercase(), mailing, &who, Binding::sample(1)));
        assert!(!key().is_link(&link, mailing, &who, Binding::sample(2)));
        assert!(!key().is_link(&link, mailing, &other, Binding::sample(1)));
        assert!(!TokenKey::new(&[8; 32]).is_link(&link, mailing, &who, Binding::sample(1)));
        assert_eq!(TokenKey::read_link("MC-2026-0001"), None);
    }

    #[test]
    fn a_bounce_address_is_no_unsubscribe_address() {
        let text = key().write(&token(TokenKind::Bounce, 1, 1));
        assert_eq!(key().read_local(&format!("u+{text}")), None);
        assert_eq!(TokenKey::new(&[8; 32]).read(&text), None);
    }
}
