//! What is left of a text when greeting, names, quotes, signature, digits and links are off.

use std::collections::VecDeque;

use super::Words;

/// Longest line, in words, that can be a greeting.
const GREETING_WORDS_MAX: usize = 7;
/// Words that room is made for at once.
const ROOM_MAX: usize = 1_000;
/// Lines from the end among which a closing formula is looked for.
const CLOSING_LINES: usize = 12;

/// How people begin.
const GREETINGS: [&str; 14] = [
    "dear",
    "hi",
    "hello",
    "hey",
    "howdy",
    "greetings",
    "good",
    "attention",
    "to",
    "hallo",
    "liebe",
    "lieber",
    "hola",
    "bonjour",
];
/// How people end.
const CLOSINGS: [&str; 22] = [
    "regards",
    "best regards",
    "kind regards",
    "warm regards",
    "warmly",
    "best",
    "best wishes",
    "all the best",
    "sincerely",
    "sincerely yours",
    "yours",
    "yours sincerely",
    "yours truly",
    "respectfully",
    "cordially",
    "thanks",
    "many thanks",
    "thank you",
    "thanks again",
    "cheers",
    "thank you very much",
    "thanks in advance",
];
/// What clients put before a subject that is not theirs.
const PREFIXES: [&str; 10] = ["re", "fw", "fwd", "aw", "wg", "sv", "antw", "ref", "tr", "rv"];

/// The first words of a body that would be the same in every slice, in order; `most` of them.
pub fn essence(text: &str, names: &[String], is_answer: bool, most: usize) -> Words {
    let own = after_greeting(before_closing(own_lines(text, is_answer)));
    let (all, is_name) = marked_words(own, names, most * 2);
    let count = is_name.iter().filter(|is_name| !**is_name).count();
    // A text in capitals, or in a tongue whose nouns have them, would have nothing left.
    let keeps_all = count * 2 < all.len();
    if all.len() <= most && (keeps_all || count == all.len()) {
        return all;
    }
    let mut kept = Words::with_room(count.min(most));
    let words = all.iter().zip(&is_name);
    let words = words.filter(|(_, is_name)| keeps_all || !**is_name);
    words.take(most).for_each(|(word, _)| kept.push_small(word));
    kept
}

/// The words of a subject that would be the same in every slice.
pub fn subject_essence(subject: &str, names: &[String]) -> Words {
    let mut rest = subject.trim();
    while let Some(next) = without_prefix(rest) {
        rest = next;
    }
    marked_words(std::iter::once(rest), names, rest.len()).0
}

/// `Re: `, `Fwd[2]: `, `[list] `: off with one of them.
fn without_prefix(subject: &str) -> Option<&str> {
    if let Some((tag, rest)) = subject.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (tag.len() <= 40).then(|| rest.trim_start());
    }
    let (head, rest) = subject.split_once(':')?;
    let word: String = head.chars().take_while(|c| c.is_alphabetic()).collect();
    let is_prefix = head.len() <= word.len() + 4 && PREFIXES.contains(&word.to_lowercase().as_str());
    is_prefix.then(|| rest.trim_start())
}

/// Trimmed, without quoted lines; of an answer, without all that follows the mark of what it answers.
fn own_lines(text: &str, is_answer: bool) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    let lines = lines.take_while(move |line| !(is_answer && is_quote_mark(line)));
    lines.filter(|line| !line.starts_with(['>', '|']))
}

fn is_quote_mark(line: &str) -> bool {
    let lower = line.to_lowercase();
    let wrote = lower.ends_with("wrote:") || lower.ends_with("writes:") || lower.ends_with("schrieb:");
    wrote || lower.contains("original message") || lower.starts_with("________________")
}

/// Without the signature: from `--`, or from the closing formula, on. Of a long text the end is not read, as far as nobody
/// asks for it: the lines ahead tell whether it is near.
fn before_closing<'t>(lines: impl Iterator<Item = &'t str>) -> impl Iterator<Item = &'t str> {
    let (mut lines, mut ahead, mut is_first) = (lines.fuse(), VecDeque::with_capacity(CLOSING_LINES), true);
    std::iter::from_fn(move || {
        ahead.extend(lines.by_ref().take(CLOSING_LINES + 1 - ahead.len()));
        let line: &str = ahead.pop_front()?;
        let is_near_end = ahead.len() < CLOSING_LINES && !is_first;
        is_first = false;
        Some(line).filter(|line| *line != "--" && !(is_near_end && is_closing(line)))
    })
    .fuse()
}

fn is_closing(line: &str) -> bool {
    let bare = line.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    CLOSINGS.contains(&bare.as_str())
}

/// Without the line that greets.
fn after_greeting<'t>(lines: impl Iterator<Item = &'t str>) -> impl Iterator<Item = &'t str> {
    let mut lines = lines.skip_while(|line| line.is_empty());
    let first = lines.next().and_then(without_greeting);
    first.into_iter().chain(lines)
}

/// What is left of the first line, if anything is.
fn without_greeting(first: &str) -> Option<&str> {
    let begins = first.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let greets = GREETINGS.contains(&begins.to_lowercase().as_str());
    let is_short = |words: &str| words.split_whitespace().count() <= GREETING_WORDS_MAX;
    if is_short(first) && (greets || first.ends_with([',', '!', ':'])) {
        return None;
    }
    match first.split_once([',', '!', ':']) {
        Some((greeting, rest)) if greets && is_short(greeting) => Some(rest),
        Some(_) | None => Some(first),
    }
}

/// Words, and of each whether it looks like a name: a capital that does not begin a sentence. Off with links (their host
/// stays), addresses, whatever has a digit, and the names given. `most` are enough.
fn marked_words<'t>(lines: impl Iterator<Item = &'t str>, names: &[String], most: usize) -> (Words, Vec<bool>) {
    let room = most.min(ROOM_MAX);
    let (mut found, mut marks) = (Words::with_room(room), Vec::with_capacity(room));
    let mut add = |word: &str, is_name: bool| {
        found.push(word);
        if names.iter().any(|name| name == found.last()) {
            found.pop();
        } else {
            marks.push(is_name);
        }
        found.len() < most
    };
    let mut begins = true;
    for (token, is_bare) in lines.flat_map(|line| Tokens { line }) {
        let is_wanted = if is_bare {
            let is_name = !begins && token.starts_with(|c: char| c.is_ascii_uppercase());
            begins = false;
            add(token, is_name)
        } else if let Some(host) = host(token) {
            begins = false;
            add(host, false)
        } else {
            let is_in_sentence = !begins;
            begins = token.ends_with(['.', '!', '?', ':']);
            words_of(token)
                .all(|(at, word)| add(word, (is_in_sentence || at > 0) && word.starts_with(char::is_uppercase)))
        };
        if !is_wanted {
            break;
        }
    }
    (found, marks)
}

/// What stands between white space, and whether it is of ASCII letters alone, as most of it is.
struct Tokens<'t> {
    line: &'t str,
}

impl<'t> Iterator for Tokens<'t> {
    type Item = (&'t str, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.line.trim_start();
        let (mut octets, mut is_bare) = (line.bytes(), true);
        let end = octets.position(|octet| {
            let is_letter = octet.is_ascii_alphabetic();
            is_bare &= is_letter || octet == b' ';
            !is_letter && (octet == b' ' || !octet.is_ascii_graphic())
        });
        let end = match end.and_then(|at| line.as_bytes().get(at).map(|octet| (at, octet))) {
            None => line.len(),
            Some((at, b' ')) => at,
            // White space that is rarer, or no ASCII.
            Some((at, _)) => {
                let rest = line.get(at..).unwrap_or_default();
                rest.find(char::is_whitespace).map_or(line.len(), |ends| at + ends)
            }
        };
        let token = line.get(..end).filter(|token| !token.is_empty())?;
        self.line = line.get(end..).unwrap_or_default();
        Some((token, is_bare))
    }
}

/// The words of what stands between white space; none of an address, or of whatever has a digit.
fn words_of(token: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = !token.bytes().any(|octet| octet == b'@' || octet.is_ascii_digit());
    let token = if is_word { token } else { "" };
    let words = token.split(|c: char| !c.is_alphanumeric() && c != '\'');
    words
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .enumerate()
}

/// The host of a link: what follows it may differ from copy to copy.
fn host(token: &str) -> Option<&str> {
    // Most words are none.
    if !token.bytes().any(|octet| matches!(octet, b':' | b'.')) {
        return None;
    }
    let token = token.trim_start_matches(['<', '(', '[', '"']);
    let lower_has = |scheme: &str| {
        token
            .get(..scheme.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    };
    let scheme = ["https://", "http://", "www."]
        .into_iter()
        .find(|scheme| lower_has(scheme))?;
    let rest = token.get(scheme.len()..)?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '.' && c != '-')
        .next()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tokens_are_what_stands_between_white_space(line in "[a-c \t\u{b}\u{1}.5ä\u{a0}]{0,40}") {
            let found: Vec<&str> = Tokens { line: &line }.map(|(token, _)| token).collect();
            let expected: Vec<&str> = line.split_whitespace().collect();
            prop_assert_eq!(found, expected);
            for (token, is_bare) in (Tokens { line: &line }) {
                prop_assert!(!is_bare || token.bytes().all(|octet| octet.is_ascii_alphabetic()), "{}", token);
            }
        }
    }

    #[test]
    fn words_without_a_sign_are_bare() {
        let tokens = Tokens {
            line: "all of them, but 2",
        };
        let bare: Vec<&str> = tokens.filter_map(|(token, is_bare)| is_bare.then_some(token)).collect();
        assert_eq!(bare, ["all", "of", "but"]);
    }
}
