//! Who it is from, and where answers go.

use crate::decide::lint::letter::Mailbox;
use crate::decide::lint::{About, Letter, Level, Profile, Rule, Spot, find};

pub(in crate::decide::lint) const NAME: Rule = Rule {
    name: "from-name-misleading",
    level: Level::Block,
    judge: |letter, _, _| {
        let misleads = |from: &&Mailbox| {
            let name = from.name.as_str();
            let has_count = name.contains('(') && name.contains(')') && name.contains(|c: char| c.is_ascii_digit());
            let is_subject =
                letter.subject.len() > 3 && find::words(name, &letter.subject, find::Case::Ignored).len() == 1;
            let is_reader = letter
                .to
                .iter()
                .any(|to| !to.name.is_empty() && to.name.eq_ignore_ascii_case(name));
            find::emoji(name).is_some() || name.contains('@') || has_count || is_subject || is_reader
        };
        let found = letter.from.iter().filter(|from| !from.name.is_empty()).filter(misleads);
        let sentence = "Let the name beside the address be that of an office or a person, and nothing else.";
        found.map(|from| Spot::new(from.name.as_str(), sentence)).collect()
    },
};

pub(in crate::decide::lint) const FOREIGN: Rule = Rule {
    name: "from-foreign",
    level: Level::Block,
    judge: |letter, about, profile| {
        if letter.from.is_empty() {
            return vec![Spot::new("From:", "Say who it is from.")];
        }
        let sentence = "Write from an address of the university: mail in its name cannot bear another.";
        foreign(&letter.from, about, profile, sentence)
    },
};

pub(in crate::decide::lint) const MANY: Rule = Rule {
    name: "from-many",
    level: Level::Block,
    judge: |letter, _, _| match letter.from.get(1) {
        Some(second) => vec![Spot::new(
            second.address.as_str(),
            "Leave one address in From: mail from several is refused elsewhere.",
        )],
        None => Vec::new(),
    },
};

pub(in crate::decide::lint) const ANSWERS_FOREIGN: Rule = Rule {
    name: "reply-to-foreign",
    level: Level::Block,
    judge: |letter, about, profile| {
        let sentence = "Have answers sent to an address of the university.";
        foreign(&letter.reply_to, about, profile, sentence)
    },
};

pub(in crate::decide::lint) const ANSWERS_UNREAD: Rule = Rule {
    name: "reply-to-unread",
    level: Level::Block,
    judge: |letter: &Letter, _: &About<'_>, profile: &Profile| {
        let answers = if letter.reply_to.is_empty() {
            &letter.from
        } else {
            &letter.reply_to
        };
        let is_unread = |to: &&Mailbox| {
            profile
                .words
                .no_reply
                .iter()
                .any(|word| to.local().contains(word.as_str()))
        };
        let sentence = "Have answers sent to somebody who reads them.";
        let found = answers.iter().filter(is_unread);
        found.map(|to| Spot::new(to.address.as_str(), sentence)).collect()
    },
};

pub(in crate::decide::lint) const CONTACT: Rule = Rule {
    name: "contact-missing",
    level: Level::Warn,
    judge: |letter, _, _| {
        let body = letter.body();
        let has_link = letter.links.iter().any(|link| {
            let href = link.href.to_ascii_lowercase();
            href.starts_with("mailto:") || href.starts_with("tel:")
        });
        if has_link || find::addresses(body).next().is_some() || has_telephone(body) {
            return Vec::new();
        }
        let last = body.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        let sentence = "End with who writes, their office, and an address or a telephone number for questions.";
        vec![Spot::new(last, sentence)]
    },
};

fn foreign(boxes: &[Mailbox], about: &About<'_>, profile: &Profile, sentence: &str) -> Vec<Spot> {
    let outside = boxes.iter().filter(|one| !about.is_ours(one.domain(), profile));
    outside.map(|one| Spot::new(one.address.as_str(), sentence)).collect()
}

/// Ten digits, in groups of three, three and four.
fn has_telephone(text: &str) -> bool {
    let groups: Vec<find::Hit<'_>> = find::numbers(text, find::digits(text), |c| c.is_ascii_digit()).collect();
    groups.windows(3).any(|three| {
        let lengths: Vec<usize> = three.iter().map(|hit| hit.word.len()).collect();
        let near = three
            .first()
            .zip(three.last())
            .is_some_and(|(first, last)| last.start - first.start < 12);
        lengths == [3, 3, 4] && near
    })
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{Draft, GOOD, NONE, in_text};

    fn from(rule: &str, from: &str) -> Vec<String> {
        Draft { from, ..GOOD }.spots(rule)
    }

    fn with(rule: &str, header: &str) -> Vec<String> {
        Draft { header, ..GOOD }.spots(rule)
    }

    #[test]
    fn a_name_does_not_mislead() {
        let rule = "from-name-misleading";
        assert_eq!(
            from(rule, "\"you@mst.example\" <records@mst.example>"),
            ["you@mst.example"]
        );
        assert_eq!(from(rule, "\"Records (2)\" <records@mst.example>"), ["Records (2)"]);
        assert_eq!(from(rule, "Records <records@mst.example>"), NONE);
    }

    #[test]
    fn it_is_from_one_of_us() {
        assert_eq!(
            from("from-foreign", "records@elsewhere.example"),
            ["records@elsewhere.example"]
        );
        assert_eq!(from("from-foreign", "records@cs.mst.example"), NONE);
        assert_eq!(
            from("from-foreign", "records@notmst.example"),
            ["records@notmst.example"]
        );
        assert_eq!(from("from-many", "a@mst.example, b@mst.example"), ["b@mst.example"]);
        assert_eq!(from("from-many", "a@mst.example"), NONE);
    }

    #[test]
    fn answers_are_read_by_one_of_us() {
        let elsewhere = "Reply-To: records@elsewhere.example\r\n";
        assert_eq!(with("reply-to-foreign", elsewhere), ["records@elsewhere.example"]);
        assert_eq!(with("reply-to-foreign", "Reply-To: hr@mst.example\r\n"), NONE);
        assert_eq!(
            with("reply-to-unread", "Reply-To: no-reply@mst.example\r\n"),
            ["no-reply@mst.example"]
        );
        assert_eq!(from("reply-to-unread", "noreply@mst.example"), ["noreply@mst.example"]);
        assert_eq!(with("reply-to-unread", "Reply-To: reply@mst.example\r\n"), NONE);
    }

    #[test]
    fn somebody_can_be_asked() {
        assert_eq!(
            in_text("contact-missing", "Come along.\r\nThe office\r\n"),
            ["The office"]
        );
        assert_eq!(in_text("contact-missing", "Call (573) 341-4111."), NONE);
        assert_eq!(
            in_text("contact-missing", "Room 341 4111 of 573"),
            ["Room 341 4111 of 573"]
        );
    }
}
