//! The whole store as one plain file, and back: the way out of a damaged or outgrown engine.
//!
//! A line a record: key and value in hexadecimal, parted by a space, after a first line that names the format. What has
//! changed while the file was written comes once more, or is said to be gone, so that the whole is the store of one moment.
//! Large messages follow the same form under their spool name. The last line counts the records, so that half a file is
//! known for one. What it holds is sealed as in the store, with the wrapped data keys beside: it is read with the same
//! master key, and is noise without.

use std::io::{BufRead, Write};

use super::engine::{BATCH_OPERATIONS_MAX, Batch, Table};
use super::sled::{Changed, FORMAT};
use super::{Error, Store};

/// What the first line of every export begins with.
const SIGN: &str = "bedel store export, ";
/// How often a piece of what has changed is read again before the little that is left is read at a standstill.
const PIECES_MAX: u32 = 2_000;

/// Why an export cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file.
    #[error("the export file failed: {0}")]
    File(#[from] std::io::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] Error),
    /// The file is none of ours, or was cut short.
    #[error("line {line} of the export: {what}")]
    Line {
        /// Counts from 1.
        line: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// Another master key sealed it.
    #[error("the export is sealed with another master key; put back the key file of the gateway that wrote it")]
    WrongKey,
    /// What a feed has decided and not yet done lies outside of the records.
    #[error("a feed is being applied, or was when the gateway stopped; try again when it is done")]
    Feed,
    /// Another is being written, or the data key is being changed.
    #[error("another export is being written, or a key rotation is under way; try again when it is done")]
    Busy,
    /// So much changes that the end is never reached.
    #[error("too much changes meanwhile; try again in a quieter hour")]
    Restless,
    /// Restoring over a used store would mix two.
    #[error("the store already holds records; restore into an empty data_dir")]
    NotEmpty,
}

impl Store {
    /// Writes every record; returns how many.
    pub fn export(&self, mut out: impl Write) -> Result<u64, ExportError> {
        if self.decided()?.is_some() {
            return Err(ExportError::Feed);
        }
        // Nothing may be sealed anew meanwhile.
        let _alone = self.rotating.try_lock().map_err(|_held| ExportError::Busy)?;
        let following = self.engine.follow().ok_or(ExportError::Busy)?;
        writeln!(out, "{}", first_line())?;
        let mut records = 0;
        // The keys first.
        for table in Table::ALL.into_iter().rev() {
            for item in self.engine.raw(table) {
                let (key, value) = item?;
                write_record(&mut out, &key, Some(&value))?;
                records += 1;
            }
        }
        for piece in 1.. {
            let (changed, is_last) = match following.changed() {
                Ok(Changed::Some(changed)) => (changed, false),
                Ok(Changed::Last(changed)) => (changed, true),
                Err(Error::Conflict) => return Err(ExportError::Restless),
                Err(error) => return Err(error.into()),
            };
            for (key, value) in changed {
                write_record(&mut out, &key, value.as_deref())?;
                records += 1;
            }
            if is_last {
                break;
            }
            if piece == PIECES_MAX {
                return Err(ExportError::Restless);
            }
        }
        drop(following);
        for file in self.spool.files()? {
            let (name, bytes) = file?;
            writeln!(out, "file {} {}", hex(name.as_bytes()), hex(&bytes))?;
            records += 1;
        }
        writeln!(out, "end {records}")?;
        out.flush()?;
        Ok(records)
    }

    /// Reads an export into an empty store; returns how many records.
    pub async fn restore(&self, input: impl BufRead) -> Result<u64, ExportError> {
        let used =
            |table: Table| !matches!(table, Table::About | Table::Vault) && self.engine.raw(table).next().is_some();
        if Table::ALL.into_iter().any(used) {
            return Err(ExportError::NotEmpty);
        }
        let (mut records, mut batch, mut line_number) = (0, Batch::default(), 0);
        for line in input.lines() {
            let line = line?;
            line_number += 1;
            let fault = |what| ExportError::Line {
                line: line_number,
                what,
            };
            match line.split(' ').collect::<Vec<_>>().as_slice() {
                _ if line_number == 1 && line == first_line() => continue,
                _ if line_number == 1 && line.starts_with(SIGN) => {
                    return Err(fault(
                        "another version of the gateway wrote it, whose records this one cannot read",
                    ));
                }
                _ if line_number == 1 => return Err(fault("this is not an export of a Bedel store")),
                ["end", count] if *count == records.to_string() => {
                    self.engine.commit(batch).await?;
                    self.load_numbers()?;
                    return Ok(records);
                }
                ["end", _] => return Err(fault("the count does not fit: lines are missing")),
                ["file", name, bytes] => {
                    let name = unhex(name).and_then(|name| String::from_utf8(name).ok());
                    let (Some(name), Some(bytes)) = (name, unhex(bytes)) else {
                        return Err(fault("not hexadecimal"));
                    };
                    self.spool.restore(&name, bytes).await?;
                }
                ["gone", key] => {
                    let key = unhex(key).ok_or(fault("not hexadecimal"))?;
                    batch
                        .raw
                        .push((of_a_table(key).ok_or(fault("a key of no table"))?, None));
                }
                [key, value] => {
                    let (Some(key), Some(value)) = (unhex(key), unhex(value)) else {
                        return Err(fault("not hexadecimal"));
                    };
                    let key = of_a_table(key).filter(|_| !value.is_empty());
                    let key = key.ok_or(fault("a key of no table, or no value"))?;
                    let is_key = key.first() == Some(&(Table::Vault as u8));
                    batch.raw.push((key, Some(value)));
                    // The keys come first, so that what follows can be opened.
                    if is_key {
                        self.engine.commit(std::mem::take(&mut batch)).await?;
                        self.take_up_keys()?;
                    }
                }
                _ => return Err(fault("a record is a key and a value")),
            }
            records += 1;
            if batch.len() == BATCH_OPERATIONS_MAX {
                self.engine.commit(std::mem::take(&mut batch)).await?;
            }
        }
        Err(ExportError::Line {
            line: line_number,
            what: "the file ends before its last line",
        })
    }
}

/// Names the format of the records: those of another are none to this version.
fn first_line() -> String {
    format!("{SIGN}format {FORMAT}")
}

fn write_record(out: &mut impl Write, key: &[u8], value: Option<&[u8]>) -> std::io::Result<()> {
    match value {
        Some(value) => writeln!(out, "{} {}", hex(key), hex(value)),
        None => writeln!(out, "gone {}", hex(key)),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _infallible = write!(text, "{byte:02x}");
            text
        })
}

/// A full key, when it is of one of the tables.
fn of_a_table(key: Vec<u8>) -> Option<Vec<u8>> {
    let is_table = |first: &u8| Table::ALL.into_iter().any(|table| table as u8 == *first);
    key.first().is_some_and(is_table).then_some(key)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
