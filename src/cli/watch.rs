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
/// One line of progress, short enough that the pace and the failures, which people watch, stand in 80 columns.
const STYLE: &str = "{prefix} [{bar:10}] {percent}% {wide_msg}";
/// The same while there is no plan: nothing of nothing would be a full bar.
const STYLE_UNPLANNED: &str = "{prefix}: {wide_msg}";

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
    pause: Option<Pause>,
    scheduled_for: Option<Timestamp>,
    tally: Tally,
    copies_per_second: f64,
    expected_end: Option<Timestamp>,
    by_provider: Vec<Waiting>,
}

/// Why no copy leaves for now.
#[derive(Debug, Deserialize)]
struct Pause {
    why: String,
}

/// What waits for another attempt at one provider, and what was said to it.
#[derive(Debug, Deserialize)]
struct Waiting {
    provider: String,
    deferred: u64,
    replies: Vec<Said>,
}

#[derive(Debug, Deserialize)]
struct Said {
    reply: String,
}

impl Progress {
    fn is_over(&self) -> bool {
        !matches!(self.state.as_str(), "held" | "released" | "expanded")
    }

    /// What a line is of: of the pace alone there would be one every moment.
    fn stands(&self) -> (&str, Tally) {
        (&self.in_words, self.tally)
    }

    /// What there is to say while no copy is planned.
    fn unplanned(&self, client: &Client) -> Option<String> {
        if self.tally.planned > 0 {
            return None;
        }
        let said = match (self.state.as_str(), self.scheduled_for) {
            ("held", _) => "no copy leaves before it is released".to_owned(),
            ("released", Some(at)) => format!("no copy leaves before {}", client.time(at)),
            _ if self.is_over() => "no copy has left".to_owned(),
            _ => "no copy has left yet".to_owned(),
        };
        Some(said)
    }

    /// How far it is.
    fn stands_at(&self, client: &Client) -> String {
        self.unplanned(client).unwrap_or_else(|| view::tally(&self.tally))
    }

    /// The pace and the end it leads to, while there is one.
    fn pace(&self, client: &Client) -> String {
        if let Some(pause) = &self.pause {
            let why = Some(out::tame(&pause.why)).filter(|why| !why.is_empty());
            let why = why.map(|why| format!(" ({why})"));
            return format!(", until somebody resumes it{}", why.unwrap_or_default());
        }
        let pace = match self.copies_per_second {
            pace if pace > 0.0 => format!(", {}", view::pace(pace)),
            _ => String::new(),
        };
        let end = self
            .expected_end
            .map(|end| format!(", the last leaves about {}", client.time(end)));
        pace + &end.unwrap_or_default() + &self.held_up()
    }

    /// Where most copies wait for another attempt, and what was said there.
    fn held_up(&self) -> String {
        let most = self.by_provider.iter().max_by_key(|at| at.deferred);
        let Some(most) = most.filter(|at| at.deferred > 0) else {
            return String::new();
        };
        let said = most.replies.first().map(|said| format!(": {}", said.reply));
        let (deferred, provider) = (out::count(most.deferred), out::tame(&most.provider));
        format!(
            ", {deferred} wait at {provider}{}",
            out::tame(&said.unwrap_or_default())
        )
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
            _ = leaves.recv() => return face.leave(client, watch.id, last.as_ref()),
        };
        let progress: Progress = view::read(now.clone())?;
        let is_other = match face {
            Face::Json => now != before,
            Face::Plain | Face::Bar(_) => last.as_ref().map(Progress::stands) != Some(progress.stands()),
        };
        face.show(client, watch.id, &progress, is_other.then_some(&now))?;
        if progress.is_over() {
            return face.end(client, watch.id, &progress);
        }
        (before, last) = (now, Some(progress));
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            _ = leaves.recv() => return face.leave(client, watch.id, last.as_ref()),
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
        Self::Bar(ProgressBar::new(0).with_style(style(STYLE_UNPLANNED)))
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
                match progress.unplanned(client) {
                    Some(said) => bar.set_message(said),
                    None => {
                        bar.set_style(style(STYLE));
                        bar.set_message(format!("{}{}", view::outcomes(tally), progress.pace(client)));
                    }
                }
                Ok(())
            }
            Self::Plain if changed.is_some() => out::line(&format!(
                "{id} {}: {}{}",
                progress.in_words,
                progress.stands_at(client),
                progress.pace(client)
            )),
            Self::Json => changed.map_or(Ok(()), |answer| out::line(&answer.to_string())),
            Self::Plain => Ok(()),
        }
    }

    /// It is over.
    fn end(self, client: &Client, id: MailingId, progress: &Progress) -> Result<(), Error> {
        match self {
            Self::Bar(bar) => {
                bar.finish_and_clear();
                out::line(&format!(
                    "{id} is {}: {}.",
                    progress.in_words,
                    progress.stands_at(client)
                ))
            }
            Self::Plain | Self::Json => Ok(()),
        }
    }

    /// Whoever watched goes; the mailing does not mind.
    fn leave(self, client: &Client, id: MailingId, last: Option<&Progress>) -> Result<(), Error> {
        match self {
            Self::Bar(bar) => {
                bar.finish_and_clear();
                let so_far = last.map(|progress| format!(": {}", progress.stands_at(client)));
                out::line(&format!("{id} goes on without you{}.", so_far.unwrap_or_default()))
            }
            Self::Plain | Self::Json => Ok(()),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant that parses")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn progress(state: &str, other: &Value) -> Progress {
        let mut whole = json!({
            "state": state, "in_words": state, "pause": null, "tally": Tally::default(),
            "copies_per_second": 0.0, "expected_end": null, "scheduled_for": null, "by_provider": [],
        });
        let fields = other.as_object().expect("fields").clone();
        whole.as_object_mut().expect("fields").extend(fields);
        view::read(whole).expect("reads")
    }

    fn client() -> Client {
        Client::of(std::path::Path::new("config")).expect("the settings that ship")
    }

    #[track_caller]
    fn check(state: &str, scheduled_for: Option<&str>, planned: u64, expected: &str) {
        let tally = Tally {
            planned,
            ..Tally::default()
        };
        let progress = progress(state, &json!({ "tally": tally, "scheduled_for": scheduled_for }));
        assert_eq!(progress.stands_at(&client()), expected, "{state}");
    }

    #[test]
    fn what_keeps_copies_back_is_said() {
        let paused = json!({ "pause": { "why": "2.1 % of the copies failed" } });
        let said = progress("expanded", &paused).pace(&client());
        assert_eq!(said, ", until somebody resumes it (2.1 % of the copies failed)");
        let at = |provider: &str, deferred: u64| json!({ "provider": provider, "deferred": deferred, "replies": [{ "reply": "421 4.7.28", "count": 9 }] });
        let waiting = json!({ "by_provider": [at("Yahoo", 2), at("Gmail", 1_200), at("iCloud", 0)] });
        let said = progress("expanded", &waiting).pace(&client());
        assert_eq!(said, ", 1,200 wait at Gmail: 421 4.7.28");
        assert_eq!(
            progress("expanded", &json!({ "by_provider": [at("iCloud", 0)] })).pace(&client()),
            ""
        );
    }

    #[test]
    fn what_has_no_plan_is_not_counted() {
        let later = Some("2026-12-01T15:00:00Z");
        check("held", later, 0, "no copy leaves before it is released");
        check("released", None, 0, "no copy has left yet");
        check("released", later, 0, "no copy leaves before 1 Dec 2026 09:00");
        check("declined", None, 0, "no copy has left");
        check("expanded", None, 3_000, "0 accepted of 3,000");
    }
}
