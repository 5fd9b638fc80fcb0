//! Letters that arrive as they were written.

use crate::decide::lint::{Level, Rule, Spot, find};

/// What UTF-8 looks like when it was read as Windows-1252.
const GARBLED: [(&str, &str); 10] = [
    ("â€™", "’"),
    ("â€˜", "‘"),
    ("â€œ", "“"),
    ("â€\u{9d}", "”"),
    ("â€“", "–"),
    ("â€”", "—"),
    ("â€¦", "…"),
    ("Ã©", "é"),
    ("Ã¼", "ü"),
    ("Â\u{a0}", " "),
];

pub(in crate::decide::lint) const GARBLED_TEXT: Rule = Rule {
    name: "text-garbled",
    level: Level::Block,
    judge: |letter, _, _| {
        let mut spots = Vec::new();
        for text in letter.passages().filter(|text| !text.is_ascii()) {
            if text.contains('\u{fffd}') {
                let line = text.lines().find(|line| line.contains('\u{fffd}')).unwrap_or_default();
                spots.push(Spot::new(line, "Type this again: some letters were lost on the way."));
            }
            for (wrong, right) in GARBLED {
                let Some(at) = text.find(wrong) else { continue };
                let hit = find::Hit {
                    text,
                    start: at,
                    word: text.get(at..at + wrong.len()).unwrap_or_default(),
                };
                let fix = Some(hit.replaced(right));
                let spot = Spot::new(wrong, "Type this again: it was read with the wrong character set.");
                spots.push(Spot { fix, ..spot });
            }
        }
        spots
    },
};

pub(in crate::decide::lint) const LONG_LINE: Rule = Rule {
    name: "line-long",
    level: Level::Block,
    judge: |letter, _, _| {
        let line = letter.long_line.iter();
        let sentence = "Send it with an encoding that breaks lines: this one has more than 998 octets.";
        line.map(|line| Spot::new(line.as_str(), sentence)).collect()
    },
};

pub(in crate::decide::lint) const BARE_LF: Rule = Rule {
    name: "line-end-bare",
    level: Level::Block,
    judge: |letter, _, _| {
        let line = letter.bare_line.iter();
        let sentence = "End every line with CR LF; this one ends with LF alone.";
        line.map(|line| Spot::new(line.as_str(), sentence)).collect()
    },
};

pub(in crate::decide::lint) const RAW_HEADER: Rule = Rule {
    name: "header-unencoded",
    level: Level::Block,
    judge: |letter, _, _| {
        if letter.is_header_ascii {
            return Vec::new();
        }
        let line = letter.header.lines().find(|line| !line.is_ascii()).unwrap_or_default();
        let sentence = "Have the mail program encode this field: only ASCII passes everywhere in a header.";
        vec![Spot::new(line, sentence)]
    },
};

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{NONE, in_subject, in_text};

    #[test]
    fn letters_are_what_they_were() {
        assert_eq!(in_text("text-garbled", "Itâ€™s on"), ["â€™"]);
        assert_eq!(in_text("text-garbled", "a b\u{fffd}c"), ["a b\u{fffd}c"]);
        assert_eq!(in_text("text-garbled", "It’s a Café, Âme"), NONE);
    }

    #[test]
    fn lines_are_those_of_mail() {
        let long = "a".repeat(999);
        assert_eq!(in_text("line-long", &long), ["a".repeat(160)]);
        assert_eq!(in_text("line-long", &"a".repeat(998)), NONE);
        assert_eq!(in_text("line-end-bare", "one\ntwo\r\n"), ["one"]);
        assert_eq!(in_text("line-end-bare", "one\r\ntwo\r\n"), NONE);
    }

    #[test]
    fn a_header_is_ascii() {
        assert_eq!(in_subject("header-unencoded", "Café"), ["Subject: Café"]);
        assert_eq!(in_subject("header-unencoded", "=?utf-8?q?Caf=C3=A9?="), NONE);
    }
}
