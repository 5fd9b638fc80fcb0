//! `bedel mailing watch`: the copies of one mailing, as they leave. Ctrl-C ends the watching, and nothing else.

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

use super::client::{Ask, Client};
use super::{Error, out, view};
use crate::mail::Timestamp;
use crate::model::{MailingId, Tally};

/// How often the gateway is asked.
const TICK: Duration = Duration::from_millis(500);
/// One line of progress; people watch the pace and the failures. It is as wide as the terminal.
const STYLE: &str = "{prefix} [{bar:20}] {percent}% {pos}/{len} {wide_msg}";

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
    in_words: String,
    paused: bool,
    tally: Tally,
    copies_per_second: f64,
    expected_end: Option<Timestamp>,
}

impl Progress {
    fn is_over(&self) -> bool {
        !matches!(self.state.as_str(), "held" | "released" | "expanded")
    }

    /// What a line is of: of the pace alone there would be one every moment.
    fn stands(&self) -> (&str, Tally) {
        (&self.in_words, self.tally)
    }

    /// The pace and the end it leads to, while there is one.
    fn pace(&self, client: &Client) -> String {
        if self.paused {
            return ", until somebody resumes it".to_owned();
        }
        let pace = match self.copies_per_second {
            pace if pace > 0.0 => format!(", {pace} copies/s"),
            _ => String::new(),
        };
        let end = self
            .expected_end
            .map(|end| format!(", the last leaves about {}", client.time(end)));
        pace + &end.unwrap_or_default()
    }
}

pub(super) async fn run(client: &Client, watch: Watch) -> Result<(), Error> {
    // Heard from now on, whatever is done meanwhile.
    let mut leaves = signal(SignalKind::interrupt()).context("hearing Ctrl-C")?;
    let mut face = Face::of(watch.json);
    let (mut before, mut last) = (Value::Null, None);
    loop {
        let asked = client.ask(Ask::get(format!("/mailings/{}/progress", watch.id)));
        let now = tokio::select! {
            answer = asked => answer?,
            _ = leaves.recv() => return face.leave(watch.id, last.as_ref()),
        };
        let progress: Progress = view::read(now.clone())?;
        let is_other = match face {
            Face::Json => now != before,
            Face::Plain | Face::Bar(_) => last.as_ref().map(Progress::stands) != Some(progress.stands()),
        };
        face.show(client, watch.id, &progress, is_other.then_some(&now))?;
        if progress.is_over() {
            return face.end(watch.id, &progress);
        }
        (before, last) = (now, Some(progress));
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            _ = leaves.recv() => return face.leave(watch.id, last.as_ref()),
        }
    }
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
    fn show(
        &mut self,
        client: &Client,
        id: MailingId,
        progress: &Progress,
        changed: Option<&Value>,
    ) -> Result<(), Error> {
        let tally = &progress.tally;
        match self {
            Self::Bar(bar) => {
                bar.set_length(tally.planned);
                bar.set_position(tally.settled());
                bar.set_prefix(format!("{id} {}", progress.in_words));
                bar.set_message(format!("{}{}", view::outcomes(tally), progress.pace(client)));
                Ok(())
            }
            Self::Plain if changed.is_some() => out::line(&format!(
                "{id} {}: {}{}",
                progress.in_words,
                view::tally(tally),
                progress.pace(client)
            )),
            Self::Json => changed.map_or(Ok(()), |answer| out::line(&answer.to_string())),
            Self::Plain => Ok(()),
        }
    }

    /// It is over.
    fn end(self, id: MailingId, progress: &Progress) -> Result<(), Error> {
        match self {
            Self::Bar(bar) => {
                bar.finish_and_clear();
                out::line(&format!(
                    "{id} is {}: {}.",
                    progress.in_words,
                    view::tally(&progress.tally)
                ))
            }
            Self::Plain | Self::Json => Ok(()),
        }
    }

    /// Whoever watched goes; the mailing does not mind.
    fn leave(self, id: MailingId, last: Option<&Progress>) -> Result<(), Error> {
        match self {
            Self::Bar(bar) => {
                bar.finish_and_clear();
                let so_far = last.map(|progress| format!(": {}", view::tally(&progress.tally)));
                out::line(&format!("{id} goes on without you{}.", so_far.unwrap_or_default()))
            }
            Self::Plain | Self::Json => Ok(()),
        }
    }
}
