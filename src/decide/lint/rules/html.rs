//! The page itself: its language, its headings, and nothing that runs.

use crate::decide::lint::html::Element;
use crate::decide::lint::{Letter, Level, Rule, Spot, style};

/// Longer text wants headings.
const WORDS_WITHOUT_HEADING: usize = 300;

pub(in crate::decide::lint) const LANGUAGE: Rule = Rule {
    name: "lang-missing",
    level: Level::Warn,
    judge: |letter, _, _| {
        without(
            letter,
            "lang",
            "en",
            "Say what language it is in: screen readers choose a voice by it.",
        )
    },
};

pub(in crate::decide::lint) const DIRECTION: Rule = Rule {
    name: "dir-missing",
    level: Level::Info,
    judge: |letter, _, _| without(letter, "dir", "ltr", "Say which way it is read."),
};

pub(in crate::decide::lint) const TITLE: Rule = Rule {
    name: "title-missing",
    level: Level::Info,
    judge: |letter, _, _| {
        let Some(html) = &letter.html else {
            return Vec::new();
        };
        if html.named("title").any(|title| !html.text_of(title).is_empty()) {
            return Vec::new();
        }
        let head = html.named("head").next().map_or("", |head| head.source.as_str());
        let fixed = format!("{head}<title>{}</title>", escaped(&letter.subject));
        vec![Spot::fixed(
            "<title>",
            "Give the page a title; the subject will do.",
            head,
            fixed,
        )]
    },
};

pub(in crate::decide::lint) const HEADINGS_SKIP: Rule = Rule {
    name: "headings-skip",
    level: Level::Info,
    judge: |letter, _, _| {
        let headings = headings(letter);
        let pairs = headings.windows(2).filter_map(|pair| pair.first().zip(pair.last()));
        let skips = pairs.filter(|(before, after)| after.0 > before.0 + 1);
        let sentence = |before: u32| format!("Make this heading a level {}: none in between is left out.", before + 1);
        skips
            .map(|(before, after)| Spot::new(after.1.source.as_str(), sentence(before.0)))
            .collect()
    },
};

pub(in crate::decide::lint) const HEADINGS_NONE: Rule = Rule {
    name: "headings-missing",
    level: Level::Info,
    judge: |letter, _, _| {
        let is_long = letter.body().count() > WORDS_WITHOUT_HEADING;
        if letter.html.is_none() || !is_long || !headings(letter).is_empty() {
            return Vec::new();
        }
        let first = letter.body().lines().next().unwrap_or_default();
        vec![Spot::new(
            first,
            "Divide so long a text with headings: people jump from one to the next.",
        )]
    },
};

pub(in crate::decide::lint) const ACTIVE: Rule = Rule {
    name: "active-content",
    level: Level::Block,
    judge: |letter, _, _| {
        let is_active = |element: &&Element| {
            let names = [
                "script", "form", "iframe", "frame", "object", "embed", "applet", "input",
            ];
            let is_script = |name: &str| element.get(name).is_some_and(is_program);
            names.contains(&element.name.as_str())
                || element.names().any(|name| name.starts_with("on"))
                || is_script("href")
                || is_script("src")
        };
        let sentence = "Take this out, and link to a page that has it: mail programs drop what runs.";
        let elements = letter.html.iter().flat_map(|html| html.elements());
        let found = elements.map(|(_, element)| element).filter(is_active);
        found
            .map(|element| Spot::new(element.source.as_str(), sentence))
            .collect()
    },
};

pub(in crate::decide::lint) const OUTSIDE_STYLE: Rule = Rule {
    name: "style-outside",
    level: Level::Warn,
    judge: |letter, _, _| {
        let sentence = "Put the style in the message: mail programs fetch neither style sheets nor fonts.";
        let Some(html) = &letter.html else {
            return Vec::new();
        };
        let is_sheet = |link: &&Element| {
            link.get("rel")
                .is_some_and(|rel| rel.to_ascii_lowercase().contains("stylesheet"))
        };
        let sheets = html.named("link").filter(is_sheet).map(|link| link.source.clone());
        let styles = html.named("style").flat_map(|style| {
            let text = html.text_of(style);
            let marks = ["@import", "@font-face"];
            let found = marks.into_iter().filter(move |mark| text.contains(mark));
            found.map(str::to_owned).collect::<Vec<_>>()
        });
        sheets.chain(styles).map(|place| Spot::new(place, sentence)).collect()
    },
};

pub(in crate::decide::lint) const PALETTE: Rule = Rule {
    name: "colour-foreign",
    level: Level::Info,
    judge: |letter, _, profile| {
        let Some(html) = &letter.html else {
            return Vec::new();
        };
        let palette: Vec<_> = profile
            .brand
            .colours
            .iter()
            .filter_map(|text| style::Colour::parse(text))
            .collect();
        let is_foreign = |text: &str| style::Colour::parse(text).is_some_and(|colour| !palette.contains(&colour));
        let mut spots = Vec::new();
        for (_, element) in html.elements() {
            let styled = style::declarations(element.get("style").unwrap_or_default())
                .filter(|(name, _)| {
                    ["color", "background", "background-color", "border-color"].contains(&name.as_str())
                })
                .map(|(_, value)| value);
            let plain = ["bgcolor", "color"].into_iter().filter_map(|name| element.get(name));
            let foreign = styled.chain(plain).filter(|text| is_foreign(text));
            spots.extend(foreign.map(|text| Spot::new(text, "Use a colour of the university's palette.")));
        }
        spots
    },
};

fn is_program(value: &str) -> bool {
    let value = value.trim_start().to_ascii_lowercase();
    value.starts_with("javascript:") || value.starts_with("vbscript:") || value.starts_with("data:text/html")
}

/// An attribute of the page that should be there, or on all it holds.
fn without(letter: &Letter, name: &str, value: &str, sentence: &str) -> Vec<Spot> {
    let Some(html) = &letter.html else {
        return Vec::new();
    };
    let mut roots = html
        .elements()
        .map(|(_, element)| element)
        .filter(|element| ["html", "body"].contains(&element.name.as_str()));
    if roots.any(|root| root.get(name).is_some_and(|value| !value.trim().is_empty())) {
        return Vec::new();
    }
    let tag = html.named("html").next().map_or("<html>", |root| root.source.as_str());
    let end = tag.trim_end_matches('>');
    vec![Spot::fixed(tag, sentence, tag, format!("{end} {name}=\"{value}\">"))]
}

fn headings(letter: &Letter) -> Vec<(u32, &Element)> {
    let elements = letter.html.iter().flat_map(|html| html.elements());
    let level = |element: &Element| element.name.strip_prefix('h')?.parse().ok();
    elements
        .filter_map(|(_, element)| Some((level(element)?, element)))
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{GOOD, NONE, about, domains, in_html, profile};

    #[test]
    fn a_page_says_its_language() {
        assert_eq!(in_html("lang-missing", "<HTML class=a><p>Hi"), ["<HTML class=a>"]);
        assert_eq!(in_html("lang-missing", "<body lang=en>Hi"), NONE);
        assert_eq!(in_html("dir-missing", "<html lang=en>Hi"), ["<html lang=en>"]);
        assert_eq!(in_html("dir-missing", "<html dir=ltr>Hi"), NONE);
        let draft = crate::decide::lint::tests::Draft {
            html: Some("<html><p>Hi"),
            ..GOOD
        };
        let domains = domains();
        let remarks = crate::decide::lint::lint(&draft.letter(), &about(&domains), &profile());
        let remark = remarks
            .into_iter()
            .find(|remark| remark.rule == "lang-missing")
            .expect("a remark");
        assert_eq!(remark.fix.expect("a fix").after, "<html lang=\"en\">");
    }

    #[test]
    fn a_page_has_a_title_and_headings_in_order() {
        assert_eq!(in_html("title-missing", "<title> </title>"), ["<title>"]);
        assert_eq!(in_html("title-missing", "<title>News</title>"), NONE);
        assert_eq!(in_html("headings-skip", "<h1>a</h1><h3 id=b>b</h3>"), ["<h3 id=b>"]);
        assert_eq!(in_html("headings-skip", "<h1>a</h1><h2>b</h2><h1>c</h1>"), NONE);
        let long = format!("<p>Start</p>{}", "word ".repeat(300));
        assert_eq!(in_html("headings-missing", &long), ["Start"]);
        assert_eq!(in_html("headings-missing", &format!("<h2>a</h2>{long}")), NONE);
    }

    #[test]
    fn nothing_runs() {
        assert_eq!(
            in_html("active-content", "<form action=a>x</form>"),
            ["<form action=a>"]
        );
        assert_eq!(in_html("active-content", "<p onclick='a()'>x"), ["<p onclick='a()'>"]);
        assert_eq!(
            in_html("active-content", "<a href=' JavaScript:a()'>x"),
            ["<a href=' JavaScript:a()'>"]
        );
        assert_eq!(
            in_html("active-content", "<p>fill in the form; JavaScript: a book"),
            NONE
        );
    }

    #[test]
    fn style_is_in_the_message() {
        let sheet = "<link rel=stylesheet href='https://mst.example/a.css'>";
        assert_eq!(in_html("style-outside", sheet), [sheet]);
        assert_eq!(in_html("style-outside", "<style>@import 'a';</style>"), ["@import"]);
        assert_eq!(
            in_html("style-outside", "<style>p{color:#000}</style><link rel=icon>"),
            NONE
        );
    }

    #[test]
    fn colours_are_those_of_the_house() {
        assert_eq!(in_html("colour-foreign", "<p style='color: #F0F'>x"), ["#F0F"]);
        assert_eq!(
            in_html("colour-foreign", "<p style='color: #FFF; background: url(a)'>x"),
            NONE
        );
    }
}
