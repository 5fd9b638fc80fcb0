//! `bedel mailing`: mailings of whatever state.

use clap::{Args, Subcommand};

use super::client::{Ask, Client};
use super::hold::{self, Act, Show};
use super::watch::{self, Watch};
use super::{Error, out, view};

/// What to do with mailings.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List cases, newest first
    #[command(after_long_help = "Examples:\n  bedel mailing list\n  bedel mailing list --limit 500 --json")]
    List(List),
    /// Show one, with what happened to it
    #[command(after_long_help = "Example:\n  bedel mailing show MC-2026-0001")]
    Show(Show),
    /// Watch its copies leave, until it is over
    #[command(
        after_long_help = "Examples:\n  bedel mailing watch MC-2026-0001\n  bedel mailing watch MC-2026-0001 --json | tail -n 1"
    )]
    Watch(Watch),
    /// A reviewer holds back further copies for now
    #[command(after_long_help = "Example:\n  bedel mailing pause MC-2026-0001 --as emarcomm")]
    Pause(Act),
    /// A reviewer lets copies leave again
    #[command(after_long_help = "Example:\n  bedel mailing resume MC-2026-0001 --as emarcomm")]
    Resume(Act),
    /// A reviewer stops it for good: no further copy, ever
    #[command(after_long_help = "Example:\n  bedel mailing stop MC-2026-0001 --as emarcomm")]
    Stop(Act),
}

/// A listing.
#[derive(Debug, Args)]
pub(super) struct List {
    /// How many at most
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(client: &Client, command: Command) -> Result<(), Error> {
    match command {
        Command::List(list) => self::list(client, list).await,
        Command::Show(show) => hold::show(client, show).await,
        Command::Watch(watch) => watch::run(client, watch).await,
        Command::Pause(act) => hold::act(client, "pause", &act, None).await,
        Command::Resume(act) => hold::act(client, "resume", &act, None).await,
        Command::Stop(act) => hold::act(client, "stop", &act, None).await,
    }
}

async fn list(client: &Client, list: List) -> Result<(), Error> {
    let mailings = client.ask(Ask::get(format!("/mailings?limit={}", list.limit))).await?;
    if list.json {
        out::json(&mailings)
    } else {
        view::list(client, mailings, "There are no mailings.")
    }
}
