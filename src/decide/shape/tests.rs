//! The shaper as a whole: what a copy waits for, and what replies do.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::time;
use proptest::prelude::*;

use super::*;
use crate::mail::{Status, Timestamp};
use crate::model::{Lane, MailingId, Series};

const SMARTHOST: &str = "127.0.0.1:2526";
const MINUTE: Duration = Duration::from_secs(60);

fn at(seconds: f64) -> Timestamp {
    // Noon of 1 December 2026, UTC.
    Timestamp::from_micros(1_796_126_400_000_000 + (seconds * 1e6) as i64)
}

fn rate(start: f64, max: f64) -> Option<Range<Rate>> {
    let rate = |copies| Rate::per_second(copies).expect("a rate");
    Some(Range {
        start: rate(start),
        max: rate(max),
    })
}

fn many(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).expect("not zero")
}

fn rule(name: &str, words: &str, means: Meaning, remedies: Vec<Remedy>) -> Rule {
    Rule {
        name: name.into(),
        pattern: Pattern::new(words).expect("words"),
        means,
        remedies,
        after: 1,
        sample: words.into(),
    }
}

fn provider(key: &str, limits: Limits, rules: Vec<Rule>) -> Provider {
    Provider {
        key: key.into(),
        name: key.into(),
        domains: vec![format!("{key}.example")],
        exchangers: vec![],
        sample_exchanger: None,
        limits,
        rules,
    }
}

fn settings() -> Settings {
    let big = Limits {
        connections: Some(Range {
            start: many(5),
            max: many(10),
        }),
        messages_per_connection: Some(many(50)),
        messages_per_second: rate(5.0, 50.0),
        ..Limits::default()
    };
    let recipe = vec![Remedy::Slow, Remedy::Silence(10 * MINUTE), Remedy::OneConnection];
    Settings {
        onward: Onward::Smarthost(SMARTHOST.into()),
        providers: vec![
            provider("big", big, vec![rule("unusual rate", "4.7.28", Meaning::Rate, recipe)]),
            provider("cold", Limits { warm_up: true, ..big }, vec![]),
        ],
        rules: vec![
            rule("throttled", "throttled", Meaning::Rate, Meaning::Rate.usual()),
            rule("blocklist", "blocked using", Meaning::Block, Meaning::Block.usual()),
        ],
        ..Settings::default()
    }
}

fn shaper() -> Shaper {
    Shaper::new(Arc::new(settings()))
}

fn claim(lane: Lane) -> Claim<'static> {
    Claim {
        mailing: Some(MailingId {
            series: Series::Case,
            year: 2026,
            number: 1,
        }),
        lane,
        pool: Pool::of(crate::model::Capacity::Initiated, lane),
        signing_domain: None,
    }
}

fn stream(shaper: &Shaper, domain: &str) -> Stream {
    shaper.stream(&domain.parse().expect("valid"), Pool::Mailings)
}

/// What a copy waits for, in words.
fn waits(shaper: &Shaper, domain: &str, lane: Lane, now: Timestamp) -> Option<String> {
    let stream = stream(shaper, domain);
    let binds = shaper.binds(&stream, &claim(lane), &[], now);
    binds.first().map(|binding| binding.sentence(shaper.settings()))
}

/// Lets a copy go if it may; whether it went.
fn goes(shaper: &mut Shaper, domain: &str, now: Timestamp) -> bool {
    let stream = stream(shaper, domain);
    let claim = claim(Lane::Bulk);
    let may = shaper.ask_sender(&claim, now).is_ok() && shaper.ask_receiver(&stream, &claim, &[], now).is_ok();
    if may {
        shaper.spend(&stream, &claim, now);
    }
    may
}

fn said(shaper: &mut Shaper, domain: &str, status: &Status, now: Timestamp) -> Heard {
    let stream = stream(shaper, domain);
    let trip = Trip {
        set_out: now,
        carried: 20,
    };
    shaper.refused(&stream, status, trip, now)
}

/// How many more connections there may be, when nothing else is in the way.
fn free_connections(shaper: &mut Shaper, to: &Stream) -> usize {
    let later = at(100_000.0);
    let mut more = 0;
    while shaper.ask_receiver(to, &claim(Lane::Bulk), &[], later).is_ok() {
        shaper.hold(&to.receivers);
        more += 1;
    }
    (0..more).for_each(|_| shaper.let_go(&to.receivers));
    more
}

fn unusual() -> Status {
    Status::new(421, 7, 28, "an unusual rate of mail")
}

#[test]
fn a_copy_waits_for_the_limit_that_binds_longest() {
    let mut shaper = shaper();
    let gone = (0..20).filter(|_| goes(&mut shaper, "big.example", at(0.0))).count();
    assert_eq!(gone, 5);
    let waits = waits(&shaper, "big.example", Lane::Bulk, at(0.0));
    assert_eq!(waits.as_deref(), Some("big: 5 a second"));
    assert!(
        goes(&mut shaper, "elsewhere.example", at(0.0)),
        "others do not wait for it"
    );
}

#[test]
fn nothing_is_spent_where_another_limit_refuses() {
    let mut shaper = shaper();
    (0..5).for_each(|_| assert!(goes(&mut shaper, "big.example", at(0.0))));
    (0..1_000).for_each(|_| assert!(!goes(&mut shaper, "big.example", at(0.0))));
    let others = (0..1_000)
        .filter(|_| goes(&mut shaper, "elsewhere.example", at(0.0)))
        .count();
    assert_eq!(
        others, 195,
        "all that is left of the two hundred a second for everything"
    );
}

#[test]
fn an_unusual_rate_is_silence_for_ten_minutes_then_one_connection_then_one_more_at_a_time() {
    let mut shaper = shaper();
    assert!(goes(&mut shaper, "big.example", at(0.0)));
    let heard = said(&mut shaper, "big.example", &unusual(), at(1.0));
    assert_eq!(
        (heard.rule.as_deref(), heard.is_about_the_flow()),
        (Some("unusual rate"), true)
    );
    assert_eq!(
        waits(&shaper, "big.example", Lane::Bulk, at(2.0)).as_deref(),
        Some("big: nothing until 1 Dec 2026 12:10, because of: 421 4.7.28 an unusual rate of mail (unusual rate)")
    );
    assert!(goes(&mut shaper, "elsewhere.example", at(2.0)), "only theirs");
    let big = stream(&shaper, "big.example");
    shaper.hold(&big.receivers);
    let trial = waits(&shaper, "big.example", Lane::Bulk, at(601.0)).expect("one connection tries");
    assert!(
        trial.starts_with("big: one connection tries whether it goes again"),
        "{trial}"
    );
    let mut allowed = Vec::new();
    for second in 601..=961 {
        shaper.taken(&big, at(f64::from(second)));
        if (second - 601) % 60 == 0 {
            allowed.push(1 + free_connections(&mut shaper, &big));
        }
    }
    // One more at a time, and no more than the pace bears, which was halved and recovers as well.
    assert_eq!(allowed, [1, 2, 3, 4, 4, 4, 5]);
}

#[test]
fn what_only_the_general_rules_know_slows_the_smarthost_that_said_it() {
    let mut shaper = shaper();
    said(
        &mut shaper,
        "big.example",
        &Status::new(450, 7, 1, "Throttled"),
        at(0.0),
    );
    let in_a_second = (0..1_000)
        .filter(|_| goes(&mut shaper, "elsewhere.example", at(1.0)))
        .count();
    assert_eq!(in_a_second, 100);
    let direct = Stream {
        host: Scope::Host("mx.big.example:25".into()),
        is_direct: true,
        ..stream(&shaper, "big.example")
    };
    let trip = Trip {
        set_out: at(2.0),
        carried: 1,
    };
    shaper.refused(&direct, &Status::new(450, 7, 1, "Throttled"), trip, at(2.0));
    let of_receiver = shaper
        .receivers()
        .find(|(scope, _)| **scope == Scope::Provider("big".into()));
    assert!(of_receiver.expect("it was slowed").1.is_slowed());
}

#[test]
fn a_blocklist_silences_them_and_pauses_the_mailing() {
    let mut shaper = shaper();
    let heard = said(
        &mut shaper,
        "big.example",
        &Status::new(554, 7, 1, "blocked using zen"),
        at(0.0),
    );
    assert_eq!(
        heard.pause.as_deref(),
        Some("big: 554 5.7.1 blocked using zen (blocklist)")
    );
    assert!(!heard.is_about_the_flow(), "the recipient has been refused");
    assert!(!goes(&mut shaper, "big.example", at(7_199.0)));
    assert!(goes(&mut shaper, "big.example", at(7_200.0)));
}

#[test]
fn a_rule_that_wants_five_within_an_hour_acts_at_the_fifth() {
    let mut settings = settings();
    settings.rules = vec![Rule {
        after: 5,
        ..rule("policy", "5.7.9", Meaning::Policy, vec![Remedy::Pause])
    }];
    let mut shaper = Shaper::new(Arc::new(settings));
    let status = Status::new(554, 7, 9, "not accepted");
    let pauses: Vec<bool> = (0..10)
        .map(|number| {
            said(&mut shaper, "big.example", &status, at(f64::from(number)))
                .pause
                .is_some()
        })
        .collect();
    assert_eq!(pauses.iter().position(|pauses| *pauses), Some(4));
    assert_eq!(pauses.iter().filter(|pauses| **pauses).count(), 2);
    let slowly = (0..5).map(|hour| {
        said(
            &mut shaper,
            "big.example",
            &status,
            at(10_000.0 + 4_000.0 * f64::from(hour)),
        )
    });
    assert!(slowly.collect::<Vec<_>>().iter().all(|heard| heard.pause.is_none()));
}

#[test]
fn a_cold_sender_waits_for_tomorrow_and_an_emergency_does_not() {
    let mut shaper = shaper();
    for number in 0..300 {
        assert!(goes(&mut shaper, "cold.example", at(f64::from(number))), "{number}");
    }
    assert_eq!(
        waits(&shaper, "cold.example", Lane::Bulk, at(400.0)).as_deref(),
        Some("cold: 300 today, while it gets to know us; next 2 Dec 2026 00:00")
    );
    assert_eq!(waits(&shaper, "cold.example", Lane::Emergency, at(400.0)), None);
    let tomorrow = at(12.0 * 3_600.0);
    assert_eq!(waits(&shaper, "cold.example", Lane::Bulk, tomorrow), None);
}

#[test]
fn hours_hold_back_their_lane_alone() {
    let mut settings = settings();
    settings.hours.bulk = Some(Window {
        from: time(13, 0, 0, 0),
        to: time(18, 0, 0, 0),
    });
    let shaper = Shaper::new(Arc::new(settings));
    let bulk = |now| waits(&shaper, "elsewhere.example", Lane::Bulk, now);
    assert_eq!(
        bulk(at(0.0)).as_deref(),
        Some("copies of this lane leave between 13:00 and 18:00; next 1 Dec 2026 13:00")
    );
    assert_eq!(bulk(at(3_600.0)), None);
    assert!(bulk(at(6.0 * 3_600.0)).expect("too late").ends_with("2 Dec 2026 13:00"));
    assert_eq!(waits(&shaper, "elsewhere.example", Lane::Official, at(0.0)), None);
}

#[test]
fn an_emergency_heeds_what_others_bear_and_not_our_own_caution() {
    let mut shaper = shaper();
    (0..200).for_each(|n| assert!(goes(&mut shaper, &format!("d{n}.example"), at(0.0))));
    assert!(
        !goes(&mut shaper, "another.example", at(0.0)),
        "all of a second is gone"
    );
    let emergency = claim(Lane::Emergency);
    assert_eq!(shaper.ask_sender(&emergency, at(0.0)), Ok(()));
    said(&mut shaper, "big.example", &unusual(), at(0.0));
    let big = stream(&shaper, "big.example");
    let binding = shaper
        .ask_receiver(&big, &emergency, &[], at(1.0))
        .expect_err("they bear nothing");
    assert_eq!(binding.limit.name(), "silence");
}

#[test]
fn after_a_restart_it_goes_on_where_it_was_and_after_a_crash_every_bucket_is_empty() {
    let mut before = shaper();
    (0..5).for_each(|_| assert!(goes(&mut before, "cold.example", at(0.0))));
    said(&mut before, "big.example", &unusual(), at(0.0));
    let kept = before.take_changed();
    assert_eq!(before.take_changed(), []);

    let mut clean = shaper();
    clean.restore(kept.clone(), None, at(1.0));
    assert!(!goes(&mut clean, "big.example", at(1.0)), "it is silent still");
    assert!(goes(&mut clean, "elsewhere.example", at(1.0)));
    assert!(goes(&mut clean, "cold.example", at(1.0)));

    let mut crashed = shaper();
    crashed.restore(kept, Some(Duration::from_secs(10)), at(1.0));
    assert!(!goes(&mut crashed, "big.example", at(1.0)));
    for domain in ["cold.example", "elsewhere.example"] {
        assert!(
            !goes(&mut crashed, domain, at(1.0)),
            "{domain}: what nobody remembers may have gone"
        );
        assert!(goes(&mut crashed, domain, at(1.2)), "{domain}");
    }
    let burst = (0..100).filter(|_| goes(&mut crashed, "cold.example", at(1.4))).count();
    assert_eq!(burst, 1, "no burst after a crash");
    let sent = crashed
        .receivers()
        .find(|(scope, _)| **scope == Scope::Provider("cold".into()));
    let today = at(1.4).local(&jiff::tz::TimeZone::UTC).date();
    assert_eq!(sent.expect("remembered").1.days.sent(today), 5 + 50 + 2);
}

fn people(of: &[(&str, u64)]) -> std::collections::BTreeMap<crate::mail::Domain, u64> {
    of.iter()
        .map(|(domain, count)| (domain.parse().expect("valid"), *count))
        .collect()
}

#[test]
fn a_forecast_counts_the_slice_its_wait_and_each_providers_own_pace() {
    let shaper = shaper();
    let plan = shaper.forecast(
        &people(&[("big.example", 1_000), ("elsewhere.example", 100)]),
        Lane::Bulk,
        at(0.0),
    );
    let (first, after) = plan.first.expect("it is large enough");
    // 181 of the slice go to the slow one, at five a second.
    assert_eq!((first, after), (200, at(36.2).plus(15 * MINUTE)));
    let ends: Vec<(&str, u64, u64)> = plan
        .legs
        .iter()
        .map(|leg| (leg.name.as_str(), leg.people, leg.ends.since(after).as_secs()))
        .collect();
    assert_eq!(ends, [("big", 1_000, 163), (OTHER_DOMAINS, 100, 0)]);
    assert_eq!(plan.ends, plan.legs[0].ends);
}

#[test]
fn a_forecast_of_a_cold_sender_takes_days() {
    let shaper = shaper();
    let plan = shaper.forecast(&people(&[("cold.example", 1_000)]), Lane::Bulk, at(0.0));
    // 300 and 360 in two days, the other 340 in the third at five a second.
    let third = at(0.0)
        .tomorrow(&jiff::tz::TimeZone::UTC)
        .tomorrow(&jiff::tz::TimeZone::UTC);
    assert_eq!(plan.ends, third.plus(Duration::from_secs(68)));
    let today = plan.legs[0].today.expect("it is counted");
    assert_eq!((today.left, today.is_warming_up), (300, true));
}

#[test]
fn a_forecast_of_few_or_of_an_emergency_has_no_slice() {
    let shaper = shaper();
    let few = shaper.forecast(&people(&[("elsewhere.example", 150)]), Lane::Bulk, at(0.0));
    assert_eq!((few.first, few.ends.since(at(0.0)).as_millis()), (None, 750));
    let many = people(&[("elsewhere.example", 50_000)]);
    let emergency = shaper.forecast(&many, Lane::Emergency, at(0.0));
    assert_eq!((emergency.first, emergency.ends), (None, at(250.0)));
    // Nor does a day's allowance hold it back, though the copies count.
    let cold = shaper.forecast(&people(&[("cold.example", 1_000)]), Lane::Emergency, at(0.0));
    assert_eq!((cold.ends, cold.legs[0].today), (at(200.0), None));
    let nobody = shaper.forecast(&people(&[]), Lane::Bulk, at(0.0));
    assert_eq!((nobody.first, nobody.ends, nobody.legs), (None, at(0.0), vec![]));
}

#[test]
fn a_forecast_waits_for_a_provider_that_is_left_alone() {
    let mut shaper = shaper();
    let begun = shaper.forecast(&people(&[("big.example", 100)]), Lane::Bulk, at(0.0));
    assert_eq!(begun.ends, at(20.0));
    said(&mut shaper, "big.example", &unusual(), at(0.0));
    let plan = shaper.forecast(
        &people(&[("big.example", 100), ("elsewhere.example", 10)]),
        Lane::Bulk,
        at(0.0),
    );
    let ends: Vec<(&str, u64)> = plan
        .legs
        .iter()
        .map(|leg| (leg.name.as_str(), leg.ends.since(at(0.0)).as_secs()))
        .collect();
    // Ten minutes of silence, then half the pace.
    assert_eq!(ends, [("big", 600 + 40), (OTHER_DOMAINS, 0)]);
}

#[test]
fn an_explanation_names_what_binds_and_how_everybody_stands() {
    let mut shaper = shaper();
    said(&mut shaper, "big.example", &unusual(), at(0.0));
    let told = shaper.explain(&"big.example".parse().expect("valid"), Lane::Bulk, at(60.0));
    assert_eq!(told.next(at(60.0)), at(600.0));
    assert_eq!(told.binds.len(), 1);
    let names: Vec<&str> = told.standings.iter().map(|standing| standing.name.as_str()).collect();
    assert_eq!(names, ["everything together", "mailings", SMARTHOST, "big"]);
    let big = told.standings.last().expect("the receiver");
    assert_eq!(
        (
            big.rate.map(|rate| rate.now.as_f64()),
            big.passage.word(),
            big.is_slowed
        ),
        (Some(2.5), "open", true)
    );
    let free = shaper.explain(&"elsewhere.example".parse().expect("valid"), Lane::Bulk, at(60.0));
    assert_eq!((free.binds.len(), free.next(at(60.0))), (0, at(60.0)));
}

#[test]
fn a_connection_to_a_next_hop_is_one_of_everything_together() {
    let mut shaper = shaper();
    let open = stream(&shaper, "big.example").of_connection();
    shaper.hold(&open);
    let in_use = |shaper: &Shaper| {
        let told = shaper.explain(&"elsewhere.example".parse().expect("valid"), Lane::Bulk, at(0.0));
        told.standings.first().map(|all| (all.name.clone(), all.in_use))
    };
    assert_eq!(in_use(&shaper), Some(("everything together".to_owned(), 1)));
    shaper.let_go(&open);
    assert_eq!(in_use(&shaper), Some(("everything together".to_owned(), 0)));
}

#[test]
fn domains_that_say_nothing_are_forgotten() {
    let mut shaper = shaper();
    assert!(goes(&mut shaper, "once.example", at(0.0)));
    assert!(goes(&mut shaper, "big.example", at(0.0)));
    shaper.take_changed();
    shaper.forget_idle(at(1.0));
    assert_eq!(shaper.receivers().count(), 3, "host, provider, domain");
    shaper.forget_idle(at(7_200.0));
    assert_eq!(shaper.receivers().count(), 2);
}

proptest! {
    /// Whoever asks when for whom: no limit is beaten, neither a provider's nor the one for everything together.
    #[test]
    fn no_limit_is_beaten(asked in prop::collection::vec((0u32..40_000, 0usize..3), 1..400)) {
        let mut settings = settings();
        settings.all.messages_per_second = rate(8.0, 8.0);
        let mut shaper = Shaper::new(Arc::new(settings));
        let domains = ["big.example", "cold.example", "elsewhere.example"];
        let mut now = 0.0;
        let mut gone: Vec<(f64, usize)> = Vec::new();
        for (gap, domain) in asked {
            now += f64::from(gap) / 1e6;
            if goes(&mut shaper, domains[domain], at(now)) {
                gone.push((now, domain));
            }
        }
        let keeps = |moments: Vec<f64>, per_second: f64| {
            moments.iter().enumerate().all(|(first, from)| {
                moments.iter().enumerate().skip(first).all(|(last, to)| (last - first + 1) as f64 <= per_second + per_second * (to - from) + 1e-3)
            })
        };
        prop_assert!(keeps(gone.iter().map(|(at, _)| *at).collect(), 8.0));
        for of in 0..2 {
            prop_assert!(keeps(gone.iter().filter(|(_, domain)| *domain == of).map(|(at, _)| *at).collect(), 5.0));
        }
    }
}
