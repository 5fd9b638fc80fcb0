//! Header: the fields of a message, byte for byte.
//!
//! Two operations change it, as with a paper form: add on top, or remove. So what nobody touched keeps its bytes, and
//! a signature over it keeps its truth. A field cannot hold a bare CR or LF, nor end without CRLF.
//!
//! # Standards
//! RFC 5322 §2.1, §2.2 (fields, folding), §3.6 (fields).

use super::message::Malformed;

/// One field: name, colon, value and the closing CRLF, folded or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    raw: Vec<u8>,
    name_octets: usize,
}

impl Field {
    /// A field of our own making; a line break inside `value` is legal only as a fold (CRLF, then white space).
    pub fn new(name: &str, value: &str) -> Result<Self, Malformed> {
        Self::from_raw(format!("{name}: {value}\r\n").into_bytes())
    }

    /// A field as found, with its closing CRLF.
    pub(super) fn from_raw(raw: Vec<u8>) -> Result<Self, Malformed> {
        let name_octets = raw
            .iter()
            .position(|&b| b == b':')
            .ok_or(Malformed::FieldWithoutColon)?;
        let name = raw.get(..name_octets).unwrap_or_default();
        // RFC 5322 §4.5.8 lets old messages put spaces before the colon; we read them, and never write them.
        let name_octets = name.trim_ascii_end().len();
        let name_fits = name_octets > 0 && name.trim_ascii_end().iter().all(u8::is_ascii_graphic);
        if !name_fits {
            return Err(Malformed::FieldName);
        }
        if !is_folded_well(&raw) {
            return Err(Malformed::BareLineBreak);
        }
        Ok(Self { raw, name_octets })
    }

    /// The name, in the case it was written in.
    pub fn name(&self) -> &str {
        let name = self.raw.get(..self.name_octets).unwrap_or_default();
        std::str::from_utf8(name).unwrap_or_default()
    }

    /// Whether it bears this name; case does not matter.
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// All of it, with the closing CRLF.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// What stands after the colon: unfolded, trimmed, encoded words left as they are.
    pub fn value(&self) -> String {
        let after = self.raw.iter().position(|&b| b == b':').map_or(0, |at| at + 1);
        let value = String::from_utf8_lossy(self.raw.get(after..).unwrap_or_default());
        value.replace("\r\n", "").trim().to_owned()
    }
}

/// CRLF stands at the very end, and elsewhere only before white space; no other CR, LF or NUL.
fn is_folded_well(raw: &[u8]) -> bool {
    let Some(inner) = raw.strip_suffix(b"\r\n") else {
        return false;
    };
    let mut rest = inner;
    while let Some(at) = rest.iter().position(|&b| b == b'\r' || b == b'\n' || b == 0) {
        let fold = rest.get(at..at + 3);
        if !matches!(fold, Some(b"\r\n " | b"\r\n\t")) {
            return false;
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    true
}

/// The fields in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    fields: Vec<Field>,
}

impl Header {
    /// Splits the bytes before the empty line into fields.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Vec::new();
        let mut current: Vec<u8> = Vec::new();
        for line in bytes.split_inclusive(|&b| b == b'\n') {
            let continues = matches!(line.first(), Some(b' ' | b'\t')) && !current.is_empty();
            if !continues && !current.is_empty() {
                fields.push(Field::from_raw(std::mem::take(&mut current))?);
            }
            current.extend_from_slice(line);
        }
        if !current.is_empty() {
            fields.push(Field::from_raw(current)?);
        }
        Ok(Self { fields })
    }

    /// All fields, top to bottom.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The fields of this name, top to bottom.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.is(name))
    }

    /// The value of the topmost field of this name.
    pub fn value(&self, name: &str) -> Option<String> {
        self.all(name).next().map(Field::value)
    }

    /// Puts a field on top, where a trace of handling belongs (RFC 5321 §4.4).
    pub fn add(&mut self, field: Field) {
        self.fields.insert(0, field);
    }

    /// Takes away every field of this name.
    pub fn remove(&mut self, name: &str) {
        self.fields.retain(|field| !field.is(name));
    }

    /// Takes away every field whose name begins so, such as `List-`.
    pub fn remove_family(&mut self, prefix: &str) {
        self.fields.retain(|field| {
            !field
                .name()
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        });
    }

    /// The bytes, without the empty line that ends a header.
    pub fn to_bytes(&self) -> Vec<u8> {
        let raw: Vec<&[u8]> = self.fields.iter().map(|field| field.raw.as_slice()).collect();
        raw.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_field_cannot_smuggle_a_second_one() {
        assert_eq!(
            Field::new("X-Note", "a\r\nBcc: b@x.example"),
            Err(Malformed::BareLineBreak)
        );
        assert_eq!(Field::new("X-Note", "a\nb"), Err(Malformed::BareLineBreak));
        assert_eq!(Field::new("X Note", "a"), Err(Malformed::FieldName));
        assert!(Field::new("X-Note", "a\r\n b").is_ok());
    }

    #[test]
    fn families_go_as_one() {
        let mut header = Header::parse(b"List-Id: a\r\nlist-post: b\r\nSubject: c\r\n").expect("well formed");
        header.remove_family("List-");
        assert_eq!(header.to_bytes(), b"Subject: c\r\n");
    }

    proptest! {
        #[test]
        fn header_in_is_header_out(fields in proptest::collection::vec(("[!-9;-~]{1,20}", "[ -~]{0,60}(\r\n [!-~]{1,20})?"), 0..8)) {
            let bytes: Vec<u8> = fields.iter().flat_map(|(n, v)| format!("{n}:{v}\r\n").into_bytes()).collect();
            let header = Header::parse(&bytes).expect("well formed");
            prop_assert_eq!(header.to_bytes(), bytes);
            prop_assert_eq!(header.fields().len(), fields.len());
        }
    }
}
