//! What follows from what came back, for the one recipient whose copy it was. Policy C4.
//!
//! | what came back | off campus | on campus |
//! |---|---|---|
//! | gone for good | not written to any more, at once | the master list is wrong: its office is told |
//! | full, unreachable, given up, unknown | counts, once a day; at 5 within 30 days, or 3 mailings in a row, not written to any more | the same, and its office is told |
//! | blocked, policy, content, spam | nothing: it is about us or the message, never the person | nothing |
//! | a complaint | no more of that list; after the second, no marketing | noted |
//! | a wish to get no more | no more of that list | no more of that list |
//!
//! A copy that arrived, and of which nothing came back for three days, starts the count anew.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::classify::Verdict;
use super::{Reading, Told};
use crate::mail::{Address, Status, Timestamp};
use crate::model::{BounceClass, Came, Got, MailingId, Scope, Soft, Suppression, SuppressionReason};

/// At so many points within [`COUNTED`] an address is not written to any more.
const POINTS_MAX: u32 = 5;
/// After so many mailings in a row, of which nothing arrived, on as many days.
const IN_A_ROW_MAX: usize = 3;
/// How long a point counts.
pub const COUNTED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long a copy must have been silent before it counts as arrived.
const SILENT: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// What a day has, for the count of one point a day.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// What came back of one copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// It was not delivered.
    Bounce {
        /// Why, and whether for good.
        verdict: Verdict,
        /// How much it counts when it may pass.
        weight: u8,
        /// Whether the next server said so at once, so that nobody further on has been heard.
        is_at_once: bool,
        /// What was said, on one line.
        said: String,
        /// The code that was said, such as 5.1.1; empty for none.
        code: String,
    },
    /// Its recipient complained of it.
    Complaint,
    /// Its recipient wants no more.
    Wish,
}

/// What is known of the recipient before it came.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The mailing the copy is of.
    pub mailing: MailingId,
    /// When it came back.
    pub at: Timestamp,
    /// Their address is one of the campus's own.
    pub is_on_campus: bool,
    /// Through which lists the copy came.
    pub lists: &'a [Address],
    /// What keeps mail from them already.
    pub suppressions: &'a [Suppression],
    /// What came back from them before and may pass.
    pub softs: &'a [Soft],
    /// Copies they got lately.
    pub got: &'a [Got],
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consequence {
    /// What is kept of it for its mailing.
    pub came: Option<Came>,
    /// The address is not to be written to: why, and how far.
    pub suppress: Option<(SuppressionReason, Vec<Scope>)>,
    /// It counts against the address.
    pub soft: Option<Soft>,
    /// The master list is wrong: its office is told.
    pub is_wrong_record: bool,
    /// It is noted in the trail, and nothing else follows.
    pub is_noted: bool,
}

/// What a message at a return path says of the copy whose token it bears; `None` when that is nothing.
pub fn back(reading: &Reading) -> Option<Back> {
    match reading {
        // It is believed of one recipient only; the worst that is said is theirs.
        Reading::Bounce(told) => told
            .iter()
            .max_by_key(|one| (one.hard, one.status.is_some()))
            .map(bounce),
        Reading::Complaint => Some(Back::Complaint),
        Reading::Wish => Some(Back::Wish),
        Reading::Delay(_) | Reading::Success(_) | Reading::Automatic | Reading::Loop | Reading::Nothing => None,
    }
}

/// What the next server's refusal says of it.
pub fn refused(status: &Status) -> Back {
    Back::Bounce {
        verdict: super::judge(status),
        weight: weight(super::judge(status).class, &status.text),
        is_at_once: true,
        said: status.to_string(),
        code: status.enhanced_text(),
    }
}

fn bounce(told: &Told) -> Back {
    let said = told.status.as_ref().map(ToString::to_string);
    let text = told.status.as_ref().map_or("", |status| status.text.as_str());
    Back::Bounce {
        verdict: Verdict {
            class: told.class,
            hard: told.hard,
        },
        weight: weight(told.class, text),
        is_at_once: false,
        said: said.unwrap_or_else(|| told.class.word().to_owned()),
        code: told.status.as_ref().map(Status::enhanced_text).unwrap_or_default(),
    }
}

/// A full mailbox that nobody looks into is nearer to being gone.
fn weight(class: BounceClass, text: &str) -> u8 {
    let is_left_alone = class == BounceClass::Full && text.to_lowercase().contains("inactive");
    1 + u8::from(is_left_alone)
}

/// What follows from it.
pub fn follow(back: &Back, known: &Known<'_>) -> Consequence {
    match back {
        Back::Bounce {
            verdict,
            weight,
            is_at_once,
            ..
        } => {
            let consequence = match (verdict.hard, counts(verdict.class, *is_at_once)) {
                (true, _) => gone(known),
                (false, true) => may_pass(*weight, known),
                (false, false) => Consequence::default(),
            };
            Consequence {
                came: Some(Came::Bounced(verdict.class, verdict.hard)),
                ..consequence
            }
        }
        Back::Complaint if known.is_on_campus => Consequence {
            came: Some(Came::Complained),
            is_noted: true,
            ..Consequence::default()
        },
        Back::Complaint => suppressed(Came::Complained, SuppressionReason::Complaint, known),
        Back::Wish => suppressed(Came::Unsubscribed, SuppressionReason::Unsubscribed, known),
    }
}

fn suppressed(came: Came, reason: SuppressionReason, known: &Known<'_>) -> Consequence {
    Consequence {
        came: Some(came),
        suppress: Some((reason, reason.scopes(known.lists, known.suppressions))),
        ..Consequence::default()
    }
}

fn gone(known: &Known<'_>) -> Consequence {
    let is_known = known
        .suppressions
        .iter()
        .any(|one| one.reason == SuppressionReason::HardBounce);
    Consequence {
        suppress: (!known.is_on_campus && !is_known).then(|| (SuppressionReason::HardBounce, vec![Scope::Everything])),
        is_wrong_record: known.is_on_campus,
        ..Consequence::default()
    }
}

/// Whether a bounce of this class, which may pass, says anything of the mailbox. What the next server says at once of
/// roads and times is about the road from us.
fn counts(class: BounceClass, is_at_once: bool) -> bool {
    match class {
        BounceClass::Gone | BounceClass::Full | BounceClass::Unknown => true,
        BounceClass::Network | BounceClass::Expired => !is_at_once,
        BounceClass::Blocked | BounceClass::Policy | BounceClass::Content | BounceClass::Spam => false,
    }
}

fn may_pass(weight: u8, known: &Known<'_>) -> Consequence {
    let soft = Soft {
        at: known.at,
        mailing: known.mailing,
        weight,
    };
    let is_worn_out = is_worn_out(&[known.softs, &[soft]].concat(), known.got, known.at);
    let is_known = known
        .suppressions
        .iter()
        .any(|one| one.reason == SuppressionReason::Unreachable);
    Consequence {
        suppress: (is_worn_out && !known.is_on_campus && !is_known)
            .then(|| (SuppressionReason::Unreachable, vec![Scope::Everything])),
        is_wrong_record: is_worn_out && known.is_on_campus,
        soft: Some(soft),
        ..Consequence::default()
    }
}

/// Whether an address has failed so often that it is not to be written to.
fn is_worn_out(softs: &[Soft], got: &[Got], now: Timestamp) -> bool {
    let failed: BTreeSet<MailingId> = softs.iter().map(|soft| soft.mailing).collect();
    let arrived = got
        .iter()
        .filter(|got| !failed.contains(&got.mailing) && now.since(got.at) >= SILENT);
    let anew = arrived.map(|got| got.at).max();
    let counted: Vec<&Soft> = softs
        .iter()
        .filter(|soft| now.since(soft.at) <= COUNTED && anew.is_none_or(|anew| soft.at > anew))
        .collect();
    let mut by_day: BTreeMap<i64, u32> = BTreeMap::new();
    for soft in &counted {
        let day = by_day.entry(soft.at.as_micros().div_euclid(DAY)).or_default();
        *day = (*day).max(soft.weight.into());
    }
    let mailings: BTreeSet<MailingId> = counted.iter().map(|soft| soft.mailing).collect();
    let is_in_a_row = mailings.len() >= IN_A_ROW_MAX && by_day.len() >= IN_A_ROW_MAX;
    by_day.values().sum::<u32>() >= POINTS_MAX || is_in_a_row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Category, Series};

    fn day(day: u64) -> Timestamp {
        Timestamp::from_micros(0).plus(Duration::from_secs(day * 24 * 60 * 60 + 3_600))
    }

    fn mailing(number: u32) -> MailingId {
        MailingId {
            series: Series::Case,
            year: 2026,
            number,
        }
    }

    fn list() -> [Address; 1] {
        ["alumni@lists.mst.example".parse().expect("valid")]
    }

    fn bounced(class: BounceClass, hard: bool) -> Back {
        Back::Bounce {
            verdict: Verdict { class, hard },
            weight: 1,
            is_at_once: false,
            said: "550".into(),
            code: "5.0.0".into(),
        }
    }

    fn known(lists: &[Address], is_on_campus: bool) -> Known<'_> {
        Known {
            mailing: mailing(9),
            at: day(100),
            is_on_campus,
            lists,
            suppressions: &[],
            softs: &[],
            got: &[],
        }
    }

    /// In a word: what follows.
    fn word(back: &Back, known: &Known<'_>) -> &'static str {
        let consequence = follow(back, known);
        match (&consequence.suppress, consequence.is_wrong_record) {
            (Some((_, scopes)), false) if scopes == &[Scope::Everything] => "no mail",
            (Some(_), false) => "no more of the list",
            (None, true) => "its office is told",
            (None, false) if consequence.soft.is_some() => "counts",
            (None, false) if consequence.is_noted => "noted",
            (None, false) => "nothing",
            (Some(_), true) => "both",
        }
    }

    #[test]
    fn the_table_is_as_it_stands_at_the_top() {
        let lists = list();
        let off = known(&lists, false);
        let on = known(&lists, true);
        let rows = [
            (bounced(BounceClass::Gone, true), "no mail", "its office is told"),
            (bounced(BounceClass::Gone, false), "counts", "counts"),
            (bounced(BounceClass::Full, false), "counts", "counts"),
            (bounced(BounceClass::Blocked, false), "nothing", "nothing"),
            (bounced(BounceClass::Policy, false), "nothing", "nothing"),
            (bounced(BounceClass::Content, false), "nothing", "nothing"),
            (bounced(BounceClass::Spam, false), "nothing", "nothing"),
            (bounced(BounceClass::Network, false), "counts", "counts"),
            (bounced(BounceClass::Expired, false), "counts", "counts"),
            (bounced(BounceClass::Unknown, false), "counts", "counts"),
            (Back::Complaint, "no more of the list", "noted"),
            (Back::Wish, "no more of the list", "no more of the list"),
        ];
        for (back, off_campus, on_campus) in rows {
            assert_eq!(
                (word(&back, &off), word(&back, &on)),
                (off_campus, on_campus),
                "{back:?}"
            );
            assert!(follow(&back, &off).came.is_some(), "the mailing is told of each");
        }
    }

    #[test]
    fn a_road_that_is_closed_to_us_is_nobodys_mailbox() {
        for (text, word_of_it) in [
            ("Connection timed out", "nothing"),
            ("mailbox full", "counts"),
            ("No such user", "no mail"),
        ] {
            let status = Status {
                code: 550,
                enhanced: None,
                text: text.into(),
            };
            assert_eq!(word(&refused(&status), &known(&list(), false)), word_of_it, "{text}");
        }
        // What was put off to the end, with a word that reads like never.
        let given_up = Status::new(550, 4, 7, "given up; last: 450 4.1.1 User unknown");
        assert_eq!(word(&refused(&given_up), &known(&list(), false)), "counts");
    }

    /// Days and mailings of what came back before, copies that arrived, and whether one more today is too many.
    #[track_caller]
    fn check(before: &[(u64, u32)], got: &[(u64, u32)], is_too_many: bool) {
        let softs: Vec<Soft> = before
            .iter()
            .map(|(at, number)| Soft {
                at: day(*at),
                mailing: mailing(*number),
                weight: 1,
            })
            .collect();
        let got: Vec<Got> = got
            .iter()
            .map(|(at, number)| Got {
                mailing: mailing(*number),
                category: Category::Informational,
                topics: vec![],
                at: day(*at),
            })
            .collect();
        let lists = list();
        let known = Known {
            softs: &softs,
            got: &got,
            ..known(&lists, false)
        };
        let expected = if is_too_many { "no mail" } else { "counts" };
        assert_eq!(
            word(&bounced(BounceClass::Full, false), &known),
            expected,
            "{before:?} {got:?}"
        );
    }

    #[test]
    fn five_points_within_thirty_days_are_too_many() {
        check(&[(96, 9), (97, 9), (98, 9), (99, 9)], &[], true);
        check(&[(97, 9), (98, 9), (99, 9)], &[], false);
        check(&[(60, 9), (61, 9), (98, 9), (99, 9)], &[], false);
        // Of one day all are one.
        check(&[(99, 9), (99, 9), (99, 9), (99, 9), (98, 9)], &[], false);
    }

    #[test]
    fn three_mailings_in_a_row_are_too_many_on_three_days() {
        check(&[(80, 1), (90, 2)], &[], true);
        check(&[(90, 2)], &[], false);
        check(&[(100, 1), (100, 2), (100, 3)], &[], false);
    }

    #[test]
    fn a_copy_that_arrived_starts_the_count_anew() {
        check(&[(80, 1), (90, 2)], &[(95, 3)], false);
        check(&[(80, 1), (90, 2)], &[(85, 3)], false);
        check(&[(80, 1), (90, 2)], &[(70, 3)], true);
        // It came back itself, or is too fresh to tell.
        check(&[(80, 1), (90, 2)], &[(80, 1), (90, 2), (100, 9)], true);
        check(&[(80, 1), (90, 2)], &[(99, 3)], true);
    }

    #[test]
    fn a_full_mailbox_that_nobody_looks_into_counts_twice() {
        let status = Status::new(552, 2, 2, "The recipient's inbox is out of storage space and inactive");
        let Back::Bounce { weight, verdict, .. } = refused(&status) else {
            panic!("a bounce")
        };
        assert_eq!((weight, verdict.class), (2, BounceClass::Full));
    }

    #[test]
    fn who_is_suppressed_already_keeps_the_first_reason() {
        let dead = [Suppression {
            scope: Scope::Everything,
            reason: SuppressionReason::HardBounce,
            at: day(1),
            contact: None,
            mailing: None,
            note: String::new(),
        }];
        let lists = list();
        let known = Known {
            suppressions: &dead,
            ..known(&lists, false)
        };
        assert_eq!(word(&bounced(BounceClass::Gone, true), &known), "nothing");
    }
}
