//! What is said over an open connection: one copy after another.
//!
//! # Standards
//! RFC 5321 §4.5.3.2 (timeouts), RFC 2920 (pipelining).

use std::time::Duration;

use mail_send::SmtpClient;
use smtp_proto::{EXT_8BIT_MIME, EXT_DSN, EXT_PIPELINING, EXT_SIZE, EXT_SMTP_UTF8, EhloResponse, Response};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::decide::compose::Copy;
use crate::mail::{Address, ForwardPath, Severity, Status};
use crate::smtp::client::{END_OF_DATA, MailParameters, Offers, mail_command, rcpt_command, stuff};

/// Timeouts of the phases, from RFC 5321 §4.5.3.2.
const COMMAND: Duration = Duration::from_secs(300);
const BLOCK: Duration = Duration::from_secs(180);
const FINAL_DOT: Duration = Duration::from_secs(600);
/// Asks to send the message.
const DATA: &str = "DATA\r\n";
/// Octets of a server's words that are read; what a rule looks for may stand at their end.
const SAID_OCTETS_MAX: usize = 600;

/// A socket, plain or under TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// An open connection that has said EHLO.
pub(in crate::stage::deliver) struct Connection {
    client: SmtpClient<Box<dyn Stream>>,
    offers: Offers,
    pipelining: bool,
    /// Copies it has carried.
    pub(in crate::stage::deliver) carried: u32,
}

/// How one copy fared.
#[derive(Debug)]
pub(in crate::stage::deliver) enum Carried {
    /// The server said so.
    Said(Status),
    /// We broke it off before the final dot: it may not leave any more.
    Withheld,
    /// The connection broke before the final dot: the copy cannot have arrived.
    Broken(String),
    /// It broke after the final dot: the copy may have arrived.
    Hidden(String),
}

impl Connection {
    pub(super) fn new(stream: impl Stream + 'static, hello: &EhloResponse<String>) -> Self {
        let offers = Offers {
            size: hello.has_capability(EXT_SIZE),
            eight_bit_mime: hello.has_capability(EXT_8BIT_MIME),
            smtputf8: hello.has_capability(EXT_SMTP_UTF8),
            dsn: hello.has_capability(EXT_DSN),
        };
        let pipelining = hello.has_capability(EXT_PIPELINING);
        let stream: Box<dyn Stream> = Box::new(stream);
        Self {
            client: SmtpClient {
                stream,
                timeout: COMMAND,
            },
            offers,
            pipelining,
            carried: 0,
        }
    }

    /// Whether whoever takes a copy also tells its author what becomes of it, when that was asked (RFC 3461).
    pub(in crate::stage::deliver) fn tells_authors(&self) -> bool {
        self.offers.dsn
    }

    /// Carries one copy to its one recipient. `may_leave` is asked last before the final dot.
    pub(in crate::stage::deliver) async fn carry(
        &mut self,
        copy: &Copy,
        to: &ForwardPath,
        is_internationalised: bool,
        may_leave: impl Fn() -> bool + Send,
    ) -> Carried {
        self.carried += 1;
        if is_internationalised && !self.offers.smtputf8 {
            return Carried::Said(Status::new(
                550,
                6,
                7,
                "the next server takes no internationalised mail",
            ));
        }
        match self
            .envelope(copy.return_path.as_ref(), to, copy, is_internationalised)
            .await
        {
            Ok(None) => self.content(copy, may_leave).await,
            Ok(Some(refusal)) => Carried::Said(refusal),
            Err(error) => Carried::Broken(error.to_string()),
        }
    }

    /// MAIL, RCPT and DATA, in one flight where the server pipelines; the refusal, when one of them is refused.
    async fn envelope(
        &mut self,
        from: Option<&Address>,
        to: &ForwardPath,
        copy: &Copy,
        is_internationalised: bool,
    ) -> mail_send::Result<Option<Status>> {
        let parameters = MailParameters {
            size_bytes: u64::try_from(copy.bytes()).unwrap_or(u64::MAX),
            is_eight_bit: copy.is_eight_bit(),
            is_internationalised,
            ret: copy.asked.0,
            envelope_id: copy.asked.1.as_deref(),
        };
        let commands = [
            mail_command(from, parameters, self.offers),
            rcpt_command(to, self.offers),
            DATA.to_owned(),
        ];
        self.client.timeout = COMMAND;
        if !self.pipelining {
            return self.one_by_one(&commands).await;
        }
        self.write(commands.concat().as_bytes(), COMMAND).await?;
        let replies = tokio::time::timeout(COMMAND, self.client.read_many(commands.len())).await;
        let replies = replies.map_err(|_elapsed| mail_send::Error::Timeout)??;
        let mut said = commands.iter().zip(replies.iter().map(status));
        let refused = said
            .find(|(command, said)| is_refusal(said, command))
            .map(|(_, said)| said);
        if refused.is_some() && replies.last().is_some_and(|data| data.code == 354) {
            // It refused the recipient and still waits for a message: an empty one, which goes to nobody.
            self.write(END_OF_DATA, BLOCK).await?;
            drop(self.client.read().await?);
        }
        if refused.is_some() {
            drop(self.client.cmd(b"RSET\r\n").await?);
        }
        Ok(refused)
    }

    async fn one_by_one(&mut self, commands: &[String]) -> mail_send::Result<Option<Status>> {
        for command in commands {
            let said = status(&self.client.cmd(command.as_bytes()).await?);
            if is_refusal(&said, command) {
                drop(self.client.cmd(b"RSET\r\n").await?);
                return Ok(Some(said));
            }
        }
        Ok(None)
    }

    /// Header, body and the final dot, and what the server says to it.
    async fn content(&mut self, copy: &Copy, may_leave: impl Fn() -> bool + Send) -> Carried {
        let header = stuff(&copy.header);
        let body = stuff(&copy.body);
        for block in [header.as_ref(), body.as_ref()] {
            if let Err(error) = self.write(block, BLOCK).await {
                return Carried::Broken(error.to_string());
            }
        }
        if !may_leave() {
            return Carried::Withheld;
        }
        // From here on the end may be hidden from us.
        if let Err(error) = self.write(END_OF_DATA, BLOCK).await {
            return Carried::Hidden(error.to_string());
        }
        match tokio::time::timeout(FINAL_DOT, self.client.read()).await {
            Ok(Ok(reply)) => Carried::Said(status(&reply)),
            Ok(Err(error)) => Carried::Hidden(error.to_string()),
            Err(_elapsed) => Carried::Hidden("no reply to the final dot in ten minutes".to_owned()),
        }
    }

    async fn write(&mut self, bytes: &[u8], within: Duration) -> mail_send::Result<()> {
        let written = async {
            self.client.stream.write_all(bytes).await?;
            self.client.stream.flush().await
        };
        Ok(tokio::time::timeout(within, written)
            .await
            .map_err(|_elapsed| mail_send::Error::Timeout)??)
    }

    /// Says QUIT; nobody waits long for the answer.
    pub(in crate::stage::deliver) async fn quit(mut self) {
        self.client.timeout = Duration::from_secs(5);
        drop(self.client.cmd(b"QUIT\r\n").await);
    }
}

/// DATA wants a 354, everything else a 2yz.
fn is_refusal(said: &Status, command: &str) -> bool {
    if command == DATA {
        said.code != 354
    } else {
        said.severity() != Severity::Positive
    }
}

pub(super) fn status(reply: &Response<String>) -> Status {
    let [class, subject, detail] = reply.esc;
    let enhanced = (class != 0).then_some((class, u16::from(subject), u16::from(detail)));
    let line: String = reply
        .message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let text: String = line.trim().chars().take(SAID_OCTETS_MAX).collect();
    Status {
        code: reply.code,
        enhanced,
        text,
    }
}
