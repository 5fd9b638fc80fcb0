//! The server's side of a session, without a socket: Greeted → Named → Addressed → Receiving.
//!
//! Each state is a struct that holds what is known by then and nothing else, so a state that was left cannot be asked.
//! A [`Session`] takes a line and gives a [`Step`]: what the connection has to do, and the state to go on with. Where
//! the answer is not the protocol's to give (who logs in, which recipients, what becomes of the message), the step
//! holds a state that only that answer can lead out of.
//!
//! ```text
//!            EHLO            MAIL             DATA · BDAT              end of message
//!  Greeted ───────► Named ───────► Addressed ───────────► Receiving ────────► Submit ──► Named
//!     ▲             │   ▲             │  ▲ │                  │                            ▲
//!     │ STARTTLS    │   │ AUTH        │  └─┘ RCPT             │ not acceptable             │
//!     └─────────────┘   └── login     └── RSET ───────────────┴────────────────────────────┘
//! ```
//!
//! # Standards
//! RFC 5321 §3, §4.1.4 (order), §4.5.3 (limits); RFC 2920 (PIPELINING), RFC 3030 (CHUNKING), RFC 3207 (STARTTLS),
//! RFC 4954 (AUTH), RFC 6409, RFC 6531, RFC 9422 (LIMITS).

mod channel;
mod named;
mod reading;
mod receiving;
mod transaction;

use std::sync::Arc;

use channel::Channel;
pub use named::{Challenged, LoggingIn, Named};
pub use reading::{Progress, Reading};
pub use receiving::{Chunking, Receiving};
pub use transaction::{Addressed, Asking};

use super::Reply;
use super::command::{Chunk, Command, Hello, MailParameters, RcptParameters, Recipient};
use super::data::DataRules;
use super::line::{Line, LineFault};
use crate::mail::{Domain, Envelope, ReversePath};

/// What a listener demands of a session, and its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name we greet with; `<Postmaster>` is there.
    pub hostname: Domain,
    /// How TLS may be had within the session.
    pub starttls: StartTls,
    /// AUTH is offered under TLS, and wanted before MAIL.
    pub auth: bool,
    /// Octets of a command line with its CRLF. RFC 5321 §4.5.3.1.4 has 512, and every extension adds to it.
    pub line_bytes_max: usize,
    /// What messages must keep to; their size is announced.
    pub data: DataRules,
    /// Recipients of a transaction; announced. RFC 5321 §4.5.3.1.8 wants at least 100.
    pub recipients_max: usize,
    /// Commands before a first message, and again between one message and the next.
    pub commands_max: usize,
    /// Lines that are no commands, are out of order, or failed to log in.
    pub errors_max: usize,
}

/// How TLS may be had within a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartTls {
    /// Not at all, or it is there from the first byte.
    Never,
    /// Offered.
    Offered,
    /// Wanted before anything else.
    Required,
}

/// A session between two commands.
#[derive(Debug)]
pub enum Session {
    /// Connected, or TLS just begun: nothing is known of the client.
    Greeted(Greeted),
    /// It gave its name.
    Named(Named),
    /// It gave a reverse path.
    Addressed(Addressed),
    /// It gave a part of the message by BDAT.
    Chunking(Chunking),
}

/// What the connection does next, and the state to go on with.
#[derive(Debug)]
pub enum Step {
    /// Say this, then read a command.
    Reply(Session, Reply),
    /// Say this, throw away what was read beyond the line, and begin TLS.
    StartTls(Securing, Reply),
    /// Say this, then read a line of the login exchange.
    Challenge(Challenged, Reply),
    /// Check these credentials.
    LogIn(LoggingIn),
    /// Find out whether we take this recipient.
    Ask(Asking),
    /// Say this, if anything, then read message bytes.
    Receive(Reading, Option<Reply>),
    /// Find out what becomes of this message.
    Submit(Named, Envelope, Vec<u8>),
    /// Say this and hang up.
    Close(Reply),
}

/// A session in which nothing is known of the client.
#[derive(Debug)]
pub struct Greeted {
    channel: Channel,
}

/// A session that goes on under TLS.
#[derive(Debug)]
pub struct Securing {
    channel: Channel,
}

impl Securing {
    /// TLS has begun: all that the client said before is forgotten (RFC 3207 §4.2).
    pub fn done(self) -> Session {
        Session::Greeted(Greeted {
            channel: self.channel.secured(),
        })
    }
}

impl Session {
    /// A session that begins, and its greeting. `is_secured` when TLS is there from the first byte.
    pub fn begin(settings: Arc<Settings>, is_secured: bool) -> (Self, Reply) {
        let greeting = Reply::greeting(settings.hostname.as_str());
        let channel = Channel::new(settings, is_secured);
        (Self::Greeted(Greeted { channel }), greeting)
    }

    /// Takes the next line.
    pub fn read(self, line: &Line) -> Step {
        let command = match line {
            Ok(line) => Command::parse(line),
            Err(LineFault::TooLong) => Err(Reply::bad_line("Line too long")),
            Err(LineFault::BareLineBreak) => Err(Reply::bad_line("Lines end in CRLF, and hold neither CR, LF nor NUL")),
        };
        match command {
            Ok(command) => self.handle(command),
            Err(refusal) => self.fail(refusal),
        }
    }

    /// Takes the next command.
    pub fn handle(mut self, command: Command) -> Step {
        if self.channel_mut().count_command() {
            return Step::Close(Reply::too_many("commands"));
        }
        if self.channel().wants_tls() && !may_precede_tls(&command) {
            return if let Command::Bdat(chunk) = command {
                self.discard(chunk, Reply::wants_tls())
            } else {
                self.fail(Reply::wants_tls())
            };
        }
        match command {
            Command::Hello(hello) => self.hello(hello),
            Command::StartTls => self.start_tls(),
            Command::Auth(mechanism, initial) => match self {
                Self::Named(named) => named.auth(mechanism, initial.as_ref()),
                Self::Greeted(_) => self.out_of_order("Say EHLO first"),
                Self::Addressed(_) | Self::Chunking(_) => self.out_of_order("Not within a transaction"),
            },
            Command::Mail(from, parameters) => self.mail(from, parameters),
            Command::Rcpt(to, parameters) => self.rcpt(to, parameters),
            Command::Data => self.data(),
            Command::Bdat(chunk) => self.bdat(chunk),
            Command::Rset => self.reset(),
            Command::Noop => self.say(Reply::ok()),
            Command::Help => self.say(Reply::new(214, (0, 0), "RFC 5321 tells what can be said here")),
            Command::Vrfy => self.say(Reply::new(252, (0, 0), "Cannot verify, but will take mail and try")),
            Command::Quit => Step::Close(Reply::bye(self.channel().settings.hostname.as_str())),
        }
    }

    /// A new name ends a transaction, and leaves a login as it is.
    fn hello(self, hello: Hello) -> Step {
        let (channel, login) = match self {
            Self::Greeted(greeted) => (greeted.channel, None),
            Self::Named(named) => named.into_login(),
            Self::Addressed(addressed) => addressed.end().into_login(),
            Self::Chunking(chunking) => chunking.end().into_login(),
        };
        let reply = match hello.is_extended {
            true => channel.extensions(&hello.name),
            false => Reply::plain(250, channel.settings.hostname.as_str()),
        };
        Self::Named(Named::new(channel, hello.name, login)).say(reply)
    }

    fn start_tls(self) -> Step {
        if !self.channel().offers_tls() {
            return self.out_of_order("TLS is not to be had, or is there already");
        }
        let channel = match self {
            Self::Greeted(greeted) => greeted.channel,
            Self::Named(named) => named.into_login().0,
            Self::Addressed(addressed) => addressed.end().into_login().0,
            Self::Chunking(chunking) => chunking.end().into_login().0,
        };
        Step::StartTls(Securing { channel }, Reply::start_tls())
    }

    fn mail(self, from: ReversePath, parameters: MailParameters) -> Step {
        match self {
            Self::Named(named) => named.mail(from, parameters),
            Self::Greeted(_) => self.out_of_order("Say EHLO first"),
            Self::Addressed(_) | Self::Chunking(_) => self.out_of_order("A transaction is under way"),
        }
    }

    fn rcpt(self, to: Recipient, parameters: RcptParameters) -> Step {
        match self {
            Self::Addressed(addressed) => addressed.rcpt(to, parameters),
            Self::Greeted(_) | Self::Named(_) => self.out_of_order("MAIL comes first"),
            Self::Chunking(_) => self.out_of_order("The message has begun"),
        }
    }

    fn data(self) -> Step {
        match self {
            Self::Addressed(addressed) => addressed.data(),
            Self::Greeted(_) | Self::Named(_) => self.out_of_order("MAIL and RCPT come first"),
            Self::Chunking(_) => self.out_of_order("BDAT cannot be mixed with DATA"),
        }
    }

    fn bdat(self, chunk: Chunk) -> Step {
        match self {
            Self::Addressed(addressed) => addressed.bdat(chunk),
            Self::Chunking(chunking) => chunking.next(chunk),
            Self::Greeted(_) | Self::Named(_) => self.discard(chunk, Reply::bad_sequence("MAIL and RCPT come first")),
        }
    }

    fn reset(self) -> Step {
        match self {
            Self::Greeted(_) | Self::Named(_) => self.say(Reply::ok()),
            Self::Addressed(addressed) => Self::Named(addressed.end()).say(Reply::ok()),
            Self::Chunking(chunking) => Self::Named(chunking.end()).say(Reply::ok()),
        }
    }

    /// Refuses a chunk; its octets come all the same, and are no commands (RFC 3030 §2).
    fn discard(mut self, chunk: Chunk, refusal: Reply) -> Step {
        if self.channel_mut().count_error() {
            return Step::Close(Reply::too_many("errors"));
        }
        Receiving::discard(self, chunk, refusal)
    }

    fn out_of_order(self, text: &str) -> Step {
        self.fail(Reply::bad_sequence(text))
    }

    /// Says no to something only a broken or hostile client does; too often, and it is the last word.
    fn fail(mut self, refusal: Reply) -> Step {
        if self.channel_mut().count_error() {
            return Step::Close(Reply::too_many("errors"));
        }
        self.say(refusal)
    }

    fn say(self, reply: Reply) -> Step {
        if reply.closes() {
            Step::Close(reply)
        } else {
            Step::Reply(self, reply)
        }
    }

    fn channel(&self) -> &Channel {
        match self {
            Self::Greeted(greeted) => &greeted.channel,
            Self::Named(named) => named.channel(),
            Self::Addressed(addressed) => addressed.channel(),
            Self::Chunking(chunking) => chunking.channel(),
        }
    }

    fn channel_mut(&mut self) -> &mut Channel {
        match self {
            Self::Greeted(greeted) => &mut greeted.channel,
            Self::Named(named) => named.channel_mut(),
            Self::Addressed(addressed) => addressed.channel_mut(),
            Self::Chunking(chunking) => chunking.channel_mut(),
        }
    }
}

/// What a client may say before TLS where TLS is required (RFC 3207 §4).
fn may_precede_tls(command: &Command) -> bool {
    match command {
        Command::Hello(_) | Command::StartTls | Command::Noop | Command::Rset | Command::Quit => true,
        Command::Auth(..)
        | Command::Mail(..)
        | Command::Rcpt(..)
        | Command::Data
        | Command::Bdat(_)
        | Command::Help
        | Command::Vrfy => false,
    }
}

#[cfg(test)]
mod tests;
