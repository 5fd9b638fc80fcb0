//! What each piece of sending and taking mail costs, by itself: `cargo bench --bench pieces`.
//!
//! Beside them, in the same run, one bare RSA-2048 signature, since signing is what a copy cannot do without. Words behind
//! `--` pick pieces by their names. Numbers of one run on one machine compare with one another, and with nothing else.

#![expect(clippy::expect_used, reason = "a measurement may fail")]

mod letters;
mod pace;
mod sending;
mod store;
mod taking;

#[allow(
    dead_code,
    unreachable_pub,
    clippy::panic,
    reason = "the console's tests use what this does not"
)]
#[path = "../../tests/console/site.rs"]
mod site;

use std::path::Path;
use std::time::Duration;

use bedel::config::Config;
use bedel::mail::Timestamp;
use criterion::{BenchmarkGroup, Criterion};
use tikv_jemallocator::Jemalloc;
use zeroizing_alloc::ZeroAlloc;

/// As the program has it: wiping what is given back is part of the cost.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<Jemalloc> = ZeroAlloc(Jemalloc);

/// Pieces that stand beside one another.
type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4))
        .sample_size(60)
        .configure_from_args();
    sending::measure(&mut criterion.benchmark_group("sending"));
    pace::measure(&mut criterion.benchmark_group("pace"));
    store::measure(&mut criterion.benchmark_group("store"));
    taking::measure_rules(&mut criterion.benchmark_group("taking"));
    for octets in [4 * 1024, 64 * 1024] {
        taking::measure(
            &mut criterion.benchmark_group(format!("taking {} KiB", octets / 1024)),
            octets,
        );
    }
    criterion.final_summary();
}

/// The time at which all of it takes place.
fn now() -> Timestamp {
    Timestamp::from_micros(1_795_489_514_000_000)
}

/// The shipped settings.
fn shipped() -> Config {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    bedel::config::load(&folder).expect("the shipped settings")
}
