//! Redo: what a group of commits writes is written ahead as one record, and done again after a crash.
//!
//! The engine is given the writes of a group one after the other, and a crash may come between any two. Its log is then cut:
//! what was logged before the cut is there, and nothing behind it. So the record of the whole group is logged before the first
//! of its writes. When all of the record is there, the next opening does what it says, again or for the first time; when it is
//! not, none of the group is there.
//!
//! After a power cut the log may also have a hole, where the kernel had not yet written what is older than what it had; the
//! engine is then cut at the hole, unless the log goes on for another two of its segments (512 KiB each) behind it. So a record
//! that is long is on the disk before the first of its writes is logged, and so is one that follows others in the same group.
//!
//! # Form
//! The record of the last group lies in pieces, under keys of no table: `SHA-256 of the record (32 octets) | pieces (2) | octets`,
//! the number big-endian. The octets of all pieces are [entries](Entry); an empty value removes, since no value on the disk is
//! empty.

use aws_lc_rs::digest::{SHA256, digest};

use super::entry::Entry;
use super::whole::{Writes, write};
use crate::store::Error;

/// The first octet of the keys: that of no table.
const REDO: u8 = 0;
/// Octets of a piece. The engine keeps up to twenty values together and puts what is longer than 128 KiB into a file of its own,
/// which it never syncs.
const PIECE_OCTETS: usize = 4 * 1024;
/// What stands before the octets of a piece.
const HEAD_OCTETS: usize = 34;
/// A longer record is on the disk before what it is the record of.
const SHORT_OCTETS: usize = 64 * 1024;

/// The record of the last group.
#[derive(Debug)]
pub(super) struct Redo {
    tree: sled::Tree,
    pieces: u16,
}

impl Redo {
    /// Does what a crash may have cut short. Before anybody else writes: what is older must not be done after what is newer.
    pub(super) fn open(tree: &sled::Tree) -> Result<Self, Error> {
        for (key, value) in standing(tree)? {
            write(tree, &key, value.as_ref())?;
        }
        for key in tree.scan_prefix([REDO]).keys() {
            tree.remove(key?)?;
        }
        tree.flush()?;
        Ok(Self {
            tree: tree.clone(),
            pieces: 0,
        })
    }

    /// Writes ahead what a group is about to write, in place of the record before it. Whether it is so long that it is to be on
    /// the disk first.
    pub(super) fn write(&mut self, writes: &Writes) -> Result<bool, Error> {
        let octets = record(writes).ok_or_else(too_long)?;
        let pieces = u16::try_from(octets.len().div_ceil(PIECE_OCTETS)).map_err(|_many| too_long())?;
        let head = [digest(&SHA256, &octets).as_ref(), &pieces.to_be_bytes()].concat();
        for (number, piece) in (0..pieces).zip(octets.chunks(PIECE_OCTETS)) {
            self.tree.insert(piece_key(number), [&head, piece].concat())?;
        }
        // What a long record leaves behind would be written again with every short one.
        for number in pieces..self.pieces {
            self.tree.remove(piece_key(number))?;
        }
        self.pieces = pieces;
        Ok(octets.len() > SHORT_OCTETS)
    }
}

fn piece_key(number: u16) -> [u8; 3] {
    let [high, low] = number.to_be_bytes();
    [REDO, high, low]
}

/// All that is written, as entries; `None` when one is longer than they can say.
fn record(writes: &Writes) -> Option<Vec<u8>> {
    let entries = writes.iter().map(|(key, value)| Entry {
        key,
        value: value.as_deref().unwrap_or_default(),
    });
    let mut octets = Vec::with_capacity(entries.clone().map(|entry| entry.length()).sum());
    for entry in entries {
        entry.write(&mut octets)?;
    }
    Some(octets)
}

/// What the last group wrote; nothing when its record is not whole, or there is none.
fn standing(tree: &sled::Tree) -> Result<Writes, Error> {
    let (mut octets, mut head) = (Vec::new(), None);
    for number in 0..u16::MAX {
        let piece = tree.get(piece_key(number))?;
        let Some((own, rest)) = piece
            .as_ref()
            .and_then(|piece| piece.split_first_chunk::<HEAD_OCTETS>())
        else {
            return Ok(Writes::new());
        };
        if *head.get_or_insert(*own) != *own {
            return Ok(Writes::new());
        }
        octets.extend_from_slice(rest);
        let [hash @ .., high, low] = own;
        if number + 1 == u16::from_be_bytes([*high, *low]) {
            let is_whole = digest(&SHA256, &octets).as_ref() == hash;
            let writes = if is_whole {
                entries(&octets)
            } else {
                Some(Writes::new())
            };
            return writes.ok_or_else(|| Error::Unreadable("what was last being written".to_owned()));
        }
    }
    Ok(Writes::new())
}

fn entries(mut octets: &[u8]) -> Option<Writes> {
    let mut writes = Writes::new();
    while !octets.is_empty() {
        let (entry, rest) = Entry::read(octets)?;
        let value = Some(entry.value).filter(|value| !value.is_empty());
        writes.insert(entry.key.to_vec(), value.map(sled::IVec::from));
        octets = rest;
    }
    Some(writes)
}

fn too_long() -> Error {
    Error::Disk("a commit over the limits of a record was not written".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::open::open_db;
    use super::*;

    fn database() -> sled::Db {
        let config = sled::Config::new().temporary(true).flush_every_ms(None);
        config.open().expect("a database")
    }

    /// What a group writes over the keys from 1 on, of values that take several pieces; every third is removed.
    fn group(number: u8) -> Writes {
        let value = |key: u8| (key % 3 != number % 3).then(|| sled::IVec::from(vec![number; 3_000]));
        (1..=20).map(|key| (vec![1, key], value(key))).collect()
    }

    fn keys(tree: &sled::Tree) -> Writes {
        let all = tree.iter().map(|item| item.expect("reads"));
        all.map(|(key, value)| (key.to_vec(), Some(value))).collect()
    }

    fn done(writes: &Writes) -> Writes {
        let there = writes.iter().filter(|(_, value)| value.is_some());
        there.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    fn make<'w>(tree: &sled::Tree, writes: impl Iterator<Item = (&'w Vec<u8>, &'w Option<sled::IVec>)>) {
        for (key, value) in writes {
            write(tree, key, value.as_ref()).expect("writes");
        }
    }

    #[test]
    fn what_a_crash_has_cut_short_is_done_at_the_next_opening() {
        for cut in 0..=group(2).len() {
            let db = database();
            let mut redo = Redo::open(&db).expect("opens");
            for (number, until) in [(1, usize::MAX), (2, cut)] {
                redo.write(&group(number)).expect("writes ahead");
                make(&db, group(number).iter().take(until));
            }
            drop(Redo::open(&db).expect("opens again"));
            assert_eq!(keys(&db), done(&group(2)), "cut after {cut}");
        }
    }

    /// What all of this stands on: of a log that ends early the engine has all that is before its end.
    #[test]
    fn wherever_the_log_ends_a_group_is_there_whole_or_not_at_all() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let open = |name: &str| open_db(&home.path().join(name)).expect("a database");
        let db = open("whole");
        let mut redo = Redo::open(&db).expect("opens");
        let begin = std::fs::metadata(home.path().join("whole/db")).expect("a file").len();
        for number in 1..=4 {
            redo.write(&group(number)).expect("writes ahead");
            make(&db, group(number).iter());
        }
        db.flush().expect("flushes");
        let log = std::fs::read(home.path().join("whole/db")).expect("reads");
        let begin = usize::try_from(begin).expect("a length");
        assert!(log.len() > begin + 100_000, "the groups are behind the beginning");
        let mut found = BTreeSet::new();
        let ends = (begin..log.len()).step_by(log.len() / 50);
        for (name, (end, is_hole)) in ends.flat_map(|end| [(end, false), (end, true)]).enumerate() {
            let (name, mut log) = (name.to_string(), log.clone());
            if is_hole {
                // What was written behind it reached the disk, and it did not.
                log.iter_mut().skip(end).take(4096).for_each(|octet| *octet = 0);
            } else {
                log.truncate(end);
            }
            let (from, to) = (home.path().join("whole"), home.path().join(&name));
            std::fs::create_dir(&to).expect("a folder");
            std::fs::copy(from.join("conf"), to.join("conf")).expect("copies");
            std::fs::write(to.join("db"), log).expect("writes");
            let db = open(&name);
            drop(Redo::open(&db).expect("opens again"));
            let last = (1..=4).find(|number| keys(&db) == done(&group(*number)));
            assert!(
                last.is_some() || keys(&db).is_empty(),
                "a part of a group, of {end} octets"
            );
            found.insert((is_hole, last));
        }
        assert_eq!(
            found.len(),
            10,
            "it ended before, between and behind all of them: {found:?}"
        );
    }

    #[test]
    fn of_a_record_that_is_not_whole_nothing_is_done() {
        let (db, before) = (database(), group(1));
        let mut redo = Redo::open(&db).expect("opens");
        redo.write(&before).expect("writes ahead");
        make(&db, before.iter());
        let last = piece_key(redo.pieces - 1);
        let old = db.get(last).expect("reads").expect("a piece");
        redo.write(&group(2)).expect("writes ahead");
        assert!(redo.pieces > 1, "several pieces");
        // The crash came before the last piece: the one of the record before still lies there.
        db.insert(last, old).expect("writes");
        drop(Redo::open(&db).expect("opens again"));
        assert_eq!(keys(&db), done(&before));
    }

    #[test]
    fn no_record_becomes_a_file_of_its_own() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let db = open_db(home.path()).expect("a database");
        let mut redo = Redo::open(&db).expect("opens");
        for count in [1_000, 10, 200, 1_000, 40].into_iter().cycle().take(60) {
            let value = || Some(sled::IVec::from(vec![7; 8 * 1024 - 100]));
            let writes: Writes = (0..count)
                .map(|key: u16| ([&[9], &key.to_be_bytes()[..]].concat(), value()))
                .collect();
            redo.write(&writes).expect("writes ahead");
        }
        db.flush().expect("flushes");
        let files = std::fs::read_dir(home.path().join("blobs")).expect("a folder");
        assert_eq!(files.count(), 0);
    }

    #[test]
    fn a_short_record_leaves_nothing_of_a_long_one() {
        let db = database();
        let mut redo = Redo::open(&db).expect("opens");
        redo.write(&group(1)).expect("writes ahead");
        let short: Writes = group(2).into_iter().take(1).collect();
        redo.write(&short).expect("writes ahead");
        assert_eq!(db.scan_prefix([REDO]).count(), 1);
        assert_eq!(standing(&db).expect("reads"), short);
    }
}
