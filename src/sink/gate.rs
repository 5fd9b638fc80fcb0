//! Gate: keeps the limits a host has, and knows when it has had enough.

use std::time::{Duration, Instant};

use super::likeness::Likeness;
use super::mood::Mood;
use crate::decide::shape::Meaning;

/// How far ahead of an even pace copies may run: a second's worth for whoever keeps the rate to the letter, and another
/// for what the way has pushed together.
const AHEAD: Duration = Duration::from_secs(2);

/// What counts against the limits now.
#[derive(Debug)]
pub(super) struct Gate {
    begun: Instant,
    open: u32,
    /// When the copies so far would have come at an even pace, since the beginning.
    even: Duration,
    /// Until when everything is too fast, since the beginning.
    angry: Option<Duration>,
    /// Copies after which it is, whatever the pace, largest first.
    brakes: Vec<u64>,
    anger: Duration,
}

impl Gate {
    pub(super) fn new(mood: &Mood) -> Self {
        let mut brakes = mood.brake_after.clone();
        brakes.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            begun: Instant::now(),
            open: 0,
            even: Duration::ZERO,
            angry: None,
            brakes,
            anger: Duration::from_secs_f64(mood.angry_seconds),
        }
    }

    /// How long it has been open.
    pub(super) fn time(&self) -> Duration {
        self.begun.elapsed()
    }

    /// A connection comes; how many there are, or that these are too many.
    pub(super) fn enter(&mut self, likeness: Option<&Likeness>) -> Result<u32, Meaning> {
        if likeness.is_some_and(|likeness| self.open >= likeness.connections) {
            return Err(Meaning::Connections);
        }
        self.open += 1;
        Ok(self.open)
    }

    pub(super) fn leave(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// A copy comes, so many-th on its connection, when so many were taken; what is wrong with that.
    pub(super) fn objects(&mut self, likeness: &Likeness, carried: u32, taken: u64) -> Option<Meaning> {
        if carried > likeness.per_connection {
            return Some(Meaning::Spent);
        }
        let now = self.time();
        let is_braked = self.brakes.pop_if(|after| taken >= *after).is_some();
        if is_braked || self.is_too_fast(likeness, now) {
            self.angry = Some(now + self.anger);
        }
        self.angry.is_some_and(|until| now < until).then_some(Meaning::Rate)
    }

    /// Counts a copy against the rate; whether it is more than that bears.
    fn is_too_fast(&mut self, likeness: &Likeness, now: Duration) -> bool {
        if !likeness.per_second.is_finite() {
            return false;
        }
        let next = self.even.max(now) + Duration::from_secs_f64(1.0 / likeness.per_second);
        // At a slow pace one copy is more than two seconds' worth, and may still come.
        let is_too_fast = self.even > now && next > now + AHEAD;
        if !is_too_fast {
            self.even = next;
        }
        is_too_fast
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::decide::shape::{Limits, Provider, Range, Rate, Settings};

    fn likeness(per_second: f64) -> Likeness {
        let many = |count| NonZeroU32::new(count).expect("not zero");
        let provider = Provider {
            key: "p".into(),
            name: "P".into(),
            domains: vec![],
            exchangers: vec![],
            sample_exchanger: None,
            limits: Limits {
                connections: Some(Range::fixed(many(2))),
                messages_per_connection: Some(many(3)),
                messages_per_second: Rate::per_second(per_second).map(Range::fixed),
                ..Limits::default()
            },
            rules: vec![],
        };
        Likeness::of(&Settings::default(), &provider, 1.0)
    }

    fn gate(brake_after: Vec<u64>) -> Gate {
        Gate::new(&Mood {
            angry_seconds: 10.0,
            brake_after,
            ..Mood::default()
        })
    }

    #[test]
    fn a_third_connection_and_a_fourth_copy_on_one_are_too_many() {
        let (mut gate, likeness) = (gate(vec![]), likeness(1_000.0));
        let entered: Vec<_> = (0..3).map(|_| gate.enter(Some(&likeness))).collect();
        assert_eq!(entered, [Ok(1), Ok(2), Err(Meaning::Connections)]);
        gate.leave();
        assert_eq!(gate.enter(Some(&likeness)), Ok(2));
        assert_eq!(gate.objects(&likeness, 3, 0), None);
        assert_eq!(gate.objects(&likeness, 4, 0), Some(Meaning::Spent));
    }

    #[test]
    fn two_seconds_worth_at_once_is_borne_and_more_makes_it_angry() {
        let (mut gate, likeness) = (gate(vec![]), likeness(10.0));
        let said: Vec<_> = (0..30).map(|_| gate.objects(&likeness, 1, 0).is_some()).collect();
        let first = said.iter().position(|is_a_no| *is_a_no).expect("it gets angry");
        assert!((20..24).contains(&first), "{first}");
        assert!(said.iter().skip(first).all(|is_a_no| *is_a_no), "and stays so");
    }

    #[test]
    fn after_so_many_copies_it_brakes_whatever_the_pace() {
        let (mut gate, likeness) = (gate(vec![5]), likeness(1_000.0));
        assert_eq!(gate.objects(&likeness, 1, 4), None);
        assert_eq!(gate.objects(&likeness, 1, 5), Some(Meaning::Rate));
        assert_eq!(gate.objects(&likeness, 1, 5), Some(Meaning::Rate), "it stays angry");
    }
}
