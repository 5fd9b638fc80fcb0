//! What a server's reply means to the flow of mail, by rules that are data.
//!
//! A [`Pattern`] is words that a reply has, in this order, whatever their case; `*` stands for anything between them.
//! Words are whole: `4.7.2` is not found in `4.7.28`, nor `421` in `1421`; a `*` at a word lets it go on, so that
//! `RL0000*` finds `RL000001`. A [`Rule`] says what such a reply means, and what is done about it unless the
//! [`Meaning`] says enough.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mail::Status;

/// What a reply is about. In the order of who it concerns: the flow, the sender, the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// We send faster than they bear.
    Rate,
    /// We have too many connections open.
    Connections,
    /// This connection has carried enough.
    Spent,
    /// They are in trouble of their own.
    Busy,
    /// We are on a list of those nobody takes mail from.
    Block,
    /// They do not want this content, or this sender.
    Policy,
    /// They do not believe that we are who we say.
    Authentication,
    /// The first try of a stranger; the second will do.
    Greylist,
    /// The mailbox takes no more for now.
    Full,
    /// There is no such mailbox.
    Gone,
}

impl Meaning {
    /// In words, for a page or a log.
    pub fn words(self) -> &'static str {
        match self {
            Self::Rate => "too fast",
            Self::Connections => "too many connections",
            Self::Spent => "connection used up",
            Self::Busy => "busy",
            Self::Block => "on a blocklist",
            Self::Policy => "refused by their policy",
            Self::Authentication => "not authenticated",
            Self::Greylist => "greylisted",
            Self::Full => "mailbox full",
            Self::Gone => "no such mailbox",
        }
    }

    /// Whether it was said to the flow rather than about a recipient: then nobody's try is used up by it.
    pub fn is_about_the_flow(self) -> bool {
        matches!(self, Self::Rate | Self::Connections | Self::Spent | Self::Busy)
    }

    /// What is done when a rule does not say it.
    pub fn usual(self) -> Vec<Remedy> {
        const TWO_HOURS: Duration = Duration::from_secs(2 * 60 * 60);
        match self {
            Self::Rate | Self::Busy => vec![Remedy::Slow],
            Self::Connections => vec![Remedy::FewerConnections],
            Self::Spent => vec![Remedy::ShorterConnections],
            Self::Block => vec![Remedy::Silence(TWO_HOURS), Remedy::Pause],
            Self::Policy | Self::Authentication | Self::Greylist | Self::Full | Self::Gone => vec![],
        }
    }
}

/// What is done about a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remedy {
    /// Half the rate, at once.
    Slow,
    /// Half the connections.
    FewerConnections,
    /// Half the messages on one connection.
    ShorterConnections,
    /// Nothing for so long.
    Silence(Duration),
    /// After the silence one connection, then one more each clean minute.
    OneConnection,
    /// The mailing is paused; a person resumes it.
    Pause,
}

/// Words that a reply has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

/// Words between two `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    words: String,
    /// Whether a longer word may begin, or end, with it.
    is_open: (bool, bool),
}

impl Pattern {
    /// Reads `421 * [TSS04]`; `None` when nothing is left to look for.
    pub fn new(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('*').collect();
        let last = parts.len().saturating_sub(1);
        let piece = |(number, part): (usize, &&str)| Piece {
            words: part.trim().to_ascii_lowercase(),
            is_open: (
                number > 0 && !part.starts_with(' '),
                number < last && !part.ends_with(' '),
            ),
        };
        let pieces = parts.iter().enumerate().map(piece);
        let pieces: Vec<Piece> = pieces.filter(|piece| !piece.words.is_empty()).collect();
        (!pieces.is_empty()).then_some(Self(pieces))
    }

    /// Whether a reply on one line has these words.
    pub fn is_in(&self, reply: &str) -> bool {
        let reply = reply.to_ascii_lowercase();
        let mut from = 0;
        self.0.iter().all(|piece| match piece.find(&reply, from) {
            Some(end) => {
                from = end;
                true
            }
            None => false,
        })
    }
}

impl Piece {
    /// Where its first occurrence from there on ends.
    fn find(&self, text: &str, from: usize) -> Option<usize> {
        let rest = text.get(from..)?;
        let (open_before, open_after) = self.is_open;
        rest.match_indices(&self.words).find_map(|(at, found)| {
            let (start, end) = (from + at, from + at + found.len());
            let fits = (open_before || is_edge(text, start)) && (open_after || is_edge(text, end));
            fits.then_some(end)
        })
    }
}

/// Whether no word runs across this place.
fn is_edge(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    let after = text.get(at..).and_then(|text| text.chars().next());
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !(is_word(before) && is_word(after))
}

/// What a reply of this form means, and what is done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What people call it.
    pub name: String,
    /// Its form.
    pub pattern: Pattern,
    /// What it means.
    pub means: Meaning,
    /// What is done about it.
    pub remedies: Vec<Remedy>,
    /// Only from so many such replies within an hour on.
    pub after: u32,
    /// A reply of that form, as they send it.
    pub sample: String,
}

/// A reply as it came over the wire, on one line: no code is added that was not said.
pub(super) fn as_said(status: &Status) -> String {
    match status.enhanced {
        Some(_) => status.to_string(),
        None => format!("{} {}", status.code, status.text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, reply: &str, expected: bool) {
        let pattern = Pattern::new(pattern).expect("something to look for");
        assert_eq!(pattern.is_in(reply), expected, "{pattern:?} in {reply}");
    }

    #[test]
    fn words_are_whole_in_order_and_of_any_case() {
        check("4.7.28", "421 4.7.28 Our system has detected", true);
        check("4.7.2", "421 4.7.28 Our system has detected", false);
        check("421", "1421 x", false);
        check("421 * unusual rate", "421 4.7.28 an Unusual Rate of mail", true);
        check("rate * 421", "421 4.7.28 an unusual rate of mail", false);
        check(
            "[TSS04]",
            "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred",
            true,
        );
        check("RL000001", "421 Throttled #RL000001", true);
        check("RL00000", "421 Throttled #RL000001", false);
        check("RL00000*", "421 Throttled #RL000001", true);
        check("5.7.* blocked", "550 5.7.606 blocked", true);
        check("defer", "450 deferred", false);
    }

    #[test]
    fn a_pattern_of_nothing_is_none() {
        assert_eq!(Pattern::new(" * "), None);
    }

    #[test]
    fn a_later_whole_occurrence_counts() {
        check("busy", "421 busyness; busy", true);
    }
}
