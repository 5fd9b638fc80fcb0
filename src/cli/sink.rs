//! `bedel sink`: an SMTP server for trials, that may be like a mailbox provider.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use tokio::net::TcpListener;

use super::{Error, out};
use crate::config;
use crate::sink::{self, Host, Likeness, Mood, Recorder};
use crate::stage::worker::shutdown;

/// How to run it.
#[derive(Debug, Args)]
#[command(
    after_long_help = "It takes mail and delivers none. What becomes of a recipient is read off the local part:\n  \
    gone…  refused for good (550 5.1.1)\n  full…  refused for now (452 4.2.2)\n  busy…  refused at the first try (451 \
    4.3.0)\n  spf…   with --like: refused at the end, for who we are (5.7.26)\n  lost…  taken at the first try, and the \
    connection broken before that is said\n  hang…  taken, and nothing said to it\n\nWith --like it keeps the limits that shaping.toml has of that provider (the \
    most it lets it have), and says no in the words that stand there. Besides it greylists, is slow, hangs, and hangs \
    up in every phase, as its moods say; what happens to whom is cast by --seed. It offers STARTTLS with a certificate \
    of its own. At its end it says what reached it: connections at once, copies a second, whom it came to twice.\n\n\
    Examples:\n  bedel sink --address 127.0.0.1:2526 --folder taken\n  bedel sink --like gmail --seed 7 --report \
    gmail.json\n  bedel sink --like outlook --bears 0.5 --trouble 10 --address 127.0.0.1:2527"
)]
pub(super) struct Sink {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2526")]
    address: SocketAddr,
    /// Keep each message there as NUMBER.eml, and a line of each in taken.log; without it they are only counted
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// With --folder: write taken.log and no messages
    #[arg(long, requires = "folder")]
    log_only: bool,
    /// Be like this provider of shaping.toml: gmail, outlook, yahoo, icloud, …
    #[arg(long, value_name = "PROVIDER")]
    like: Option<String>,
    /// Bear this share of the most that shaping.toml lets the provider have
    #[arg(long, requires = "like", default_value_t = 1.0, value_name = "SHARE")]
    bears: f64,
    /// Cast with this what happens to whom; the same seed gives the same again
    #[arg(long, requires = "like", default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// What goes wrong, so many times as often; 0 for never
    #[arg(long, requires = "like", default_value_t = 1.0, value_name = "TIMES")]
    trouble: f64,
    /// Moods of one's own instead of those that ship (src/sink/moods.toml)
    #[arg(long, requires = "like", value_name = "FILE")]
    moods: Option<PathBuf>,
    /// With --like: offer no STARTTLS, as it never does without
    #[arg(long, requires = "like")]
    plain: bool,
    /// Write what reached it there at the end, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

pub(super) async fn run(config: &Path, sink: Sink) -> Result<(), Error> {
    let recorder = match &sink.folder {
        Some(folder) => Recorder::in_folder(folder, !sink.log_only).with_context(|| folder.display().to_string())?,
        None => Recorder::counting(),
    };
    let host = Arc::new(host(config, &sink, Arc::new(recorder))?);
    let listener = TcpListener::bind(sink.address).await;
    let listener = listener.with_context(|| format!("the sink cannot listen on {}", sink.address))?;
    let address = listener.local_addr().context("the sink's address")?;
    let like = sink
        .like
        .as_ref()
        .map(|key| format!(", like {key}"))
        .unwrap_or_default();
    out::line(&format!("The sink listens on {address}{like}. Stop it with Ctrl-C."))?;
    let (closer, closing) = shutdown();
    let running = tokio::spawn(sink::serve(listener, Arc::clone(&host), closing));
    tokio::signal::ctrl_c().await.context("waiting for Ctrl-C")?;
    closer.close();
    running.await.context("the sink")?;
    tell(&host, sink.report.as_deref())
}

/// The host it is to be.
fn host(config: &Path, sink: &Sink, recorder: Arc<Recorder>) -> Result<Host, Error> {
    let Some(key) = &sink.like else {
        return Ok(Host::plain(recorder));
    };
    let fits = |number: f64, most: f64| number.is_finite() && (0.0..=most).contains(&number);
    if !fits(sink.bears, 1_000.0) || sink.bears == 0.0 {
        return Err(Error::Usage(format!(
            "--bears {}: a share above 0 and at most 1000",
            sink.bears
        )));
    }
    if !fits(sink.trouble, 1e6) {
        return Err(Error::Usage(format!(
            "--trouble {}: a number from 0 to 1000000",
            sink.trouble
        )));
    }
    let shaping = config::load(config)?.shaping;
    let provider = shaping.providers.iter().find(|provider| provider.key == *key);
    let known = || {
        let keys: Vec<&str> = shaping.providers.iter().map(|provider| provider.key.as_str()).collect();
        Error::Usage(format!(
            "shaping.toml has no provider `{key}`; it has {}",
            keys.join(", ")
        ))
    };
    let likeness = Likeness::of(&shaping, provider.ok_or_else(known)?, sink.bears);
    let text = |file: &PathBuf| std::fs::read_to_string(file).with_context(|| file.display().to_string());
    let moods = sink.moods.as_ref().map(text).transpose()?;
    let place = || {
        let file = sink.moods.as_ref();
        file.map_or_else(|| "the moods that ship".to_owned(), |file| file.display().to_string())
    };
    let mood = Mood::of(key, moods.as_deref()).with_context(place)?;
    let name = provider.and_then(|provider| provider.sample_exchanger.clone());
    let host = Host::like(recorder, likeness, mood.times(sink.trouble), sink.seed);
    if sink.plain {
        return Ok(host);
    }
    let tls = sink::tls(&name.unwrap_or_else(|| "sink.example".to_owned()));
    Ok(host.with_tls(tls.context("the sink's certificate")?))
}

/// Says what reached it.
fn tell(host: &Host, file: Option<&Path>) -> Result<(), Error> {
    let report = host.report();
    if let Some(file) = file {
        let json = serde_json::to_vec_pretty(&report).context("the report")?;
        std::fs::write(file, json).with_context(|| file.display().to_string())?;
    }
    let (copies, connections, people) = (&report.copies, &report.connections, &report.recipients);
    out::line(&format!(
        "Taken: {} messages for {} recipients.",
        copies.taken, people.reached
    ))?;
    if report.like.is_none() {
        return Ok(());
    }
    out::line(&format!(
        "Connections: {}, {} at once at most, {} turned away.\nCopies begun: {}; at most {} on one connection, {} in a \
         second, {} in ten seconds, {} in a minute.\nMore than once: {} recipients; whose end was hidden: {}.",
        connections.opened,
        connections.at_once_most,
        connections.turned_away,
        copies.tried,
        copies.on_one_connection_most,
        copies.in_one_second_most,
        copies.in_ten_seconds_most,
        copies.in_a_minute_most,
        people.more_than_once.len(),
        people.hidden.len(),
    ))?;
    let both = report.said.iter().map(|(what, times)| (what.as_str(), times));
    for (what, times) in both.chain(report.faults.iter().map(|(what, times)| (*what, times))) {
        out::line(&format!("  {times:>6} × {what}"))?;
    }
    Ok(())
}
