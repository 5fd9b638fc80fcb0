//! Laws of the rules, for every input.

use std::sync::Arc;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::model::{Author, Decision, Offices, Proof};

fn policy() -> Policy {
    Policy::new(
        vec!["mst.example".parse().expect("valid")],
        "lists.mst.example".parse().expect("valid"),
        Arc::new(Offices::default()),
        TimeZone::UTC,
    )
}

fn facts(recipients: &[u8], campus: u32, outside: u32, shown: u32, attached: u32, is_known: bool) -> Facts {
    let author: crate::mail::Address = "author@mst.example".parse().expect("valid");
    let addresses = [
        "a@mst.example",
        "b@outside.example",
        "nobody@lists.mst.example",
        "c@mst.example",
    ];
    let to = recipients
        .iter()
        .map(|n| addresses[usize::from(*n) % 4].parse().expect("valid"));
    let mut facts = Facts {
        author: is_known.then(|| Author {
            address: author.clone(),
            proof: Proof::Login,
        }),
        reverse_path: Some(author.clone()),
        from: vec![author],
        recipients: to
            .map(|one| {
                let place = policy().place(&one);
                (one, place)
            })
            .collect(),
        ..Facts::default()
    };
    facts.group.campus = campus;
    facts.group.outside = outside;
    facts.letter.shown = shown;
    facts.inside.attached = attached;
    facts
}

fn grade(decision: &Decision) -> u8 {
    match decision {
        Decision::Pass(_) => 0,
        Decision::Hold(_) => 1,
        Decision::Refuse(_) => 2,
    }
}

proptest! {
    #[test]
    fn no_order_of_facts_changes_what_is_decided(
        mut to in proptest::collection::vec(0u8..4, 1..8), campus in 0u32..120, outside in 0u32..60,
        shown in 0u32..60, attached in 0u32..60, is_known: bool, turn in 0usize..8,
    ) {
        let policy = policy();
        let before = decide(&facts(&to, campus, outside, shown, attached, is_known), &policy);
        let length = to.len();
        to.rotate_left(turn % length);
        to.reverse();
        let after = decide(&facts(&to, campus, outside, shown, attached, is_known), &policy);
        prop_assert_eq!(grade(&before), grade(&after));
    }

    #[test]
    fn a_lower_threshold_never_holds_less(
        campus in 0u32..120, outside in 0u32..60, shown in 0u32..60, attached in 0u32..60, lower in 0u32..25,
    ) {
        let (facts, shipped) = (facts(&[0, 1], campus, outside, shown, attached, true), policy());
        let mut strict = policy();
        strict.hidden.hold_at_outside -= lower.min(24);
        strict.hidden.hold_at_campus -= lower;
        strict.hidden.shown_max -= lower;
        strict.contact_data.addresses_at -= lower.min(24);
        prop_assert!(grade(&decide(&facts, &strict)) >= grade(&decide(&facts, &shipped)));
    }

    #[test]
    fn more_people_never_turn_a_hold_into_a_pass(campus in 0u32..120, outside in 0u32..60, more in 0u32..60) {
        let policy = policy();
        let before = decide(&facts(&[0, 1], campus, outside, 2, 0, true), &policy);
        let after = decide(&facts(&[0, 1], campus + more, outside + more, 2, 0, true), &policy);
        prop_assert!(grade(&after) >= grade(&before));
    }
}
