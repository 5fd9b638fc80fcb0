//! The whole store as one plain file, and sealed anew, while the gateway runs.

use std::io::{self, BufWriter, Write};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State as From;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http_body_util::channel::{Channel, Sender};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::ApiState;
use super::actor::Actor;
use super::error::Fault;
use super::people::Did;
use crate::model::Act;
use crate::store::Rotated;

/// Bytes of one piece of the stream.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces that may wait for a slow reader.
const PIECES_MAX: usize = 8;

/// `GET /store/export`: the file as it is made. One that fails half-way is cut short, and without its last line.
#[utoipa::path(
    get,
    path = "/store/export",
    tag = "audit",
    responses((status = 200, description = "the whole store, as the file that restores it", content_type = "text/plain", body = String), Fault)
)]
pub(super) async fn export(From(api): From<ApiState>, _who: Actor) -> Result<Response, Fault> {
    // No export of a master list that is half old and half new.
    let steady = api.store.steady().await?;
    let (sender, body) = Channel::<Bytes, io::Error>::new(PIECES_MAX);
    let handle = Handle::current();
    // Nobody waits for it: the reader of the stream sees how it ends.
    let _reader_waits = spawn_blocking(move || {
        let _steady = steady;
        let mut out = BufWriter::with_capacity(PIECE_BYTES, Stream { sender, handle });
        if let Err(error) = api.store.export(&mut out) {
            tracing::error!(%error, "the store could not be exported");
            let (stream, _unsent) = out.into_parts();
            stream.sender.abort(io::Error::other(error));
        }
    });
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], Body::new(body)).into_response())
}

/// `POST /store/rotate`: a new data key, and every record sealed anew under it, while the gateway runs.
#[utoipa::path(
    post,
    path = "/store/rotate",
    tag = "audit",
    responses((status = 200, description = "what was done", body = Did), Fault)
)]
pub(super) async fn rotate(From(api): From<ApiState>, who: Actor) -> Result<Json<Did>, Fault> {
    let Rotated { key, records } = api.store.rotate_keys(|_records| {}).await?;
    let note = format!("data key {key}, {records} records");
    api.store.log(api.event(&who, Act::Rotated, None, note)).await?;
    let done = format!("{records} records are sealed anew, under data key {key}. The older keys are gone.");
    Ok(Json(Did { done }))
}

/// A writer whose reader is at the other end of a connection.
struct Stream {
    sender: Sender<Bytes, io::Error>,
    handle: Handle,
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        self.handle
            .block_on(self.sender.send_data(piece))
            .map_err(|_gone| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
