//! `bedel store`: the whole store as one plain file, and back; sealed anew.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::client::{Ask, Client};
use super::{Error, out};
use crate::clock::Clock;
use crate::model::MailingId;
use crate::stage::restored::{self, Restored};
use crate::store::{Settings, Store};
use crate::{config, service};

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write every record of the running gateway's store to a new file
    #[command(
        after_long_help = "The file holds what the store holds, addresses and hashes of passwords: keep it as safe.\n\n\
        Example:\n  bedel store export bedel-2026-11-24.txt"
    )]
    Export(At),
    /// Make a new data key and seal every record anew under it, while the gateway runs
    #[command(
        after_long_help = "Once a year, and whenever somebody may have had the keys. Who copied the store before can still \
        open that copy with the master key.\n\nExample:\n  bedel store rotate"
    )]
    Rotate,
    /// Read an export into an empty data folder; the gateway must be stopped
    #[command(
        after_long_help = "What was being sent when the export was made is paused: look at it, and resume or stop it.\n\n\
        Example:\n  mv var/store var/store.damaged\n  bedel store restore bedel-2026-11-24.txt\n  bedel serve"
    )]
    Restore(At),
}

/// One file.
#[derive(Debug, Args)]
pub(super) struct At {
    /// The file
    file: PathBuf,
}

pub(super) async fn run(config: &Path, command: Command) -> Result<(), Error> {
    match command {
        Command::Export(at) => export(&Client::of(config)?, &at.file).await,
        Command::Rotate => rotate(&Client::of(config)?).await,
        Command::Restore(at) => restore(config, &at.file).await,
    }
}

/// Under another name until it is whole, so that half an export is never taken for one.
async fn export(client: &Client, file: &Path) -> Result<(), Error> {
    if file.exists() {
        return Err(Error::Usage(format!(
            "{} is there already; name a new file",
            file.display()
        )));
    }
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let body = client.open(Ask::get("/store/export")).await?;
    let written = written(body, &part).await;
    if written.is_err() {
        // What is left of it helps nobody; the error says why there is none.
        let _left = std::fs::remove_file(&part);
    }
    let bytes = written?;
    std::fs::rename(&part, file).with_context(|| format!("writing {}", file.display()))?;
    out::line(&format!(
        "Exported to {}, {} bytes. Keep it as safe as the store.",
        file.display(),
        out::count(bytes)
    ))
}

async fn written(mut body: Incoming, part: &Path) -> anyhow::Result<u64> {
    let writing = || format!("writing {}", part.display());
    let open = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(part);
    let mut file = open.with_context(writing)?;
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.context("the gateway hung up before the export was over")?;
        if let Ok(data) = frame.into_data() {
            file.write_all(&data).with_context(writing)?;
            bytes += u64::try_from(data.len()).unwrap_or(u64::MAX);
        }
    }
    file.sync_all().with_context(writing)?;
    Ok(bytes)
}

async fn rotate(client: &Client) -> Result<(), Error> {
    let answer = client.ask(Ask::post("/store/rotate", &serde_json::Value::Null)).await?;
    let done = answer.get("done").and_then(serde_json::Value::as_str);
    out::line(done.unwrap_or("Done."))
}

/// The one command that opens the store itself: there is no gateway to ask.
async fn restore(config: &Path, file: &Path) -> Result<(), Error> {
    let gateway = config::load(config)?.gateway;
    let input = File::open(file).with_context(|| format!("reading {}", file.display()))?;
    let settings = Settings {
        data_dir: gateway.data_dir.clone(),
        free_bytes_min: gateway.free_bytes_min,
        master: service::master_key(&gateway)?,
    };
    let store = Store::open(&settings).context("opening the store")?;
    let records = store
        .restore(BufReader::new(input))
        .await
        .with_context(|| format!("restoring {}", file.display()))?;
    let Restored { paused, released } = restored::pause_all(&store, Clock::system().now())
        .await
        .context("pausing what was being sent")?;
    let records = out::count(records);
    out::line(&format!(
        "Restored {records} records into {}.",
        gateway.data_dir.display()
    ))?;
    if !paused.is_empty() {
        out::line(&format!(
            "Paused, since copies may have left after the export: {}. Then look at each (bedel mailing show), and resume or \
             stop it.",
            in_a_row(&paused)
        ))?;
    }
    if !released.is_empty() {
        out::line(&format!(
            "Released, and leaves at its hour or, when that has passed, at once: {}. If it left after the export, keep the \
             next hop away, and stop it as soon as it is being sent (bedel mailing stop).",
            in_a_row(&released)
        ))?;
    }
    let tokens = service::token_file(&gateway);
    if !tokens.exists() {
        out::line(&format!(
            "{} is not there: put it back first. Without it the unsubscribe links and return paths of mail that has left mean \
             nothing.",
            tokens.display()
        ))?;
    }
    out::line("Next: bedel serve")
}

fn in_a_row(ids: &[MailingId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(", ")
}
