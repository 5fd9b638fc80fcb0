//! Reply: what a server says, and its bytes.
//!
//! A reply made here is safe whatever its text holds: line breaks and control characters become spaces, what is not
//! ASCII becomes `?`, and a long line is folded into several, each under its code.
//!
//! # Standards
//! RFC 5321 §4.2, §4.5.3.1.5 (512 octets a line); RFC 2034 (enhanced codes on each line), RFC 3463.

use std::fmt;

use super::data::Unacceptable;

/// Longest reply line with its CRLF (RFC 5321 §4.5.3.1.5).
const LINE_OCTETS_MAX: usize = 512;

/// A code, its enhanced code when it has one, and at least one line of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    enhanced: Option<(u16, u16)>,
    lines: Vec<String>,
    closes: bool,
}

impl Reply {
    /// A reply with an enhanced code; its class follows from the reply code.
    ///
    /// ```
    /// use bedel::smtp::Reply;
    /// let reply = Reply::new(550, (1, 1), "No such list\r\n").with_line("Ask the registrar");
    /// assert_eq!(reply.to_string(), "550-5.1.1 No such list\r\n550 5.1.1 Ask the registrar\r\n");
    /// ```
    pub fn new(code: u16, (subject, detail): (u16, u16), text: impl Into<String>) -> Self {
        Self {
            enhanced: Some((subject, detail)),
            ..Self::plain(code, text)
        }
    }

    /// A reply without an enhanced code, as greetings and 3yz have to be (RFC 2034 §4).
    pub fn plain(code: u16, text: impl Into<String>) -> Self {
        Self {
            code,
            enhanced: None,
            lines: vec![text.into()],
            closes: code == 421,
        }
    }

    /// The same with one more line.
    #[must_use]
    pub fn with_line(mut self, text: impl Into<String>) -> Self {
        self.lines.push(text.into());
        self
    }

    /// The same as the last word of the connection.
    #[must_use]
    pub fn and_close(mut self) -> Self {
        self.closes = true;
        self
    }

    /// The three digits.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// Whether the connection ends after it: always with 421, and where [`Reply::and_close`] said so.
    pub fn closes(&self) -> bool {
        self.closes
    }

    /// Whether it says yes (2yz, 3yz).
    pub fn is_positive(&self) -> bool {
        self.code < 400
    }
}

/// The replies of the house, by what happened.
impl Reply {
    /// 220, the greeting.
    pub fn greeting(hostname: &str) -> Self {
        Self::plain(220, format!("{hostname} ESMTP Bedel"))
    }

    /// 250 2.0.0, for commands that need no other words.
    pub fn ok() -> Self {
        Self::new(250, (0, 0), "OK")
    }

    /// 250 2.1.0, a reverse path.
    pub fn sender_ok() -> Self {
        Self::new(250, (1, 0), "Sender OK")
    }

    /// 250 2.1.5, a forward path.
    pub fn recipient_ok() -> Self {
        Self::new(250, (1, 5), "Recipient OK")
    }

    /// 354, go ahead with DATA.
    pub fn start_data() -> Self {
        Self::plain(354, "End data with <CRLF>.<CRLF>")
    }

    /// 220 2.0.0, go ahead with the handshake.
    pub fn start_tls() -> Self {
        Self::new(220, (0, 0), "Ready to start TLS")
    }

    /// 334, with the challenge in base64.
    pub fn challenge(base64: &str) -> Self {
        Self::plain(334, base64)
    }

    /// 235 2.7.0, logged in.
    pub fn logged_in() -> Self {
        Self::new(235, (7, 0), "Authentication successful")
    }

    /// 221 2.0.0, in answer to QUIT.
    pub fn bye(hostname: &str) -> Self {
        Self::new(221, (0, 0), format!("{hostname} closing connection")).and_close()
    }

    /// 500 5.5.2, a line that is no command line.
    pub fn bad_line(text: &str) -> Self {
        Self::new(500, (5, 2), text)
    }

    /// 502 5.5.1, a command unknown or not offered.
    pub fn unknown_command() -> Self {
        Self::new(502, (5, 1), "Command not implemented")
    }

    /// 501 5.5.4, an argument or parameter that does not parse.
    pub fn bad_argument(text: impl Into<String>) -> Self {
        Self::new(501, (5, 4), text)
    }

    /// 555 5.5.4, a parameter of MAIL or RCPT that we did not offer.
    pub fn unknown_parameter(keyword: &str) -> Self {
        Self::new(555, (5, 4), format!("Parameter not known: {keyword}"))
    }

    /// 503 5.5.1, a command at the wrong moment.
    pub fn bad_sequence(text: &str) -> Self {
        Self::new(503, (5, 1), text)
    }

    /// 530 5.7.0, STARTTLS is wanting.
    pub fn wants_tls() -> Self {
        Self::new(530, (7, 0), "Must issue a STARTTLS command first")
    }

    /// 538 5.7.11, a password must not travel in the clear (RFC 4954 §6).
    pub fn login_wants_tls() -> Self {
        Self::new(538, (7, 11), "Encryption required: issue STARTTLS first")
    }

    /// 530 5.7.0, a login is wanting.
    pub fn wants_login() -> Self {
        Self::new(530, (7, 0), "Authentication required")
    }

    /// 535 5.7.8, a login that failed.
    pub fn bad_login() -> Self {
        Self::new(535, (7, 8), "Authentication credentials invalid")
    }

    /// 454 4.7.0, too many logins failed of late.
    pub fn login_later() -> Self {
        Self::new(454, (7, 0), "Too many failed logins, try again later")
    }

    /// 552 5.3.4, larger than we take.
    pub fn too_large(bytes_max: usize) -> Self {
        Self::new(552, (3, 4), format!("Message larger than {bytes_max} octets"))
    }

    /// 452 4.5.3, more recipients than we take in one transaction.
    pub fn too_many_recipients(recipients_max: usize) -> Self {
        Self::new(452, (5, 3), format!("No more than {recipients_max} recipients at once"))
    }

    /// 553 5.6.7, a UTF-8 address without SMTPUTF8 (RFC 6531 §3.5).
    pub fn wants_smtputf8() -> Self {
        Self::new(553, (6, 7), "An address that is not ASCII needs SMTPUTF8")
    }

    /// 554 5.5.1, DATA although every recipient was refused.
    pub fn no_recipients() -> Self {
        Self::new(554, (5, 1), "No valid recipients")
    }

    /// 421 4.7.0, patience is at an end.
    pub fn too_many(what: &str) -> Self {
        Self::new(421, (7, 0), format!("Too many {what}, closing connection"))
    }

    /// 421 4.4.2, nothing came for too long.
    pub fn timed_out() -> Self {
        Self::new(421, (4, 2), "Timeout, closing connection")
    }

    /// 421 4.3.2, no room, or on our way down.
    pub fn not_now(text: &str) -> Self {
        Self::new(421, (3, 2), text)
    }

    /// 421 4.3.0, a fault of ours that ends the connection.
    pub fn fault() -> Self {
        Self::new(421, (3, 0), "Internal fault, closing connection")
    }

    /// 451 4.3.0, our store or disk: try again.
    pub fn try_again() -> Self {
        Self::new(451, (3, 0), "Temporary failure on our side, try again later")
    }

    /// What message bytes that we do not take are answered with.
    pub fn unacceptable(why: Unacceptable, message_bytes_max: usize) -> Self {
        match why {
            Unacceptable::BareLineBreak => {
                Self::new(550, (5, 2), "Bare CR or LF in the message: lines must end in CRLF").and_close()
            }
            Unacceptable::Nul => Self::new(550, (6, 0), "NUL in the message"),
            Unacceptable::LineTooLong => Self::new(550, (6, 0), "A line of the message is too long"),
            Unacceptable::TooLarge => Self::too_large(message_bytes_max),
        }
    }
}

impl fmt::Display for Reply {
    /// The wire form, CRLF and all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let enhanced = match self.enhanced {
            Some((subject, detail)) => format!("{}.{subject}.{detail} ", self.code / 100),
            None => String::new(),
        };
        let room = LINE_OCTETS_MAX - "250-".len() - enhanced.len() - "\r\n".len();
        let mut lines = self.lines.iter().flat_map(|line| fold(&tame(line), room)).peekable();
        while let Some(line) = lines.next() {
            let mark = if lines.peek().is_some() { '-' } else { ' ' };
            write!(f, "{:03}{mark}{enhanced}{line}\r\n", self.code)?;
        }
        Ok(())
    }
}

/// Printable ASCII and nothing else.
fn tame(text: &str) -> String {
    let printable = text.trim_end().chars().map(|c| match c {
        ' '..='~' => c,
        c if c.is_control() => ' ',
        _ => '?',
    });
    printable.collect()
}

/// ASCII text in pieces of at most `room` octets, parted at spaces where there are any.
fn fold(text: &str, room: usize) -> Vec<String> {
    let mut pieces = vec![];
    let mut rest = text;
    while let Some((piece, after)) = rest.split_at_checked(room).filter(|(_, after)| !after.is_empty()) {
        let cut = piece.rfind(' ').filter(|&at| at > 0).unwrap_or(piece.len());
        let (piece, moved) = piece.split_at_checked(cut).unwrap_or((piece, ""));
        pieces.push(piece.to_owned());
        let taken = rest.len() - after.len() - moved.len();
        rest = rest.get(taken..).unwrap_or_default().trim_start();
    }
    pieces.push(rest.to_owned());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_reply_has_its_enhanced_code_on_each_line() {
        let reply = Reply::new(550, (7, 1), "No consent (consent)").with_line("Too many (volume)");
        assert_eq!(
            reply.to_string(),
            "550-5.7.1 No consent (consent)\r\n550 5.7.1 Too many (volume)\r\n"
        );
    }

    #[test]
    fn text_cannot_make_a_reply_of_its_own() {
        let reply = Reply::new(550, (7, 1), "no\r\n250 2.0.0 yes\0é");
        assert_eq!(reply.to_string(), "550 5.7.1 no  250 2.0.0 yes ?\r\n");
    }

    #[test]
    fn only_421_and_those_told_so_close() {
        assert!(Reply::fault().closes());
        assert!(Reply::unacceptable(Unacceptable::BareLineBreak, 1).closes());
        assert!(!Reply::unacceptable(Unacceptable::TooLarge, 1).closes());
        assert!(!Reply::wants_tls().closes());
    }

    #[test]
    fn a_long_text_is_folded_at_its_spaces() {
        let reply = Reply::new(550, (7, 1), "word ".repeat(300)).to_string();
        assert_eq!(reply.matches("word").count(), 300);
        assert!(reply.lines().all(|line| line.starts_with("550") && line.len() <= 510));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_form_of_a_reply(texts in proptest::collection::vec(any::<String>(), 1..4), long in 0usize..2000) {
            let mut reply = Reply::new(450, (1, 2), "x".repeat(long));
            for text in texts {
                reply = reply.with_line(text);
            }
            let bytes = reply.to_string();
            prop_assert!(bytes.is_ascii() && bytes.ends_with("\r\n"));
            let lines: Vec<&str> = bytes.trim_end_matches("\r\n").split("\r\n").collect();
            for (at, line) in lines.iter().enumerate() {
                let start = if at + 1 == lines.len() { "450 4.1.2 " } else { "450-4.1.2 " };
                prop_assert!(line.starts_with(start) && line.len() <= 510);
                prop_assert!(!line.contains(['\r', '\n']));
            }
        }
    }
}
