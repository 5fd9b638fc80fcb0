//! Links as people read them: the text says where they go, and is true.

use std::collections::BTreeMap;

use crate::decide::lint::letter::Link;
use crate::decide::lint::url::{Target, is_within};
use crate::decide::lint::{Letter, Level, Rule, Spot};

pub(in crate::decide::lint) const VAGUE: Rule = Rule {
    name: "link-vague",
    level: Level::Warn,
    judge: |letter, _, profile| {
        let is_vague = |link: &&Link| {
            let text = link.text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            profile.words.vague_links.contains(&text)
        };
        let found = in_html(letter).filter(is_vague);
        found
            .map(|link| {
                Spot::new(
                    link.text.as_str(),
                    "Let the link say where it goes: many hear the links alone.",
                )
            })
            .collect()
    },
};

pub(in crate::decide::lint) const BARE: Rule = Rule {
    name: "link-bare",
    level: Level::Warn,
    judge: |letter, _, _| {
        let is_bare = |link: &&Link| Target::parse(&link.text).is_some() || link.text.starts_with("www.");
        let found = in_html(letter).filter(is_bare);
        found
            .map(|link| {
                Spot::new(
                    link.text.as_str(),
                    "Put words in the place of the address: it is spelt out aloud.",
                )
            })
            .collect()
    },
};

pub(in crate::decide::lint) const AMBIGUOUS: Rule = Rule {
    name: "link-ambiguous",
    level: Level::Warn,
    judge: |letter, _, _| {
        let mut seen = BTreeMap::new();
        let sentence = "Let links that go to different places say different things.";
        let mut spots = Vec::new();
        for link in in_html(letter).filter(|link| !link.text.is_empty()) {
            let href = link.href.trim_end_matches('/');
            if *seen.entry(link.text.to_lowercase()).or_insert(href) != href {
                spots.push(Spot::new(link.text.as_str(), sentence));
            }
        }
        spots
    },
};

pub(in crate::decide::lint) const NOWHERE: Rule = Rule {
    name: "link-nowhere",
    level: Level::Warn,
    judge: |letter, _, _| {
        let is_empty = |link: &&Link| ["", "#", "http://", "https://"].contains(&link.href.as_str());
        let found = in_html(letter).filter(is_empty);
        found
            .map(|link| Spot::new(link.source.as_str(), "Let the link go somewhere: it has no target."))
            .collect()
    },
};

pub(in crate::decide::lint) const DIFFERS: Rule = Rule {
    name: "link-host-differs",
    level: Level::Block,
    judge: |letter, _, _| {
        let judge = |link: &Link| {
            let target = link.target.as_ref()?;
            let shown = shown_host(&link.text)?;
            let is_same = is_within(&target.host, &shown) || is_within(&shown, &target.host);
            let sentence = format!(
                "Let the link go where its text says: it says {shown}, and goes to {}.",
                target.host
            );
            (!is_same).then(|| Spot::new(link.source.as_str(), sentence))
        };
        in_html(letter).filter_map(judge).collect()
    },
};

pub(in crate::decide::lint) const OLD_UNSUBSCRIBE: Rule = Rule {
    name: "unsubscribe-pasted",
    level: Level::Block,
    judge: |letter, _, _| {
        let is_old = |link: &&Link| {
            let has = |text: &str| text.to_ascii_lowercase().contains("unsubscribe");
            has(&link.text) || has(&link.href)
        };
        let sentence = "Take the unsubscribe link out: it is an old mailing's, and this one gets its own.";
        let found = letter.links.iter().filter(is_old);
        found.map(|link| Spot::new(link.source.as_str(), sentence)).collect()
    },
};

fn in_html(letter: &Letter) -> impl Iterator<Item = &Link> {
    letter.links.iter().filter(|link| link.is_html)
}

/// The host a link's text names, if it names one.
fn shown_host(text: &str) -> Option<String> {
    let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
    text.split_whitespace().find_map(|word| {
        let word = word
            .trim_matches(|c: char| !c.is_alphanumeric() && c != '/')
            .to_lowercase();
        if word.contains('@') {
            return None;
        }
        if let Some(target) = Target::parse(&word) {
            return Some(bare(&target.host));
        }
        let host = word.split(['/', ':', '?']).next().unwrap_or_default();
        let end = host.rsplit('.').next().unwrap_or_default();
        let known = [
            "com", "org", "net", "edu", "gov", "io", "co", "info", "us", "uk", "example",
        ];
        let is_host = host.contains('.') && !host.contains("..") && known.contains(&end);
        is_host.then(|| bare(host))
    })
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{NONE, in_html, in_text};

    fn link(rule: &str, href: &str, text: &str) -> Vec<String> {
        in_html(rule, &format!("<a href='{href}'>{text}</a>"))
    }

    #[test]
    fn a_link_says_where_it_goes() {
        let guide = "https://mst.example/guide";
        assert_eq!(link("link-vague", guide, "Click here!"), ["Click here!"]);
        assert_eq!(link("link-vague", guide, "the guide is here"), NONE);
        assert_eq!(link("link-bare", guide, guide), [guide]);
        assert_eq!(link("link-bare", guide, "guide"), NONE);
        assert_eq!(link("link-nowhere", "#", "guide"), ["<a href='#'>"]);
        assert_eq!(link("link-nowhere", "#top", "guide"), NONE);
    }

    #[test]
    fn one_text_goes_to_one_place() {
        assert_eq!(
            in_html("link-ambiguous", "<a href=a>Map</a> <a href=b>map</a>"),
            ["map"]
        );
        assert_eq!(in_html("link-ambiguous", "<a href=a>Map</a> <a href=a/>map</a>"), NONE);
    }

    #[test]
    fn a_link_goes_where_it_says() {
        let rule = "link-host-differs";
        assert_eq!(
            link(rule, "https://evil.example/a", "Log in: mst.edu"),
            ["<a href='https://evil.example/a'>"]
        );
        assert_eq!(link(rule, "https://registrar.mst.edu/a", "www.mst.edu"), NONE);
        assert_eq!(link(rule, "https://mst.edu/a", "Node.js and plan.pdf"), NONE);
    }

    #[test]
    fn no_old_link_unsubscribes() {
        let old = "https://news.example/unsubscribe?u=1";
        assert_eq!(in_text("unsubscribe-pasted", &format!("Leave: {old}")), [old]);
        assert_eq!(
            in_text(
                "unsubscribe-pasted",
                "https://news.example/subscribe To unsubscribe, wait."
            ),
            NONE
        );
    }
}
