//! HTML of a held mail, made harmless: no element or attribute is left that acts, loads or leads somewhere.
//!
//! Links lose their targets and pictures their sources, so that looking at a mail tells its author nothing; how many
//! pictures there are, and on which hosts, stands beside the frame. Only pictures the message carries itself can be put into it, as text.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use ammonia::Url;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::stage::review::Picture;

/// Longest HTML that is looked at: far more than any mail client shows without cutting it.
const HTML_CHARS_MAX: usize = 500_000;
/// Hosts of pictures that are listed.
const HOSTS_MAX: usize = 20;
/// Longest text that all pictures make together: one picture may stand in a thousand places.
const PICTURE_CHARS_MAX: usize = 10 * 1024 * 1024;
/// Properties of a style that shape a mail; none loads, covers or moves anything.
const PROPERTIES: [&str; 38] = [
    "background-color",
    "border",
    "border-bottom",
    "border-collapse",
    "border-color",
    "border-left",
    "border-radius",
    "border-right",
    "border-spacing",
    "border-style",
    "border-top",
    "border-width",
    "color",
    "display",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "min-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "vertical-align",
    "width",
];
/// Attributes by which mails are laid out.
const LAYOUT: [&str; 8] = [
    "align",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "height",
    "valign",
    "width",
];

/// HTML that does nothing, and what it would have loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cleaned {
    /// The HTML.
    pub(super) html: String,
    /// Pictures that the message carries itself, and that can be shown.
    pub(super) own: usize,
    /// Pictures that it says it carries, and that cannot.
    pub(super) unfit: usize,
    /// Pictures that would be loaded from elsewhere.
    pub(super) remote: usize,
    /// From where, each once, in order.
    pub(super) hosts: Vec<String>,
}

/// Takes out whatever acts, loads or leads somewhere. Puts in the message's own pictures, when they are wanted.
pub(super) fn clean(html: &str, pictures: &[Picture], wanted: bool) -> Cleaned {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let sees = Arc::clone(&seen);
    let pictures = pictures.to_vec();
    let cleaned = ammonia::Builder::default()
        .add_clean_content_tags(["title"])
        .add_tags(["font"])
        .add_tag_attributes("font", ["color", "face", "size"])
        .add_generic_attributes(["style"])
        .add_generic_attributes(LAYOUT)
        .add_url_schemes(["cid"])
        .filter_style_properties(HashSet::from(PROPERTIES))
        .attribute_filter(move |element, attribute, value| match (element, attribute) {
            ("a" | "area", "href") | (_, "cite") => None,
            ("img", "src") => lock(&sees).picture(value, &pictures, wanted).map(Into::into),
            _ => Some(value.into()),
        })
        .clean(&html.chars().take(HTML_CHARS_MAX).collect::<String>())
        .to_string();
    let seen = std::mem::take(&mut *lock(&seen));
    Cleaned {
        html: cleaned,
        ..seen.found
    }
}

#[derive(Debug, Default)]
struct Seen {
    found: Cleaned,
    /// What the pictures have made of text so far.
    chars: usize,
}

impl Seen {
    /// The picture as text, when it is to be shown.
    fn picture(&mut self, source: &str, pictures: &[Picture], wanted: bool) -> Option<String> {
        let source = source.trim();
        let scheme = source.split(':').next().unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("cid") {
            self.remote(source);
            return None;
        }
        let cid = decoded(source.split_once(':')?.1);
        let picture = pictures.iter().find(|picture| picture.cid == cid);
        let Some(picture) = picture.filter(|picture| self.has_room(picture)) else {
            self.found.unfit += 1;
            return None;
        };
        self.found.own += 1;
        self.chars += picture.bytes.len().div_ceil(3) * 4;
        wanted.then(|| format!("data:{};base64,{}", picture.kind, STANDARD.encode(&picture.bytes)))
    }

    fn has_room(&self, picture: &Picture) -> bool {
        self.chars + picture.bytes.len().div_ceil(3) * 4 <= PICTURE_CHARS_MAX
    }

    fn remote(&mut self, source: &str) {
        self.found.remote += 1;
        let (host, hosts) = (host(source), &mut self.found.hosts);
        if let Some(host) = host
            && hosts.len() < HOSTS_MAX
            && !hosts.contains(&host)
        {
            hosts.push(host);
        }
    }
}

/// The host of a web address, as a browser reads it; none of what stands on no host.
fn host(source: &str) -> Option<String> {
    let nowhere = Url::parse("https://nowhere.invalid").ok()?;
    let url = nowhere.join(source).ok()?;
    let host = url.host_str().filter(|host| Some(*host) != nowhere.host_str())?;
    Some(host.to_owned())
}

/// Without percent signs: what a `cid:` names (RFC 2392 §2).
fn decoded(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        match piece.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(piece.as_bytes().get(2..).unwrap_or_default());
            }
            None => {
                bytes.push(b'%');
                bytes.extend_from_slice(piece.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(cid: &str, length: usize) -> Picture {
        Picture {
            cid: cid.to_owned(),
            kind: "image/png",
            bytes: vec![0; length],
        }
    }

    #[test]
    fn nothing_that_acts_or_loads_is_left() {
        let hostile = r#"<p onclick="x()">Hi</p><script>x()</script><style>p{}</style><iframe src="//e.example"></iframe>
            <img src="https://e.example/p.gif" onerror="x()" alt="A picture"><svg onload="x()"></svg>
            <form action="https://e.example"><input name="p"></form><a href="javascript:x()">j</a>
            <a href="https://e.example/survey?id=1">survey</a><base href="https://e.example/">
            <meta http-equiv="refresh" content="0;https://e.example"><object data="x"></object><link href="x">
            <div style="position:fixed;background:url(https://e.example/p.gif);color:red">red</div>"#;
        for wanted in [false, true] {
            let cleaned = clean(hostile, &[picture("a", 3)], wanted);
            for word in [
                "script", "onclick", "onerror", "onload", "iframe", "svg", "form", "input", "base", "meta", "object",
            ] {
                assert!(!cleaned.html.contains(word), "{word} is left in {}", cleaned.html);
            }
            for word in ["javascript", "e.example", "position", "url(", "<style", "<link", "src="] {
                assert!(!cleaned.html.contains(word), "{word} is left in {}", cleaned.html);
            }
            assert!(cleaned.html.contains("color:red") && cleaned.html.contains("A picture"));
        }
    }

    #[test]
    fn where_pictures_come_from_is_told_once_each() {
        let html = r#"<img src="x.png">
            <img src="https://B.example:8443/1.png?cid:x"><img src="//c.example/2.png"><img src="http://u@b.example/">"#;
        let cleaned = clean(html, &[], true);
        assert_eq!((cleaned.remote, cleaned.own, cleaned.unfit), (4, 0, 0));
        assert_eq!(cleaned.hosts, ["b.example", "c.example"]);
    }

    #[test]
    fn only_pictures_of_the_message_itself_are_put_in_and_only_when_wanted() {
        let html = r#"<img src="cid:a@m"><img src="CID:a%40m"><img src="cid:b"><img src="cid:a@m#cid:a@m">
            <a href="cid:a@m">a</a><img src="data:image/svg+xml,<svg onload=1>"><img srcset="cid:a@m 2x">"#;
        let pictures = [picture("a@m", 3)];
        let off = clean(html, &pictures, false);
        assert_eq!((off.own, off.unfit, off.remote), (2, 2, 0));
        assert!(!off.html.contains("src"), "{}", off.html);
        let on = clean(html, &pictures, true);
        assert_eq!(on.html.matches("src=\"data:image/png;base64,AAAA\"").count(), 2);
        assert_eq!(on.html.matches("src").count(), 2, "{}", on.html);
        assert_eq!(
            Cleaned {
                html: String::new(),
                ..on
            },
            Cleaned {
                html: String::new(),
                ..off
            }
        );
    }

    #[test]
    fn one_picture_in_a_thousand_places_does_not_fill_a_page() {
        let html = r#"<img src="cid:a">"#.repeat(1_000);
        let cleaned = clean(&html, &[picture("a", 1_000_000)], true);
        assert!(
            cleaned.html.len() < PICTURE_CHARS_MAX + 100_000,
            "{}",
            cleaned.html.len()
        );
        assert_eq!((cleaned.own, cleaned.unfit), (7, 993));
    }
}
