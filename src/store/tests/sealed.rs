//! What lies on the disk, and the keys it lies under.

use super::engine::{Batch, Table};
use super::*;

fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).expect("reads");
            found.push((path, bytes));
        }
    }
    found
}

/// Policy C8: what lies on the disk names nobody, and is noise without the key.
#[tokio::test]
async fn what_lies_on_the_disk_names_nobody() {
    let home = home();
    let (small, large) = (
        "To: ann.lee@mst.example\r\n\r\nHi",
        "x".repeat(100 * 1024) + "ann.lee@mst.example",
    );
    for text in [small, &large] {
        let id = home.store.next_id(Series::Conveyed, 2026);
        let state = State::Released(
            Submitted::new(mailing(id, Capacity::Conveyed))
                .pass(at(0), at(0))
                .expect("passes"),
        );
        let admission = Admission {
            state,
            message: text.into(),
            fingerprint: None,
            event: None,
            traces: Traces::default(),
            is_unread: false,
            untold: None,
        };
        home.store.admit(admission, vec![]).await.expect("admits");
    }
    let gone = Suppression {
        scope: Scope::List(address("ann.lee@mst.example")),
        reason: SuppressionReason::Manual,
        at: at(0),
        contact: None,
        mailing: None,
        note: "ann.lee@mst.example".into(),
    };
    home.store
        .suppress(&address("ann.lee@mst.example"), &[gone], event(Act::Suppressed))
        .await
        .expect("suppresses");
    let mut export = Vec::new();
    home.store.export(&mut export).expect("exports");
    let Home { store, dir } = home;
    drop(store);
    let mut seen = files(dir.path());
    assert!(seen.len() > 3, "{seen:?}");
    seen.push(("the export".into(), export));
    for (path, bytes) in &seen {
        for name in [&b"ann.lee"[..], b"a@outside"] {
            assert!(
                !bytes.windows(name.len()).any(|window| window == name),
                "{}",
                path.display()
            );
        }
    }
    let other = Settings {
        master: MasterKey::new(&[8; 32]),
        ..settings(dir.path())
    };
    assert!(matches!(Store::open(&other), Err(OpenError::WrongKey { .. })));
    let store = Store::open(&settings(dir.path())).expect("its own key opens it");
    let known = store.suppressions_of(&address("Ann.Lee@mst.example"));
    assert_eq!(known.expect("reads").len(), 1);
}

#[tokio::test]
async fn a_rotation_loses_nothing_that_is_written_meanwhile() {
    let home = home();
    for n in 0..500 {
        home.store
            .log(Event {
                note: format!("line {n}"),
                ..event(Act::Account)
            })
            .await
            .expect("logs");
    }
    let store = home.store.clone();
    let writing = tokio::spawn(async move {
        for n in 500..1_000 {
            store
                .log(Event {
                    note: format!("line {n}"),
                    ..event(Act::Account)
                })
                .await
                .expect("logs");
        }
    });
    let mut told = 0;
    let first = home.store.rotate_keys(|done| told = done).await.expect("rotates");
    let second = home.store.rotate_keys(|_| {}).await.expect("rotates");
    writing.await.expect("writes");
    assert_eq!((first.key, second.key), (2, 3));
    assert!(told >= 500, "{told}");
    let home = home.reopened();
    assert_eq!(home.store.finish_rotation().await.expect("nothing to do"), None);
    assert_eq!(home.store.events().filter(Result::is_ok).count(), 1_000);
    assert!(home.store.verify_events().expect("reads").is_ok());
}

#[tokio::test]
async fn a_rotation_that_was_cut_short_is_taken_up() {
    let home = home();
    home.store.log(event(Act::Account)).await.expect("logs");
    // As a crash leaves it: the new key is there, and nothing lies under it yet.
    let (number, wrapped) = home.store.engine.vault().make().expect("makes");
    let mut batch = Batch::default();
    batch.raw.push((Table::Vault.key(&number.to_be_bytes()), Some(wrapped)));
    home.store.engine.commit(batch).await.expect("commits");
    let home = home.reopened();
    let done = home
        .store
        .finish_rotation()
        .await
        .expect("ends it")
        .expect("there was one");
    assert!(done.key == 2 && done.records > 0, "{done:?}");
    assert_eq!(home.reopened().store.events().filter(Result::is_ok).count(), 1);
}

#[tokio::test]
async fn another_master_key_takes_over() {
    let home = home();
    home.store.log(event(Act::Account)).await.expect("logs");
    let other = MasterKey::new(&[8; 32]);
    assert_eq!(home.store.rewrap(&other).await.expect("rewraps"), 1);
    let Home { store, dir } = home;
    drop(store);
    assert!(matches!(
        Store::open(&settings(dir.path())),
        Err(OpenError::WrongKey { .. })
    ));
    let store = Store::open(&Settings {
        master: other,
        ..settings(dir.path())
    })
    .expect("opens");
    assert_eq!(store.events().filter(Result::is_ok).count(), 1);
}
