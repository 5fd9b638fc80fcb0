//! Whether it speaks to those who get it.

use crate::decide::lint::passage::Passage;
use crate::decide::lint::tokens::Tokens;
use crate::decide::lint::{About, Level, Rule, Spot};

/// How far a salutation and what it is about reach.
const OPENING_WORDS: usize = 30;

pub(in crate::decide::lint) const MISMATCH: Rule = Rule {
    name: "audience-mismatch",
    level: Level::Warn,
    judge: |letter, about, profile| {
        let body = letter.body();
        let end = Tokens::of(body)
            .nth(OPENING_WORDS)
            .map_or(body.len(), |token| token.start);
        let opening = Passage::new(body.get(..end).unwrap_or_default().to_owned());
        let speaks_to = |words: &[String]| {
            let in_subject = letter.subject.any(words);
            in_subject.or_else(|| opening.any(words))
        };
        let (ours, others): (Vec<_>, Vec<_>) = profile.audiences.iter().partition(|named| is_of(about, named));
        // Who is greeted may read about others.
        if ours.is_empty() || ours.iter().any(|named| speaks_to(&named.words).is_some()) {
            return Vec::new();
        }
        let list = about.list_words.join(" and ");
        let sentence = format!("See that it goes to the right list: this is about others than {list}.");
        let found = others.iter().filter_map(|named| speaks_to(&named.words));
        found.map(|hit| Spot::new(hit.word, sentence.as_str())).collect()
    },
};

fn is_of(about: &About<'_>, named: &crate::decide::lint::Named) -> bool {
    let is_one = |name: &str| about.list_words.contains(&name);
    is_one(&named.name) || named.also.iter().any(|name| is_one(name))
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{Draft, GOOD, NONE};

    fn to(list: &'static str, text: &str) -> Vec<String> {
        let draft = Draft {
            subject: "News",
            text: Some(text),
            html: None,
            ..GOOD
        };
        draft.spots_when("audience-mismatch", |about| about.list_words = vec![list])
    }

    #[test]
    fn it_speaks_to_its_readers() {
        assert_eq!(to("students", "Dear alumni, come back."), ["alumni"]);
        assert_eq!(to("students", "Dear students, meet our alumni."), NONE);
        assert_eq!(to("freshmen", "Dear students, welcome."), NONE);
        assert_eq!(to("students", &format!("{} alumni", "word ".repeat(30))), NONE);
    }
}
