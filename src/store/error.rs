//! What can go wrong with the memory, by who must act.

use std::path::PathBuf;

/// A read or a commit failed; nothing of the commit is kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else changed what this commit stands on; read again and decide anew.
    #[error("somebody else changed it first")]
    Conflict,
    /// The disk has less than the configured free space.
    #[error("the disk of the data folder is full")]
    Full,
    /// The disk or the engine failed.
    #[error("the store failed: {0}")]
    Disk(String),
    /// A record cannot be read back: it was damaged, or written by another version.
    #[error("a record of the store cannot be read: {0}")]
    Unreadable(String),
    /// The store is being closed.
    #[error("the store is closing")]
    Closed,
}

impl From<postcard::Error> for Error {
    fn from(source: postcard::Error) -> Self {
        Self::Unreadable(source.to_string())
    }
}

/// The store cannot be opened; each sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "the store in {path} is in use by another process; stop the other gateway, or give this one its own data_dir"
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The files are damaged.
    #[error(
        "the store in {path} is damaged ({reason}); move the folder away and run `bedel store restore` with the newest export"
    )]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// What the engine said.
        reason: String,
    },
    /// Another master key sealed it.
    #[error(
        "the store in {path} is sealed with another master key; put back the key file it was made with (`key` of [store] in gateway.toml)"
    )]
    WrongKey {
        /// The folder.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("cannot use {path}: {source}")]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It opened, and a record in it cannot be read.
    #[error("the store opened, and then failed: {0}")]
    Broken(#[from] Error),
}
