//! What templates, forwards and drafts leave behind.

use crate::decide::lint::find::Case;
use crate::decide::lint::passage::Passage;
use crate::decide::lint::{Level, Rule, Spot};

/// Marks of fields that were never filled in.
const FIELDS: [(&str, &str); 6] = [
    ("{{", "}}"),
    ("<<", ">>"),
    ("*|", "|*"),
    ("%%", "%%"),
    ("${", "}"),
    ("{%", "%}"),
];
/// Longer, it is no field.
const FIELD_MAX: usize = 60;

pub(in crate::decide::lint) const FIELD: Rule = Rule {
    name: "merge-field",
    level: Level::Block,
    judge: |letter, _, _| {
        let found = letter.passages().flat_map(|text| {
            let marked = FIELDS
                .iter()
                .flat_map(move |(open, close)| enclosed(text, open, close, |_| true));
            marked.chain(enclosed(text, "[", "]", is_label))
        });
        let sentence = "Write what belongs here: the field was not filled in, and every copy is the same.";
        found.map(|field| Spot::new(field, sentence)).collect()
    },
};

pub(in crate::decide::lint) const GREETING: Rule = Rule {
    name: "greeting-empty",
    level: Level::Block,
    judge: |letter, _, _| {
        let is_empty = |line: &&str| {
            let bare = || {
                line.chars()
                    .filter(|c| !c.is_whitespace())
                    .map(|c| c.to_ascii_lowercase())
            };
            ["dear,", "hi,", "hello,", "dear:", "dear!", "dear"]
                .iter()
                .any(|greeting| bare().eq(greeting.chars()))
        };
        let greets = |text: &Passage| ["dear", "hi", "hello"].iter().any(|word| text.has(word));
        let greeting = letter.passages().filter(|text| greets(text));
        let found = greeting.flat_map(|text| text.lines()).filter(is_empty);
        found
            .map(|line| Spot::new(line.trim(), "Say whom you greet: the name is missing."))
            .collect()
    },
};

pub(in crate::decide::lint) const PLACEHOLDER: Rule = Rule {
    name: "placeholder",
    level: Level::Block,
    judge: |letter, _, profile| {
        let found = letter
            .passages()
            .filter_map(|text| text.any(&profile.words.placeholders));
        let sentence = "Write what belongs here: this is the template's filler.";
        found.map(|hit| Spot::new(hit.word, sentence)).collect()
    },
};

pub(in crate::decide::lint) const UNFINISHED: Rule = Rule {
    name: "subject-unfinished",
    level: Level::Block,
    judge: |letter, _, profile| {
        let words = profile.words.unfinished.iter();
        let found = words.flat_map(|word| letter.subject.words(word, Case::Matters));
        let sentence = "Take this out of the subject once the message is ready.";
        found.map(|hit| Spot::new(hit.word, sentence)).collect()
    },
};

pub(in crate::decide::lint) const FORWARDED: Rule = Rule {
    name: "forwarded-chain",
    level: Level::Block,
    judge: |letter, about, profile| {
        if about.is_reply {
            return Vec::new();
        }
        let known = |line: &&str| {
            profile
                .words
                .forwarded
                .iter()
                .any(|mark| line.trim().starts_with(mark.as_str()))
        };
        let quoted = |line: &&str| line.trim_start().starts_with(">>") || is_attribution(line.trim());
        let mut spots = Vec::new();
        // Most texts have none of it, and then their lines need not be looked at.
        let may_be = |text: &Passage| {
            let known = profile.words.forwarded.iter().map(String::as_str);
            known
                .chain([">>", " wrote:", "From:"])
                .any(|mark| text.may_have(mark) && text.contains(mark))
        };
        for text in letter.passages().filter(|text| may_be(text)) {
            let marks = text.lines().filter(|line| known(line) || quoted(line));
            let sentence = "Take the forwarded messages out, and say what matters in your own words.";
            spots.extend(
                marks
                    .chain(outlook_head(text))
                    .map(|line| Spot::new(line.trim(), sentence)),
            );
        }
        spots
    },
};

pub(in crate::decide::lint) const TRACKED: Rule = Rule {
    name: "tracked-changes",
    level: Level::Block,
    judge: |letter, _, _| {
        let sentence = "Accept or reject the changes, and take the comments out.";
        let elements = letter.html.iter().flat_map(|html| html.elements());
        let is_change = |name: &str| name == "ins" || name == "del";
        let changes = elements.map(|(_, element)| element).filter(|element| {
            let class = element.get("class").unwrap_or_default().to_ascii_lowercase();
            let style = element.get("style").unwrap_or_default().to_ascii_lowercase();
            is_change(&element.name) || class.contains("msocom") || style.contains("mso-comment")
        });
        let tags = changes.map(|element| element.source.clone());
        let comments = letter.passages().flat_map(|text| enclosed(text, "[", "]", is_comment));
        tags.chain(comments).map(|place| Spot::new(place, sentence)).collect()
    },
};

/// What stands between two marks on one line, with the marks.
fn enclosed(text: &Passage, open: &str, close: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    if !text.may_have(open) || !text.may_have(close) {
        return found;
    }
    let mut rest: &str = text;
    while let Some((_, after)) = rest.split_once(open) {
        rest = after;
        let near = after
            .char_indices()
            .nth(FIELD_MAX + close.len())
            .map_or(after.len(), |(at, _)| at);
        let Some((inner, _)) = after.get(..near).and_then(|near| near.split_once(close)) else {
            continue;
        };
        if !inner.trim().is_empty() && !inner.contains('\n') && is_wanted(inner) {
            found.push(format!("{open}{inner}{close}"));
            rest = after.get(inner.len() + close.len()..).unwrap_or_default();
        }
    }
    found
}

/// `NAME`, `First Name`, `insert date`: what a template asks for.
fn is_label(inner: &str) -> bool {
    let lower = inner.to_lowercase();
    let asks = [
        "name",
        "first name",
        "last name",
        "date",
        "insert",
        "your ",
        "link",
        "title",
        "department",
    ];
    let is_shouted = inner.chars().all(|c| c.is_ascii_uppercase() || c == ' ' || c == '_') && inner.len() >= 4;
    let is_asked = asks.iter().any(|ask| {
        if ask.ends_with(' ') || *ask == "insert" {
            lower.starts_with(ask)
        } else {
            lower == *ask
        }
    });
    is_shouted && inner != "EXTERNAL" || is_asked
}

/// What Word leaves of a comment.
fn is_comment(inner: &str) -> bool {
    inner.starts_with("Commented") || inner.starts_with("MSOffice") || inner.starts_with("Comment ")
}

/// "On Tue, Nov 3, 2026 at 9:00 AM Records wrote:"
fn is_attribution(line: &str) -> bool {
    line.starts_with("On ") && line.ends_with(" wrote:") && line.chars().any(|c| c.is_ascii_digit())
}

/// Outlook's head of a forwarded message: From, Sent and To on three lines.
fn outlook_head(text: &str) -> Option<&str> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let head = lines.windows(3).find(|three| {
        let starts = |at: usize, word: &str| three.get(at).is_some_and(|line| line.starts_with(word));
        starts(0, "From:") && (starts(1, "Sent:") || starts(1, "Date:")) && starts(2, "To:")
    })?;
    head.first().copied()
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{Draft, GOOD, NONE, in_html, in_subject, in_text};

    #[test]
    fn fields_are_filled_in() {
        for field in [
            "{{first_name}}",
            "<<First Name>>",
            "*|FNAME|*",
            "%%name%%",
            "[NAME]",
            "[First Name]",
            "[insert date]",
        ] {
            assert_eq!(in_text("merge-field", &format!("Hello {field}, come")), [field]);
        }
        assert_eq!(
            in_text("merge-field", "see [1] and [the map], 50% of 100%, a << b, {x}"),
            NONE
        );
        assert_eq!(in_html("merge-field", "<p>Hello &lt;&lt;Name&gt;&gt;"), ["<<Name>>"]);
    }

    #[test]
    fn somebody_is_greeted() {
        assert_eq!(in_text("greeting-empty", "Dear ,\r\nwelcome"), ["Dear ,"]);
        assert_eq!(in_text("greeting-empty", "Dear all,\r\nwelcome, dear"), NONE);
    }

    #[test]
    fn no_filler_is_left() {
        assert_eq!(in_text("placeholder", "Lorem ipsum dolor"), ["Lorem ipsum"]);
        assert_eq!(in_text("placeholder", "Division by zero is undefined."), NONE);
        assert_eq!(in_subject("subject-unfinished", "DRAFT: news"), ["DRAFT"]);
        assert_eq!(
            in_subject("subject-unfinished", "Test of the sirens, drafty halls"),
            NONE
        );
    }

    #[test]
    fn no_chain_is_forwarded() {
        assert_eq!(
            in_text("forwarded-chain", "FYI\r\n-----Original Message-----\r\n"),
            ["-----Original Message-----"]
        );
        let head = "From: Records\r\nSent: Monday\r\nTo: HR\r\n";
        assert_eq!(in_text("forwarded-chain", head), ["From: Records"]);
        let wrote = "On Tue, Nov 3, 2026 Records wrote:";
        assert_eq!(in_text("forwarded-chain", wrote), [wrote]);
        assert_eq!(
            in_text(
                "forwarded-chain",
                "From: Rolla\r\nTo: the world\r\nOn this the author wrote: a"
            ),
            NONE
        );
        let draft = Draft {
            text: Some(wrote),
            html: None,
            ..GOOD
        };
        assert_eq!(draft.spots_when("forwarded-chain", |about| about.is_reply = true), NONE);
    }

    #[test]
    fn no_change_is_left_open() {
        assert_eq!(in_html("tracked-changes", "<p><ins cite=a>new</ins>"), ["<ins cite=a>"]);
        assert_eq!(
            in_text("tracked-changes", "Hall [Commented by A]"),
            ["[Commented by A]"]
        );
        assert_eq!(in_html("tracked-changes", "<p>insert [a comment]"), NONE);
    }
}
