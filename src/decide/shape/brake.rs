//! Brake: how one mailing fares, the slice of it that goes first, and when it must stop. Policy C4.
//!
//! Counted by provider, since one of them may be the only one that minds; judged by provider and in all.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::counts::{Counts, Judged};
use super::pulse::Pulse;
use super::scope::Scope;
use super::settings::{Brake, Canary};
use crate::mail::Timestamp;
use crate::model::{Entry, Lane};

/// What is said about a mailing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It fares well.
    Fine,
    /// It is near the limit; why.
    Warn(String),
    /// It must stop; why.
    Pause(String),
}

/// Whether fresh copies go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slice {
    /// The first slice goes.
    First,
    /// The slice has gone; the rest waits until then to see how it fares.
    Waits(Timestamp),
    /// All of it goes.
    Whole,
}

/// How one mailing fares.
#[derive(Debug, Clone)]
pub struct Watch {
    /// By the provider's name.
    pub by_provider: BTreeMap<Arc<str>, Counts>,
    /// Whom it goes before.
    pub lane: Lane,
    /// The course it has taken.
    pub course: Pulse,
    /// Its pace.
    pub pace: Pulse,
    /// Copies in the slice that goes first; all of them when it has none.
    pub canary: u32,
    /// People in the plan.
    pub planned: u32,
    /// The next hops that copies are still to leave for: noted by whoever sends, while none has left lately.
    pub hosts_awaited: Vec<Scope>,
    /// Whether it is judged at all: what people addressed themselves is not, and an emergency is never stopped.
    pub is_judged: bool,
    /// What a person who let it go on has seen already.
    before: BTreeMap<Arc<str>, Counts>,
    in_flight: u32,
    last_tried: Option<Timestamp>,
    is_whole: bool,
}

impl Watch {
    /// Of a mailing that begins.
    pub fn new(planned: u32, canary: Option<&Canary>) -> Self {
        let first = canary.map_or(planned, |canary| canary.of(planned));
        Self {
            by_provider: BTreeMap::new(),
            lane: Lane::Bulk,
            course: Pulse::whole(),
            pace: Pulse::fine(),
            canary: first,
            planned,
            hosts_awaited: Vec::new(),
            is_judged: canary.is_some(),
            before: BTreeMap::new(),
            in_flight: 0,
            last_tried: None,
            is_whole: first >= planned,
        }
    }

    /// The counts of a provider.
    pub fn at(&mut self, provider: &Arc<str>) -> &mut Counts {
        self.by_provider.entry(Arc::clone(provider)).or_default()
    }

    /// The counts by provider, most people first.
    pub fn ranked(&self) -> Vec<(String, Counts)> {
        let all = self.by_provider.iter();
        let mut ranked: Vec<(String, Counts)> = all.map(|(name, counts)| (name.to_string(), counts.clone())).collect();
        ranked.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.planned));
        ranked
    }

    /// Notes when a copy came to its end.
    pub fn beats(&mut self, entry: &Entry) {
        if let Some(outcome) = &entry.outcome {
            self.course.count(entry.at, outcome);
            self.pace.count(entry.at, outcome);
        }
    }

    /// Whether fresh copies go, and of which slice.
    pub fn slice(&self, canary: &Canary, now: Timestamp) -> Slice {
        if self.is_whole {
            return Slice::Whole;
        }
        match self.last_tried {
            None => Slice::First,
            // What is still under way may yet say something.
            Some(last) => {
                let until = last.plus(canary.wait);
                if self.in_flight == 0 && until <= now {
                    Slice::Whole
                } else if self.in_flight == 0 && self.has_tried_the_first() {
                    Slice::Waits(until)
                } else {
                    Slice::First
                }
            }
        }
    }

    fn has_tried_the_first(&self) -> bool {
        let tried: u64 = self
            .by_provider
            .values()
            .map(|counts| counts.tried + counts.suppressed)
            .sum();
        tried >= u64::from(self.canary)
    }

    /// The first slice was seen to its end: the rest goes, whatever comes.
    pub fn let_all_go(&mut self) {
        self.is_whole = true;
    }

    /// A copy sets out.
    pub fn sets_out(&mut self) {
        self.in_flight += 1;
    }

    /// A copy is back, with an outcome or without.
    pub fn is_back(&mut self, tried: Option<Timestamp>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.last_tried = self.last_tried.max(tried);
    }

    /// A person lets it go on: what they have seen is judged no more.
    pub fn forgive(&mut self) {
        self.before = self.by_provider.clone();
    }

    /// The same, of a mailing taken up again: what they had seen.
    pub fn forgive_these(&mut self, seen: BTreeMap<Arc<str>, Counts>) {
        self.before = seen;
    }

    /// How it fares.
    pub fn judge(&self, brake: &Brake) -> Judgement {
        if !self.is_judged {
            return Judgement::Fine;
        }
        let nothing = Counts::default();
        let by_provider: Vec<(&str, Judged)> = self
            .by_provider
            .iter()
            .map(|(name, counts)| (&**name, counts.since(self.before.get(name).unwrap_or(&nothing))))
            .collect();
        let all = by_provider.iter().map(|(_, judged)| *judged).reduce(Judged::plus);
        let all = all.map(|judged| ("everywhere", judged));
        let found: Vec<Judgement> = all
            .into_iter()
            .chain(by_provider)
            .map(|(name, judged)| judge(name, judged, brake))
            .collect();
        let worst = |judgement: &&Judgement| match judgement {
            Judgement::Fine => 0,
            Judgement::Warn(_) => 1,
            Judgement::Pause(_) => 2,
        };
        // Of equals the first, which is the whole.
        found.iter().rev().max_by_key(worst).cloned().unwrap_or(Judgement::Fine)
    }
}

fn judge(name: &str, judged: Judged, brake: &Brake) -> Judgement {
    if judged.unauthenticated >= brake.authentication {
        return Judgement::Pause(format!(
            "{}: {} replies doubt who we are (SPF, DKIM or DMARC)",
            name, judged.unauthenticated
        ));
    }
    if judged.tried < brake.sample {
        return Judgement::Fine;
    }
    let kinds = [
        (
            "mailboxes are gone",
            judged.bounced,
            brake.bounces_warn,
            brake.bounces_pause,
        ),
        (
            "people complained",
            judged.complained,
            brake.complaints_warn,
            brake.complaints_pause,
        ),
    ];
    let mut warning = Judgement::Fine;
    for (what, count, warn, pause) in kinds {
        // Counts of people are far below what a float holds exactly.
        let percent = count as f64 * 100.0 / judged.tried as f64;
        let found = format!("{name}: {count} of {} {what}, {percent:.2} %", judged.tried);
        if percent >= pause {
            return Judgement::Pause(format!("{found}; the limit is {pause} %"));
        }
        if percent >= warn {
            warning = Judgement::Warn(format!("{found}; at {pause} % it is paused"));
        }
    }
    warning
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const CANARY: Canary = Canary {
        copies: 200,
        percent: 2.0,
        wait: Duration::from_secs(15 * 60),
    };
    const BRAKE: Brake = Brake {
        sample: 200,
        bounces_warn: 2.0,
        bounces_pause: 5.0,
        complaints_warn: 0.08,
        complaints_pause: 0.3,
        authentication: 3,
    };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(0).plus(Duration::from_secs(seconds))
    }

    fn watch(counts: &[(&str, Counts)]) -> Watch {
        let mut watch = Watch::new(10_000, Some(&CANARY));
        watch.by_provider = counts
            .iter()
            .map(|(name, counts)| (Arc::from(*name), counts.clone()))
            .collect();
        watch
    }

    fn counts(tried: u64, bounced: u64, complained: u64) -> Counts {
        Counts {
            tried,
            refused_for_good: bounced,
            complained,
            ..Counts::default()
        }
    }

    #[track_caller]
    fn check(by_provider: &[(&str, Counts)], expected: &str) {
        let said = match watch(by_provider).judge(&BRAKE) {
            Judgement::Fine => "fine".to_owned(),
            Judgement::Warn(why) => format!("warn {why}"),
            Judgement::Pause(why) => format!("pause {why}"),
        };
        assert!(said.starts_with(expected), "{said}");
    }

    #[test]
    fn it_warns_at_two_percent_of_bounces_and_pauses_at_five() {
        check(&[("Gmail", counts(200, 3, 0))], "fine");
        check(
            &[("Gmail", counts(200, 4, 0))],
            "warn everywhere: 4 of 200 mailboxes are gone, 2.00 %; at 5 % it is paused",
        );
        check(&[("Gmail", counts(200, 10, 0))], "pause everywhere: 10 of 200");
    }

    #[test]
    fn it_warns_at_eight_complaints_in_ten_thousand_and_pauses_at_thirty() {
        check(&[("Gmail", counts(10_000, 0, 7))], "fine");
        check(
            &[("Gmail", counts(10_000, 0, 8))],
            "warn everywhere: 8 of 10000 people complained",
        );
        check(&[("Gmail", counts(10_000, 0, 30))], "pause everywhere: 30 of 10000");
    }

    #[test]
    fn fewer_than_two_hundred_are_not_judged() {
        check(&[("Gmail", counts(199, 100, 100))], "fine");
    }

    #[test]
    fn one_provider_that_minds_is_enough() {
        let by_provider = [("Gmail", counts(9_000, 0, 0)), ("Yahoo", counts(300, 30, 0))];
        check(&by_provider, "pause Yahoo: 30 of 300");
    }

    #[test]
    fn three_doubts_about_who_we_are_are_enough_at_any_size() {
        let unauthenticated = |count| Counts {
            unauthenticated: count,
            ..counts(5, 0, 0)
        };
        check(&[("Gmail", unauthenticated(2))], "fine");
        check(
            &[("Gmail", unauthenticated(3))],
            "pause everywhere: 3 replies doubt who we are",
        );
    }

    #[test]
    fn what_a_person_has_seen_is_judged_no_more() {
        let mut watch = watch(&[("Gmail", counts(200, 20, 0))]);
        watch.forgive();
        assert_eq!(watch.judge(&BRAKE), Judgement::Fine);
        watch.at(&Arc::from("Gmail")).tried = 400;
        watch.at(&Arc::from("Gmail")).returned_for_good = 30;
        assert!(matches!(watch.judge(&BRAKE), Judgement::Pause(_)));
    }

    #[test]
    fn the_first_slice_goes_and_the_rest_waits_a_quarter_of_an_hour() {
        let mut watch = Watch::new(5_000, Some(&CANARY));
        let gmail: Arc<str> = Arc::from("Gmail");
        assert_eq!((watch.canary, watch.slice(&CANARY, at(0))), (200, Slice::First));
        (0..200).for_each(|_| watch.sets_out());
        for second in 1..=200 {
            watch.at(&gmail).tried += 1;
            watch.is_back(Some(at(second)));
        }
        assert_eq!(watch.slice(&CANARY, at(201)), Slice::Waits(at(200 + 900)));
        assert_eq!(watch.slice(&CANARY, at(200 + 899)), Slice::Waits(at(200 + 900)));
        assert_eq!(watch.slice(&CANARY, at(200 + 900)), Slice::Whole);
    }

    #[test]
    fn a_part_of_the_slice_that_cannot_go_holds_nobody_back_for_ever() {
        let mut watch = Watch::new(5_000, Some(&CANARY));
        watch.sets_out();
        watch.at(&Arc::from("Gmail")).tried += 1;
        assert_eq!(watch.slice(&CANARY, at(900)), Slice::First);
        watch.is_back(Some(at(1)));
        assert_eq!(watch.slice(&CANARY, at(900)), Slice::First);
        assert_eq!(watch.slice(&CANARY, at(901)), Slice::Whole);
    }

    #[test]
    fn a_small_mailing_and_one_that_people_addressed_go_whole() {
        assert_eq!(Watch::new(200, Some(&CANARY)).slice(&CANARY, at(0)), Slice::Whole);
        assert_eq!(Watch::new(5_000, None).slice(&CANARY, at(0)), Slice::Whole);
        assert_eq!(Watch::new(200_000, Some(&CANARY)).canary, 4_000);
    }
}
