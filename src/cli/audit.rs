//! `bedel audit`: the audit trail.

use clap::{Args, Subcommand};
use serde::Deserialize;

use super::client::{Ask, Client};
use super::{Error, out, view};
use crate::mail::Timestamp;
use crate::model::MailingId;

/// What to do with the trail.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Walk the whole chain: each line is bound to the one before
    #[command(
        after_long_help = "The hash it prints, kept elsewhere, proves later that nothing before it was changed.\n\n\
        Examples:\n  bedel audit verify\n  bedel audit verify --json"
    )]
    Verify(Verify),
    /// Show its lines, newest first
    #[command(
        after_long_help = "Examples:\n  bedel audit show --limit 20\n  bedel audit show --mailing MC-2026-0001 --json"
    )]
    Show(Show),
}

/// A verification.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

/// A listing.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Only what concerns this mailing
    #[arg(long, value_name = "CASE")]
    mailing: Option<MailingId>,
    /// How many lines at most
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: usize,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Verified {
    lines: Option<u64>,
    hash: Option<String>,
    broken: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Line {
    number: u64,
    at: Timestamp,
    by: String,
    act: String,
    mailing: Option<String>,
    note: String,
}

pub(super) async fn run(client: &Client, command: Command) -> Result<(), Error> {
    match command {
        Command::Verify(verify) => self::verify(client, verify).await,
        Command::Show(show) => self::show(client, show).await,
    }
}

async fn verify(client: &Client, verify: Verify) -> Result<(), Error> {
    let answer = client.ask(Ask::get("/audit/verify")).await?;
    if verify.json {
        out::json(&answer)?;
    }
    let Verified { lines, hash, broken } = view::read(answer)?;
    if let Some(broken) = broken {
        return Err(Error::Failed(anyhow::Error::msg(broken)));
    }
    if verify.json {
        return Ok(());
    }
    out::line(&format!(
        "The trail is whole: {} lines.",
        out::count(lines.unwrap_or_default())
    ))?;
    out::line(&format!("Last hash: {}", hash.unwrap_or_default()))
}

async fn show(client: &Client, show: Show) -> Result<(), Error> {
    let mailing = show.mailing.map(|id| format!("&mailing={id}")).unwrap_or_default();
    let answer = client
        .ask(Ask::get(format!("/audit?limit={}{mailing}", show.limit)))
        .await?;
    if show.json {
        return out::json(&answer);
    }
    let lines: Vec<Line> = view::read(answer)?;
    let rows: Vec<[String; 6]> = lines
        .into_iter()
        .map(|line| {
            let mailing = line.mailing.unwrap_or_default();
            [
                line.number.to_string(),
                client.time(line.at),
                line.by,
                line.act,
                mailing,
                line.note,
            ]
        })
        .collect();
    out::table(
        ["LINE", "AT", "BY", "ACT", "CASE", "NOTE"],
        &rows,
        "The trail has no such line.",
    )
}
