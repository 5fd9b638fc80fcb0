//! Timestamp: a moment, to the microsecond, in the forms mail and people read.
//!
//! # Standards
//! RFC 5322 §3.3 (date-time), RFC 3339.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds since 1970-01-01 UTC. In the store a number, in JSON an RFC 3339 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment so many microseconds after the epoch.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// Later by `by`; stays at the end of time rather than wrap.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Earlier by `by`; stays at the beginning of time rather than wrap.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long since `earlier`; nothing when it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The calendar year in `zone`, which case numbers bear.
    pub fn year(self, zone: &TimeZone) -> i16 {
        self.zoned(zone).year()
    }

    /// As a `Date:` header has it, in `zone`: `Tue, 24 Nov 2026 03:05:14 -0600`.
    pub fn rfc5322(self, zone: &TimeZone) -> String {
        self.zoned(zone).strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
    }

    /// The calendar day in `zone`, as `2026-11-24`.
    pub fn day(self, zone: &TimeZone) -> String {
        self.zoned(zone).strftime("%Y-%m-%d").to_string()
    }

    /// As people read it, in `zone`: `24 Nov 2026 03:05`.
    pub fn readable(self, zone: &TimeZone) -> String {
        self.zoned(zone).strftime("%-d %b %Y %H:%M").to_string()
    }

    /// Date and time of day in `zone`.
    pub fn local(self, zone: &TimeZone) -> jiff::civil::DateTime {
        self.zoned(zone).datetime()
    }

    /// When the next day begins in `zone`.
    #[must_use]
    pub fn tomorrow(self, zone: &TimeZone) -> Self {
        let next = self.zoned(zone).tomorrow().and_then(|day| day.start_of_day());
        next.map_or(self.plus(Duration::from_secs(24 * 60 * 60)), |day| {
            day.timestamp().into()
        })
    }

    fn zoned(self, zone: &TimeZone) -> jiff::Zoned {
        self.instant().to_zoned(zone.clone())
    }

    fn instant(self) -> jiff::Timestamp {
        let latest = jiff::Timestamp::MAX;
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(latest)
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(at: jiff::Timestamp) -> Self {
        Self(at.as_microsecond())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339, in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.instant())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            let at: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
            Ok(at.into())
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_bears_the_zone() {
        let zone = TimeZone::get("America/Chicago").expect("in the time-zone database");
        let at = Timestamp::from_micros(1_795_489_514_000_000);
        assert_eq!(at.rfc5322(&zone), "Mon, 23 Nov 2026 21:05:14 -0600");
        assert_eq!(at.to_string(), "2026-11-24T03:05:14Z");
    }

    #[test]
    fn the_end_of_time_is_not_passed() {
        let end = Timestamp::from_micros(i64::MAX);
        assert_eq!(end.plus(Duration::from_secs(1)), end);
        assert!(!end.to_string().is_empty());
    }
}
