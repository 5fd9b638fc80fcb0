//! `bedel mailing`: mailings of whatever state.

use clap::{Args, Subcommand, ValueEnum};

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
    /// A reviewer or postmaster holds back further copies for now
    #[command(after_long_help = "Example:\n  bedel mailing pause MC-2026-0001 --as emarcomm")]
    Pause(Act),
    /// A reviewer or postmaster lets copies leave again
    #[command(after_long_help = "Example:\n  bedel mailing resume MC-2026-0001 --as emarcomm")]
    Resume(Act),
    /// A reviewer or postmaster says what is done about copies whose end is uncertain
    #[command(
        after_long_help = "`bedel mailing show` names them. resend, unless somebody says otherwise, sends another with the \
        same Message-ID; hold lets them wait; leave sends them no other.\n\nExamples:\n  bedel mailing uncertain \
        MC-2026-0001 hold --as emarcomm\n  bedel mailing uncertain MC-2026-0001 resend --as emarcomm"
    )]
    Uncertain(Uncertain),
    /// A reviewer stops it for good: no further copy, ever
    #[command(after_long_help = "Example:\n  bedel mailing stop MC-2026-0001 --as emarcomm")]
    Stop(Act),
}

/// What is done about copies whose end is uncertain.
#[derive(Debug, Args)]
pub(super) struct Uncertain {
    #[command(flatten)]
    act: Act,
    /// What is done
    #[arg(value_enum, value_name = "WHAT")]
    what: What,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Send another, with the same Message-ID
    Resend,
    /// Wait for somebody's word
    Hold,
    /// Send no other
    Leave,
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
        Command::Uncertain(Uncertain { act, what }) => {
            let word = match what {
                What::Resend => "resend",
                What::Hold => "hold",
                What::Leave => "leave",
            };
            hold::act(client, "uncertain", &act, Some(word)).await
        }
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
