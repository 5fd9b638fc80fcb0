//! Breaker: closed, open with its reason, half-open with one connection.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mail::Timestamp;

/// The first wait after a connection that failed; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait after connections that failed.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The longest silence, however often the try after it failed.
const LONGEST_SILENCE: Duration = Duration::from_secs(4 * 60 * 60);

/// Whether mail goes there at all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Breaker {
    open: Option<Open>,
    /// Connections that failed, one after another.
    failures: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    until: Timestamp,
    why: String,
    silence: Duration,
}

/// What a breaker says at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate<'a> {
    /// Mail goes.
    Closed,
    /// One connection tries whether it goes again.
    HalfOpen {
        /// Why it had been opened.
        why: &'a str,
    },
    /// Nothing goes.
    Open {
        /// Why.
        why: &'a str,
        /// Until then.
        until: Timestamp,
    },
}

impl Breaker {
    /// What it says now.
    pub(super) fn gate(&self, now: Timestamp) -> Gate<'_> {
        match &self.open {
            None => Gate::Closed,
            Some(open) if open.until <= now => Gate::HalfOpen { why: &open.why },
            Some(open) => Gate::Open {
                why: &open.why,
                until: open.until,
            },
        }
    }

    /// Nothing goes for so long; when the try after a silence failed, for twice as long as the last.
    pub(super) fn silence(&mut self, time: Duration, why: &str, now: Timestamp) {
        let silence = match &self.open {
            Some(open) if open.until <= now => open.silence.saturating_mul(2).clamp(time, LONGEST_SILENCE.max(time)),
            Some(open) => open.silence.max(time),
            None => time,
        };
        let until = self.open.as_ref().map_or(now, |open| open.until).max(now.plus(silence));
        self.open = Some(Open {
            until,
            why: why.to_owned(),
            silence,
        });
    }

    /// A connection could not be made. The first failures are short pauses.
    pub(super) fn failed(&mut self, why: &str, now: Timestamp) {
        let wait = FIRST_WAIT.saturating_mul(1 << self.failures.min(6)).min(LONGEST_WAIT);
        self.failures = self.failures.saturating_add(1);
        let until = self.open.as_ref().map_or(now, |open| open.until).max(now.plus(wait));
        self.open = Some(Open {
            until,
            why: why.to_owned(),
            silence: wait,
        });
    }

    /// A copy was taken: all is well, unless nothing goes for now and this was under way before.
    pub(super) fn taken(&mut self, now: Timestamp) {
        self.failures = 0;
        if self.open.as_ref().is_some_and(|open| open.until <= now) {
            self.open = None;
        }
    }

    /// Connections that failed, one after another.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(0).plus(Duration::from_secs(seconds))
    }

    fn minutes(count: u64) -> Duration {
        Duration::from_secs(60 * count)
    }

    #[test]
    fn after_a_silence_one_connection_tries_and_a_taken_copy_closes_it() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.gate(at(0)), Gate::Closed);
        breaker.silence(minutes(10), "421 4.7.28", at(0));
        let open = Gate::Open {
            why: "421 4.7.28",
            until: at(600),
        };
        assert_eq!(breaker.gate(at(599)), open);
        breaker.taken(at(599));
        assert_eq!(breaker.gate(at(599)), open, "what was under way says nothing");
        assert_eq!(breaker.gate(at(600)), Gate::HalfOpen { why: "421 4.7.28" });
        breaker.taken(at(601));
        assert_eq!(breaker.gate(at(601)), Gate::Closed);
    }

    #[test]
    fn a_try_that_fails_doubles_the_silence_up_to_four_hours() {
        let mut breaker = Breaker::default();
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..7 {
            breaker.silence(minutes(10), "no", now);
            let Gate::Open { until, .. } = breaker.gate(now) else {
                panic!("it is open");
            };
            waits.push(until.since(now).as_secs() / 60);
            now = until;
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 240, 240]);
    }

    #[test]
    fn a_second_reply_of_the_same_kind_does_not_lengthen_the_silence() {
        let mut breaker = Breaker::default();
        breaker.silence(minutes(10), "no", at(0));
        breaker.silence(minutes(10), "no", at(2));
        let until = at(602);
        assert_eq!(breaker.gate(at(2)), Gate::Open { why: "no", until });
    }

    #[test]
    fn connections_that_fail_are_tried_again_later_each_time() {
        let mut breaker = Breaker::default();
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..8 {
            breaker.failed("refused", now);
            let Gate::Open { until, .. } = breaker.gate(now) else {
                panic!("it is open");
            };
            waits.push(until.since(now).as_secs());
            now = until;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        breaker.taken(now);
        assert_eq!((breaker.gate(now), breaker.failures()), (Gate::Closed, 0));
    }
}
