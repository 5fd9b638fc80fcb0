//! A body that is read as it comes by one who blocks: a file larger than memory is no trouble.

use std::io::{self, Read};

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

/// Pieces that may wait.
const PIECES_MAX: usize = 8;
/// Largest body. Half a million people have some 80 MiB.
const BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// A piece; an empty one is the end, where all has come.
type Piece = Result<Bytes, io::Error>;

/// The body, to read from. Blocks: not for a thread that serves others.
#[derive(Debug)]
pub(super) struct Upload {
    pieces: mpsc::Receiver<Piece>,
    piece: Bytes,
    is_over: bool,
}

impl Upload {
    pub(super) fn of(body: Body) -> Self {
        let (sending, pieces) = mpsc::channel(PIECES_MAX);
        let _pump = tokio::spawn(pump(body, sending));
        Self {
            pieces,
            piece: Bytes::new(),
            is_over: false,
        }
    }
}

/// Reads the body to its end even when nobody wants the rest: whoever sends it hears our answer only then.
async fn pump(body: Body, sending: mpsc::Sender<Piece>) {
    let (mut pieces, mut octets) = (body.into_data_stream(), 0);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| io::Error::other(format!("the file broke off: {error}")));
        octets += piece
            .as_ref()
            .map_or(0, |piece| u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if octets > BYTES_MAX {
            let _nobody_waits = sending
                .send(Err(io::Error::other("the file is larger than 4 GiB")))
                .await;
            return;
        }
        let is_empty = piece.as_ref().is_ok_and(Bytes::is_empty);
        if !is_empty {
            let _unwanted = sending.send(piece).await;
        }
    }
    let _unwanted = sending.send(Ok(Bytes::new())).await;
}

impl Read for Upload {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.is_over {
            let piece = self.pieces.blocking_recv();
            self.piece = piece.unwrap_or_else(|| Err(io::Error::other("the file broke off")))?;
            self.is_over = self.piece.is_empty();
        }
        let count = self.piece.len().min(buffer.len());
        let taken = self.piece.split_to(count);
        if let Some(place) = buffer.get_mut(..count) {
            place.copy_from_slice(&taken);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_read_to_its_end_and_one_that_breaks_off_has_none() {
        let read = async |pieces: Vec<Result<&'static str, &'static str>>| {
            let pieces = pieces
                .into_iter()
                .map(|piece| piece.map(Bytes::from).map_err(io::Error::other));
            let mut upload = Upload::of(Body::from_stream(futures_util::stream::iter(pieces)));
            let read = tokio::task::spawn_blocking(move || io::read_to_string(&mut upload));
            read.await.expect("reads").map_err(|error| error.to_string())
        };
        assert_eq!(read(vec![Ok("ab"), Ok(""), Ok("c")]).await, Ok("abc".to_owned()));
        assert_eq!(read(vec![]).await, Ok(String::new()));
        let broken = read(vec![Ok("ab"), Err("reset")]).await.expect_err("it broke off");
        assert!(broken.starts_with("the file broke off"), "{broken}");
    }
}
