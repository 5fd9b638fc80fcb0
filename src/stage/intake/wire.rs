//! Wire: one socket, in the clear or under TLS, with a time limit on everything.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Octets read at once.
const READ_BYTES: usize = 16 * 1024;
/// How long a client may take to hang up after our last word.
const LINGER: Duration = Duration::from_secs(2);
/// Octets thrown away while it does.
const LINGER_BYTES_MAX: usize = 1024 * 1024;

/// One socket.
#[derive(Debug)]
pub(super) enum Wire {
    /// In the clear.
    Plain(TcpStream),
    /// Under TLS.
    Tls(Box<TlsStream<TcpStream>>),
    /// A handshake failed, and the socket is gone.
    Gone,
}

impl Wire {
    /// Begins TLS; a client that does not take part in time is let go.
    pub(super) async fn secure(&mut self, acceptor: &TlsAcceptor, within: Duration) -> io::Result<()> {
        let Self::Plain(socket) = std::mem::replace(self, Self::Gone) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let stream = timeout(within, acceptor.accept(socket))
            .await
            .map_err(io::Error::from)??;
        *self = Self::Tls(Box::new(stream));
        Ok(())
    }

    /// Protocol and suite as others spell them in the trace field: `TLSv1.3 TLS_AES_256_GCM_SHA384`.
    pub(super) fn tls(&self) -> Option<String> {
        let Self::Tls(stream) = self else {
            return None;
        };
        let (_socket, session) = stream.get_ref();
        let protocol = session.protocol_version().and_then(|version| version.as_str())?;
        let suite = session
            .negotiated_cipher_suite()
            .and_then(|suite| suite.suite().as_str())?;
        Some(format!(
            "{} {}",
            protocol.replace('_', "."),
            suite.replace("TLS13_", "TLS_")
        ))
    }

    /// Reads into an empty buffer; false when the client hung up.
    pub(super) async fn read(&mut self, buffer: &mut Vec<u8>, within: Duration) -> io::Result<bool> {
        buffer.clear();
        buffer.reserve(READ_BYTES);
        let count = timeout(within, self.reader()?.read_buf(buffer))
            .await
            .map_err(io::Error::from)??;
        Ok(count > 0)
    }

    /// Writes all of it.
    pub(super) async fn write(&mut self, bytes: &[u8], within: Duration) -> io::Result<()> {
        let writing = async {
            let writer = self.writer()?;
            writer.write_all(bytes).await?;
            writer.flush().await
        };
        timeout(within, writing).await.map_err(io::Error::from)?
    }

    /// Hangs up after the last word. What the client still sends is thrown away for a moment: closing over unread
    /// octets would reset the connection, and the last word would be lost with it.
    pub(super) async fn close(mut self) {
        let closing = async {
            self.writer()?.shutdown().await?;
            let mut thrown_away = Vec::with_capacity(READ_BYTES);
            let mut total = 0;
            while total < LINGER_BYTES_MAX {
                thrown_away.clear();
                let count = self.reader()?.read_buf(&mut thrown_away).await?;
                if count == 0 {
                    break;
                }
                total += count;
            }
            io::Result::Ok(())
        };
        // The client is gone or will not go: either way there is nobody left to tell.
        drop(timeout(LINGER, closing).await);
    }

    fn reader(&mut self) -> io::Result<&mut (dyn AsyncRead + Unpin + Send)> {
        match self {
            Self::Plain(socket) => Ok(socket),
            Self::Tls(stream) => Ok(stream.as_mut()),
            Self::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn writer(&mut self) -> io::Result<&mut (dyn AsyncWrite + Unpin + Send)> {
        match self {
            Self::Plain(socket) => Ok(socket),
            Self::Tls(stream) => Ok(stream.as_mut()),
            Self::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}
