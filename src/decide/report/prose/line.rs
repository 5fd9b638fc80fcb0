//! Line: the lines of a text for people, and what each of them is.

use crate::decide::report::named::{self, Named};
use crate::decide::report::phrases::{CONTACTS, DELAYS, DIVIDERS, FAILURES, Phrases, SUCCESSES, TRANSCRIPTS, plain};

/// Lines that are looked at.
const LINES_MAX: usize = 1_000;
/// Octets of a line that are looked at.
const LINE_BYTES_MAX: usize = 1_000;

/// A line, and what it is.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    /// As tables are asked for it.
    pub(super) plain: String,
    /// A sentence that ends here says that mail was not delivered, or not yet.
    pub(super) opens: bool,
    /// Its addresses are of people to ask.
    pub(super) is_contact: bool,
    /// A log begins.
    pub(super) is_transcript: bool,
    pub(super) addresses: Vec<Named>,
}

impl Line<'_> {
    /// What stands before an address, in lower case.
    pub(super) fn before(&self, named: &Named) -> String {
        self.text.get(..named.at.start).unwrap_or_default().to_lowercase()
    }
}

/// The lines for people, up to where our own message begins.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for text in text.lines().take(LINES_MAX) {
        let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= LINE_BYTES_MAX);
        let text = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
        let plain = plain(text);
        if DIVIDERS.are_in(&plain) {
            break;
        }
        // A sentence may have begun in the line above.
        let above = lines.last().map_or("", |line| line.plain.as_str());
        let both = format!("{above} {plain}");
        let says = |phrases: &Phrases| phrases.are_in(&plain) || (!phrases.are_in(above) && phrases.are_in(&both));
        let goes_on = !above.is_empty() && !above.ends_with(['.', '!', '>', ':']);
        lines.push(Line {
            opens: (says(&FAILURES) || says(&DELAYS)) && !SUCCESSES.are_in(&both),
            is_contact: CONTACTS.are_in(&plain) || (goes_on && CONTACTS.are_in(&both)),
            is_transcript: TRANSCRIPTS.are_in(&plain),
            addresses: named::named(text),
            text,
            plain,
        });
    }
    lines
}

/// The lines as one text.
pub(super) fn shown_of(lines: &[Line<'_>]) -> String {
    lines
        .iter()
        .map(|line| line.plain.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}
