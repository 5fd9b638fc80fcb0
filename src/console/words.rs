//! The nouns in words for people, and numbers as they read them.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::mail::Timestamp;
use crate::model::lifecycle::{End, Held, State};
use crate::model::{Act, Audience, Category, ConsentRule, Identity, Mailing, Proof, Selection};

/// A state as a page shows it: a word, and the class of its colour. The colour never stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    /// The class in the stylesheet.
    pub(super) class: &'static str,
    /// The word.
    pub(super) word: &'static str,
}

/// A moment, for people and for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct When {
    /// RFC 3339.
    pub(super) exact: String,
    /// As people read it, in their zone.
    pub(super) local: String,
}

/// The state of a mailing.
pub(super) fn tag(state: &State) -> Tag {
    let (class, word) = match state {
        State::Held(held) => return held_tag(held),
        State::Released(_) => ("going", "Released"),
        State::Expanded(expanded) if expanded.is_paused() => ("waiting", "Paused"),
        State::Expanded(_) => ("going", "Being sent"),
        State::Closed(closed) if closed.stopped_by().is_some() => ("ended", "Stopped"),
        State::Closed(_) => ("done", "Sent"),
        State::Ended(ended) => (
            "ended",
            match ended.end() {
                End::Declined => "Declined",
                End::Lapsed => "Lapsed",
                End::Withdrawn => "Withdrawn",
                End::Converted => "Made a request",
                End::Combined => "Combined",
            },
        ),
    };
    Tag { class, word }
}

fn held_tag(held: &Held) -> Tag {
    let (class, word) = if held.hold().returned().is_some() {
        ("ended", "Returned")
    } else if held.wants_agreement() {
        ("waiting", "Waits for its author")
    } else if held.wanting().is_empty() {
        ("ready", "Ready to release")
    } else {
        ("waiting", "Waits for approval")
    };
    Tag { class, word }
}

/// The moment in the reader's zone.
pub(super) fn when(at: Timestamp, zone: &TimeZone) -> When {
    When {
        exact: at.to_string(),
        local: at.readable(zone),
    }
}

/// How long, in the largest unit that says something.
pub(super) fn how_long(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    match minutes {
        0 => "less than a minute".to_owned(),
        1..=59 => counted(minutes, "minute", "minutes"),
        60..=2_879 => counted(minutes / 60, "hour", "hours"),
        _ => counted(minutes / 1_440, "day", "days"),
    }
}

/// `1 day`, `1,234 days`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// `412 of them got 2 of our mailings`, the most pressed first; three and more are one line. Policy C11.
pub(super) fn pressed(pressed: &BTreeMap<u32, u64>) -> Vec<String> {
    let sum = |range: (Bound<u32>, Bound<u32>)| pressed.range(range).map(|(_, people)| people).sum::<u64>();
    let exactly = |copies: u32| sum((Bound::Included(copies), Bound::Included(copies)));
    let lines = [
        (sum((Bound::Included(3), Bound::Unbounded)), "3 or more of our mailings"),
        (exactly(2), "2 of our mailings"),
        (exactly(1), "1 of our mailings"),
    ];
    let told = lines.into_iter().filter(|(people, _)| *people > 0);
    told.map(|(people, what)| format!("{} of them got {what}", number(people)))
        .collect()
}

/// With a comma before every third digit from the right.
pub(super) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length in the unit people use.
pub(super) fn bytes(length: u64) -> String {
    match length {
        0..1_000 => counted(length, "byte", "bytes"),
        1_000..1_000_000 => format!("{} KB", number(length.div_ceil(1_000))),
        _ => format!("{}.{} MB", number(length / 1_000_000), length % 1_000_000 / 100_000),
    }
}

/// The subject, or that there is none.
pub(super) fn subject(mailing: &Mailing) -> String {
    match mailing.subject.trim() {
        "" => "(no subject)".to_owned(),
        subject => subject.to_owned(),
    }
}

/// Whom it is for, in a few words.
pub(super) fn audience(mailing: &Mailing) -> String {
    let Audience::Lists { segments, people } = &mailing.audience else {
        let named = u64::try_from(mailing.envelope.forward_paths().len()).unwrap_or(u64::MAX);
        return format!("{} its author named", counted(named, "person", "people"));
    };
    let mut names: Vec<String> = segments.iter().map(|segment| segment.audience.clone()).collect();
    names.dedup();
    if !people.is_empty() {
        let beside = u64::try_from(people.len()).unwrap_or(u64::MAX);
        names.push(format!("{} named beside", counted(beside, "person", "people")));
    }
    names.join(" and ")
}

/// Who is in a list: `affiliation student; class freshman or sophomore; but not campus online`.
pub(super) fn selection(selection: &Selection) -> String {
    let keys = |keys: &BTreeMap<String, Vec<String>>| -> String {
        let each = keys
            .iter()
            .map(|(key, values)| format!("{key} {}", values.join(" or ")));
        each.collect::<Vec<_>>().join("; ")
    };
    match (keys(&selection.matches), keys(&selection.except)) {
        (all, none) if none.is_empty() => all,
        (all, but) => format!("{all}; but not {but}"),
    }
}

/// What a contact must have agreed to.
pub(super) fn consent(rule: ConsentRule) -> &'static str {
    match rule {
        ConsentRule::NotNeeded => "no consent needed",
        ConsentRule::NotWithdrawn => "only who has not said no",
        ConsentRule::OptIn => "only who has said yes",
    }
}

/// How we know who the author is.
pub(super) fn proof(proof: Proof) -> &'static str {
    match proof {
        Proof::Login => "signed in to this gateway",
        Proof::RelayHeader => "signed in to the campus mail server, which says so",
        Proof::AlignedSignature => "known by the signature of their own domain (DKIM)",
    }
}

/// What it is for.
pub(super) fn category(category: Category) -> &'static str {
    match category {
        Category::Critical => "critical",
        Category::Official => "official",
        Category::Informational => "informational",
        Category::Event => "event",
        Category::Survey => "survey",
        Category::Marketing => "marketing",
    }
}

/// Which From the copies bear.
pub(super) fn identity(identity: &Identity) -> String {
    match identity {
        Identity::Keep => "the author's own".to_owned(),
        Identity::List { name, address } => format!("{name} <{address}>"),
    }
}

/// What was done.
pub(super) fn act(act: Act) -> &'static str {
    match act {
        Act::Refused => "refused",
        Act::Held => "held",
        Act::Passed => "passed",
        Act::Approved => "approved",
        Act::Released => "released",
        Act::Returned => "returned",
        Act::Claimed => "taken on",
        Act::Scheduled => "scheduled",
        Act::Renewed => "another version",
        Act::Edited => "changed",
        Act::Agreed => "agreed to",
        Act::Tested => "tried",
        Act::KeptOut => "declined in part",
        Act::Combined => "combined",
        Act::Reminded => "reminded",
        Act::Declined => "declined",
        Act::Lapsed => "lapsed",
        Act::Withdrawn => "withdrawn",
        Act::Attested => "attested",
        Act::Converted => "made a request",
        Act::SurveyNamed => "survey named",
        Act::Armed => "second factor shown",
        Act::Emergency => "emergency",
        Act::Confirmed => "emergency confirmed",
        Act::Reviewed => "emergency read",
        Act::LetOut => "contact data let out",
        Act::Rosters => "rosters imported",
        Act::Expanded => "expanded",
        Act::Paused => "paused",
        Act::Resumed => "resumed",
        Act::Stopped => "stopped",
        Act::Closed => "closed",
        Act::Suppressed => "suppressed",
        Act::Imported => "imported",
        Act::LookedUp => "looked up",
        Act::Forgotten => "forgotten",
        Act::Account => "account",
        Act::Reloaded => "reloaded",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_threes() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_000), "1,000");
        assert_eq!(number(1_234_567), "1,234,567");
    }

    #[test]
    fn a_span_is_said_in_its_largest_unit() {
        assert_eq!(how_long(Duration::from_secs(59)), "less than a minute");
        assert_eq!(how_long(Duration::from_secs(60)), "1 minute");
        assert_eq!(how_long(Duration::from_secs(3 * 3600)), "3 hours");
        assert_eq!(how_long(Duration::from_secs(47 * 3600)), "47 hours");
        assert_eq!(how_long(Duration::from_secs(48 * 3600)), "2 days");
    }

    #[test]
    fn a_length_has_one_unit() {
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(1_001), "2 KB");
        assert_eq!(bytes(2_340_000), "2.3 MB");
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
        assert_eq!(selection(&all), "class freshman or sophomore; but not campus online");
    }
}
