//! All words of the console, in the reader's language: `words.say("title-queue")`.
//!
//! They stand in `pages/words.LANGUAGE.ftl` (Project Fluent: plurals and arguments as each language needs them), and no
//! page or room of the console has a sentence of its own; `tests/tidy` sees to it. English is whole. For another
//! language its file is all that is to be added: it is found when the program is built, chosen when a browser asks for
//! it, and what it lacks is said in English.
//!
//! What other rooms say stays theirs, since mail, API and command line say the same: findings of the policy and of the
//! editorial checks, and the answers of the desk.
//!
//! [`Words`] is copied along from whoever read the request; `words.say(key).with("name", value)` is text, escaped by the
//! template like any other; `words.html(key)` may have tags in it, and escapes what it is told.
//!
//! # Standards
//! RFC 9110 §12.5.4 (`Accept-Language`), RFC 4647 §3.4 (lookup).

mod language;
mod nouns;

use std::convert::Infallible;
use std::fmt;
use std::sync::LazyLock;

use askama::filters::{Escaper as _, Html, HtmlSafe};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use fluent_bundle::{FluentArgs, FluentValue};

use language::Language;
pub(super) use nouns::{Tag, When, has};

/// What is said where a language has no word for something.
const WHOLE: &str = "en";

/// Name and text of each file of words.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/languages.rs"));
/// The languages there are, by the files that are there.
static SHIPPED: LazyLock<Languages> = LazyLock::new(|| Languages::of(FILES));

/// Languages, the whole one first.
#[derive(Debug)]
struct Languages(Vec<Language>);

/// A language, as a reader has asked for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    chosen: &'static Language,
    whole: &'static Language,
}

/// The name of a message, where it is kept to be said later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(pub(super) &'static str);

/// A message, and what it is told; [`fmt::Display`] says it.
#[derive(Debug)]
pub(super) struct Sentence {
    words: Words,
    key: &'static str,
    told: FluentArgs<'static>,
}

/// A message with tags in it; whatever it is told is escaped.
#[derive(Debug)]
pub(super) struct Markup(Sentence);

/// What a message can be told: a text, or a count that it may choose a plural by.
pub(super) trait Told {
    /// As Fluent has it.
    fn told(&self) -> FluentValue<'static>;
}

impl Languages {
    fn of(files: &[(&str, &str)]) -> Self {
        let mut languages: Vec<Language> = files.iter().map(|(tag, text)| Language::read(tag, text)).collect();
        languages.sort_by_key(|language| language.tag() != WHOLE);
        Self(languages)
    }

    /// The best of them for an `Accept-Language`.
    fn choose(&'static self, accept: &str) -> Words {
        let whole = self.0.first().expect("English is one of the files");
        let tags: Vec<&str> = self.0.iter().map(Language::tag).collect();
        let chosen = language::lookup(accept, &tags).and_then(|at| self.0.get(at));
        Words {
            chosen: chosen.unwrap_or(whole),
            whole,
        }
    }
}

impl Words {
    /// As the headers of a request ask for them.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT_LANGUAGE);
        SHIPPED.choose(accept.and_then(|value| value.to_str().ok()).unwrap_or_default())
    }

    /// For the `lang` of a page.
    pub(super) fn language(self) -> &'static str {
        self.chosen.tag()
    }

    /// A message of text.
    pub(super) fn say(self, key: impl Into<Key>) -> Sentence {
        Sentence {
            words: self,
            key: key.into().0,
            told: FluentArgs::new(),
        }
    }

    /// A message with tags in it.
    pub(super) fn html(self, key: impl Into<Key>) -> Markup {
        Markup(self.say(key))
    }
}

impl Sentence {
    /// Tells it something.
    pub(super) fn with(mut self, name: &'static str, value: impl Told) -> Self {
        self.told.set(name, value.told());
        self
    }
}

impl Markup {
    /// Tells it something, which is escaped.
    pub(super) fn with(self, name: &'static str, value: impl Told) -> Self {
        let mut value = value.told();
        if let FluentValue::String(text) = &value {
            value = FluentValue::from(escaped(text));
        }
        self.told(name, value)
    }

    /// Tells it a moment, as an element that programs can read too.
    pub(super) fn at(self, name: &'static str, when: &When) -> Self {
        let time = format!(
            "<time datetime=\"{}\">{}</time>",
            escaped(&when.exact),
            escaped(&when.local)
        );
        self.told(name, FluentValue::from(time))
    }

    fn told(mut self, name: &'static str, value: FluentValue<'static>) -> Self {
        self.0.told.set(name, value);
        self
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::new();
    // INVARIANT: writing to a string does not fail.
    if Html.write_escaped_str(&mut safe, text).is_err() {
        safe.clear();
    }
    safe
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Words { chosen, whole } = self.words;
        if chosen.write(self.key, &self.told, f)? || whole.write(self.key, &self.told, f)? {
            return Ok(());
        }
        debug_assert!(false, "`{}` is in no file of words", self.key);
        f.write_str(self.key)
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl HtmlSafe for Markup {}

impl From<&'static str> for Key {
    fn from(name: &'static str) -> Self {
        Self(name)
    }
}

impl From<&Self> for Key {
    fn from(key: &Self) -> Self {
        *key
    }
}

impl From<Sentence> for String {
    fn from(sentence: Sentence) -> Self {
        sentence.to_string()
    }
}

impl Told for str {
    fn told(&self) -> FluentValue<'static> {
        FluentValue::from(self.to_owned())
    }
}

impl Told for String {
    fn told(&self) -> FluentValue<'static> {
        self.as_str().told()
    }
}

impl Told for Sentence {
    fn told(&self) -> FluentValue<'static> {
        FluentValue::from(self.to_string())
    }
}

impl Told for u64 {
    fn told(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

impl Told for u8 {
    fn told(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

impl Told for u16 {
    fn told(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

impl Told for usize {
    fn told(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

impl<T: Told + ?Sized> Told for &T {
    fn told(&self) -> FluentValue<'static> {
        (**self).told()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Words {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests;
