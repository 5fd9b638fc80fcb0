//! The HTML of a held mail, which is untrusted: cleaned, in a sandboxed frame, under a policy that loads nothing.
//!
//! Three walls, each of which would do: no element or attribute that acts survives the cleaning; the frame has no
//! origin, no script and no way out; and the answer's own policy forbids whatever the first two might let through.
//! Links lose their targets and pictures their sources, so that looking at a mail tells its author nothing; where the
//! links lead stands beside the frame, in full.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{self, Query};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::Room;
use super::error::Error;
use super::session::SignedIn;
use super::words::Words;
use crate::model::lifecycle::State;

/// The answer's own policy.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'";
/// Longest HTML that is looked at: far more than any mail client shows without cutting it.
const HTML_CHARS_MAX: usize = 500_000;
/// Links that are listed.
const LINKS_MAX: usize = 100;
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

/// How a mail is looked at: `dark` paper, or as it comes.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Look {
    #[serde(default)]
    look: String,
}

/// HTML that does nothing, and what it would have loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cleaned {
    /// The HTML.
    pub(super) html: String,
    /// Where its links lead, each once, in order.
    pub(super) links: Vec<String>,
    /// How many pictures it has.
    pub(super) pictures: usize,
}

/// `GET /mailing/{id}/html`.
pub(super) async fn show(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    extract::Path(id): extract::Path<String>,
    Query(look): Query<Look>,
) -> Result<Response, Error> {
    let id = super::mailing::case(&id)?;
    tokio::task::spawn_blocking(move || {
        let state = room.state.desk.visible(id, &who.account)?;
        of(&room, who.words, &state, &look)
    })
    .await?
}

/// The HTML of a mailing, as somebody who may see it looks at it.
pub(super) fn of(room: &Room, words: Words, state: &State, look: &Look) -> Result<Response, Error> {
    let preview = room.state.desk.preview(state)?;
    let html = preview.html.as_deref().ok_or(Error::NoSuchPage)?;
    let page = document(words, &clean(html).html, look);
    Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page)).into_response())
}

fn document(words: Words, body: &str, look: &Look) -> String {
    // Mails are written for white paper; the frame stays so in the dark, unless that is what is to be seen.
    let paper = if look.look == "dark" {
        ":root{color-scheme:dark}body{background:#121212;color:#e8e8e8}a{color:#8ab4f8}"
    } else {
        ":root{color-scheme:light}body{background:#fff;color:#1b1f23}a{color:#0b4f8a}"
    };
    let style = format!(
        "{paper}body{{margin:1rem;font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}}\
         a{{text-decoration:underline}}img{{max-width:100%;border:1px dashed #767676;color:#767676}}table{{max-width:100%}}"
    );
    let (language, title) = (words.language(), words.html("letter-title"));
    format!(
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
        <style>{style}</style></head><body>{body}</body></html>\n"
    )
}

/// Takes out whatever acts, loads or leads somewhere.
pub(super) fn clean(html: &str) -> Cleaned {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let sees = Arc::clone(&seen);
    let cleaned = ammonia::Builder::default()
        .add_tags(["font"])
        .add_tag_attributes("font", ["color", "face", "size"])
        .add_generic_attributes(["style"])
        .add_generic_attributes(LAYOUT)
        .filter_style_properties(HashSet::from(PROPERTIES))
        .attribute_filter(move |element, attribute, value| match (element, attribute) {
            ("a" | "area", "href") => {
                lock(&sees).link(value);
                None
            }
            ("img", "src") => {
                lock(&sees).pictures += 1;
                None
            }
            (_, "cite") => None,
            _ => Some(value.into()),
        })
        .clean(&html.chars().take(HTML_CHARS_MAX).collect::<String>())
        .to_string();
    let seen = std::mem::take(&mut *lock(&seen));
    Cleaned {
        html: cleaned,
        links: seen.links,
        pictures: seen.pictures,
    }
}

#[derive(Debug, Default)]
struct Seen {
    links: Vec<String>,
    pictures: usize,
}

impl Seen {
    fn link(&mut self, to: &str) {
        let to = to.trim();
        if self.links.len() < LINKS_MAX && !self.links.iter().any(|known| known == to) {
            self.links.push(to.to_owned());
        }
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_or_loads_is_left() {
        let hostile = r#"<p onclick="x()">Hi</p><script>x()</script><style>p{}</style><iframe src="//e.example"></iframe>
            <img src="https://e.example/p.gif" onerror="x()" alt="A picture"><svg onload="x()"></svg>
            <form action="https://e.example"><input name="p"></form><a href="javascript:x()">j</a>
            <a href="https://e.example/survey?id=1">survey</a><base href="https://e.example/">
            <meta http-equiv="refresh" content="0;https://e.example"><object data="x"></object><link href="x">
            <div style="position:fixed;background:url(https://e.example/p.gif);color:red">red</div>"#;
        let cleaned = clean(hostile);
        for word in [
            "script", "onclick", "onerror", "onload", "iframe", "svg", "form", "input", "base", "meta", "object",
        ] {
            assert!(!cleaned.html.contains(word), "{word} is left in {}", cleaned.html);
        }
        for word in ["javascript", "e.example", "position", "url(", "<style", "<link"] {
            assert!(!cleaned.html.contains(word), "{word} is left in {}", cleaned.html);
        }
        assert!(cleaned.html.contains("color:red") && cleaned.html.contains("A picture"));
    }

    #[test]
    fn where_links_lead_is_told_once_each() {
        let cleaned = clean(r#"<a href="https://a.example/">a</a><a href="https://a.example/">b</a><img src="x.png">"#);
        assert_eq!(cleaned.links, ["https://a.example/"]);
        assert_eq!(cleaned.pictures, 1);
    }
}
