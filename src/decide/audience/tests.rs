//! Who is in, who is out, and why.

use std::convert::Infallible;

use super::*;
use crate::model::{Affiliation, Basis, Consent, ConsentRule, ContactId, Selection, SuppressionReason};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// Nobody has got anything yet.
const NONE: Pressure<'_> = Pressure(&|_, _| 0);

fn contact(id: u64, email: &str, kind: &str) -> Contact {
    let affiliation = Affiliation {
        kind: kind.into(),
        unit: "physics".into(),
        source: "registrar".into(),
        source_key: id.to_string(),
        attributes: BTreeMap::from([("class".to_owned(), "freshman".to_owned())]),
    };
    Contact {
        id: ContactId(id),
        email: email.parse().expect("valid"),
        given_name: "Ann".into(),
        family_name: String::new(),
        country: String::new(),
        ferpa: false,
        affiliations: vec![affiliation],
        consents: vec![],
    }
}

fn segment(kind: &str, consent: ConsentRule) -> Segment {
    Segment {
        list: format!("{kind}s@lists.mst.example").parse().expect("valid"),
        audience: format!("{kind}s"),
        selection: Selection {
            matches: BTreeMap::from([("affiliation".into(), vec![kind.into()])]),
            except: BTreeMap::new(),
        },
        office: None,
        consent,
        caps: Default::default(),
    }
}

fn lists(segments: Vec<Segment>, people: &[&str]) -> Audience {
    Audience::Lists {
        segments,
        people: people.iter().map(|text| text.parse().expect("valid")).collect(),
    }
}

fn expanded(audience: &Audience, suppressions: &Suppressions, contacts: Vec<Contact>) -> Expansion {
    let walk = Walk::new(audience, Category::Marketing, suppressions, NONE, at(100));
    let counted = count(
        Walk::new(audience, Category::Marketing, suppressions, NONE, at(100)),
        contacts.iter().cloned().map(Ok::<_, Infallible>),
    );
    let Ok(expansion) = expand(walk, contacts.into_iter().map(Ok::<_, Infallible>));
    let Ok(counted) = counted;
    assert_eq!(counted.recipients, expansion.recipients.len() as u64);
    assert_eq!(counted.exclusions, expansion.exclusions);
    expansion
}

fn emails(expansion: &Expansion) -> Vec<String> {
    expansion
        .recipients
        .iter()
        .map(|recipient| recipient.address.to_string())
        .collect()
}

#[test]
fn only_who_matches_is_in_and_domains_stand_together() {
    let audience = lists(vec![segment("student", ConsentRule::NotNeeded)], &[]);
    let contacts = vec![
        contact(1, "a@z.example", "student"),
        contact(2, "b@y.example", "student"),
        contact(3, "c@z.example", "staff"),
        contact(4, "b@z.example", "Student"),
    ];
    let expansion = expanded(&audience, &Suppressions::new(), contacts);
    assert_eq!(emails(&expansion), ["b@y.example", "a@z.example", "b@z.example"]);
}

#[test]
fn one_person_in_two_lists_and_named_beside_them_gets_one_copy() {
    let mut both = contact(1, "a@z.example", "student");
    both.affiliations.push(Affiliation {
        kind: "staff".into(),
        ..both.affiliations[0].clone()
    });
    let audience = lists(
        vec![
            segment("student", ConsentRule::NotNeeded),
            segment("staff", ConsentRule::NotNeeded),
        ],
        &["A@z.example", "dean@z.example"],
    );
    let expansion = expanded(&audience, &Suppressions::new(), vec![both]);
    assert_eq!(emails(&expansion), ["a@z.example", "dean@z.example"]);
    assert_eq!(expansion.exclusions, BTreeMap::from([(Exclusion::Duplicate, 1)]));
}

#[test]
fn suppressions_go_before_everything() {
    let suppression = Suppression {
        reason: SuppressionReason::Unsubscribed,
        at: at(0),
        contact: None,
        mailing: None,
        note: String::new(),
    };
    let suppressions = Suppressions::from([("a@z.example".to_owned(), suppression)]);
    let audience = lists(vec![segment("student", ConsentRule::NotNeeded)], &["A@z.example"]);
    let expansion = expanded(&audience, &suppressions, vec![contact(1, "a@z.example", "student")]);
    assert_eq!(expansion.exclusions, BTreeMap::from([(Exclusion::Unsubscribed, 2)]));
}

fn consent(basis: Basis, at_seconds: i64, expires: Option<i64>) -> Consent {
    Consent {
        purpose: "marketing".into(),
        basis,
        at: at(at_seconds),
        source: "form".into(),
        expires_at: expires.map(at),
    }
}

#[track_caller]
fn check(rule: ConsentRule, consents: &[Consent], is_in: bool) {
    let mut contact = contact(1, "a@z.example", "student");
    contact.consents = consents.to_vec();
    assert_eq!(
        excluded(&contact, rule, Category::Marketing, None, at(100)).is_none(),
        is_in,
        "{rule:?} {consents:?}"
    );
}

#[test]
fn consent_counts_as_the_newest_record_says() {
    let (yes, no) = (consent(Basis::OptIn, 1, None), consent(Basis::Withdrawn, 2, None));
    check(ConsentRule::OptIn, &[], false);
    check(ConsentRule::OptIn, std::slice::from_ref(&yes), true);
    check(ConsentRule::OptIn, &[yes.clone(), no.clone()], false);
    check(ConsentRule::OptIn, &[no.clone(), consent(Basis::OptIn, 3, None)], true);
    check(ConsentRule::OptIn, &[consent(Basis::Implied, 1, Some(101))], true);
    check(ConsentRule::OptIn, &[consent(Basis::Implied, 1, Some(100))], false);
    check(
        ConsentRule::OptIn,
        &[Consent {
            purpose: "survey".into(),
            ..yes.clone()
        }],
        false,
    );
    check(
        ConsentRule::OptIn,
        &[Consent {
            purpose: "*".into(),
            ..yes.clone()
        }],
        true,
    );
    check(ConsentRule::NotWithdrawn, &[], true);
    check(ConsentRule::NotWithdrawn, &[yes, no.clone()], false);
    check(ConsentRule::NotNeeded, &[no], true);
}

#[test]
fn samples_are_few_and_show_nobody_who_asked_not_to_be_shown() {
    let audience = lists(vec![segment("student", ConsentRule::NotNeeded)], &[]);
    let contacts = (0..20).map(|n| {
        let mut contact = contact(n, &format!("s{n}@z.example"), "student");
        contact.ferpa = n % 2 == 0;
        Ok::<_, Infallible>(contact)
    });
    let Ok(count) = count(
        Walk::new(&audience, Category::Official, &Suppressions::new(), NONE, at(0)),
        contacts,
    );
    assert_eq!((count.recipients, count.samples.len()), (20, 5));
    assert!(count.samples.iter().all(|sample| sample.email == "s•••@z•••.example"));
}

#[test]
fn who_has_had_enough_lately_is_left_out_of_all_but_critical_mail() {
    let mut students = segment("student", ConsentRule::NotNeeded);
    students.caps.week = Some(2);
    let audience = lists(vec![students], &[]);
    let suppressions = Suppressions::new();
    let got = |copies: u32, category| {
        let pressure = move |_, since: Timestamp| if since == at(0) { copies } else { 0 };
        let week = at(7 * 24 * 60 * 60);
        let mut walk = Walk::new(&audience, category, &suppressions, Pressure(&pressure), week);
        walk.meet(&contact(1, "a@z.example", "student"))
    };
    assert_eq!(got(1, Category::Official), Verdict::Included);
    assert_eq!(got(2, Category::Official), Verdict::Excluded(Exclusion::OverCap));
    assert_eq!(got(2, Category::Critical), Verdict::Included);
}

#[test]
fn being_named_beside_a_list_does_not_stand_for_consent() {
    let audience = lists(vec![segment("student", ConsentRule::OptIn)], &["A@z.example"]);
    let expansion = expanded(
        &audience,
        &Suppressions::new(),
        vec![contact(1, "a@z.example", "student")],
    );
    assert_eq!(emails(&expansion), [""; 0]);
    assert_eq!(expansion.exclusions, BTreeMap::from([(Exclusion::NoConsent, 2)]));
}
