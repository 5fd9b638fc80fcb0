//! What only a thief would ask for.

use crate::decide::lint::{Letter, Level, Rule, Spot};

pub(in crate::decide::lint) const CREDENTIALS: Rule = Rule {
    name: "asks-for-password",
    level: Level::Block,
    judge: |letter, _, profile| {
        let sentence = "Do not ask for passwords or codes: the university never does.";
        found(letter, &profile.words.credentials, sentence)
    },
};

pub(in crate::decide::lint) const MONEY: Rule = Rule {
    name: "asks-for-money",
    level: Level::Block,
    judge: |letter, _, profile| {
        let sentence = "Take this out: gift cards and transfers are what thieves ask for.";
        found(letter, &profile.words.money, sentence)
    },
};

fn found(letter: &Letter, words: &[String], sentence: &str) -> Vec<Spot> {
    let hits = letter.passages().filter_map(|text| text.any(words));
    hits.map(|hit| Spot::new(hit.word, sentence)).collect()
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{NONE, in_text};

    #[test]
    fn nobody_asks_for_secrets() {
        assert_eq!(
            in_text("asks-for-password", "Please Verify your account now"),
            ["Verify your account"]
        );
        assert_eq!(in_text("asks-for-password", "Never tell anybody your password."), NONE);
        assert_eq!(in_text("asks-for-money", "Buy a gift card, and"), ["gift card"]);
        assert_eq!(in_text("asks-for-money", "A gift of cards"), NONE);
    }
}
