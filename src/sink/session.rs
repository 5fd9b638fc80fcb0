//! Session: one connection to a host, command by command.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;

use super::host::Host;
use super::record::Taken;
use super::wire::{LINE_BYTES_MAX, Wire};
use crate::decide::shape::Meaning;
use crate::smtp::data::{BareLf, ChunkReader, DataReader, DataRules, Received};

/// Longest message it takes.
const MESSAGE_BYTES_MAX: usize = 100 * 1024 * 1024;
/// How long a host hangs that has no mood: a client waits ten minutes for a reply to its final dot.
const LONGER_THAN_ANYBODY: Duration = Duration::from_secs(700);
const RULES: DataRules = DataRules {
    message_bytes_max: MESSAGE_BYTES_MAX,
    line_bytes_max: LINE_BYTES_MAX,
    bare_lf: BareLf::Refuse,
};

/// How a connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    /// It ends once what was said has been heard.
    Over,
    /// It ends without a word.
    Gone,
}

/// One recipient of the message under way.
struct To {
    address: String,
    is_first_try: bool,
}

/// One connection.
pub(super) struct Session {
    host: Arc<Host>,
    wire: Wire,
    /// Its number at this host.
    number: u64,
    /// Copies begun on it.
    carried: u32,
    is_secure: bool,
    /// Replies to pipelined commands leave together, when there is nothing more to read (RFC 2920 §3.2).
    replies: String,
    from: Option<String>,
    to: Vec<To>,
    /// What it will say to this copy at its end.
    objection: Option<Meaning>,
    /// What came of it by BDAT.
    chunks: Option<ChunkReader>,
}

impl Session {
    /// Serves a connection to its end.
    pub(super) async fn serve(socket: TcpStream, host: Arc<Host>) -> io::Result<()> {
        socket.set_nodelay(true)?;
        let mut wire = Wire::new(socket);
        let number = match host.enter() {
            Ok(number) => number,
            Err(meaning) => {
                wire.say(host.says(meaning).as_bytes()).await?;
                return wire.part().await;
            }
        };
        let _seat = Seat(Arc::clone(&host));
        let session = Self {
            host,
            wire,
            number,
            carried: 0,
            is_secure: false,
            replies: String::new(),
            from: None,
            to: Vec::new(),
            objection: None,
            chunks: None,
        };
        session.run().await
    }

    async fn run(mut self) -> io::Result<()> {
        if self.hangs_up("hang_up_greeting", self.host.mood.hang_up_greeting) {
            return Ok(());
        }
        let greeting = format!("220 {} ESMTP\r\n", self.host.name());
        self.wire.say(greeting.as_bytes()).await?;
        loop {
            let Some(line) = self.wire.line() else {
                self.flush().await?;
                if !self.wire.fill().await? {
                    return Ok(());
                }
                continue;
            };
            match self.command(&line).await? {
                Flow::On => {}
                Flow::Over => {
                    self.flush().await?;
                    return self.wire.part().await;
                }
                Flow::Gone => return Ok(()),
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        let replies = std::mem::take(&mut self.replies);
        self.wire.say(replies.as_bytes()).await
    }

    async fn command(&mut self, line: &str) -> io::Result<Flow> {
        let (verb, argument) = line.split_once([' ', ':']).unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => Ok(self.ehlo()),
            "HELO" => Ok(self.reply(&format!("250 {}\r\n", self.host.name()))),
            "STARTTLS" => self.starttls().await,
            "MAIL" => Ok(self.mail(path(argument))),
            "RCPT" => Ok(self.rcpt(path(argument))),
            "DATA" => self.data().await,
            "BDAT" => self.bdat(argument).await,
            "RSET" => {
                self.reset();
                Ok(self.reply("250 2.0.0 Ok\r\n"))
            }
            "NOOP" => Ok(self.reply("250 2.0.0 Ok\r\n")),
            "QUIT" => {
                self.reply("221 2.0.0 Bye\r\n");
                Ok(Flow::Over)
            }
            _ => Ok(self.reply("502 5.5.1 Not implemented\r\n")),
        }
    }

    /// Says something; what begins with 421 ends the connection.
    fn reply(&mut self, reply: &str) -> Flow {
        self.replies.push_str(reply);
        if reply.starts_with("421") { Flow::Over } else { Flow::On }
    }

    fn says(&mut self, meaning: Meaning) -> Flow {
        let reply = self.host.says(meaning);
        self.reply(&reply)
    }

    /// Whether the connection ends here; cast anew for each copy on it.
    fn hangs_up(&self, what: &'static str, share: f64) -> bool {
        self.host
            .fails(what, share, &format!("{}.{}", self.number, self.carried))
    }

    fn ehlo(&mut self) -> Flow {
        self.reset();
        if self.hangs_up("hang_up_ehlo", self.host.mood.hang_up_ehlo) {
            return Flow::Gone;
        }
        let starttls = if self.host.tls.is_some() && !self.is_secure {
            "250-STARTTLS\r\n"
        } else {
            ""
        };
        let offers = format!(
            "250-{}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE {MESSAGE_BYTES_MAX}\r\n\
             {starttls}250-CHUNKING\r\n250-DSN\r\n250 ENHANCEDSTATUSCODES\r\n",
            self.host.name()
        );
        self.reply(&offers)
    }

    async fn starttls(&mut self) -> io::Result<Flow> {
        let Some(tls) = self.host.tls.clone().filter(|_| !self.is_secure) else {
            return Ok(self.reply("502 5.5.1 Not implemented\r\n"));
        };
        self.reply("220 2.0.0 Go ahead\r\n");
        self.flush().await?;
        self.wire.secure(&tls).await?;
        self.is_secure = true;
        self.reset();
        Ok(Flow::On)
    }

    fn mail(&mut self, from: String) -> Flow {
        self.reset();
        self.carried += 1;
        let objection = self.host.objects(self.carried);
        if self.hangs_up("hang_up_mail", self.host.mood.hang_up_mail) {
            return Flow::Gone;
        }
        match objection {
            Some(Meaning::Rate) if self.host.mood.refuses_at_end => self.objection = objection,
            Some(meaning) => return self.says(meaning),
            None => {}
        }
        self.from = Some(from);
        self.reply("250 2.1.0 Ok\r\n")
    }

    fn rcpt(&mut self, to: String) -> Flow {
        if self.from.is_none() {
            return self.reply("503 5.5.1 MAIL first\r\n");
        }
        if self.hangs_up("hang_up_rcpt", self.host.mood.hang_up_rcpt) {
            return Flow::Gone;
        }
        let is_first_try = self.host.recorder.is_first_try(&to);
        match self.unwelcome(&to, is_first_try) {
            Some(Unwelcome::As(meaning)) => self.says(meaning),
            Some(Unwelcome::Said(reply)) => self.reply(reply),
            None => {
                let address = to;
                self.to.push(To { address, is_first_try });
                self.reply("250 2.1.5 Ok\r\n")
            }
        }
    }

    /// What is wrong with a recipient: read off the local part, or cast.
    fn unwelcome(&self, to: &str, is_first_try: bool) -> Option<Unwelcome> {
        let mood = &self.host.mood;
        let falls = |what, share| self.host.fails(what, share, to);
        if self.host.likeness.is_some() {
            let meaning = if to.starts_with("gone") || falls("gone", mood.gone) {
                Some(Meaning::Gone)
            } else if to.starts_with("full") || (is_first_try && falls("full", mood.full)) {
                Some(Meaning::Full)
            } else if is_first_try && (to.starts_with("busy") || falls("greylisted", mood.greylisted)) {
                Some(Meaning::Greylist)
            } else {
                None
            };
            return meaning.map(Unwelcome::As);
        }
        if to.starts_with("gone") {
            Some(Unwelcome::Said("550 5.1.1 No such user\r\n"))
        } else if to.starts_with("full") {
            Some(Unwelcome::Said("452 4.2.2 Mailbox full\r\n"))
        } else if to.starts_with("busy") && is_first_try {
            Some(Unwelcome::Said("451 4.3.0 Try again later\r\n"))
        } else {
            None
        }
    }

    async fn data(&mut self) -> io::Result<Flow> {
        if self.to.is_empty() {
            return Ok(self.reply("554 5.5.1 No valid recipients\r\n"));
        }
        if self.hangs_up("hang_up_data", self.host.mood.hang_up_data) {
            return Ok(Flow::Gone);
        }
        self.reply("354 Go ahead\r\n");
        self.flush().await?;
        let mut reader = DataReader::new(RULES);
        loop {
            let mut rest = self.wire.input.as_slice();
            let received = reader.read(&mut rest);
            let used = self.wire.input.len() - rest.len();
            self.wire.input.drain(..used);
            if let Some(received) = received {
                return self.end(received).await;
            }
            let breaks_off = used > 0 && self.hangs_up("hang_up_body", self.host.mood.hang_up_body);
            if breaks_off || !self.wire.fill().await? {
                return Ok(Flow::Gone);
            }
        }
    }

    /// A chunk, whose octets follow whatever is said to it (RFC 3030 §2).
    async fn bdat(&mut self, argument: &str) -> io::Result<Flow> {
        let mut words = argument.split_ascii_whitespace();
        let Some(mut octets) = words.next().and_then(|size| size.parse::<usize>().ok()) else {
            return Ok(self.reply("421 5.5.4 BDAT wants a size\r\n"));
        };
        let is_last = words.next().is_some_and(|word| word.eq_ignore_ascii_case("LAST"));
        let mut chunks = self.chunks.take().unwrap_or_else(|| ChunkReader::new(RULES));
        let breaks_off = octets > 0 && self.hangs_up("hang_up_body", self.host.mood.hang_up_body);
        while octets > 0 {
            let size = octets.min(self.wire.input.len());
            let chunk: Vec<u8> = self.wire.input.drain(..size).collect();
            chunks.read(&chunk);
            octets -= size;
            if breaks_off || (octets > 0 && !self.wire.fill().await?) {
                return Ok(Flow::Gone);
            }
        }
        if self.to.is_empty() {
            return Ok(self.reply("554 5.5.1 No valid recipients\r\n"));
        }
        if is_last {
            return self.end(chunks.finish()).await;
        }
        self.chunks = Some(chunks);
        Ok(self.reply("250 2.0.0 Go on\r\n"))
    }

    /// The end of a message: what is said to it, when, and whether at all.
    async fn end(&mut self, received: Received) -> io::Result<Flow> {
        let to = std::mem::take(&mut self.to);
        let from = self.from.take().unwrap_or_default();
        let message = match received {
            Ok(message) => message,
            Err(fault) => return Ok(self.reply(&format!("554 5.6.0 {fault}\r\n"))),
        };
        if let Some(meaning) = self.objects(&to) {
            return Ok(self.says(meaning));
        }
        let host = Arc::clone(&self.host);
        let mood = &host.mood;
        let is_lost = to.iter().any(|to| to.address.starts_with("lost") && to.is_first_try);
        let is_stuck = to.iter().any(|to| to.address.starts_with("hang"));
        let hangs = is_stuck || self.hangs_up("hang", mood.hang);
        if hangs || self.hangs_up("hang_up_end", mood.hang_up_end) {
            // The sender cannot know which of the two it was.
            let of = format!("{}.{}", self.number, self.carried);
            let is_taken = is_stuck || host.dice.falls(0.5, "taken", &of);
            host.hides(&addresses(&to));
            if is_taken {
                self.take(from, &to, message)?;
            }
            if hangs {
                let time = Duration::from_secs_f64(mood.hang_seconds);
                tokio::time::sleep(if time.is_zero() { LONGER_THAN_ANYBODY } else { time }).await;
            }
            return Ok(Flow::Gone);
        }
        let number = self.take(from, &to, message)?;
        if is_lost {
            host.hides(&addresses(&to));
            return Ok(Flow::Gone);
        }
        if self.hangs_up("tarpit", mood.tarpit) {
            tokio::time::sleep(Duration::from_secs_f64(mood.tarpit_seconds)).await;
        }
        Ok(self.reply(&format!("250 2.0.0 Taken as {number}\r\n")))
    }

    /// What is wrong with a message as a whole.
    fn objects(&mut self, to: &[To]) -> Option<Meaning> {
        let is_stranger = to.iter().any(|to| to.address.starts_with("spf"));
        if is_stranger || self.hangs_up("unauthenticated", self.host.mood.unauthenticated) {
            return Some(Meaning::Authentication);
        }
        self.objection.take()
    }

    fn take(&self, from: String, to: &[To], message: Vec<u8>) -> io::Result<u64> {
        self.host.count_taken();
        let to = addresses(to);
        self.host.recorder.take(Taken { from, to, message })
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
        self.objection = None;
        self.chunks = None;
    }
}

/// Why a recipient is not taken.
enum Unwelcome {
    As(Meaning),
    Said(&'static str),
}

/// A connection's place among those that are open; free again however it ends.
struct Seat(Arc<Host>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.leave();
    }
}

fn addresses(to: &[To]) -> Vec<String> {
    to.iter().map(|to| to.address.clone()).collect()
}

/// The address of `FROM:<a@b> SIZE=1`.
fn path(argument: &str) -> String {
    let start = argument.split_once('<').map_or("", |(_, rest)| rest);
    start.split_once('>').map_or("", |(path, _)| path).to_owned()
}
