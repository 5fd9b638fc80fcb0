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

/// So long, as people say it.
pub(super) fn wait(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}
