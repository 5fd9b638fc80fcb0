//! Sealed files of a feed on its way: records in pieces, each piece sealed for its place under the file's own key.
//!
//! Nothing of a feed lies readable on the disk, not for a moment. The key is in memory alone, so that what a crash leaves is
//! noise, unless a record of the store keeps it.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::store::Error;
use crate::store::vault::FileKey;

/// Octets of records after which a piece is sealed.
const PIECE_BYTES: usize = 64 * 1024;
/// Longest piece: its last record may stand over.
const PIECE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Writing {
    file: File,
    sealed: Sealed,
    piece: Vec<u8>,
    piece_bytes: usize,
}

/// A file that is written. Dropped, it is gone, unless it is [kept](Sealed::keep).
#[derive(Debug)]
pub(super) struct Sealed {
    path: PathBuf,
    key: FileKey,
    pieces: u32,
    is_kept: bool,
}

impl Writing {
    /// Begins a file in the folder; pieces are sealed each time so many octets have come together.
    pub(super) fn begin(dir: &Path, name: &str, key: FileKey, piece_bytes: usize) -> Result<Self, Error> {
        let path = dir.join(name);
        let file = File::options()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| disk(&error))?;
        Ok(Self {
            file,
            sealed: Sealed {
                path,
                key,
                pieces: 0,
                is_kept: false,
            },
            piece: Vec::new(),
            piece_bytes: piece_bytes.min(PIECE_BYTES),
        })
    }

    /// Adds a record.
    pub(super) fn push(&mut self, record: &[u8]) -> Result<(), Error> {
        let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
        self.piece.extend_from_slice(&length.to_be_bytes());
        self.piece.extend_from_slice(record);
        if self.piece.len() >= self.piece_bytes {
            self.end_piece()?;
        }
        Ok(())
    }

    fn end_piece(&mut self) -> Result<(), Error> {
        let place = self.sealed.place(self.sealed.pieces);
        self.sealed.key.seal(&place, &mut self.piece)?;
        let length = u32::try_from(self.piece.len()).unwrap_or(u32::MAX);
        self.file
            .write_all(&length.to_be_bytes())
            .map_err(|error| disk(&error))?;
        self.file.write_all(&self.piece).map_err(|error| disk(&error))?;
        self.piece.clear();
        self.sealed.pieces += 1;
        Ok(())
    }

    /// The file, whole.
    pub(super) fn end(mut self) -> Result<Sealed, Error> {
        if !self.piece.is_empty() {
            self.end_piece()?;
        }
        Ok(self.sealed)
    }
}

impl Sealed {
    /// The file of that name which a record of the store keeps the key of.
    pub(super) fn kept(dir: &Path, name: &str, key: FileKey, pieces: u32) -> Self {
        Self {
            path: dir.join(name),
            key,
            pieces,
            is_kept: true,
        }
    }

    /// What a piece is bound to: the file's own name, and which piece it is.
    fn place(&self, piece: u32) -> Vec<u8> {
        [self.name().as_bytes(), &piece.to_be_bytes()].concat()
    }

    /// Its name in the folder.
    pub(super) fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// The key it is sealed with.
    pub(super) fn key(&self) -> &FileKey {
        &self.key
    }

    /// How many pieces it has.
    pub(super) fn pieces(&self) -> u32 {
        self.pieces
    }

    /// Puts it on the disk for good: it outlives this value, and a power cut.
    pub(super) fn sync(&self) -> Result<(), Error> {
        File::open(&self.path)
            .and_then(|file| file.sync_all())
            .map_err(|error| disk(&error))?;
        let dir = self.path.parent().unwrap_or(Path::new("."));
        File::open(dir)
            .and_then(|dir| dir.sync_all())
            .map_err(|error| disk(&error))
    }

    /// It is not removed when this value is dropped.
    pub(super) fn keep(&mut self) {
        self.is_kept = true;
    }

    /// It is removed when this value is dropped.
    pub(super) fn discard(&mut self) {
        self.is_kept = false;
    }

    /// Its records, in order.
    pub(super) fn records(&self) -> Result<Records<'_>, Error> {
        let file = File::open(&self.path).map_err(|error| disk(&error))?;
        Ok(Records {
            sealed: self,
            file: BufReader::new(file),
            next: 0,
            piece: Vec::new(),
            at: 0,
        })
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        if !self.is_kept
            && let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a file of a feed could not be removed; the next start does it");
        }
    }
}

/// Reads the records of a file.
#[derive(Debug)]
pub(super) struct Records<'a> {
    sealed: &'a Sealed,
    file: BufReader<File>,
    next: u32,
    piece: Vec<u8>,
    at: usize,
}

impl Records<'_> {
    /// The next record; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, Error> {
        if self.at >= self.piece.len() && !self.next_piece()? {
            return Ok(None);
        }
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(torn)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let record = rest.get(..length).ok_or_else(torn)?;
        self.at += 4 + length;
        Ok(Some(record))
    }

    fn next_piece(&mut self) -> Result<bool, Error> {
        if self.next == self.sealed.pieces {
            return Ok(false);
        }
        let mut length = [0; 4];
        self.file.read_exact(&mut length).map_err(|error| disk(&error))?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > PIECE_BYTES_MAX {
            return Err(torn());
        }
        self.piece.resize(length, 0);
        self.file.read_exact(&mut self.piece).map_err(|error| disk(&error))?;
        self.sealed.key.open(&self.sealed.place(self.next), &mut self.piece)?;
        self.next += 1;
        self.at = 0;
        Ok(true)
    }
}

fn disk(error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::StorageFull {
        return Error::Full;
    }
    Error::Disk(error.to_string())
}

fn torn() -> Error {
    Error::Unreadable("a file of a feed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(dir: &Path, count: u32) -> Sealed {
        let key = FileKey::random().expect("random");
        let mut writing = Writing::begin(dir, "draft-1", key, 300).expect("begins");
        for number in 0..count {
            writing
                .push(format!("ann{number}@mst.example").as_bytes())
                .expect("writes");
        }
        writing.end().expect("ends")
    }

    #[test]
    fn records_come_back_in_order_and_the_file_names_nobody() {
        let dir = tempfile::tempdir().expect("a folder");
        let sealed = written(dir.path(), 100);
        assert!(sealed.pieces() > 3);
        let on_disk = fs::read(dir.path().join("draft-1")).expect("reads");
        assert!(!on_disk.windows(3).any(|window| window == b"ann"));
        let mut records = sealed.records().expect("opens");
        for number in 0..100 {
            let record = records.next().expect("reads").map(<[u8]>::to_vec);
            assert_eq!(record, Some(format!("ann{number}@mst.example").into_bytes()));
        }
        assert_eq!(records.next().expect("reads"), None);
        drop(sealed);
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn what_is_cut_short_or_changed_is_noticed() {
        let dir = tempfile::tempdir().expect("a folder");
        let sealed = written(dir.path(), 40);
        let path = dir.path().join("draft-1");
        let whole = fs::read(&path).expect("reads");
        let read_all = || -> Result<(), Error> {
            let mut records = sealed.records()?;
            while records.next()?.is_some() {}
            Ok(())
        };
        assert!(read_all().is_ok());
        fs::write(&path, &whole[..whole.len() - 1]).expect("writes");
        assert!(read_all().is_err());
        let mut changed = whole;
        changed[40] ^= 1;
        fs::write(&path, &changed).expect("writes");
        assert!(read_all().is_err());
    }
}
