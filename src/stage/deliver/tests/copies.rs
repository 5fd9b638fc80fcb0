//! Each gets one copy, when its time has come and its way is open.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_one_copy_and_the_dots_are_theirs() {
    let mut office = Office::open().await;
    let everybody: Vec<String> = (0..50).map(|n| format!("r{n}@outside.example")).collect();
    let id = office
        .convey(&everybody.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    office.start();
    office.until("closed", |office| office.is_closed(id)).await;
    assert!(everybody.iter().all(|who| office.got(who) == 1));
    let taken = office.recorder.taken();
    assert!(
        taken
            .iter()
            .all(|copy| copy.to.len() == 1 && copy.message == MESSAGE.as_bytes())
    );
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_busy_is_tried_again_when_the_time_has_come_and_no_sooner() {
    let mut office = Office::open().await;
    let id = office.convey(&["busy@outside.example"]).await;
    office.start();
    office
        .until("put off", |office| {
            office.store.tally(id).expect("counts").deferred == 1
        })
        .await;
    office.clock.advance(Duration::from_secs(14 * 60));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(office.got("busy@outside.example"), 0);
    office.clock.advance(Duration::from_secs(60));
    office.until("closed", |office| office.is_closed(id)).await;
    assert_eq!(office.got("busy@outside.example"), 1);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_smarthost_is_away_nobodys_try_is_used_up() {
    let mut office = Office::open().await;
    let away = std::mem::replace(&mut office.settings.onward, smarthost(1));
    let id = office.convey(&["a@outside.example"]).await;
    office.start();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(office.last_outcomes(id).len(), 0);
    office.stop().await;
    office.settings.onward = away;
    office.start();
    office.until("closed", |office| office.is_closed(id)).await;
    assert_eq!(office.got("a@outside.example"), 1);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_day_allows_is_remembered_over_a_restart() {
    let mut office = Office::open().await;
    let mut shaping = shaping();
    shaping.each_other_domain.messages_per_day = NonZeroU32::new(2);
    office.settings.shape = Shape::new(Arc::new(shaping));
    let id = office
        .convey(&["a@outside.example", "b@outside.example", "c@outside.example"])
        .await;
    office.start();
    office
        .until("two are sent", |office| office.recorder.count() == 2)
        .await;
    office.stop().await;
    office.start();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(office.recorder.count(), 2, "no more today");
    office.clock.advance(Duration::from_secs(24 * 60 * 60));
    office.until("closed", |office| office.is_closed(id)).await;
    assert_eq!(office.recorder.count(), 3);
    office.close().await;
}
