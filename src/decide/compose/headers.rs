//! The header of a copy: what of the author's is kept, and what the list adds.
//!
//! The author's fields are kept by a list of the wanted, not removed by a list of the unwanted: so nothing unforeseen
//! tells a recipient of others, claims a signature our footer has broken, asks for receipts, or bears a relay's word.
//!
//! # Standards
//! RFC 5322 §3.6, RFC 2047 (encoded words), RFC 2369, RFC 2919, RFC 8058, RFC 3834 §5 (Auto-Submitted), RFC 9477
//! (CFBL-Address).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use mail_parser::MessageParser;

use super::{Settings, Unfit};
use crate::mail::{Address, Domain, Field, Message, Timestamp};
use crate::model::{Identity, Mailing, Release, Token, TokenKind};

/// The author's fields that a copy keeps as they are. Those of MIME are made with the body.
const KEPT: [&str; 6] = [
    "Content-Language",
    "Importance",
    "Priority",
    "X-Priority",
    "Organization",
    "Keywords",
];
/// Octets of text in one encoded word, so that the word stays under 75 (RFC 2047 §2).
const ENCODED_WORD_OCTETS: usize = 39;

/// The fields all copies share.
pub(super) fn constant(
    message: &Message,
    mailing: &Mailing,
    release: &Release,
    settings: &Settings,
    unsubscribe: bool,
) -> Result<Vec<Field>, Unfit> {
    let (from, reply_to) = identity(message, mailing, settings, release.at);
    let mut fields = vec![
        Field::new("From", &from)?,
        Field::new("Reply-To", &reply_to)?,
        Field::new("Subject", &unstructured(&mailing.subject))?,
        Field::new("Date", &release.at.rfc5322(&settings.zone))?,
    ];
    for kept in KEPT {
        fields.extend(
            message
                .header
                .all(kept)
                .filter(|field| field.raw().is_ascii())
                .take(1)
                .cloned(),
        );
    }
    fields.push(Field::new("List-Id", &list_id(mailing, settings))?);
    if unsubscribe {
        fields.push(Field::new("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")?);
    }
    if !unsubscribe {
        fields.push(Field::new(
            "List-Help",
            &format!("<{}/preferences>", settings.public_url),
        )?);
    }
    fields.push(Field::new("List-Post", "NO")?);
    fields.push(Field::new("Feedback-ID", &feedback_id(mailing, settings))?);
    if unsubscribe {
        let offered = format!("{}; report=arf", settings.complaints);
        fields.push(Field::new("CFBL-Address", &offered)?);
    }
    fields.push(Field::new("Precedence", "bulk")?);
    fields.push(Field::new("Auto-Submitted", "no")?);
    Ok(fields)
}

/// The link and the address of one recipient's unsubscribe, the link first (RFC 8058 §3.1).
pub(super) fn list_unsubscribe(settings: &Settings, token: &Token) -> Result<Field, Unfit> {
    debug_assert_eq!(
        token.kind,
        TokenKind::Unsubscribe,
        "a bounce token does not unsubscribe"
    );
    let link = format!("<{}/u/{}>", settings.public_url, settings.tokens.write(token));
    let mail = settings.tokens.address(token, &settings.lists_domain);
    Ok(Field::new(
        "List-Unsubscribe",
        &format!("{link},\r\n <mailto:{mail}?subject=unsubscribe>"),
    )?)
}

/// The page on which one recipient chooses what they get, and sees what is held about them. It stands in the header, not in
/// the footer: whoever forwards a mailing forwards what all have in common, and not the key to their own record.
pub(super) fn list_help(settings: &Settings, token: &Token) -> Result<Field, Unfit> {
    let page = format!("<{}/preferences/{}>", settings.public_url, settings.tokens.write(token));
    Ok(Field::new("List-Help", &page)?)
}

/// From and Reply-To: the author's own, or the list's with the author to answer to. An author of a domain that no key of
/// ours signs for would fail at every host that asks (DMARC): the list's address stands in for theirs, under their name.
/// Policy C5.
fn identity(message: &Message, mailing: &Mailing, settings: &Settings, now: Timestamp) -> (String, String) {
    let written = named(message, "From");
    let (name, address) = written.unwrap_or_else(|| (String::new(), mailing.author.address.clone()));
    let author = mailbox(&name, &address);
    let from = match &mailing.identity {
        Identity::List { name, address } => mailbox(name, address),
        Identity::Keep => match stand_in(mailing, address.domain(), settings, now) {
            Some(list) if name.is_empty() => mailbox(&settings.organization, list),
            Some(list) => mailbox(&format!("{name} via {}", settings.organization), list),
            None => author.clone(),
        },
    };
    let reply_to = named(message, "Reply-To").map(|(name, address)| mailbox(&name, &address));
    (from, reply_to.unwrap_or(author))
}

/// The list's address, when nobody here signs for the author's domain.
pub(super) fn stand_in<'a>(
    mailing: &'a Mailing,
    author: &Domain,
    settings: &Settings,
    now: Timestamp,
) -> Option<&'a Address> {
    let list = mailing.audience.segments().first().map(|segment| &segment.list);
    list.filter(|_| !settings.signers.bears_out(author, now))
}

/// The first mailbox of a field: its name, and its address.
fn named(message: &Message, name: &str) -> Option<(String, Address)> {
    let field = message.header.all(name).next()?;
    let raw = [b"From:".as_slice(), field.value().as_bytes(), b"\r\n\r\n"].concat();
    let parsed = MessageParser::default().parse_headers(&raw)?;
    let first = parsed.from()?.first()?;
    let address: Address = first.address()?.parse().ok()?;
    Some((first.name().unwrap_or_default().to_owned(), address))
}

fn mailbox(name: &str, address: &Address) -> String {
    if name.is_empty() {
        address.to_string()
    } else {
        format!("{} <{address}>", phrase(name))
    }
}

/// A display name: quoted, or as encoded words.
fn phrase(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    if name.is_ascii() && name.len() < 200 && !name.contains("=?") {
        return format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    }
    encoded_words(&name)
}

/// Free text: as it is, or as encoded words.
pub(super) fn unstructured(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // QUIRK: a long subject on one line is legal up to 998 octets, and every reader takes it.
    if text.is_ascii() && text.len() < 900 && !text.contains("=?") {
        text
    } else {
        encoded_words(&text)
    }
}

fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if word.len() + c.len_utf8() > ENCODED_WORD_OCTETS {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let encoded: Vec<String> = words
        .iter()
        .map(|word| format!("=?utf-8?B?{}?=", BASE64.encode(word)))
        .collect();
    encoded.join("\r\n ")
}

/// The list's id: its address with a dot for the `@` (RFC 2919 §2), under the name of its audience. Of one that no copy
/// may name, the case's.
fn list_id(mailing: &Mailing, settings: &Settings) -> String {
    match mailing.audience.segments().first() {
        Some(_) if mailing.audience.is_sensitive() => {
            format!("<{}.{}>", mailing.id.to_string().to_lowercase(), settings.lists_domain)
        }
        Some(segment) => {
            let list = &segment.list;
            format!("{} <{}.{}>", phrase(&segment.audience), list.local(), list.domain())
        }
        None => format!("<{}.invalid>", mailing.id),
    }
}

/// `case:office:category:sender`, for the complaint statistics of mailbox providers.
fn feedback_id(mailing: &Mailing, settings: &Settings) -> String {
    let case: String = mailing
        .id
        .to_string()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let office = mailing
        .audience
        .segments()
        .first()
        .and_then(|segment| segment.office.as_ref());
    let office = office.map_or("none", |office| office.0.as_str());
    let category = format!("{:?}", mailing.category).to_lowercase();
    let sender: String = settings
        .lists_domain
        .as_str()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(15)
        .collect();
    format!("{case}:{office}:{category}:{sender}")
}
