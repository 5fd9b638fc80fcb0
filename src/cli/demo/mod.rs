//! `bedel demo`: a sample campus on loopback, and the whole story played on it.
//!
//! Everything is the real thing: the gateway as `bedel serve` runs it, with the settings that ship, in a temporary
//! folder. Only its smarthost is a recorder, on loopback, so that nothing can reach the outside.

mod campus;
mod mail;
mod play;
mod story;

use clap::Args;

use super::{Error, out};
use campus::Campus;

/// How to run it.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Nothing is sent to the outside: the demo's smarthost records on 127.0.0.1.\n\n\
    Examples:\n  bedel demo\n  bedel demo --play"
)]
pub(super) struct Demo {
    /// Play the whole story by itself, show it as a table, and end
    #[arg(long)]
    play: bool,
}

pub(super) async fn run(demo: Demo) -> Result<(), Error> {
    let campus = Campus::open(!demo.play).await?;
    let ended = if demo.play {
        play::play(&campus).await
    } else {
        wait(&campus).await
    };
    campus.close().await;
    ended
}

/// Says where everything is, and waits until somebody has seen enough.
async fn wait(campus: &Campus) -> Result<(), Error> {
    campus.introduce()?;
    let stopped = tokio::signal::ctrl_c().await;
    stopped.map_err(Error::Output)?;
    out::line("\nThe demo is over; its folder is removed.")
}
