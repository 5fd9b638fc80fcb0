//! What an export is: the store of one moment, however much changes while it is written.

use std::io::{self, Write};

use tokio::runtime::Handle;

use super::*;
use crate::store::sled::Changed;

/// A file at whose every hundredth write another mailing is admitted.
struct Restless {
    file: Vec<u8>,
    store: Store,
    writes: usize,
    admitted: Vec<MailingId>,
}

fn letter(store: &Store) -> Admission {
    Admission {
        fingerprint: None,
        ..admission(store, vec![b'x'; 3_000])
    }
}

impl Write for Restless {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        if self.writes.is_multiple_of(100) && self.admitted.len() < 500 {
            let admission = letter(&self.store);
            let admitted = Handle::current().block_on(self.store.admit(admission, vec![]));
            self.admitted.push(admitted.expect("admits"));
        }
        self.file.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_it_is_written_is_in_it_whole_or_not_at_all() {
    let home = home();
    for _ in 0..30 {
        home.store.admit(letter(&home.store), vec![]).await.expect("admits");
    }
    let mut out = Restless {
        file: Vec::new(),
        store: home.store.clone(),
        writes: 0,
        admitted: Vec::new(),
    };
    let store = home.store.clone();
    let written = tokio::task::spawn_blocking(move || store.export(&mut out).map(|_records| out));
    let out = written.await.expect("ends").expect("exports");
    let fresh = self::home();
    fresh.store.restore(out.file.as_slice()).await.expect("restores");
    let held = fresh.store.in_state(Kind::Held).expect("reads");
    assert!(held.len() > 30, "{} came while it was written", out.admitted.len());
    for id in held {
        assert_eq!(fresh.store.message(id).expect("has its message").len(), 3_000);
    }
    assert!(fresh.store.verify_events().expect("reads").is_ok());
}

#[tokio::test]
async fn what_changes_is_told_as_it_is_then_and_nobody_else_may_ask() {
    let home = home();
    let engine = &home.store.engine;
    let commit = async |key: &[u8], value: Option<&[u8]>| {
        let mut batch = engine::Batch::default();
        match value {
            Some(value) => batch.put(Table::Accounts, key, value.to_vec()),
            None => batch.delete(Table::Accounts, key),
        }
        engine.commit(batch).await.expect("commits");
    };
    commit(b"a", Some(b"1")).await;
    let following = engine.follow().expect("nobody does yet");
    assert!(engine.follow().is_none());
    commit(b"b", Some(b"2")).await;
    commit(b"b", Some(b"3")).await;
    commit(b"a", None).await;
    let Changed::Last(mut changed) = following.changed().expect("notes") else {
        panic!("so few are read at once");
    };
    changed.sort();
    let opened: Vec<_> = changed
        .into_iter()
        .map(|(key, value)| value.map(|value| engine.vault().open_value(&key, &value).expect("opens")))
        .collect();
    assert_eq!(opened, [None, Some(b"3".to_vec())]);
    drop(following);
    assert!(engine.follow().is_some());
}

#[tokio::test]
async fn an_export_restores_to_the_same_store() {
    let home = home();
    let id = home
        .store
        .admit(admission(&home.store, vec![b'y'; 100_000]), vec![])
        .await
        .expect("admits");
    let mut file = Vec::new();
    let records = home.store.export(&mut file).expect("exports");
    let fresh = super::home();
    assert_eq!(fresh.store.restore(file.as_slice()).await.expect("restores"), records);
    assert_eq!(fresh.store.message(id).expect("reads"), vec![b'y'; 100_000]);
    fresh.store.log(event(Act::Reloaded)).await.expect("logs");
    assert!(fresh.store.verify_events().expect("reads").is_ok());
    assert!(matches!(
        fresh.store.restore(file.as_slice()).await,
        Err(ExportError::NotEmpty)
    ));
    let half = file.get(..file.len() / 2).expect("is long");
    assert!(matches!(
        super::home().store.restore(half).await,
        Err(ExportError::Line { .. })
    ));
}

#[tokio::test]
async fn an_export_of_another_format_is_not_half_understood() {
    let home = home();
    let mut file = Vec::new();
    home.store.export(&mut file).expect("exports");
    let records = file.iter().position(|octet| *octet == b'\n').expect("lines");
    let other = [
        b"bedel store export, version 2".as_slice(),
        file.get(records..).expect("lines"),
    ]
    .concat();
    let said = super::home().store.restore(other.as_slice()).await;
    let said = said.expect_err("is another's").to_string();
    assert!(said.contains("line 1") && said.contains("another version"), "{said}");
}

#[tokio::test]
async fn an_export_brings_nothing_of_no_table() {
    let home = home();
    let mut file = Vec::new();
    home.store.export(&mut file).expect("exports");
    let first = file.iter().position(|octet| *octet == b'\n').expect("lines") + 1;
    // No key; a key of what is written ahead; a table's, without a value; one of what is written ahead, as gone.
    for strange in [" aa", "00aa bb", "01aa ", "gone 00aa"] {
        let (before, after) = file.split_at(first);
        let file = [before, strange.as_bytes(), b"\n", after].concat();
        let said = super::home().store.restore(file.as_slice()).await;
        let said = said.expect_err("is refused").to_string();
        assert!(
            said.contains("line 2") && said.contains("of no table"),
            "{strange:?}: {said}"
        );
    }
}
