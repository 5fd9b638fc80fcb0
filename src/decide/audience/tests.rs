//! Who is in, who is out, and why.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::model::{
    About, Affiliation, Basis, Caps, ConsentRule, Contact, ContactId, Got, Lane, Listing, MailingId, Preference,
    Privacy, PrivacyFlag, Scope, Selection, Series, Standing, SuppressionReason, TopicId,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// Nobody has got anything yet.
static NONE: LazyLock<Pressure> = LazyLock::new(|| Pressure::none(at(100)));
const MARKETING: Purpose = Purpose {
    category: Category::Marketing,
    is_emergency: false,
};

fn listing(email: &str, kind: &str) -> Listing {
    Listing {
        source: "registrar".into(),
        source_key: email.into(),
        email: email.parse().expect("valid"),
        personal_email: None,
        given_name: "Ann".into(),
        family_name: String::new(),
        country: String::new(),
        privacy: Privacy::default(),
        affiliation: Affiliation {
            kind: kind.into(),
            unit: "physics".into(),
            attributes: BTreeMap::from([("class".to_owned(), "freshman".to_owned())]),
            from: None,
            until: None,
        },
        gone_at: None,
    }
}

fn contact(id: u64, email: &str, kind: &str) -> Contact {
    Contact {
        id: ContactId(id),
        listings: vec![listing(email, kind)],
        preferences: BTreeMap::new(),
        standings: vec![],
    }
}

fn flagged(flag: PrivacyFlag) -> Contact {
    let mut contact = contact(1, "a@z.example", "student");
    contact.listings[0].privacy = Privacy::default().with(flag);
    contact
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
        about: None,
        is_on_campus: false,
        is_sensitive: false,
        is_for_outsiders: false,
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
    let by_mark = known
        .into_iter()
        .map(|(address, why)| (marker.mark(&address), vec![why]));
    Suppressions::new(by_mark.collect(), marker)
}

fn asked<'a>(audience: &'a Audience, purpose: Purpose, suppressions: &'a Suppressions) -> Asked<'a> {
    Asked {
        audience,
        purpose,
        suppressions,
        pressure: &NONE,
        campus: &[],
        now: at(100),
    }
}

/// Expands and counts, which must come to the same.
fn expanded_as(asked: Asked<'_>, contacts: &[Contact]) -> Expansion {
    let (mut expanding, mut counting) = (Expanding::new(asked), Counting::new(asked));
    for contact in contacts {
        expanding.meet(&contact.glance());
        counting.meet(&contact.glance());
    }
    let ((expansion, prints), counted) = (expanding.end(), counting.end());
    assert_eq!(counted.prints, prints);
    assert_eq!(counted.recipients, expansion.recipients.len() as u64);
    assert_eq!(counted.exclusions, expansion.exclusions);
    expansion
}

fn counted(asked: Asked<'_>, contacts: impl IntoIterator<Item = Contact>) -> Count {
    let mut counting = Counting::new(asked);
    contacts
        .into_iter()
        .for_each(|contact| counting.meet(&contact.glance()));
    counting.end()
}

fn expanded(audience: &Audience, suppressions: &Suppressions, contacts: &[Contact]) -> Expansion {
    expanded_as(asked(audience, MARKETING, suppressions), contacts)
}

fn emails(expansion: &Expansion) -> Vec<String> {
    expansion
        .recipients
        .iter()
        .map(|(address, _)| address.to_string())
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
    let expansion = expanded(&audience, &none(), &contacts);
    assert_eq!(emails(&expansion), ["b@y.example", "a@z.example", "b@z.example"]);
}

#[test]
fn one_person_in_two_lists_and_named_beside_them_gets_one_copy() {
    let mut both = contact(1, "a@z.example", "student");
    both.listings.push(listing("a@z.example", "staff"));
    let audience = lists(
        vec![
            segment("student", ConsentRule::NotNeeded),
            segment("staff", ConsentRule::NotNeeded),
        ],
        &["A@z.example", "dean@z.example"],
    );
    let expansion = expanded(&audience, &none(), &[both]);
    assert_eq!(emails(&expansion), ["a@z.example", "dean@z.example"]);
    assert_eq!(expansion.exclusions, BTreeMap::from([(Exclusion::Duplicate, 1)]));
}

fn suppression(scope: Scope, reason: SuppressionReason) -> Suppression {
    Suppression {
        scope,
        reason,
        at: at(0),
        contact: None,
        mailing: None,
        note: String::new(),
    }
}

#[test]
fn suppressions_go_before_consent_and_reach_who_is_named_too() {
    let left = suppression(Scope::Everything, SuppressionReason::Unsubscribed);
    let suppressions = suppressions([("a@z.example".to_owned(), left)]);
    let audience = lists(vec![segment("student", ConsentRule::OptIn)], &["A@z.example"]);
    let expansion = expanded(&audience, &suppressions, &[contact(1, "a@z.example", "student")]);
    assert_eq!(expansion.exclusions, BTreeMap::from([(Exclusion::Unsubscribed, 2)]));
}

/// Policy C4: who has left one list gets the mail of others.
#[test]
fn who_left_a_list_is_left_out_of_that_list_alone() {
    let students: Address = "students@lists.mst.example".parse().expect("valid");
    let left = suppression(Scope::List(students), SuppressionReason::Unsubscribed);
    let suppressions = suppressions([("a@z.example".to_owned(), left)]);
    let mut both = contact(1, "a@z.example", "student");
    both.listings.push(listing("a@z.example", "staff"));
    let to = |kinds: &[&str]| {
        let segments = kinds.iter().map(|kind| segment(kind, ConsentRule::NotNeeded));
        expanded(&lists(segments.collect(), &[]), &suppressions, &[both.clone()])
    };
    assert_eq!(
        to(&["student"]).exclusions,
        BTreeMap::from([(Exclusion::Unsubscribed, 1)])
    );
    assert_eq!(emails(&to(&["staff"])), ["a@z.example"]);
    assert_eq!(emails(&to(&["student", "staff"])), ["a@z.example"]);
}

#[test]
fn a_person_is_kept_from_mail_at_each_of_their_addresses_and_dead_mailboxes_are_passed_over() {
    let mut ann = contact(1, "ann@z.example", "student");
    ann.listings[0].personal_email = Some("ann@gmail.com".parse().expect("valid"));
    let audience = lists(vec![segment("student", ConsentRule::NotNeeded)], &[]);
    let after = |address: &str, reason| {
        let known = suppressions([(address.to_owned(), suppression(Scope::Everything, reason))]);
        expanded(&audience, &known, &[ann.clone()])
    };
    let complained = after("a.n.n+x@gmail.com", SuppressionReason::Complaint);
    assert_eq!(complained.exclusions, BTreeMap::from([(Exclusion::Complaint, 1)]));
    let moved = after("ann@z.example", SuppressionReason::HardBounce);
    assert_eq!(emails(&moved), ["ann@gmail.com"]);
    let dead = suppression(Scope::Everything, SuppressionReason::HardBounce);
    let both = suppressions([
        ("ann@z.example".to_owned(), dead.clone()),
        ("ann@gmail.com".to_owned(), dead),
    ]);
    let gone = expanded(&audience, &both, &[ann]);
    assert_eq!(gone.exclusions, BTreeMap::from([(Exclusion::HardBounce, 1)]));
}

#[test]
fn the_campus_address_comes_first_on_campus_and_the_one_of_the_office_off_it() {
    let mut ann = contact(1, "ann@gmail.com", "alumnus");
    ann.listings.push(listing("ann@cs.mst.example", "student"));
    ann.listings.push(listing("ann@z.example", "donor"));
    let campus = ["mst.example".parse().expect("valid")];
    let none = none();
    let first = |kind: &str, is_on_campus: bool| {
        let mut segment = segment(kind, ConsentRule::NotNeeded);
        segment.is_on_campus = is_on_campus;
        let audience = lists(vec![segment], &[]);
        let campus = &campus[..];
        let asked = Asked {
            campus,
            ..asked(&audience, MARKETING, &none)
        };
        emails(&expanded_as(asked, std::slice::from_ref(&ann)))
    };
    assert_eq!(first("student", true), ["ann@cs.mst.example"]);
    assert_eq!(first("alumnus", false), ["ann@gmail.com"]);
    assert_eq!(first("donor", false), ["ann@z.example"]);
}

fn standing(basis: Basis, at_seconds: i64, expires: Option<i64>) -> Standing {
    Standing {
        purpose: "marketing".into(),
        basis,
        at: at(at_seconds),
        expires_at: expires.map(at),
    }
}

#[track_caller]
fn check(rule: ConsentRule, country: &str, standings: &[Standing], is_in: bool) {
    let mut contact = contact(1, "a@z.example", "student");
    contact.listings[0].country = country.into();
    contact.standings = standings.to_vec();
    let segment = segment("student", rule);
    let question = Question {
        segment: &segment,
        purpose: MARKETING,
        campus: &[],
        now: at(100),
    };
    let answer = question.ask(&contact.glance(), &|_| &[]).map(|_| ());
    let expected = if is_in { Ok(()) } else { Err(Exclusion::NoConsent) };
    assert_eq!(answer, expected, "{rule:?} {country} {standings:?}");
}

#[test]
fn consent_counts_as_the_newest_word_says() {
    use ConsentRule::{NotNeeded, NotWithdrawn, OptIn};
    let (yes, no) = (standing(Basis::OptIn, 1, None), standing(Basis::Withdrawn, 2, None));
    check(OptIn, "US", &[], false);
    check(OptIn, "US", std::slice::from_ref(&yes), true);
    check(OptIn, "US", &[yes.clone(), no.clone()], false);
    check(OptIn, "US", &[no.clone(), standing(Basis::OptIn, 3, None)], true);
    check(OptIn, "US", &[standing(Basis::Implied, 1, Some(101))], true);
    check(OptIn, "US", &[standing(Basis::Implied, 1, Some(100))], false);
    check(NotWithdrawn, "US", &[], true);
    check(NotWithdrawn, "US", &[yes, no.clone()], false);
    check(NotNeeded, "US", &[no], true);
}

#[test]
fn abroad_the_law_wants_a_yes_to_what_promotes() {
    use ConsentRule::NotWithdrawn;
    check(NotWithdrawn, "gb", &[], false);
    check(NotWithdrawn, "GB", &[standing(Basis::OptIn, 1, None)], true);
    check(NotWithdrawn, "DE", &[standing(Basis::Implied, 1, Some(101))], false);
    check(NotWithdrawn, "CA", &[standing(Basis::Implied, 1, Some(101))], true);
    check(NotWithdrawn, "CA", &[], false);
}

#[track_caller]
fn left_out(contact: Contact, change: impl Fn(&mut Segment), purpose: Purpose, expected: Option<Exclusion>) {
    let mut segment = segment("student", ConsentRule::NotNeeded);
    change(&mut segment);
    let audience = lists(vec![segment], &[]);
    let none = none();
    let expansion = expanded_as(asked(&audience, purpose, &none), &[contact]);
    assert_eq!(expansion.exclusions.into_keys().next(), expected);
}

#[test]
fn what_the_law_and_the_person_ask_is_kept_in_mind() {
    let (official, survey) = (
        Purpose::of(Category::Official, Lane::Official),
        Purpose::of(Category::Survey, Lane::Bulk),
    );
    let emergency = Purpose::of(Category::Critical, Lane::Emergency);
    let as_it_is = |_: &mut Segment| {};
    let for_outsiders = |segment: &mut Segment| segment.is_for_outsiders = true;
    for flag in [PrivacyFlag::Deceased, PrivacyFlag::DoNotContact] {
        left_out(flagged(flag), as_it_is, official, Some(Exclusion::DoNotContact));
        left_out(flagged(flag), as_it_is, emergency, Some(Exclusion::DoNotContact));
    }
    left_out(flagged(PrivacyFlag::Ferpa), as_it_is, official, None);
    left_out(
        flagged(PrivacyFlag::Ferpa),
        for_outsiders,
        official,
        Some(Exclusion::Protected),
    );
    left_out(flagged(PrivacyFlag::Minor), as_it_is, official, None);
    for asking in [MARKETING, survey] {
        left_out(
            flagged(PrivacyFlag::Minor),
            as_it_is,
            asking,
            Some(Exclusion::Protected),
        );
    }
    let nowhere = contact(1, "a@mail.invalid", "student");
    left_out(nowhere, as_it_is, emergency, Some(Exclusion::InvalidAddress));
}

#[test]
fn who_chose_the_digest_gets_the_digest_alone() {
    let topic = TopicId("events".into());
    let about = |is_digest| {
        let topic = topic.clone();
        move |segment: &mut Segment| {
            let topic = topic.clone();
            segment.about = Some(About { topic, is_digest });
        }
    };
    let chose = |preference| {
        let mut contact = contact(1, "a@z.example", "student");
        contact.preferences.insert(topic.clone(), preference);
        contact
    };
    let otherwise = Some(Exclusion::Preference);
    left_out(chose(Preference::Digest), about(true), MARKETING, None);
    left_out(chose(Preference::Digest), about(false), MARKETING, otherwise);
    left_out(chose(Preference::No), about(true), MARKETING, otherwise);
    left_out(chose(Preference::Yes), about(false), MARKETING, None);
}

#[test]
fn an_affiliation_that_is_over_or_listed_no_more_does_not_count() {
    let audience = lists(vec![segment("student", ConsentRule::NotNeeded)], &[]);
    let mut contacts = vec![contact(1, "a@z.example", "student"); 4];
    contacts[1].listings[0].affiliation.until = Some(at(100));
    contacts[2].listings[0].affiliation.from = Some(at(101));
    contacts[3].listings[0].gone_at = Some(at(1));
    let expansion = expanded(&audience, &none(), &contacts);
    assert_eq!((expansion.recipients.len(), expansion.exclusions.len()), (1, 0));
}

#[test]
fn nobody_of_a_sensitive_audience_is_a_sample() {
    let mut hushed = segment("student", ConsentRule::NotNeeded);
    hushed.is_sensitive = true;
    let audience = lists(vec![hushed], &[]);
    let none = none();
    let count = counted(
        asked(&audience, MARKETING, &none),
        [contact(1, "a@z.example", "student")],
    );
    assert_eq!((count.recipients, count.samples.len()), (1, 0));
}

#[test]
fn samples_are_few_and_show_nobody_who_asked_not_to_be_shown() {
    let audience = lists(vec![segment("student", ConsentRule::NotNeeded)], &[]);
    let contacts = (0..20).map(|n| {
        let mut contact = contact(n, &format!("s{n}@z.example"), "student");
        contact.listings[0].privacy = (n % 2 == 0).then_some(PrivacyFlag::Ferpa).into_iter().collect();
        contact
    });
    let (official, none) = (Purpose::of(Category::Official, Lane::Official), none());
    let count = counted(asked(&audience, official, &none), contacts);
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
        topics: vec![TopicId("events".into())],
        at: at(seconds),
    }
}

/// What contact 1 has had, seen on the 30th day.
fn pressure(had: &[Got]) -> Pressure {
    let mut pressure = Pressure::none(at(30 * DAY));
    had.iter().for_each(|got| pressure.add(got, [ContactId(1)].into_iter()));
    pressure
}

/// Whether contact 1, who has had these copies, gets no further one on the 30th day.
#[track_caller]
fn capped(caps: Caps, category: Category, had: &[Got]) -> bool {
    let mut students = segment("student", ConsentRule::NotNeeded);
    students.caps = caps;
    students.about = Some(About {
        topic: TopicId("events".into()),
        is_digest: false,
    });
    let audience = lists(vec![students], &[]);
    let (suppressions, pressure) = (none(), pressure(had));
    let asked = Asked {
        pressure: &pressure,
        now: at(30 * DAY),
        ..asked(&audience, Purpose::of(category, Lane::Bulk), &suppressions)
    };
    match Walk::new(asked).meet(&contact(1, "a@z.example", "student").glance()) {
        Verdict::Included(_) => false,
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
    let (fresh, old) = (got(1, Official, 24 * DAY), got(2, Official, 22 * DAY));
    assert!(!capped(week, Official, std::slice::from_ref(&fresh)));
    assert!(!capped(week, Official, &[fresh.clone(), old]));
    let both = [fresh.clone(), got(3, Survey, 25 * DAY)];
    assert!(capped(week, Official, &both));
    assert!(!capped(week, Critical, &both));
    assert!(!capped(week, Official, &[fresh, got(4, Critical, 25 * DAY)]));
}

#[test]
fn surveys_and_topics_have_caps_of_their_own() {
    let surveys = Caps {
        survey_month: Some(1),
        ..Caps::default()
    };
    let (survey, event) = ([got(1, Category::Survey, 2 * DAY)], [got(1, Category::Event, 2 * DAY)]);
    assert!(capped(surveys, Category::Survey, &survey));
    assert!(!capped(surveys, Category::Event, &survey));
    assert!(!capped(surveys, Category::Survey, &event));
    let topics = Caps {
        topic_month: Some(1),
        ..Caps::default()
    };
    assert!(capped(topics, Category::Event, &event));
    let elsewhere = Got {
        topics: vec![TopicId("sports".into())],
        ..event[0].clone()
    };
    assert!(!capped(topics, Category::Event, &[elsewhere]));
}

#[test]
fn an_emergency_leaves_out_nobody_but_dead_addresses() {
    let suppressed = |reason| suppression(Scope::Everything, reason);
    let suppressions = suppressions([
        ("gone@z.example".to_owned(), suppressed(SuppressionReason::HardBounce)),
        ("angry@z.example".to_owned(), suppressed(SuppressionReason::Complaint)),
    ]);
    let audience = lists(vec![segment("student", ConsentRule::OptIn)], &["angry@y.example"]);
    let purpose = Purpose::of(Category::Critical, Lane::Emergency);
    let contacts = ["gone@z.example", "angry@z.example"].iter().zip(1..);
    let contacts: Vec<Contact> = contacts.map(|(email, id)| contact(id, email, "student")).collect();
    let expansion = expanded_as(asked(&audience, purpose, &suppressions), &contacts);
    assert_eq!(emails(&expansion), ["angry@y.example", "angry@z.example"]);
}

#[test]
fn a_count_says_who_is_written_to_often() {
    let audience = lists(vec![segment("student", ConsentRule::NotNeeded)], &[]);
    let mut pressure = Pressure::none(at(100));
    for number in 0..2 {
        let who = (0..9).filter(|id| id % 3 > u64::from(number)).map(ContactId);
        pressure.add(&got(number, Category::Event, 0), who);
    }
    let suppressions = none();
    let asked = Asked {
        pressure: &pressure,
        ..asked(&audience, MARKETING, &suppressions)
    };
    let count = counted(asked, (0..9).map(|n| contact(n, &format!("s{n}@z.example"), "student")));
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
        let caps = Caps { week: Some(2), month: Some(5), survey_month: Some(1), topic_month: None };
        let mut students = segment("student", ConsentRule::NotNeeded);
        students.caps = caps;
        let audience = lists(vec![students], &[]);
        let suppressions = none();
        // Planned and not yet over; each with the moment its copy left, if it did.
        let mut under_way: Vec<(Got, Option<Timestamp>)> = Vec::new();
        let (mut had, mut over, mut now, mut number) = (Vec::<Got>::new(), Vec::<Got>::new(), 0, 0);
        for (step, wait) in steps {
            now += wait;
            match step {
                Step::Expand(is_survey) => {
                    number += 1;
                    let category = if is_survey { Category::Survey } else { Category::Event };
                    let mut pressure = Pressure::none(at(now));
                    for got in &over {
                        pressure.add(got, [ContactId(1)].into_iter());
                    }
                    for (got, _) in &under_way {
                        pressure.add(&Got { at: at(now), ..got.clone() }, [ContactId(1)].into_iter());
                    }
                    let purpose = Purpose::of(category, Lane::Bulk);
                    let asked = Asked {
                        pressure: &pressure,
                        now: at(now),
                        ..asked(&audience, purpose, &suppressions)
                    };
                    let contact = contact(1, "a@z.example", "student");
                    if matches!(Walk::new(asked).meet(&contact.glance()), Verdict::Included(_)) {
                        under_way.push((got(number, category, now), None));
                    }
                }
                Step::Deliver(which) => {
                    let mut waiting: Vec<_> = under_way.iter_mut().filter(|(_, left)| left.is_none()).collect();
                    let which = which % waiting.len().max(1);
                    if let Some((got, left)) = waiting.get_mut(which) {
                        *left = Some(at(now));
                        had.push(Got { at: at(now), ..got.clone() });
                    }
                }
                Step::Close(which) => {
                    if !under_way.is_empty() {
                        let (got, left) = under_way.remove(which % under_way.len());
                        // Kept at the last moment of its day, or a little later than it was.
                        over.extend(left.map(|left| Got { at: left.plus(std::time::Duration::from_secs(3_000)), ..got }));
                    }
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
    let expansion = expanded(&audience, &none(), &[contact(1, "a@z.example", "student")]);
    assert_eq!(emails(&expansion), [""; 0]);
    assert_eq!(expansion.exclusions, BTreeMap::from([(Exclusion::NoConsent, 2)]));
}

#[test]
fn who_drops_out_before_their_turn_gets_none() {
    let audience = lists(vec![segment("student", ConsentRule::OptIn)], &[]);
    let mut ann = contact(1, "a@z.example", "student");
    ann.standings = vec![standing(Basis::OptIn, 1, None)];
    let to: Address = "a@z.example".parse().expect("valid");
    let students: Address = "students@lists.mst.example".parse().expect("valid");
    let ask = |contact: Option<&Contact>, known: &[Suppression]| {
        let glance = contact.map(Contact::glance);
        let to = (to.mailbox(), glance.as_ref());
        dropped_out(&audience, MARKETING, to, &|_| known, at(100))
    };
    assert_eq!(ask(Some(&ann), &[]), None);
    let left = [suppression(Scope::List(students), SuppressionReason::Unsubscribed)];
    assert_eq!(ask(Some(&ann), &left), Some(Exclusion::Unsubscribed));
    assert_eq!(ask(None, &left), Some(Exclusion::Unsubscribed), "named beside the list");
    let dead = [suppression(Scope::Everything, SuppressionReason::HardBounce)];
    assert_eq!(ask(Some(&ann), &dead), Some(Exclusion::HardBounce));
    ann.listings[0].gone_at = Some(at(50));
    assert_eq!(ask(Some(&ann), &[]), None, "was approved while they were in it");
    ann.standings.push(standing(Basis::Withdrawn, 60, None));
    assert_eq!(ask(Some(&ann), &[]), Some(Exclusion::NoConsent));
}
