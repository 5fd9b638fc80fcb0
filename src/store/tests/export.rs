//! What an export promises.

use super::*;

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
