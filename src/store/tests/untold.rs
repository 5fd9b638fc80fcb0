//! Nobody is told twice, and nobody is forgotten.

use super::*;

#[tokio::test]
async fn a_case_is_untold_until_it_is_told_of_once_across_a_restart() {
    let home = home();
    let remarks = vec!["“Subject”: it has none (warning)".to_owned()];
    let mut ids = Vec::new();
    for octet in 0..3 {
        let untold = Admission {
            fingerprint: Some([octet; 32]),
            untold: (octet != 1).then(|| remarks.clone()),
            ..admission(&home.store, b"bytes".to_vec())
        };
        ids.push(home.store.admit(untold, vec![]).await.expect("admits"));
    }
    let (first, last) = ((ids[0], remarks.clone()), (ids[2], remarks));
    let home = home.reopened();
    assert_eq!(home.store.untold(1).expect("reads"), std::slice::from_ref(&first));
    assert_eq!(home.store.untold(9).expect("reads"), [first.clone(), last.clone()]);
    home.store.tell_of(&first, vec![]).await.expect("told");
    let again = home.store.tell_of(&first, vec![]).await;
    assert!(matches!(again, Err(Error::Conflict)), "{again:?}");
    assert_eq!(home.reopened().store.untold(9).expect("reads"), [last]);
}

/// Its author's own other version comes with mail to everybody; a reviewer's does not.
#[tokio::test]
async fn another_version_of_its_author_tells_of_it_and_a_reviewers_does_not() {
    let home = home();
    let untold = Admission {
        untold: Some(vec![]),
        ..admission(&home.store, b"bytes".to_vec())
    };
    let from = untold.state.clone();
    let id = home.store.admit(untold, vec![]).await.expect("admits");
    let renewed = |from: &State| {
        let State::Held(held) = from.clone() else {
            panic!("held")
        };
        let author = address("author@mst.example");
        State::Held(held.renew(from.mailing().clone(), vec![], &author, false, (at(200), at(1))))
    };
    let step = |from: &State, to: &State| Move {
        from: from.clone(),
        to: to.clone(),
        event: None,
        outgoing: Vec::new(),
    };
    let second = renewed(&from);
    let by_reviewer = home.store.renew(step(&from, &second), b"second".to_vec(), None);
    by_reviewer.await.expect("renewed");
    assert_eq!(home.store.untold(9).expect("reads"), [(id, vec![])]);
    let third = renewed(&second);
    let by_author = home
        .store
        .renew(step(&second, &third), b"third".to_vec(), Some(([3; 32], at(1))));
    by_author.await.expect("renewed");
    assert_eq!(home.store.untold(9).expect("reads"), []);
}
