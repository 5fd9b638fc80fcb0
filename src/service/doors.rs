//! Doors: HTTP over a port or a local socket, until the house closes.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, UnixListener};

use crate::stage::worker::Shutdown;

/// How long pages under way may take to end.
const PAGES_END: Duration = Duration::from_secs(3);

pub(super) async fn http(socket: TcpListener, app: Router, mut closing: Shutdown) {
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let mut asked = closing.clone();
    let served = axum::serve(socket, service).with_graceful_shutdown(async move { asked.closing().await });
    tokio::select! {
        served = async { served.await } => report("console", served),
        // A page that is kept fresh holds its connection open; it comes back by itself.
        () = async { closing.closing().await; tokio::time::sleep(PAGES_END).await } => {}
    }
}

pub(super) async fn local(what: &str, socket: UnixListener, app: Router, mut closing: Shutdown) {
    let served = axum::serve(socket, app).with_graceful_shutdown(async move { closing.closing().await });
    report(what, served.await);
}

fn report(what: &str, served: std::io::Result<()>) {
    if let Err(error) = served {
        tracing::error!(%error, what, "a listener ended");
    }
}
