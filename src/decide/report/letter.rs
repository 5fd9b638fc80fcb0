//! Letter: what came back, taken apart: what people are told, what programs are told, and what of ours is in it.

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::fields::Fields;

/// Octets of what came back that are looked at.
const BYTES_MAX: usize = 256 * 1024;
/// Octets of the text for people that are looked at.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// What came back, taken apart.
#[derive(Debug, Default)]
pub(super) struct Letter {
    /// Its own header.
    pub(super) header: Fields,
    /// The subject, decoded.
    pub(super) subject: String,
    /// What people are told.
    pub(super) text: String,
    /// What programs are told of recipients (RFC 3464).
    pub(super) statuses: Vec<Fields>,
    /// What programs are told of a complaint (RFC 5965).
    pub(super) feedback: Option<Fields>,
    /// It tells that somebody has read it (RFC 8098).
    pub(super) is_receipt: bool,
    /// The header of the message that is given back.
    pub(super) returned: Option<Fields>,
    /// A report within it, as gateways wrap what comes to them.
    pub(super) wrapped: Option<Vec<u8>>,
}

impl Letter {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let bytes = without_envelope(bytes.get(..BYTES_MAX).unwrap_or(bytes));
        let Some(parsed) = MessageParser::default().parse(bytes) else {
            let text = lossy(bytes);
            return Self {
                text,
                ..Self::default()
            };
        };
        let body = parsed.parts.first().map_or(0, |root| root.offset_body);
        let body = usize::try_from(body).unwrap_or(0);
        let mut letter = Self {
            header: Fields::of_header(&lossy(bytes.get(..body).unwrap_or_default())),
            subject: parsed.subject().unwrap_or_default().to_owned(),
            text: text_of(&parsed),
            ..Self::default()
        };
        for part in &parsed.parts {
            letter.take(part);
        }
        if letter.text.trim().is_empty() && letter.statuses.is_empty() {
            letter.text = lossy(bytes.get(body..).unwrap_or_default());
        }
        letter.text = cut(letter.text);
        letter
    }

    /// The value of a field of its own header; the name in lower case.
    pub(super) fn value<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.header.value(name)
    }

    fn take(&mut self, part: &MessagePart<'_>) {
        if let PartType::Message(inner) = &part.body {
            self.returned.get_or_insert_with(|| header_of(inner));
            if inner
                .parts
                .first()
                .is_some_and(|root| kind_of(root) == ("multipart".into(), "report".into()))
            {
                self.wrapped.get_or_insert_with(|| own_bytes(inner).to_vec());
            }
            return;
        }
        let (kind, sub) = kind_of(part);
        match (kind.as_str(), sub.as_str()) {
            ("message", "delivery-status" | "global-delivery-status") => {
                self.statuses.push(Fields::read(&lossy(part.contents())));
            }
            ("message", "feedback-report") => self.feedback = Some(Fields::read(&lossy(part.contents()))),
            ("message", "disposition-notification" | "global-disposition-notification") => self.is_receipt = true,
            ("text" | "message", "rfc822-headers" | "rfc822-header" | "global-headers")
            | ("message", "rfc822" | "global" | "partial") => {
                self.returned
                    .get_or_insert_with(|| Fields::of_header(&lossy(part.contents())));
            }
            _ => {}
        }
    }
}

/// Without the line that a mailbox file puts before a message.
fn without_envelope(bytes: &[u8]) -> &[u8] {
    let is_line = bytes.starts_with(b"From ") || bytes.starts_with(b">From ");
    let end = bytes.iter().position(|&b| b == b'\n').filter(|_| is_line);
    end.and_then(|end| bytes.get(end + 1..)).unwrap_or(bytes)
}

/// All parts that a reader sees, one after the other; HTML as its text.
fn text_of(parsed: &Message<'_>) -> String {
    let mut text = String::new();
    for at in 0..parsed.text_body_count() {
        let part = parsed.body_text(at).unwrap_or_default();
        if text.len() + part.len() > 2 * TEXT_BYTES_MAX {
            break;
        }
        text.push_str(&part);
        text.push_str("\n\n");
    }
    text
}

fn kind_of(part: &MessagePart<'_>) -> (String, String) {
    let Some(found) = part.content_type() else {
        return Default::default();
    };
    let sub = found.subtype().unwrap_or_default();
    (found.ctype().to_ascii_lowercase(), sub.to_ascii_lowercase())
}

/// The bytes of a message within a message.
fn own_bytes<'a>(message: &'a Message<'_>) -> &'a [u8] {
    let raw: &[u8] = &message.raw_message;
    let (from, to) = message
        .parts
        .first()
        .map_or((0, 0), |root| (root.offset_header, root.offset_end));
    let (from, to) = (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0));
    raw.get(from..to).unwrap_or_default()
}

fn header_of(message: &Message<'_>) -> Fields {
    let raw: &[u8] = &message.raw_message;
    let (from, to) = message
        .parts
        .first()
        .map_or((0, 0), |root| (root.offset_header, root.offset_body));
    let range = usize::try_from(from).unwrap_or(0)..usize::try_from(to).unwrap_or(0);
    Fields::of_header(&lossy(raw.get(range).unwrap_or_default()))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn cut(mut text: String) -> String {
    let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= TEXT_BYTES_MAX);
    text.truncate(end.unwrap_or(text.len()));
    text
}
