//! Framer: bytes in, whole command lines out.
//!
//! A line ends in CRLF. A line with any other CR or LF, or with a NUL, is a fault and never becomes a command; nor does
//! one that is too long, of which nothing past the limit is kept.
//!
//! # Standards
//! RFC 5321 §2.3.8 (line ends), §4.5.3.1.4 (length), RFC 4954 §4 (lines of an AUTH exchange).

/// Why a line is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// It is longer than the limit; the rest of it was thrown away.
    #[error("line too long")]
    TooLong,
    /// A CR or LF stands alone, or there is a NUL.
    #[error("lines must end in CRLF and hold neither CR, LF nor NUL")]
    BareLineBreak,
}

/// A line without its CRLF, or what is wrong with it.
pub type Line = Result<Vec<u8>, LineFault>;

/// Cuts a stream into lines; holds what has come of the next one.
#[derive(Debug, Default)]
pub struct Framer {
    line: Vec<u8>,
    is_too_long: bool,
}

impl Framer {
    /// The next line, once all of it is there. Advances `input` past what was used, and no further than the line's end,
    /// so that what follows can be read in another way. `octets_max` counts the CRLF.
    pub fn next_line(&mut self, input: &mut &[u8], octets_max: usize) -> Option<Line> {
        let Some(at) = input.iter().position(|&byte| byte == b'\n') else {
            self.keep(input, octets_max);
            *input = &[];
            return None;
        };
        let (line, rest) = input.split_at_checked(at + 1).unwrap_or((input, &[]));
        self.keep(line, octets_max);
        *input = rest;
        Some(self.finish())
    }

    /// Forgets what has come of a line: what a peer said before TLS must not be read after it.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn keep(&mut self, bytes: &[u8], octets_max: usize) {
        let room = octets_max.saturating_sub(self.line.len());
        let (kept, over) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.line.extend_from_slice(kept);
        self.is_too_long |= !over.is_empty();
    }

    fn finish(&mut self) -> Line {
        let Self { mut line, is_too_long } = std::mem::take(self);
        if is_too_long {
            return Err(LineFault::TooLong);
        }
        if !line.ends_with(b"\r\n") {
            return Err(LineFault::BareLineBreak);
        }
        line.truncate(line.len() - 2);
        if line.iter().any(|&byte| byte == b'\r' || byte == 0) {
            return Err(LineFault::BareLineBreak);
        }
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(slices: &[&[u8]]) -> (Vec<Line>, usize) {
        let mut framer = Framer::default();
        let mut lines = vec![];
        for mut slice in slices.iter().copied() {
            while let Some(line) = framer.next_line(&mut slice, 20) {
                lines.push(line);
            }
        }
        (lines, framer.line.capacity())
    }

    #[track_caller]
    fn check(input: &[u8], expected: &[Result<&[u8], LineFault>]) {
        let expected: Vec<Line> = expected.iter().map(|line| line.map(<[u8]>::to_vec)).collect();
        assert_eq!(lines(&[input]).0, expected);
    }

    #[test]
    fn only_crlf_ends_a_good_line() {
        use LineFault::BareLineBreak;
        check(b"NOOP\r\nRSET\r\n", &[Ok(b"NOOP"), Ok(b"RSET")]);
        check(b"\r\n", &[Ok(b"")]);
        check(b"NOOP\nRSET\r\n", &[Err(BareLineBreak), Ok(b"RSET")]);
        check(b"NO\rOP\r\n", &[Err(BareLineBreak)]);
        check(b"NOOP\r\r\n", &[Err(BareLineBreak)]);
        check(b"NO\0OP\r\n", &[Err(BareLineBreak)]);
        check(b"NOOP\r", &[]);
    }

    #[test]
    fn a_line_that_is_too_long_is_swallowed_whole() {
        let longest = [b"x".repeat(18), b"\r\n".to_vec()].concat();
        check(&longest, &[Ok(&b"x".repeat(18))]);
        let longer = [b"x".repeat(19), b"\r\nNOOP\r\n".to_vec()].concat();
        check(&longer, &[Err(LineFault::TooLong), Ok(b"NOOP")]);
    }

    #[test]
    fn a_line_of_ten_megabytes_takes_no_memory() {
        let slice = vec![b'x'; 10_000];
        let slices: Vec<&[u8]> = (0..1_000).map(|_| slice.as_slice()).collect();
        let (lines, capacity) = lines(&slices);
        assert_eq!(lines, []);
        assert!(capacity <= 64, "{capacity} octets held");
    }

    proptest! {
        #[test]
        fn slicing_changes_nothing(bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a'), Just(0)], 0..80), cut in 1usize..9) {
            let slices: Vec<&[u8]> = bytes.chunks(cut).collect();
            prop_assert_eq!(lines(&slices).0, lines(&[&bytes]).0);
        }
    }
}
