//! Nobody is told twice, and nobody is forgotten.

use super::*;
use crate::model::OfficeId;

#[tokio::test]
async fn a_case_is_untold_until_it_is_told_of_once_across_a_restart() {
    let home = home();
    let mut ids = Vec::new();
    for octet in 0..3 {
        let untold = Admission {
            fingerprint: Some([octet; 32]),
            untold: (octet != 1).then_some(News::Held),
            ..admission(&home.store, b"bytes".to_vec())
        };
        ids.push(home.store.admit(untold, vec![]).await.expect("admits"));
    }
    let (first, last) = ((ids[0], News::Held), (ids[2], News::Held));
    let home = home.reopened();
    assert_eq!(home.store.untold(1).expect("reads"), std::slice::from_ref(&first));
    assert_eq!(home.store.untold(9).expect("reads"), [first.clone(), last.clone()]);
    assert_eq!(home.store.untold_count().expect("reads"), 2);
    home.store.tell_of(&first, None, vec![]).await.expect("told");
    let again = home.store.tell_of(&first, None, vec![]).await;
    assert!(matches!(again, Err(Error::Conflict)), "{again:?}");
    assert_eq!(home.reopened().store.untold(9).expect("reads"), [last]);
}

/// A case of which there is something to be told.
fn untold(store: &Store, news: News) -> Admission {
    Admission {
        untold: Some(news),
        ..admission(store, b"bytes".to_vec())
    }
}

/// The same case with another version, and the move to it.
fn renewed(from: &State) -> Move {
    let State::Held(held) = from.clone() else {
        panic!("held")
    };
    let author = address("author@mst.example");
    let renewed = held.renew(from.mailing().clone(), vec![], &author, false, (at(200), at(1)));
    Move {
        from: from.clone(),
        to: State::Held(renewed),
        event: None,
        outgoing: Vec::new(),
    }
}

/// Who has not heard of the first version hears of the second alone.
#[tokio::test]
async fn another_version_is_other_news() {
    let home = home();
    let admission = untold(&home.store, News::Held);
    let step = renewed(&admission.state);
    let id = home.store.admit(admission, vec![]).await.expect("admits");
    let news = News::Renewed(vec![OfficeId("registrar".to_owned())]);
    let renewing = home
        .store
        .renew(step, b"second".to_vec(), Some(([3; 32], at(1))), Some(&news));
    renewing.await.expect("renewed");
    assert_eq!(home.store.untold(9).expect("reads"), [(id, news)]);
    let late = home.store.tell_of(&(id, News::Held), None, vec![]).await;
    assert!(matches!(late, Err(Error::Conflict)), "{late:?}");
}

/// A notice that was written of one version is not sent of the next, be the news the same. Law 3.
#[tokio::test]
async fn what_changes_while_people_are_told_is_told_of_as_it_stands() {
    let home = home();
    let admission = untold(&home.store, News::Renewed(vec![]));
    let (read, step) = (admission.state.clone(), renewed(&admission.state));
    let id = home.store.admit(admission, vec![]).await.expect("admits");
    let told = (id, News::Renewed(vec![]));
    let (now, bytes) = (step.to.clone(), b"second".to_vec());
    home.store
        .renew(step, bytes, None, Some(&told.1))
        .await
        .expect("renewed");
    let late = home.store.tell_of(&told, Some(&read), vec![]).await;
    assert!(matches!(late, Err(Error::Conflict)), "{late:?}");
    assert_eq!(home.store.untold(9).expect("reads"), std::slice::from_ref(&told));
    home.store.tell_of(&told, Some(&now), vec![]).await.expect("told");
    assert_eq!(home.store.untold(9).expect("reads"), []);
}

/// Whoever may let an emergency go hears of it before what came earlier is told of. Policy C17.
#[tokio::test]
async fn what_is_urgent_is_told_of_first() {
    let home = home();
    let held = |octet: u8, findings: Vec<Finding>| {
        let id = home.store.next_id(Series::Case, 2026);
        let submitted = Submitted::new(mailing(id, Capacity::Initiated));
        Admission {
            state: State::Held(submitted.hold(findings, at(100))),
            fingerprint: Some([octet; 32]),
            untold: Some(News::Held),
            ..admission(&home.store, b"bytes".to_vec())
        }
    };
    let emergency = Finding {
        rule: "emergency".into(),
        clause: "C17".into(),
        ask: Ask::Hold { wants: vec![] },
        sentence: "Show your second factor.".to_owned(),
    };
    let ordinary = home.store.admit(held(1, vec![]), vec![]).await.expect("admits");
    let admission = held(2, vec![emergency]);
    let state = admission.state.clone();
    let urgent = home.store.admit(admission, vec![]).await.expect("admits");
    let first = [(urgent, News::Held), (ordinary, News::Held)];
    assert_eq!(home.store.untold(9).expect("reads"), first);
    // Another version of it, which is none.
    let news = News::Renewed(vec![]);
    let renewing = home.store.renew(renewed(&state), b"next".to_vec(), None, Some(&news));
    renewing.await.expect("renewed");
    let first = [(ordinary, News::Held), (urgent, news)];
    assert_eq!(home.store.untold(9).expect("reads"), first);
    home.store.tell_of(&first[1], None, vec![]).await.expect("told");
    assert_eq!(home.store.untold(9).expect("reads").len(), 1);
}

/// Who hears of the third version had approved the first, and has not heard of the second.
#[tokio::test]
async fn who_had_approved_hears_so_of_the_next_version_but_one() {
    let home = home();
    let admission = admission(&home.store, b"bytes".to_vec());
    let mut state = admission.state.clone();
    let id = home.store.admit(admission, vec![]).await.expect("admits");
    let office = |name: &str| OfficeId(name.to_owned());
    for approved in [
        vec![office("registrar")],
        vec![],
        vec![office("alumni"), office("registrar")],
    ] {
        let step = renewed(&state);
        state = step.to.clone();
        let news = News::Renewed(approved);
        let renewing = home.store.renew(step, b"next".to_vec(), None, Some(&news));
        renewing.await.expect("renewed");
    }
    let both = News::Renewed(vec![office("alumni"), office("registrar")]);
    assert_eq!(home.store.untold(9).expect("reads"), [(id, both)]);
}

/// More notices than one commit holds.
#[tokio::test]
async fn however_many_it_concerns_each_is_told() {
    let home = home();
    let admission = untold(&home.store, News::Held);
    let state = admission.state.clone();
    let id = home.store.admit(admission, vec![]).await.expect("admits");
    let notice = |_| {
        let id = home.store.next_id(Series::Conveyed, 2026);
        let state = Submitted::new(mailing(id, Capacity::Conveyed)).pass(at(0), at(0));
        Outgoing {
            state: state.expect("conveyed"),
            message: b"told".to_vec(),
        }
    };
    let notices = (0..130).map(notice).collect();
    let told = home.store.tell_of(&(id, News::Held), Some(&state), notices).await;
    told.expect("told");
    assert_eq!(home.store.in_state(Kind::Released).expect("reads").len(), 130);
    assert_eq!(home.store.untold(9).expect("reads"), []);
}
