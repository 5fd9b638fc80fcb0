//! What the rolls promise: nothing wanted is lost, and what is not wanted goes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::Engine;
use super::*;
use crate::store::MasterKey;
use crate::store::engine::Batch;

/// As long as a message that rides in a commit.
const LONG: usize = 64 * 1024;

fn engine(dir: &Path) -> Engine {
    Engine::open(dir, 0, &MasterKey::new(&[9; 32])).expect("opens")
}

fn message(number: u32) -> Vec<u8> {
    number.to_be_bytes().into_iter().cycle().take(LONG).collect()
}

/// Fifty messages a commit.
async fn put(engine: &Engine, numbers: std::ops::Range<u32>) {
    for from in numbers.clone().step_by(50) {
        let mut batch = Batch::default();
        for number in from..(from + 50).min(numbers.end) {
            batch.put(Table::Messages, &number.to_be_bytes(), message(number));
        }
        engine.commit(batch).await.expect("commits");
    }
}

async fn delete(engine: &Engine, numbers: impl Iterator<Item = u32>) {
    let mut batch = Batch::default();
    for number in numbers {
        batch.delete(Table::Messages, &number.to_be_bytes());
        if batch.len() == 100 {
            engine.commit(std::mem::take(&mut batch)).await.expect("commits");
        }
    }
    engine.commit(batch).await.expect("commits");
}

fn holds(engine: &Engine, number: u32) -> bool {
    let value = engine.read(Table::Messages, &number.to_be_bytes()).expect("reads");
    value.is_some_and(|value| value == message(number))
}

fn octets_of_rolls(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir.join("rolls")).expect("a folder");
    files
        .map(|file| file.expect("a file").metadata().expect("its length").len())
        .sum()
}

#[tokio::test]
async fn a_message_is_there_after_the_next_opening_and_after_it_was_written_anew() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let first = engine(dir.path());
    put(&first, 0..3).await;
    assert!(holds(&first, 2));
    let mut batch = Batch::default();
    batch.put(Table::Messages, &1u32.to_be_bytes(), message(7));
    first.commit(batch).await.expect("commits");
    drop(first);
    let second = engine(dir.path());
    assert!(holds(&second, 0) && holds(&second, 2));
    assert_eq!(
        second.read(Table::Messages, &1u32.to_be_bytes()).expect("reads"),
        Some(message(7))
    );
    let all: Vec<_> = second
        .scan(Table::Messages, &[])
        .map(|item| item.expect("reads").1)
        .collect();
    assert_eq!(all, [message(0), message(7), message(2)]);
}

#[tokio::test]
async fn what_is_deleted_gives_its_room_back_and_what_is_wanted_stays() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let engine = engine(dir.path());
    // Three rolls and a half.
    put(&engine, 0..1_800).await;
    let full = octets_of_rolls(dir.path());
    let is_kept = |number: &u32| number.is_multiple_of(10);
    delete(&engine, (0..1_800).filter(|number| !is_kept(number))).await;
    // Rolls are moved a piece with each group of commits.
    for number in 0..200u32 {
        put(&engine, 2_000..2_001).await;
        assert!(holds(&engine, 10 * (number % 180)));
    }
    let left = octets_of_rolls(dir.path());
    assert!(left < full / 2, "{left} octets of {full} are left");
    assert!((0..1_800).filter(is_kept).all(|number| holds(&engine, number)));
    assert!(!holds(&engine, 11));
    drop(engine);
    let again = self::engine(dir.path());
    assert!((0..1_800).filter(is_kept).all(|number| holds(&again, number)));
}

#[tokio::test]
async fn rolls_of_many_openings_become_one() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    for number in 0..10 {
        put(&engine(dir.path()), number..number + 1).await;
    }
    let engine = engine(dir.path());
    for _ in 0..30 {
        put(&engine, 99..100).await;
    }
    assert!((0..10).all(|number| holds(&engine, number)));
    let rolls = std::fs::read_dir(dir.path().join("rolls")).expect("a folder").count();
    assert!(rolls <= 2, "{rolls} rolls");
}

#[tokio::test]
async fn readers_find_what_is_moved_under_their_hands() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let engine = Arc::new(engine(dir.path()));
    put(&engine, 0..600).await;
    delete(&engine, (0..600).filter(|number: &u32| !number.is_multiple_of(10))).await;
    let is_moved = Arc::new(AtomicBool::new(false));
    let reading = {
        let (engine, is_moved) = (Arc::clone(&engine), Arc::clone(&is_moved));
        tokio::task::spawn_blocking(move || {
            while !is_moved.load(Ordering::Relaxed) {
                assert!(
                    (0..60).all(|number| holds(&engine, 10 * number)),
                    "a message was not found"
                );
            }
        })
    };
    for _ in 0..60 {
        put(&engine, 900..901).await;
    }
    is_moved.store(true, Ordering::Relaxed);
    reading.await.expect("reads");
    assert!(!dir.path().join("rolls/roll-0000000001").exists(), "it was moved");
}

#[tokio::test]
async fn a_torn_end_and_a_roll_of_no_commit_are_none_of_ours() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    put(&engine(dir.path()), 0..3).await;
    let rolls = dir.path().join("rolls");
    let first = std::fs::read_dir(&rolls)
        .expect("a folder")
        .next()
        .expect("a roll")
        .expect("a file")
        .path();
    let mut torn = File::options().append(true).open(&first).expect("opens");
    torn.write_all(&[0; 5_000]).expect("writes");
    let stray = rolls.join("roll-0000000077");
    std::fs::write(&stray, b"half").expect("writes");
    let engine = engine(dir.path());
    assert!(!stray.exists(), "nothing points to it");
    for _ in 0..5 {
        put(&engine, 5..6).await;
    }
    assert!((0..3).all(|number| holds(&engine, number)));
    assert!(!first.exists(), "all of it was moved");
}

fn not_opened(dir: &Path) -> String {
    let opened = Engine::open(dir, 0, &MasterKey::new(&[9; 32]));
    opened.map(drop).expect_err("does not open").to_string()
}

#[tokio::test]
async fn a_roll_that_is_missing_or_cut_short_is_said_at_the_opening() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    put(&engine(dir.path()), 0..3).await;
    let roll = dir.path().join("rolls/roll-0000000001");
    let whole = std::fs::read(&roll).expect("reads");
    std::fs::write(&roll, whole.split_last().expect("is long").1).expect("writes");
    let said = not_opened(dir.path());
    assert!(said.contains("roll-0000000001 is cut short"), "{said}");
    std::fs::remove_file(&roll).expect("removes");
    let said = not_opened(dir.path());
    assert!(said.contains("roll-0000000001 is missing"), "{said}");
    std::fs::write(&roll, whole).expect("writes");
    assert!(holds(&engine(dir.path()), 2));
}

#[tokio::test]
async fn a_roll_cut_short_is_said_when_it_is_read() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let engine = engine(dir.path());
    put(&engine, 0..1).await;
    put(&engine, 1..2).await;
    let roll = File::options()
        .write(true)
        .open(dir.path().join("rolls/roll-0000000001"));
    roll.expect("opens").set_len(100_000).expect("shortens");
    assert!(holds(&engine, 0));
    let said = engine.read(Table::Messages, &1u32.to_be_bytes());
    let said = said.expect_err("is not whole").to_string();
    assert!(said.contains("roll-0000000001"), "{said}");
}

#[tokio::test]
async fn what_others_put_among_the_rolls_stays_and_hinders_nobody() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    put(&engine(dir.path()), 0..3).await;
    let rolls = dir.path().join("rolls");
    let foreign = ["roll-5", "roll-+000000006", "roll-0000000007.bak", "notes"];
    for name in foreign {
        std::fs::write(rolls.join(name), b"none of ours").expect("writes");
    }
    std::fs::create_dir(rolls.join("roll-0000000008")).expect("a folder");
    std::fs::write(rolls.join(format!("roll-{}", u32::MAX)), b"the last number there is").expect("writes");
    let engine = engine(dir.path());
    put(&engine, 3..4).await;
    assert!((0..4).all(|number| holds(&engine, number)));
    assert!(foreign.iter().all(|name| rolls.join(name).exists()));
}

#[tokio::test]
async fn nothing_is_moved_while_the_disk_is_full() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    put(&engine(dir.path()), 0..3).await;
    let before = octets_of_rolls(dir.path());
    let engine = Engine::open(dir.path(), u64::MAX, &MasterKey::new(&[9; 32])).expect("opens");
    for number in 3..6 {
        let mut batch = Batch::default();
        batch.put(Table::Messages, &[number], message(0));
        assert!(matches!(engine.commit(batch).await, Err(Error::Full)));
    }
    assert_eq!(octets_of_rolls(dir.path()), before);
}

#[tokio::test]
async fn a_roll_that_cannot_be_moved_breaks_nothing() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    put(&engine(dir.path()), 0..3).await;
    let engine = engine(dir.path());
    let roll = dir.path().join("rolls/roll-0000000001");
    std::fs::rename(&roll, dir.path().join("away")).expect("moves");
    put(&engine, 3..5).await;
    assert!((3..5).all(|number| holds(&engine, number)));
    std::fs::rename(dir.path().join("away"), &roll).expect("moves");
    assert!((0..3).all(|number| holds(&engine, number)));
}

#[tokio::test]
async fn many_who_commit_together_make_no_roll_much_longer() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let engine = Arc::new(engine(dir.path()));
    put(&engine, 0..500).await;
    let mut together = tokio::task::JoinSet::new();
    for number in 500..1_000u32 {
        let engine = Arc::clone(&engine);
        together.spawn(async move {
            let mut batch = Batch::default();
            batch.put(Table::Messages, &number.to_be_bytes(), message(number));
            engine.commit(batch).await
        });
    }
    assert!(together.join_all().await.iter().all(Result::is_ok));
    assert!((0..1_000).all(|number| holds(&engine, number)));
    let files = std::fs::read_dir(dir.path().join("rolls")).expect("a folder");
    let lengths = files.map(|file| file.expect("a file").metadata().expect("its length").len());
    let longest = lengths.max().expect("rolls");
    assert!(longest < ROLL_OCTETS * 3 / 2, "{longest} octets");
}
