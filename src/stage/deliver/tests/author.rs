//! What the author of conveyed mail hears of its copies.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_author_hears_of_who_is_gone_and_of_who_stays_full() {
    let mut office = Office::open().await;
    let id = office.convey(&["gone@outside.example", "full@outside.example"]).await;
    office.start();
    office
        .until("put off", |office| {
            office.store.tally(id).expect("counts").deferred == 1
        })
        .await;
    office.clock.advance(Duration::from_secs(5 * 24 * 60 * 60));
    office.until("closed", |office| office.is_closed(id)).await;
    office.expand().await;
    office
        .until("told", |office| office.got("author@mst.example") == 2)
        .await;
    let told: Vec<String> = office
        .recorder
        .taken()
        .iter()
        .map(|copy| String::from_utf8_lossy(&copy.message).into_owned())
        .collect();
    for status in ["Status: 5.1.1", "Status: 5.4.7"] {
        assert!(
            told.iter().any(|notice| notice.contains(status)),
            "no {status} in {told:#?}"
        );
    }
    assert!(office.recorder.taken().iter().all(|copy| copy.from.is_empty()));
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_author_hears_once_that_it_is_late_and_a_host_that_tells_them_more_is_left_to_it() {
    let mut office = Office::open().await;
    let mut eager = ForwardPath::to(address("a@outside.example"));
    eager.notify.success = true;
    let mut quiet = ForwardPath::to(address("full2@outside.example"));
    quiet.notify.never = true;
    let full = ForwardPath {
        notify: Default::default(),
        ..ForwardPath::to(address("full@outside.example"))
    };
    let id = office.convey_to(Lane::Official, vec![eager, full, quiet]).await;
    office.start();
    let deferred = |office: &Office| office.store.tally(id).expect("counts").deferred == 2;
    office.until("put off", deferred).await;
    for hours in [4, 6] {
        let tries = |office: &Office| office.store.ledger(id).filter(|entry| entry.is_ok()).count();
        let before = tries(&office);
        office.clock.advance(Duration::from_secs(hours * 60 * 60));
        office
            .until("tried again", |office| tries(office) >= before + 2 && deferred(office))
            .await;
    }
    office.expand().await;
    office
        .until("told", |office| office.got("author@mst.example") == 1)
        .await;
    let all: Vec<String> = office
        .recorder
        .taken()
        .iter()
        .map(|copy| String::from_utf8_lossy(&copy.message).into_owned())
        .collect();
    let of = |action: &str| {
        all.iter()
            .filter(|text| text.contains(&format!("Action: {action}")))
            .count()
    };
    assert_eq!((of("delayed"), of("relayed"), of("failed")), (1, 0, 0), "{all:#?}");
    let late = all.iter().find(|text| text.contains("Action: delayed")).expect("one");
    assert!(
        late.contains("full@outside.example") && late.contains("Will-Retry-Until: "),
        "{late}"
    );
    office.close().await;
}
