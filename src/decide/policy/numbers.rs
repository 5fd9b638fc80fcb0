//! The numbers of policy.toml, clause by clause; what ships is their `Default`.

use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use crate::mail::{Address, Domain, Timestamp};
use crate::model::Heralds;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// When mail that its author addressed is mass mail all the same. Policy C7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// People from whom on the author is told that it grows.
    pub nudge_at: u32,
    /// People outside from whom on it is held.
    pub hold_at_outside: u32,
    /// People in all from whom on it is held.
    pub hold_at_campus: u32,
    /// How long people count.
    pub window: Duration,
    /// The same for invitations.
    pub calendar_at: u32,
    /// Addresses that may be seen in To and Cc when somebody outside is among them.
    pub shown_max: u32,
    /// Messages alike, within `burst_within`, that begin to settle before they leave.
    pub burst: u32,
    /// See `burst`.
    pub burst_within: Duration,
    /// How long they settle.
    pub settle: Duration,
    /// How long the first of what may become a burst waits.
    pub settle_first: Duration,
    /// People to whom a message may go on its author's word.
    pub attest_max: u32,
}

impl Default for Hidden {
    fn default() -> Self {
        Self {
            nudge_at: 15,
            hold_at_outside: 25,
            hold_at_campus: 50,
            window: 7 * DAY,
            calendar_at: 100,
            shown_max: 25,
            burst: 5,
            burst_within: MINUTE,
            settle: 2 * MINUTE,
            settle_first: Duration::from_secs(5),
            attest_max: 100,
        }
    }
}

/// What an ordinary account may convey. Policy C2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conveyed {
    /// Recipients an hour.
    pub per_hour: u32,
    /// Recipients a day.
    pub per_day: u32,
}

impl Default for Conveyed {
    fn default() -> Self {
        Self {
            per_hour: 100,
            per_day: 400,
        }
    }
}

/// What is contact data, and who may let it out. Policy C10.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactData {
    /// Different addresses from which on something is a list of contacts.
    pub addresses_at: u32,
    /// Addresses of the master list from which on it is one of ours.
    pub known_at: u32,
    /// Who may send whom what.
    pub allow: Vec<Allowance>,
}

impl Default for ContactData {
    fn default() -> Self {
        Self {
            addresses_at: 25,
            known_at: 10,
            allow: Vec::new(),
        }
    }
}

/// One entry of the allow-list. Policy C10.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The account that may.
    pub from: Address,
    /// The domain it may go to.
    pub to: Domain,
    /// What for.
    pub purpose: String,
    /// The last day.
    pub until: Date,
}

/// Which links are surveys. Policy C13.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surveys {
    /// The name of the tool that is licensed.
    pub licensed: String,
    /// Its hosts.
    pub licensed_hosts: Vec<String>,
    /// Hosts of the others, perhaps with the beginning of a path.
    pub other_hosts: Vec<String>,
    /// Parameters that say who the reader is.
    pub identifiers: Vec<String>,
}

/// Length, repetition and hours. Policy C11.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frequency {
    /// Words a mailing to the campus may have.
    pub words_on_campus: u32,
    /// Words a mailing off campus may have.
    pub words_off_campus: u32,
    /// Octets of HTML.
    pub html_bytes: u64,
    /// Octets in all.
    pub bytes: u64,
    /// Mailings on one topic to one list in a term.
    pub topic_max: u32,
    /// How long that term is.
    pub term: Duration,
    /// Time between two of them.
    pub topic_apart: Duration,
    /// People from whom on somebody has a test copy first.
    pub test_at: u64,
    /// When mailings may begin to leave; `None` is at any time.
    pub hours: Option<Hours>,
}

impl Default for Frequency {
    fn default() -> Self {
        Self {
            words_on_campus: 400,
            words_off_campus: 1_000,
            html_bytes: 100 * 1024,
            bytes: 1024 * 1024,
            topic_max: 3,
            term: 120 * DAY,
            topic_apart: 3 * DAY,
            test_at: 5_000,
            hours: None,
        }
    }
}

/// Days and hours in which mailings begin to leave. Policy C11.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// The first minute of a working day.
    pub from: Time,
    /// The last.
    pub to: Time,
    /// Recipients above which a mailing begins only after `large_from`.
    pub large_at: u64,
    /// See `large_at`.
    pub large_from: Time,
    /// Days on which nothing begins.
    pub holidays: Vec<Date>,
}

impl Hours {
    /// The first moment from `now` on at which a mailing to so many people may begin to leave.
    pub fn next_slot(&self, recipients: u64, now: Timestamp, zone: &TimeZone) -> Timestamp {
        let is_large = recipients >= self.large_at;
        let from = if is_large { self.large_from } else { self.from };
        let local = now.local(zone);
        for days in 0..30 {
            let Ok(date) = local.date().checked_add(jiff::Span::new().days(days)) else {
                break;
            };
            let is_free =
                matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) || self.holidays.contains(&date);
            // A large mailing may begin in the evening: it then has the night.
            let over = !is_large && days == 0 && local.time() >= self.to;
            if is_free || over {
                continue;
            }
            if days == 0 && local.time() >= from {
                return now;
            }
            if let Ok(start) = date.to_datetime(from).to_zoned(zone.clone()) {
                return start.timestamp().into();
            }
        }
        now
    }
}

/// How long what is known of people is kept. Policy C8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// A contact whom no office lists any more, with what they agreed to and chose.
    pub gone: Duration,
    /// Which copies a contact got.
    pub history: Duration,
    /// Who was in the plan of a mailing that is over, and what became of each copy.
    pub deliveries: Duration,
    /// The audit trail: who looked whom up is in it.
    pub trail: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            gone: 3 * 365 * DAY,
            history: 400 * DAY,
            deliveries: 400 * DAY,
            trail: 6 * 365 * DAY,
        }
    }
}

/// Who may send an emergency. Policy C17.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emergency {
    /// The accounts.
    pub heralds: Heralds,
    /// How long a second factor is fresh.
    pub fresh: Duration,
    /// Who gets a drill.
    pub drill: Vec<Address>,
}

impl Default for Emergency {
    fn default() -> Self {
        Self {
            heralds: Heralds::default(),
            fresh: 15 * MINUTE,
            drill: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours() -> Hours {
        Hours {
            from: jiff::civil::time(8, 0, 0, 0),
            to: jiff::civil::time(17, 0, 0, 0),
            large_at: 5_000,
            large_from: jiff::civil::time(16, 0, 0, 0),
            holidays: vec![jiff::civil::date(2026, 11, 26)],
        }
    }

    #[track_caller]
    fn check(recipients: u64, now: &str, expected: &str) {
        let zone = TimeZone::get("America/Chicago").expect("known");
        let at = |text: &str| -> Timestamp {
            let local: jiff::civil::DateTime = text.parse().expect("a time");
            local.to_zoned(zone.clone()).expect("valid").timestamp().into()
        };
        assert_eq!(hours().next_slot(recipients, at(now), &zone), at(expected));
    }

    #[test]
    fn a_mailing_begins_in_the_working_day() {
        check(10, "2026-11-24T07:10", "2026-11-24T08:00");
        check(10, "2026-11-24T12:10", "2026-11-24T12:10");
        check(10, "2026-11-24T17:00", "2026-11-25T08:00");
    }

    #[test]
    fn nothing_begins_on_a_holiday_or_at_the_weekend() {
        check(10, "2026-11-25T18:00", "2026-11-27T08:00");
        check(10, "2026-11-27T18:00", "2026-11-30T08:00");
    }

    #[test]
    fn a_large_one_begins_late_and_has_the_night() {
        check(5_000, "2026-11-24T09:00", "2026-11-24T16:00");
        check(5_000, "2026-11-24T19:00", "2026-11-24T19:00");
    }
}
