//! A host that takes connections and says nothing holds up nobody who writes to another.

use super::*;
use crate::decide::shape::{Direct, Scope};

/// Many more than are taken up at once: those that wait are not all that there is.
const MANY: usize = 300;
/// Connections that a host gets at the same time, of those that there are.
const EACH: u32 = CONNECTIONS - 1;

/// A host that mail for `slow.example` goes to: connections to it are taken, and nobody answers.
async fn silent(office: &mut Office) -> TcpListener {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let Onward::Smarthost(relay) = smarthost(socket.local_addr().expect("a port").port()) else {
        panic!("it is one")
    };
    let mut shaping = shaping();
    shaping.each_host.connections = NonZeroU32::new(EACH).map(Range::fixed);
    shaping.direct = vec![Direct {
        domains: vec!["slow.example".parse().expect("valid")],
        host: relay.name(),
    }];
    office.settings.own_hosts = vec![relay];
    office.settings.shape = Shape::new(Arc::new(shaping));
    socket
}

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_for_a_silent_host_keep_none_for_another_waiting() {
    let mut office = Office::open().await;
    let _silent = silent(&mut office).await;
    let mut slow = Vec::new();
    for n in 0..MANY {
        slow.push(office.convey(&[&format!("r{n}@slow.example")]).await);
    }
    let other = office.convey(&["a@outside.example"]).await;
    office.start();
    office.until("it has left", |office| office.is_closed(other)).await;
    // And while that connection is still open, another.
    let another = office.convey(&["b@outside.example"]).await;
    office.until("it has left", |office| office.is_closed(another)).await;
    assert_eq!(
        (office.got("a@outside.example"), office.got("b@outside.example")),
        (1, 1)
    );
    assert_eq!(office.recorder.count(), 2, "the recorder gets nothing else");
    let is_over = |id: &MailingId| office.is_closed(*id) || office.last_outcomes(*id).values().any(Option::is_some);
    assert!(!slow.iter().any(is_over), "the others still wait");
    office.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_says_nothing_keeps_no_house_open() {
    let mut office = Office::open().await;
    let silent = silent(&mut office).await;
    let waits = office.convey(&["r@slow.example"]).await;
    office.start();
    let (_open, _) = silent.accept().await.expect("it is called");
    // Far less than it would wait for a greeting.
    let closed = tokio::time::timeout(Duration::from_secs(60), office.stop()).await;
    closed.expect("it does not wait for a greeting");
    assert!(!office.is_closed(waits) && office.last_outcomes(waits).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_next_hops_are_awaited_that_copies_are_still_to_leave_for() {
    let mut office = Office::open().await;
    let _silent = silent(&mut office).await;
    let everybody = ["busy@outside.example", "r@slow.example"];
    let paths = everybody.map(|who| ForwardPath::to(address(who))).to_vec();
    let id = office.convey_as(Series::Case, Lane::Bulk, paths).await;
    office.start();
    let slow = Scope::Host(office.settings.own_hosts[0].name().into());
    let awaited = |office: &Office| {
        let shaper = office.settings.shape.look();
        shaper.watches().get(&id).map(|watch| watch.hosts_awaited.clone())
    };
    office
        .until("one is put off", |office| {
            office.store.tally(id).expect("counts").deferred == 1
        })
        .await;
    let both = |office: &Office| awaited(office).is_some_and(|hosts| hosts.len() == 2 && hosts.contains(&slow));
    office.until("both are awaited", both).await;
    office.clock.advance(Duration::from_secs(15 * 60));
    office
        .until("it is taken", |office| office.got("busy@outside.example") == 1)
        .await;
    // Of what has left lately nothing is noted.
    office.clock.advance(Duration::from_secs(2 * 60));
    let one = |office: &Office| awaited(office) == Some(vec![slow.clone()]);
    office.until("one is awaited", one).await;
    office.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_leaves_while_every_connection_waits_for_a_server_that_says_nothing() {
    let mut office = Office::open().await;
    let many: Vec<String> = (0..20).map(|n| format!("hang{n}@outside.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    office.convey(&many).await;
    office.start();
    let all_wait = |office: &Office| office.recorder.count() == u64::from(CONNECTIONS);
    office.until("nobody can send any more", all_wait).await;
    let ten: Vec<String> = (0..10).map(|n| format!("e{n}@outside.example")).collect();
    let ten: Vec<&str> = ten.iter().map(String::as_str).collect();
    let id = office.convey_in(Lane::Emergency, &ten).await;
    office.until("it has left", |office| office.is_closed(id)).await;
    assert!(ten.iter().all(|who| office.got(who) == 1));
    assert_eq!(
        office.recorder.count(),
        u64::from(CONNECTIONS) + 10,
        "nobody else went between"
    );
    office.kill().await;
}
