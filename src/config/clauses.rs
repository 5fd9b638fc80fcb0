//! The clauses of `policy.toml`: their numbers, each with what ships as its default.

use std::time::Duration;

use jiff::civil::{Date, Time};
use serde::{Deserialize, Deserializer, de};

use super::values::{Short, Span};
use crate::decide::policy;
use crate::mail::Domain;
use crate::model::{Heralds, PEOPLE_MAX};

/// Days before and after a term in which a class is one, unless the file says otherwise. Policy C6.
const GRACE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Hidden {
    nudge_at: Option<u32>,
    hold_at_outside: Option<u32>,
    hold_at: Option<u32>,
    window: Option<Span>,
    calendar_at: Option<u32>,
    shown_max: Option<u32>,
    burst: Option<u32>,
    burst_within: Option<Span>,
    settle: Option<Span>,
    settle_first: Option<Span>,
    attest_max: Option<u32>,
}

impl Hidden {
    pub(super) fn check(self) -> Result<policy::Hidden, String> {
        let shipped = policy::Hidden::default();
        let time = |span: Option<Span>, default| span.map_or(default, |span| span.0);
        let hidden = policy::Hidden {
            nudge_at: self.nudge_at.unwrap_or(shipped.nudge_at),
            hold_at_outside: self.hold_at_outside.unwrap_or(shipped.hold_at_outside),
            hold_at_campus: self.hold_at.unwrap_or(shipped.hold_at_campus),
            window: time(self.window, shipped.window),
            calendar_at: self.calendar_at.unwrap_or(shipped.calendar_at),
            shown_max: self.shown_max.unwrap_or(shipped.shown_max),
            burst: self.burst.unwrap_or(shipped.burst),
            burst_within: time(self.burst_within, shipped.burst_within),
            settle: time(self.settle, shipped.settle),
            settle_first: time(self.settle_first, shipped.settle_first),
            attest_max: self.attest_max.unwrap_or(shipped.attest_max),
        };
        let remembered = u32::try_from(PEOPLE_MAX).unwrap_or(u32::MAX);
        let limits = [hidden.hold_at_outside, hidden.hold_at_campus, hidden.calendar_at];
        if limits.iter().any(|limit| *limit == 0 || *limit > remembered) {
            return Err(format!(
                "the limits of [hidden_mass_mailing] must be from 1 to {remembered}"
            ));
        }
        if hidden.window > 7 * Duration::from_secs(24 * 60 * 60) {
            return Err("the window of [hidden_mass_mailing] is at most \"7d\": no more is kept".to_owned());
        }
        Ok(hidden)
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Conveyed {
    per_hour: Option<u32>,
    per_day: Option<u32>,
}

impl Conveyed {
    pub(super) fn check(self) -> policy::Conveyed {
        let shipped = policy::Conveyed::default();
        policy::Conveyed {
            per_hour: self.per_hour.unwrap_or(shipped.per_hour),
            per_day: self.per_day.unwrap_or(shipped.per_day),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassMail {
    grace: Option<Span>,
}

impl ClassMail {
    pub(super) fn grace(&self) -> Duration {
        self.grace.map_or(GRACE, |span| span.0)
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactData {
    addresses_at: Option<u32>,
    known_at: Option<u32>,
    #[serde(default)]
    pub(super) alert: Vec<Short>,
    #[serde(default)]
    allow: Vec<Allowance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowance {
    from: Short,
    to: String,
    purpose: String,
    #[serde(deserialize_with = "day")]
    until: Date,
}

impl ContactData {
    pub(super) fn check(self, campus: &Domain) -> Result<policy::ContactData, String> {
        let shipped = policy::ContactData::default();
        let allowed = |entry: Allowance| -> Result<policy::Allowance, String> {
            let to = entry.to.parse();
            Ok(policy::Allowance {
                from: entry.from.within(campus),
                to: to.map_err(|error| format!("`to = \"{}\"` of [[contact_data.allow]]: {error}", entry.to))?,
                purpose: entry.purpose,
                until: entry.until,
            })
        };
        Ok(policy::ContactData {
            addresses_at: self.addresses_at.unwrap_or(shipped.addresses_at),
            known_at: self.known_at.unwrap_or(shipped.known_at),
            allow: self.allow.into_iter().map(allowed).collect::<Result<_, _>>()?,
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Surveys {
    #[serde(default)]
    licensed: String,
    #[serde(default)]
    licensed_hosts: Vec<String>,
    #[serde(default)]
    other_hosts: Vec<String>,
    #[serde(default)]
    identifiers: Vec<String>,
}

impl Surveys {
    pub(super) fn check(self) -> policy::Surveys {
        policy::Surveys {
            licensed: self.licensed,
            licensed_hosts: self.licensed_hosts,
            other_hosts: self.other_hosts,
            identifiers: self.identifiers,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Frequency {
    words_on_campus: Option<u32>,
    words_off_campus: Option<u32>,
    html_bytes: Option<u64>,
    bytes: Option<u64>,
    topic_max: Option<u32>,
    topic_apart: Option<Span>,
    test_at: Option<u64>,
}

impl Frequency {
    pub(super) fn check(self, hours: Option<Hours>) -> Result<policy::Frequency, String> {
        let shipped = policy::Frequency::default();
        Ok(policy::Frequency {
            words_on_campus: self.words_on_campus.unwrap_or(shipped.words_on_campus),
            words_off_campus: self.words_off_campus.unwrap_or(shipped.words_off_campus),
            html_bytes: self.html_bytes.unwrap_or(shipped.html_bytes),
            bytes: self.bytes.unwrap_or(shipped.bytes),
            topic_max: self.topic_max.unwrap_or(shipped.topic_max),
            term: shipped.term,
            topic_apart: self.topic_apart.map_or(shipped.topic_apart, |span| span.0),
            test_at: self.test_at.unwrap_or(shipped.test_at),
            hours: hours.map(Hours::check).transpose()?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hours {
    #[serde(deserialize_with = "time")]
    from: Time,
    #[serde(deserialize_with = "time")]
    to: Time,
    large_at: u64,
    #[serde(deserialize_with = "time")]
    large_from: Time,
    #[serde(default, deserialize_with = "days")]
    holidays: Vec<Date>,
}

impl Hours {
    fn check(self) -> Result<policy::Hours, String> {
        if self.from >= self.to {
            return Err("[hours] end before they begin".to_owned());
        }
        Ok(policy::Hours {
            from: self.from,
            to: self.to,
            large_at: self.large_at,
            large_from: self.large_from,
            holidays: self.holidays,
        })
    }
}

/// The shortest that anything is kept: caps, bounces and one-click unsubscribing look back so far.
const KEPT_MIN: Duration = Duration::from_secs(31 * 24 * 60 * 60);

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Retention {
    gone: Option<Span>,
    history: Option<Span>,
    deliveries: Option<Span>,
    trail: Option<Span>,
}

impl Retention {
    pub(super) fn check(self) -> Result<policy::Retention, String> {
        let shipped = policy::Retention::default();
        let time = |name: &str, span: Option<Span>, default: Duration| match span.map(|span| span.0) {
            Some(kept) if kept < KEPT_MIN => Err(format!(
                "`{name}` of [retention] is too short: caps, bounces and unsubscribing look back \"31d\""
            )),
            kept => Ok(kept.unwrap_or(default)),
        };
        Ok(policy::Retention {
            gone: time("gone", self.gone, shipped.gone)?,
            history: time("history", self.history, shipped.history)?,
            deliveries: time("deliveries", self.deliveries, shipped.deliveries)?,
            trail: time("trail", self.trail, shipped.trail)?,
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Emergency {
    #[serde(default)]
    accounts: Vec<Short>,
    fresh: Option<Span>,
    #[serde(default)]
    drill: Vec<Short>,
}

impl Emergency {
    pub(super) fn check(self, campus: &Domain) -> policy::Emergency {
        let shipped = policy::Emergency::default();
        policy::Emergency {
            heralds: Heralds::new(self.accounts.iter().map(|short| short.within(campus)).collect()),
            fresh: self.fresh.map_or(shipped.fresh, |span| span.0),
            drill: self.drill.iter().map(|short| short.within(campus)).collect(),
        }
    }
}

pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wanted = |_source| de::Error::custom(format!("`{text}` is no time of day; write `\"08:00\"`"));
    text.parse().map_err(wanted)
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    read_day(&text).map_err(de::Error::custom)
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Date>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let read: Result<_, _> = texts.iter().map(|text| read_day(text)).collect();
    read.map_err(de::Error::custom)
}

fn read_day(text: &str) -> Result<Date, String> {
    text.parse()
        .map_err(|_source| format!("`{text}` is no day; write `\"2026-12-24\"`"))
}
