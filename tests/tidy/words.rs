//! The words of the console stand in its files of words, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use super::{root, sources};

/// What a page may say as it is, in every language.
const NAMES: &[&str] = &["Bedel"];
/// Lines a person fills in and a program reads.
const FORMS: &[&str] = &["owner:", "id:", "irb:", "opens:", "closes:"];
/// Attributes that are read to people.
const READ_OUT: &[&str] = &["aria-label", "title", "placeholder", "alt"];

/// Templates and files of words, by name.
fn pages(extension: &str) -> Vec<(String, String)> {
    let folder = fs::read_dir(root().join("src/console/pages")).expect("the pages");
    let paths: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    let wanted = paths
        .iter()
        .filter(|path| path.extension().is_some_and(|found| found == extension));
    let pages: Vec<_> = wanted
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("a page"))
        })
        .collect();
    assert!(!pages.is_empty(), "no .{extension} among the pages");
    pages
}

/// The messages of a file, and the arguments each names.
fn messages(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages = BTreeMap::<String, BTreeSet<String>>::new();
    let mut last = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if !line.starts_with([' ', '}'])
            && let Some((key, _)) = line.split_once('=')
        {
            key.trim().clone_into(&mut last);
            assert!(
                messages.insert(last.clone(), BTreeSet::new()).is_none(),
                "`{last}` is there twice"
            );
        }
        let named = line
            .split("{ $")
            .skip(1)
            .map(|rest| rest.split([' ', '}']).next().unwrap_or_default());
        messages
            .entry(last.clone())
            .or_default()
            .extend(named.map(str::to_owned));
    }
    messages.remove("");
    messages
}

fn english() -> BTreeMap<String, BTreeSet<String>> {
    let files = pages("ftl");
    let (_, text) = files.iter().find(|(name, _)| name == "words.en.ftl").expect("English");
    messages(text)
}

/// Every place that has words: the templates, and the rooms of the console but the API's.
fn speakers() -> Vec<(String, String)> {
    let rooms = sources().into_iter().filter(|source| {
        let module = source.module();
        module.starts_with("console") && !module.starts_with("console::api") && !source.is_test()
    });
    let rooms = rooms.map(|source| (source.path.display().to_string(), source.production));
    pages("html").into_iter().chain(rooms).collect()
}

#[test]
fn every_word_that_is_said_is_there() {
    let known = english();
    for (place, text) in speakers() {
        for call in ["say(\"", "html(\"", "Key(\""] {
            for rest in text.split(call).skip(1) {
                let key = rest.split('"').next().unwrap_or_default();
                assert!(
                    known.contains_key(key),
                    "{place} says `{key}`, which is in no file of words"
                );
            }
        }
    }
}

#[test]
fn every_word_that_is_there_is_said() {
    let all: String = speakers().into_iter().map(|(_, text)| text).collect();
    for key in english().keys() {
        assert!(all.contains(&format!("\"{key}\"")), "nobody says `{key}`");
    }
}

#[test]
fn no_other_language_has_words_or_arguments_that_english_lacks() {
    let known = english();
    for (name, text) in pages("ftl") {
        for (key, named) in messages(&text) {
            let wanted = known
                .get(&key)
                .unwrap_or_else(|| panic!("{name}: English has no `{key}`"));
            assert!(
                named.is_subset(wanted),
                "{name}: `{key}` names {named:?}, and is told {wanted:?}"
            );
        }
    }
}

#[test]
fn no_page_has_a_word_of_its_own() {
    for (name, page) in pages("html") {
        let (text, attributes) = spoken(&page);
        for said in text.iter().chain(&attributes) {
            let rest = NAMES
                .iter()
                .chain(FORMS)
                .fold(said.clone(), |said, name| said.replace(name, ""));
            assert!(
                !rest.contains(char::is_alphabetic),
                "{name} says `{}` by itself",
                said.trim()
            );
        }
    }
}

#[test]
fn no_room_of_the_console_has_a_sentence_of_its_own() {
    for (name, text) in speakers().iter().filter(|(name, _)| name.ends_with(".rs")) {
        for literal in text.split('"').skip(1).step_by(2) {
            let is_sentence = literal.starts_with(|first: char| first.is_uppercase())
                && literal.contains(' ')
                && literal.ends_with(['.', '!', '?', '…']);
            assert!(!is_sentence, "{name} says `{literal}` by itself");
        }
    }
}

#[test]
fn the_check_of_pages_sees_text_and_what_is_read_out() {
    let page =
        r#"<p class="a">{% if a %}Held{% endif %} {{ words.say("x") }}</p><a title="To {{ b }}" href="/x">·</a>"#;
    let (text, attributes) = spoken(page);
    assert_eq!(text.concat().trim(), "Held ·");
    assert_eq!(attributes, ["To "]);
}

/// What a template says by itself: between its tags but keys, and in attributes that are read out. Expressions are left out.
fn spoken(page: &str) -> (Vec<String>, Vec<String>) {
    let page = without(&without(page, "{{", "}}"), "{%", "%}");
    let (mut text, mut attributes) = (Vec::new(), Vec::new());
    for (at, piece) in page.split('<').enumerate() {
        let (tag, after) = piece
            .split_once('>')
            .unwrap_or(if at == 0 { ("", piece) } else { (piece, "") });
        // A key of the keyboard is the same in every language.
        if !tag.starts_with("kbd") {
            text.push(after.to_owned());
        }
        for name in READ_OUT {
            let begins = format!(" {name}=\"");
            let found = tag.split(&begins).skip(1);
            attributes.extend(found.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()));
        }
    }
    (text, attributes)
}

fn without(text: &str, from: &str, to: &str) -> String {
    let mut pieces = text.split(from);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |all, piece| {
        all + piece.split_once(to).map_or("", |(_, after)| after)
    })
}
