//! A sink that is like somebody, spoken to over real sockets.

use std::net::Ipv4Addr;
use std::num::NonZeroU32;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::decide::shape::{Limits, Meaning, Pattern, Provider, Range, Rate, Rule, Settings};
use crate::stage::worker::{Closer, shutdown};

struct House {
    host: Arc<Host>,
    port: u16,
    _closer: Closer,
}

/// Three copies on a connection, two connections, and many a second.
fn provider() -> Provider {
    let many = |count| NonZeroU32::new(count).expect("not zero");
    let rule = |name: &str, means, sample: &str| Rule {
        name: name.into(),
        pattern: Pattern::new(name).expect("words"),
        means,
        remedies: vec![],
        after: 1,
        sample: sample.into(),
    };
    Provider {
        key: "big".into(),
        name: "Big".into(),
        domains: vec![],
        exchangers: vec![],
        sample_exchanger: Some("mx.big.example".into()),
        limits: Limits {
            connections: Some(Range::fixed(many(2))),
            messages_per_connection: Some(many(3)),
            messages_per_second: Rate::per_second(1_000.0).map(Range::fixed),
            ..Limits::default()
        },
        rules: vec![
            rule("4.7.28", Meaning::Rate, "421 4.7.28 Too fast"),
            rule("too many", Meaning::Connections, "421 4.7.0 Too many of you"),
            rule("per connection", Meaning::Spent, "421 Enough per connection"),
            rule("5.1.1", Meaning::Gone, "550 5.1.1 Nobody"),
            rule("4.2.2", Meaning::Full, "452 4.2.2 Over quota"),
            rule("5.7.26", Meaning::Authentication, "550 5.7.26 Who are you"),
        ],
    }
}

async fn house(mood: Mood) -> House {
    let likeness = Likeness::of(&Settings::default(), &provider(), 1.0);
    let host = Arc::new(Host::like(Arc::new(Recorder::in_memory()), likeness, mood, 1));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("a port").port();
    let (closer, closing) = shutdown();
    tokio::spawn(serve(listener, Arc::clone(&host), closing));
    House {
        host,
        port,
        _closer: closer,
    }
}

impl House {
    /// A connection that has been greeted.
    async fn greeted(&self) -> TcpStream {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))
            .await
            .expect("it is there");
        assert_eq!(heard(&mut socket).await, "220 mx.big.example ESMTP\r\n");
        socket
    }

    /// What it says to all of this, until it hangs up.
    async fn says(&self, lines: &str) -> String {
        let mut socket = self.greeted().await;
        socket.write_all(lines.as_bytes()).await.expect("said");
        let mut all = String::new();
        // It may hang up with something unread.
        drop(socket.read_to_string(&mut all).await);
        all
    }
}

async fn heard(socket: &mut TcpStream) -> String {
    let mut bytes = vec![0; 1000];
    let octets = socket.read(&mut bytes).await.expect("reads");
    String::from_utf8_lossy(&bytes[..octets]).into_owned()
}

fn copy(to: &str) -> String {
    format!("MAIL FROM:<a@b.example>\r\nRCPT TO:<{to}>\r\nBDAT 3 LAST\r\nx\r\n")
}

#[tokio::test]
async fn it_says_no_in_the_words_of_the_provider() {
    let house = house(Mood::default()).await;
    for (who, said) in [
        ("gone1@big.example", "550 5.1.1 Nobody"),
        ("full1@big.example", "452 4.2.2 Over quota"),
        ("spf1@big.example", "550 5.7.26 Who are you"),
    ] {
        let said_all = house.says(&format!("EHLO me\r\n{}QUIT\r\n", copy(who))).await;
        assert!(said_all.contains(said), "{who}: {said_all}");
    }
    let report = house.host.report();
    assert_eq!((report.copies.tried, report.copies.taken), (3, 0));
    assert_eq!(report.said.get("5.1.1"), Some(&1));
}

#[tokio::test]
async fn a_copy_comes_by_data_and_by_chunks() {
    let house = house(Mood::default()).await;
    let by_data = "MAIL FROM:<>\r\nRCPT TO:<a@big.example>\r\nDATA\r\nx\r\n.\r\n";
    let in_two = "MAIL FROM:<>\r\nRCPT TO:<a@big.example>\r\nBDAT 1\r\nxBDAT 2 LAST\r\n\r\n";
    let said = house.says(&format!("EHLO me\r\n{by_data}{in_two}QUIT\r\n")).await;
    assert!(said.contains("250-CHUNKING") && said.contains("Taken as 2"), "{said}");
    let messages: Vec<_> = house
        .host
        .recorder
        .taken()
        .into_iter()
        .map(|taken| taken.message)
        .collect();
    assert_eq!(messages, [b"x\r\n", b"x\r\n"]);
    assert_eq!(
        house.host.report().recipients.more_than_once.get("a@big.example"),
        Some(&2)
    );
}

#[tokio::test]
async fn it_keeps_its_limits_and_measures_what_came() {
    let house = house(Mood::default()).await;
    let four: String = (0..4).map(|n| copy(&format!("r{n}@big.example"))).collect();
    let said = house.says(&format!("EHLO me\r\n{four}")).await;
    assert!(said.ends_with("421 Enough per connection\r\n"), "{said}");
    let _two = (house.greeted().await, house.greeted().await);
    let mut third = TcpStream::connect((Ipv4Addr::LOCALHOST, house.port))
        .await
        .expect("it is there");
    assert_eq!(heard(&mut third).await, "421 4.7.0 Too many of you\r\n");
    let report = house.host.report();
    assert_eq!((report.copies.taken, report.copies.on_one_connection_most), (3, 4));
    assert_eq!(
        (report.connections.at_once_most, report.connections.turned_away),
        (3, 1)
    );
}

#[tokio::test]
async fn after_so_many_copies_it_is_too_fast_at_the_end_or_at_once() {
    for (refuses_at_end, last) in [(false, "MAIL"), (true, "BDAT")] {
        let mood = Mood {
            brake_after: vec![1],
            angry_seconds: 60.0,
            refuses_at_end,
            ..Mood::default()
        };
        let house = house(mood).await;
        let both = copy("a@big.example") + &copy("b@big.example");
        let said = house.says(&format!("EHLO me\r\n{both}")).await;
        assert!(
            said.contains("Taken as 1") && said.ends_with("421 4.7.28 Too fast\r\n"),
            "{last}: {said}"
        );
        let replies = said.lines().filter(|line| !line.starts_with("250-")).count();
        assert_eq!(replies, if refuses_at_end { 7 } else { 5 }, "{last}: {said}");
    }
}

#[tokio::test]
async fn it_hangs_up_in_every_phase() {
    let phases: [fn(&mut Mood) -> &mut f64; 6] = [
        |mood| &mut mood.hang_up_ehlo,
        |mood| &mut mood.hang_up_mail,
        |mood| &mut mood.hang_up_rcpt,
        |mood| &mut mood.hang_up_body,
        |mood| &mut mood.hang_up_end,
        |mood| &mut mood.hang,
    ];
    for (number, share) in phases.into_iter().enumerate() {
        let mut mood = Mood {
            hang_seconds: 0.01,
            ..Mood::default()
        };
        *share(&mut mood) = 1.0;
        let house = house(mood).await;
        let said = house.says(&format!("EHLO me\r\n{}", copy("a@big.example"))).await;
        assert!(!said.contains("Taken"), "{number}: {said}");
        let hidden = house.host.report().recipients.hidden;
        assert_eq!(hidden.is_empty(), number < 4, "{number}: {hidden:?}");
    }
    let mood = Mood {
        hang_up_data: 1.0,
        ..Mood::default()
    };
    let said = house(mood)
        .await
        .says("EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@big.example>\r\nDATA\r\n")
        .await;
    assert!(!said.contains("354"), "{said}");
}
