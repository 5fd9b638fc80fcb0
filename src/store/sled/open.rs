//! Opening the database folder: what is damaged, taken or lost becomes a sentence.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use crate::store::OpenError;
use crate::store::engine::Table;

/// Memory sled may use for its pages.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;
/// How often, and how long apart, a folder is asked for that is in use.
const ASKED_MAX: usize = 50;
const ASKED_EVERY: Duration = Duration::from_millis(20);
/// Name of the file that says that this folder has held a store.
const SIGN: &str = "bedel-store";
/// Key, in [`Table::About`], of the format the store was made with.
pub(super) const FORMAT_KEY: &[u8] = b"format";
/// The format this version writes.
pub(in crate::store) const FORMAT: &str = "18";

/// Whether another version made it, whose records this one cannot read.
fn is_foreign(db: &sled::Db) -> Result<bool, sled::Error> {
    let format = db.get(Table::About.key(FORMAT_KEY))?;
    Ok(format.is_some_and(|format| format != FORMAT.as_bytes()))
}

/// Whether the folder says that it has held a store of which the engine found nothing. sled opens a file it cannot
/// recover as an empty database, and an empty store would be taken for a fresh one.
fn is_lost(db: &sled::Db, path: &Path) -> Result<bool, sled::Error> {
    Ok(path.join(SIGN).exists() && db.get(Table::About.key(FORMAT_KEY))?.is_none())
}

/// Marks a fresh store as made, within and beside it.
pub(super) fn sign(db: &sled::Db, path: &Path, file: &File) -> std::io::Result<()> {
    if path.join(SIGN).exists() {
        return Ok(());
    }
    db.insert(Table::About.key(FORMAT_KEY), FORMAT)
        .and_then(|_| db.flush())
        .map_err(std::io::Error::other)?;
    file.sync_data()?;
    let mut sign = File::create(path.join(SIGN))?;
    std::io::Write::write_all(
        &mut sign,
        b"A Bedel store lives here. Do not change any file of this folder.\n",
    )?;
    sign.sync_all()?;
    File::open(path)?.sync_all()
}

/// Opens sled. Threads of the engine may hold the folder a moment longer than who had it open before.
pub(super) fn open_db(path: &Path) -> Result<sled::Db, OpenError> {
    for _ in 1..ASKED_MAX {
        match open_now(path) {
            Err(OpenError::InUse { .. }) => std::thread::sleep(ASKED_EVERY),
            opened => return opened,
        }
    }
    open_now(path)
}

/// Opens sled; a panic within it on damaged files becomes a sentence.
fn open_now(path: &Path) -> Result<sled::Db, OpenError> {
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(None);
    let damaged = |reason: String| OpenError::Damaged {
        path: path.to_owned(),
        reason,
    };
    match catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(Ok(db)) => match (is_lost(&db, path), is_foreign(&db)) {
            (Ok(false), Ok(false)) => Ok(db),
            (Ok(true), _) => Err(damaged("nothing in it can be recovered".to_owned())),
            (Ok(false), Ok(true)) => Err(damaged(
                "another version of the gateway made it; begin with an empty folder, and import the feeds again"
                    .to_owned(),
            )),
            (Err(error), _) | (Ok(false), Err(error)) => Err(damaged(error.to_string())),
        },
        Ok(Err(sled::Error::Io(source))) if source.to_string().contains("lock") => {
            Err(OpenError::InUse { path: path.to_owned() })
        }
        Ok(Err(sled::Error::Io(source))) => Err(OpenError::Disk {
            path: path.to_owned(),
            source,
        }),
        Ok(Err(error)) => Err(damaged(error.to_string())),
        Err(_panic) => Err(damaged("its files do not fit together".to_owned())),
    }
}

/// Syncs the folder and the one above it, and opens sled's file for our own syncs.
pub(super) fn sync_open(path: &Path) -> std::io::Result<File> {
    File::open(path)?.sync_all()?;
    if let Some(above) = path.parent() {
        File::open(above)?.sync_all()?;
    }
    let file = File::options().read(true).write(true).open(path.join("db"))?;
    file.sync_all()?;
    Ok(file)
}
