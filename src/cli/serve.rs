//! `bedel serve`: run the gateway. `bedel public`: keep its public door.

use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::Error;
use crate::clock::Clock;
use crate::config;
use crate::console::api::Reload;
use crate::service;
use crate::stage::worker::{Closer, shutdown};

/// How to run it.
#[derive(Debug, Args)]
#[command(
    after_long_help = "It stops politely on SIGTERM and SIGINT, and reads its settings anew on SIGHUP.\n\n\
    Examples:\n  bedel serve\n  bedel --config /etc/bedel serve --log bedel=debug --log-json"
)]
pub(super) struct Serve {
    #[command(flatten)]
    logging: Logging,
}

/// How to keep the public door.
#[derive(Debug, Args)]
#[command(
    after_long_help = "With `apart = true` in [public] of gateway.toml this process listens there and hands each request on to \
    `bedel serve`. While that one is away, an unsubscribe is written to the disk, answered, and handed over when it is back; \
    whoever wants more is asked to come again in a minute. It stops politely on SIGTERM and SIGINT; `bedel serve` must have run \
    once before.\n\n\
    Examples:\n  bedel public\n  bedel --config /etc/bedel public --log-json"
)]
pub(super) struct Public {
    #[command(flatten)]
    logging: Logging,
}

/// What to say while it runs.
#[derive(Debug, Args)]
struct Logging {
    /// What to log: a level, or levels by module
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log: String,
    /// Log one JSON object a line
    #[arg(long)]
    log_json: bool,
}

pub(super) async fn run(dir: &Path, serve: Serve) -> Result<(), Error> {
    log(&serve.logging)?;
    let config = config::load(dir)?;
    let sockets = service::bind(&config).await?;
    let keys = service::first_start(&config)?;
    let (closer, closing) = shutdown();
    tokio::spawn(close_on_signal(closer));
    let (reload, asked) = Reload::pair();
    tokio::spawn(reload_on_signal(reload.clone()));
    Ok(service::serve_and_reload(config, keys, sockets, Clock::system(), closing, (reload, asked)).await?)
}

/// SIGHUP has the settings read anew; how that went is in the log.
async fn reload_on_signal(reload: Reload) {
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => return tracing::error!(%error, "SIGHUP cannot be heard; `bedel reload` does the same"),
    };
    while hangup.recv().await.is_some() {
        // Whoever applies them says so.
        drop(reload.ask("SIGHUP".to_owned()).await);
    }
}

pub(super) async fn run_public(dir: &Path, public: Public) -> Result<(), Error> {
    log(&public.logging)?;
    let config = config::load(dir)?;
    let socket = service::public(&config).await?;
    let (closer, closing) = shutdown();
    tokio::spawn(close_on_signal(closer));
    Ok(service::porch(&config, socket, closing).await?)
}

fn log(logging: &Logging) -> Result<(), Error> {
    let filter =
        EnvFilter::try_new(&logging.log).map_err(|error| Error::Usage(format!("--log {}: {error}", logging.log)))?;
    let to_stderr = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let set = if logging.log_json {
        to_stderr.json().try_init()
    } else {
        to_stderr.try_init()
    };
    set.map_err(|error| Error::Failed(anyhow::anyhow!("setting up the log: {error}")))
}

async fn close_on_signal(closer: Closer) {
    let asked = async {
        let mut term = signal(SignalKind::terminate()).context("SIGTERM")?;
        let mut int = signal(SignalKind::interrupt()).context("SIGINT")?;
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        anyhow::Ok(())
    };
    match asked.await {
        Ok(()) => closer.close(),
        Err(error) => {
            tracing::error!(%error, "signals cannot be heard; stop the gateway with SIGKILL, which loses nothing");
            std::future::pending::<()>().await;
        }
    }
}
