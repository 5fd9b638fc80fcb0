//! Who is in, who is out, and why.

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::model::{
    Affiliation, Basis, Caps, Consent, ConsentRule, ContactId, Got, Lane, MailingId, Selection, Series,
    SuppressionReason, UnderWay,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// Nobody has got anything yet.
const NONE: Pressure<'_> = Pressure {
    got: &|_, _| Some(Vec::new()),
    under_way: &UnderWay::new(),
};
const MARKETING: Purpose = Purpose {
    category: Category::Marketing,
    is_emergency: false,
};

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

fn none() -> Suppressions {
    suppressions([])
}

fn suppressions<const N: usize>(known: [(String, Suppression); N]) -> Suppressions {
    let marker = Marker::new(&[7; 32]);
    let by_mark = known.into_iter().map(|(address, why)| (marker.mark(&address), why));
    Suppressions::new(by_mark.collect(), marker)
}

fn expanded(audience: &Audience, suppressions: &Suppressions, contacts: Vec<Contact>) -> Expansion {
    let walk = Walk::new(audience, MARKETING, suppressions, NONE, at(100));
    let counted = count(
        Walk::new(audience, MARKETING, suppressions, NONE, at(100)),
        contacts.iter().cloned().map(Ok::<_, Infallible>),
        &[],
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
    let expansion = expanded(&audience, &none(), contacts);
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
    let expansion = expanded(&audience, &none(), vec![both]);
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
    let suppressions = suppressions([("a@z.example".to_owned(), suppression)]);
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
        excluded(&contact, rule, MARKETING, None, at(100)).is_none(),
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
        Walk::new(
            &audience,
            Purpose::of(Category::Official, Lane::Official),
            &none(),
            NONE,
            at(0),
        ),
        contacts,
        &[],
    );
    assert_eq!((count.recipients, count.samples.len()), (20, 5));
    assert!(count.samples.iter().all(|sample| sample.email == "s•••@z•••.example"));
}

const DAY: i64 = 24 * 60 * 60;

fn id(number: u32) -> MailingId {
    MailingId {
        series: Series::Case,
        year: 2026,
        number,
    }
}

fn got(mailing: u32, category: Category, seconds: i64) -> Got {
    Got {
        mailing: id(mailing),
        category,
        at: at(seconds),
    }
}

/// What becomes of contact 1, who has had these copies and stands in these plans, on the 30th day.
#[track_caller]
fn capped(caps: Caps, category: Category, had: &[Got], under_way: &UnderWay) -> bool {
    let mut students = segment("student", ConsentRule::NotNeeded);
    students.caps = caps;
    let audience = lists(vec![students], &[]);
    let since = |_, since: Timestamp| Some(had.iter().filter(|got| got.at >= since).copied().collect());
    let pressure = Pressure { got: &since, under_way };
    let purpose = Purpose::of(category, Lane::Bulk);
    let suppressions = none();
    let mut walk = Walk::new(&audience, purpose, &suppressions, pressure, at(30 * DAY));
    match walk.meet(&contact(1, "a@z.example", "student")) {
        Verdict::Included => false,
        Verdict::Excluded(Exclusion::OverCap) => true,
        other @ (Verdict::Outside | Verdict::Excluded(_)) => panic!("{other:?}"),
    }
}

#[test]
fn who_has_had_enough_lately_is_left_out_of_all_but_critical_mail() {
    use Category::{Critical, Official, Survey};
    let week = Caps {
        week: Some(2),
        ..Caps::default()
    };
    let none = UnderWay::new();
    let fresh = got(1, Official, 24 * DAY);
    let old = got(2, Official, 22 * DAY);
    assert!(!capped(week, Official, &[fresh], &none));
    assert!(!capped(week, Official, &[fresh, old], &none));
    assert!(capped(week, Official, &[fresh, got(3, Survey, 25 * DAY)], &none));
    assert!(!capped(week, Critical, &[fresh, fresh], &none));
}

#[test]
fn what_is_on_its_way_counts_and_counts_once() {
    let week = Caps {
        week: Some(2),
        ..Caps::default()
    };
    let under_way = UnderWay::from([
        (id(7), (Category::Official, [ContactId(1)].into())),
        (id(8), (Category::Official, [ContactId(2)].into())),
    ]);
    assert!(!capped(week, Category::Official, &[], &under_way));
    assert!(!capped(
        week,
        Category::Official,
        &[got(7, Category::Official, 29 * DAY)],
        &under_way
    ));
    assert!(capped(
        week,
        Category::Official,
        &[got(6, Category::Official, 29 * DAY)],
        &under_way
    ));
}

#[test]
fn surveys_have_a_cap_of_their_own() {
    let surveys = Caps {
        survey_month: Some(1),
        ..Caps::default()
    };
    let had = [got(1, Category::Survey, 2 * DAY)];
    assert!(capped(surveys, Category::Survey, &had, &UnderWay::new()));
    assert!(!capped(surveys, Category::Event, &had, &UnderWay::new()));
    assert!(!capped(
        surveys,
        Category::Survey,
        &[got(1, Category::Event, 2 * DAY)],
        &UnderWay::new()
    ));
}

#[test]
fn an_emergency_leaves_out_nobody_but_dead_addresses() {
    let suppressed = |reason| Suppression {
        reason,
        at: at(1),
        contact: None,
        mailing: None,
        note: String::new(),
    };
    let suppressions = suppressions([
        ("gone@z.example".to_owned(), suppressed(SuppressionReason::HardBounce)),
        ("angry@z.example".to_owned(), suppressed(SuppressionReason::Complaint)),
    ]);
    let audience = lists(vec![segment("student", ConsentRule::OptIn)], &["angry@y.example"]);
    let purpose = Purpose::of(Category::Critical, Lane::Emergency);
    let walk = Walk::new(&audience, purpose, &suppressions, NONE, at(100));
    let contacts = ["gone@z.example", "angry@z.example"];
    let contacts = contacts
        .iter()
        .zip(1..)
        .map(|(email, id)| Ok::<_, Infallible>(contact(id, email, "student")));
    let Ok(expansion) = expand(walk, contacts);
    assert_eq!(emails(&expansion), ["angry@y.example", "angry@z.example"]);
}

#[test]
fn a_count_says_who_is_written_to_often() {
    let audience = lists(vec![segment("student", ConsentRule::NotNeeded)], &[]);
    let had = |contact: ContactId, _| {
        let copies = u32::try_from(contact.0 % 3).unwrap_or(0);
        Some((0..copies).map(|n| got(n, Category::Event, 0)).collect())
    };
    let under_way = UnderWay::new();
    let pressure = Pressure {
        got: &had,
        under_way: &under_way,
    };
    let suppressions = none();
    let walk = Walk::new(&audience, MARKETING, &suppressions, pressure, at(100));
    let contacts = (0..9).map(|n| Ok::<_, Infallible>(contact(n, &format!("s{n}@z.example"), "student")));
    let Ok(count) = count(walk, contacts, &[]);
    assert_eq!(count.pressed, BTreeMap::from([(1, 3), (2, 3)]));
}

/// One step of a month: a mailing is expanded, a copy leaves, or a mailing is closed.
#[derive(Debug, Clone, Copy)]
enum Step {
    Expand(bool),
    Deliver(usize),
    Close(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any::<bool>().prop_map(Step::Expand),
        any::<usize>().prop_map(Step::Deliver),
        any::<usize>().prop_map(Step::Deliver),
        any::<usize>().prop_map(Step::Close),
    ]
}

proptest! {
    /// Law of C11: whatever is released when, and however slowly it leaves, nobody gets more than their caps.
    #[test]
    fn caps_are_never_exceeded(steps in proptest::collection::vec((step(), 1i64..2 * DAY), 1..120)) {
        let caps = Caps { week: Some(2), month: Some(5), survey_month: Some(1) };
        let mut students = segment("student", ConsentRule::NotNeeded);
        students.caps = caps;
        let audience = lists(vec![students], &[]);
        let suppressions = none();
        let (mut had, mut under_way, mut now, mut number) = (Vec::<Got>::new(), UnderWay::new(), 0, 0);
        for (step, wait) in steps {
            now += wait;
            match step {
                Step::Expand(is_survey) => {
                    number += 1;
                    let category = if is_survey { Category::Survey } else { Category::Event };
                    let since = |_, since: Timestamp| Some(had.iter().filter(|got| got.at >= since).copied().collect());
                    let pressure = Pressure { got: &since, under_way: &under_way };
                    let purpose = Purpose::of(category, Lane::Bulk);
                    let mut walk = Walk::new(&audience, purpose, &suppressions, pressure, at(now));
                    if walk.meet(&contact(1, "a@z.example", "student")) == Verdict::Included {
                        under_way.insert(id(number), (category, [ContactId(1)].into()));
                    }
                }
                Step::Deliver(which) => {
                    let waiting: Vec<_> = under_way
                        .iter()
                        .filter(|(id, _)| had.iter().all(|got| got.mailing != **id))
                        .map(|(id, (category, _))| (*id, *category))
                        .collect();
                    if let Some((mailing, category)) = waiting.get(which % waiting.len().max(1)) {
                        had.push(Got { mailing: *mailing, category: *category, at: at(now) });
                    }
                }
                Step::Close(which) => {
                    let id = under_way.keys().nth(which % under_way.len().max(1)).copied();
                    id.map(|id| under_way.remove(&id));
                }
            }
        }
        for first in &had {
            let within = |days: i64, of: Option<Category>| {
                let end = first.at.plus(std::time::Duration::from_secs(u64::try_from(days * DAY).expect("positive")));
                let copies = had.iter().filter(|got| got.at >= first.at && got.at < end);
                copies.filter(|got| of.is_none_or(|of| of == got.category)).count()
            };
            prop_assert!(within(7, None) <= 2 && within(30, None) <= 5 && within(30, Some(Category::Survey)) <= 1);
        }
    }
}

#[test]
fn being_named_beside_a_list_does_not_stand_for_consent() {
    let audience = lists(vec![segment("student", ConsentRule::OptIn)], &["A@z.example"]);
    let expansion = expanded(&audience, &none(), vec![contact(1, "a@z.example", "student")]);
    assert_eq!(emails(&expansion), [""; 0]);
    assert_eq!(expansion.exclusions, BTreeMap::from([(Exclusion::NoConsent, 2)]));
}
