//! CSV, as bytes come in: never more of a file at hand than one row.
//!
//! The quarrels of a file are found where they are, with the line an editor shows. What cannot be told apart is refused
//! rather than guessed: a reader that forgives would make one person of two.
//!
//! # Standards
//! RFC 4180, in UTF-8, with or without a byte order mark; LF alone ends a line too.

use std::io::Read;

use super::record::Record;
use super::{Broken, Next, Rows, Unit};

/// How much is read at once.
const CHUNK_BYTES: usize = 64 * 1024;
const BOM: &[u8] = &[0xef, 0xbb, 0xbf];

const EXPORT: &str = "export it as CSV in UTF-8";
const LONE_CR: &str = "a carriage return without a line feed after it; export it with CRLF or LF at the ends of lines";
const LONE_QUOTE: &str = "a quotation mark within a field that does not begin with one; put the field in quotation \
                          marks, and write the one within it twice";
const AFTER_QUOTES: &str = "text after a closing quotation mark; a quotation mark within a field is written twice";
const OPEN_QUOTE: &str = "a quotation mark is opened here and never closed";

/// A file in CSV.
#[derive(Debug)]
pub struct Csv<R> {
    input: R,
    chunk: Vec<u8>,
    at: usize,
    line: u64,
    is_begun: bool,
    is_over: bool,
}

/// Where in a row it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the first byte of a field.
    Start,
    /// In a field without quotation marks.
    Bare,
    /// In a field with them, opened on this line.
    Quoted(u64),
    /// After the second quotation mark.
    Closed,
    /// In a row with a fault, until its end.
    Faulty,
}

/// What a byte that means something leads to.
enum Step {
    To(Place),
    /// The row has a fault; the next one may be good.
    Flaw(&'static str),
    /// Nothing after this can be told apart.
    Lost(String),
    EndOfRow,
}

impl<R: Read> Csv<R> {
    /// Reads from its beginning.
    pub fn new(input: R) -> Self {
        Self {
            input,
            chunk: Vec::new(),
            at: 0,
            line: 1,
            is_begun: false,
            is_over: false,
        }
    }

    /// Has a byte at hand unless the file is over.
    fn fill(&mut self) -> Result<Option<u8>, Broken> {
        if self.at >= self.chunk.len() {
            self.refill(0)?;
        }
        Ok(self.chunk.get(self.at).copied())
    }

    /// The byte after the one at hand; `None` at the end.
    fn second(&mut self) -> Result<Option<u8>, Broken> {
        if self.at + 1 >= self.chunk.len() {
            self.refill(1)?;
        }
        Ok(self.chunk.get(self.at + 1).copied())
    }

    /// Reads the next chunk behind the last `kept` bytes of this one.
    fn refill(&mut self, kept: usize) -> Result<(), Broken> {
        self.chunk.drain(..self.chunk.len().saturating_sub(kept));
        self.at = 0;
        let bound = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
        let read = self.input.by_ref().take(bound).read_to_end(&mut self.chunk);
        read.map(drop).map_err(|error| Broken(error.to_string()))
    }

    /// Past the byte order mark; a mark of UTF-16 is a fault.
    fn begin(&mut self) -> Result<Option<Next>, Broken> {
        if std::mem::replace(&mut self.is_begun, true) {
            return Ok(None);
        }
        self.fill()?;
        if self.chunk.starts_with(&[0xff, 0xfe]) || self.chunk.starts_with(&[0xfe, 0xff]) {
            return Ok(Some(self.lost(1, format!("the file is in UTF-16; {EXPORT}"))));
        }
        if self.chunk.starts_with(BOM) {
            self.at = BOM.len();
        }
        Ok(None)
    }

    fn lost(&mut self, line: u64, what: String) -> Next {
        self.is_over = true;
        Next::Lost(line, what)
    }

    /// One row that begins here; `None` for a line with nothing on it.
    fn row(&mut self, record: &mut Record) -> Result<Option<Next>, Broken> {
        record.clear();
        let begins = self.line;
        let (mut place, mut flaw) = (Place::Start, None);
        loop {
            let Some(byte) = self.fill()? else {
                self.is_over = true;
                return Ok(self.end(place, begins, record, flaw));
            };
            if self.plain(&mut place, record) {
                continue;
            }
            match self.special(place, byte, record)? {
                Step::To(next) => place = next,
                Step::Flaw(what) => (place, flaw) = (Place::Faulty, Some(what)),
                Step::Lost(what) => return Ok(Some(self.lost(self.line, what))),
                Step::EndOfRow => {
                    self.at += 1;
                    self.line += 1;
                    return Ok(self.end(place, begins, record, flaw));
                }
            }
            self.at += 1;
        }
    }

    /// Takes the bytes that simply belong to the field; whether there were any.
    fn plain(&mut self, place: &mut Place, record: &mut Record) -> bool {
        let is_special = |byte: &u8| match place {
            Place::Quoted(_) => matches!(byte, b'"' | 0),
            Place::Start | Place::Bare => matches!(byte, b'"' | b',' | b'\r' | b'\n' | 0),
            Place::Closed => true,
            Place::Faulty => matches!(byte, b'\r' | b'\n' | 0),
        };
        let ahead = self.chunk.get(self.at..).unwrap_or_default();
        let end = ahead.iter().position(is_special).unwrap_or(ahead.len());
        let plain = ahead.get(..end).unwrap_or_default();
        record.extend(plain);
        let lines = plain.iter().filter(|byte| **byte == b'\n').count();
        self.line += u64::try_from(lines).unwrap_or(u64::MAX);
        self.at += end;
        if end > 0 && *place == Place::Start {
            *place = Place::Bare;
        }
        end > 0
    }

    fn special(&mut self, place: Place, byte: u8, record: &mut Record) -> Result<Step, Broken> {
        Ok(match (place, byte) {
            (_, 0) => Step::Lost(format!("a zero byte: from here on it is UTF-16, or damaged; {EXPORT}")),
            (Place::Quoted(_), _) if self.second()? == Some(b'"') => {
                record.extend(b"\"");
                self.at += 1;
                Step::To(place)
            }
            (Place::Quoted(_), _) => Step::To(Place::Closed),
            (Place::Start, b'"') => Step::To(Place::Quoted(self.line)),
            (Place::Start | Place::Bare | Place::Closed, b',') => {
                record.end_cell();
                Step::To(Place::Start)
            }
            (_, b'\r') if self.second()? == Some(b'\n') => Step::To(place),
            (_, b'\r') => Step::Lost(LONE_CR.to_owned()),
            (_, b'\n') => Step::EndOfRow,
            (Place::Closed, _) => Step::Flaw(AFTER_QUOTES),
            (Place::Start | Place::Bare | Place::Faulty, _) => Step::Flaw(LONE_QUOTE),
        })
    }

    /// What a row was, once its end is reached.
    fn end(&mut self, place: Place, begins: u64, record: &mut Record, flaw: Option<&str>) -> Option<Next> {
        record.end_cell();
        match (place, flaw) {
            (Place::Quoted(opened), _) => Some(self.lost(opened, OPEN_QUOTE.to_owned())),
            (_, Some(what)) => Some(Next::Flaw(begins, what.to_owned())),
            (Place::Start, None) if record.is_blank() => None,
            (_, None) => Some(Next::Row(begins)),
        }
    }
}

impl<R: Read> Rows for Csv<R> {
    fn unit(&self) -> Unit {
        Unit::Line
    }

    fn next(&mut self, record: &mut Record) -> Result<Next, Broken> {
        if let Some(lost) = self.begin()? {
            return Ok(lost);
        }
        while !self.is_over {
            if let Some(next) = self.row(record)? {
                return Ok(next);
            }
        }
        Ok(Next::End)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::record::OCTETS_MAX;
    use super::*;

    /// Hands out so many bytes at once.
    struct Dripping<'a>(&'a [u8], usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let bound = buffer.len().min(self.1);
            self.0.read(&mut buffer[..bound])
        }
    }

    /// All rows of a file, or what is wrong with it.
    fn rows(file: &[u8], drip: usize) -> Result<Vec<Vec<Vec<u8>>>, String> {
        let (mut csv, mut record, mut rows) = (Csv::new(Dripping(file, drip)), Record::default(), Vec::new());
        loop {
            match csv.next(&mut record).expect("memory does not break off") {
                Next::Row(_) => rows.push(record.cells().map(<[u8]>::to_vec).collect()),
                Next::Flaw(_, what) | Next::Lost(_, what) => return Err(what),
                Next::End => return Ok(rows),
            }
        }
    }

    fn quoted(cell: &str) -> String {
        format!("\"{}\"", cell.replace('"', "\"\""))
    }

    proptest! {
        /// Law: what is written as RFC 4180 has it is read as it was, wherever the chunks end.
        #[test]
        fn what_is_written_is_read(
            cells in proptest::collection::vec(proptest::collection::vec("[a,\"\r\n é]{0,6}", 2..5), 0..6),
            ends in "\r?\n",
            drip in 1usize..9,
        ) {
            let line = |row: &Vec<String>| row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",");
            let file: String = cells.iter().map(|row| line(row) + &ends).collect();
            let expected: Vec<Vec<Vec<u8>>> =
                cells.iter().map(|row| row.iter().map(|cell| cell.clone().into_bytes()).collect()).collect();
            prop_assert_eq!(rows(file.as_bytes(), drip), Ok(expected));
        }

        /// Law: whatever comes, it comes to an end, the same wherever the chunks end, and keeps no more than it may.
        #[test]
        fn whatever_comes_comes_to_an_end(file in proptest::collection::vec(any::<u8>(), 0..400), drip in 1usize..9) {
            prop_assert_eq!(rows(&file, drip), rows(&file, file.len() + 1));
        }
    }

    #[test]
    fn a_file_without_an_end_of_line_is_not_kept() {
        let file = vec![b'x'; 10 * OCTETS_MAX];
        let (mut csv, mut record) = (Csv::new(file.as_slice()), Record::default());
        assert_eq!(csv.next(&mut record), Ok(Next::Row(1)));
        assert_eq!(record.size(), 10 * OCTETS_MAX as u64);
        assert!(record.cells().map(<[u8]>::len).sum::<usize>() <= OCTETS_MAX);
    }
}
