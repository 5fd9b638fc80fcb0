//! Finds words in text, and quotes the spot.

use memchr::memmem;

use super::Fix;

/// How much of a spot is quoted, in characters.
pub(super) const QUOTE_MAX: usize = 160;
/// Characters beside the spot that a line of a diff shows.
const BESIDE: usize = 60;
/// Characters on either side that a word's line is looked at for.
const LINE_MAX: usize = 200;

/// Whether capitals matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// They do.
    Matters,
    /// They do not.
    Ignored,
}

/// A word found: where, and as it stands there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit<'t> {
    pub(super) text: &'t str,
    pub(super) start: usize,
    pub(super) word: &'t str,
}

impl<'t> Hit<'t> {
    /// The text before it.
    pub(super) fn before(&self) -> &'t str {
        self.text.get(..self.start).unwrap_or_default()
    }

    /// The text after it.
    pub(super) fn after(&self) -> &'t str {
        self.text.get(self.start + self.word.len()..).unwrap_or_default()
    }

    /// The line it is in, as far as that tells anything.
    pub(super) fn line(&self) -> &'t str {
        let length = |c: char| c.len_utf8();
        let on_line = |c: &char| *c != '\n';
        let before: usize = self
            .before()
            .chars()
            .rev()
            .take_while(on_line)
            .take(LINE_MAX)
            .map(length)
            .sum();
        let after: usize = self
            .after()
            .chars()
            .take_while(on_line)
            .take(LINE_MAX)
            .map(length)
            .sum();
        let end = self.start + self.word.len() + after;
        self.text.get(self.start - before..end).unwrap_or_default()
    }

    /// The same without these at its ends.
    pub(super) fn trimmed(&self, ends: &[char]) -> Self {
        let word = self.word.trim_start_matches(ends);
        Hit {
            text: self.text,
            start: self.start + self.word.len() - word.len(),
            word: word.trim_end_matches(ends),
        }
    }

    /// The spot with another word in its place.
    pub(super) fn replaced(&self, with: &str) -> Fix {
        let before: Vec<char> = self
            .before()
            .chars()
            .rev()
            .take_while(|&c| c != '\n')
            .take(BESIDE)
            .collect();
        let before: String = before.into_iter().rev().collect();
        let after: String = self.after().chars().take_while(|&c| c != '\n').take(BESIDE).collect();
        Fix {
            before: format!("{before}{}{after}", self.word),
            after: format!("{before}{with}{after}"),
        }
    }
}

/// Everywhere `needle` stands as a word of its own; in an address or a link it does not.
pub(super) fn words<'t>(text: &'t str, needle: &str, case: Case) -> Vec<Hit<'t>> {
    let found: Vec<usize> = match case {
        Case::Matters => memmem::find_iter(text.as_bytes(), needle).collect(),
        // Octets keep their places: only ASCII letters change.
        Case::Ignored => {
            let small = needle.to_ascii_lowercase();
            memmem::find_iter(text.to_ascii_lowercase().as_bytes(), &small).collect()
        }
    };
    found
        .into_iter()
        .filter_map(|start| {
            let word = text.get(start..start + needle.len())?;
            let hit = Hit { text, start, word };
            stands_alone(&hit).then_some(hit)
        })
        .collect()
}

pub(super) fn stands_alone(hit: &Hit<'_>) -> bool {
    let before = hit.before().chars().next_back();
    let mut after = hit.after().chars();
    let next = after.next();
    if !hit.word.chars().any(char::is_alphanumeric) {
        return before.is_none_or(char::is_whitespace) && next.is_none_or(char::is_whitespace);
    }
    let is_joined_before = before.is_some_and(|c| c.is_alphanumeric() || "_@./&=".contains(c));
    let is_joined_after = match next {
        Some('.') => after.next().is_some_and(char::is_alphanumeric),
        Some(c) => c.is_alphanumeric() || "_@/&=".contains(c),
        None => false,
    };
    let starts_with_sign = !hit.word.starts_with(char::is_alphanumeric);
    let ends_with_sign = !hit.word.ends_with(char::is_alphanumeric);
    (starts_with_sign || !is_joined_before) && (ends_with_sign || !is_joined_after)
}

/// The text as far as a quote goes.
pub(super) fn quote(text: &str) -> String {
    text.chars().take(QUOTE_MAX).collect()
}

/// Digits hidden but for the last four: a finding travels by mail, and must not leak what it warns of.
pub(super) fn masked(text: &str) -> String {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let mut seen = 0;
    let hide = |c: char| {
        if !c.is_ascii_digit() {
            return c;
        }
        seen += 1;
        if seen + 4 > digits { c } else { '•' }
    };
    quote(&text.chars().map(hide).collect::<String>())
}

/// The first digit. Most texts have few, and the processor looks at many octets at once.
fn digit(text: &str) -> Option<usize> {
    let has_none = |octets: &&[u8]| !octets.iter().fold(false, |has, octet| has | octet.is_ascii_digit());
    let skipped = text.as_bytes().chunks(64).take_while(has_none).map(<[u8]>::len).sum();
    let rest = text.as_bytes().get(skipped..)?;
    Some(skipped + rest.iter().position(u8::is_ascii_digit)?)
}

/// Where each run of digits begins.
pub(super) fn digits(text: &str) -> impl Iterator<Item = usize> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + digit(text.get(at..)?)?;
        let run = text.as_bytes().get(start..)?.iter();
        at = start + run.take_while(|octet| octet.is_ascii_digit()).count();
        Some(start)
    })
}

/// The longest runs of such characters, each with its place.
pub(super) fn runs<'t>(text: &'t str, is_part: impl Fn(char) -> bool) -> impl Iterator<Item = Hit<'t>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let start = at + rest.find(&is_part)?;
        let rest = text.get(start..)?;
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        at = start + length;
        let word = text.get(start..at)?;
        Some(Hit { text, start, word })
    })
}

/// The longest runs of such characters that have a digit in them, each with its place; `digits` are those of the text.
pub(super) fn numbers<'t>(
    text: &'t str,
    digits: impl Iterator<Item = usize>,
    is_part: impl Fn(char) -> bool,
) -> impl Iterator<Item = Hit<'t>> {
    let mut end = 0;
    digits.filter_map(move |digit| {
        let (before, after) = text.split_at_checked(digit).filter(|_| digit >= end)?;
        let is_part_of = |c: &char| is_part(*c);
        let start = digit
            - before
                .chars()
                .rev()
                .take_while(is_part_of)
                .map(char::len_utf8)
                .sum::<usize>();
        end = digit + after.find(|c| !is_part(c)).unwrap_or(after.len());
        let word = text.get(start..end)?;
        Some(Hit { text, start, word })
    })
}

/// Addresses in running text.
pub(super) fn addresses(text: &str) -> impl Iterator<Item = Hit<'_>> {
    // Most texts have none.
    let text = if text.contains('@') { text } else { "" };
    let runs = runs(text, |c| {
        c.is_alphanumeric() || matches!(c, '@' | '.' | '_' | '+' | '-')
    });
    runs.filter(|hit| {
        hit.word.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.trim_end_matches('.').contains('.') && !domain.contains('@')
        })
    })
}

/// Pictographs, not the marks of running text.
pub(super) fn emoji(text: &str) -> Option<char> {
    let text = if text.is_ascii() { "" } else { text };
    text.chars().find(|&c| {
        matches!(c, '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{2B50}' | '\u{2B55}' | '\u{231A}'..='\u{23FF}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, needle: &str) -> usize {
        words(text, needle, Case::Matters).len()
    }

    #[test]
    fn a_word_stands_alone() {
        assert_eq!(found("At MST, near MST.", "MST"), 2);
        assert_eq!(found("records@MST.edu www.MST.edu MST.EDU xMST", "MST"), 0);
        assert_eq!(found("you & me, S&T", "&"), 1);
    }

    #[test]
    fn a_fix_shows_the_line() {
        let hit = words("one\nthe adviser says\ntwo", "ADVISER", Case::Ignored)[0];
        let fix = hit.replaced("advisor");
        assert_eq!((&*fix.before, &*fix.after), ("the adviser says", "the advisor says"));
        assert_eq!(hit.line(), "the adviser says");
    }

    #[test]
    fn a_number_is_masked_but_for_its_end() {
        assert_eq!(masked("123-45-6789"), "•••-••-6789");
    }

    #[test]
    fn numbers_are_whole_runs() {
        let found = |text| {
            numbers(text, digits(text), |c| c.is_alphanumeric() || c == '-')
                .map(|hit| hit.word)
                .collect::<Vec<_>>()
        };
        assert_eq!(found("é1-a x 22, 3"), ["é1-a", "22", "3"]);
        assert_eq!(found("none"), [""; 0]);
        for before in 0..200 {
            let text = format!("{}7é{}8", "-".repeat(before), " ".repeat(before));
            assert_eq!(digit(&text), Some(before));
            assert_eq!(
                digit(text.get(before + 3..).expect("of whole characters")),
                Some(before)
            );
        }
    }

    #[test]
    fn addresses_and_pictographs_are_seen() {
        assert_eq!(addresses("write to records@mst.example. or a@b").count(), 1);
        assert_eq!(emoji("party 🎉"), Some('🎉'));
        assert_eq!(emoji("naïve – “quotes”"), None);
    }
}
