//! What waits to be expanded, behind a flood of ordinary mail.

use crate::stage::expand::Desk;
use crate::stage::worker::Round;

use super::*;
use crate::store::Kind;

/// What a round expands of ordinary mail, when as much is under way.
const AT_ONCE: usize = 64;

#[tokio::test]
async fn ordinary_mail_is_expanded_as_it_leaves_and_cases_at_once() {
    let office = Office::open().await;
    let paths = || vec![ForwardPath::to(address("a@x.example"))];
    for _ in 0..AT_ONCE * 2 {
        office.take(Series::Conveyed, Lane::Official, paths()).await;
    }
    let case = office.take(Series::Case, Lane::Official, paths()).await;
    let mut desk = Desk::new(&office.store, 1);
    let settings = office.expanding();
    let under_way = || office.store.in_state(Kind::Expanded).expect("reads");
    let mut rounds = Vec::new();
    for expanded in [AT_ONCE + 1, 2 * AT_ONCE + 1, 2 * AT_ONCE + 1] {
        let done = desk.round(|| true, &office.store, (&office.clock, &settings)).await;
        rounds.push(done.expect("expands"));
        assert_eq!(under_way().len(), expanded);
        assert!(under_way().contains(&case));
    }
    assert_eq!(rounds, [Round::Waits, Round::Waits, Round::Done]);
    office.close().await;
}
