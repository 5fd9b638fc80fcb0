//! A message's bytes → what can be seen of it without judging: its words, links, readers, and what it answers.

use std::collections::HashSet;
use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use mail_parser::{Addr, HeaderName, HeaderValue, Message as Parsed, MimeHeaders, PartType};
use memchr::{memchr, memmem};
use regex::Regex;

use crate::decide::policy::{Letter, Link};
use crate::mail::{Address, Envelope};

/// Links that are looked at.
const LINKS_MAX: usize = 500;
/// Message-IDs of References that are looked at: the first and the last ones.
const REFERENCES_MAX: usize = 6;
/// Octets from which on a picture is a thing sent, and not an ornament of the signature.
const PICTURE_BYTES_MIN: usize = 100 * 1024;
/// Letters that a part of a name has at least.
const NAME_LETTERS_MIN: usize = 3;

/// What later steps need beside the [`Letter`].
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) letter: Letter,
    /// The text a reader reads.
    pub(super) text: String,
    /// Hashes of what is attached.
    pub(super) attachments: Vec<[u8; 32]>,
    /// Its own Message-ID.
    pub(super) id: Option<String>,
    /// The Message-IDs it answers, the nearest first.
    pub(super) answers: Vec<String>,
    /// It quotes somebody.
    pub(super) has_quotes: bool,
    /// The addresses of To and Cc, in lower case.
    pub(super) shown: HashSet<String>,
    /// Words that name its recipients.
    pub(super) names: Vec<String>,
}

/// Reads a message.
pub(super) fn read(parsed: &Parsed<'_>, envelope: &Envelope, subject: String) -> Read {
    let text: String = (0..parsed.text_body_count())
        .filter_map(|part| parsed.body_text(part))
        .collect::<Vec<_>>()
        .join("\n");
    let readers: Vec<&Addr<'_>> = [parsed.to(), parsed.cc()]
        .into_iter()
        .flatten()
        .flat_map(|list| list.iter())
        .collect();
    let shown: HashSet<String> = readers
        .iter()
        .filter_map(|one| one.address())
        .map(str::to_lowercase)
        .collect();
    let html: Vec<String> = (0..parsed.html_body_count())
        .filter_map(|part| parsed.html_part(u32::try_from(part).unwrap_or(u32::MAX)))
        .filter_map(|part| {
            if let PartType::Html(html) = &part.body {
                Some(html.to_string())
            } else {
                None
            }
        })
        .collect();
    let attached: Vec<_> = parsed.attachments().filter(|part| !is_ornament(part)).collect();
    let letter = Letter {
        subject,
        shown: number(shown.len()),
        is_in_thread: false,
        is_calendar: parsed.parts.iter().any(|part| is_type(part, "text", "calendar")),
        is_automatic: envelope.reverse_path().is_none() || is_automatic(parsed),
        links: links(&text, &html),
        words: number(count_words(&text)),
        bytes: u64::try_from(parsed.raw_message.len()).unwrap_or(u64::MAX),
        html_bytes: html
            .iter()
            .map(|html| u64::try_from(html.len()).unwrap_or(u64::MAX))
            .sum(),
        attachments: attached
            .iter()
            .map(|part| part.attachment_name().unwrap_or("a file").to_owned())
            .collect(),
    };
    Read {
        attachments: attached.iter().map(|part| sha256(part.contents())).collect(),
        id: parsed.message_id().map(str::to_owned),
        answers: answers(parsed),
        has_quotes: has_quotes(&text),
        names: names(envelope, &readers),
        shown,
        text,
        letter,
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut octets = [0; 32];
    octets.copy_from_slice(digest(&SHA256, bytes).as_ref());
    octets
}

fn is_type(part: &mail_parser::MessagePart<'_>, kind: &str, sub: &str) -> bool {
    part.content_type().is_some_and(|found| {
        found.ctype().eq_ignore_ascii_case(kind) && found.subtype().is_some_and(|is| is.eq_ignore_ascii_case(sub))
    })
}

/// A picture of the signature, a card, a cryptographic signature, an invitation: the same in every message of a person.
fn is_ornament(part: &mail_parser::MessagePart<'_>) -> bool {
    let kind = part
        .content_type()
        .map(mail_parser::ContentType::ctype)
        .unwrap_or_default()
        .to_lowercase();
    let is_small_picture =
        kind == "image" && (part.content_id().is_some() || part.contents().len() < PICTURE_BYTES_MIN);
    let signatures = ["pkcs7-signature", "x-pkcs7-signature", "pgp-signature", "pgp-keys"];
    let is_signature = signatures.iter().any(|sub| is_type(part, "application", sub));
    is_small_picture
        || is_signature
        || is_type(part, "text", "vcard")
        || is_type(part, "text", "x-vcard")
        || is_type(part, "text", "calendar")
}

fn is_automatic(parsed: &Parsed<'_>) -> bool {
    let value = parsed.header("Auto-Submitted").and_then(HeaderValue::as_text);
    value.is_some_and(|value| !value.trim().eq_ignore_ascii_case("no"))
}

fn answers(parsed: &Parsed<'_>) -> Vec<String> {
    let ids = |name: HeaderName<'static>| -> Vec<String> {
        match parsed.header(name) {
            Some(HeaderValue::Text(id)) => vec![id.to_string()],
            Some(HeaderValue::TextList(ids)) => ids.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        }
    };
    let mut found = ids(HeaderName::InReplyTo);
    let references = ids(HeaderName::References);
    found.extend(references.iter().rev().take(REFERENCES_MAX - 1).cloned());
    found.extend(references.first().cloned());
    found.dedup();
    found
}

fn has(text: &str, sign: &str) -> bool {
    memmem::find(text.as_bytes(), sign.as_bytes()).is_some()
}

/// Words, as [`str::split_whitespace`] parts them; of ASCII the processor looks at many octets at once.
fn count_words(text: &str) -> usize {
    if !text.is_ascii() {
        return text.split_whitespace().count();
    }
    let is_space = |octet: &u8| matches!(octet, b'\t'..=b'\r' | b' ');
    let octets = text.as_bytes();
    // A sum of so few fits into an octet.
    let (before, after) = (octets.chunks(128), octets.get(1..).unwrap_or_default().chunks(128));
    let begins = before.zip(after).map(|(before, after)| {
        let pairs = before.iter().zip(after);
        usize::from(
            pairs
                .map(|(before, octet)| u8::from(is_space(before) & !is_space(octet)))
                .sum::<u8>(),
        )
    });
    begins.sum::<usize>() + usize::from(octets.first().is_some_and(|first| !is_space(first)))
}

/// What clients write above the message they answer.
static ORIGINAL: LazyLock<Regex> = LazyLock::new(|| Regex::new("(?i)original message").expect("a pattern of letters"));

fn has_quotes(text: &str) -> bool {
    let may_be = memchr(b'>', text.as_bytes()).is_some() || has(text, "wrote:");
    let is_mark = |line: &str| line.starts_with('>') || line.trim_end().ends_with("wrote:");
    may_be && text.lines().any(is_mark) || ORIGINAL.is_match(text)
}

/// Parts of the recipients' names: of their addresses, and of what To and Cc call them.
fn names(envelope: &Envelope, readers: &[&Addr<'_>]) -> Vec<String> {
    let locals = envelope.recipients().map(|address| address.local().to_owned());
    let called = readers.iter().filter_map(|one| one.name()).map(str::to_owned);
    let mut names: Vec<String> = locals
        .chain(called)
        .flat_map(|text| {
            text.to_lowercase()
                .split(|c: char| !c.is_alphabetic())
                .filter(|part| part.chars().count() >= NAME_LETTERS_MIN)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The links of the text, and of the HTML's attributes.
fn links(text: &str, html: &[String]) -> Vec<Link> {
    let mut found: Vec<Link> = Vec::new();
    let sources = std::iter::once(text).chain(html.iter().map(String::as_str));
    // Most texts have none, which is soon seen.
    for source in sources.filter(|source| has(source, "://")) {
        let lower = source.to_ascii_lowercase();
        for scheme in ["https://", "http://"] {
            for (at, _) in lower.match_indices(scheme) {
                let rest = source.get(at + scheme.len()..).unwrap_or_default();
                let end = rest
                    .find(|c: char| c.is_whitespace() || "<>\"'".contains(c))
                    .unwrap_or(rest.len());
                let link = link(&rest.get(..end).unwrap_or_default().replace("&amp;", "&"));
                if found.len() < LINKS_MAX && !found.contains(&link) {
                    found.push(link);
                }
            }
        }
    }
    found
}

/// A link without its scheme, taken apart.
pub(super) fn link(rest: &str) -> Link {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let host = host.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let query = query.split('#').next().unwrap_or_default();
    let parameters = query.split(['&', ';']).filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    });
    Link {
        host: host.trim_end_matches('.').to_lowercase(),
        path: format!("/{path}"),
        parameters: parameters.collect(),
    }
}

/// Whether all of these are seen by everybody in To and Cc.
pub(super) fn are_shown(read: &Read, recipients: &[&Address]) -> bool {
    recipients
        .iter()
        .all(|address| read.shown.contains(&address.to_string().to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::ForwardPath;

    fn of(message: &str) -> Read {
        let to = ForwardPath::to("ann.smith@mst.example".parse().expect("valid"));
        let envelope = Envelope::new(Some("a@mst.example".parse().expect("valid")), vec![to]).expect("one recipient");
        let message = message.replace('\n', "\r\n");
        let parsed = mail_parser::MessageParser::default()
            .parse(message.as_bytes())
            .expect("a message");
        read(&parsed, &envelope, String::new())
    }

    proptest::proptest! {
        #[test]
        fn words_are_counted_as_they_are_parted(text in "[ \t\nab\u{b}\u{1c}é\u{a0}]{0,40}") {
            proptest::prop_assert_eq!(count_words(&text), text.split_whitespace().count());
        }
    }

    #[test]
    fn links_are_found_in_text_and_html_and_taken_apart() {
        let read =
            of("Content-Type: text/html\n\n<a href=\"https://X.Qualtrics.com/jfe/form/1?Q_DL=9&amp;a=b#c\">x</a>\n");
        let link = read.letter.links.first().expect("one");
        assert_eq!(
            (link.host.as_str(), link.path.as_str()),
            ("x.qualtrics.com", "/jfe/form/1")
        );
        assert_eq!(
            link.parameters,
            [("Q_DL".to_owned(), "9".to_owned()), ("a".to_owned(), "b".to_owned())]
        );
        assert_eq!(super::link("user:pw@evil.example:8080/x").host, "evil.example");
    }

    #[test]
    fn a_logo_in_the_signature_is_not_what_is_sent() {
        let read = of(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nHello\n--b\n\
            Content-Type: image/png; name=logo.png\nContent-Disposition: attachment; filename=logo.png\n\
            Content-Transfer-Encoding: base64\n\naGVsbG8=\n--b\nContent-Type: application/pdf; name=f.pdf\n\
            Content-Disposition: attachment; filename=f.pdf\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n--b--\n",
        );
        assert_eq!(read.letter.attachments, ["f.pdf"]);
    }

    #[test]
    fn an_answer_knows_what_it_answers_and_its_readers_names() {
        let read = of(
            "Message-ID: <3@x>\nIn-Reply-To: <2@x>\nReferences: <1@x> <2@x>\nTo: \"Ann Jo\" <ann.smith@mst.example>\n\n> hi\n",
        );
        assert_eq!(read.answers.first().map(String::as_str), Some("2@x"));
        assert!(read.answers.contains(&"1@x".to_owned()));
        assert_eq!(read.names, ["ann", "smith"]);
        assert!(read.has_quotes);
    }
}
