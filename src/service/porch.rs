//! The public door as a process of its own: bound, kept open, and what came while the gateway was away handed over.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpListener;

use super::doors::http;
use super::keys;
use super::rooms::read_token;
use super::sockets::PORCH_SOCKET;
use crate::config::Config;
use crate::console::{self, PorchState, hand_over};
use crate::stage::worker::Shutdown;
use crate::store::Clicks;

/// How often it looks whether the gateway is back.
const TICK: Duration = Duration::from_secs(1);

/// Keeps the public door open until it is asked to stop.
pub async fn porch(config: &Config, socket: TcpListener, mut closing: Shutdown) -> anyhow::Result<()> {
    let gateway = &config.gateway;
    if !gateway.public_is_apart {
        bail!(
            "`bedel serve` itself keeps the public door; to give it a process of its own set `apart = true` in [public]"
        );
    }
    let clicks = Clicks::open(&gateway.data_dir)
        .with_context(|| format!("the journal of clicks in {}", gateway.data_dir.display()))?;
    let waiting = clicks.waiting().len();
    let state = PorchState {
        socket: gateway.data_dir.join(PORCH_SOCKET),
        clicks,
        organization: gateway.organization.clone(),
        read_token: read_token(&keys::tokens(gateway)?),
    };
    tracing::info!(waiting, "the public door is open");
    let served = tokio::spawn(http(socket, console::porch(state.clone()), closing.clone()));
    loop {
        match hand_over(&state).await {
            Ok(0) => {}
            Ok(handed) => tracing::info!(handed, "clicks that came while the gateway was away are handed over"),
            Err(error) => tracing::error!(%error, "the journal of clicks cannot be written"),
        }
        tokio::select! {
            () = closing.closing() => break,
            () = tokio::time::sleep(TICK) => {}
        }
    }
    tracing::info!("the public door is closing");
    Ok(served.await?)
}
