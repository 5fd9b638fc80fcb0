//! Spool: message bytes, written once and never changed.
//!
//! Small ones ride in the commit, so that accepting a message is one act. Large ones are files of their own: temporary name, sync, rename, sync of the folder, and only then the commit that names them. A file that no
//! commit names is swept at the next opening.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::engine::{Batch, Table};
use super::mailings::{is_kept, owner};
use super::vault::Vault;
use super::{Error, OpenError, Store, make_private_dir};

/// Longest message that rides in the commit: 64 KiB, and what we write on top.
const INLINE_BYTES_MAX: usize = 72 * 1024;

/// The folder of the large ones.
#[derive(Debug, Clone)]
pub(super) struct Spool {
    dir: PathBuf,
    vault: Vault,
    /// Held by whoever seals a file; alone by whoever changes the key.
    sealing: Arc<tokio::sync::RwLock<()>>,
}

impl Spool {
    pub(super) fn open(dir: &Path, vault: Vault) -> Result<Self, OpenError> {
        make_private_dir(dir)?;
        let spool = Self {
            dir: dir.to_owned(),
            vault,
            sealing: Arc::default(),
        };
        spool.sweep().map_err(|source| OpenError::Disk {
            path: dir.to_owned(),
            source,
        })?;
        Ok(spool)
    }

    /// Removes what a crash left half-written.
    fn sweep(&self) -> std::io::Result<()> {
        for entry in std::fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "tmp") {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.eml"))
    }

    /// Puts the bytes into the batch, or into a file that the batch's commit will name.
    pub(super) async fn write(&self, batch: &mut Batch, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        if bytes.len() <= INLINE_BYTES_MAX {
            batch.put(Table::Messages, name.as_bytes(), bytes);
            return Ok(());
        }
        let _steady = self.sealing.read().await;
        let bytes = self.vault.seal(&place(name), &bytes)?;
        let (path, dir) = (self.path(name), self.dir.clone());
        let written = tokio::task::spawn_blocking(move || write_file(&dir, &path, &bytes)).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::StorageFull => Err(Error::Full),
            Ok(Err(error)) => Err(Error::Disk(error.to_string())),
            Err(panicked) => Err(Error::Disk(panicked.to_string())),
        }
    }

    /// The names of the large messages.
    fn names(&self) -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let path = entry?.path();
            names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
        }
        Ok(names)
    }

    /// Every large message as it lies on the disk, by name, one after the other; without those that are removed meanwhile.
    pub(super) fn files(&self) -> std::io::Result<impl Iterator<Item = std::io::Result<(String, Vec<u8>)>> + use<'_>> {
        let read = |name: String| match std::fs::read(self.path(&name)) {
            Ok(bytes) => Some(Ok((name, bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => Some(Err(error)),
        };
        Ok(self.names()?.into_iter().filter_map(read))
    }

    /// Puts one large message back.
    pub(super) async fn restore(&self, name: &str, bytes: Vec<u8>) -> std::io::Result<()> {
        let fits = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
        if !fits {
            return Err(std::io::Error::other("a name that is none of a message"));
        }
        let (path, dir) = (self.path(name), self.dir.clone());
        tokio::task::spawn_blocking(move || write_file(&dir, &path, &bytes))
            .await
            .map_err(std::io::Error::other)?
    }

    /// Takes a new data key into use, while nobody is sealing a file.
    pub(super) async fn seal_from_now_on(&self, number: u32, wrapped: &[u8]) -> Result<(), Error> {
        let _alone = self.sealing.write().await;
        let added = self.vault.add(number, wrapped);
        added.ok_or_else(|| Error::Unreadable("the data key just made".to_owned()))
    }

    /// Seals every file anew that lies under an older key; returns how many.
    pub(super) async fn reseal(&self) -> Result<u64, Error> {
        let spool = self.clone();
        let resealed = tokio::task::spawn_blocking(move || spool.reseal_all()).await;
        resealed.map_err(|panicked| Error::Disk(panicked.to_string()))?
    }

    fn reseal_all(&self) -> Result<u64, Error> {
        let disk = |error: std::io::Error| Error::Disk(error.to_string());
        let mut count = 0;
        for name in self.names().map_err(disk)? {
            let path = self.path(&name);
            let Some(sealed) = read_file(&path)?.filter(|sealed| self.vault.is_old(sealed)) else {
                continue;
            };
            let bytes = self.vault.open_value(&place(&name), &sealed)?;
            let sealed = self.vault.seal(&place(&name), &bytes)?;
            write_file(&self.dir, &path, &sealed).map_err(disk)?;
            // It may have been discarded meanwhile: the next opening sweeps what no record names.
            count += 1;
        }
        Ok(count)
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let sealed = read_file(&self.path(name))?;
        sealed
            .map(|sealed| self.vault.open_value(&place(name), &sealed))
            .transpose()
    }

    /// Takes back a file whose commit failed.
    pub(super) fn discard(&self, name: &str) {
        if let Err(error) = std::fs::remove_file(self.path(name))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a spool file could not be removed");
        }
    }
}

impl Store {
    /// Removes the files that no commit names: of messages that were not taken after all, or are ours no longer.
    pub(super) fn sweep_orphans(&self) -> Result<(), Error> {
        let names = self.spool.names().map_err(|error| Error::Disk(error.to_string()))?;
        for name in names {
            let is_named = match owner(&name) {
                Some(id) => self.mailing(id)?.is_some_and(|state| is_kept(&state)),
                // None of ours: it stays, for whoever put it there.
                None => true,
            };
            if !is_named {
                self.spool.discard(&name);
            }
        }
        Ok(())
    }

    /// The bytes of that name; `None` when there are none.
    pub(super) fn spooled(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.engine.read(Table::Messages, name.as_bytes())? {
            Some(bytes) => Ok(Some(bytes)),
            None => self.spool.read(name),
        }
    }
}

/// What a file's seal is bound to.
fn place(name: &str) -> Vec<u8> {
    [b"spool/", name.as_bytes()].concat()
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Disk(error.to_string())),
    }
}

fn write_file(dir: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("tmp");
    let written = write_and_rename(dir, &temporary, path, bytes);
    if written.is_err() {
        // Half a file on a full disk helps nobody; that it may be gone already does not matter.
        drop(std::fs::remove_file(&temporary));
    }
    written
}

fn write_and_rename(dir: &Path, temporary: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(temporary, path)?;
    File::open(dir)?.sync_all()
}
