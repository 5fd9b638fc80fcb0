//! Mailings as the API tells them, and as people read them.

mod counts;
mod fares;
mod line;
mod preview;
mod remarks;
mod uncertain;
mod whole;

use anyhow::Context as _;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Error;

pub(super) use counts::{outcomes, tally};
pub(super) use line::{Line, list};
pub(super) use remarks::remarks;
pub(super) use whole::show;

/// What the API answered, in our words.
pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    Ok(serde_json::from_value(value).context("the gateway answers in another version's words")?)
}

/// Copies a second, or a minute where that reads better.
pub(super) fn pace(per_second: f64) -> String {
    let (count, span) = if per_second >= 1.0 {
        (per_second, "s")
    } else {
        (per_second * 60.0, "min")
    };
    let count = if count < 10.0 {
        (count * 10.0).round() / 10.0
    } else {
        count.round()
    };
    format!("{count} copies/{span}")
}

/// So long, as people say it.
pub(super) fn wait(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_said_as_exactly_as_it_reads_well() {
        let said = [153.49, 9.87, 1.0, 0.333, 0.004].map(pace);
        assert_eq!(
            said,
            [
                "153 copies/s",
                "9.9 copies/s",
                "1 copies/s",
                "20 copies/min",
                "0.2 copies/min"
            ]
        );
    }
}
