//! Message: header and body, as bytes.
//!
//! # Standards
//! RFC 5322 §2.1: lines end in CRLF; the first empty line parts header and body.

use super::header::Header;

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A line of the header has no colon and continues nothing.
    #[error("a line of the header is not a field: it has no colon")]
    FieldWithoutColon,
    /// A field's name is empty or has characters no name may have.
    #[error("a field of the header has no valid name")]
    FieldName,
    /// A CR or LF stands alone, or a NUL in the header.
    #[error("a line of the header does not end in CRLF")]
    BareLineBreak,
}

/// A header, which may be changed by its own rules, and a body, which may not.
///
/// ```
/// use bedel::mail::Message;
/// let message = Message::parse(b"Subject: Hello\r\n\r\nText\r\n").unwrap();
/// assert_eq!(message.header.value("subject").as_deref(), Some("Hello"));
/// assert_eq!(message.body(), b"Text\r\n");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The fields.
    pub header: Header,
    body: Vec<u8>,
}

impl Message {
    /// A message of these two halves.
    pub fn new(header: Header, body: Vec<u8>) -> Self {
        Self { header, body }
    }

    /// Parts header from body at the first empty line; without one, all is header.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            header: Self::header_of(bytes)?,
            body: split(bytes).1.to_vec(),
        })
    }

    /// The header alone; the body is not looked at.
    pub fn header_of(bytes: &[u8]) -> Result<Header, Malformed> {
        Header::parse(split(bytes).0)
    }

    /// What stands after the empty line.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Header, empty line, body.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.header.to_bytes().as_slice(), b"\r\n", &self.body].concat()
    }
}

fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    if let Some(body) = bytes.strip_prefix(b"\r\n") {
        return (&[], body);
    }
    match memchr::memmem::find(bytes, b"\r\n\r\n") {
        Some(at) => (
            bytes.get(..at + 2).unwrap_or_default(),
            bytes.get(at + 4..).unwrap_or_default(),
        ),
        None => (bytes, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_without_header_or_body_is_still_one() {
        assert_eq!(Message::parse(b"\r\nbody").expect("well formed").body(), b"body");
        assert_eq!(Message::parse(b"A: b\r\n").expect("well formed").body(), b"");
        assert_eq!(Message::parse(b"").expect("well formed").header.fields().len(), 0);
    }

    #[test]
    fn a_header_line_without_colon_is_named() {
        assert_eq!(Message::parse(b"Hello\r\n\r\n"), Err(Malformed::FieldWithoutColon));
    }
}
