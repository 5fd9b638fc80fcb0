//! One language: its messages, how it writes numbers, and whether a reader asked for it.

use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

/// What stands between every third digit, as each language says in its file.
const BETWEEN_DIGITS: &str = "between-digits";

/// One language.
pub(super) struct Language {
    tag: String,
    messages: FluentBundle<FluentResource>,
}

impl Language {
    /// Of a file. What cannot be read in it is left out, and so said in English; a test has seen that there is nothing.
    pub(super) fn read(tag: &str, text: &str) -> Self {
        let (resource, _faults) = read(text);
        let mut messages = FluentBundle::new_concurrent(tag.parse().into_iter().collect());
        messages.add_resource_overriding(resource);
        // The marks that keep a name in another script together would stand in the middle of words people search for.
        messages.set_use_isolating(false);
        let mut language = Self {
            tag: tag.to_owned(),
            messages,
        };
        let mut between = String::new();
        if let Ok(true) = language.write(BETWEEN_DIGITS, &FluentArgs::new(), &mut between) {
            language.messages.set_formatter(Some(numbers(&between)));
        }
        language
    }

    /// As `lang` of a page has it: `en`.
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    /// Writes a message; whether there is one.
    pub(super) fn write(&self, key: &str, told: &FluentArgs<'_>, to: &mut impl fmt::Write) -> Result<bool, fmt::Error> {
        let message = self.messages.get_message(key);
        let Some(pattern) = message.and_then(|message| message.value()) else {
            return Ok(false);
        };
        let mut faults = Vec::new();
        self.messages.write_pattern(to, pattern, Some(told), &mut faults)?;
        debug_assert!(
            faults.is_empty(),
            "`{key}` of {} was not told all: {faults:?}",
            self.tag
        );
        Ok(true)
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Language")
            .field("tag", &self.tag)
            .finish_non_exhaustive()
    }
}

/// The messages of a file, and what is wrong with it.
pub(super) fn read(text: &str) -> (FluentResource, Vec<String>) {
    match FluentResource::try_new(text.to_owned()) {
        Ok(resource) => (resource, Vec::new()),
        Err((resource, faults)) => (resource, faults.iter().map(ToString::to_string).collect()),
    }
}

type Numbers<M> = fn(&FluentValue<'_>, &M) -> Option<String>;

/// How numbers are written. A function has nothing but its type to remember the mark by.
fn numbers<M>(between: &str) -> Numbers<M> {
    match between {
        "." => grouped::<'.', M>,
        "’" => grouped::<'’', M>,
        "\u{a0}" => grouped::<'\u{a0}', M>,
        "\u{202f}" => grouped::<'\u{202f}', M>,
        _ => grouped::<',', M>,
    }
}

fn grouped<const BETWEEN: char, M>(value: &FluentValue<'_>, _memory: &M) -> Option<String> {
    let FluentValue::Number(number) = value else {
        return None;
    };
    let digits = number.as_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(BETWEEN);
        }
        text.push(digit);
    }
    Some(text)
}

/// Which of `tags` an `Accept-Language` wants most; a range is cut short from its end until there is one.
pub(super) fn lookup(accept: &str, tags: &[&str]) -> Option<usize> {
    let mut ranges: Vec<(f32, &str)> = accept.split(',').filter_map(range).collect();
    ranges.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    ranges.into_iter().find_map(|(_, range)| {
        let mut range = range;
        loop {
            if let Some(at) = tags.iter().position(|tag| tag.eq_ignore_ascii_case(range)) {
                return Some(at);
            }
            (range, _) = range.rsplit_once('-')?;
        }
    })
}

/// `de-AT;q=0.8`; none that is not wanted.
fn range(text: &str) -> Option<(f32, &str)> {
    let (range, weight) = text.split_once(';').unwrap_or((text, "q=1"));
    let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
    (weight > 0.0).then_some((weight, range.trim()))
}
