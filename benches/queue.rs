//! How long the queue page and a decision take with many cases waiting: `cargo bench --bench queue -- CASES`.
//!
//! The console itself, asked as a browser asks, over a store on the disk. Numbers of one run on one machine compare
//! with one another, and with nothing else.

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark measures time and prints it"
)]

#[allow(dead_code, unreachable_pub, reason = "the console's tests use what this does not")]
#[path = "../tests/console/site.rs"]
mod site;

use std::time::{Duration, Instant};

use site::{AUTHOR, REVIEWER, STEWARD, Site};

/// Pages asked for.
const PAGES: usize = 200;
/// Decisions made.
const DECISIONS: usize = 200;

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse::<usize>().ok());
    let cases = numbers.next().unwrap_or(2_000);
    let site = Site::new().await;
    let text = "From: The Dean <dean@mst.example>\r\nSubject: Fees\r\n\r\nPay.\r\n";
    let mut ids = Vec::new();
    for _ in 0..cases {
        ids.push(site.held_with(AUTHOR, text).await);
    }
    let (reviewer, steward) = (site.browser(REVIEWER).await, site.browser(STEWARD).await);
    let mut pages = Vec::new();
    let paths = ["/", "/?whose=steward&sort=newest", "/?q=fees"];
    for path in paths.into_iter().cycle().take(PAGES) {
        let begun = Instant::now();
        let page = reviewer.get(path).await;
        pages.push(begun.elapsed());
        assert!(page.status.is_success());
    }
    tell(&format!("the queue page, {cases} cases waiting"), pages);
    let mut decisions = Vec::new();
    for id in ids.iter().take(DECISIONS / 2) {
        for (browser, act) in [(&steward, "approve"), (&reviewer, "release")] {
            let begun = Instant::now();
            let done = browser.post(&format!("/mailing/{id}/{act}"), &[]).await;
            decisions.push(begun.elapsed());
            assert!(done.status.is_redirection(), "{}", done.body);
        }
    }
    tell("a decision, on the disk when it is answered", decisions);
}

fn tell(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| {
        times
            .get((times.len() * share / 100).min(times.len() - 1))
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{what}: p50 {:.1} ms, p99 {:.1} ms",
        at(50).as_secs_f64() * 1e3,
        at(99).as_secs_f64() * 1e3
    );
}
