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
    keep: Keep,
}

/// What becomes of the messages themselves.
#[derive(Debug, Default)]
enum Keep {
    #[default]
    InMemory,
    InFolder(PathBuf),
    Not,
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

    /// A recorder that only counts.
    pub fn counting() -> Self {
        Self {
            keep: Keep::Not,
            ..Self::default()
        }
    }

    /// A recorder that writes one line a message, return path and recipients parted by tabs, to `taken.log` in `folder`,
    /// and where `keep_messages` says so each message beside it, as `<number>.eml`.
    pub fn in_folder(folder: &Path, keep_messages: bool) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("taken.log"))?;
        let state = State {
            log: Some(log),
            ..State::default()
        };
        let keep = if keep_messages {
            Keep::InFolder(folder.to_owned())
        } else {
            Keep::Not
        };
        Ok(Self {
            state: Mutex::new(state),
            keep,
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

    /// The messages, in the order they came; empty for a recorder that keeps none in memory.
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
        match &self.keep {
            Keep::InFolder(folder) => std::fs::write(folder.join(format!("{number}.eml")), &taken.message)?,
            Keep::InMemory if state.taken.len() < MESSAGES_MAX => state.taken.push(taken),
            Keep::InMemory | Keep::Not => {}
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
