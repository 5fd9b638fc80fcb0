//! Twelve bars, and the limits they ought to stay under.

use jiff::civil::Date;

use super::{Key, Words};

/// How wide and how high it is drawn; the page makes it fit.
const WIDTH: u64 = 640;
const HEIGHT: u64 = 200;
/// Width of a bar, of the place it stands in.
const BAR_PERCENT: u64 = 64;
/// The highest value, when all are low: 0.4 % in parts of a million.
const TOP_MIN: u64 = 4_000;
/// And at most: all.
const TOP_MAX: u64 = 1_000_000;

/// A drawing.
#[derive(Debug)]
pub(super) struct Chart {
    /// What it shows, for those who do not see it.
    pub(super) label: String,
    pub(super) bars: Vec<Bar>,
    pub(super) limits: Vec<Limit>,
}

/// One month.
#[derive(Debug)]
pub(super) struct Bar {
    /// Its name, cut short.
    pub(super) month: String,
    /// What it stands for, without the sign; empty for nothing.
    pub(super) value: String,
    pub(super) x: u64,
    pub(super) middle: u64,
    pub(super) y: u64,
    pub(super) width: u64,
    pub(super) height: u64,
    /// Over a limit.
    pub(super) is_over: bool,
}

/// A line that is better not reached.
#[derive(Debug)]
pub(super) struct Limit {
    pub(super) y: u64,
    pub(super) name: String,
}

impl Chart {
    /// Of values in parts of a million.
    pub(super) fn of(words: Words, values: &[(Date, u64)], limits: &[(u64, Key)], label: Key) -> Self {
        // More copies may be complained of in a month than leave in it.
        let values: Vec<(Date, u64)> = values
            .iter()
            .map(|(date, value)| (*date, (*value).min(TOP_MAX)))
            .collect();
        let highest = values.iter().map(|(_, value)| *value).max().unwrap_or_default();
        let top = highest.saturating_add(highest / 10).max(TOP_MIN);
        let y = |value: u64| HEIGHT - value.saturating_mul(HEIGHT) / top;
        let place = WIDTH / u64::try_from(values.len().max(1)).unwrap_or(WIDTH);
        let width = place * BAR_PERCENT / 100;
        let bars = (0u64..).zip(&values).map(|(at, (date, value))| Bar {
            month: words.month_short(*date),
            value: if *value == 0 { String::new() } else { hundredths(*value) },
            x: at * place + (place - width) / 2,
            middle: at * place + place / 2,
            y: y(*value),
            width,
            height: HEIGHT - y(*value),
            is_over: limits.iter().any(|(limit, _)| value >= limit),
        });
        let last = values
            .last()
            .map_or_else(String::new, |(_, value)| percent(words, *value));
        Self {
            label: words
                .say(label)
                .with("last", last)
                .with("highest", percent(words, highest))
                .into(),
            bars: bars.collect(),
            limits: limits
                .iter()
                .map(|(limit, name)| Limit {
                    y: y(*limit),
                    name: words.say(name).into(),
                })
                .collect(),
        }
    }
}

/// Parts of a million as percent with two digits: `0.12 %`.
pub(super) fn percent(words: Words, parts: u64) -> String {
    words.say("percent").with("share", hundredths(parts)).into()
}

fn hundredths(parts: u64) -> String {
    let rounded = (parts + 50) / 100;
    format!("{}.{:02}", rounded / 100, rounded % 100)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    fn drawn(values: &[u64]) -> Chart {
        let words = Words::of(&HeaderMap::new());
        let dated: Vec<(Date, u64)> = values
            .iter()
            .map(|value| (jiff::civil::date(2026, 11, 1), *value))
            .collect();
        let limits = [(1_000, Key("report-limit-good")), (3_000, Key("report-limit-never"))];
        Chart::of(words, &dated, &limits, Key("report-complaints-trend"))
    }

    #[test]
    fn limits_are_on_the_drawing_however_low_the_bars_are() {
        let chart = drawn(&[0; 12]);
        assert!(chart.limits.iter().all(|limit| limit.y > 0 && limit.y < HEIGHT));
        assert!(chart.bars.iter().all(|bar| bar.height == 0 && !bar.is_over));
    }

    #[test]
    fn no_bar_leaves_the_drawing_and_one_over_a_limit_is_marked() {
        let chart = drawn(&[999, 1_000, 3_000, 1_000_000, u64::MAX]);
        assert!(
            chart
                .bars
                .iter()
                .all(|bar| bar.y + bar.height == HEIGHT && bar.x + bar.width <= WIDTH)
        );
        let over: Vec<bool> = chart.bars.iter().map(|bar| bar.is_over).collect();
        assert_eq!(over, [false, true, true, true, true]);
    }

    #[test]
    fn a_share_is_rounded_to_two_digits() {
        let words = Words::of(&HeaderMap::new());
        assert_eq!(percent(words, 1_249), "0.12\u{a0}%");
        assert_eq!(percent(words, 1_000_000), "100.00\u{a0}%");
    }
}
