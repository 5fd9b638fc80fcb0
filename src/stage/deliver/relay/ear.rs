//! Ear: the replies of a server, out of whatever pieces they come in.
//!
//! What has come of the next reply is kept, so that several may be read that were asked for in one flight.
//!
//! # Standards
//! RFC 5321 §4.2.1 (several lines), §4.5.3.1.5 (their length); RFC 2034, RFC 3463 §2 (enhanced codes: three digits a part).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::mail::Status;
use crate::stage::broke::own;

/// Octets of one reply at most; ten times what the standard asks a client to bear.
const REPLY_OCTETS_MAX: usize = 64 * 1024;
/// Octets asked of the socket at once: most replies of a flight come in one.
const READ_OCTETS: usize = 1024;
/// Characters of a server's words that are read; what a rule looks for may stand at their end.
const SAID_MAX: usize = 600;

/// What has come and was not read yet.
#[derive(Debug, Default)]
pub(super) struct Ear {
    heard: Vec<u8>,
}

impl Ear {
    /// The next reply. An error says that the peer is gone, or speaks no SMTP.
    pub(super) async fn reply(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Status> {
        loop {
            if let Some((status, octets)) = reply_in(&self.heard)? {
                self.heard.drain(..octets);
                return Ok(status);
            }
            if self.heard.len() > REPLY_OCTETS_MAX {
                return Err(own(io::ErrorKind::InvalidData, "the host's reply has no end"));
            }
            self.heard.reserve(READ_OCTETS);
            if stream.read_buf(&mut self.heard).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// The reply at the start of what has come, and how many octets it takes; `None` when its end has not come yet.
fn reply_in(heard: &[u8]) -> io::Result<Option<(Status, usize)>> {
    let mut status = Status {
        code: 0,
        enhanced: None,
        text: String::new(),
    };
    let mut octets = 0;
    for line in heard.split_inclusive(|&octet| octet == b'\n') {
        if !line.ends_with(b"\n") {
            break;
        }
        octets += line.len();
        let (code, is_last, words) = line_of(line)?;
        status.code = code;
        let (enhanced, words) = enhanced(words);
        status.enhanced = status.enhanced.or(enhanced);
        append(&mut status.text, words);
        if is_last {
            return Ok(Some((status, octets)));
        }
    }
    Ok(None)
}

/// Code, whether no line follows, and words.
fn line_of(line: &[u8]) -> io::Result<(u16, bool, &[u8])> {
    let line = line.trim_ascii_end();
    let (code, rest) = line.split_at_checked(3).unwrap_or((line, &[]));
    let is_code = matches!(code, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']);
    let number = std::str::from_utf8(code).ok().and_then(|code| code.parse().ok());
    match (number.filter(|_| is_code), rest.split_first()) {
        (Some(code), None) => Ok((code, true, &[])),
        (Some(code), Some((b' ', words))) => Ok((code, true, words)),
        (Some(code), Some((b'-', words))) => Ok((code, false, words)),
        (Some(_) | None, _) => Err(own(
            io::ErrorKind::InvalidData,
            format!(
                "the host said what is no reply: {}",
                String::from_utf8_lossy(line).escape_debug()
            ),
        )),
    }
}

/// The enhanced code that words begin with, and the rest of them.
fn enhanced(words: &[u8]) -> (Option<(u8, u16, u16)>, &[u8]) {
    let end = words.iter().position(|octet| *octet == b' ').unwrap_or(words.len());
    let (first, rest) = words.split_at_checked(end).unwrap_or((words, &[]));
    match std::str::from_utf8(first).ok().and_then(enhanced_of) {
        Some(code) => (Some(code), rest.trim_ascii_start()),
        None => (None, words),
    }
}

fn enhanced_of(word: &str) -> Option<(u8, u16, u16)> {
    let mut parts = word.split('.');
    let part = |part: Option<&str>| {
        let digits = part.filter(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse::<u16>().ok()
    };
    let class = u8::try_from(part(parts.next())?).ok()?;
    let (subject, detail) = (part(parts.next())?, part(parts.next())?);
    let is_whole = parts.next().is_none() && matches!(class, 2 | 4 | 5);
    is_whole.then_some((class, subject, detail))
}

/// Adds a line's words to the ones before, on one line.
fn append(text: &mut String, words: &[u8]) {
    let words = String::from_utf8_lossy(words);
    let words = words.trim();
    if !text.is_empty() && !words.is_empty() {
        text.push(' ');
    }
    let room = SAID_MAX.saturating_sub(text.chars().count());
    let legible = words.chars().map(|c| if c.is_control() { ' ' } else { c });
    text.extend(legible.take(room));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(heard: &str) -> (Status, usize) {
        reply_in(heard.as_bytes()).expect("a reply").expect("all of it")
    }

    #[test]
    fn a_reply_is_read_with_its_enhanced_code() {
        let (status, octets) = read("550 5.7.515 Access denied\r\n250 2.0.0 Ok\r\n");
        assert_eq!(status.enhanced, Some((5, 7, 515)));
        assert_eq!((status.code, status.text.as_str(), octets), (550, "Access denied", 27));
    }

    #[test]
    fn several_lines_are_one() {
        let (status, _) =
            read("421-4.7.28 Gmail has detected\r\n421-4.7.28 an unusual rate.\r\n421 4.7.28 x - gsmtp\r\n");
        assert_eq!(status.enhanced, Some((4, 7, 28)));
        assert_eq!(status.text, "Gmail has detected an unusual rate. x - gsmtp");
    }

    #[test]
    fn what_is_no_enhanced_code_is_a_word() {
        for words in ["5.1", "3.1.1", "5.1.1.1", "5.1.x", "5.1.1000", "5..1", "1.2.3.4 is"] {
            let (status, _) = read(&format!("550 {words}\r\n"));
            assert_eq!((status.enhanced, status.text.as_str()), (None, words));
        }
        assert_eq!(read("250\r\n").0.text, "");
        assert_eq!(read("250 \n").0.code, 250);
    }

    #[test]
    fn what_has_not_come_is_waited_for() {
        for heard in ["", "2", "250 2.0.0 O", "250-a\r\n", "250-a\r\n250 b"] {
            assert!(reply_in(heard.as_bytes()).expect("no fault").is_none(), "{heard:?}");
        }
    }

    #[test]
    fn what_is_no_reply_is_a_fault() {
        for heard in ["hello\r\n", "25\r\n", "250x\r\n", "150 no\r\n", "650 no\r\n", "\r\n"] {
            assert!(reply_in(heard.as_bytes()).is_err(), "{heard:?}");
        }
    }

    #[tokio::test]
    async fn replies_come_in_any_pieces() {
        let said = b"250 2.1.0 Ok\r\n250-2.1.5 a\r\n250 2.1.5 b\r\n354 go\r\n";
        for size in 1..said.len() {
            let mut stream = in_pieces(said, size);
            let mut ear = Ear::default();
            let mut codes = Vec::new();
            for _ in 0..3 {
                codes.push(ear.reply(&mut stream).await.expect("a reply").code);
            }
            assert_eq!(codes, [250, 250, 354]);
            let gone = ear.reply(&mut stream).await.expect_err("nobody is there");
            assert_eq!(gone.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    /// A stream that gives so many octets at a time.
    fn in_pieces(said: &'static [u8], size: usize) -> impl AsyncRead + Unpin {
        let (mut write, read) = tokio::io::duplex(size);
        tokio::spawn(async move { tokio::io::AsyncWriteExt::write_all(&mut write, said).await });
        read
    }
}
