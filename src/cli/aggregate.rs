//! `bedel report dmarc` and `bedel report tls`: what other hosts report of us.

use std::collections::BTreeMap;

use clap::Args;

use super::client::{Ask, Client};
use super::{Error, out, view};
use crate::decide::aggregate::{Failure, Host, Senders, Source, Tls};

/// Rows of a table; all are in the JSON.
const ROWS_MAX: usize = 50;

/// Which reports.
#[derive(Debug, Args)]
pub(super) struct Period {
    /// Reports on the last so many days
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

/// Who sends in our name.
pub(super) async fn dmarc(client: &Client, period: Period) -> Result<(), Error> {
    let answer = client
        .ask(Ask::get(format!("/report/dmarc?days={}", period.days)))
        .await?;
    if period.json {
        return out::json(&answer);
    }
    let told: Senders = view::read(answer)?;
    out::card(&[
        ("Reports", out::count(told.reports)),
        ("Not readable", unreadable(&told.unreadable)),
        ("Messages in our name", out::count(told.messages)),
        ("Of those strange", out::count(told.strange)),
    ])?;
    out::line("")?;
    let row = |source: &Source| {
        [
            source.source.to_string(),
            if source.service.is_empty() {
                "nobody"
            } else {
                &source.service
            }
            .to_owned(),
            source.domain.clone(),
            if source.is_ours { "ours" } else { "STRANGE" }.to_owned(),
            out::count(source.messages),
            out::count(source.stopped),
            source.seen_by.iter().cloned().collect::<Vec<_>>().join(", "),
        ]
    };
    let rows: Vec<_> = told.sources.iter().take(ROWS_MAX).map(row).collect();
    let head = ["SENT FROM", "AS", "FROM DOMAIN", "IS", "MESSAGES", "STOPPED", "SEEN BY"];
    let none = "No report has come: name the letterbox in `rua=` of the DMARC records.";
    out::table(head, &rows, none)?;
    cut(told.sources.len())
}

/// How mail to us is secured.
pub(super) async fn tls(client: &Client, period: Period) -> Result<(), Error> {
    let answer = client
        .ask(Ask::get(format!("/report/tls?days={}", period.days)))
        .await?;
    if period.json {
        return out::json(&answer);
    }
    let told: Tls = view::read(answer)?;
    out::card(&[
        ("Reports", out::count(told.reports)),
        ("Not readable", unreadable(&told.unreadable)),
        ("Connections secured", out::count(told.secured)),
        ("Connections failed", out::count(told.failed)),
    ])?;
    out::line("")?;
    let row = |host: &Host| {
        let counts = [host.reports, host.seen, host.failed].map(out::count);
        let [reports, seen, failed] = counts;
        [host.organization.clone(), reports, seen, failed]
    };
    let rows: Vec<_> = told.hosts.iter().take(ROWS_MAX).map(row).collect();
    let none = "No report has come: name the letterbox in `rua=` of the `_smtp._tls` record.";
    out::table(["REPORTED BY", "REPORTS", "CONNECTIONS", "FAILED"], &rows, none)?;
    if told.failures.is_empty() {
        return Ok(());
    }
    out::line("")?;
    let row = |failure: &Failure| {
        [
            failure.kind.clone(),
            failure.domain.clone(),
            failure.policy.clone(),
            out::count(failure.failed),
        ]
    };
    let rows: Vec<_> = told.failures.iter().take(ROWS_MAX).map(row).collect();
    out::table(["WHAT FAILED", "AT", "HELD TO", "CONNECTIONS"], &rows, "")?;
    cut(told.failures.len())
}

/// How many could not be read, by why.
fn unreadable(by_reason: &BTreeMap<String, u64>) -> String {
    let parts = by_reason
        .iter()
        .map(|(why, count)| format!("{} ({why})", out::count(*count)));
    parts.collect::<Vec<_>>().join(", ")
}

/// Says that a table has been cut.
fn cut(rows: usize) -> Result<(), Error> {
    if rows > ROWS_MAX {
        return out::line(&format!("{ROWS_MAX} of {rows} are shown; --json has all."));
    }
    Ok(())
}
