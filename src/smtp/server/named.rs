//! Named: the client gave its name, and may have logged in; between transactions.
//!
//! # Standards
//! RFC 4954 §4 (AUTH), RFC 1870 §6.1, RFC 6409 §4.3 (login before MAIL), RFC 6531 §3.5.

use zeroize::Zeroizing;

use super::channel::Channel;
use super::transaction::Addressed;
use super::{Session, Step};
use crate::mail::{Address, ReversePath};
use crate::smtp::Reply;
use crate::smtp::auth::{Credentials, Exchange, Mechanism, Response, Turn};
use crate::smtp::command::MailParameters;
use crate::smtp::line::{Line, LineFault};

/// A session whose client gave its name.
#[derive(Debug)]
pub struct Named {
    channel: Channel,
    hello: String,
    login: Option<Address>,
}

impl Named {
    pub(super) fn new(channel: Channel, hello: String, login: Option<Address>) -> Self {
        Self { channel, hello, login }
    }

    /// What the client calls itself.
    pub fn hello(&self) -> &str {
        &self.hello
    }

    /// The account that logged in.
    pub fn login(&self) -> Option<&Address> {
        self.login.as_ref()
    }

    /// Says what became of the message that was submitted.
    pub fn answer(self, reply: Reply) -> Step {
        Session::Named(self).say(reply)
    }

    pub(super) fn auth(self, mechanism: Mechanism, initial: Option<&Response>) -> Step {
        let refusal = if !self.channel.settings.auth {
            Reply::unknown_command()
        } else if !self.channel.may_log_in() {
            Reply::login_wants_tls()
        } else if self.login.is_some() {
            Reply::bad_sequence("Logged in already")
        } else {
            return self.follow(Exchange::begin(mechanism, initial));
        };
        Session::Named(self).fail(refusal)
    }

    pub(super) fn mail(self, from: ReversePath, parameters: MailParameters) -> Step {
        let settings = &self.channel.settings;
        let bytes_max = settings.data.message_bytes_max;
        let refusal = if settings.auth && self.login.is_none() {
            Reply::wants_login()
        } else if parameters.needs_smtputf8 && !parameters.smtputf8 {
            Reply::wants_smtputf8()
        } else if parameters
            .size_bytes
            .is_some_and(|bytes| usize::try_from(bytes).map_or(true, |bytes| bytes > bytes_max))
        {
            Reply::too_large(bytes_max)
        } else {
            let addressed = Addressed::new(self, from, parameters);
            return Session::Addressed(addressed).say(Reply::sender_ok());
        };
        Session::Named(self).say(refusal)
    }

    pub(super) fn into_login(self) -> (Channel, Option<Address>) {
        (self.channel, self.login)
    }

    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    pub(super) fn channel_mut(&mut self) -> &mut Channel {
        &mut self.channel
    }

    fn follow(self, turn: Turn) -> Step {
        match turn {
            Turn::Challenge(exchange, reply) => Step::Challenge(Challenged { named: self, exchange }, reply),
            Turn::Check(credentials) => Step::LogIn(LoggingIn {
                named: self,
                credentials,
            }),
            Turn::Fail(refusal) => Session::Named(self).fail(refusal),
        }
    }
}

/// A session in the middle of a login exchange.
#[derive(Debug)]
pub struct Challenged {
    named: Named,
    exchange: Exchange,
}

impl Challenged {
    /// Takes the client's response.
    pub fn respond(self, line: Line) -> Step {
        match line {
            Ok(line) => self.named.follow(self.exchange.respond(&Zeroizing::new(line))),
            Err(LineFault::TooLong) => {
                Session::Named(self.named).fail(Reply::new(500, (5, 6), "Authentication exchange line is too long"))
            }
            Err(LineFault::BareLineBreak) => Session::Named(self.named).fail(Reply::bad_line("Lines end in CRLF")),
        }
    }
}

/// A session whose client gave credentials nobody has checked yet.
#[derive(Debug)]
pub struct LoggingIn {
    named: Named,
    credentials: Credentials,
}

impl LoggingIn {
    /// What to check.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// They are right, and belong to this account.
    pub fn accept(self, account: Address) -> Step {
        let login = Some(account);
        Session::Named(Named { login, ..self.named }).say(Reply::logged_in())
    }

    /// They are not, or cannot be checked now.
    pub fn refuse(self, refusal: Reply) -> Step {
        Session::Named(self.named).fail(refusal)
    }
}
