//! What can be read: contrast, size, and nothing hidden.

use std::sync::LazyLock;

use crate::decide::lint::html::{Element, Html};
use crate::decide::lint::style::Look;
use crate::decide::lint::{Letter, Level, Rule, Spot};

/// Below this nobody sees the text at all.
const INVISIBLE: f64 = 1.25;
/// Smaller text, in pixels, is hard to read.
const SIZE_MIN: f64 = 14.0;

pub(in crate::decide::lint) const CONTRAST: Rule = Rule {
    name: "contrast-low",
    level: Level::Warn,
    judge: |letter, _, _| {
        each(letter, |element, _| {
            let ratio = ratio(&element.look)?;
            // WCAG 1.4.3: large text is 24 px, or 18.66 px and bold.
            let is_large = element.look.size >= 24.0 || (element.look.is_bold && element.look.size >= 18.66);
            let min = if is_large { 3.0 } else { 4.5 };
            (ratio >= INVISIBLE && ratio < min).then(|| {
                let sentence =
                    format!("Use a darker or lighter colour: the contrast is {ratio:.1}, and should be {min:.1}.");
                Spot::new(&*element.source, sentence)
            })
        })
    },
};

pub(in crate::decide::lint) const SMALL: Rule = Rule {
    name: "text-small",
    level: Level::Warn,
    judge: |letter, _, _| {
        each(letter, |element, _| {
            let size = element.look.size;
            (size < SIZE_MIN).then(|| {
                let sentence = format!("Make the text {SIZE_MIN} pixels high at least; it is {size:.0}.");
                Spot::new(size_giver(letter, element), sentence)
            })
        })
    },
};

pub(in crate::decide::lint) const HIDDEN: Rule = Rule {
    name: "text-hidden",
    level: Level::Block,
    judge: |letter, _, profile| {
        let Some(html) = &letter.html else {
            return Vec::new();
        };
        let is_outermost = |element: &&Element| !html.around(element).next().is_some_and(|outer| outer.look.is_hidden);
        let hidden = html.elements().map(|(_, element)| element);
        let hidden = hidden.filter(|element| element.look.is_hidden).filter(is_outermost);
        let is_long = |element: &&Element| html.text_of(element).chars().count() > profile.limits.preheader_chars;
        let sentence = "Show the text or take it out: filters take hidden text for deceit.";
        let long = hidden
            .filter(is_long)
            .map(|element| Spot::new(&*element.source, sentence));
        let same = each(letter, |element, _| {
            ratio(&element.look).filter(|ratio| *ratio < INVISIBLE).map(|_| {
                Spot::new(
                    &*element.source,
                    "Give the text another colour than its ground: nobody sees it.",
                )
            })
        });
        long.chain(same).collect()
    },
};

/// How a text says that a colour tells something.
static BY_COLOUR: LazyLock<Vec<String>> = LazyLock::new(|| {
    let colours = ["red", "green", "blue", "yellow", "orange"];
    let ways = [
        "marked in",
        "shown in",
        "highlighted in",
        "items in",
        "dates in",
        "written in",
        "fields in",
    ];
    let phrases = ways
        .iter()
        .flat_map(|way| colours.map(|colour| format!("{way} {colour}")));
    phrases.collect()
});

pub(in crate::decide::lint) const COLOUR_ONLY: Rule = Rule {
    name: "colour-only",
    level: Level::Warn,
    judge: |letter, _, _| {
        let sentence = "Say it with a word or a mark too: not everybody sees the colour.";
        let found = letter.passages().filter_map(|text| text.any(&BY_COLOUR));
        found.map(|hit| Spot::new(hit.word, sentence)).collect()
    },
};

/// The contrast of text and ground, where both are known and one was said here or around here.
fn ratio(look: &Look) -> Option<f64> {
    Some(look.text?.contrast(look.ground?))
}

/// The tag that made the text so small.
fn size_giver<'a>(letter: &'a Letter, element: &'a Element) -> &'a str {
    let around = letter.html.iter().flat_map(|html| html.around(element));
    let mut all = std::iter::once(element).chain(around);
    all.find(|element| element.look.is_sized)
        .unwrap_or(element)
        .source
        .as_str()
}

/// What is said of every element that has text of its own which is meant to be seen.
fn each(letter: &Letter, judge: impl Fn(&Element, &Html) -> Option<Spot>) -> Vec<Spot> {
    let Some(html) = &letter.html else {
        return Vec::new();
    };
    html.elements()
        .filter(|(_, element)| {
            let is_unread = || ["title", "style", "script", "head"].contains(&element.name.as_str());
            element.has_words && !element.look.is_hidden && !is_unread()
        })
        .filter_map(|(_, element)| judge(element, html))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{NONE, in_html, in_text};

    #[test]
    fn text_stands_out_from_its_ground() {
        assert_eq!(
            in_html("contrast-low", "<p style='color:#777'>a</p>"),
            ["<p style='color:#777'>"]
        );
        assert_eq!(in_html("contrast-low", "<p style='color:#767676'>a</p>"), NONE);
        assert_eq!(
            in_html("contrast-low", "<div bgcolor='#154734'><b>a</b></div>"),
            ["<b>"]
        );
        assert_eq!(in_html("contrast-low", "<h1 style='color:#777'>a</h1>"), NONE);
        assert_eq!(
            in_html("contrast-low", "<p style='color:#777;background:url(a)'>a</p>"),
            NONE
        );
    }

    #[test]
    fn text_is_large_enough() {
        assert_eq!(
            in_html("text-small", "<td style='font-size:13px'><b>a</b>"),
            ["<td style='font-size:13px'>"]
        );
        assert_eq!(in_html("text-small", "<td style='font-size:10.5pt'><b>a</b>"), NONE);
    }

    #[test]
    fn nothing_is_hidden() {
        let hidden = |length: usize| format!("<div style='display:none'>{}</div>", "a".repeat(length));
        assert_eq!(in_html("text-hidden", &hidden(151)), ["<div style='display:none'>"]);
        assert_eq!(in_html("text-hidden", &hidden(150)), NONE);
        let white = "<p style='color:#fefefe'>";
        assert_eq!(in_html("text-hidden", &format!("{white}a</p>")), [white]);
        assert_eq!(
            in_html(
                "text-hidden",
                &format!("<div style='background:#000'>{white}a</p></div>")
            ),
            NONE
        );
    }

    #[test]
    fn colour_is_not_all_that_tells() {
        assert_eq!(in_text("colour-only", "Dates in red are full."), ["Dates in red"]);
        assert_eq!(in_text("colour-only", "Come dressed in red."), NONE);
    }
}
