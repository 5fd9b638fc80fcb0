//! One command line → [`Command`], or the reply that refuses it.
//!
//! All of it is read here rather than by smtp-proto, which gives quoted local parts without their quotes and xtext decoded,
//! and reads `BDAT 99999999999999999999999` as 999 octets: the rest of such a chunk would be taken for commands.
//!
//! # Standards
//! RFC 5321 §4.1 (commands), RFC 1870, RFC 3030, RFC 3207, RFC 3461, RFC 4954, RFC 6152, RFC 6531.

mod parameter;
mod path;

pub use parameter::{MailParameters, RcptParameters};

use super::Reply;
use super::auth::{Mechanism, Response};
use crate::mail::{Address, ReversePath};

/// Longest name in EHLO: that of a domain (RFC 5321 §4.5.3.1.2).
const NAME_OCTETS_MAX: usize = 255;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// EHLO or HELO, with the name the client gives itself.
    Hello(Hello),
    /// STARTTLS.
    StartTls,
    /// AUTH, with the initial response in base64 when it came along.
    Auth(Mechanism, Option<Response>),
    /// MAIL FROM.
    Mail(ReversePath, MailParameters),
    /// RCPT TO.
    Rcpt(Recipient, RcptParameters),
    /// DATA.
    Data,
    /// BDAT: a chunk of the message follows the line.
    Bdat(Chunk),
    /// RSET.
    Rset,
    /// NOOP.
    Noop,
    /// HELP.
    Help,
    /// VRFY.
    Vrfy,
    /// QUIT.
    Quit,
}

/// EHLO or HELO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The name, a domain or an address literal by its characters; nobody vouches for it.
    pub name: String,
    /// EHLO: the client wants to hear our extensions.
    pub is_extended: bool,
}

/// Whom RCPT names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A mailbox.
    Mailbox(Address),
    /// `<Postmaster>`, without a domain: ours (RFC 5321 §4.5.1).
    Postmaster,
}

/// The argument of BDAT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// How many octets follow.
    pub bytes: u64,
    /// LAST: the message is whole after them.
    pub is_last: bool,
}

impl Command {
    /// Parses a line that [`super::line::Framer`] has cut, without its CRLF.
    ///
    /// ```
    /// use bedel::smtp::command::Command;
    /// assert_eq!(Command::parse(b"noop"), Ok(Command::Noop));
    /// assert_eq!(Command::parse(b"DATA now").unwrap_err().code(), 501);
    /// ```
    pub fn parse(line: &[u8]) -> Result<Self, Reply> {
        let line = std::str::from_utf8(line).map_err(|_source| not_ascii())?;
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        let (verb, argument) = (verb.to_ascii_uppercase(), argument.trim_matches(' '));
        if !line.is_ascii() && !matches!(verb.as_str(), "MAIL" | "RCPT") {
            return Err(not_ascii());
        }
        match verb.as_str() {
            "EHLO" => hello(argument, true),
            "HELO" => hello(argument, false),
            "AUTH" => auth(argument),
            "MAIL" => mail(argument),
            "RCPT" => rcpt(argument),
            "BDAT" => bdat(argument),
            "NOOP" => Ok(Self::Noop),
            "HELP" => Ok(Self::Help),
            "VRFY" if !argument.is_empty() => Ok(Self::Vrfy),
            "VRFY" => Err(Reply::bad_argument("Syntax: VRFY string")),
            "DATA" | "RSET" | "QUIT" | "STARTTLS" if !argument.is_empty() => {
                Err(Reply::bad_argument(format!("{verb} takes no argument")))
            }
            "DATA" => Ok(Self::Data),
            "RSET" => Ok(Self::Rset),
            "QUIT" => Ok(Self::Quit),
            "STARTTLS" => Ok(Self::StartTls),
            // EXPN among them: it would tell who is on a list (policy C8).
            _ => Err(Reply::unknown_command()),
        }
    }
}

fn not_ascii() -> Reply {
    Reply::bad_line("A command line is ASCII, but for the paths of SMTPUTF8")
}

/// `FROM:<path> [parameters]`.
fn mail(argument: &str) -> Result<Command, Reply> {
    let wrong = || Reply::bad_argument("Syntax: MAIL FROM:<address> [parameters]");
    let (path, rest) = path::split(argument, "FROM:").ok_or_else(wrong)?;
    let from = match path {
        "" => None,
        mailbox => Some(path::mailbox(mailbox).map_err(|why| Reply::new(501, (1, 7), why.to_string()))?),
    };
    let mut parameters = MailParameters::parse(rest)?;
    parameters.needs_smtputf8 = !argument.is_ascii();
    Ok(Command::Mail(from, parameters))
}

/// `TO:<path> [parameters]`.
fn rcpt(argument: &str) -> Result<Command, Reply> {
    let wrong = || Reply::bad_argument("Syntax: RCPT TO:<address> [parameters]");
    let (path, rest) = path::split(argument, "TO:").ok_or_else(wrong)?;
    let to = if path.eq_ignore_ascii_case("postmaster") {
        Recipient::Postmaster
    } else {
        let mailbox = path::mailbox(path).map_err(|why| Reply::new(501, (1, 3), why.to_string()))?;
        Recipient::Mailbox(mailbox)
    };
    let mut parameters = RcptParameters::parse(rest)?;
    parameters.needs_smtputf8 = !argument.is_ascii();
    Ok(Command::Rcpt(to, parameters))
}

/// `chunk-size [LAST]`.
fn bdat(argument: &str) -> Result<Command, Reply> {
    // Nobody would know how many octets follow, and they must not be read as commands.
    let wrong = || Reply::bad_argument("Syntax: BDAT chunk-size [LAST]").and_close();
    let (size, end) = argument.split_once(' ').unwrap_or((argument, ""));
    let is_last = end.eq_ignore_ascii_case("LAST");
    let is_number = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || !(is_last || end.is_empty()) {
        return Err(wrong());
    }
    let bytes = size.parse().map_err(|_too_large| wrong())?;
    Ok(Command::Bdat(Chunk { bytes, is_last }))
}

/// The name goes into a trace field, so it must not hold what would end it there.
fn hello(name: &str, is_extended: bool) -> Result<Command, Reply> {
    let fits = |c: char| c.is_ascii_graphic() && !"()<>@,;\\\"".contains(c);
    if name.is_empty() || name.len() > NAME_OCTETS_MAX || !name.chars().all(fits) {
        return Err(Reply::bad_argument("Syntax: EHLO domain or address literal"));
    }
    Ok(Command::Hello(Hello {
        name: name.to_owned(),
        is_extended,
    }))
}

/// `mechanism [initial-response]`.
fn auth(argument: &str) -> Result<Command, Reply> {
    let (mechanism, initial) = argument.split_once(' ').unwrap_or((argument, ""));
    let mechanism = match mechanism.to_ascii_uppercase().as_str() {
        "" => return Err(Reply::bad_argument("Syntax: AUTH mechanism [initial-response]")),
        "PLAIN" => Mechanism::Plain,
        "LOGIN" => Mechanism::Login,
        _ => return Err(Reply::new(504, (5, 4), "Mechanism not supported: PLAIN or LOGIN")),
    };
    let initial = (!initial.is_empty()).then(|| Response::new(initial.trim_start_matches(' ')));
    Ok(Command::Auth(mechanism, initial))
}

#[cfg(test)]
mod tests;
