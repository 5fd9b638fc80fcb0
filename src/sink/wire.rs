//! Wire: one socket of a sink, in the clear or under TLS.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// Longest line it takes, command or text.
pub(super) const LINE_BYTES_MAX: usize = 100 * 1024;
/// How long a client may take to hang up after the last word.
const LINGER: Duration = Duration::from_secs(2);

/// A socket, plain or under TLS.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One socket, and what was read of it and not yet used.
pub(super) struct Wire {
    stream: Option<Box<dyn Stream>>,
    pub(super) input: Vec<u8>,
}

impl Wire {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self {
            stream: Some(Box::new(socket)),
            input: Vec::new(),
        }
    }

    /// Begins TLS. What came in the clear behind STARTTLS is nobody's word (RFC 3207 §4.2).
    pub(super) async fn secure(&mut self, acceptor: &TlsAcceptor) -> io::Result<()> {
        let plain = self.stream.take().ok_or(io::ErrorKind::NotConnected)?;
        self.input.clear();
        self.stream = Some(Box::new(acceptor.accept(plain).await?));
        Ok(())
    }

    pub(super) async fn say(&mut self, replies: &[u8]) -> io::Result<()> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        stream.write_all(replies).await?;
        stream.flush().await
    }

    /// A line that is there already.
    pub(super) fn line(&mut self) -> Option<String> {
        let end = self.input.iter().position(|&byte| byte == b'\n')?;
        let line: Vec<u8> = self.input.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// Reads more; false when the peer is gone, or says nothing but one endless line.
    pub(super) async fn fill(&mut self) -> io::Result<bool> {
        if self.input.len() > LINE_BYTES_MAX {
            return Ok(false);
        }
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Ok(stream.read_buf(&mut self.input).await? > 0)
    }

    /// Waits until the peer has heard the last word: a socket closed with something unread takes that word with it.
    pub(super) async fn part(mut self) -> io::Result<()> {
        let Some(mut stream) = self.stream.take() else {
            return Ok(());
        };
        stream.shutdown().await?;
        let read_on = async { while stream.read(&mut [0; 4096]).await.is_ok_and(|octets| octets > 0) {} };
        // Who takes longer is not waited for.
        drop(tokio::time::timeout(LINGER, read_on).await);
        Ok(())
    }
}
