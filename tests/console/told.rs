//! Whom a case concerns is told of it, whatever else fails.

use bedel::model::{Answer, Word};
use bedel::store::Error;

use crate::site::{AUTHOR, REVIEWER, STEWARD, Site, address};

/// The editorial checks are advice: without them people are told all the same.
#[tokio::test]
async fn a_message_that_cannot_be_read_keeps_nobody_from_being_told() {
    let site = Site::new().await;
    for _ in 0..20 {
        site.lost(AUTHOR).await;
    }
    for _ in 0..2 {
        site.desk.round().await.expect("a round");
    }
    assert_eq!(site.told(AUTHOR), ["held"; 20]);
    assert_eq!(site.told(STEWARD), ["wanted"; 20]);
}

#[tokio::test]
async fn an_answer_that_cannot_be_acted_on_keeps_nobody_from_being_told() {
    let site = Site::new().await;
    let lost = site.lost(AUTHOR).await;
    site.desk.approve(lost, &address(STEWARD)).await.expect("approved");
    let now = site.clock.now();
    let answer = Answer {
        mailing: lost,
        by: address(REVIEWER),
        at: now,
        told_at: now,
        word: Word::Release,
    };
    site.store.put_answer(&answer).await.expect("kept");
    let round = site.desk.round().await;
    assert!(matches!(round, Err(Error::Unreadable(_))), "{round:?}");
    assert_eq!(site.told(AUTHOR), ["approved", "held"]);
}
