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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_is_seen_whole() {
    /// So that a group is under way most of the time.
    const FILLERS: u16 = 150;
    let dir = tempfile::tempdir().expect("a temporary folder");
    let engine = Arc::new(engine(dir.path()));
    let number_of = |value: Option<Vec<u8>>| value.map_or(0, |value| value.first().copied().unwrap_or_default());
    let reader = Arc::clone(&engine);
    let watched = tokio::task::spawn_blocking(move || {
        let read = |table| number_of(reader.read(table, b"last").expect("reads"));
        let walked = |table| number_of(reader.scan(table, b"last").next().map(|item| item.expect("reads").1));
        let mut seen = BTreeSet::new();
        // The first that is written is looked at after the last, and the other way round.
        for _ in 0..1_000_000 {
            let (late, early, walked_early) = (read(Table::Tokens), read(Table::Mailings), walked(Table::Mailings));
            assert!(
                early >= late && walked_early >= early,
                "{late}, then {early} and {walked_early}"
            );
            let (early, walked_late) = (read(Table::Mailings), walked(Table::Tokens));
            assert!(walked_late >= early, "{early}, then {walked_late}");
            seen.insert(early);
            if early == 100 {
                break;
            }
        }
        seen.len()
    });
    for number in 1..=100 {
        let mut batch = Batch::default();
        for table in [Table::Mailings, Table::Tokens] {
            batch.put(table, b"last", vec![number]);
        }
        for filler in 0..FILLERS {
            batch.put(Table::Accounts, &filler.to_be_bytes(), vec![number]);
        }
        engine.commit(batch).await.expect("commits");
    }
    assert!(watched.await.expect("watches") > 1, "it was looked at while it changed");
}
