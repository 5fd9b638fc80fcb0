//! `bedel mailing watch`: the copies of one mailing, as they leave.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::Value;

use super::client::{Ask, Client};
use super::{Error, out, view};
use crate::model::{MailingId, Tally};

/// How often the gateway is asked.
const TICK: Duration = Duration::from_millis(500);
/// One line of progress; people watch the rate and the failures.
const STYLE: &str = "{prefix} [{bar:30}] {pos}/{len} {msg}";

/// One mailing to watch.
#[derive(Debug, Args)]
pub(super) struct Watch {
    /// Its number, such as MC-2026-0001
    id: MailingId,
    /// Print each change as one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Progress {
    state: String,
    paused: bool,
    tally: Tally,
}

impl Progress {
    fn word(&self) -> &str {
        if self.paused { "paused" } else { &self.state }
    }

    fn is_over(&self) -> bool {
        !matches!(self.state.as_str(), "held" | "released" | "expanded")
    }
}

pub(super) async fn run(client: &Client, watch: Watch) -> Result<(), Error> {
    let mut face = Face::of(watch.json);
    let mut before = Value::Null;
    let mut accepted_before = None;
    loop {
        let now = client.ask(Ask::get(format!("/mailings/{}/progress", watch.id))).await?;
        let progress: Progress = view::read(now.clone())?;
        let accepted = progress.tally.accepted;
        let rate = per_second(accepted.saturating_sub(accepted_before.unwrap_or(accepted)));
        accepted_before = Some(accepted);
        face.show(watch.id, &progress, rate, (now != before).then_some(&now))?;
        if progress.is_over() {
            return face.end(watch.id, &progress);
        }
        before = now;
        tokio::time::sleep(TICK).await;
    }
}

/// So many in one tick, as a rate.
fn per_second(count: u64) -> u64 {
    let ticks_a_second = Duration::from_secs(1).as_millis() / TICK.as_millis();
    count.saturating_mul(u64::try_from(ticks_a_second).unwrap_or(1))
}

/// Where it is watched.
enum Face {
    /// A terminal: a live bar.
    Bar(ProgressBar),
    /// A file or a pipe: a line a change.
    Plain,
    /// A program.
    Json,
}

impl Face {
    fn of(json: bool) -> Self {
        if json {
            return Self::Json;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Plain;
        }
        let style = ProgressStyle::with_template(STYLE).expect("the template is a constant that parses");
        Self::Bar(ProgressBar::new(0).with_style(style))
    }

    /// `changed` is the answer when it differs from the one before.
    fn show(&mut self, id: MailingId, progress: &Progress, rate: u64, changed: Option<&Value>) -> Result<(), Error> {
        let tally = &progress.tally;
        match self {
            Self::Bar(bar) => {
                bar.set_length(tally.planned);
                bar.set_position(tally.settled());
                bar.set_prefix(format!("{id} {}", progress.word()));
                bar.set_message(format!(
                    "{} accepted, {} deferred, {} failed, {rate} copies/s",
                    tally.accepted, tally.deferred, tally.failed
                ));
                Ok(())
            }
            Self::Plain if changed.is_some() => out::line(&format!(
                "{id} {}: {}, {rate} copies/s",
                progress.word(),
                view::tally(tally)
            )),
            Self::Json => changed.map_or(Ok(()), |answer| out::line(&answer.to_string())),
            Self::Plain => Ok(()),
        }
    }

    fn end(self, id: MailingId, progress: &Progress) -> Result<(), Error> {
        match self {
            Self::Bar(bar) => {
                bar.finish_and_clear();
                out::line(&format!(
                    "{id} is {}: {}.",
                    progress.word(),
                    view::tally(&progress.tally)
                ))
            }
            Self::Plain | Self::Json => Ok(()),
        }
    }
}
