//! A mailing that is paused or stopped while a copy of it is under way.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::model::Tally;
use crate::model::lifecycle::Expanded;

/// A mailing whose only copy is under way, and the server's end of its connection: all but the message was said.
async fn under_way() -> (Office, MailingId, TcpStream) {
    let mut office = Office::open().await;
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    office.settings.onward = smarthost(server.local_addr().expect("a port").port());
    let id = office.convey(&["a@outside.example"]).await;
    office.start();
    let (mut socket, _peer) = server.accept().await.expect("it comes");
    say(&mut socket, "220 slow.example\r\n").await;
    hear(&mut socket, "\r\n").await;
    say(&mut socket, "250-slow.example\r\n250 PIPELINING\r\n").await;
    hear(&mut socket, "DATA\r\n").await;
    (office, id, socket)
}

pub(super) async fn say(socket: &mut TcpStream, reply: &str) {
    socket.write_all(reply.as_bytes()).await.expect("said");
}

/// Reads until these octets came.
pub(super) async fn hear(socket: &mut TcpStream, end: &str) {
    let mut heard = Vec::new();
    while !heard.ends_with(end.as_bytes()) {
        assert!(socket.read_buf(&mut heard).await.expect("reads") > 0, "it hung up");
    }
}

/// Makes a move of a mailing whose copies are leaving.
pub(super) async fn make(office: &Office, id: MailingId, to: impl FnOnce(Expanded) -> State) {
    let Some(from @ State::Expanded(_)) = office.store.mailing(id).expect("reads") else {
        panic!("its copy is leaving");
    };
    let State::Expanded(expanded) = from.clone() else {
        panic!("it is")
    };
    let step = Move {
        from,
        to: to(expanded),
        event: None,
        outgoing: vec![],
    };
    office.store.advance(step).await.expect("commits");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_in_force_before_the_next_final_dot() {
    let (office, id, mut socket) = under_way().await;
    let pause = Pause {
        by: None,
        at: office.clock.now(),
        why: "a test".into(),
    };
    make(&office, id, |expanded| State::Expanded(expanded.paused(pause))).await;
    say(&mut socket, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go ahead\r\n").await;
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).await.expect("it hangs up");
    let rest = String::from_utf8_lossy(&rest).into_owned();
    assert!(rest.is_empty(), "{rest}");
    office
        .until("nobody's try is used up", |office| office.last_outcomes(id).is_empty())
        .await;
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_ends_after_its_mailing_was_stopped_is_in_its_total() {
    let (office, id, mut socket) = under_way().await;
    say(&mut socket, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go ahead\r\n").await;
    hear(&mut socket, "\r\n.\r\n").await;
    let (by, tally) = (address("emarcomm@mst.example"), office.store.tally(id).expect("counts"));
    make(&office, id, |expanded| {
        State::Closed(expanded.stop(&by, tally, office.clock.now()))
    })
    .await;
    // The workers have heard of it by then, or not.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let accepted = |office: &Office| match office.store.mailing(id).expect("reads") {
        Some(State::Closed(closed)) => closed.tally().accepted,
        other => panic!("{other:?}"),
    };
    assert_eq!(accepted(&office), 0);
    say(&mut socket, "250 2.0.0 Ok\r\n").await;
    office.until("it is counted", |office| accepted(office) == 1).await;
    let whole = Tally {
        planned: 1,
        accepted: 1,
        ..Tally::default()
    };
    assert_eq!(office.store.tally(id).expect("counts"), whole);
    office
        .until("the ledger of conveyed mail is not kept", |office| {
            office.last_outcomes(id).is_empty()
        })
        .await;
    office.close().await;
}
