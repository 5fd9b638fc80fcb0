//! Where links go: to hosts with names, over TLS, straight, and the same place for everybody.

use super::images::is_personal;
use crate::decide::lint::letter::Link;
use crate::decide::lint::url::{self, Target};
use crate::decide::lint::{Letter, Level, Rule, Spot};

pub(in crate::decide::lint) const INSECURE: Rule = Rule {
    name: "link-insecure",
    level: Level::Block,
    judge: |letter, _, _| {
        let sentence = "Link with https: what goes over http can be read and changed on the way.";
        let insecure = letter.targets().filter(|(_, target)| !target.is_secure);
        insecure
            .map(|(link, _)| {
                let rest = link.href.split_once(':').map_or("", |(_, rest)| rest);
                Spot::fixed(link.href.as_str(), sentence, &link.href, format!("https:{rest}"))
            })
            .collect()
    },
};

pub(in crate::decide::lint) const NUMBER: Rule = Rule {
    name: "link-number-host",
    level: Level::Block,
    judge: |letter, _, _| {
        found(
            letter,
            |_, target| target.is_number(),
            "Link to a host by its name: only phishing links to numbers.",
        )
    },
};

pub(in crate::decide::lint) const USER: Rule = Rule {
    name: "link-user",
    level: Level::Block,
    judge: |letter, _, _| {
        found(
            letter,
            |_, target| target.user.is_some(),
            "Take what is before the @ out of the link: it hides the host.",
        )
    },
};

pub(in crate::decide::lint) const PORT: Rule = Rule {
    name: "link-port",
    level: Level::Block,
    judge: |letter, _, _| {
        found(
            letter,
            |_, target| target.odd_port().is_some(),
            "Link without a port: others than the usual are blocked.",
        )
    },
};

pub(in crate::decide::lint) const LOOK_ALIKE: Rule = Rule {
    name: "link-look-alike",
    level: Level::Block,
    judge: |letter, _, _| {
        let sentence = "Link to another host: letters of this one look like others than they are.";
        found(letter, |_, target| url::is_mixed(&target.host), sentence)
    },
};

pub(in crate::decide::lint) const SHORTENED: Rule = Rule {
    name: "link-shortened",
    level: Level::Block,
    judge: |letter, about, profile| {
        let is_short = |_: &Link, target: &Target| {
            target.is_of(&profile.hosts.shorteners) && !about.is_ours(&target.host, profile)
        };
        found(
            letter,
            is_short,
            "Link to the page itself: nobody sees where a shortened link goes.",
        )
    },
};

pub(in crate::decide::lint) const DENIED: Rule = Rule {
    name: "link-denied",
    level: Level::Block,
    judge: |letter, _, profile| {
        let sentence = "Take the link out: the host is on the university's list of hosts never to link to.";
        found(letter, |_, target| target.is_of(&profile.hosts.deny), sentence)
    },
};

pub(in crate::decide::lint) const REDIRECTS: Rule = Rule {
    name: "link-redirects",
    level: Level::Block,
    judge: |letter, _, _| {
        let redirects = |_: &Link, target: &Target| {
            let inner = target.query.iter().filter_map(|(_, value)| Target::parse(value));
            inner
                .into_iter()
                .any(|inner| inner.host.contains('.') && inner.host != target.host)
        };
        found(
            letter,
            redirects,
            "Link straight to the page that the link would hand people on to.",
        )
    },
};

pub(in crate::decide::lint) const PROVIDER: Rule = Rule {
    name: "link-counted",
    level: Level::Block,
    judge: |letter, _, profile| {
        let sentence = "Link to the page itself, not to an outside service that counts who clicks.";
        found(letter, |_, target| target.is_of(&profile.hosts.redirects), sentence)
    },
};

pub(in crate::decide::lint) const PERSONAL: Rule = Rule {
    name: "link-personal",
    level: Level::Block,
    judge: |letter, about, profile| {
        let tells = |_: &Link, target: &Target| {
            let is_known = target.is_of(&profile.hosts.surveys) || about.is_ours(&target.host, profile);
            !is_known && target.query.iter().any(|(name, value)| is_personal(name, value))
        };
        found(
            letter,
            tells,
            "Link without what names the reader: it tells an outside host who clicked.",
        )
    },
};

pub(in crate::decide::lint) const SURVEY: Rule = Rule {
    name: "survey-identified",
    level: Level::Block,
    judge: |letter, _, profile| {
        let names = [
            "q_dl",
            "q_chl",
            "panelmemberid",
            "externaldatareference",
            "recipientemail",
        ];
        let tells = |_: &Link, target: &Target| {
            let is_reader = |(name, value): &(String, String)| {
                names.contains(&name.to_ascii_lowercase().as_str()) || is_personal(name, value)
            };
            target.is_of(&profile.hosts.surveys) && target.query.iter().any(is_reader)
        };
        found(
            letter,
            tells,
            "Link to the survey's anonymous address: this one says who answers.",
        )
    },
};

fn found(letter: &Letter, is_wanted: impl Fn(&Link, &Target) -> bool, sentence: &str) -> Vec<Spot> {
    let targets = letter.targets().filter(|(link, target)| is_wanted(link, target));
    targets
        .map(|(link, _)| Spot::new(link.href.as_str(), sentence))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{GOOD, NONE, about, domains, in_html, in_text, profile};

    #[track_caller]
    fn check(rule: &str, hit: &str, miss: &str) {
        assert_eq!(in_text(rule, &format!("See {hit} .")), [hit]);
        assert_eq!(in_html(rule, &format!("<a href=\"{hit}\">Guide</a>")), [hit]);
        assert_eq!(in_text(rule, &format!("See {miss} .")), NONE);
    }

    #[test]
    fn a_link_has_a_secure_named_host() {
        check("link-insecure", "http://mst.example/a", "https://mst.example/http://");
        check("link-number-host", "https://203.0.113.7/a", "https://203.example/a");
        check(
            "link-user",
            "https://mst.edu@evil.example/",
            "https://evil.example/@mst.edu",
        );
        check("link-port", "https://mst.example:8443/", "https://mst.example:443/");
        check(
            "link-look-alike",
            "https://m\u{455}t.example/",
            "https://münchen.example/",
        );
    }

    #[test]
    fn a_link_goes_straight_to_a_good_host() {
        check("link-shortened", "https://bit.ly/a", "https://rabbit.ly/a");
        check(
            "link-redirects",
            "https://a.example/?u=https%3A%2F%2Fb.example",
            "https://a.example/?u=https-b",
        );
        check(
            "link-counted",
            "https://x.list-manage.com/a",
            "https://list-manage.example/a",
        );
        let mut profile = profile();
        profile.hosts.deny.push("mst.example".into());
        let domains = domains();
        let remarks = crate::decide::lint::lint(&GOOD.letter(), &about(&domains), &profile);
        assert!(remarks.iter().any(|remark| remark.rule == "link-denied"), "{remarks:?}");
        assert_eq!(GOOD.spots("link-denied"), NONE);
    }

    #[test]
    fn a_link_is_the_same_for_everybody() {
        check("link-personal", "https://a.example/?uid=7", "https://a.example/?page=7");
        check(
            "link-personal",
            "https://a.example/?k=a1b2c3d4e5f6a7b8c9d0e1",
            "https://mst.example/?uid=7",
        );
        check(
            "survey-identified",
            "https://mst.qualtrics.com/a?Q_DL=b",
            "https://mst.qualtrics.com/a?lang=en",
        );
    }
}
