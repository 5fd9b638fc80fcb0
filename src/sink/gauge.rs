//! Gauge: measures what reaches a host, so that whoever sends can be held to their limits.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// What was counted so far.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    pub(super) opened: u64,
    pub(super) turned_away: u64,
    pub(super) at_once_most: u32,
    pub(super) on_one_connection_most: u32,
    /// When copies were begun, in milliseconds; in order.
    tried: Vec<u32>,
    taken: Vec<u32>,
    said: BTreeMap<String, u64>,
    faults: BTreeMap<&'static str, u64>,
    pub(super) hidden: Vec<String>,
}

/// What reached a host, as measured there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Whom it was like; `None` for a sink that is like nobody.
    pub like: Option<String>,
    /// The limits it kept.
    pub limits: Option<Kept>,
    /// How long it was open.
    pub seconds: f64,
    /// Connections.
    pub connections: Connections,
    /// Copies.
    pub copies: Copies,
    /// Whom they were for.
    pub recipients: Reached,
    /// How often it said no, by the name of the rule that knows it.
    pub said: BTreeMap<String, u64>,
    /// How often something else went wrong.
    pub faults: BTreeMap<&'static str, u64>,
}

/// Limits that a host kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Kept {
    /// Connections at once.
    pub connections: u32,
    /// Copies on one.
    pub messages_per_connection: u32,
    /// Copies a second.
    pub messages_per_second: f64,
}

/// Connections that came.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Connections {
    /// All of them.
    pub opened: u64,
    /// Those that were one too many.
    pub turned_away: u64,
    /// At the same time, at most.
    pub at_once_most: u32,
}

/// Copies that came; the greatest numbers are of those that were begun, whether they were taken or not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Copies {
    /// Begun, by a MAIL command.
    pub tried: usize,
    /// Taken.
    pub taken: usize,
    /// On one connection, at most.
    pub on_one_connection_most: u32,
    /// In any second, at most.
    pub in_one_second_most: usize,
    /// In any ten seconds, at most.
    pub in_ten_seconds_most: usize,
    /// In any minute, at most.
    pub in_a_minute_most: usize,
    /// Taken in each ten seconds, from the first on.
    pub taken_in_each_ten_seconds: Vec<u32>,
}

/// Whom copies were for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reached {
    /// How many people got one at least.
    pub reached: usize,
    /// Who got more than one, and how many.
    pub more_than_once: BTreeMap<String, u32>,
    /// Whom the sender cannot know about: the end of their copy was not said.
    pub hidden: Vec<String>,
}

impl Gauge {
    pub(super) fn try_copy(&mut self, at: Duration, carried: u32) {
        self.tried.push(millis(at));
        self.on_one_connection_most = self.on_one_connection_most.max(carried);
    }

    pub(super) fn take_copy(&mut self, at: Duration) {
        self.taken.push(millis(at));
    }

    pub(super) fn taken(&self) -> u64 {
        u64::try_from(self.taken.len()).unwrap_or(u64::MAX)
    }

    pub(super) fn say(&mut self, rule: &str) {
        *self.said.entry(rule.to_owned()).or_default() += 1;
    }

    pub(super) fn fail(&mut self, what: &'static str) {
        *self.faults.entry(what).or_default() += 1;
    }

    pub(super) fn report(
        &self,
        (like, limits): (Option<String>, Option<Kept>),
        seconds: f64,
        (reached, more_than_once): (usize, BTreeMap<String, u32>),
    ) -> Report {
        Report {
            like,
            limits,
            seconds,
            connections: Connections {
                opened: self.opened,
                turned_away: self.turned_away,
                at_once_most: self.at_once_most,
            },
            copies: Copies {
                tried: self.tried.len(),
                taken: self.taken.len(),
                on_one_connection_most: self.on_one_connection_most,
                in_one_second_most: most_within(&self.tried, 1_000),
                in_ten_seconds_most: most_within(&self.tried, 10_000),
                in_a_minute_most: most_within(&self.tried, 60_000),
                taken_in_each_ten_seconds: in_each(&self.taken, 10_000),
            },
            recipients: Reached {
                reached,
                more_than_once,
                hidden: self.hidden.clone(),
            },
            said: self.said.clone(),
            faults: self.faults.clone(),
        }
    }
}

fn millis(at: Duration) -> u32 {
    u32::try_from(at.as_millis()).unwrap_or(u32::MAX)
}

/// The most of these moments that lie within less than such a stretch of time.
fn most_within(moments: &[u32], stretch: u32) -> usize {
    let mut most = 0;
    for (first, from) in moments.iter().enumerate() {
        let rest = moments.get(first..).unwrap_or_default();
        most = most.max(rest.partition_point(|at| at.saturating_sub(*from) < stretch));
    }
    most
}

/// How many lie in each such stretch, from the first moment on.
fn in_each(moments: &[u32], stretch: u32) -> Vec<u32> {
    let Some(first) = moments.first() else { return vec![] };
    let mut counts = Vec::new();
    for at in moments {
        let number = usize::try_from((at - first) / stretch).unwrap_or_default();
        if counts.len() <= number {
            counts.resize(number + 1, 0);
        }
        if let Some(count) = counts.get_mut(number) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_within_a_stretch_is_found_wherever_it_lies() {
        let moments = [0, 900, 1_000, 1_100, 1_800, 5_000];
        assert_eq!(most_within(&moments, 1_000), 4);
        assert_eq!(most_within(&moments, 10_000), 6);
        assert_eq!(most_within(&[], 1_000), 0);
    }

    #[test]
    fn a_stretch_without_any_counts_none() {
        assert_eq!(in_each(&[100, 200, 2_500], 1_000), [2, 0, 1]);
        assert_eq!(in_each(&[], 1_000), [0; 0]);
    }
}
