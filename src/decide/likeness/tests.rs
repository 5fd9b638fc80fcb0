//! Slices of one mailing are alike; letters on different things are not.

use super::*;
use crate::model::Sketch;

const PICNIC: &str = "We are pleased to invite you to the spring picnic of our department on the lawn behind the library. \
    There will be food and music, and a short talk on where the new laboratory stands. Please tell us by the end of \
    next week whether you are coming, and how many guests you bring along.";

fn of(subject: &str, text: &str) -> Likeness {
    Likeness::of(&Compared {
        subject,
        text,
        attachments: &[],
        names: &["ann".into(), "smith".into()],
        is_answer: false,
    })
}

#[track_caller]
fn check(one: &Likeness, other: &Likeness, alike: bool) {
    let shares = |a: Vec<u64>, b: Vec<u64>| a.iter().any(|key| b.contains(key));
    let by_body = one
        .sketch()
        .zip(other.sketch())
        .is_some_and(|(a, b)| shares(one.likely_keys(), other.likely_keys()) && a.is_like(b));
    assert_eq!(by_body || shares(one.sure_keys(), other.sure_keys()), alike);
}

#[test]
fn greeting_name_digits_links_quotes_and_signature_do_not_part_two_slices() {
    let one = of(
        "Picnic",
        &format!("Dear Ann,\n\n{PICNIC}\n\nhttps://mst.example/p?id=1\n\nBest regards,\nThe Dean\nRoom 12\n"),
    );
    let other = of(
        "Fwd: see you there",
        &format!(
            "Hello there Professor Smith!\n{PICNIC}\nhttps://mst.example/p?id=99812\n> what you wrote\n-- \nSomebody else\n"
        ),
    );
    check(&one, &other, true);
}

#[test]
fn a_name_merged_into_the_text_does_not_part_two_copies() {
    let merged = |name: &str, seat: &str| {
        of(
            "x",
            &format!(
                "Dear {name},\nyour seat {seat} at the annual dinner of the society is kept for you until Friday, {name}. {PICNIC}"
            ),
        )
    };
    check(&merged("Ann", "12"), &merged("Bartholomew", "7b"), true);
}

#[test]
fn different_texts_are_different() {
    let other = "The committee has looked at the budget of the coming year and asks every chair to send the numbers of \
        the current one, split by quarter, before the month is over, so that the provost can see what is left.";
    check(&of("Hello", PICNIC), &of("Hello", other), false);
}

#[test]
fn short_texts_and_short_subjects_say_too_little() {
    assert!(of("Hello", "Thanks, see you!").is_bare());
    assert!(of("Re: Fwd: meeting 3", "ok").is_bare());
}

#[test]
fn the_same_subject_will_do_whatever_was_put_before_it() {
    check(
        &of("Re: [dept] Your vote in the senate 1", "a"),
        &of("FWD: your vote in the senate, Ann", "b"),
        true,
    );
}

#[test]
fn the_subject_of_an_answer_is_not_its_own() {
    let answer = Likeness::of(&Compared {
        subject: "Re: the spring picnic of the department",
        text: "Yes.\n\nOn Monday the Dean wrote:\nWe are pleased to invite you to the spring picnic",
        attachments: &[],
        names: &[],
        is_answer: true,
    });
    assert!(answer.is_bare());
}

#[test]
fn the_same_thing_attached_makes_alike() {
    let with = |text| {
        Likeness::of(&Compared {
            subject: "",
            text,
            attachments: &[[7; 32]],
            names: &[],
            is_answer: true,
        })
    };
    check(&with("one"), &with("two"), true);
}

#[test]
fn capitals_are_not_all_there_is() {
    let shouted = PICNIC.to_uppercase();
    assert!(
        Likeness::of(&Compared {
            subject: "",
            text: &shouted,
            attachments: &[],
            names: &[],
            is_answer: false
        })
        .sketch()
        .is_some()
    );
}

#[test]
fn a_sketch_is_like_itself_and_unlike_another() {
    let (one, other) = (Sketch::of(0..100), Sketch::of(1_000..1_100));
    assert!(one.is_like(&one));
    assert!(!one.is_like(&other));
}

#[test]
fn sketches_share_as_many_minima_as_texts_share_triples() {
    let mut state = 1u64;
    let mut number = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        u16::try_from(mix(state) & 0xffff).expect("sixteen bits")
    };
    for (size, common) in [
        (20, 0),
        (20, 14),
        (200, 0),
        (200, 140),
        (1_000, 0),
        (1_000, 700),
        (1_000, 900),
    ] {
        let mut shared = 0;
        for _ in 0..200 {
            let both: Vec<u16> = (0..common).map(|_| number()).collect();
            let mut text = || {
                let own: Vec<u16> = (common..size).map(|_| number()).collect();
                Sketch::of(both.iter().chain(&own).copied())
            };
            let (one, other) = (text(), text());
            let same = one.minima().iter().zip(other.minima()).filter(|(a, b)| a == b).count();
            assert!(common > 0 || !one.is_like(&other), "{size} others share {same}");
            shared += same;
        }
        let expected = 200.0 * 64.0 * f64::from(common) / f64::from(2 * size - common);
        let off = (shared as f64 - expected) / (200.0 * 64.0);
        assert!(off.abs() < 0.03, "{common} of {size}: {shared} instead of {expected}");
    }
}
