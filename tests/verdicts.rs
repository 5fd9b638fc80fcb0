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
//! Facts: `author A` (also MAIL FROM and From, unless said), `nobody`, `mail-from A`, `from A …`, `to A`, `answers A`.
//! Expected: `pass`, `hold` or `refuse`, then every finding's rule; in brackets the offices a hold wants, or the
//! enhanced code of a refusal.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use bedel::decide::policy::{Facts, Policy, decide};
use bedel::mail::Address;
use bedel::model::{Ask, Author, Decision, Finding, Proof};

fn address(text: &str) -> Address {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn facts(lines: &[&str], policy: &Policy) -> Facts {
    let mut facts = Facts::default();
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
            assert_eq!(told(&decision), expected, "{}: {title}: {decision:#?}", path.display());
            cases += 1;
        }
    }
    assert!(cases >= 15, "only {cases} cases were found");
}
