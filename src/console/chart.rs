//! Charts, drawn here as SVG: columns of time, and one bar of shares. They need no script, and say in words what they
//! show; every number in them stands beside them as well.

use askama::Template;
use jiff::tz::TimeZone;

use super::words::{Key, Words};
use crate::decide::shape::{Beat, Pulse};
use crate::mail::Timestamp;

/// How wide and high the field of a chart is, in its own units; a page stretches it.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 100.0;
/// Columns there is room for, so that the first few are no towers.
const COLUMNS_MIN: usize = 24;
/// What lies between two columns.
const GAP: f64 = 0.15;

/// Copies that came to an end, over time: taken, put off, given up, one on the other.
#[derive(Debug, Template)]
#[template(path = "course.html", config = ".askama.toml")]
pub(super) struct Chart {
    words: Words,
    /// What it shows, for whoever does not see it.
    label: String,
    columns: Vec<Column>,
    /// What the highest column stands for.
    peak: String,
    from: String,
    to: String,
}

#[derive(Debug)]
struct Column {
    x: String,
    width: String,
    /// Class, top and height of each part.
    parts: Vec<(&'static str, String, String)>,
    title: String,
}

impl Chart {
    /// The chart of a pulse as it is now; `None` while there is nothing to see.
    pub(super) fn of(words: Words, zone: &TimeZone, pulse: &Pulse, now: Timestamp, what: Key) -> Option<Self> {
        let pulse = pulse.at(now);
        let beats: Vec<(Timestamp, &Beat)> = pulse.beats().collect();
        let highest = beats.iter().map(|(_, beat)| beat.sum()).max().filter(|sum| *sum > 0)?;
        let time = |at: Timestamp| at.local(zone).strftime("%H:%M").to_string();
        let places = beats.len().max(COLUMNS_MIN);
        let step = WIDTH / places as f64;
        let column = |(place, (at, beat)): (usize, &(Timestamp, &Beat))| Column {
            x: number(place as f64 * step + step * GAP / 2.0),
            width: number(step * (1.0 - GAP)),
            parts: parts(beat, highest),
            title: titled(words, &time(*at), beat),
        };
        let columns = beats.iter().enumerate().map(column).collect();
        let (first, _) = beats.first()?;
        let until = first.plus(pulse.width().saturating_mul(u32::try_from(places).unwrap_or(u32::MAX)));
        let (from, to) = (time(*first), time(until));
        let peak = rate(words, f64::from(highest) / pulse.width().as_secs_f64());
        let said = words.say(what).with("from", from.clone()).with("to", to.clone());
        Some(Self {
            words,
            label: said.with("peak", peak.clone()).into(),
            columns,
            peak,
            from,
            to,
        })
    }
}

/// Copies a second, or a minute where that reads better.
pub(super) fn rate(words: Words, per_second: f64) -> String {
    // The sum of no paces is -0.0, which would be read.
    let per_second = per_second + 0.0;
    let (key, count) = if per_second >= 1.0 {
        (Key("pace-second"), per_second)
    } else {
        (Key("pace-minute"), per_second * 60.0)
    };
    let count = if count < 10.0 {
        ((count * 10.0).round() / 10.0).to_string()
    } else {
        // Whole copies are exact enough, and far below what an integer holds.
        words.number(count.round() as u64)
    };
    words.say(key).with("count", count).into()
}

/// The parts of a bar of shares: class, beginning and length, of a hundred.
pub(super) fn shares(parts: &[(&'static str, u64)], whole: u64) -> Vec<(&'static str, String, String)> {
    let mut from = 0.0;
    let share = |count: u64| count as f64 * 100.0 / whole.max(1) as f64;
    let mut all = Vec::new();
    for (class, count) in parts.iter().filter(|(_, count)| *count > 0) {
        all.push((*class, number(from), number(share(*count))));
        from += share(*count);
    }
    all
}

/// Taken at the bottom, given up on top.
fn parts(beat: &Beat, highest: u32) -> Vec<(&'static str, String, String)> {
    let mut top = HEIGHT;
    let mut parts = Vec::new();
    for (class, count) in [
        ("accepted", beat.accepted),
        ("deferred", beat.deferred),
        ("failed", beat.failed),
    ] {
        let height = f64::from(count) * HEIGHT / f64::from(highest.max(1));
        top -= height;
        if count > 0 {
            parts.push((class, number(top), number(height)));
        }
    }
    parts
}

fn titled(words: Words, time: &str, beat: &Beat) -> String {
    let said = words.say("chart-column").with("time", time);
    let said = said.with("accepted", u64::from(beat.accepted));
    let said = said.with("deferred", u64::from(beat.deferred));
    said.with("failed", u64::from(beat.failed)).into()
}

fn number(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_one_another_and_empty_ones_are_left_out() {
        let bar = shares(&[("accepted", 50), ("deferred", 0), ("failed", 25)], 100);
        let text = |from: &str, length: &str| (from.to_owned(), length.to_owned());
        let (accepted, failed) = (text("0.00", "50.00"), text("50.00", "25.00"));
        assert_eq!(
            bar,
            [("accepted", accepted.0, accepted.1), ("failed", failed.0, failed.1)]
        );
        assert_eq!(shares(&[("accepted", 0)], 0), []);
    }

    #[test]
    fn a_rate_is_in_the_unit_that_reads_best() {
        let words = Words::of(&axum::http::HeaderMap::new());
        let said = |rates: &[f64]| rate(words, rates.iter().sum());
        assert_eq!(said(&[]), "0 a minute");
        assert_eq!(said(&[0.05]), "3 a minute");
        assert_eq!(said(&[0.75, 0.75]), "1.5 a second");
    }

    #[test]
    fn parts_of_a_column_stand_on_one_another() {
        let beat = Beat {
            accepted: 3,
            deferred: 0,
            failed: 1,
        };
        let found = parts(&beat, 8);
        let (taken, lost) = (
            ("62.50".to_owned(), "37.50".to_owned()),
            ("50.00".to_owned(), "12.50".to_owned()),
        );
        assert_eq!(found, [("accepted", taken.0, taken.1), ("failed", lost.0, lost.1)]);
    }
}
