//! The subject: short, calm, true.

use crate::decide::lint::{About, Letter, Level, Profile, Rule, Spot, find};
use crate::model::Category;

/// Fewer letters than this may be an abbreviation.
const LETTERS_MIN: usize = 10;

pub(in crate::decide::lint) const EMPTY: Rule = Rule {
    name: "subject-empty",
    level: Level::Block,
    judge: |letter, _, _| match letter.subject.is_empty() {
        true => vec![Spot::new("Subject:", "Give it a subject.")],
        false => Vec::new(),
    },
};

pub(in crate::decide::lint) const LONG: Rule = Rule {
    name: "subject-long",
    level: Level::Warn,
    judge: |letter, _, profile| {
        let chars = letter.subject.chars().count();
        let max = profile.limits.subject_chars;
        spot_if(
            letter,
            chars > max,
            format!("Shorten the subject from {chars} to {max} characters: telephones show no more."),
        )
    },
};

pub(in crate::decide::lint) const CAPITALS: Rule = Rule {
    name: "subject-capitals",
    level: Level::Warn,
    judge: |letter, _, _| {
        let letters = letter.subject.chars().filter(|c| c.is_alphabetic()).count();
        let capitals = letter.subject.chars().filter(|c| c.is_uppercase()).count();
        let shouts = letters >= LETTERS_MIN && capitals * 10 > letters * 6;
        spot_if(letter, shouts, "Write the subject in small letters: capitals shout.")
    },
};

pub(in crate::decide::lint) const EXCLAMATIONS: Rule = Rule {
    name: "subject-exclamations",
    level: Level::Warn,
    judge: |letter, _, _| {
        let is_many = letter.subject.matches('!').count() > 1;
        spot_if(letter, is_many, "Leave one exclamation mark in the subject, or none.")
    },
};

pub(in crate::decide::lint) const EMOJI: Rule = Rule {
    name: "subject-emoji",
    level: Level::Warn,
    judge: |letter, _, _| {
        find::emoji(&letter.subject)
            .map(|c| {
                Spot::new(
                    c,
                    "Take the pictograph out of the subject: screen readers spell it out.",
                )
            })
            .into_iter()
            .collect()
    },
};

pub(in crate::decide::lint) const URGENT: Rule = Rule {
    name: "subject-urgent",
    level: Level::Block,
    judge: |letter: &Letter, about: &About<'_>, profile: &Profile| {
        letter
            .subject
            .any(&profile.words.urgent)
            .filter(|_| about.category != Category::Critical)
            .map(|hit| Spot::new(hit.word, "Say what it is about; only critical mail may cry alarm."))
            .into_iter()
            .collect()
    },
};

pub(in crate::decide::lint) const FAKE_REPLY: Rule = Rule {
    name: "subject-fake-reply",
    level: Level::Block,
    judge: |letter, about, _| {
        let lower = letter.subject.to_lowercase();
        let marks = ["re:", "fwd:", "fw:", "re :", "re["];
        let Some(mark) = marks.iter().find(|mark| lower.starts_with(**mark)) else {
            return Vec::new();
        };
        if about.is_reply {
            return Vec::new();
        }
        let rest = letter.subject.split_once(':').map_or("", |(_, rest)| rest.trim());
        let quote = letter.subject.get(..mark.len()).unwrap_or_default();
        let sentence = "Take the mark of an answer out of the subject: this answers nothing.";
        vec![Spot::fixed(quote, sentence, &letter.subject, rest)]
    },
};

fn spot_if(letter: &Letter, is_so: bool, sentence: impl Into<String>) -> Vec<Spot> {
    match is_so {
        true => vec![Spot::new(&*letter.subject, sentence)],
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{Draft, GOOD, NONE, in_subject};
    use crate::model::Category;

    #[test]
    fn a_subject_is_there_and_short() {
        assert_eq!(in_subject("subject-empty", ""), ["Subject:"]);
        assert_eq!(in_subject("subject-empty", "Hours"), NONE);
        let long = "a".repeat(61);
        assert_eq!(in_subject("subject-long", &long), [long.as_str()]);
        assert_eq!(in_subject("subject-long", &"a".repeat(60)), NONE);
    }

    #[test]
    fn a_subject_does_not_shout() {
        assert_eq!(in_subject("subject-capitals", "FREE Pizza for all"), NONE);
        assert_eq!(in_subject("subject-capitals", "FREE PIZZA TODAY"), ["FREE PIZZA TODAY"]);
        assert_eq!(in_subject("subject-capitals", "FAFSA NSF"), NONE);
        assert_eq!(in_subject("subject-exclamations", "Now! Here!"), ["Now! Here!"]);
        assert_eq!(in_subject("subject-exclamations", "Now!"), NONE);
        assert_eq!(in_subject("subject-emoji", "=?utf-8?q?Party_=F0=9F=8E=89?="), ["🎉"]);
        assert_eq!(in_subject("subject-emoji", "=?utf-8?q?Caf=C3=A9?="), NONE);
    }

    #[test]
    fn alarm_is_for_critical_mail() {
        assert_eq!(in_subject("subject-urgent", "URGENT: read"), ["URGENT"]);
        assert_eq!(in_subject("subject-urgent", "Insurgents of 1848"), NONE);
        let draft = Draft {
            subject: "Urgent: boil water",
            ..GOOD
        };
        assert_eq!(
            draft.spots_when("subject-urgent", |about| about.category = Category::Critical),
            NONE
        );
    }

    #[test]
    fn an_answer_answers_something() {
        assert_eq!(in_subject("subject-fake-reply", "RE: your account"), ["RE:"]);
        assert_eq!(in_subject("subject-fake-reply", "Fwd: news"), ["Fwd:"]);
        assert_eq!(in_subject("subject-fake-reply", "Research: news"), NONE);
        let draft = Draft {
            subject: "Re: news",
            ..GOOD
        };
        assert_eq!(
            draft.spots_when("subject-fake-reply", |about| about.is_reply = true),
            NONE
        );
    }
}
