//! The composition root: open the store, start everything, stop it in order.
//!
//! Everything a room needs is made here from the settings and handed to it; no room looks for anything by itself. Order
//! of stopping: listeners first (nothing new comes in), then the workers (each finishes what it holds), the store last.
//! When the disk fails under the store the house closes by itself: only a process started anew knows what is on it.

mod doors;
mod feeds;
mod house;
mod keys;
mod metrics;
mod porch;
mod rooms;
mod sending;
mod sockets;
mod tls;

use anyhow::{Context, anyhow};
use tokio::sync::mpsc::Receiver;

pub use feeds::read_secret;
pub use keys::{Keys, first_start, master_key, read_master_key, token_file};
pub use porch::porch;
pub use sockets::{PublicSocket, Sockets, bind, public};
pub use tls::check as check_tls;

use house::House;
use rooms::Rooms;

use crate::clock::Clock;
use crate::config::Config;
use crate::console::api::{Reload, ReloadAsk};
use crate::stage::worker::Shutdown;
use crate::store::{self, Store};

/// Runs the gateway until it is asked to stop; returns when everything has.
pub async fn serve(
    config: Config,
    keys: Keys,
    sockets: Sockets,
    clock: Clock,
    closing: Shutdown,
) -> anyhow::Result<()> {
    serve_and_reload(config, keys, sockets, clock, closing, Reload::pair()).await
}

/// The same; whoever asks by `reload` has the settings read anew, as those do who ask by the control socket.
pub async fn serve_and_reload(
    config: Config,
    keys: Keys,
    sockets: Sockets,
    clock: Clock,
    mut closing: Shutdown,
    (reload, mut asked): (Reload, Receiver<ReloadAsk>),
) -> anyhow::Result<()> {
    let settings = store::Settings {
        data_dir: config.gateway.data_dir.clone(),
        free_bytes_min: config.gateway.free_bytes_min,
        master: master_key(&config.gateway)?,
    };
    let store = Store::open(&settings).context("opening the store")?;
    let rooms = Rooms::new(&config, &keys, &store, &clock, (reload, None))?;
    let hostname = config.gateway.hostname.clone();
    let mut house = House::open(config, &keys, sockets, rooms)?;
    tracing::info!(%hostname, "the gateway is open");
    let ends = loop {
        tokio::select! {
            () = closing.closing() => break Ok(()),
            reason = store.broken() => break Err(anyhow!(
                "the disk of the store failed: {reason}; what was answered is kept: start the gateway again"
            )),
            Some(ask) = asked.recv() => house.reload(ask, &mut closing).await,
        }
    };
    tracing::info!("the gateway is closing");
    house.close().await;
    ends
}
