//! When is a feed fetched?

use std::fmt;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::mail::Timestamp;

/// How long after a source that could not be reached it is asked again, before its next turn.
const AGAIN_AFTER: Duration = Duration::from_secs(30 * 60);

/// A feed's turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Each day at this time, as the campus reads it.
    At(Time),
    /// So long after the time before.
    Every(Duration),
}

/// How the last turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was applied, or is faulty: asking again would bring the same.
    Read,
    /// The source could not be reached, or broke off.
    Unreached,
}

impl Schedule {
    /// The next turn, of a feed whose last one was then; without one, of a gateway that has been open since then.
    pub fn next(self, last: Option<(Timestamp, Ended)>, open_since: Timestamp, zone: &TimeZone) -> Timestamp {
        let (after, ended) = last.unwrap_or((open_since, Ended::Read));
        let turn = match (self, last) {
            (Self::At(time), _) => next_at(time, after, zone),
            (Self::Every(span), Some(_)) => after.plus(span),
            (Self::Every(_), None) => open_since,
        };
        match ended {
            Ended::Read => turn,
            Ended::Unreached => turn.min(after.plus(AGAIN_AFTER)),
        }
    }
}

/// The first moment after `after` at which clocks of the zone show `time`; where they leap over it, the moment after.
fn next_at(time: Time, after: Timestamp, zone: &TimeZone) -> Timestamp {
    let today = after.local(zone).date();
    let days = [Some(today), today.tomorrow().ok()];
    let moments = days.into_iter().flatten().filter_map(|day| {
        let zoned = day.to_datetime(time).to_zoned(zone.clone()).ok()?;
        Some(Timestamp::from(zoned.timestamp()))
    });
    let next = moments.into_iter().find(|moment| *moment > after);
    next.unwrap_or_else(|| after.plus(Duration::from_secs(24 * 60 * 60)))
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => write!(f, "daily at {}", time.strftime("%H:%M")),
            Self::Every(span) if span.as_secs().is_multiple_of(60 * 60) => {
                write!(f, "every {} h", span.as_secs() / (60 * 60))
            }
            Self::Every(span) if span.as_secs().is_multiple_of(60) => write!(f, "every {} min", span.as_secs() / 60),
            Self::Every(span) => write!(f, "every {} s", span.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().expect("a time").into()
    }

    fn rolla() -> TimeZone {
        TimeZone::get("America/Chicago").expect("in the database")
    }

    #[track_caller]
    fn check(schedule: Schedule, last: Option<(&str, Ended)>, expected: &str) {
        let last = last.map(|(text, ended)| (at(text), ended));
        assert_eq!(schedule.next(last, at("2026-11-24T18:00:00Z"), &rolla()), at(expected));
    }

    #[test]
    fn a_daily_feed_has_its_turn_at_its_hour() {
        let nightly = Schedule::At(Time::constant(2, 30, 0, 0));
        check(nightly, None, "2026-11-25T08:30:00Z");
        check(
            nightly,
            Some(("2026-11-24T08:30:05Z", Ended::Read)),
            "2026-11-25T08:30:00Z",
        );
        // It was closed at its hour: the turn is overdue.
        check(
            nightly,
            Some(("2026-11-20T08:30:05Z", Ended::Read)),
            "2026-11-21T08:30:00Z",
        );
        // Clocks leap from two to three.
        check(
            nightly,
            Some(("2026-03-08T00:00:00Z", Ended::Read)),
            "2026-03-08T08:30:00Z",
        );
    }

    #[test]
    fn a_feed_by_its_period_begins_when_the_gateway_opens() {
        let often = Schedule::Every(Duration::from_secs(6 * 60 * 60));
        check(often, None, "2026-11-24T18:00:00Z");
        check(
            often,
            Some(("2026-11-24T17:00:00Z", Ended::Read)),
            "2026-11-24T23:00:00Z",
        );
    }

    #[test]
    fn a_source_that_was_not_reached_is_asked_again_soon() {
        let nightly = Schedule::At(Time::constant(2, 30, 0, 0));
        check(
            nightly,
            Some(("2026-11-24T08:30:05Z", Ended::Unreached)),
            "2026-11-24T09:00:05Z",
        );
        check(
            Schedule::Every(Duration::from_secs(60)),
            Some(("2026-11-24T08:30:00Z", Ended::Unreached)),
            "2026-11-24T08:31:00Z",
        );
    }

    #[test]
    fn a_schedule_is_read_by_people() {
        let texts = [
            Schedule::At(Time::constant(2, 30, 0, 0)),
            Schedule::Every(Duration::from_secs(6 * 60 * 60)),
            Schedule::Every(Duration::from_secs(90)),
        ];
        assert_eq!(
            texts.map(|schedule| schedule.to_string()),
            ["daily at 02:30", "every 6 h", "every 90 s"]
        );
    }
}
