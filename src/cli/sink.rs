//! `bedel sink`: a recording SMTP server for trials.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use tokio::net::TcpListener;

use super::{Error, out};
use crate::sink::{self, Recorder};
use crate::stage::worker::shutdown;

/// How to run it.
#[derive(Debug, Args)]
#[command(
    after_long_help = "It takes all mail and delivers none. What becomes of a recipient is read off the local \
    part:\n  gone…  refused for good (550 5.1.1)\n  full…  refused for now (452 4.2.2)\n  busy…  refused at the first \
    try (451 4.3.0)\n  lost…  taken at the first try, and the connection broken before that is said\n\nExample:\n  bedel sink --address 127.0.0.1:2526 --folder taken"
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
}

pub(super) async fn run(sink: Sink) -> Result<(), Error> {
    let listener = TcpListener::bind(sink.address).await;
    let listener = listener.with_context(|| format!("the sink cannot listen on {}", sink.address))?;
    let recorder = match &sink.folder {
        Some(folder) => Recorder::in_folder(folder, !sink.log_only).with_context(|| folder.display().to_string())?,
        None => Recorder::counting(),
    };
    let recorder = Arc::new(recorder);
    let address = listener.local_addr().context("the sink's address")?;
    out::line(&format!("The sink listens on {address}. Stop it with Ctrl-C."))?;
    let (closer, closing) = shutdown();
    let running = tokio::spawn(sink::run(listener, Arc::clone(&recorder), closing));
    tokio::signal::ctrl_c().await.context("waiting for Ctrl-C")?;
    closer.close();
    running.await.context("the sink")?;
    let taken = recorder.count();
    out::line(&format!(
        "Taken: {taken} messages for {} recipients.",
        recorder.per_recipient().len()
    ))
}
