//! What the engine promises.

use super::*;

fn master() -> MasterKey {
    MasterKey::new(&[9; 32])
}

fn engine(dir: &Path) -> Engine {
    Engine::open(dir, 0, &master()).expect("a fresh folder opens")
}

fn batch(key: &str, value: &str) -> Batch {
    let mut batch = Batch::default();
    batch.put(Table::Accounts, key.as_bytes(), value.as_bytes().to_vec());
    batch
}

#[tokio::test]
async fn a_commit_is_there_after_the_next_opening() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let first = engine(dir.path());
    first.commit(batch("a", "1")).await.expect("commits");
    drop(first);
    let second = engine(dir.path());
    assert_eq!(second.read(Table::Accounts, b"a").expect("reads"), Some(b"1".to_vec()));
}

#[tokio::test]
async fn every_answer_stands_behind_a_sync() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let engine = engine(dir.path());
    for n in 1..=3 {
        engine.commit(batch("a", "1")).await.expect("commits");
        assert_eq!(engine.syncs(), n);
    }
}

#[tokio::test]
async fn a_commit_whose_ground_has_moved_changes_nothing() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let engine = engine(dir.path());
    engine.commit(batch("a", "1")).await.expect("commits");
    let mut late = batch("b", "2");
    late.assert(Table::Accounts, b"a", Some(b"0".to_vec()));
    assert!(matches!(engine.commit(late).await, Err(Error::Conflict)));
    assert_eq!(engine.read(Table::Accounts, b"b").expect("reads"), None);
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_kept() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let engine = Engine::open(dir.path(), u64::MAX, &master()).expect("opens");
    assert!(!engine.has_room());
    assert!(matches!(engine.commit(batch("a", "1")).await, Err(Error::Full)));
    assert_eq!(engine.read(Table::Accounts, b"a").expect("reads"), None);
}

#[tokio::test]
async fn a_second_process_is_told_so() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let _first = engine(dir.path());
    assert!(matches!(
        Engine::open(dir.path(), 0, &master()),
        Err(OpenError::InUse { .. })
    ));
}

#[tokio::test]
async fn damaged_files_are_a_sentence_not_a_panic_nor_an_empty_store() {
    for damage in [vec![0xA5; 700_000], vec![], vec![0; 100]] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let first = engine(dir.path());
        first.commit(batch("a", "1")).await.expect("commits");
        drop(first);
        std::fs::write(dir.path().join("db"), damage).expect("writes");
        assert!(matches!(
            Engine::open(dir.path(), 0, &master()),
            Err(OpenError::Damaged { .. })
        ));
    }
}

#[tokio::test]
async fn a_batch_over_the_limits_is_not_written() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let engine = engine(dir.path());
    let mut large = Batch::default();
    large.put(Table::Accounts, b"a", vec![0; 9 * 1024]);
    assert!(engine.commit(large).await.is_err());
}

#[tokio::test]
async fn a_commit_rings_the_bell_of_its_table() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let engine = engine(dir.path());
    let mut bell = engine.watch(Table::Accounts);
    engine.commit(batch("a", "1")).await.expect("commits");
    bell.rung().await;
}
