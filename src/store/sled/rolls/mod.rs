//! Rolls: files of long values, only ever appended to.
//!
//! The engine keeps eight to sixteen values together and writes them all again as others join them, so that a message would
//! cost it several times its length. What belongs to a table of [long](Table::is_long) values therefore lies in files beside
//! the engine, one after the other, and the engine has its [`Place`]. It is told of no place before what lies there is on the
//! disk.
//!
//! # Form
//! A roll is a file `roll-NUMBER` of [entries](Entry), keys and values as the engine would have them: values are sealed and bound
//! to their keys.
//!
//! # What is no longer wanted
//! A roll of which nothing is wanted is removed. One of which little is wanted is moved, a piece with each group of commits,
//! to the end of the newest. Each opening begins a new roll: nobody writes behind a torn end.

mod place;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

pub(super) use place::Place;

use super::entry::Entry;
use super::read::Record;
use super::whole::Writes;
use crate::store::engine::Table;
use crate::store::{Error, OpenError, make_private_dir};

/// Octets at which a roll is full.
const ROLL_OCTETS: u64 = 32 * 1024 * 1024;
/// A roll of which fewer octets are wanted is moved.
const WANTED_OCTETS_MIN: u64 = ROLL_OCTETS / 4;
/// Octets of a roll that are looked at with one group of commits while it is moved.
const MOVED_OCTETS: usize = 1024 * 1024;
const PREFIX: &str = "roll-";

/// Where the rolls lie; reads what lies there.
#[derive(Debug, Clone)]
pub(super) struct Shelf(PathBuf);

impl Shelf {
    fn path(&self, roll: u32) -> PathBuf {
        self.0.join(format!("{PREFIX}{roll:010}"))
    }

    /// What lies at a place; `None` when its roll has been removed.
    pub(super) fn read(&self, place: Place) -> Result<Option<Vec<u8>>, Error> {
        let mut value = vec![0; usize::try_from(place.length).unwrap_or(usize::MAX)];
        let read =
            File::open(self.path(place.roll)).and_then(|file| file.read_exact_at(&mut value, u64::from(place.offset)));
        match read {
            Ok(()) => Ok(Some(value)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Error::Unreadable(format!(
                "a message in {}",
                self.path(place.roll).display()
            ))),
            Err(error) => Err(Error::Disk(error.to_string())),
        }
    }

    /// Octets of a roll from one on: at most [`MOVED_OCTETS`], fewer at its end.
    fn piece(&self, roll: u32, from: u64) -> io::Result<Vec<u8>> {
        let file = File::open(self.path(roll))?;
        let left = file.metadata()?.len().saturating_sub(from);
        let mut piece = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(MOVED_OCTETS)];
        file.read_exact_at(&mut piece, from)?;
        Ok(piece)
    }

    /// Whether a roll is there, as far as something is wanted of it.
    fn check(&self, roll: u32, end: u64) -> Result<(), OpenError> {
        let path = self.path(roll);
        let what = match std::fs::metadata(&path) {
            Ok(metadata) if metadata.len() >= end => return Ok(()),
            Ok(_) => "is cut short",
            Err(error) if error.kind() == io::ErrorKind::NotFound => "is missing",
            Err(source) => return Err(OpenError::Disk { path, source }),
        };
        Err(OpenError::Damaged {
            path: self.0.parent().unwrap_or(&self.0).to_owned(),
            reason: format!("{PREFIX}{roll:010} {what}, with messages in it"),
        })
    }

    /// The numbers of the rolls there are.
    fn numbers(&self) -> io::Result<Vec<u32>> {
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
            let number = number.and_then(|number| number.parse().ok());
            // What is named otherwise is none of ours, and stays.
            let is_ours = |roll: &u32| self.path(*roll) == entry.path();
            numbers.extend(number.filter(is_ours).filter(|_| !entry.path().is_dir()));
        }
        Ok(numbers)
    }
}

/// The roll that is written to.
#[derive(Debug)]
struct Newest {
    roll: u32,
    file: File,
    octets: u64,
}

/// All rolls, in the hand of the one who writes.
#[derive(Debug)]
pub(super) struct Rolls {
    shelf: Shelf,
    db: sled::Db,
    newest: Option<Newest>,
    /// The number of the next one.
    next: u32,
    /// Octets that are wanted, by roll.
    wanted: BTreeMap<u32, u64>,
    /// The roll that is moved, and how far it was looked at.
    moving: Option<(u32, u64)>,
    /// Rolls in which something wanted was not found; they stay as they are.
    odd: Vec<u32>,
}

impl Rolls {
    /// Finds the rolls that the engine has places in, and removes those it has none in: of commits that were never done.
    pub(super) fn open(dir: &Path, db: &sled::Db) -> Result<Self, OpenError> {
        make_private_dir(dir)?;
        let shelf = Shelf(dir.to_owned());
        let disk = |source| OpenError::Disk {
            path: dir.to_owned(),
            source,
        };
        if let Some(above) = dir.parent() {
            File::open(above).and_then(|above| above.sync_all()).map_err(disk)?;
        }
        let numbers = shelf.numbers().map_err(disk)?;
        let held = held_by(db)?;
        for (roll, held) in &held {
            shelf.check(*roll, held.end)?;
        }
        let wanted: BTreeMap<u32, u64> = held.into_iter().map(|(roll, held)| (roll, held.octets)).collect();
        for roll in numbers.iter().filter(|roll| !wanted.contains_key(roll)) {
            std::fs::remove_file(shelf.path(*roll)).map_err(disk)?;
        }
        let mut rolls = Self {
            shelf,
            db: db.clone(),
            newest: None,
            next: wanted.keys().next_back().map_or(1, |last| last.saturating_add(1)),
            wanted,
            moving: None,
            odd: Vec::new(),
        };
        rolls.choose();
        Ok(rolls)
    }

    pub(super) fn shelf(&self) -> Shelf {
        self.shelf.clone()
    }

    /// Writes what a group of commits has of long values, syncs it, and tells the engine's writes where it lies; `None`
    /// removes. A piece of the roll that is moved goes with it. Whether there was anything to sync.
    pub(super) fn keep(
        &mut self,
        mut long: HashMap<Vec<u8>, Option<Vec<u8>>>,
        writes: &mut Writes,
    ) -> Result<bool, Error> {
        for (key, value) in self.moved()? {
            // Whoever writes it anew wants what is written now.
            long.entry(key).or_insert(Some(value));
        }
        let length = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| {
            value.as_ref().map_or(0, |value| Entry { key, value }.length())
        };
        let mut octets = Vec::with_capacity(long.iter().map(length).sum());
        let mut entries = Vec::new();
        for (key, value) in long {
            if let Some(place) = self.place(&key)? {
                self.let_go(place);
            }
            match value {
                Some(value) => {
                    let entry = Entry {
                        key: &key,
                        value: &value,
                    };
                    let within = entry.write(&mut octets).ok_or_else(too_long)?;
                    entries.push((key, within, value.len()));
                }
                None => _ = writes.insert(key, None),
            }
        }
        if octets.is_empty() {
            return Ok(false);
        }
        let appended = self.append(&octets);
        let at_fault = |error| Error::Disk(format!("{}: {error}", self.shelf.0.display()));
        let (roll, from) = appended.map_err(at_fault)?;
        for (key, within, length) in entries {
            let place = Place::new(roll, from, within, length).ok_or_else(too_long)?;
            *self.wanted.entry(roll).or_default() += u64::from(place.length);
            writes.insert(key, Some(place.to_octets().into()));
        }
        Ok(true)
    }

    /// After a sync of the engine: removes the rolls of which nothing is wanted, and chooses what is moved next.
    pub(super) fn tidy(&mut self) {
        let newest = self.newest.as_ref().map(|newest| newest.roll);
        let (shelf, moving) = (&self.shelf, &mut self.moving);
        self.wanted.retain(|roll, wanted| {
            if *wanted > 0 || Some(*roll) == newest {
                return true;
            }
            moving.take_if(|(moving, _)| moving == roll);
            if let Err(error) = std::fs::remove_file(shelf.path(*roll)) {
                // The next opening removes it.
                tracing::warn!(%error, roll, "a roll of which nothing is wanted could not be removed");
            }
            false
        });
        self.choose();
    }

    /// Chooses a roll of which little is wanted, unless one is moved already.
    fn choose(&mut self) {
        let newest = self.newest.as_ref().map(|newest| newest.roll);
        let is_sparse = |(roll, wanted): &(&u32, &u64)| {
            **wanted < WANTED_OCTETS_MIN && Some(**roll) != newest && !self.odd.contains(*roll)
        };
        if self.moving.is_none() {
            self.moving = self.wanted.iter().find(is_sparse).map(|(roll, _)| (*roll, 0));
        }
    }

    /// The wanted entries of the next piece of the roll that is moved: full keys, sealed values.
    fn moved(&mut self) -> Result<Vec<Record>, Error> {
        let Some((roll, from)) = self.moving else {
            return Ok(Vec::new());
        };
        let piece = match self.shelf.piece(roll, from) {
            Ok(piece) => piece,
            Err(error) => {
                // Nothing hangs on the move: those who commit now shall not pay for it.
                tracing::error!(%error, roll, "a roll cannot be read; it is left as it is");
                self.moving = None;
                self.odd.push(roll);
                return Ok(Vec::new());
            }
        };
        let (mut wanted, mut rest) = (Vec::new(), piece.as_slice());
        while let Some((entry, after)) = Entry::read(rest) {
            let within = piece.len() - after.len() - entry.value.len();
            let place = Place::new(roll, from, within, entry.value.len());
            if place.is_some() && self.place(entry.key)? == place {
                wanted.push((entry.key.to_vec(), entry.value.to_vec()));
            }
            rest = after;
        }
        let passed = piece.len() - rest.len();
        if passed > 0 {
            self.moving = Some((roll, from + u64::try_from(passed).unwrap_or(u64::MAX)));
        } else {
            self.at_its_end(roll);
        }
        Ok(wanted)
    }

    /// All entries of a roll have been looked at: what was wanted lies elsewhere now, and it is removed after the next sync.
    fn at_its_end(&mut self, roll: u32) {
        self.moving = None;
        if self.wanted.get(&roll).is_some_and(|wanted| *wanted > 0) {
            tracing::error!(
                roll,
                "not all that is wanted of a roll can be found in it; it is left as it is"
            );
            self.odd.push(roll);
        }
    }

    /// Writes octets to the newest roll, on the disk when this returns; its number, and where they begin.
    fn append(&mut self, octets: &[u8]) -> io::Result<(u32, u64)> {
        let mut newest = match self.newest.take() {
            Some(newest) if newest.octets < ROLL_OCTETS => newest,
            Some(_) | None => self.begin()?,
        };
        let from = newest.octets;
        newest.file.write_all(octets)?;
        newest.file.sync_data()?;
        newest.octets += u64::try_from(octets.len()).unwrap_or(u64::MAX);
        let roll = newest.roll;
        self.newest = Some(newest);
        Ok((roll, from))
    }

    fn begin(&mut self) -> io::Result<Newest> {
        let roll = self.next;
        self.next += 1;
        let file = File::options()
            .append(true)
            .create_new(true)
            .open(self.shelf.path(roll))?;
        File::open(&self.shelf.0)?.sync_all()?;
        Ok(Newest { roll, file, octets: 0 })
    }

    fn place(&self, key: &[u8]) -> Result<Option<Place>, Error> {
        self.db.get(key)?.map(|octets| Place::of(&octets)).transpose()
    }

    fn let_go(&mut self, place: Place) {
        if let Some(wanted) = self.wanted.get_mut(&place.roll) {
            *wanted = wanted.saturating_sub(u64::from(place.length));
        }
    }
}

/// What the engine has places of in a roll.
#[derive(Debug, Default)]
struct Held {
    octets: u64,
    /// Where the last of it ends.
    end: u64,
}

fn held_by(db: &sled::Db) -> Result<BTreeMap<u32, Held>, OpenError> {
    let mut all: BTreeMap<u32, Held> = BTreeMap::new();
    for table in Table::ALL.into_iter().filter(|table| table.is_long()) {
        for item in db.scan_prefix(table.key(&[])).values() {
            let place = Place::of(&item.map_err(Error::from)?)?;
            let held = all.entry(place.roll).or_default();
            held.octets += u64::from(place.length);
            held.end = held.end.max(u64::from(place.offset) + u64::from(place.length));
        }
    }
    Ok(all)
}

fn too_long() -> Error {
    Error::Disk("a value over the limits of a roll was not written".to_owned())
}

#[cfg(test)]
mod tests;
