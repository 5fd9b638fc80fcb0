//! Message bytes as they come in: end of data, dot-stuffing, size; bare CR and LF refused.
//!
//! Only CRLF.CRLF ends DATA, counting the CRLF of the DATA command itself. Whoever sends a CR or LF alone may be smuggling:
//! what they want is that we see another end than the server before us did. So from the first one on nothing is kept, and
//! since the connection closes after the reply, what follows is never read as commands, wherever the message ended.
//!
//! # Standards
//! RFC 5321 §2.3.8, §4.1.1.4, §4.5.2 (transparency), §4.5.3.1.6; RFC 3030 §2 (BDAT); RFC 5322 §2.1.1.

use serde::Deserialize;

/// What message bytes must keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataRules {
    /// Octets of a message, dots unstuffed.
    pub message_bytes_max: usize,
    /// Octets of a text line without its CRLF; more than the 998 of RFC 5322, since programs in use send more.
    pub line_bytes_max: usize,
    /// What becomes of a bare LF.
    pub bare_lf: BareLf,
}

/// What becomes of a bare LF; a bare CR is always refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BareLf {
    /// The message is refused and the connection closed.
    #[default]
    Refuse,
    /// It is made CRLF, for the relay of our own network. It still ends no DATA, and a dot after it is no stuffing.
    Normalise,
}

/// Why message bytes are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    /// A CR or LF stands alone.
    #[error("bare CR or LF")]
    BareLineBreak,
    /// There is a NUL.
    #[error("NUL")]
    Nul,
    /// A text line is too long.
    #[error("line too long")]
    LineTooLong,
    /// The message is too large.
    #[error("message too large")]
    TooLarge,
}

/// A message, or why it is not taken.
pub type Received = Result<Vec<u8>, Unacceptable>;

/// Reads one message sent with DATA, in slices of any size.
#[derive(Debug)]
pub struct DataReader {
    content: Content,
    at: At,
}

/// Where in a line the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    LineStart,
    Text,
    Cr,
    /// After a dot that began a line.
    Dot,
    /// After a dot that began a line, and a CR.
    DotCr,
}

impl DataReader {
    /// A reader that stands after the CRLF of DATA, at the start of a line.
    pub fn new(rules: DataRules) -> Self {
        Self {
            content: Content::new(rules),
            at: At::LineStart,
        }
    }

    /// Reads on; gives the message once its end is there. Advances `input` past what was used, and no further.
    pub fn read(&mut self, input: &mut &[u8]) -> Option<Received> {
        while let Some((&byte, rest)) = input.split_first() {
            if self.at == At::Text && byte != b'\r' && byte != b'\n' {
                let run = memchr::memchr2(b'\r', b'\n', input).unwrap_or(input.len());
                let (run, rest) = input.split_at_checked(run).unwrap_or((input, &[]));
                self.content.text(run);
                *input = rest;
                continue;
            }
            *input = rest;
            if self.step(byte) {
                return Some(self.content.take());
            }
        }
        None
    }

    /// Takes one octet; true at the end of data.
    fn step(&mut self, byte: u8) -> bool {
        if self.content.is_suspect() {
            return self.step_suspect(byte);
        }
        self.at = match (self.at, byte) {
            (At::DotCr, b'\n') => return true,
            (At::LineStart, b'.') => At::Dot,
            (At::LineStart | At::Text, b'\r') => At::Cr,
            (At::Dot, b'\r') => At::DotCr,
            (At::Cr, b'\n') => {
                self.content.end_line();
                At::LineStart
            }
            (At::Cr | At::DotCr, _) => return self.suspect(byte),
            (At::LineStart | At::Text | At::Dot, b'\n') => {
                if self.content.rules.bare_lf == BareLf::Refuse {
                    return self.suspect(byte);
                }
                self.keep_lone_dot();
                self.content.end_line();
                // Not the start of a line for the sender, who stuffs dots after CRLF only.
                At::Text
            }
            (At::LineStart | At::Text | At::Dot, _) => {
                self.content.text(&[byte]);
                At::Text
            }
        };
        false
    }

    /// A dot, then a bare LF that is made a line end: the sender did not stuff it, or it would be two dots.
    fn keep_lone_dot(&mut self) {
        if self.at == At::Dot {
            self.content.text(b".");
        }
    }

    /// The octet that gave the sender away: reads it again in the loosest way.
    fn suspect(&mut self, byte: u8) -> bool {
        self.content.refuse(Unacceptable::BareLineBreak);
        // A CR alone was a line end for whoever it was meant for; a lone dot before it was the end they wanted us to see.
        let was_end = self.at == At::DotCr;
        self.at = match self.at {
            At::Cr => At::LineStart,
            At::LineStart | At::Text | At::Dot | At::DotCr => self.at,
        };
        was_end || self.step_suspect(byte)
    }

    /// Looks for anything that could be meant as the end, so that the reply need not wait for a CRLF that never comes.
    fn step_suspect(&mut self, byte: u8) -> bool {
        let is_break = byte == b'\r' || byte == b'\n';
        let is_end = is_break && matches!(self.at, At::Dot | At::DotCr);
        self.at = match byte {
            b'\r' | b'\n' => At::LineStart,
            b'.' if self.at == At::LineStart => At::Dot,
            _ => At::Text,
        };
        is_end
    }
}

/// Collects the chunks of BDAT into one message.
#[derive(Debug)]
pub struct ChunkReader {
    content: Content,
    after_cr: bool,
}

impl ChunkReader {
    /// A reader before the first chunk.
    pub fn new(rules: DataRules) -> Self {
        Self {
            content: Content::new(rules),
            after_cr: false,
        }
    }

    /// Takes some octets of a chunk.
    pub fn read(&mut self, mut input: &[u8]) {
        while let Some((&byte, rest)) = input.split_first() {
            match byte {
                b'\n' if self.after_cr || self.content.rules.bare_lf == BareLf::Normalise => self.content.end_line(),
                _ if self.after_cr || byte == b'\n' => self.content.refuse(Unacceptable::BareLineBreak),
                b'\r' => {}
                _ => {
                    let run = memchr::memchr2(b'\r', b'\n', input).unwrap_or(input.len());
                    let (run, rest) = input.split_at_checked(run).unwrap_or((input, &[]));
                    self.content.text(run);
                    input = rest;
                    continue;
                }
            }
            self.after_cr = byte == b'\r';
            input = rest;
        }
    }

    /// What is wrong with the chunks so far, so that a client need not send the others.
    pub fn fault(&self) -> Option<Unacceptable> {
        self.content.fault
    }

    /// The message, after the last chunk.
    pub fn finish(mut self) -> Received {
        if self.after_cr {
            self.content.refuse(Unacceptable::BareLineBreak);
        }
        self.content.take()
    }
}

/// What was kept, as long as there is nothing wrong with it.
#[derive(Debug)]
struct Content {
    rules: DataRules,
    bytes: Vec<u8>,
    line_bytes: usize,
    fault: Option<Unacceptable>,
}

impl Content {
    fn new(rules: DataRules) -> Self {
        Self {
            rules,
            bytes: vec![],
            line_bytes: 0,
            fault: None,
        }
    }

    /// Adds octets of a line.
    fn text(&mut self, run: &[u8]) {
        self.line_bytes = self.line_bytes.saturating_add(run.len());
        if run.contains(&0) {
            self.refuse(Unacceptable::Nul);
        }
        if self.line_bytes > self.rules.line_bytes_max {
            self.refuse(Unacceptable::LineTooLong);
        }
        self.keep(run);
    }

    fn end_line(&mut self) {
        self.line_bytes = 0;
        self.keep(b"\r\n");
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > self.rules.message_bytes_max {
            self.refuse(Unacceptable::TooLarge);
        }
        if self.fault.is_none() {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Notes the first fault, but for a bare line break, which outweighs the others; and frees what was kept.
    fn refuse(&mut self, why: Unacceptable) {
        if self.fault.is_none() || why == Unacceptable::BareLineBreak {
            self.fault = Some(why);
        }
        self.bytes = vec![];
    }

    fn is_suspect(&self) -> bool {
        self.fault == Some(Unacceptable::BareLineBreak)
    }

    fn take(&mut self) -> Received {
        match self.fault {
            Some(why) => Err(why),
            None => Ok(std::mem::take(&mut self.bytes)),
        }
    }
}

#[cfg(test)]
mod tests;
