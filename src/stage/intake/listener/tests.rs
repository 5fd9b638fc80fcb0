//! The listener over real sockets: what a client sees, and what is handed over.

use std::sync::Mutex;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio_rustls::TlsConnector;

use super::*;
use crate::mail::{Address, Timestamp};
use crate::smtp::BareLf;
use crate::smtp::auth::Credentials;
use crate::stage::intake::{Asked, Submission};
use crate::stage::worker::{Closer, shutdown};

/// Answers by rote, and keeps what it was handed.
#[derive(Default)]
struct Rote(Mutex<Vec<Submission>>);

impl Intake for Rote {
    async fn login(&self, credentials: &Credentials, _peer: SocketAddr) -> Result<Address, Reply> {
        match (credentials.account.as_str(), credentials.password.as_str()) {
            ("ann", "secret") => Ok("ann@mst.example".parse().expect("valid")),
            _ => Err(Reply::bad_login()),
        }
    }

    async fn recipient(&self, asked: Asked<'_>) -> Reply {
        match asked.to.address.local() {
            "unknown" => Reply::new(550, (1, 1), "No such list"),
            "panic" => panic!("as the test wants it"),
            _ => Reply::recipient_ok(),
        }
    }

    async fn admit(&self, submission: Submission) -> Reply {
        self.0.lock().expect("not poisoned").push(submission);
        Reply::new(250, (0, 0), "Accepted")
    }
}

/// A listener that runs.
struct House {
    address: SocketAddr,
    reception: Arc<Reception<Rote>>,
    connector: TlsConnector,
    closer: Closer,
    task: tokio::task::JoinHandle<()>,
}

const LIMITS: Limits = Limits {
    connections_max: 10,
    connections_per_peer_max: 3,
    commands_max: 10_000,
    errors_max: 20,
    line_bytes_max: 2048,
    recipients_max: 1000,
    message_bytes_max: 1024 * 1024,
    idle_timeout: Duration::from_secs(30),
    transaction_timeout: Duration::from_secs(60),
    failed_logins_per_account_max: 2,
    failed_logins_per_peer_max: 20,
};

fn settings(tls: TlsMode, auth: bool) -> ListenerSettings {
    ListenerSettings {
        name: "test".into(),
        address: "127.0.0.1:0".parse().expect("valid"),
        tls,
        auth,
        networks: vec![],
        author_header: None,
        bare_lf: BareLf::Refuse,
    }
}

/// Both ends of TLS with a certificate made for the test.
fn tls() -> (TlsAcceptor, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a pair");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a root");
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    (
        TlsAcceptor::from(Arc::new(server)),
        TlsConnector::from(Arc::new(client)),
    )
}

impl House {
    async fn open(settings: ListenerSettings, limits: Limits) -> Self {
        let (acceptor, connector) = tls();
        let hostname = "bedel.mst.example".parse().expect("valid");
        let clock = Clock::standing_at(Timestamp::from_micros(0));
        let reception = Arc::new(Reception::new(hostname, limits, acceptor, Rote::default(), clock));
        let socket = TcpListener::bind(settings.address).await.expect("a port");
        let address = socket.local_addr().expect("an address");
        let (closer, shutdown) = shutdown();
        let task = tokio::spawn(listen(socket, Arc::new(settings), Arc::clone(&reception), shutdown));
        Self {
            address,
            reception,
            connector,
            closer,
            task,
        }
    }

    async fn connect(&self) -> Client<TcpStream> {
        Client(BufReader::new(
            TcpStream::connect(self.address).await.expect("connected"),
        ))
    }

    async fn secure(&self, plain: TcpStream) -> Client<tokio_rustls::client::TlsStream<TcpStream>> {
        let name = ServerName::try_from("localhost").expect("a name");
        Client(BufReader::new(
            self.connector.connect(name, plain).await.expect("a handshake"),
        ))
    }

    /// From, login, TLS and text of what was handed over.
    fn handed_over(&self) -> Vec<Submission> {
        std::mem::take(&mut self.reception.intake.0.lock().expect("not poisoned"))
    }
}

struct Client<S>(BufReader<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn send(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).await.expect("sent");
        self.0.flush().await.expect("sent");
    }

    /// The last line of the next reply; empty when the server hung up.
    async fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.expect("heard");
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }

    #[track_caller]
    fn check(heard: &str, expected: &str) {
        assert!(heard.starts_with(expected), "expected {expected}, heard {heard:?}");
    }

    /// Says something, and wants this many replies that begin so.
    async fn say(&mut self, bytes: &str, expected: &[&str]) {
        self.send(bytes).await;
        self.expect(expected).await;
    }

    async fn expect(&mut self, expected: &[&str]) {
        for expected in expected {
            Self::check(&self.hear().await, expected);
        }
    }

    async fn expect_end(&mut self) {
        assert_eq!(self.hear().await, "");
    }
}

const MESSAGE: &str = "MAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\nSubject: a\r\n\r\nb\r\n.\r\n";
const TAKEN: [&str; 4] = ["250 2.1.0", "250 2.1.5", "354", "250 2.0.0 Accepted"];

#[tokio::test]
async fn a_message_comes_in_with_all_that_is_known_of_it() {
    let house = House::open(settings(TlsMode::Off, false), LIMITS).await;
    let mut client = house.connect().await;
    client.expect(&["220 bedel.mst.example ESMTP"]).await;
    client
        .say("EHLO client.example\r\n", &["250 LIMITS RCPTMAX=1000"])
        .await;
    client.say(MESSAGE, &TAKEN).await;
    client.say("QUIT\r\n", &["221 2.0.0"]).await;
    client.expect_end().await;
    let submissions = house.handed_over();
    assert_eq!(submissions.len(), 1);
    assert_eq!(
        (submissions[0].hello.as_str(), &submissions[0].tls),
        ("client.example", &None)
    );
    assert_eq!(submissions[0].message, b"Subject: a\r\n\r\nb\r\n");
    assert_eq!(submissions[0].login, None);
}

#[tokio::test]
async fn a_login_over_implicit_tls_is_handed_over_with_the_message() {
    let house = House::open(settings(TlsMode::Implicit, true), LIMITS).await;
    let plain = TcpStream::connect(house.address).await.expect("connected");
    let mut client = house.secure(plain).await;
    client.expect(&["220"]).await;
    client.say("EHLO x\r\n", &["250 AUTH PLAIN LOGIN"]).await;
    client.say("MAIL FROM:<a@x.example>\r\n", &["530 5.7.0"]).await;
    // NUL ann NUL secret
    client.say("AUTH PLAIN AGFubgBzZWNyZXQ=\r\n", &["235 2.7.0"]).await;
    client.say(MESSAGE, &TAKEN).await;
    let submissions = house.handed_over();
    assert_eq!(
        submissions[0].login.as_ref().map(Address::to_string).as_deref(),
        Some("ann@mst.example")
    );
    let tls = submissions[0].tls.as_deref().expect("it was under TLS");
    assert!(tls.starts_with("TLSv1.3 TLS_"), "{tls}");
}

#[tokio::test]
async fn what_was_injected_before_tls_is_not_done_under_it() {
    let house = House::open(settings(TlsMode::StarttlsRequired, true), LIMITS).await;
    let mut plain = house.connect().await;
    plain.expect(&["220"]).await;
    plain.say("EHLO x\r\n", &["250 STARTTLS"]).await;
    plain.say("AUTH PLAIN AGFubgBzZWNyZXQ=\r\n", &["530 5.7.0"]).await;
    plain
        .say(
            "STARTTLS\r\nEHLO evil\r\nAUTH PLAIN AGFubgBzZWNyZXQ=\r\nNOO",
            &["220 2.0.0"],
        )
        .await;
    let mut client = house.secure(plain.0.into_inner()).await;
    client.say("MAIL FROM:<a@x.example>\r\n", &["503 5.5.1"]).await;
    client.say("EHLO x\r\n", &["250 AUTH PLAIN LOGIN"]).await;
    client.say("MAIL FROM:<a@x.example>\r\n", &["530 5.7.0"]).await;
}

#[tokio::test]
async fn guessing_passwords_is_soon_over_and_time_heals() {
    let house = House::open(settings(TlsMode::Implicit, true), LIMITS).await;
    let plain = TcpStream::connect(house.address).await.expect("connected");
    let mut client = house.secure(plain).await;
    client.expect(&["220"]).await;
    client.say("EHLO x\r\n", &["250"]).await;
    // NUL ann NUL wrong
    let wrong = "AUTH PLAIN AGFubgB3cm9uZw==\r\n";
    client
        .say(&wrong.repeat(3), &["535 5.7.8", "535 5.7.8", "454 4.7.0"])
        .await;
    let right = "AUTH PLAIN AGFubgBzZWNyZXQ=\r\n";
    client.say(right, &["454 4.7.0"]).await;
    house.reception.clock.advance(Duration::from_secs(15 * 60));
    client.say(right, &["235 2.7.0"]).await;
}

#[tokio::test]
async fn a_panic_ends_one_connection_and_no_other() {
    let house = House::open(settings(TlsMode::Off, false), LIMITS).await;
    let mut bystander = house.connect().await;
    bystander.expect(&["220"]).await;
    let mut client = house.connect().await;
    client.expect(&["220"]).await;
    client.say("HELO x\r\nMAIL FROM:<>\r\n", &["250", "250"]).await;
    client.say("RCPT TO:<panic@x.example>\r\n", &["421 4.3.0"]).await;
    client.expect_end().await;
    bystander.say("HELO x\r\n", &["250"]).await;
    bystander.say(MESSAGE, &TAKEN).await;
    assert_eq!(house.handed_over().len(), 1);
}

#[tokio::test]
async fn a_peer_has_so_many_places_and_gets_them_back() {
    let house = House::open(settings(TlsMode::Off, false), LIMITS).await;
    let mut guests = vec![];
    for _ in 0..3 {
        let mut guest = house.connect().await;
        guest.expect(&["220"]).await;
        guests.push(guest);
    }
    let mut late = house.connect().await;
    late.expect(&["421 4.7.0", ""]).await;
    let mut first = guests.pop().expect("three came");
    first.say("QUIT\r\n", &["221", ""]).await;
    drop(first);
    // The place is free once the server has seen that we are gone.
    loop {
        let mut next = house.connect().await;
        if next.hear().await.starts_with("220") {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_stranger_to_the_networks_is_turned_away() {
    let networks = vec!["192.0.2.0/24".parse().expect("valid")];
    let listener = ListenerSettings {
        networks,
        ..settings(TlsMode::Off, false)
    };
    let house = House::open(listener, LIMITS).await;
    house.connect().await.expect(&["554 5.7.1", ""]).await;
}

#[tokio::test]
async fn whoever_says_nothing_is_not_waited_for() {
    let limits = Limits {
        idle_timeout: Duration::from_millis(50),
        ..LIMITS
    };
    let house = House::open(settings(TlsMode::Off, false), limits).await;
    house.connect().await.expect(&["220", "421 4.4.2", ""]).await;
}

#[tokio::test]
async fn a_transaction_has_its_time_however_busy_its_client() {
    let limits = Limits {
        transaction_timeout: Duration::from_millis(50),
        ..LIMITS
    };
    let house = House::open(settings(TlsMode::Off, false), limits).await;
    let mut client = house.connect().await;
    client.expect(&["220"]).await;
    client.say("HELO x\r\nMAIL FROM:<>\r\n", &["250", "250 2.1.0"]).await;
    loop {
        client.send("NOOP\r\n").await;
        let heard = client.hear().await;
        if !heard.starts_with("250") {
            assert!(heard.starts_with("421 4.4.2"), "{heard}");
            break;
        }
    }
    assert!(house.handed_over().is_empty());
}

#[tokio::test]
async fn a_smuggler_hears_why_however_much_is_on_its_way() {
    let house = House::open(settings(TlsMode::Off, false), LIMITS).await;
    let mut client = house.connect().await;
    client.expect(&["220"]).await;
    client
        .say(
            "HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n",
            &["250", "250", "250", "354"],
        )
        .await;
    let rest = "MAIL FROM:<evil@x.example>\r\n".repeat(10_000);
    client
        .say(&format!("a\n.\r\n{rest}"), &["550 5.5.2 Bare CR or LF", ""])
        .await;
    assert!(house.handed_over().is_empty());
}

#[tokio::test]
async fn at_closing_time_messages_under_way_are_answered_first() {
    let house = House::open(settings(TlsMode::Off, false), LIMITS).await;
    let mut idle = house.connect().await;
    idle.expect(&["220"]).await;
    let mut busy = house.connect().await;
    busy.expect(&["220"]).await;
    busy.say(
        "HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@x.example>\r\nDATA\r\nhalf",
        &["250", "250", "250", "354"],
    )
    .await;

    house.closer.close();
    idle.expect(&["421 4.3.2", ""]).await;
    drop(idle);
    busy.say(" and half\r\n.\r\n", &["250 2.0.0 Accepted", "421 4.3.2", ""])
        .await;
    drop(busy);
    assert_eq!(house.handed_over()[0].message, b"half and half\r\n");
    assert!(TcpStream::connect(house.address).await.is_err());
    house.task.await.expect("the listener has ended");
}

#[tokio::test]
async fn a_client_that_hangs_up_in_the_middle_leaves_nothing() {
    let house = House::open(settings(TlsMode::Off, false), LIMITS).await;
    let mut client = house.connect().await;
    client.expect(&["220"]).await;
    client
        .say(
            "HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@x.example>\r\nDATA\r\nhalf",
            &["250", "250", "250", "354"],
        )
        .await;
    client.0.shutdown().await.expect("shut down");
    let mut rest = vec![];
    client.0.read_to_end(&mut rest).await.expect("read");
    assert_eq!(rest, b"");
    assert!(house.handed_over().is_empty());
}
