//! Letter: a message read once, as the checks look at it.

use mail_parser::{HeaderName, MessageParser, MessagePart, MimeHeaders, PartType};

use super::html::{self, Html};
use super::passage::Passage;
use super::url::{self, Target};

/// Octets of a line without its end, at most (RFC 5322 §2.1.1).
const LINE_MAX: usize = 998;
/// What a message without a body says.
static NOTHING: Passage = Passage::EMPTY;

/// A message, taken apart.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its length in octets.
    pub(super) bytes: usize,
    /// The header as received, replaced where it is no UTF-8.
    pub(super) header: String,
    pub(super) is_header_ascii: bool,
    /// The first line that is too long, or ends with a bare LF.
    pub(super) long_line: Option<String>,
    pub(super) bare_line: Option<String>,
    pub(super) subject: Passage,
    pub(super) from: Vec<Mailbox>,
    pub(super) reply_to: Vec<Mailbox>,
    /// To and Cc.
    pub(super) to: Vec<Mailbox>,
    /// The text part, as its author wrote it.
    pub(super) text: Option<Passage>,
    pub(super) html: Option<Html>,
    /// What is seen of the HTML.
    visible: Option<Passage>,
    pub(super) links: Vec<Link>,
    pub(super) parts: Vec<Part>,
}

/// A name and an address.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    pub(super) name: String,
    /// In small letters.
    pub(super) address: String,
}

/// A link to the web.
#[derive(Debug, Clone)]
pub(super) struct Link {
    /// What people see.
    pub(super) text: String,
    pub(super) href: String,
    /// The tag; in plain text the link itself.
    pub(super) source: String,
    /// `None` when it is no web address.
    pub(super) target: Option<Target>,
    pub(super) is_html: bool,
}

/// A part that is neither the text nor the HTML.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: String,
    /// `type/subtype` in small letters.
    pub(super) kind: String,
    pub(super) bytes: usize,
    /// Shown within the message.
    pub(super) is_inline: bool,
    /// What it says, if it is text.
    pub(super) text: String,
}

impl Mailbox {
    /// After the `@`.
    pub(super) fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Before the `@`.
    pub(super) fn local(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

impl Part {
    /// The end of its name, in small letters.
    pub(super) fn extension(&self) -> String {
        let end = self.name.rsplit_once('.').map_or("", |(_, end)| end);
        end.trim().to_lowercase()
    }

    pub(super) fn is_image(&self) -> bool {
        self.kind.starts_with("image/")
    }

    /// The name, or the type where it has none.
    pub(super) fn place(&self) -> String {
        if self.name.is_empty() {
            self.kind.clone()
        } else {
            self.name.clone()
        }
    }
}

impl Letter {
    /// Reads a message; `None` when it is none.
    pub fn read(message: &[u8]) -> Option<Self> {
        let parsed = MessageParser::default().parse(message)?;
        Some(Self::of(&parsed))
    }

    /// Takes apart what is parsed already.
    pub fn of(parsed: &mail_parser::Message<'_>) -> Self {
        let message = parsed.raw_message.as_ref();
        let text = joined(&parsed.parts, "plain").map(|text| html::begun(&text).to_owned());
        let html = joined(&parsed.parts, "html").map(|source| Html::parse(&source));
        let links = links(text.as_deref(), html.as_ref());
        let header = header(message);
        let (long_line, bare_line) = odd_lines(message);
        Self {
            bytes: message.len(),
            header: String::from_utf8_lossy(header).into_owned(),
            is_header_ascii: header.is_ascii(),
            long_line,
            bare_line: bare_line.filter(|_| memchr::memmem::find(message, b"\r\n").is_some()),
            subject: Passage::new(parsed.subject().unwrap_or_default().trim().to_owned()),
            from: mailboxes(parsed, &[HeaderName::From]),
            reply_to: mailboxes(parsed, &[HeaderName::ReplyTo]),
            to: mailboxes(parsed, &[HeaderName::To, HeaderName::Cc]),
            visible: html.as_ref().map(|html| Passage::new(html.visible())),
            links,
            parts: parsed.parts.iter().filter_map(part).collect(),
            text: text.map(Passage::new),
            html,
        }
    }

    /// Whether it says that it answers a message (RFC 5322 §3.6.4).
    pub(super) fn is_answer(&self) -> bool {
        self.header.lines().any(|line| {
            line.get(..12)
                .is_some_and(|name| name.eq_ignore_ascii_case("In-Reply-To:"))
        })
    }

    /// What is read: the HTML where there is one, else the text.
    pub(super) fn body(&self) -> &Passage {
        self.visible.as_ref().or(self.text.as_ref()).unwrap_or(&NOTHING)
    }

    /// All that somebody may read, each once: subject, HTML, text.
    pub(super) fn passages(&self) -> impl Iterator<Item = &Passage> {
        let bodies = [self.visible.as_ref(), self.text.as_ref()];
        std::iter::once(&self.subject).chain(bodies.into_iter().flatten())
    }

    /// The links that go to the web.
    pub(super) fn targets(&self) -> impl Iterator<Item = (&Link, &Target)> {
        self.links
            .iter()
            .filter_map(|link| link.target.as_ref().map(|target| (link, target)))
    }
}

fn header(message: &[u8]) -> &[u8] {
    let before = |message: &_, gap: &[u8]| memchr::memmem::find(message, gap);
    let header = message
        .get(..before(message, b"\r\n\r\n").unwrap_or(message.len()))
        .unwrap_or_default();
    header
        .get(..before(header, b"\n\n").unwrap_or(header.len()))
        .unwrap_or_default()
}

/// The first line that is too long (RFC 5322 §2.1.1), and the first that ends with LF alone.
fn odd_lines(message: &[u8]) -> (Option<String>, Option<String>) {
    let (mut long, mut bare, mut start) = (None, None, 0);
    let ends = memchr::memchr_iter(b'\n', message).map(|end| end + 1);
    for end in ends.chain([message.len()]) {
        let line = message.get(start..end).unwrap_or_default();
        start = end;
        if line.len() > LINE_MAX && long.is_none() && line.trim_ascii_end().len() > LINE_MAX {
            long = Some(line);
        }
        if bare.is_none() && line.ends_with(b"\n") && !line.ends_with(b"\r\n") {
            bare = Some(line);
        }
    }
    let shown = |line: &[u8]| String::from_utf8_lossy(line).trim_end().to_owned();
    (long.map(shown), bare.map(shown))
}

fn mailboxes(parsed: &mail_parser::Message<'_>, names: &[HeaderName<'_>]) -> Vec<Mailbox> {
    let wanted = parsed.headers().iter().filter(|header| names.contains(&header.name));
    wanted
        .filter_map(|header| header.value.as_address())
        .flat_map(mail_parser::Address::iter)
        .map(|one| Mailbox {
            name: one.name().unwrap_or_default().trim().to_owned(),
            address: one.address().unwrap_or_default().to_lowercase(),
        })
        .collect()
}

fn subtype(part: &MessagePart<'_>) -> String {
    let said = part.content_type().and_then(|content| content.subtype());
    said.unwrap_or("plain").to_ascii_lowercase()
}

/// Whether a part is what people read, and not a file beside it.
fn is_body(part: &MessagePart<'_>, wanted: &str) -> bool {
    let is_attached = part
        .content_disposition()
        .is_some_and(|disposition| disposition.is_attachment());
    let is_text = matches!(part.body, PartType::Text(_) | PartType::Html(_));
    is_text && !is_attached && part.attachment_name().is_none() && subtype(part) == wanted
}

fn joined(parts: &[MessagePart<'_>], wanted: &str) -> Option<String> {
    let texts: Vec<&str> = parts
        .iter()
        .filter(|part| is_body(part, wanted))
        .filter_map(MessagePart::text_contents)
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn part(part: &MessagePart<'_>) -> Option<Part> {
    if is_body(part, "plain") || is_body(part, "html") {
        return None;
    }
    let kind = part.content_type().map_or_else(
        || "text/plain".to_owned(),
        |content| format!("{}/{}", content.ctype(), content.subtype().unwrap_or_default()).to_ascii_lowercase(),
    );
    let is_inline = part.content_id().is_some()
        || part
            .content_disposition()
            .is_some_and(|disposition| disposition.is_inline());
    Some(Part {
        name: part.attachment_name().unwrap_or_default().to_owned(),
        is_inline: is_inline && kind.starts_with("image/"),
        kind,
        bytes: part.len(),
        text: part.text_contents().unwrap_or_default().to_owned(),
    })
}

fn links(text: Option<&str>, html: Option<&Html>) -> Vec<Link> {
    let in_html = html.into_iter().flat_map(|html| {
        html.named("a").filter_map(|element| {
            let href = element.get("href")?.trim().to_owned();
            Some(Link {
                text: html.text_of(element),
                target: Target::parse(&href),
                href,
                source: element.source.clone(),
                is_html: true,
            })
        })
    });
    let in_text = text.map(url::in_text).unwrap_or_default().into_iter().map(|href| Link {
        text: href.to_owned(),
        href: href.to_owned(),
        source: href.to_owned(),
        target: Target::parse(href),
        is_html: false,
    });
    in_html.chain(in_text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_apart() {
        let letter = Letter::read(
            b"From: Records <Records@MST.example>\r\nTo: a@b.example\r\nCc: c@d.example\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\n\
              MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
              --x\r\nContent-Type: text/html\r\n\r\n<p>Hello <a href=\"https://mst.example/\">our page</a></p>\r\n\
              --x\r\nContent-Type: application/pdf; name=a.PDF\r\n\r\nabc\r\n--x--\r\n",
        )
        .expect("a message");
        assert_eq!(&*letter.subject, "Café");
        assert_eq!(
            (letter.from[0].name.as_str(), letter.from[0].domain()),
            ("Records", "mst.example")
        );
        assert_eq!(letter.to.len(), 2);
        assert_eq!(&**letter.body(), "Hello our page");
        assert_eq!((letter.links.len(), letter.text.is_none()), (1, true));
        let file = letter
            .parts
            .iter()
            .find(|part| part.extension() == "pdf")
            .expect("the file");
        assert_eq!(file.kind, "application/pdf");
        assert!(letter.bare_line.is_none() && letter.is_header_ascii);
    }

    #[test]
    fn no_message_is_none() {
        assert!(Letter::read(b"").is_none());
    }
}
