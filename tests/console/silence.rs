//! Silence is impossible: whatever people do, in whatever order and however long they take, every case that was taken
//! ends in a release, a no or a lapse, and its author is told. Policy C14.

use std::time::Duration;

use bedel::model::MailingId;
use bedel::stage::review::{Edit, Words};
use proptest::prelude::*;

use crate::site::{AUTHOR, REVIEWER, STEWARD, Site, address};

/// What somebody does, or time.
#[derive(Debug, Clone, Copy)]
enum Step {
    Approve,
    Release,
    Return,
    SayNo,
    SayNoToUse,
    Withdraw,
    Claim,
    Schedule,
    Edit,
    Agree,
    Test,
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Approve),
        2 => Just(Step::Release),
        2 => Just(Step::Return),
        1 => Just(Step::SayNo),
        1 => Just(Step::SayNoToUse),
        1 => Just(Step::Withdraw),
        1 => Just(Step::Claim),
        1 => Just(Step::Schedule),
        2 => Just(Step::Edit),
        1 => Just(Step::Agree),
        1 => Just(Step::Test),
        6 => (1u16..200).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_case_ends_and_its_author_is_told(steps in proptest::collection::vec(step(), 0..14)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (word, told) = runtime.block_on(lived(&steps));
        let ends = ["released", "declined", "withdrawn", "lapsed"];
        prop_assert!(ends.contains(&word), "it is {word}");
        prop_assert!(told.iter().any(|subject| subject.ends_with(word)), "not told that it is {word}: {told:?}");
    }
}

/// The state it comes to in the end, and all that its author was told.
async fn lived(steps: &[Step]) -> (&'static str, Vec<String>) {
    let site = Site::new().await;
    let text = "From: The Dean <dean@mst.example>\r\nSubject: Fees\r\n\r\nPay in room 9.\r\n";
    let id = site.held_with(AUTHOR, text).await;
    for (number, step) in steps.iter().enumerate() {
        act(&site, id, *step, number).await;
        site.desk.round().await.expect("a round");
    }
    // Nobody does anything any more.
    for _day in 0..60 {
        site.clock.advance(Duration::from_secs(24 * 60 * 60));
        site.desk.round().await.expect("a round");
    }
    (site.word(id), site.told(AUTHOR))
}

async fn act(site: &Site, id: MailingId, step: Step, number: usize) {
    let (author, steward, reviewer) = (address(AUTHOR), address(STEWARD), address(REVIEWER));
    let desk = &site.desk;
    let (before, after) = (format!("room {}", 9 + number), format!("room {}", 10 + number));
    let edit = Edit {
        before: "room",
        after: if number.is_multiple_of(2) {
            "hall"
        } else {
            after.as_str()
        },
    };
    let done = match step {
        Step::Approve => desk.approve(id, &steward).await,
        Step::Release => desk.release(id, &reviewer, Words::default()).await,
        Step::Return => desk.give_back(id, &reviewer, &before).await,
        Step::SayNo => desk.decline(id, &reviewer, "no").await,
        Step::SayNoToUse => desk.decline(id, &steward, "no").await,
        Step::Withdraw => desk.withdraw(id, &author).await,
        Step::Claim => desk.claim(id, &reviewer).await,
        Step::Schedule => desk.schedule(id, &reviewer, "2099-01-05T09:00").await,
        Step::Edit => desk.edit(id, &reviewer, edit).await,
        Step::Agree => desk.agree(id, &author).await,
        Step::Test => desk.test(id, &author).await,
        Step::Wait(hours) => {
            site.clock.advance(Duration::from_secs(u64::from(hours) * 60 * 60));
            return;
        }
    };
    // What may not be done is refused with a sentence; that is no silence either.
    if let Err(refusal) = done {
        assert!(!refusal.to_string().is_empty());
    }
}
