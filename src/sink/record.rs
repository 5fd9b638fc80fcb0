//! What a sink has taken.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Messages kept in memory at most; the counts go on.
const MESSAGES_MAX: usize = 20_000;

/// One message it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The return path; empty for the null path.
    pub from: String,
    /// Whom it was for.
    pub to: Vec<String>,
    /// The message, dots unstuffed.
    pub message: Vec<u8>,
}

/// Counts and keeps what a sink has taken.
#[derive(Debug, Default)]
pub struct Recorder {
    state: Mutex<State>,
    folder: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct State {
    taken: Vec<Taken>,
    count: u64,
    per_recipient: HashMap<String, u32>,
    tried: HashSet<String>,
    log: Option<File>,
}

impl Recorder {
    /// A recorder that keeps messages in memory.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// A recorder that writes each message to `folder` as `<number>.eml`, and one line a message, return path and
    /// recipients parted by tabs, to `taken.log` in it.
    pub fn in_folder(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("taken.log"))?;
        let state = State {
            log: Some(log),
            ..State::default()
        };
        Ok(Self {
            state: Mutex::new(state),
            folder: Some(folder.to_owned()),
        })
    }

    /// Messages taken so far.
    pub fn count(&self) -> u64 {
        self.state().count
    }

    /// How many messages each recipient got.
    pub fn per_recipient(&self) -> HashMap<String, u32> {
        self.state().per_recipient.clone()
    }

    /// The messages, in the order they came; empty for a recorder with a folder.
    pub fn taken(&self) -> Vec<Taken> {
        self.state().taken.clone()
    }

    /// Keeps a message; returns its number.
    pub(super) fn take(&self, taken: Taken) -> std::io::Result<u64> {
        let mut state = self.state();
        state.count += 1;
        let number = state.count;
        for to in &taken.to {
            *state.per_recipient.entry(to.clone()).or_default() += 1;
        }
        if let Some(log) = &mut state.log {
            writeln!(log, "{}\t{}", taken.from, taken.to.join("\t"))?;
        }
        match &self.folder {
            Some(folder) => std::fs::write(folder.join(format!("{number}.eml")), &taken.message)?,
            None if state.taken.len() < MESSAGES_MAX => state.taken.push(taken),
            None => {}
        }
        Ok(number)
    }

    /// Whether nobody tried this recipient before.
    pub(super) fn is_first_try(&self, to: &str) -> bool {
        self.state().tried.insert(to.to_owned())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Counting cannot leave half a count.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
