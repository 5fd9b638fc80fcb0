//! The nouns in words for people, and numbers as they read them.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Key, Words};
use crate::mail::Timestamp;
use crate::model::lifecycle::{End, Held, State};
use crate::model::{Act, Audience, Category, ConsentRule, Exclusion, Identity, Mailing, Proof, Selection};
use crate::stage::review::Level;

/// A state as a page shows it: a word, and the class of its colour. The colour never stands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::console) struct Tag {
    /// The class in the stylesheet.
    pub(in crate::console) class: &'static str,
    /// The word.
    pub(in crate::console) word: String,
}

/// A moment, for people and for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::console) struct When {
    /// RFC 3339.
    pub(in crate::console) exact: String,
    /// As people read it, in their zone.
    pub(in crate::console) local: String,
}

impl Words {
    /// The state of a mailing.
    pub(in crate::console) fn tag(self, state: &State) -> Tag {
        let (class, key) = match state {
            State::Held(held) => held_tag(held),
            State::Released(_) => ("going", Key("state-released")),
            State::Expanded(expanded) if expanded.is_paused() => ("waiting", Key("state-paused")),
            State::Expanded(_) => ("going", Key("state-expanded")),
            State::Closed(closed) if closed.stopped_by().is_some() => ("ended", Key("state-stopped")),
            State::Closed(_) => ("done", Key("state-closed")),
            State::Ended(ended) => ("ended", end(ended.end())),
        };
        Tag {
            class,
            word: self.say(key).into(),
        }
    }

    /// The moment in the reader's zone.
    pub(in crate::console) fn when(self, at: Timestamp, zone: &TimeZone) -> When {
        When {
            exact: at.to_string(),
            local: self.moment(at, zone),
        }
    }

    /// The same, as text alone.
    pub(in crate::console) fn moment(self, at: Timestamp, zone: &TimeZone) -> String {
        let local = at.local(zone);
        let (day, year) = (local.day().to_string(), local.year().to_string());
        let moment = self.say("moment").with("day", day).with("year", year);
        let month = self.say("month-short").with("month", local.month().unsigned_abs());
        let time = local.strftime("%H:%M").to_string();
        moment.with("month", month).with("time", time).into()
    }

    /// `24 November 2026`.
    pub(in crate::console) fn day(self, date: Date) -> String {
        let (day, year) = (date.day().to_string(), date.year().to_string());
        let said = self.say("day").with("day", day).with("year", year);
        said.with("month", self.month_name(date)).into()
    }

    /// `November 2026`.
    pub(in crate::console) fn month(self, date: Date) -> String {
        let said = self.say("month-of-year").with("year", date.year().to_string());
        said.with("month", self.month_name(date)).into()
    }

    /// `Nov`.
    pub(in crate::console) fn month_short(self, date: Date) -> String {
        self.say("month-short")
            .with("month", date.month().unsigned_abs())
            .into()
    }

    /// `Mon`.
    pub(in crate::console) fn weekday(self, date: Date) -> String {
        let day = date.weekday().to_monday_one_offset().unsigned_abs();
        self.say("weekday-short").with("day", day).into()
    }

    fn month_name(self, date: Date) -> String {
        self.say("month").with("month", date.month().unsigned_abs()).into()
    }

    /// How long, in the largest unit that says something.
    pub(in crate::console) fn how_long(self, span: Duration) -> String {
        let minutes = span.as_secs() / 60;
        let said = match minutes {
            0 => self.say("span-short"),
            1..=59 => self.say("span-minutes").with("count", minutes),
            60..=2_879 => self.say("span-hours").with("count", minutes / 60),
            _ => self.say("span-days").with("count", minutes / 1_440),
        };
        said.into()
    }

    /// `1 person`, `1,234 people`.
    pub(in crate::console) fn people(self, count: u64) -> String {
        self.say("people").with("count", count).into()
    }

    /// With its digits in groups.
    pub(in crate::console) fn number(self, count: u64) -> String {
        self.say("number").with("count", count).into()
    }

    /// `412 of them got 2 of our mailings`, the most pressed first; three and more are one line. Policy C11.
    pub(in crate::console) fn pressed(self, pressed: &BTreeMap<u32, u64>) -> Vec<String> {
        let sum = |range: (Bound<u32>, Bound<u32>)| pressed.range(range).map(|(_, people)| people).sum::<u64>();
        let exactly = |copies: u32| sum((Bound::Included(copies), Bound::Included(copies)));
        let lines = [
            (sum((Bound::Included(3), Bound::Unbounded)), Key("pressed-three")),
            (exactly(2), Key("pressed-two")),
            (exactly(1), Key("pressed-one")),
        ];
        let told = lines.into_iter().filter(|(people, _)| *people > 0);
        told.map(|(people, key)| self.say(key).with("people", people).into())
            .collect()
    }

    /// A length in the unit people use.
    pub(in crate::console) fn bytes(self, length: u64) -> String {
        let said = match length {
            0..1_000 => self.say("size-bytes").with("count", length),
            1_000..1_000_000 => self.say("size-kb").with("count", length.div_ceil(1_000)),
            _ => {
                let said = self.say("size-mb").with("whole", length / 1_000_000);
                said.with("tenths", length % 1_000_000 / 100_000)
            }
        };
        said.into()
    }

    /// The subject, or that there is none.
    pub(in crate::console) fn subject(self, mailing: &Mailing) -> String {
        match mailing.subject.trim() {
            "" => self.say("subject-none").into(),
            subject => subject.to_owned(),
        }
    }

    /// Whom it is for, in a few words.
    pub(in crate::console) fn audience(self, mailing: &Mailing) -> String {
        let Audience::Lists { segments, people } = &mailing.audience else {
            let named = mailing.envelope.forward_paths().len();
            return self.say("audience-named").with("count", named).into();
        };
        let mut names: Vec<String> = segments.iter().map(|segment| segment.audience.clone()).collect();
        names.dedup();
        if !people.is_empty() {
            names.push(self.say("audience-beside").with("count", people.len()).into());
        }
        self.all(&names)
    }

    /// `registrar and alumni and press`.
    pub(in crate::console) fn all(self, names: &[String]) -> String {
        self.joined("all-of", names)
    }

    /// Who is in a list: `affiliation student; class freshman or sophomore; but not campus online`.
    pub(in crate::console) fn selection(self, selection: &Selection) -> String {
        let keys = |keys: &BTreeMap<String, Vec<String>>| -> String {
            let each = keys
                .iter()
                .map(|(key, values)| format!("{key} {}", self.joined("any-of", values)));
            each.collect::<Vec<_>>().join("; ")
        };
        match (keys(&selection.matches), keys(&selection.except)) {
            (all, none) if none.is_empty() => all,
            (all, but) => self.say("selection-but").with("all", all).with("but", but).into(),
        }
    }

    fn joined(self, key: &'static str, names: &[String]) -> String {
        let joined = names.iter().cloned().reduce(|before, last| {
            let said = self.say(key).with("before", before);
            said.with("last", last).into()
        });
        joined.unwrap_or_default()
    }

    /// Why somebody is left out.
    pub(in crate::console) fn exclusion(self, reason: Exclusion) -> String {
        let key = match reason {
            Exclusion::InvalidAddress => "left-out-invalid",
            Exclusion::DoNotContact => "left-out-do-not-contact",
            Exclusion::Suppressed => "left-out-suppressed",
            Exclusion::Complaint => "left-out-complaint",
            Exclusion::HardBounce => "left-out-bounce",
            Exclusion::Unsubscribed => "left-out-unsubscribed",
            Exclusion::Preference => "left-out-preference",
            Exclusion::NoConsent => "left-out-no-consent",
            Exclusion::Protected => "left-out-protected",
            Exclusion::OverCap => "left-out-over-cap",
            Exclusion::Duplicate => "left-out-duplicate",
        };
        self.say(key).into()
    }

    /// How much a remark weighs.
    pub(in crate::console) fn level(self, level: Level) -> String {
        let key = match level {
            Level::Block => "level-block",
            Level::Warn => "level-warn",
            Level::Info => "level-info",
        };
        self.say(key).into()
    }

    /// What a contact must have agreed to.
    pub(in crate::console) fn consent(self, rule: ConsentRule) -> String {
        let key = match rule {
            ConsentRule::NotNeeded => "consent-not-needed",
            ConsentRule::NotWithdrawn => "consent-not-withdrawn",
            ConsentRule::OptIn => "consent-opt-in",
        };
        self.say(key).into()
    }

    /// How we know who the author is.
    pub(in crate::console) fn proof(self, proof: Proof) -> String {
        let key = match proof {
            Proof::Login => "proof-login",
            Proof::RelayHeader => "proof-relay",
            Proof::AlignedSignature => "proof-signature",
        };
        self.say(key).into()
    }

    /// What it is for.
    pub(in crate::console) fn category(self, category: Category) -> String {
        let key = match category {
            Category::Critical => "category-critical",
            Category::Official => "category-official",
            Category::Informational => "category-informational",
            Category::Event => "category-event",
            Category::Survey => "category-survey",
            Category::Marketing => "category-marketing",
        };
        self.say(key).into()
    }

    /// Which From the copies bear.
    pub(in crate::console) fn identity(self, identity: &Identity) -> String {
        match identity {
            Identity::Keep => self.say("identity-keep").into(),
            Identity::List { name, address } => format!("{name} <{address}>"),
        }
    }

    /// What was done.
    pub(in crate::console) fn act(self, act: Act) -> String {
        self.say(done(act)).into()
    }
}

/// Whether a mailing has this in its number, its subject or its author's address.
pub(in crate::console) fn has(state: &State, q: &str) -> bool {
    let (mailing, q) = (state.mailing(), q.trim().to_lowercase());
    let all = || format!("{} {} {}", mailing.id, mailing.subject, mailing.author.address);
    q.is_empty() || all().to_lowercase().contains(&q)
}

fn held_tag(held: &Held) -> (&'static str, Key) {
    if held.hold().returned().is_some() {
        ("ended", Key("state-returned"))
    } else if held.wants_agreement() {
        ("waiting", Key("state-wants-author"))
    } else if held.wanting().is_empty() {
        ("ready", Key("state-ready"))
    } else {
        ("waiting", Key("state-wants-approval"))
    }
}

fn end(end: End) -> Key {
    Key(match end {
        End::Declined => "state-declined",
        End::Lapsed => "state-lapsed",
        End::Withdrawn => "state-withdrawn",
        End::Converted => "state-converted",
        End::Combined => "state-combined",
    })
}

fn done(act: Act) -> Key {
    Key(match act {
        Act::Refused => "done-refused",
        Act::Held => "done-held",
        Act::Passed => "done-passed",
        Act::Approved => "done-approved",
        Act::Released => "done-released",
        Act::Returned => "done-returned",
        Act::Claimed => "done-claimed",
        Act::Scheduled => "done-scheduled",
        Act::Renewed => "done-renewed",
        Act::Edited => "done-edited",
        Act::Agreed => "done-agreed",
        Act::Tested => "done-tested",
        Act::Voided => "done-voided",
        Act::KeptOut => "done-kept-out",
        Act::Combined => "done-combined",
        Act::Reminded => "done-reminded",
        Act::Declined => "done-declined",
        Act::Lapsed => "done-lapsed",
        Act::Withdrawn => "done-withdrawn",
        Act::Attested => "done-attested",
        Act::Converted => "done-converted",
        Act::SurveyNamed => "done-survey-named",
        Act::Armed => "done-armed",
        Act::Emergency => "done-emergency",
        Act::Confirmed => "done-confirmed",
        Act::Reviewed => "done-reviewed",
        Act::LetOut => "done-let-out",
        Act::Rosters => "done-rosters",
        Act::Expanded => "done-expanded",
        Act::Warned => "done-warned",
        Act::Paused => "done-paused",
        Act::Resumed => "done-resumed",
        Act::Doubted => "done-doubted",
        Act::Stopped => "done-stopped",
        Act::Closed => "done-closed",
        Act::Suppressed => "done-suppressed",
        Act::Imported => "done-imported",
        Act::FeedFailed => "done-feed-failed",
        Act::Canary => "done-canary",
        Act::LookedUp => "done-looked-up",
        Act::Forgotten => "done-forgotten",
        Act::Account => "done-account",
        Act::Rotated => "done-rotated",
        Act::Reloaded => "done-reloaded",
        Act::Complained => "done-complained",
        Act::Chose => "done-chose",
        Act::Returning => "done-returning",
        Act::CopyGiven => "done-copy-given",
        Act::ErasureAsked => "done-erasure-asked",
    })
}

#[cfg(test)]
mod tests;
