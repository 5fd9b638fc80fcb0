//! Clicks that came while the gateway was away: on the disk before they are answered, and handed over when it is back.
//!
//! One line a token, in a file that only the process at the public door writes; the store itself is not open there. A line
//! without its end was never answered, and is nothing.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The journal's file in the data folder.
const JOURNAL: &str = "clicks";
/// What is written of forged ones, to take as long; it is emptied again and again.
const FORGED: &str = "clicks.forged";
/// Octets of that.
const FORGED_BYTES_MAX: u64 = 64 * 1024;

/// The journal.
#[derive(Debug, Clone)]
pub struct Clicks(Arc<Mutex<Journal>>);

#[derive(Debug)]
struct Journal {
    path: PathBuf,
    file: File,
    forged: File,
    waiting: BTreeSet<String>,
}

impl Clicks {
    /// Opens the journal of a data folder, with what still waits in it.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join(JOURNAL);
        let mut file = append(&path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let waiting: BTreeSet<String> = text
            .split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n'))
            .map(str::to_owned)
            .collect();
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n")?;
            file.sync_data()?;
        }
        File::open(data_dir)?.sync_all()?;
        Ok(Self(Arc::new(Mutex::new(Journal {
            forged: append(&data_dir.join(FORGED))?,
            path,
            file,
            waiting,
        }))))
    }

    /// Keeps a token: it is on the disk when this returns. One that waits already is kept once, and costs the same.
    pub fn keep(&self, token: &str) -> io::Result<()> {
        let mut journal = self.lock();
        if journal.waiting.contains(token) {
            return journal.write_nothing(token);
        }
        journal.file.write_all(format!("{token}\n").as_bytes())?;
        journal.file.sync_data()?;
        journal.waiting.insert(token.to_owned());
        Ok(())
    }

    /// Costs what keeping it would, and keeps nothing.
    pub fn forged(&self, token: &str) -> io::Result<()> {
        self.lock().write_nothing(token)
    }

    /// What waits to be handed over.
    pub fn waiting(&self) -> Vec<String> {
        self.lock().waiting.iter().cloned().collect()
    }

    /// These have been handed over.
    pub fn drop_handed(&self, tokens: &[String]) -> io::Result<()> {
        let mut journal = self.lock();
        let mut left = journal.waiting.clone();
        for token in tokens {
            left.remove(token);
        }
        if left.is_empty() {
            // Nothing follows a crash in between: what is handed over twice is kept once.
            journal.file.set_len(0)?;
        } else {
            journal.rewrite(&left)?;
        }
        journal.waiting = left;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Journal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal {
    fn write_nothing(&mut self, token: &str) -> io::Result<()> {
        if self.forged.metadata()?.len() > FORGED_BYTES_MAX {
            self.forged.set_len(0)?;
        }
        self.forged.write_all(format!("{token}\n").as_bytes())?;
        self.forged.sync_data()
    }

    /// Writes it anew beside the old one, and in its place once it is whole.
    fn rewrite(&mut self, tokens: &BTreeSet<String>) -> io::Result<()> {
        let part = self.path.with_extension("part");
        let mut file = append(&part)?;
        file.set_len(0)?;
        for token in tokens {
            file.write_all(format!("{token}\n").as_bytes())?;
        }
        file.sync_all()?;
        std::fs::rename(&part, &self.path)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        self.file = file;
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reopened(home: &Path) -> Vec<String> {
        Clicks::open(home).expect("opens").waiting()
    }

    #[test]
    fn what_was_kept_waits_until_it_is_handed_over() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let clicks = Clicks::open(home.path()).expect("opens");
        for token in ["b", "a", "b"] {
            clicks.keep(token).expect("keeps");
        }
        assert_eq!(reopened(home.path()), ["a", "b"]);
        let handed = clicks.waiting();
        clicks.keep("c").expect("keeps");
        clicks.drop_handed(&handed).expect("drops");
        assert_eq!(reopened(home.path()), ["c"]);
        clicks.keep("d").expect("keeps");
        assert_eq!(reopened(home.path()), ["c", "d"]);
        clicks.drop_handed(&clicks.waiting()).expect("drops");
        clicks.keep("e").expect("keeps");
        assert_eq!(reopened(home.path()), ["e"]);
    }

    #[test]
    fn a_line_without_its_end_is_nothing_and_spoils_no_other() {
        let home = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(home.path().join(JOURNAL), "whole\nto").expect("writes");
        let clicks = Clicks::open(home.path()).expect("opens");
        assert_eq!(clicks.waiting(), ["whole"]);
        clicks.keep("next").expect("keeps");
        let found = reopened(home.path());
        assert!(
            found.contains(&"next".to_owned()) && found.contains(&"whole".to_owned()),
            "{found:?}"
        );
    }

    #[test]
    fn forged_ones_fill_no_disk() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let clicks = Clicks::open(home.path()).expect("opens");
        for _ in 0..FORGED_BYTES_MAX / 512 + 300 {
            clicks.forged(&"x".repeat(511)).expect("costs");
        }
        let length = std::fs::metadata(home.path().join(FORGED)).expect("is there").len();
        assert!(length <= FORGED_BYTES_MAX + 512, "{length}");
        assert_eq!(reopened(home.path()), Vec::<String>::new());
    }
}
