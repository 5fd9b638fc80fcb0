//! The parts of the message: text beside HTML, and nothing that cannot be changed or read.

use crate::decide::lint::{Level, Rule, Spot};

/// How what is signed or encrypted by PGP begins.
const ARMOUR: &str = "-----BEGIN PGP ";

pub(in crate::decide::lint) const NO_TEXT: Rule = Rule {
    name: "text-missing",
    level: Level::Warn,
    judge: |letter, _, _| match (&letter.html, &letter.text) {
        (Some(_), None) => {
            let sentence = "Send a text part with the HTML; one can be made of what is seen.";
            let first = letter.body().lines().next().unwrap_or_default();
            vec![Spot::fixed("Content-Type: text/html", sentence, "", first)]
        }
        (None, _) | (Some(_), Some(_)) => Vec::new(),
    },
};

pub(in crate::decide::lint) const DIFFERENT: Rule = Rule {
    name: "text-differs",
    level: Level::Warn,
    judge: |letter, _, _| {
        let (Some(_), Some(text)) = (&letter.html, &letter.text) else {
            return Vec::new();
        };
        if text.in_common(letter.body()) >= 0.5 {
            return Vec::new();
        }
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        vec![Spot::new(
            first.trim(),
            "Let the text part say what the HTML says: some read one, some the other.",
        )]
    },
};

pub(in crate::decide::lint) const SEALED: Rule = Rule {
    name: "signed-or-encrypted",
    level: Level::Block,
    judge: |letter, _, _| {
        let kinds = [
            "multipart/signed",
            "multipart/encrypted",
            "application/pkcs7-mime",
            "application/x-pkcs7-mime",
            "application/pgp-encrypted",
        ];
        let sentence = "Send it again unsigned and unencrypted: a footer would break the signature.";
        let sealed = letter.parts.iter().filter(|part| kinds.contains(&part.kind.as_str()));
        let mut spots: Vec<Spot> = sealed.map(|part| Spot::new(part.kind.as_str(), sentence)).collect();
        let is_armour = |line: &&str| line.starts_with(ARMOUR);
        let armoured = Some(letter.body()).filter(|text| text.may_have(ARMOUR));
        let armour = armoured.and_then(|text| text.lines().find(is_armour));
        spots.extend(armour.map(|line| Spot::new(line.trim(), sentence)));
        spots
    },
};

pub(in crate::decide::lint) const TNEF: Rule = Rule {
    name: "outlook-only",
    level: Level::Block,
    judge: |letter, _, _| {
        let kinds = [
            "application/ms-tnef",
            "application/vnd.ms-tnef",
            "text/rtf",
            "application/rtf",
        ];
        let is_tnef = |name: &str| name.eq_ignore_ascii_case("winmail.dat");
        let found = letter.parts.iter();
        let found = found.filter(|part| is_tnef(&part.name) || kinds.contains(&part.kind.as_str()));
        let sentence = "Send it again as HTML: only Outlook reads rich text.";
        found.map(|part| Spot::new(part.place(), sentence)).collect()
    },
};

pub(in crate::decide::lint) const AMP: Rule = Rule {
    name: "amp-part",
    level: Level::Block,
    judge: |letter, _, _| {
        let found = letter.parts.iter().filter(|part| part.kind == "text/x-amp-html");
        let sentence = "Leave the AMP part out: it can change after it was approved.";
        found.map(|part| Spot::new(part.kind.as_str(), sentence)).collect()
    },
};

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{Draft, GOOD, NONE, in_html, in_text};

    fn part(rule: &str, kind: &str) -> Vec<String> {
        let more = format!("--x\r\nContent-Type: {kind}\r\n\r\nabc\r\n");
        Draft { more: &more, ..GOOD }.spots(rule)
    }

    #[test]
    fn text_is_beside_html_and_says_the_same() {
        let draft = Draft { text: None, ..GOOD };
        assert_eq!(draft.spots("text-missing"), ["Content-Type: text/html"]);
        assert_eq!(in_text("text-missing", "only text"), NONE);
        assert_eq!(in_html("text-differs", "<p>Buy a boat</p>"), ["Dear students,"]);
        assert_eq!(GOOD.spots("text-differs"), NONE);
    }

    #[test]
    fn what_cannot_be_changed_is_not_taken() {
        assert_eq!(
            part("signed-or-encrypted", "application/pkcs7-mime"),
            ["application/pkcs7-mime"]
        );
        let armour = "-----BEGIN PGP MESSAGE-----";
        assert_eq!(in_text("signed-or-encrypted", armour), [armour]);
        assert_eq!(in_text("signed-or-encrypted", "We use PGP."), NONE);
    }

    #[test]
    fn what_few_programs_read_is_not_taken() {
        assert_eq!(
            part("outlook-only", "application/ms-tnef; name=winmail.dat"),
            ["winmail.dat"]
        );
        assert_eq!(part("outlook-only", "application/pdf; name=mail.dat"), NONE);
        assert_eq!(part("amp-part", "text/x-amp-html"), ["text/x-amp-html"]);
        assert_eq!(part("amp-part", "text/x-html"), NONE);
    }
}
