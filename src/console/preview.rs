//! What recipients would read, ready to be shown: the fields, the text, and what the HTML wants to load.

use super::clean::{self, Cleaned};
use super::words::{Key, Tag, Words};
use crate::stage::review::{Lead, Mark, Preview};

/// Longest text that is shown; nobody reads more of it on a page.
const TEXT_CHARS_MAX: usize = 50_000;

/// A message, ready to be shown.
#[derive(Debug)]
pub(super) struct Letter {
    /// Name and value of the fields people look at.
    pub(super) headers: Vec<(String, String)>,
    /// The text, or its beginning.
    pub(super) text: Option<String>,
    /// Whether only its beginning is shown.
    pub(super) is_cut: bool,
    /// Words in the text.
    pub(super) words: String,
    /// Whether there is HTML to show.
    pub(super) has_html: bool,
    /// What a list of messages shows beside the subject.
    pub(super) preheader: String,
    /// Where its links lead.
    pub(super) leads: Vec<Leads>,
    /// What was found in the HTML: its pictures.
    pub(super) found: Cleaned,
    /// Name and size of what is attached.
    pub(super) attachments: Vec<(String, String)>,
    /// The size of the whole.
    pub(super) size: String,
}

/// Where one link leads.
#[derive(Debug)]
pub(super) struct Leads {
    pub(super) text: String,
    pub(super) host: String,
    pub(super) href: String,
    pub(super) marks: Vec<Tag>,
}

/// Makes a preview ready.
pub(super) fn letter(words: Words, preview: &Preview) -> Letter {
    let cleaned = preview.html.as_deref();
    let cleaned = cleaned.map(|html| clean::clean(html, &preview.pictures, false));
    let text = preview.text.as_deref();
    let attachment = |(name, length): &(String, u64)| (name.clone(), words.bytes(*length));
    Letter {
        headers: preview.headers.clone(),
        is_cut: text.is_some_and(|text| text.chars().nth(TEXT_CHARS_MAX).is_some()),
        words: words.number(text.map_or(0, |text| {
            u64::try_from(text.split_whitespace().count()).unwrap_or(u64::MAX)
        })),
        text: text.map(|text| text.chars().take(TEXT_CHARS_MAX).collect()),
        has_html: cleaned.is_some(),
        preheader: preview.glance.preheader.clone(),
        leads: preview.glance.leads.iter().map(|lead| leads(words, lead)).collect(),
        found: cleaned.unwrap_or_default(),
        attachments: preview.attachments.iter().map(attachment).collect(),
        size: words.bytes(preview.bytes),
    }
}

fn leads(words: Words, lead: &Lead) -> Leads {
    let mark = |mark: &Mark| {
        let (class, key) = match mark {
            Mark::Elsewhere => ("", Key("link-elsewhere")),
            Mark::Plain => ("ended", Key("link-plain")),
            Mark::Short => ("ended", Key("link-short")),
            Mark::Survey => ("waiting", Key("link-survey")),
        };
        Tag {
            class,
            word: words.say(key).into(),
        }
    };
    Leads {
        text: lead.text.clone(),
        host: lead.host.clone(),
        href: lead.href.clone(),
        marks: lead.marks.iter().map(mark).collect(),
    }
}
