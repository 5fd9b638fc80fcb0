//! Throttle: finds the pace that somebody bears, between the start and the ceiling of the settings.
//!
//! Half at once when they say that it is too fast; a twentieth of the start more for each clean minute, one in which
//! copies were taken and none was put off for its pace. What is said to copies that were under way when the pace was cut
//! does not cut it again: they were sent at the pace that is over.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits::{Limits, Range, Rate};
use crate::mail::Timestamp;

/// A clean minute.
const MINUTE: Duration = Duration::from_secs(60);
/// What it adds, as a share of the start.
const STEP: f64 = 0.05;
/// What a cut leaves.
const CUT: f64 = 0.5;
/// The least share of the start; below it the slowest rate holds anyway.
const LEAST: f64 = 1e-4;

/// The pace now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Throttle {
    /// As a share of the start.
    pace: f64,
    cut_at: Option<Timestamp>,
    /// Since when all has been well.
    clean_since: Option<Timestamp>,
    /// Connections at most, for a while.
    connections: Option<u32>,
    /// Messages on one connection at most, for a while.
    per_connection: Option<u32>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            pace: 1.0,
            cut_at: None,
            clean_since: None,
            connections: None,
            per_connection: None,
        }
    }
}

impl Throttle {
    /// The rate in force.
    pub(super) fn rate(&self, range: Range<Rate>) -> Rate {
        range.start.times(self.pace).min(range.max)
    }

    /// The connections in force; never none.
    pub(super) fn connections(&self, range: Range<NonZeroU32>) -> u32 {
        let paced = (f64::from(range.start.get()) * self.pace).ceil() as u32;
        let paced = paced.clamp(1, range.max.get());
        self.connections.map_or(paced, |few| few.clamp(1, paced))
    }

    /// The messages on one connection in force; never none.
    pub(super) fn per_connection(&self, limit: NonZeroU32) -> u32 {
        self.per_connection.map_or(limit.get(), |few| few.clamp(1, limit.get()))
    }

    /// Whether it runs at less than the settings begin with.
    pub(super) fn is_cut(&self) -> bool {
        self.pace < 1.0 || self.connections.is_some() || self.per_connection.is_some()
    }

    /// Hears that something is too much; whether that is news. It is none when it was said to a copy that had set out
    /// before the last time.
    pub(super) fn hears(&mut self, set_out: Timestamp, now: Timestamp) -> bool {
        self.clean_since = None;
        let is_news = self.cut_at.is_none_or(|cut| set_out > cut);
        if is_news {
            self.cut_at = Some(now);
        }
        is_news
    }

    /// Half the pace.
    pub(super) fn cut(&mut self) {
        self.pace = (self.pace * CUT).max(LEAST);
    }

    /// Half the connections, of those that are open.
    pub(super) fn fewer_connections(&mut self, open: u32) {
        let few = self.connections.map_or(open, |few| few.min(open));
        self.connections = Some((few / 2).max(1));
    }

    /// One connection, then one more each clean minute.
    pub(super) fn one_connection(&mut self) {
        self.connections = Some(1);
    }

    /// Half the messages on one connection, of those that it carried.
    pub(super) fn shorter_connections(&mut self, carried: u32) {
        let few = self.per_connection.map_or(carried, |few| few.min(carried));
        self.per_connection = Some((few / 2).max(1));
    }

    /// A copy was taken: after a clean minute everything grows by a step.
    pub(super) fn taken(&mut self, limits: &Limits, now: Timestamp) {
        match self.clean_since {
            None => self.clean_since = Some(now),
            Some(since) if now.since(since) >= MINUTE => {
                self.clean_since = Some(now);
                self.grow(limits);
            }
            Some(_) => {}
        }
    }

    fn grow(&mut self, limits: &Limits) {
        self.pace = (self.pace + STEP).min(ceiling(limits));
        let all = limits.connections.map_or(1, |range| range.max.get());
        self.connections = self.connections.map(|few| few + 1).filter(|few| *few < all);
        let whole = limits.messages_per_connection.map_or(1, NonZeroU32::get);
        self.per_connection = self.per_connection.map(|few| few + 1).filter(|few| *few < whole);
    }
}

/// The greatest share of the start that any limit may grow to.
fn ceiling(limits: &Limits) -> f64 {
    let rate = limits.messages_per_second;
    let rate = rate.map_or(1.0, |range| range.max.as_f64() / range.start.as_f64());
    let connections = limits.connections;
    let connections = connections.map_or(1.0, |range| f64::from(range.max.get()) / f64::from(range.start.get()));
    rate.max(connections).max(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u32) -> Timestamp {
        Timestamp::from_micros(0).plus(Duration::from_secs(seconds.into()))
    }

    fn gmail() -> Limits {
        let rate = |copies| Rate::per_second(copies).expect("a rate");
        let many = |count| NonZeroU32::new(count).expect("not zero");
        Limits {
            connections: Some(Range {
                start: many(5),
                max: many(10),
            }),
            messages_per_connection: Some(many(50)),
            messages_per_second: Some(Range {
                start: rate(5.0),
                max: rate(50.0),
            }),
            ..Limits::default()
        }
    }

    /// Whether it was cut.
    fn cut(throttle: &mut Throttle, set_out: u32, now: u32) -> bool {
        let is_news = throttle.hears(at(set_out), at(now));
        if is_news {
            throttle.cut();
        }
        is_news
    }

    fn in_force(throttle: &Throttle) -> (f64, u32, u32) {
        let limits = gmail();
        let rate = throttle.rate(limits.messages_per_second.expect("set")).as_f64();
        let connections = throttle.connections(limits.connections.expect("set"));
        let per_connection = throttle.per_connection(limits.messages_per_connection.expect("set"));
        ((rate * 1000.0).round() / 1000.0, connections, per_connection)
    }

    /// A copy is taken every second from there to there.
    fn minutes(throttle: &mut Throttle, from: u32, to: u32) {
        (from..=to).for_each(|second| throttle.taken(&gmail(), at(second)));
    }

    #[test]
    fn it_is_halved_at_once_and_recovers_a_twentieth_a_clean_minute() {
        let mut throttle = Throttle::default();
        assert_eq!(in_force(&throttle), (5.0, 5, 50));
        assert!(cut(&mut throttle, 1, 2));
        assert_eq!(in_force(&throttle), (2.5, 3, 50));
        minutes(&mut throttle, 10, 69);
        assert_eq!(in_force(&throttle).0, 2.5);
        minutes(&mut throttle, 70, 70);
        assert_eq!(in_force(&throttle).0, 2.75);
        minutes(&mut throttle, 71, 70 + 9 * 60);
        assert_eq!(in_force(&throttle).0, 5.0);
    }

    #[test]
    fn what_was_under_way_when_it_was_cut_does_not_cut_it_again() {
        let mut throttle = Throttle::default();
        assert!(cut(&mut throttle, 10, 12));
        assert!(!cut(&mut throttle, 11, 13));
        assert_eq!(in_force(&throttle).0, 2.5);
        assert!(cut(&mut throttle, 13, 14));
        assert_eq!(in_force(&throttle).0, 1.25);
    }

    #[test]
    fn it_grows_to_the_ceiling_and_no_further() {
        let mut throttle = Throttle::default();
        minutes(&mut throttle, 0, 60 * 300);
        assert_eq!(in_force(&throttle), (50.0, 10, 50));
    }

    #[test]
    fn an_hour_without_mail_is_one_clean_minute() {
        let mut throttle = Throttle::default();
        cut(&mut throttle, 0, 0);
        throttle.taken(&gmail(), at(60));
        throttle.taken(&gmail(), at(3_660));
        assert_eq!(in_force(&throttle).0, 2.75);
    }

    #[test]
    fn one_connection_becomes_one_more_each_clean_minute() {
        let mut throttle = Throttle::default();
        throttle.one_connection();
        let mut seen = vec![in_force(&throttle).1];
        for minute in 0..5 {
            minutes(&mut throttle, minute * 60, (minute + 1) * 60);
            seen.push(in_force(&throttle).1);
        }
        assert_eq!(seen, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn connections_and_what_they_carry_are_halved_of_what_was_seen() {
        let mut throttle = Throttle::default();
        throttle.fewer_connections(4);
        throttle.shorter_connections(31);
        assert_eq!(in_force(&throttle), (5.0, 2, 15));
        assert!(throttle.is_cut());
    }

    proptest! {
        /// Whatever happens, the pace stays between the slowest and the ceiling, and never grows by more than a step.
        #[test]
        fn recovery_is_gradual(steps in prop::collection::vec((0u32..90, prop::bool::weighted(0.1)), 1..300)) {
            let mut throttle = Throttle::default();
            let mut now = 0;
            for (gap, is_cut) in steps {
                now += gap;
                let before = in_force(&throttle).0;
                if is_cut {
                    cut(&mut throttle, now, now);
                } else {
                    throttle.taken(&gmail(), at(now));
                }
                let after = in_force(&throttle).0;
                prop_assert!(after <= before + 0.252, "{before} {after}");
                prop_assert!((0.016..=50.0).contains(&after), "{after}");
            }
        }
    }
}
