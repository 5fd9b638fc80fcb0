//! The style guide: what the university is called, and other words.

use crate::decide::lint::find::{Case, Hit};
use crate::decide::lint::{Level, Rule, Spot};
use crate::model::Category;

pub(in crate::decide::lint) const NAME: Rule = Rule {
    name: "name-wrong",
    level: Level::Warn,
    judge: |letter, _, profile| {
        let mut spots = Vec::new();
        for text in letter.passages() {
            for rather in &profile.names.wrong {
                let found = text.words(&rather.not, Case::Matters);
                spots.extend(
                    found
                        .iter()
                        .filter(|hit| !is_time(hit))
                        .map(|hit| fixed(hit, &rather.say)),
                );
            }
        }
        spots
    },
};

pub(in crate::decide::lint) const FULL_NAME: Rule = Rule {
    name: "name-not-full",
    level: Level::Warn,
    judge: |letter, about, profile| {
        let is_familiar = about
            .list_words
            .iter()
            .any(|list| profile.names.familiar.iter().any(|known| known == list));
        if !about.off_campus || is_familiar {
            return Vec::new();
        }
        let first = |name: &str| letter.body().words(name, Case::Matters).into_iter().next();
        let Some(short) = first(&profile.names.short) else {
            return Vec::new();
        };
        if first(&profile.names.full).is_some_and(|full| full.start < short.start) {
            return Vec::new();
        }
        let sentence = format!(
            "Say {} the first time: readers off campus may not know us.",
            profile.names.full
        );
        vec![Spot {
            fix: Some(short.replaced(&profile.names.full)),
            ..Spot::new(short.word, sentence)
        }]
    },
};

pub(in crate::decide::lint) const STYLE: Rule = Rule {
    name: "word-style",
    level: Level::Info,
    judge: |letter, _, profile| {
        let mut spots = Vec::new();
        for text in letter.passages() {
            for rather in &profile.words.style {
                let found = text.words(&rather.not, Case::Ignored);
                spots.extend(found.iter().map(|hit| fixed(hit, &rather.say)));
            }
        }
        spots
    },
};

pub(in crate::decide::lint) const POLITICAL: Rule = Rule {
    name: "political",
    level: Level::Warn,
    judge: |letter, _, profile| {
        let found = letter.passages().filter_map(|text| text.any(&profile.words.political));
        let sentence = "Take campaigning out: the university's lists are for no candidate and no party.";
        found.map(|hit| Spot::new(hit.word, sentence)).collect()
    },
};

pub(in crate::decide::lint) const SALE: Rule = Rule {
    name: "personal-sale",
    level: Level::Warn,
    judge: |letter, _, profile| {
        let found = letter.passages().filter_map(|text| text.any(&profile.words.sale));
        let sentence = "Sell and let elsewhere: the university's lists are no market.";
        found.map(|hit| Spot::new(hit.word, sentence)).collect()
    },
};

pub(in crate::decide::lint) const FUNDRAISING: Rule = Rule {
    name: "fundraising",
    level: Level::Warn,
    judge: |letter, about, profile| {
        if about.category == Category::Marketing {
            return Vec::new();
        }
        let found = letter
            .passages()
            .filter_map(|text| text.any(&profile.words.fundraising));
        let sentence = "Ask for money in marketing mail alone; this is sent as something else.";
        found.map(|hit| Spot::new(hit.word, sentence)).collect()
    },
};

pub(in crate::decide::lint) const UNMARKED: Rule = Rule {
    name: "advertisement-unmarked",
    level: Level::Warn,
    judge: |letter, about, profile| {
        let sells = [&profile.words.sale, &profile.words.sponsor];
        let is_marked = letter
            .passages()
            .any(|text| text.any(&profile.words.advertising).is_some());
        if about.category != Category::Marketing || !about.off_campus || is_marked {
            return Vec::new();
        }
        let found = sells.iter().filter_map(|words| letter.body().any(words));
        let sentence = "Say that it is an advertisement: the law asks for it (CAN-SPAM).";
        found.map(|hit| Spot::new(hit.word, sentence)).collect()
    },
};

pub(in crate::decide::lint) const SPONSOR_FIRST: Rule = Rule {
    name: "sponsor-first",
    level: Level::Warn,
    judge: |letter, about, profile| {
        let body = letter.body();
        let first = body
            .any(&profile.words.sponsor)
            .filter(|hit| hit.start * 3 < body.len());
        let sentence = "Put sponsors and tickets after what the message is about.";
        let found = first.filter(|_| about.category == Category::Official);
        found.map(|hit| Spot::new(hit.word, sentence)).into_iter().collect()
    },
};

fn fixed(hit: &Hit<'_>, say: &str) -> Spot {
    Spot {
        fix: Some(hit.replaced(say)),
        ..Spot::new(hit.word, format!("Say “{say}”."))
    }
}

/// MST after a time of day is the zone.
fn is_time(hit: &Hit<'_>) -> bool {
    let before = hit.before().chars().rev().skip_while(|c| c.is_whitespace()).take(3);
    let last: String = before.map(|c| c.to_ascii_lowercase()).collect();
    let is_half = last.starts_with(".m") || last.starts_with("ma") || last.starts_with("mp");
    hit.word == "MST" && (is_half || last.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{Draft, GOOD, NONE, in_html, in_text};
    use crate::model::Category;

    fn when(rule: &str, text: &str, category: Category, off_campus: bool) -> Vec<String> {
        let draft = Draft {
            text: Some(text),
            html: None,
            ..GOOD
        };
        draft.spots_when(rule, |about| {
            about.category = category;
            about.off_campus = off_campus;
            about.list_words = vec!["supporters"];
        })
    }

    #[test]
    fn the_university_has_a_name() {
        assert_eq!(in_text("name-wrong", "At MS&T we"), ["MS&T"]);
        assert_eq!(in_html("name-wrong", "<p>At <b>MST</b>, we"), ["MST"]);
        assert_eq!(
            in_text("name-wrong", "records@MST.example, 10 a.m. MST, Missouri S&T"),
            NONE
        );
    }

    #[test]
    fn strangers_read_the_whole_name_first() {
        let full = "Missouri University of Science and Technology. Missouri S&T is";
        assert_eq!(
            when("name-not-full", "Missouri S&T is", Category::Official, true),
            ["Missouri S&T"]
        );
        assert_eq!(when("name-not-full", full, Category::Official, true), NONE);
        assert_eq!(
            when("name-not-full", "Missouri S&T is", Category::Official, false),
            NONE
        );
    }

    #[test]
    fn words_are_those_of_the_guide() {
        assert_eq!(in_text("word-style", "Ask your Adviser & friends"), ["Adviser", "&"]);
        assert_eq!(in_text("word-style", "Advisers of R&D"), NONE);
    }

    #[test]
    fn a_list_is_no_market_and_no_stage() {
        assert_eq!(in_text("political", "Please vote for the bill"), ["vote for"]);
        assert_eq!(in_text("political", "The vote is on Monday"), NONE);
        assert_eq!(in_text("personal-sale", "Couch for sale"), ["for sale"]);
        assert_eq!(in_text("personal-sale", "The sales office"), NONE);
    }

    #[test]
    fn money_is_asked_for_in_marketing() {
        let text = "Please make a gift.";
        assert_eq!(when("fundraising", text, Category::Event, true), ["make a gift"]);
        assert_eq!(when("fundraising", text, Category::Marketing, true), NONE);
        assert_eq!(when("fundraising", "A gifted maker", Category::Event, true), NONE);
    }

    #[test]
    fn an_advertisement_says_so_and_sponsors_come_last() {
        let sale = "Buy tickets now.";
        assert_eq!(
            when("advertisement-unmarked", sale, Category::Marketing, true),
            ["Buy tickets"]
        );
        assert_eq!(
            when(
                "advertisement-unmarked",
                &format!("Advertisement. {sale}"),
                Category::Marketing,
                true
            ),
            NONE
        );
        assert_eq!(
            when(
                "sponsor-first",
                &format!("{sale} {}", "word ".repeat(9)),
                Category::Official,
                true
            ),
            ["Buy tickets"]
        );
        assert_eq!(
            when(
                "sponsor-first",
                &format!("{} {sale}", "word ".repeat(9)),
                Category::Official,
                true
            ),
            NONE
        );
    }
}
