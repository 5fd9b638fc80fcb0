//! What is left of a text when greeting, names, quotes, signature, digits and links are off.

use super::Words;

/// Longest line, in words, that can be a greeting.
const GREETING_WORDS_MAX: usize = 7;
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
    let own = own_lines(text, is_answer);
    let own = before_closing(&own);
    let own = after_greeting(own);
    let (all, is_name) = marked_words(own.into_iter(), names, most * 2);
    let count = is_name.iter().filter(|is_name| !**is_name).count();
    // A text in capitals, or in a tongue whose nouns have them, would have nothing left.
    let keeps_all = count * 2 < all.len();
    if all.len() <= most && (keeps_all || count == all.len()) {
        return all;
    }
    let mut kept = Words::default();
    let words = all.iter().zip(&is_name);
    let words = words.filter(|(_, is_name)| keeps_all || !**is_name);
    words.take(most).for_each(|(word, _)| kept.push(word));
    kept
}

/// The words of a subject that would be the same in every slice.
pub fn subject_essence(subject: &str, names: &[String]) -> Words {
    let mut rest = subject.trim();
    while let Some(next) = without_prefix(rest) {
        rest = next;
    }
    marked_words(std::iter::once(rest), names, usize::MAX).0
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
fn own_lines(text: &str, is_answer: bool) -> Vec<&str> {
    let mut own: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        if is_answer && is_quote_mark(line) {
            break;
        }
        if !line.starts_with(['>', '|']) {
            own.push(line);
        }
    }
    own
}

fn is_quote_mark(line: &str) -> bool {
    let lower = line.to_lowercase();
    let wrote = lower.ends_with("wrote:") || lower.ends_with("writes:") || lower.ends_with("schrieb:");
    wrote || lower.contains("original message") || lower.starts_with("________________")
}

/// Without the signature: from `--`, or from the closing formula, on.
fn before_closing<'a>(lines: &'a [&'a str]) -> &'a [&'a str] {
    let is_end = |(at, line): (usize, &&str)| {
        let bare = || line.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let is_near_end = lines.len() - at <= CLOSING_LINES && at > 0;
        *line == "--" || (is_near_end && CLOSINGS.contains(&bare().as_str()))
    };
    let end = lines.iter().enumerate().position(is_end).unwrap_or(lines.len());
    lines.get(..end).unwrap_or(lines)
}

/// Without the line that greets.
fn after_greeting<'a>(lines: &'a [&'a str]) -> Vec<&'a str> {
    let mut kept: Vec<&str> = lines.iter().copied().skip_while(|line| line.is_empty()).collect();
    let Some(first) = kept.first().copied() else {
        return kept;
    };
    let begins = first
        .split(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let greets = GREETINGS.contains(&begins.as_str());
    let is_short = first.split_whitespace().count() <= GREETING_WORDS_MAX;
    if is_short && (greets || first.ends_with([',', '!', ':'])) {
        kept.remove(0);
    } else if let Some((greeting, rest)) = first.split_once([',', '!', ':'])
        && greets
        && greeting.split_whitespace().count() <= GREETING_WORDS_MAX
        && let Some(line) = kept.first_mut()
    {
        *line = rest;
    }
    kept
}

/// Words, and of each whether it looks like a name: a capital that does not begin a sentence. Off with links (their host
/// stays), addresses, whatever has a digit, and the names given. `most` are enough.
fn marked_words<'t>(lines: impl Iterator<Item = &'t str>, names: &[String], most: usize) -> (Words, Vec<bool>) {
    let (mut found, mut marks) = (Words::default(), Vec::new());
    let mut begins = true;
    for token in lines.flat_map(str::split_whitespace) {
        if found.len() >= most {
            break;
        }
        if let Some(host) = host(token) {
            found.push(host);
            marks.push(false);
            begins = false;
            continue;
        }
        let ends = token.ends_with(['.', '!', '?', ':']);
        if !token.bytes().any(|octet| octet == b'@' || octet.is_ascii_digit()) {
            for word in token.split(|c: char| !c.is_alphanumeric() && c != '\'') {
                let word = word.trim_matches('\'');
                if !word.is_empty() {
                    found.push(word);
                    marks.push(!begins && word.starts_with(char::is_uppercase));
                    if names.iter().any(|name| name == found.last()) {
                        found.pop();
                        marks.pop();
                    }
                }
                begins = begins && word.is_empty();
            }
        }
        begins = ends;
    }
    (found, marks)
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
