//! Copies whose end nobody knows: the server said nothing, or we were killed.

use super::moved::make;
use super::*;

impl Office {
    /// Says what is done about what is uncertain.
    async fn doubt(&self, id: MailingId, wanted: WhenUncertain) {
        make(self, id, |expanded| State::Expanded(expanded.doubted(wanted))).await;
    }
}

/// Waits until a copy's end was hidden, and until the mailing is over all the same.
async fn past_the_doubt(office: &Office, id: MailingId) {
    office
        .until("uncertain", |office| {
            office.store.tally(id).expect("counts").uncertain == 1
        })
        .await;
    office.clock.advance(Duration::from_secs(60));
    office.until("closed", |office| office.is_closed(id)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_end_is_named_uncertain_and_sent_again_with_the_same_message_id() {
    let mut office = Office::open().await;
    let id = office.convey(&["lost@outside.example"]).await;
    office.start();
    past_the_doubt(&office, id).await;
    let ids: Vec<Option<String>> = office
        .recorder
        .taken()
        .iter()
        .map(|copy| {
            Message::parse(&copy.message)
                .expect("a message")
                .header
                .value("Message-ID")
        })
        .collect();
    assert_eq!(
        ids,
        [Some("<1@mst.example>".to_owned()), Some("<1@mst.example>".to_owned())]
    );
    let tally = office.store.tally(id).expect("counts");
    assert_eq!((tally.accepted, tally.uncertain), (1, 0), "another was taken");
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uncertain_copy_waits_for_a_word_when_its_mailing_wants_that() {
    let mut office = Office::open().await;
    let id = office.convey(&["lost@outside.example", "b@outside.example"]).await;
    office.doubt(id, WhenUncertain::Hold).await;
    office.start();
    office
        .until("uncertain", |office| {
            office.store.tally(id).expect("counts").uncertain == 1
        })
        .await;
    office.clock.advance(Duration::from_secs(60));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!((office.got("lost@outside.example"), office.is_closed(id)), (1, false));
    let named = office.store.uncertain(id, 10).expect("reads");
    let named: Vec<String> = named.iter().map(|one| one.recipient.1.address.to_string()).collect();
    assert_eq!(named, ["lost@outside.example"]);
    office.doubt(id, WhenUncertain::Resend).await;
    office.until("closed", |office| office.is_closed(id)).await;
    assert_eq!(office.got("lost@outside.example"), 2);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uncertain_copy_is_let_be_when_a_person_says_so() {
    let mut office = Office::open().await;
    let id = office.convey(&["lost@outside.example"]).await;
    office.doubt(id, WhenUncertain::Leave).await;
    office.start();
    past_the_doubt(&office, id).await;
    assert_eq!(office.got("lost@outside.example"), 1);
    let tally = office.store.tally(id).expect("counts");
    assert_eq!((tally.failed, tally.uncertain), (1, 1), "nobody knows, for good");
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_skips_nobody() {
    let mut office = Office::open().await;
    let everybody: Vec<String> = (0..400).map(|n| format!("r{n}@outside.example")).collect();
    let id = office
        .convey(&everybody.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    for mark in [20, 120, 250] {
        office.start();
        office
            .until("under way", |office| office.recorder.count() >= mark)
            .await;
        office.kill().await;
        // The workers are tasks of their own; the store is opened anew once they have let go of it.
        let closed = std::mem::replace(&mut office.store, store(tempfile::tempdir().expect("a folder").path()));
        drop(closed);
        office.store = reopened(office.dir.path()).await;
    }
    office.start();
    office.until("closed", |office| office.is_closed(id)).await;
    assert!(everybody.iter().all(|who| office.got(who) >= 1), "somebody was skipped");
    let repeats = office.recorder.count() - 400;
    assert!(repeats <= 3 * u64::from(CONNECTIONS), "{repeats} repeats");
    let is_empty = |office: &Office| office.last_outcomes(id).is_empty();
    office.until("the ledger of conveyed mail is not kept", is_empty).await;
    office.close().await;
}

async fn reopened(dir: &std::path::Path) -> Store {
    for _ in 0..200 {
        match Store::open(&store::Settings {
            data_dir: dir.to_owned(),
            free_bytes_min: 0,
            master: store::MasterKey::new(&[9; 32]),
        }) {
            Ok(store) => return store,
            Err(store::OpenError::InUse { .. }) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the store was never let go of");
}
