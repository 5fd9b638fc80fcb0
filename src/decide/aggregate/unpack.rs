//! The report in a message: attached, and mostly packed.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;
use mail_parser::{MessageParser, PartType};
use zip::ZipArchive;

use super::Fault;

/// Octets a report may have; the largest provider's are a tenth of it.
pub(super) const BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Entries of an archive; a report has one, and whoever packed it may have added its folder.
const ENTRIES_MAX: usize = 4;

/// The first report in a message that begins, once it is unpacked, as such reports do.
pub(super) fn unpack(message: &[u8], begins: u8) -> Result<String, Fault> {
    let parsed = MessageParser::default().parse(message).ok_or(Fault::None)?;
    let mut fault = Fault::None;
    for part in &parsed.parts {
        if matches!(part.body, PartType::Multipart(_)) {
            continue;
        }
        match open(part.contents()) {
            Ok(bytes) if is_one(&bytes, begins) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(_) => {}
            Err(found) => fault = found,
        }
    }
    Err(fault)
}

fn is_one(bytes: &[u8], begins: u8) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    text.trim_ascii_start().first() == Some(&begins) && !text.trim_ascii_start().starts_with(b"<html")
}

fn open(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    if bytes.starts_with(b"\x1f\x8b") {
        bounded(MultiGzDecoder::new(bytes))
    } else if bytes.starts_with(b"PK") {
        archive(bytes)
    } else {
        Ok(bytes.to_vec())
    }
}

fn archive(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let damaged = |error: zip::result::ZipError| Fault::Damaged(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    for at in 0..archive.len().min(ENTRIES_MAX) {
        let entry = archive.by_index(at).map_err(damaged)?;
        if !entry.is_dir() {
            return bounded(entry);
        }
    }
    Err(Fault::None)
}

/// All of a stream, unless that is too much: what it says of its size is not asked.
fn bounded(stream: impl Read) -> Result<Vec<u8>, Fault> {
    let mut all = Vec::new();
    let read = stream.take(BYTES_MAX + 1).read_to_end(&mut all);
    read.map_err(|error| Fault::Damaged(error.to_string()))?;
    if u64::try_from(all.len()).unwrap_or(u64::MAX) > BYTES_MAX {
        return Err(Fault::TooLarge);
    }
    Ok(all)
}
