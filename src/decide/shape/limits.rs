//! Limits: how much may go, to whom or from whom.

use std::fmt;
use std::num::NonZeroU32;

/// Copies a second; less than one for fewer, never none.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// The slowest there is: a copy a minute. Slower than that nobody is asked whether it goes again.
    pub const SLOWEST: Self = Self(1.0 / 60.0);

    /// So many a second; `None` when that is none, or no number.
    pub fn per_second(copies: f64) -> Option<Self> {
        (copies.is_finite() && copies > 0.0).then_some(Self(copies))
    }

    /// As a number.
    pub fn as_f64(self) -> f64 {
        self.0
    }

    /// Multiplied, never below the slowest.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self((self.0 * factor).max(Self::SLOWEST.0))
    }

    /// In the unit that reads best: the number, and whether it is of a second rather than of a minute.
    pub fn readable(self) -> (String, bool) {
        let (times, unit) = self.unit();
        (self.rounded(times).to_string(), unit == "second")
    }

    /// The unit it reads best in, and how many of ours that is.
    fn unit(self) -> (f64, &'static str) {
        if self.0 >= 1.0 {
            (1.0, "second")
        } else {
            (60.0, "minute")
        }
    }

    fn rounded(self, times: f64) -> f64 {
        (self.0 * times * 10.0).round() / 10.0
    }

    /// The lesser of the two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }
}

impl fmt::Display for Rate {
    /// In the unit that reads best: `5 a second`, `30 a minute`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (times, unit) = self.unit();
        write!(f, "{} a {unit}", self.rounded(times))
    }
}

impl fmt::Display for Range<Rate> {
    /// `5 to 50 a second`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (times, _) = self.start.unit();
        if self.start == self.max {
            return write!(f, "{}", self.start);
        }
        let (start, max) = (self.start.rounded(times), self.max.rounded(times));
        write!(f, "{start} to {max} a {}", self.start.unit().1)
    }
}

impl fmt::Display for Range<NonZeroU32> {
    /// `5 to 10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.start == self.max {
            return write!(f, "{}", self.start);
        }
        write!(f, "{} to {}", self.start, self.max)
    }
}

/// Where a limit begins, and how far it may grow while all goes well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range<T> {
    /// At first.
    pub start: T,
    /// At most.
    pub max: T,
}

impl<T: Copy> Range<T> {
    /// One that does not grow.
    pub fn fixed(at: T) -> Self {
        Self { start: at, max: at }
    }
}

/// What may go; what is not said is not limited here.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: Option<Range<NonZeroU32>>,
    /// Messages on one connection before it is closed and opened anew.
    pub messages_per_connection: Option<NonZeroU32>,
    /// Messages a second, with a burst of one second.
    pub messages_per_second: Option<Range<Rate>>,
    /// Messages a calendar day.
    pub messages_per_day: Option<NonZeroU32>,
    /// Whether a sender they do not know begins with few messages a day.
    pub warm_up: bool,
}

impl Limits {
    /// With a rate and connections of the other where it says none: whoever receives must be able to slow us down.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            connections: self.connections.or(other.connections),
            messages_per_second: self.messages_per_second.or(other.messages_per_second),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_read_in_the_unit_that_fits() {
        let text = |copies| Rate::per_second(copies).map(|rate| rate.to_string());
        assert_eq!(text(5.0).as_deref(), Some("5 a second"));
        assert_eq!(text(2.25).as_deref(), Some("2.3 a second"));
        assert_eq!(text(0.5).as_deref(), Some("30 a minute"));
        let range = Range {
            start: Rate(5.0),
            max: Rate(50.0),
        };
        assert_eq!(range.to_string(), "5 to 50 a second");
        assert_eq!((text(0.0), text(f64::NAN)), (None, None));
    }

    #[test]
    fn no_rate_falls_below_the_slowest() {
        assert_eq!(Rate::SLOWEST.times(0.5), Rate::SLOWEST);
    }
}
