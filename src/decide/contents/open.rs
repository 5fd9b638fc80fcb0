//! What is attached, opened: archives, office files, compressed files, PDF, messages; anything else is read as text.

use std::io::{Cursor, Read};

use flate2::read::GzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use super::Limits;

/// Octets read at a time, so that a bomb is noticed early.
const CHUNK: usize = 64 * 1024;
/// Octets of which a file may grow before its ratio counts.
const RATIO_FROM: u64 = 1024 * 1024;
/// How archives begin that nobody here opens: 7z, rar, and OLE2, in which encrypted office files come.
const CLOSED: [&[u8]; 3] = [
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
];
/// Pages of a PDF that are read.
const PAGES_MAX: usize = 500;

/// Opens what is attached to one message, within its limits.
pub(super) struct Opening<'a> {
    limits: Limits,
    is_late: &'a dyn Fn() -> bool,
    bytes: u64,
    entries: u32,
    pub(super) unreadable: Vec<String>,
    pub(super) bomb: Option<String>,
}

/// Hears every piece of text.
type Hear<'h> = dyn FnMut(&str) + 'h;

impl<'a> Opening<'a> {
    pub(super) fn new(limits: Limits, is_late: &'a dyn Fn() -> bool) -> Self {
        Self {
            limits,
            is_late,
            bytes: 0,
            entries: 0,
            unreadable: Vec::new(),
            bomb: None,
        }
    }

    /// Opens one file; what is in it is heard as text.
    pub(super) fn open(&mut self, name: &str, bytes: &[u8], depth: u8, hear: &mut Hear<'_>) {
        if self.bomb.is_some() {
            return;
        }
        if depth > self.limits.depth_max || (self.is_late)() {
            self.bomb = Some(name.to_owned());
        } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
            self.archive(name, bytes, depth, hear);
        } else if bytes.starts_with(b"\x1f\x8b") {
            let packed = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            match self.unpack(name, GzDecoder::new(bytes), packed) {
                Some(inner) => self.open(name, &inner, depth + 1, hear),
                None => self.cannot_open(name),
            }
        } else if bytes.starts_with(b"%PDF") {
            self.pdf(name, bytes, hear);
        } else if CLOSED.iter().any(|magic| bytes.starts_with(magic)) {
            self.cannot_open(name);
        } else if name.to_lowercase().ends_with(".eml") {
            self.message(name, bytes, depth, hear);
        } else {
            hear(&text(bytes));
        }
    }

    fn cannot_open(&mut self, name: &str) {
        if self.bomb.is_none() {
            self.unreadable.push(name.to_owned());
        }
    }

    fn archive(&mut self, name: &str, bytes: &[u8], depth: u8, hear: &mut Hear<'_>) {
        let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else {
            return self.cannot_open(name);
        };
        for at in 0..archive.len() {
            self.entries += 1;
            if self.entries > self.limits.entries_max || (self.is_late)() {
                self.bomb = Some(name.to_owned());
                return;
            }
            let entry = match archive.by_index(at) {
                Ok(entry) => entry,
                Err(ZipError::UnsupportedArchive(_) | ZipError::InvalidPassword) => return self.cannot_open(name),
                Err(_damaged) => {
                    self.cannot_open(name);
                    continue;
                }
            };
            if entry.is_dir() {
                continue;
            }
            let inner_name = entry
                .name()
                .map_or_else(|_unreadable| name.to_owned(), std::borrow::Cow::into_owned);
            let packed = entry
                .compressed_size()
                .min(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            let Some(inner) = self.unpack(name, entry, packed) else {
                self.cannot_open(name);
                continue;
            };
            self.open_entry(&inner_name, &inner, depth + 1, hear);
            if self.bomb.is_some() {
                return;
            }
        }
    }

    /// A part of an office file is XML: its text may be cut by tags in the middle of an address.
    fn open_entry(&mut self, name: &str, bytes: &[u8], depth: u8, hear: &mut Hear<'_>) {
        let lower = name.to_lowercase();
        if lower.ends_with(".xml") || lower.ends_with(".rels") {
            let text = text(bytes);
            hear(&text);
            hear(&without_tags(&text));
        } else {
            self.open(name, bytes, depth, hear);
        }
    }

    /// All of a stream, or `None` when it is damaged or too much.
    fn unpack(&mut self, name: &str, mut stream: impl Read, packed: u64) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = stream.read(&mut chunk).ok()?;
            if read == 0 {
                return Some(all);
            }
            all.extend_from_slice(chunk.get(..read)?);
            self.bytes = self.bytes.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            let grown = u64::try_from(all.len()).unwrap_or(u64::MAX);
            let is_dense = grown > RATIO_FROM && grown / packed.max(1) > self.limits.ratio_max;
            if is_dense || self.bytes > self.limits.bytes_max || (self.is_late)() {
                self.bomb = Some(name.to_owned());
                return None;
            }
        }
    }

    fn pdf(&mut self, name: &str, bytes: &[u8], hear: &mut Hear<'_>) {
        let document = match lopdf::Document::load_mem(bytes) {
            Ok(document) if !document.is_encrypted() => document,
            Ok(_) | Err(_) => return self.cannot_open(name),
        };
        for page in document.get_pages().into_keys().take(PAGES_MAX) {
            if (self.is_late)() {
                self.bomb = Some(name.to_owned());
                return;
            }
            // A page of pictures has no text; that is no fault.
            if let Ok(text) = document.extract_text(&[page]) {
                hear(&text);
            }
        }
    }

    fn message(&mut self, name: &str, bytes: &[u8], depth: u8, hear: &mut Hear<'_>) {
        let Some(parsed) = mail_parser::MessageParser::default().parse(bytes) else {
            return hear(&text(bytes));
        };
        for part in &parsed.parts {
            match &part.body {
                mail_parser::PartType::Text(text) | mail_parser::PartType::Html(text) => hear(text),
                mail_parser::PartType::Multipart(_) => {}
                mail_parser::PartType::Binary(_)
                | mail_parser::PartType::InlineBinary(_)
                | mail_parser::PartType::Message(_) => {
                    let inner = mail_parser::MimeHeaders::attachment_name(part).unwrap_or(name);
                    self.open(inner, part.contents(), depth + 1, hear);
                }
            }
        }
    }
}

/// Octets as text: UTF-16 by its mark, else UTF-8 with what is not replaced.
fn text(bytes: &[u8]) -> String {
    let wide = |pair: fn([u8; 2]) -> u16| {
        let units = bytes
            .chunks_exact(2)
            .skip(1)
            .filter_map(|two| two.try_into().ok())
            .map(pair);
        char::decode_utf16(units).map(|c| c.unwrap_or(' ')).collect()
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The text of XML. Runs of one paragraph are one text; everything else is parted by a space.
fn without_tags(xml: &str) -> String {
    let mut text = String::with_capacity(xml.len() / 4);
    for piece in xml.split('<') {
        let (tag, rest) = piece.split_once('>').unwrap_or((piece, ""));
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        let is_run = matches!(
            name,
            "w:t" | "w:r" | "w:rPr" | "w:proofErr" | "a:t" | "a:r" | "t" | "r" | "text:span" | "b"
        );
        if !is_run {
            text.push(' ');
        }
        text.push_str(rest);
    }
    text.replace("&#64;", "@").replace("&amp;", "&")
}
