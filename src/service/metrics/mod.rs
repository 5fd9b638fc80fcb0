//! The figures of the house, for Prometheus: counted where things happen, and read from the memory when they are asked.
//!
//! Whoever does something counts it (`metrics::counter!`), as they log it. What can be read at any time (who waits, how
//! whoever receives stands) is read when somebody asks, in `stand`. Labels have few values, all from the settings or
//! from the program: never an address, a subject or a mailing. `words` says what each figure is.
//!
//! # Standards
//! Prometheus's text format 0.0.4.

mod stand;
mod words;

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

pub(super) use stand::Figures;

use crate::stage::worker::Shutdown;

/// The upper bounds of a histogram's buckets, in seconds: from a fast disk's sync to one that is in trouble.
const BUCKETS: [f64; 13] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];
/// How often samples are put into their buckets: between two of them they take room.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The one recorder of the process: figures are counted everywhere, and come together here.
static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to count; whoever comes later shares what there is.
pub(super) fn recorder() -> anyhow::Result<PrometheusHandle> {
    if let Some(handle) = HANDLE.get() {
        return Ok(handle.clone());
    }
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(seconds, &BUCKETS);
    let recorder = builder.context("setting up the figures")?.build_recorder();
    let handle = HANDLE.get_or_init(|| recorder.handle()).clone();
    if metrics::set_global_recorder(recorder).is_ok() {
        words::describe();
    }
    Ok(handle)
}

/// Puts samples into their buckets until the house closes.
pub(super) async fn upkeep(handle: PrometheusHandle, mut closing: Shutdown) {
    while !closing.is_closing() {
        handle.run_upkeep();
        tokio::select! {
            () = tokio::time::sleep(UPKEEP_EVERY) => {}
            () = closing.closing() => {}
        }
    }
}
