//! What the bytes of the client are read as: a command, a response of a login exchange, or message bytes.
//!
//! # Standards
//! RFC 5321 §4.5.3.1.4 (command lines), RFC 4954 §4 (12,288 octets for a line of an exchange).

use super::{Challenged, Receiving, Session, Step};
use crate::smtp::line::Framer;

/// Longest line of a login exchange (RFC 4954 §4).
const RESPONSE_OCTETS_MAX: usize = 12_288;

/// A session that waits for its client.
#[derive(Debug)]
pub enum Reading {
    /// A command comes next.
    Command(Session),
    /// A response of a login exchange comes next.
    Response(Challenged),
    /// Message bytes come next.
    Message(Receiving),
}

/// How far a read came.
#[derive(Debug)]
pub enum Progress {
    /// There is more to come; all input is used.
    More(Reading),
    /// It was enough for a step; what is left of the input comes after it.
    Done(Step),
}

impl Reading {
    /// Reads on; advances `input` past what was used. The framer holds what has come of a line.
    pub fn read(self, framer: &mut Framer, input: &mut &[u8]) -> Progress {
        match self {
            Self::Command(session) => {
                let octets_max = session.channel().settings.line_bytes_max;
                match framer.next_line(input, octets_max) {
                    Some(line) => Progress::Done(session.read(&line)),
                    None => Progress::More(Self::Command(session)),
                }
            }
            Self::Response(challenged) => match framer.next_line(input, RESPONSE_OCTETS_MAX) {
                Some(line) => Progress::Done(challenged.respond(line)),
                None => Progress::More(Self::Response(challenged)),
            },
            Self::Message(receiving) => receiving.read(input),
        }
    }
}
