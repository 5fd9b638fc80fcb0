//! What we only carry for others is not ours to keep.

use super::*;

/// A message too long for a commit lies in files: as it came, and as it leaves.
#[tokio::test]
async fn of_conveyed_mail_that_is_over_no_file_is_left() {
    let home = home();
    let files = || {
        std::fs::read_dir(home.dir.path().join("spool"))
            .expect("a folder")
            .count()
    };
    let id = home.store.next_id(Series::Conveyed, 2026);
    let released = Submitted::new(mailing(id, Capacity::Conveyed))
        .pass(at(0), at(0))
        .expect("conveyed");
    let out = Outgoing {
        state: released.clone(),
        message: vec![b'x'; 100_000],
    };
    home.store
        .admit(Admission::conveyed(out), vec![])
        .await
        .expect("conveys");
    let sealed = vec![b's'; 100_000];
    let to = home
        .store
        .seal(
            released,
            &Recipients::default(),
            Default::default(),
            sealed,
            None,
            at(1),
        )
        .await
        .expect("seals");
    assert_eq!(files(), 2);
    let State::Expanded(expanded) = to.clone() else {
        panic!("is expanded");
    };
    let left = home.dir.path().join("spool").join(format!("{id}.sealed.eml"));
    let octets = std::fs::read(&left).expect("reads");
    let step = Move {
        from: to,
        to: State::Closed(expanded.close(Default::default(), at(2))),
        event: None,
        outgoing: vec![],
    };
    home.store.advance(step).await.expect("closes");
    assert_eq!(files(), 0);
    // A crash came between the commit and the removal.
    std::fs::write(&left, octets).expect("writes");
    home.reopened();
    assert!(!left.exists());
}
