//! `bedel people import`: one office's feed, with its progress.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::Value;

use super::client::{Ask, Client, Lines, encoded};
use super::{Error, out, view};
use crate::decide::feed::BYTES_MAX;

/// What `people import --help` says at its end.
pub(super) const HELP: &str = "\
The feed is CSV in UTF-8 with a header row:

  source_key,email,given_name,family_name,affiliation,unit,consent_purpose,
  consent_basis,consent_at,consent_source,expires_at,ferpa,country

source_key, email and affiliation are needed; a column of any other name is an
attribute that audiences may ask for. A feed is applied whole or not at all:
one faulty row, or more than 10 % of the office's contacts missing from it
(unless --confirm-removals), and nothing is changed.

Examples:
  bedel people import students.csv --source registrar --dry-run
  bedel people import students.csv --source registrar
  bedel people import students.csv --source registrar --confirm-removals";

/// How often the spinner turns while the gateway reads.
const TICK: Duration = Duration::from_millis(120);
const STYLE: &str = "{spinner} {msg} [{bar:30}] {pos}/{len} {eta}";

/// A feed to apply.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The CSV file
    file: PathBuf,
    /// The office of policy.toml whose feed it is
    #[arg(long, value_name = "OFFICE")]
    source: String,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Apply it even though more than 10 % of the office's contacts are missing from it
    #[arg(long)]
    confirm_removals: bool,
    /// Print the last answer of the API
    #[arg(long)]
    json: bool,
}

/// A line of the stream.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase")]
enum Step {
    Read { rows: u64 },
    Written { done: u64, of: u64 },
    Done(Report),
    Failed { status: u16, error: String },
}

#[derive(Debug, Deserialize)]
struct Report {
    status: u16,
    applied: bool,
    error: Option<String>,
    rows: u64,
    faults: Vec<Fault>,
    further_faults: u64,
    added: u64,
    changed: u64,
    unchanged: u64,
    removed: u64,
}

#[derive(Debug, Deserialize)]
struct Fault {
    line: u64,
    column: Option<String>,
    what: String,
}

pub(super) async fn run(client: &Client, import: Import) -> Result<(), Error> {
    let csv = std::fs::read(&import.file).with_context(|| format!("reading {}", import.file.display()))?;
    if csv.len() > BYTES_MAX {
        let what = format!(
            "{} is larger than {} MiB",
            import.file.display(),
            BYTES_MAX / (1024 * 1024)
        );
        return Err(Error::Failed(anyhow::Error::msg(what)));
    }
    let path = format!(
        "/people/import?source={}&dry_run={}&confirm_removals={}",
        encoded(&import.source),
        import.dry_run,
        import.confirm_removals
    );
    let bar = bar();
    let body = client.open(Ask::post(path, &Value::Null).with(csv.into())).await;
    let last = match body {
        Ok(body) => followed(Lines::of(body), &bar).await,
        Err(error) => Err(error),
    };
    bar.finish_and_clear();
    let (report, raw) = last?;
    if import.json {
        out::json(&raw)?;
    } else {
        tell(&import, &report)?;
    }
    match report.error {
        Some(error) => Err(Error::of(report.status, error)),
        None => Ok(()),
    }
}

/// Hidden where nobody sees it.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template(STYLE).expect("the template is a constant that parses");
    let bar = ProgressBar::new(0).with_style(style).with_message("reading");
    bar.enable_steady_tick(TICK);
    bar
}

/// Reads the stream to its end; the last answer, in our words and as it came.
async fn followed(mut lines: Lines, bar: &ProgressBar) -> Result<(Report, Value), Error> {
    while let Some(line) = lines.next().await? {
        match view::read(line.clone())? {
            Step::Read { rows } => bar.set_message(format!("comparing {} rows", out::count(rows))),
            Step::Written { done, of } => {
                bar.set_message("writing");
                bar.set_length(of);
                bar.set_position(done);
            }
            Step::Done(report) => return Ok((report, line)),
            Step::Failed { status, error } => return Err(Error::of(status, error)),
        }
    }
    Err(Error::Failed(anyhow::Error::msg(
        "the gateway hung up before the import was over; import the feed again",
    )))
}

fn tell(import: &Import, report: &Report) -> Result<(), Error> {
    for Fault { line, column, what } in &report.faults {
        let column = column
            .as_deref()
            .map(|column| format!(", {column}"))
            .unwrap_or_default();
        out::line(&format!("line {line}{column}: {what}"))?;
    }
    if report.further_faults > 0 {
        out::line(&format!("… and {} faults more", out::count(report.further_faults)))?;
    }
    let row = [
        report.rows,
        report.added,
        report.changed,
        report.unchanged,
        report.removed,
    ]
    .map(out::count);
    out::table(["GOOD ROWS", "ADDED", "CHANGED", "UNCHANGED", "REMOVED"], &[row], "")?;
    let file = import.file.display();
    match (&report.error, report.applied) {
        (Some(_), _) => Ok(()),
        (None, true) => out::line(&format!(
            "Applied. The contacts of {} are as {file} says.",
            import.source
        )),
        (None, false) => {
            let confirmed = if import.confirm_removals {
                " --confirm-removals"
            } else {
                ""
            };
            out::line("A dry run: nothing was changed.")?;
            out::line(&format!(
                "Next: bedel people import {file} --source {}{confirmed}",
                import.source
            ))
        }
    }
}
