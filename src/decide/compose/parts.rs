//! The body of a copy: the author's parts, with the footer in text and HTML.
//!
//! Only the parts that get a footer are written anew, as UTF-8 in quoted-printable; every other byte stays. A body that
//! must not be touched (signed or encrypted), or has no text, is wrapped, and the footer put beside it.
//!
//! # Standards
//! RFC 2045 (transfer encodings), RFC 2046 §5.1 (multipart), RFC 1847 (what is signed must not be touched).

use mail_builder::encoders::QuotedPrintableEncoder;
use mail_parser::{MessageParser, MessagePart, MimeHeaders, PartType};

use super::Unfit;
use super::footer::Footer;
use crate::mail::{Field, Message};

/// The fields of MIME, which belong to the body.
const MIME_FIELDS: [&str; 4] = [
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "Content-ID",
];

/// A body, and the fields that say how to read it.
#[derive(Debug)]
pub(super) struct Content {
    /// MIME-Version, Content-Type and their like.
    pub(super) fields: Vec<Field>,
    /// Lines end in CRLF, the last one too.
    pub(super) body: Vec<u8>,
}

/// One part written anew, and where the old one stood.
struct Change {
    start: usize,
    end: usize,
    is_root: bool,
    header: Vec<u8>,
    body: Vec<u8>,
}

/// The body with the footer in it.
pub(super) fn with_footer(message: &Message, footer: &Footer) -> Result<Content, Unfit> {
    let bytes = message.to_bytes();
    let parsed = MessageParser::default().parse(&bytes);
    let changes = match &parsed {
        Some(parsed) if !is_untouchable(parsed) => changes(parsed, footer),
        _ => Vec::new(),
    };
    // Whatever cannot be changed in its place can be wrapped.
    match changed(&bytes, changes) {
        Some(content) => Ok(content),
        None => wrapped(message, footer),
    }
}

/// The message with its shown text and HTML written anew where `rewrite` says how; `None` when it says so nowhere.
pub(super) fn rewritten(message: &Message, rewrite: &dyn Fn(&str) -> Option<String>) -> Option<Message> {
    let bytes = message.to_bytes();
    let parsed = MessageParser::default().parse(&bytes)?;
    if is_untouchable(&parsed) {
        return None;
    }
    let mut changes = Vec::new();
    for (number, part) in (0..).zip(&parsed.parts) {
        let is_attached = part.content_disposition().is_some_and(|said| said.is_attachment());
        let kind = ["plain", "html"].into_iter().find(|kind| is_text(part, kind));
        let (false, Some(kind), Some(text)) = (is_attached, kind, part.text_contents()) else {
            continue;
        };
        if let Some(text) = rewrite(text) {
            changes.push(change(number, part, &format!("text/{kind}"), &text));
        }
    }
    let content = changed(&bytes, changes)?;
    let mut message = message.clone();
    MIME_FIELDS.iter().for_each(|name| message.header.remove(name));
    message.header.remove("MIME-Version");
    content
        .fields
        .into_iter()
        .rev()
        .for_each(|field| message.header.add(field));
    let header = message.header.to_bytes();
    Message::parse(&[header.as_slice(), b"\r\n", &content.body].concat()).ok()
}

/// The body with those parts in the place of the old ones; `None` when there is none to change, or it does not fit.
fn changed(bytes: &[u8], changes: Vec<Change>) -> Option<Content> {
    match changes.as_slice() {
        [] => None,
        [only] if only.is_root => {
            let header = Message::parse(&only.header).ok()?.header;
            let fields = versioned(header.fields().to_vec()).ok()?;
            let body = ended(only.body.clone());
            Some(Content { fields, body })
        }
        _ => {
            let changed = Message::parse(&replaced(bytes, changes)).ok()?;
            let fields = versioned(mime_fields(&changed)).ok()?;
            let body = ended(changed.body().to_vec());
            Some(Content { fields, body })
        }
    }
}

fn is_untouchable(parsed: &mail_parser::Message<'_>) -> bool {
    parsed.parts.iter().any(|part| {
        part.content_type().is_some_and(|content| {
            let subtype = content.subtype().unwrap_or_default().to_ascii_lowercase();
            ["signed", "encrypted", "pkcs7-mime", "x-pkcs7-mime"].contains(&subtype.as_str())
        })
    })
}

/// The last text and the last HTML part that are shown, each with its footer: the footer is the end of what is read.
fn changes(parsed: &mail_parser::Message<'_>, footer: &Footer) -> Vec<Change> {
    let find = |shown: &[u32], subtype: &str| {
        shown.iter().rev().copied().find_map(|number| {
            let part = parsed.parts.get(usize::try_from(number).ok()?)?;
            let is_attached = part
                .content_disposition()
                .is_some_and(|disposition| disposition.is_attachment());
            (is_text(part, subtype) && !is_attached).then_some((number, part))
        })
    };
    let text = find(&parsed.text_body, "plain");
    let html = find(&parsed.html_body, "html");
    let mut changes = Vec::new();
    if let Some((number, part)) = text {
        let body = part.text_contents().unwrap_or_default();
        changes.push(change(
            number,
            part,
            "text/plain",
            &format!("{}{}", body.trim_end_matches(['\r', '\n']), footer.text),
        ));
    }
    if let Some((number, part)) = html {
        let body = part.text_contents().unwrap_or_default();
        changes.push(change(number, part, "text/html", &before_the_end(body, &footer.html)));
    }
    changes
}

/// Whether a part is text of this kind; a part that does not say what it is, is plain (RFC 2045 §5.2).
fn is_text(part: &MessagePart<'_>, subtype: &str) -> bool {
    let said = part.content_type();
    let is_kind = match said {
        Some(content) => content.subtype().is_some_and(|said| said.eq_ignore_ascii_case(subtype)),
        None => subtype == "plain",
    };
    is_kind && matches!(part.body, PartType::Text(_) | PartType::Html(_))
}

fn change(number: u32, part: &MessagePart<'_>, content_type: &str, text: &str) -> Change {
    let place = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    let mut header =
        format!("Content-Type: {content_type}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n");
    if let Some(id) = part.content_id() {
        header.push_str(&format!("Content-ID: <{id}>\r\n"));
    }
    header.push_str("\r\n");
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
    let body = QuotedPrintableEncoder::new()
        .preserve_line_breaks()
        .encode(text.as_bytes())
        .unwrap_or_default();
    Change {
        start: place(part.offset_header),
        end: place(part.offset_end),
        is_root: number == 0,
        header: header.into_bytes(),
        body,
    }
}

/// The footer before `</body>`, or at the end where there is none.
fn before_the_end(html: &str, footer: &str) -> String {
    let end = html
        .to_ascii_lowercase()
        .rfind("</body>")
        .and_then(|at| html.split_at_checked(at));
    match end {
        Some((before, after)) => format!("{before}{footer}{after}"),
        None => format!("{html}{footer}"),
    }
}

/// The message with the parts put in the place of the old ones.
fn replaced(bytes: &[u8], mut changes: Vec<Change>) -> Vec<u8> {
    changes.sort_by_key(|change| change.start);
    let mut out = Vec::with_capacity(bytes.len() + 4096);
    let mut at = 0;
    for change in changes {
        out.extend_from_slice(bytes.get(at..change.start).unwrap_or_default());
        out.extend_from_slice(&change.header);
        out.extend_from_slice(&change.body);
        at = change.end;
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out
}

/// The whole body as one part, the footer as another.
fn wrapped(message: &Message, footer: &Footer) -> Result<Content, Unfit> {
    let boundary = boundary(message.body());
    let mut inner: Vec<u8> = mime_fields(message)
        .iter()
        .flat_map(|field| field.raw().iter().copied())
        .collect();
    inner.extend_from_slice(b"\r\n");
    inner.extend_from_slice(message.body());
    let text = footer.text.trim_start_matches('\n').replace('\n', "\r\n");
    let text = QuotedPrintableEncoder::new()
        .preserve_line_breaks()
        .encode(text.as_bytes())
        .unwrap_or_default();
    let head = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
    let body = [
        format!("--{boundary}\r\n").as_bytes(),
        &inner,
        format!("\r\n--{boundary}\r\n{head}").as_bytes(),
        &text,
        format!("\r\n--{boundary}--\r\n").as_bytes(),
    ]
    .concat();
    let content_type = Field::new("Content-Type", &format!("multipart/mixed;\r\n boundary=\"{boundary}\""))?;
    let mut fields = vec![content_type];
    if !body.is_ascii() {
        fields.push(Field::new("Content-Transfer-Encoding", "8bit")?);
    }
    Ok(Content {
        fields: versioned(fields)?,
        body,
    })
}

/// A boundary that the body does not hold: a function of the body, so that a repeat has the same one.
fn boundary(body: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
    format!(
        "bedel-{}",
        data_encoding::HEXLOWER.encode(digest.as_ref().get(..16).unwrap_or_default())
    )
}

fn mime_fields(message: &Message) -> Vec<Field> {
    let is_mime = |field: &&Field| MIME_FIELDS.iter().any(|name| field.is(name));
    message.header.fields().iter().filter(is_mime).cloned().collect()
}

fn versioned(fields: Vec<Field>) -> Result<Vec<Field>, Unfit> {
    let mut all = vec![Field::new("MIME-Version", "1.0")?];
    all.extend(fields);
    Ok(all)
}

fn ended(mut body: Vec<u8>) -> Vec<u8> {
    if !body.ends_with(b"\r\n") {
        body.extend_from_slice(b"\r\n");
    }
    body
}
