//! Template: a subject and a text with words in braces.

use std::collections::BTreeMap;

/// The words a template may use.
const WORDS: [&str; 13] = [
    "case",
    "subject",
    "author",
    "office",
    "lists",
    "reasons",
    "remarks",
    "wanting",
    "actor",
    "comment",
    "until",
    "link",
    "organization",
];

/// A piece of a template: text as it stands, or a word to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Word(&'static str),
}

/// One notice, before it is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    subject: Vec<Piece>,
    text: Vec<Piece>,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Faulty {
    /// The first line is not a subject.
    #[error("line 1: a notice begins with `Subject: …` and an empty line")]
    NoSubject,
    /// A brace is opened and not closed on the same line.
    #[error("line {line}: a brace is opened and not closed")]
    OpenBrace {
        /// Counts from 1.
        line: usize,
    },
    /// A word nobody fills in.
    #[error("line {line}: there is no word {{{word}}}; the words are {}", WORDS.join(", "))]
    NoSuchWord {
        /// Counts from 1.
        line: usize,
        /// The word.
        word: String,
    },
}

impl Template {
    /// Reads a template; every word in it is known afterwards.
    pub fn parse(text: &str) -> Result<Self, Faulty> {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let subject = first.trim_end().strip_prefix("Subject: ").ok_or(Faulty::NoSubject)?;
        let (empty, body) = rest.split_once('\n').unwrap_or((rest, ""));
        if !empty.trim().is_empty() {
            return Err(Faulty::NoSubject);
        }
        Ok(Self {
            subject: pieces(subject, 1)?,
            text: pieces(body, 3)?,
        })
    }

    /// Subject and text, with the words filled in.
    pub fn fill(&self, words: &BTreeMap<&'static str, String>) -> (String, String) {
        let filled = |pieces: &[Piece]| -> String {
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.as_str(),
                    Piece::Word(word) => words.get(word).map(String::as_str).unwrap_or_default(),
                })
                .collect()
        };
        // A subject is one line, whatever its author wrote.
        let subject = filled(&self.subject).split_whitespace().collect::<Vec<_>>().join(" ");
        (subject, filled(&self.text))
    }
}

fn pieces(text: &str, first_line: usize) -> Result<Vec<Piece>, Faulty> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut line = first_line;
    while let Some((before, after)) = rest.split_once('{') {
        line += before.matches('\n').count();
        let (word, after) = after
            .split_once('}')
            .filter(|(word, _)| !word.contains('\n'))
            .ok_or(Faulty::OpenBrace { line })?;
        let known = WORDS.into_iter().find(|known| *known == word);
        let known = known.ok_or_else(|| Faulty::NoSuchWord {
            line,
            word: word.to_owned(),
        })?;
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(Piece::Word(known));
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_in() {
        let template = Template::parse("Subject: {case} is held\n\nDear {author},\n").expect("well formed");
        let words = BTreeMap::from([("case", "MC-2026-0001".to_owned()), ("author", "you".to_owned())]);
        assert_eq!(
            template.fill(&words),
            ("MC-2026-0001 is held".to_owned(), "Dear you,\n".to_owned())
        );
    }

    #[test]
    fn what_nobody_can_fill_in_is_named_with_its_line() {
        assert_eq!(Template::parse("Hello"), Err(Faulty::NoSubject));
        assert_eq!(Template::parse("Subject: a\nno gap\n"), Err(Faulty::NoSubject));
        let unknown = Faulty::NoSuchWord {
            line: 4,
            word: "nmae".to_owned(),
        };
        assert_eq!(Template::parse("Subject: a\n\nDear\n{nmae}\n"), Err(unknown));
        assert_eq!(
            Template::parse("Subject: a\n\n{case\n}"),
            Err(Faulty::OpenBrace { line: 3 })
        );
    }
}
