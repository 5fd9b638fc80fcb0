//! What is said over an open connection: one copy after another.
//!
//! Where the server lets us, a copy is one flight: MAIL, RCPT and the message in one chunk, and then three replies. That is
//! for a connection that has just answered: one that has lain idle may be closed already, and what went out with the last
//! octet of a message may have arrived. Else MAIL, RCPT and DATA go in one flight and the message in another.
//!
//! # Standards
//! RFC 5321 §4.5.3.2 (timeouts), RFC 2920 (pipelining), RFC 3030 §2 (BDAT).

use std::io::{self, IoSlice};
use std::time::Duration;

use smtp_proto::{EXT_8BIT_MIME, EXT_CHUNKING, EXT_DSN, EXT_PIPELINING, EXT_SIZE, EXT_SMTP_UTF8, EhloResponse};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::ear::Ear;
use crate::decide::compose::Copy;
use crate::mail::{ForwardPath, Severity, Status};
use crate::smtp::client::{END_OF_DATA, MailParameters, Offers, last_chunk_command, mail_command, rcpt_command, stuff};
use crate::stage::broke::{own, words};

/// Timeouts of the phases, from RFC 5321 §4.5.3.2.
const COMMAND: Duration = Duration::from_secs(300);
const BLOCK: Duration = Duration::from_secs(180);
const FINAL_DOT: Duration = Duration::from_secs(600);
/// How long the answer to QUIT is waited for.
const PARTING: Duration = Duration::from_secs(5);
/// Asks to send the message.
const DATA: &str = "DATA\r\n";
/// Since its last word a connection counts as alive for so long.
const FRESH: Duration = Duration::from_secs(1);
/// A longer message goes out before its last octets do: until then it can still be withheld.
const AT_ONCE_OCTETS_MAX: usize = 64 * 1024;

/// A socket, plain or under TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// An open connection that has said EHLO.
pub(in crate::stage::deliver) struct Connection {
    stream: Box<dyn Stream>,
    ear: Ear,
    offers: Offers,
    pipelining: bool,
    chunking: bool,
    heard_at: Option<Instant>,
    is_over: bool,
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
        Self {
            stream: Box::new(stream),
            ear: Ear::default(),
            offers,
            pipelining: hello.has_capability(EXT_PIPELINING),
            chunking: hello.has_capability(EXT_CHUNKING),
            heard_at: None,
            is_over: false,
            carried: 0,
        }
    }

    /// Whether whoever takes a copy also tells its author what becomes of it, when that was asked (RFC 3461).
    pub(in crate::stage::deliver) fn tells_authors(&self) -> bool {
        self.offers.dsn
    }

    /// Whether it can carry no other copy: it is closed, or we cannot know any more what a reply is to.
    pub(in crate::stage::deliver) fn is_over(&self) -> bool {
        self.is_over
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
        let mut envelope = mail_command(
            copy.return_path.as_ref(),
            parameters(copy, is_internationalised),
            self.offers,
        );
        envelope.push_str(&rcpt_command(to, self.offers));
        let is_fresh = self.heard_at.is_some_and(|at| at.elapsed() < FRESH);
        let is_short = copy.bytes() <= AT_ONCE_OCTETS_MAX;
        if self.pipelining && self.chunking && is_fresh && is_short {
            return self.one_flight(envelope, copy, may_leave).await;
        }
        match self.envelope(&envelope).await {
            Ok(None) => self.content(copy, may_leave).await,
            Ok(Some(refusal)) => Carried::Said(refusal),
            Err(error) => Carried::Broken(broke(&error)),
        }
    }

    /// MAIL, RCPT and the message as one chunk, in one write; then what the server says to each.
    async fn one_flight(&mut self, mut commands: String, copy: &Copy, may_leave: impl Fn() -> bool + Send) -> Carried {
        commands.push_str(&last_chunk_command(copy.bytes()));
        if !may_leave() {
            return Carried::Withheld;
        }
        let pieces = [commands.as_bytes(), &copy.header, copy.body.octets()];
        // The server cannot have a chunk whose last octets we did not get rid of.
        if let Err(error) = self.write(&pieces, BLOCK).await {
            return self.last_word().await.unwrap_or_else(|| Carried::Broken(broke(&error)));
        }
        let mut refusal = None;
        for within in [COMMAND, COMMAND, FINAL_DOT] {
            match self.reply(within).await {
                Ok(status) if within == FINAL_DOT => return self.end_of_flight(refusal, status).await,
                Ok(status) => refusal = refusal.or_else(|| Some(status).filter(is_refusal)),
                Err(error) => return refusal.map_or_else(|| Carried::Hidden(broke(&error)), Carried::Said),
            }
        }
        Carried::Hidden("the host said nothing".to_owned())
    }

    /// What came first of what it refused; of a transaction that was refused in part, nothing is left.
    async fn end_of_flight(&mut self, refusal: Option<Status>, last: Status) -> Carried {
        if refusal.is_some() && !is_refusal(&last) {
            tracing::warn!(%last, "the next server took a message whose recipient it had refused");
        }
        let said = refusal.unwrap_or(last);
        if is_refusal(&said) {
            self.reset().await;
        }
        Carried::Said(said)
    }

    /// MAIL, RCPT and DATA, in one flight where the server pipelines; the refusal, when one of them is refused.
    async fn envelope(&mut self, envelope: &str) -> io::Result<Option<Status>> {
        let mut refusal = None;
        let mut has_recipient = false;
        if self.pipelining {
            self.write(&[envelope.as_bytes(), DATA.as_bytes()], COMMAND).await?;
        }
        for command in envelope.split_inclusive('\n').chain([DATA]) {
            if !self.pipelining {
                self.write(&[command.as_bytes()], COMMAND).await?;
            }
            let said = match self.reply(COMMAND).await {
                Ok(said) => said,
                // Its last word before it hung up stands.
                Err(error) => return refusal.map_or(Err(error), |said| Ok(Some(said))),
            };
            let is_as_wanted = if command == DATA {
                said.code == 354
            } else {
                !is_refusal(&said)
            };
            if !is_as_wanted {
                refusal = refusal.or(Some(said));
            } else if command == DATA && refusal.is_some() {
                self.end_of_nothing(has_recipient).await;
            } else {
                has_recipient |= command.starts_with("RCPT");
            }
            if !self.pipelining && refusal.is_some() {
                break;
            }
        }
        if refusal.is_some() {
            self.reset().await;
        }
        Ok(refusal)
    }

    /// It refused one of our commands and still waits for a message: an empty one goes to nobody, where no recipient was
    /// taken. Where one was, somebody would get it, and so only hanging up is left.
    async fn end_of_nothing(&mut self, has_recipient: bool) {
        let ended = if has_recipient {
            Err(io::Error::other("a recipient would get an empty message"))
        } else {
            self.write(&[END_OF_DATA], BLOCK).await
        };
        self.is_over |= ended.is_err() || self.reply(COMMAND).await.is_err();
    }

    /// Ends a transaction that was refused. When that fails the refusal stands all the same.
    async fn reset(&mut self) {
        if !self.is_over {
            let asked = self.write(&[b"RSET\r\n"], COMMAND).await;
            self.is_over |= asked.is_err() || self.reply(COMMAND).await.is_err();
        }
    }

    /// Header, body and the final dot, and what the server says to it.
    async fn content(&mut self, copy: &Copy, may_leave: impl Fn() -> bool + Send) -> Carried {
        let header = stuff(&copy.header);
        let mut pieces = vec![header.as_ref(), copy.body.carried_by(stuff)];
        if copy.bytes() > AT_ONCE_OCTETS_MAX {
            if let Err(error) = self.write(&pieces, BLOCK).await {
                return self.last_word().await.unwrap_or_else(|| Carried::Broken(broke(&error)));
            }
            pieces.clear();
        }
        if !may_leave() {
            self.is_over = true;
            return Carried::Withheld;
        }
        pieces.push(END_OF_DATA);
        // From here on the end may be hidden from us.
        if let Err(error) = self.write(&pieces, BLOCK).await {
            return self.last_word().await.unwrap_or_else(|| Carried::Hidden(broke(&error)));
        }
        match self.reply(FINAL_DOT).await {
            Ok(status) => Carried::Said(status),
            Err(error) => Carried::Hidden(broke(&error)),
        }
    }

    /// What a server said that hung up while we were still talking: a refusal stands.
    async fn last_word(&mut self) -> Option<Carried> {
        while let Ok(said) = self.reply(PARTING).await {
            if is_refusal(&said) {
                return Some(Carried::Said(said));
            }
        }
        None
    }

    async fn reply(&mut self, within: Duration) -> io::Result<Status> {
        let said = timeout(within, self.ear.reply(&mut self.stream)).await;
        let said = said.unwrap_or_else(|_elapsed| Err(silence(within)));
        match &said {
            Ok(_) => self.heard_at = Some(Instant::now()),
            Err(_) => self.is_over = true,
        }
        said
    }

    async fn write(&mut self, pieces: &[&[u8]], within: Duration) -> io::Result<()> {
        let written = timeout(within, write_all(&mut self.stream, pieces)).await;
        let written = written.unwrap_or_else(|_elapsed| Err(silence(within)));
        self.is_over |= written.is_err();
        written
    }

    /// Says QUIT; nobody waits long for the answer.
    pub(in crate::stage::deliver) async fn quit(mut self) {
        if !self.is_over && self.write(&[b"QUIT\r\n"], PARTING).await.is_ok() {
            drop(self.reply(PARTING).await);
        }
    }
}

fn parameters(copy: &Copy, is_internationalised: bool) -> MailParameters<'_> {
    MailParameters {
        size_bytes: u64::try_from(copy.bytes()).unwrap_or(u64::MAX),
        is_eight_bit: copy.is_eight_bit(),
        is_internationalised,
        ret: copy.asked.0,
        envelope_id: copy.asked.1.as_deref(),
    }
}

/// All pieces, as few packets as they fit in, and none of them copied.
async fn write_all(stream: &mut (impl AsyncWrite + Unpin), pieces: &[&[u8]]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    let mut left = slices.as_mut_slice();
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        match stream.write_vectored(left).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            octets => IoSlice::advance_slices(&mut left, octets),
        }
    }
    stream.flush().await
}

fn silence(within: Duration) -> io::Error {
    let words = format!("the host did not answer in {} s", within.as_secs());
    own(io::ErrorKind::TimedOut, words)
}

/// Why the connection broke, in words that people read.
fn broke(error: &io::Error) -> String {
    tracing::info!(%error, "a connection broke");
    words(error)
}

/// Everything but DATA wants a 2yz.
fn is_refusal(said: &Status) -> bool {
    said.severity() != Severity::Positive
}
