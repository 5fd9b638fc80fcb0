//! `bedel people import` and `bedel people pull`: one office's feed, with its progress.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::Value;

use super::client::{Ask, Client, Lines, encoded};
use super::{Error, out, view};

/// What `people import --help` says at its end.
pub(super) const HELP: &str = "\
The feed is CSV in UTF-8 with a header row. Every feed knows these columns, in
any order, and more that show a consent (docs/master-list.md):

  source_key,email,personal_email,given_name,family_name,affiliation,unit,
  valid_from,valid_until,country,ferpa,do_not_contact,deceased,minor,
  consent_purpose,consent_basis,consent_at,consent_source,expires_at

source_key, email and affiliation are needed. A column of another name is an
attribute that audiences may ask for; policy.toml says which the office may
send ([feed.OFFICE] fields). Grades, gifts, birth dates, social security and
account numbers are refused whatever it says, by their columns and by what is
in the cells.

A feed is applied whole or not at all. One faulty row, or more than 10 % of the
office's contacts missing from it (--confirm-removals) or new (--confirm-growth),
and nothing is changed.

Examples:
  bedel people import students.csv --source registrar --dry-run
  bedel people import students.csv --source registrar
  bedel people import students.csv --source registrar --confirm-removals
  export-students | bedel people import - --source registrar --dry-run --json";

/// What `people pull --help` says at its end.
pub(super) const PULL_HELP: &str = "\
Fetches the feed from where [feed.OFFICE] of gateway.toml says (LDAP or
PostgreSQL), and treats it as `people import` does.

Examples:
  bedel people pull hr --dry-run
  bedel people pull hr
  bedel people pull hr --confirm-removals";

/// How often the spinner turns while the gateway reads.
const TICK: Duration = Duration::from_millis(120);
const BAR: &str = "{spinner} {msg} [{bar:30}] {human_pos}/{human_len}, {eta} left";
const FILE_BAR: &str = "{spinner} {msg} [{bar:30}] {bytes}/{total_bytes}, {eta} left";
const SPINNER: &str = "{spinner} {msg}";

/// A feed to hand in.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The CSV file; - is standard input
    file: PathBuf,
    /// The office of policy.toml whose feed it is
    #[arg(long, value_name = "OFFICE")]
    source: String,
    #[command(flatten)]
    how: How,
}

/// A feed to fetch.
#[derive(Debug, Args)]
pub(super) struct Pull {
    /// The office whose feed it is
    office: String,
    #[command(flatten)]
    how: How,
}

/// How far to go, and how to say it.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one flag each of the command line")]
struct How {
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Apply it even though many of the office's contacts are missing from it
    #[arg(long)]
    confirm_removals: bool,
    /// Apply it even though it has many more contacts than the office had
    #[arg(long)]
    confirm_growth: bool,
    /// Print the last answer of the API
    #[arg(long)]
    json: bool,
}

impl How {
    fn query(&self, source: &str) -> String {
        format!(
            "source={}&dry_run={}&confirm_removals={}&confirm_growth={}",
            encoded(source),
            self.dry_run,
            self.confirm_removals,
            self.confirm_growth
        )
    }

    /// The flags of the same command without `--dry-run`.
    fn flags(&self) -> String {
        let said = [
            (self.confirm_removals, " --confirm-removals"),
            (self.confirm_growth, " --confirm-growth"),
        ];
        said.iter()
            .filter(|(is_said, _)| *is_said)
            .map(|(_, flag)| *flag)
            .collect()
    }
}

/// A line of the stream.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase")]
enum Step {
    Reading { rows: u64, bytes: u64 },
    Read { rows: u64 },
    Compared { done: u64, of: u64 },
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
    had: u64,
    merged: u64,
    samples: Vec<Sample>,
    dropped_percent: Option<f64>,
    grown_percent: Option<f64>,
}

/// One difference, masked.
#[derive(Debug, Deserialize)]
struct Sample {
    change: String,
    contact: Masked,
}

#[derive(Debug, Deserialize)]
struct Masked {
    name: String,
    email: String,
}

#[derive(Debug, Deserialize)]
struct Fault {
    unit: String,
    line: u64,
    column: Option<String>,
    what: String,
}

/// Hands a file in.
pub(super) async fn import(client: &Client, import: Import) -> Result<(), Error> {
    let path = format!("/people/import?{}", import.how.query(&import.source));
    let ask = Ask::post(path, &Value::Null);
    let bar = bar();
    let (file, octets) = opened(&import.file).with_context(|| format!("reading {}", import.file.display()))?;
    if let Some(octets) = octets {
        counts(&bar, FILE_BAR, octets);
    }
    let ask = ask.with_file(file);
    let again = format!(
        "bedel people import {} --source {}",
        import.file.display(),
        import.source
    );
    ran(client, ask, &bar, (&import.source, &again, &import.how)).await
}

/// The file and, when it is one on a disk, its length; `-` is standard input.
fn opened(path: &Path) -> std::io::Result<(tokio::fs::File, Option<u64>)> {
    let file = match path.to_str() {
        Some("-") => File::from(std::io::stdin().as_fd().try_clone_to_owned()?),
        Some(_) | None => File::open(path)?,
    };
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    let octets = about.is_file().then_some(about.len());
    Ok((tokio::fs::File::from_std(file), octets))
}

/// Fetches a feed.
pub(super) async fn pull(client: &Client, pull: Pull) -> Result<(), Error> {
    let path = format!("/people/pull?{}", pull.how.query(&pull.office));
    let again = format!("bedel people pull {}", pull.office);
    ran(
        client,
        Ask::post(path, &Value::Null),
        &bar(),
        (&pull.office, &again, &pull.how),
    )
    .await
}

async fn ran(client: &Client, ask: Ask<'_>, bar: &ProgressBar, of: (&str, &str, &How)) -> Result<(), Error> {
    let last = match client.open(ask).await {
        Ok(body) => followed(Lines::of(body), bar).await,
        Err(error) => Err(error),
    };
    bar.finish_and_clear();
    let (report, raw) = last?;
    if of.2.json {
        out::json(&raw)?;
    } else {
        tell(&report, of)?;
    }
    match report.error {
        Some(error) => Err(Error::of(report.status, error)),
        None => Ok(()),
    }
}

/// A spinner until there is something to count; hidden where nobody sees it.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message("reading");
    bar.enable_steady_tick(TICK);
    bar
}

/// From here on it counts to this.
fn counts(bar: &ProgressBar, template: &str, to: u64) {
    bar.set_style(ProgressStyle::with_template(template).expect("the template is a constant that parses"));
    bar.set_length(to);
}

/// Reads the stream to its end; the last answer, in our words and as it came.
async fn followed(mut lines: Lines, bar: &ProgressBar) -> Result<(Report, Value), Error> {
    let mut phase = "";
    let mut count = |name: &'static str, done: u64, of: u64| {
        if std::mem::replace(&mut phase, name) != name {
            bar.set_message(name);
            bar.reset();
        }
        counts(bar, BAR, of);
        bar.set_position(done);
    };
    while let Some(line) = lines.next().await? {
        match view::read(line.clone())? {
            Step::Reading { rows, bytes } => {
                bar.set_message(format!("reading, {} rows", out::count(rows)));
                bar.set_position(bytes);
            }
            Step::Read { rows } => {
                bar.set_style(ProgressStyle::with_template(SPINNER).expect("the template is a constant that parses"));
                bar.set_message(format!("comparing {} rows", out::count(rows)));
            }
            Step::Compared { done, of } => count("comparing", done, of),
            Step::Written { done, of } => count("writing", done, of),
            Step::Done(report) => return Ok((report, line)),
            Step::Failed { status, error } => return Err(Error::of(status, error)),
        }
    }
    Err(Error::Failed(anyhow::Error::msg(
        "the gateway hung up before the import was over; import the feed again",
    )))
}

fn tell(report: &Report, (office, again, how): (&str, &str, &How)) -> Result<(), Error> {
    for Fault {
        unit,
        line,
        column,
        what,
    } in &report.faults
    {
        let column = column
            .as_deref()
            .map(|column| format!(", {column}"))
            .unwrap_or_default();
        let place = match line {
            0 => "columns".to_owned(),
            line => format!("{unit} {line}"),
        };
        out::line(&format!("{place}{column}: {what}"))?;
    }
    if report.further_faults > 0 {
        out::line(&format!("… and {} faults more", out::count(report.further_faults)))?;
    }
    if !report.faults.is_empty() {
        return Ok(());
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
    if let (Some(dropped), Some(grown)) = (report.dropped_percent, report.grown_percent) {
        let had = out::count(report.had);
        out::line(&format!(
            "Of {had} contacts before, {dropped:.1} % are missing; in all there are {grown:+.1} %."
        ))?;
    }
    if report.merged > 0 {
        let rows = out::count(report.merged);
        out::line(&format!(
            "Rows that stand for a person whom another row stands for too, and made one: {rows}."
        ))?;
    }
    if how.dry_run && !report.samples.is_empty() {
        let sample = |sample: &Sample| {
            [
                sample.change.clone(),
                sample.contact.name.clone(),
                sample.contact.email.clone(),
            ]
        };
        let rows: Vec<[String; 3]> = report.samples.iter().map(sample).collect();
        out::line("Some of them, masked:")?;
        out::table(["WHAT", "NAME", "ADDRESS"], &rows, "")?;
    }
    match (&report.error, report.applied) {
        (Some(_), _) => Ok(()),
        (None, true) => out::line(&format!("Applied. The contacts of {office} are as the feed says.")),
        (None, false) => {
            out::line("A dry run: nothing was changed.")?;
            out::line(&format!("Next: {again}{}", how.flags()))
        }
    }
}
