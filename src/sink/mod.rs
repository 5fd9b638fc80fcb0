//! A recording SMTP server for trials: it takes all mail and delivers none.
//!
//! The demo's smarthost, the tests' receiver, and `bedel sink`. What it is told about a recipient's fate it reads off
//! the local part: `gone…` is refused for good (550 5.1.1), `full…` for now (452 4.2.2), `busy…` at the first try only
//! (451 4.3.0), `lost…` is taken at the first try, and the connection broken before that is said. Everybody else's mail is taken and counted, and kept where there is a folder to keep it in.
//!
//! # Standards
//! RFC 5321, as a receiver; PIPELINING, 8BITMIME, SMTPUTF8, SIZE, ENHANCEDSTATUSCODES.

mod record;

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub use record::{Recorder, Taken};

use crate::smtp::data::{BareLf, DataReader, DataRules};
use crate::stage::worker::Shutdown;

/// Longest message it takes.
const MESSAGE_BYTES_MAX: usize = 100 * 1024 * 1024;
/// Longest line it takes, command or text.
const LINE_BYTES_MAX: usize = 100 * 1024;

/// Takes mail until the house closes.
pub async fn run(listener: TcpListener, recorder: Arc<Recorder>, mut shutdown: Shutdown) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((socket, _peer)) = accepted else { continue };
                let recorder = Arc::clone(&recorder);
                connections.spawn(async move {
                    // Whoever hangs up in the middle is no concern of a sink.
                    drop(Session::new(socket, recorder).serve().await);
                });
            }
            Some(_ended) = connections.join_next(), if !connections.is_empty() => {}
            () = shutdown.closing() => return,
        }
    }
}

/// One connection.
struct Session {
    socket: TcpStream,
    recorder: Arc<Recorder>,
    /// Read, not yet used.
    input: Vec<u8>,
    from: Option<String>,
    to: Vec<String>,
}

impl Session {
    fn new(socket: TcpStream, recorder: Arc<Recorder>) -> Self {
        Self {
            socket,
            recorder,
            input: Vec::new(),
            from: None,
            to: Vec::new(),
        }
    }

    async fn serve(mut self) -> std::io::Result<()> {
        self.socket.set_nodelay(true)?;
        self.socket.write_all(b"220 sink.example ESMTP\r\n").await?;
        // Replies to pipelined commands leave together, when there is nothing more to read (RFC 2920 §3.2).
        let mut replies = Vec::new();
        loop {
            let Some(line) = self.buffered_line() else {
                self.socket.write_all(&std::mem::take(&mut replies)).await?;
                if !self.fill().await? {
                    return Ok(());
                }
                continue;
            };
            let (verb, argument) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "DATA" if self.to.is_empty() => replies.extend(b"554 5.5.1 No valid recipients\r\n"),
                "DATA" => {
                    replies.extend(b"354 Go ahead\r\n");
                    self.socket.write_all(&std::mem::take(&mut replies)).await?;
                    let Some(reply) = self.message().await? else {
                        return Ok(());
                    };
                    replies.extend(reply.as_bytes());
                }
                "QUIT" => {
                    replies.extend(b"221 2.0.0 Bye\r\n");
                    return self.socket.write_all(&replies).await;
                }
                verb => replies.extend(self.command(verb, argument).as_bytes()),
            }
        }
    }

    fn command(&mut self, verb: &str, argument: &str) -> String {
        match verb {
            "EHLO" => {
                self.reset();
                let size = MESSAGE_BYTES_MAX;
                format!(
                    "250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE {size}\r\n250 ENHANCEDSTATUSCODES\r\n"
                )
            }
            "HELO" => "250 sink.example\r\n".to_owned(),
            "MAIL" => {
                self.reset();
                self.from = Some(path(argument));
                "250 2.1.0 Ok\r\n".to_owned()
            }
            "RCPT" if self.from.is_none() => "503 5.5.1 MAIL first\r\n".to_owned(),
            "RCPT" => self.recipient(path(argument)),
            "RSET" | "NOOP" => {
                if verb == "RSET" {
                    self.reset();
                }
                "250 2.0.0 Ok\r\n".to_owned()
            }
            _ => "502 5.5.1 Not implemented\r\n".to_owned(),
        }
    }

    fn recipient(&mut self, to: String) -> String {
        if to.starts_with("gone") {
            return "550 5.1.1 No such user\r\n".to_owned();
        }
        if to.starts_with("full") {
            return "452 4.2.2 Mailbox full\r\n".to_owned();
        }
        if to.starts_with("busy") && self.recorder.is_first_try(&to) {
            return "451 4.3.0 Try again later\r\n".to_owned();
        }
        self.to.push(to);
        "250 2.1.5 Ok\r\n".to_owned()
    }

    /// Reads a message to its end and records it; `None` when the peer hung up before.
    async fn message(&mut self) -> std::io::Result<Option<String>> {
        let rules = DataRules {
            message_bytes_max: MESSAGE_BYTES_MAX,
            line_bytes_max: LINE_BYTES_MAX,
            bare_lf: BareLf::Refuse,
        };
        let mut reader = DataReader::new(rules);
        loop {
            let mut rest = self.input.as_slice();
            let received = reader.read(&mut rest);
            let used = self.input.len() - rest.len();
            self.input.drain(..used);
            match received {
                Some(Ok(message)) => {
                    let is_lost = self
                        .to
                        .iter()
                        .any(|to| to.starts_with("lost") && self.recorder.is_first_try(to));
                    let from = self.from.take().unwrap_or_default();
                    let number = self.recorder.take(Taken {
                        from,
                        to: std::mem::take(&mut self.to),
                        message,
                    })?;
                    if is_lost {
                        return Ok(None);
                    }
                    return Ok(Some(format!("250 2.0.0 Taken as {number}\r\n")));
                }
                Some(Err(fault)) => return Ok(Some(format!("554 5.6.0 {fault}\r\n"))),
                None if self.fill().await? => {}
                None => return Ok(None),
            }
        }
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }

    fn buffered_line(&mut self) -> Option<String> {
        let end = self.input.iter().position(|&byte| byte == b'\n')?;
        let line: Vec<u8> = self.input.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// Reads more; false when the peer is gone, or says nothing but one endless line.
    async fn fill(&mut self) -> std::io::Result<bool> {
        if self.input.len() > LINE_BYTES_MAX {
            return Ok(false);
        }
        Ok(self.socket.read_buf(&mut self.input).await? > 0)
    }
}

/// The address of `FROM:<a@b> SIZE=1`.
fn path(argument: &str) -> String {
    let start = argument.split_once('<').map_or("", |(_, rest)| rest);
    start.split_once('>').map_or("", |(path, _)| path).to_owned()
}
