//! Other settings come into force while a copy is under way.

use super::moved::{hear, say};
use super::*;

/// A server that says nothing by itself, and mail that goes there.
async fn slow(office: &mut Office) -> (TcpListener, Onward) {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let onward = smarthost(server.local_addr().expect("a port").port());
    let before = std::mem::replace(&mut office.settings.onward, onward);
    (server, before)
}

impl Office {
    /// Mail leaves this way from now on, with so many connections.
    async fn renew(&mut self, onward: Onward, connections: u32) {
        let mut shaping = shaping();
        shaping.all.connections = NonZeroU32::new(connections).map(Range::fixed);
        self.settings.onward = onward;
        let (_, renew, _) = self.courier.as_ref().expect("it runs");
        assert!(renew.apply(self.settings.clone(), Arc::new(shaping)).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_leave_by_new_settings_while_one_waits_for_a_host_of_the_old() {
    let mut office = Office::open().await;
    let (server, recorder) = slow(&mut office).await;
    let waits = office.convey(&["a@outside.example"]).await;
    office.start();
    let (socket, _peer) = server.accept().await.expect("it comes");
    office.renew(recorder, CONNECTIONS).await;
    let other = office.convey(&["b@outside.example"]).await;
    office
        .until("the other has left", |office| office.is_closed(other))
        .await;
    assert_eq!((office.got("b@outside.example"), office.recorder.count()), (1, 1));
    // The one that waits is told so, and goes the new way as well.
    drop((socket, server));
    office.until("it has left", |office| office.is_closed(waits)).await;
    assert_eq!((office.got("a@outside.example"), office.recorder.count()), (1, 2));
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_under_way_is_in_one_hand_while_the_rest_of_its_mailing_goes_another_way() {
    let mut office = Office::open().await;
    let (server, recorder) = slow(&mut office).await;
    let mut one = shaping();
    one.all.connections = NonZeroU32::new(1).map(Range::fixed);
    office.settings.shape = Shape::new(Arc::new(one));
    let everybody: Vec<String> = (0..20).map(|n| format!("r{n}@outside.example")).collect();
    let everybody: Vec<&str> = everybody.iter().map(String::as_str).collect();
    let id = office.convey(&everybody).await;
    office.start();
    let (mut socket, _peer) = server.accept().await.expect("it comes");
    say(&mut socket, "220 slow.example\r\n").await;
    hear(&mut socket, "\r\n").await;
    say(&mut socket, "250-slow.example\r\n250 PIPELINING\r\n").await;
    hear(&mut socket, "DATA\r\n").await;
    say(&mut socket, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go ahead\r\n").await;
    hear(&mut socket, "\r\n.\r\n").await;
    for connections in [1, 2 * CONNECTIONS, CONNECTIONS] {
        let onward = recorder.clone();
        office.renew(onward, connections).await;
    }
    office
        .until("the rest has left", |office| office.recorder.count() == 19)
        .await;
    assert_eq!(office.store.tally(id).expect("counts").uncertain, 0);
    assert!(!office.is_closed(id), "one is under way");
    say(&mut socket, "250 2.0.0 Ok\r\n").await;
    office.until("closed", |office| office.is_closed(id)).await;
    let Some(State::Closed(closed)) = office.store.mailing(id).expect("reads") else {
        panic!("it is")
    };
    assert_eq!((closed.tally().accepted, closed.tally().uncertain), (20, 0));
    let most = everybody.iter().map(|who| office.got(who)).max();
    assert_eq!((office.recorder.count(), most), (19, Some(1)), "nobody got two");
    office.close().await;
}
