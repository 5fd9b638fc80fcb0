//! What is inside? The addresses in a message's text and in what is attached, however packed. Policy C10.
//!
//! Each address becomes a mark, a keyed hash, at once: no plain address is kept. Archives are opened within limits that
//! are counted while unpacking, never taken from what an archive says of itself; what goes beyond them is named as a
//! bomb, and looking stops there. What cannot be opened is named, too.

mod address;
mod open;

use std::collections::HashSet;

use mail_parser::{Message, MimeHeaders, PartType};

use open::Opening;

/// A keyed hash of an address.
pub type Mark = [u8; 16];

/// How far is unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets unpacked, of all that is attached to one message.
    pub bytes_max: u64,
    /// Octets unpacked of one packed octet, in any one entry; above the densest honest text.
    pub ratio_max: u64,
    /// Archives within archives.
    pub depth_max: u8,
    /// Entries of all archives.
    pub entries_max: u32,
    /// Different addresses that are remembered.
    pub addresses_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: 32 * 1024 * 1024,
            ratio_max: 200,
            depth_max: 5,
            entries_max: 2_000,
            addresses_max: 2_000,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Different addresses in the text.
    pub written: HashSet<Mark>,
    /// Different addresses in what is attached.
    pub attached: HashSet<Mark>,
    /// Names of what could not be opened: encrypted, damaged, or of a form nobody here opens.
    pub unreadable: Vec<String>,
    /// The name of what went beyond the limits.
    pub bomb: Option<String>,
}

/// Looks through a message. `mark` hashes an address; `is_late` says that the time for it is up.
pub fn scan(
    message: &Message<'_>,
    limits: &Limits,
    mark: &dyn Fn(&str) -> Mark,
    is_late: &dyn Fn() -> bool,
) -> Contents {
    let mut contents = Contents::default();
    let is_answer = message.header("In-Reply-To").is_some() || message.header("References").is_some();
    let bodies: Vec<u32> = message.text_body.iter().chain(&message.html_body).copied().collect();
    for id in &bodies {
        if let Some(PartType::Text(text) | PartType::Html(text)) = message.part(*id).map(|part| &part.body) {
            note(
                &mut contents.written,
                if is_answer { own(text) } else { text },
                limits,
                mark,
            );
        }
    }
    let mut opening = Opening::new(*limits, is_late);
    for (id, part) in (0u32..).zip(&message.parts) {
        let is_body = bodies.contains(&id) && part.attachment_name().is_none();
        if is_body || matches!(part.body, PartType::Multipart(_)) {
            continue;
        }
        let name = part.attachment_name().unwrap_or("what is attached");
        let bytes = part.contents();
        opening.open(name, bytes, 0, &mut |text| {
            note(&mut contents.attached, text, limits, mark);
        });
    }
    contents.unreadable = opening.unreadable;
    contents.bomb = opening.bomb;
    contents
}

/// What its author wrote of an answer: who has the quoted text has its addresses already.
fn own(text: &str) -> &str {
    const QUOTES: [&str; 8] = [
        "wrote:",
        "Original Message",
        "\n>",
        "________________________________",
        "<blockquote",
        "gmail_quote",
        "divRplyFwdMsg",
        "border-top:solid",
    ];
    let end = QUOTES.iter().filter_map(|quote| text.find(quote)).min();
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

fn note(marks: &mut HashSet<Mark>, text: &str, limits: &Limits, mark: &dyn Fn(&str) -> Mark) {
    for address in address::find(text) {
        if marks.len() >= limits.addresses_max {
            return;
        }
        marks.insert(mark(&address));
    }
}

#[cfg(test)]
mod tests;
