//! Verdicts: facts in words, and what the shipped policy says of them. Adding a case is adding text.
//!
//! A case begins with `#` and a title, then facts, one a line, then what is expected:
//!
//! ```text
//! # staff to all students
//! author author@mst.example
//! to students@lists.mst.example
//! expect hold list-posting steward-routing(registrar)
//! ```
//!
//! Beside those below: what a group has grown to (`group CAMPUS OUTSIDE`, `burst N`, `attested`, `nudged`), what kind of
//! message it is (`shown N`, `in-thread`, `calendar`, `automatic`, `words N`, `bytes N`, `html N`, `attachment NAME`,
//! `link HOST/PATH?NAME=VALUE`), classes (`teaches S`, `classmates N`, `class-list N`, `closed A`), what is inside
//! (`attached N`, `written N`, `known N`, `unreadable NAME`, `bomb NAME`, `steward`), and `repeat DAYS-AGO`, `paced`,
//! `armed`, `drill`, `outside-many N`, `campus-many N`.
//!
//! Facts: `author A` (also MAIL FROM and From, unless said), `nobody`, `mail-from A`, `from A …`, `to A`, `answers A`.
//! Expected: `pass`, `hold` or `refuse`, then every finding's rule; in brackets the offices a hold wants, or the
//! enhanced code of a refusal.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use bedel::decide::policy::{Facts, Link, Policy, decide};
use bedel::mail::{Address, Timestamp};
use bedel::model::{Arming, Ask, Author, Decision, Finding, Proof};

fn address(text: &str) -> Address {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn now() -> Timestamp {
    Timestamp::from_micros(1_795_489_514_000_000)
}

fn number(text: &str) -> u32 {
    text.trim().parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// `host/path?name=value&…`.
fn link(text: &str) -> Link {
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let parameters = query.split('&').filter_map(|pair| pair.split_once('='));
    Link {
        host: host.to_owned(),
        path: format!("/{path}"),
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    }
}

fn facts(lines: &[&str], policy: &Policy) -> Facts {
    let mut facts = Facts {
        at: Some(now()),
        ..Facts::default()
    };
    for line in lines {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "author" => {
                facts.author = Some(Author {
                    address: address(rest),
                    proof: Proof::Login,
                });
                facts.reverse_path = Some(address(rest));
                facts.from = vec![address(rest)];
            }
            "nobody" => facts.author = None,
            "mail-from" => facts.reverse_path = (rest != "<>").then(|| address(rest)),
            "from" => facts.from = rest.split_whitespace().map(address).collect(),
            "to" => facts.recipients.push((address(rest), policy.place(&address(rest)))),
            "answers" => facts.answers_to = Some(address(rest)),
            "outside-many" | "campus-many" => {
                let domain = if word == "outside-many" {
                    "outside.example"
                } else {
                    "mst.example"
                };
                for n in 0..number(rest) {
                    let one = address(&format!("p{n}@{domain}"));
                    facts.recipients.push((one.clone(), policy.place(&one)));
                }
            }
            "group" => {
                let (campus, outside) = rest.split_once(' ').expect("campus and outside");
                (facts.group.campus, facts.group.outside) = (number(campus), number(outside));
            }
            "burst" => facts.group.burst = number(rest),
            "attested" => facts.group.is_attested = true,
            "nudged" => facts.group.is_nudged = true,
            "shown" => facts.letter.shown = number(rest),
            "in-thread" => facts.letter.is_in_thread = true,
            "calendar" => facts.letter.is_calendar = true,
            "automatic" => facts.letter.is_automatic = true,
            "words" => facts.letter.words = number(rest),
            "bytes" => facts.letter.bytes = u64::from(number(rest)),
            "html" => facts.letter.html_bytes = u64::from(number(rest)),
            "attachment" => facts.letter.attachments.push(rest.to_owned()),
            "link" => facts.letter.links.push(link(rest)),
            "teaches" => facts.class.teaches.push(rest.to_owned()),
            "classmate" => facts.class.members.push(address(rest)),
            "classmates" => {
                for n in 0..number(rest) {
                    let one = address(&format!("c{n}@mst.example"));
                    facts.recipients.push((one.clone(), policy.place(&one)));
                    facts.class.members.push(one);
                }
            }
            "class-list" => facts.class.by_list = number(rest),
            "closed" => facts.class.closed = Some(address(rest)),
            "attached" => facts.inside.attached = number(rest),
            "written" => facts.inside.written = number(rest),
            "known" => facts.inside.known = number(rest),
            "unreadable" => facts.inside.unreadable.push(rest.to_owned()),
            "bomb" => facts.inside.bomb = Some(rest.to_owned()),
            "steward" => facts.inside.of_steward = true,
            "repeat" => facts
                .repeats
                .push(now().minus(Duration::from_secs(u64::from(number(rest)) * 24 * 60 * 60))),
            "paced" => facts.pace.wait_until = Some(now()),
            "armed" => facts.armed = Some(Arming::Emergency),
            "drill" => facts.armed = Some(Arming::Drill),
            other => panic!("no such fact: {other}"),
        }
    }
    facts
}

fn told(decision: &Decision) -> String {
    let word = match decision {
        Decision::Pass(_) => "pass",
        Decision::Hold(_) => "hold",
        Decision::Refuse(_) => "refuse",
    };
    let findings = decision.findings().iter().map(finding);
    std::iter::once(word.to_owned())
        .chain(findings)
        .collect::<Vec<_>>()
        .join(" ")
}

fn finding(finding: &Finding) -> String {
    let detail = match &finding.ask {
        Ask::Note => String::new(),
        Ask::Hold { wants } if wants.is_empty() => String::new(),
        Ask::Hold { wants } => format!(
            "({})",
            wants.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        ),
        Ask::Refuse { subject, detail } => format!("(5.{subject}.{detail})"),
    };
    format!("{}{detail}", finding.rule)
}

#[test]
fn the_shipped_policy_decides_as_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let policy = bedel::config::load(&root.join("config"))
        .expect("the shipped settings")
        .policy;
    let mut cases = 0;
    let mut wrong: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(root.join("tests/verdicts")).expect("the folder") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a file of verdicts");
        for case in text.split("\n# ").map(|case| case.trim_start_matches("# ")) {
            let (title, rest) = case.split_once('\n').expect("a title and facts");
            let lines: Vec<&str> = rest.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            let (expected, lines) = lines.split_last().expect("facts and what is expected");
            let expected = expected
                .strip_prefix("expect ")
                .expect("the last line expects something");
            let decision = decide(&facts(lines, &policy), &policy);
            if told(&decision) != expected {
                let file = path.display();
                wrong.push(format!(
                    "{file}: {title}\n  expected {expected}\n  found    {}",
                    told(&decision)
                ));
            }
            cases += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases >= 120, "only {cases} cases were found");
}
