//! What nouns are called, and how amounts and moments are said.

use super::*;
use crate::mail::{Envelope, ForwardPath};
use crate::model::lifecycle::{Pause, Submitted};
use crate::model::{
    Audience, Author, Capacity, Category, Content, Identity, Lane, Mailing, MailingId, Proof, Series, Tally,
};

fn english() -> Words {
    Words::of(&axum::http::HeaderMap::new())
}

#[test]
fn numbers_are_read_in_threes() {
    for (count, said) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
        assert_eq!(english().number(count), said);
    }
}

#[test]
fn a_span_is_said_in_its_largest_unit() {
    let check = |seconds, said| assert_eq!(english().how_long(Duration::from_secs(seconds)), said);
    check(59, "less than a minute");
    check(60, "1 minute");
    check(3 * 3600, "3 hours");
    check(47 * 3600, "47 hours");
    check(48 * 3600, "2 days");
}

#[test]
fn a_length_has_one_unit() {
    assert_eq!(english().bytes(1), "1 byte");
    assert_eq!(english().bytes(1_001), "2 KB");
    assert_eq!(english().bytes(2_340_000), "2.3 MB");
}

#[test]
fn a_moment_is_said_as_notices_say_it() {
    let at = Timestamp::from_micros(1_793_804_820_000_000);
    let zone = TimeZone::UTC;
    assert_eq!(english().moment(at, &zone), at.readable(&zone));
}

#[test]
fn a_selection_reads_as_a_sentence() {
    let keys = |key: &str, values: &[&str]| {
        BTreeMap::from([(key.to_owned(), values.iter().map(|&value| value.to_owned()).collect())])
    };
    let all = Selection {
        matches: keys("class", &["freshman", "sophomore"]),
        except: keys("campus", &["online"]),
    };
    assert_eq!(
        english().selection(&all),
        "class freshman or sophomore; but not campus online"
    );
}

/// Mail of somebody to somebody, passed.
fn passed() -> Submitted {
    let author = || "author@mst.example".parse().expect("an address");
    let to = ForwardPath::to("a@outside.example".parse().expect("an address"));
    Submitted::new(Mailing {
        id: MailingId {
            series: Series::Case,
            year: 2026,
            number: 1,
        },
        author: Author {
            address: author(),
            proof: Proof::Login,
        },
        envelope: Envelope::new(Some(author()), vec![to]).expect("somebody"),
        submitted_at: Timestamp::from_micros(0),
        version: 1,
        content: Content {
            sha256: [0; 32],
            bytes: 0,
        },
        subject: "x".into(),
        message_id: None,
        audience: Audience::Named,
        capacity: Capacity::Conveyed,
        category: Category::Official,
        lane: Lane::Official,
        identity: Identity::Keep,
    })
}

#[test]
fn a_state_is_called_the_same_wherever_people_read_it() {
    let now = Timestamp::from_micros(0);
    let released = || passed().pass(now, now).expect("conveyed");
    let leaving = || released().expand(1, BTreeMap::new(), now);
    let by = "emarcomm@mst.example".parse().expect("an address");
    let pause = Pause {
        by: None,
        at: now,
        why: String::new(),
    };
    let states = [
        State::Released(released()),
        State::Expanded(leaving()),
        State::Expanded(leaving().paused(pause)),
        State::Closed(leaving().close(Tally::default(), now)),
        State::Closed(leaving().stop(&by, Tally::default(), now)),
    ];
    for state in states {
        assert_eq!(english().tag(&state).word.to_lowercase(), state.in_words());
    }
}
