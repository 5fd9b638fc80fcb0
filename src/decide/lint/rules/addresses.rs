//! Addresses that everybody would see.

use crate::decide::lint::{Level, Rule, Spot, find};

pub(in crate::decide::lint) const VISIBLE: Rule = Rule {
    name: "recipients-visible",
    level: Level::Block,
    judge: |letter, about, profile| {
        let outside = letter.to.iter().find(|to| !about.is_ours(to.domain(), profile));
        let count = letter.to.len();
        let found = outside.filter(|_| count > profile.limits.visible_recipients);
        let sentence = format!("Write to a list instead: all {count} readers would see each other's addresses.");
        found
            .map(|to| Spot::new(to.address.as_str(), sentence))
            .into_iter()
            .collect()
    },
};

pub(in crate::decide::lint) const DUMP: Rule = Rule {
    name: "address-dump",
    level: Level::Block,
    judge: |letter, _, profile| {
        let attached = letter.parts.iter().map(|part| part.text.as_str());
        let judge = |text: &str| {
            let mut found: Vec<&str> = find::addresses(text).map(|hit| hit.word).collect();
            let first = (*found.first()?).to_owned();
            found.sort_unstable();
            found.dedup();
            let sentence = format!("Take the {} addresses out: a message is no directory.", found.len());
            (found.len() >= profile.limits.addresses).then(|| Spot::new(first, sentence))
        };
        letter
            .passages()
            .map(|text| &**text)
            .chain(attached)
            .filter_map(judge)
            .collect()
    },
};

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{Draft, GOOD, NONE, in_text};

    fn people(count: usize, domain: &str) -> String {
        let all: Vec<String> = (1..=count).map(|n| format!("p{n}@{domain}")).collect();
        all.join(", ")
    }

    #[test]
    fn readers_do_not_see_each_other() {
        let spots = |count, domain| {
            let header = format!("Cc: {}\r\n", people(count, domain));
            let draft = Draft {
                header: &header,
                ..GOOD
            };
            draft.spots("recipients-visible")
        };
        assert_eq!(spots(25, "mail.example"), ["p1@mail.example"]);
        assert_eq!(spots(24, "mail.example"), NONE);
        assert_eq!(spots(40, "mst.example"), NONE);
    }

    #[test]
    fn a_message_is_no_directory() {
        assert_eq!(in_text("address-dump", &people(25, "mst.example")), ["p1@mst.example"]);
        assert_eq!(in_text("address-dump", &people(24, "mst.example")), NONE);
    }
}
