//! A language besides English, from the choice of it to the page.

use axum::http::StatusCode;
use axum::response::Response;
use http_body_util::BodyExt as _;

use super::*;
use crate::console::error;
use crate::console::page::{self, Paper};

/// English, whole, and a language that has only begun: it is in no file, so no reader is ever offered it.
static BEGUN: LazyLock<Languages> = LazyLock::new(|| {
    let mut files: Vec<(&str, &str)> = FILES.to_vec();
    files.insert(0, ("de", GERMAN));
    Languages::of(&files)
});
const GERMAN: &str = "
between-digits = .
to-the-queue = Zur Warteschlange
number = { $count }
people =
    { $count ->
        [one] { $count } Person
       *[other] { $count } Personen
    }
reach-would = Eine Kopie bekämen <strong>{ $people }</strong>
";

fn english() -> Words {
    BEGUN.choose("en")
}

fn german() -> Words {
    BEGUN.choose("de")
}

#[test]
fn every_file_of_words_can_be_read_whole() {
    for (tag, text) in FILES {
        let (_, faults) = language::read(text);
        assert!(faults.is_empty(), "words.{tag}.ftl: {faults:?}");
    }
}

#[test]
fn a_reader_gets_the_language_they_want_most_of_those_there_are() {
    let check = |accept, tag| assert_eq!(BEGUN.choose(accept).language(), tag, "{accept}");
    check("", "en");
    check("de", "de");
    check("DE-at", "de");
    check("fr, de;q=0.5, en;q=0.1", "de");
    check("en-GB, de;q=0.9", "en");
    check("de;q=0.1, en;q=0.9", "en");
    check("de;q=0, fr", "en");
    check("*", "en");
    check("de;q=nonsense, ;;;,", "en");
    assert_eq!(
        SHIPPED.choose("de").language(),
        "en",
        "what is not shipped is not chosen"
    );
}

#[test]
fn another_language_has_its_own_plurals_and_numbers() {
    assert_eq!(german().people(1), "1 Person");
    assert_eq!(german().people(1_234_567), "1.234.567 Personen");
    assert_eq!(english().people(1_234_567), "1,234,567 people");
}

#[test]
fn what_a_language_lacks_is_said_in_english() {
    assert_eq!(german().say("to-the-queue").to_string(), "Zur Warteschlange");
    assert_eq!(german().say("title-queue").to_string(), "Queue");
}

#[test]
fn what_a_message_with_tags_is_told_is_escaped() {
    let said = english().html("reach-would").with("people", "<b>\"&");
    assert_eq!(
        said.to_string(),
        "<strong>&#60;b&#62;&#34;&#38;</strong> would get a copy"
    );
    let when = When {
        exact: "<x".to_owned(),
        local: "y>".to_owned(),
    };
    let said = english().html("lapses").at("when", &when).to_string();
    assert!(said.contains("<time datetime=\"&#60;x\">y&#62;</time>"), "{said}");
}

#[tokio::test]
async fn a_page_in_another_language_says_which() {
    async fn check(words: Words, lang: &str, said: &str) {
        let status = StatusCode::NOT_FOUND;
        let paper = Paper {
            title: &error::title(words, status),
            sentence: "",
            home: Some("/"),
        };
        let page: Response = page::respond(words, status, &paper);
        let bytes = page.into_body().collect().await.expect("a body").to_bytes();
        let page = String::from_utf8_lossy(&bytes).into_owned();
        assert!(page.contains(lang) && page.contains(said), "{page}");
        assert!(
            page.contains("There is nothing here"),
            "it is said in English where there is no other word: {page}"
        );
    }
    check(german(), "<html lang=\"de\">", "Zur Warteschlange").await;
    check(english(), "<html lang=\"en\">", "To the queue").await;
}
