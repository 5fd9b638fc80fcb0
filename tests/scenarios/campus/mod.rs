//! The test campus: the gateway in this process, on free ports, over a store of its own; a smarthost that records; and a
//! clock that goes on from where the story has set it.

mod control;
mod letter;
mod web;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bedel::clock::Clock;
use bedel::config;
use bedel::mail::Timestamp;
use bedel::service::{self, PublicSocket};
use bedel::sink::{self, Recorder, Taken};
use bedel::stage::worker::{Closer, shutdown};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub(crate) use letter::{Letter, people};
pub(crate) use web::{ask_own, http, link, press};

/// How long something may take to happen before the story gives up; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Tuesday, 24 November 2026, 09:00 in Rolla.
const MORNING: i64 = 1_795_532_400_000_000;
/// Who acts on the campus.
const ACCOUNTS: [&str; 10] = [
    "postmaster",
    "author",
    "records",
    "alumni-data",
    "hr",
    "emarcomm",
    "emarcomm-deputy",
    "police",
    "provost",
    "instructor",
];

/// The campus.
pub(crate) struct Campus {
    pub(crate) clock: Clock,
    recorder: Arc<Recorder>,
    relay: SocketAddr,
    pub(crate) public: SocketAddr,
    socket: PathBuf,
    _closer: Closer,
    home: tempfile::TempDir,
}

impl Campus {
    /// Opens it with the settings that ship.
    pub(crate) async fn open() -> Self {
        Self::with(|_file, text| text).await
    }

    /// Opens it with the settings that ship, changed file by file.
    pub(crate) async fn with(change: impl Fn(&str, String) -> String) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let smarthost = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let dir = home.path().join("config");
        let port = smarthost.local_addr().expect("an address").port();
        settings(&dir, &|file, text| {
            let taken = ["2525", "2587", "2465", "8080", "8081"].map(|port| format!("127.0.0.1:{port}"));
            let text = taken
                .iter()
                .fold(text, |text, taken| text.replace(taken, "127.0.0.1:0"));
            change(file, text.replace("port  = 2526", &format!("port  = {port}")))
        });
        let recorder = Arc::new(Recorder::in_memory());
        let (closer, closing) = shutdown();
        tokio::spawn(sink::run(smarthost, Arc::clone(&recorder), closing.clone()));
        let config = config::load(&dir).expect("good settings");
        let socket = config.gateway.data_dir.join("control.sock");
        let sockets = service::bind(&config).await.expect("free ports");
        let relay = sockets.smtp.iter().find(|(_, settings)| settings.name == "relay");
        let relay = relay.expect("the shipped one").0.local_addr().expect("an address");
        let PublicSocket::Door(public) = &sockets.public else {
            panic!("the public door is no process of its own here");
        };
        let public = public.local_addr().expect("an address");
        let keys = service::first_start(&config).expect("keys");
        let clock = Clock::standing_at(Timestamp::from_micros(MORNING));
        tokio::spawn(walk(clock.clone()));
        tokio::spawn(service::serve(config, keys, sockets, clock.clone(), closing));
        let campus = Self {
            clock,
            recorder,
            relay,
            public,
            socket,
            _closer: closer,
            home,
        };
        for name in ACCOUNTS {
            let account = json!({ "address": format!("{name}@mst.example"), "password": null });
            campus.ask("POST", "/accounts", None, &account).await.expect("added");
        }
        campus
    }

    /// The folder of its settings.
    pub(crate) fn config(&self) -> PathBuf {
        self.home.path().join("config")
    }

    /// Lets time go by.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Hands over a letter, as the campus relay does for somebody who logged in; the reply to it. When it is held, people have
    /// been told so: nobody acts before.
    pub(crate) async fn submit(&self, author: &str, to: &[String], letter: &Letter) -> String {
        let address = format!("{author}@mst.example");
        let reply = self.hand_over(&address, Some(author), to, letter).await;
        if reply.contains("Held as ") {
            let case = case(&reply);
            let is_told = async || self.got(&address).iter().any(|(_, notice)| notice.contains(&case));
            self.until(&format!("{author} is told of {case}"), is_told).await;
        }
        reply
    }

    /// Hands over a letter of anybody; the first reply that is a no, or the reply to the letter.
    pub(crate) async fn hand_over(&self, from: &str, login: Option<&str>, to: &[String], letter: &Letter) -> String {
        let socket = TcpStream::connect(self.relay).await.expect("the relay listener");
        let mut client = Client(BufReader::new(socket));
        client.hear().await;
        client.say("EHLO relay.mst.example").await;
        let mut replies = vec![client.say(&format!("MAIL FROM:<{from}>")).await];
        for one in to {
            replies.push(client.say(&format!("RCPT TO:<{one}>")).await);
        }
        if let Some(no) = replies.into_iter().find(|reply| !reply.starts_with('2')) {
            return no;
        }
        client.say("DATA").await;
        let message = letter.bytes(from, login, to).replace("\r\n.", "\r\n..");
        client.say(&format!("{message}\r\n.")).await
    }

    /// Answers the newest notice to somebody about a case: to the address it has for answers.
    pub(crate) async fn answer(&self, who: &str, text: &str) -> String {
        let notices = self.got(&format!("{who}@"));
        let (_, notice) = notices.last().expect("a notice");
        let notice = notice.replace("\r\n\t", " ").replace("\r\n ", " ");
        let field = |name: &str| {
            let found = notice.lines().find_map(|line| line.strip_prefix(name));
            found.unwrap_or_else(|| panic!("no {name} {notice}")).trim().to_owned()
        };
        let to = field("Reply-To:").trim_matches(['<', '>']).to_owned();
        let letter =
            Letter::new(&format!("Re: {}", field("Subject:")), text).field("In-Reply-To", &field("Message-ID:"));
        self.submit(who, &[to], &letter).await
    }

    /// An act of review; the sentence that says what was done, or why not.
    pub(crate) async fn act(&self, case: &str, word: &str, by: &str, said: &Value) -> Result<String, String> {
        let by = format!("{by}@mst.example");
        let done = self
            .ask("POST", &format!("/mailings/{case}/{word}"), Some(&by), said)
            .await?;
        Ok(done.get("done").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Approves, releases and waits for the end of a case.
    pub(crate) async fn let_go(&self, case: &str, steward: &str) {
        self.act(case, "approve", steward, &json!({})).await.expect("approved");
        self.act(case, "release", "emarcomm", &json!({}))
            .await
            .expect("released");
        self.state(case, "closed").await;
    }

    /// One mailing, as the API tells of it.
    pub(crate) async fn mailing(&self, case: &str) -> Value {
        self.ask("GET", &format!("/mailings/{case}"), None, &Value::Null)
            .await
            .expect("there is one")
    }

    /// What waits for people.
    pub(crate) async fn holds(&self) -> Vec<Value> {
        let holds = self.ask("GET", "/holds", None, &Value::Null).await.expect("answers");
        holds.as_array().cloned().unwrap_or_default()
    }

    /// Waits until a mailing is in this state.
    pub(crate) async fn state(&self, case: &str, word: &str) {
        self.until(&format!("{case} is {word}"), async || {
            self.mailing(case).await.get("state").is_some_and(|state| state == word)
        })
        .await;
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let waited = tokio::time::timeout(PATIENCE, async {
            while !is_so().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(waited.await.is_ok(), "it does not come about: {what}");
    }

    /// Waits until so many messages have come to somebody whose address begins so.
    pub(crate) async fn reaches(&self, beginning: &str, count: usize) {
        self.until(&format!("{count} messages to {beginning}…"), async || {
            self.got(beginning).len() >= count
        })
        .await;
        assert_eq!(self.got(beginning).len(), count, "{beginning}");
    }

    /// What has come to people whose addresses begin so: address and message.
    pub(crate) fn got(&self, beginning: &str) -> Vec<(String, String)> {
        let taken = self.recorder.taken();
        let each = taken
            .iter()
            .flat_map(|Taken { to, message, .. }| to.iter().map(move |to| (to.clone(), unbroken(message))));
        each.filter(|(to, _)| to.starts_with(beginning)).collect()
    }

    /// Where the newest copy that came to somebody says bounces go.
    pub(crate) fn return_path(&self, to: &str) -> String {
        let taken = self.recorder.taken();
        let copy = taken.iter().rev().find(|taken| taken.to.iter().any(|one| one == to));
        copy.expect("a copy").from.trim_matches(['<', '>']).to_owned()
    }

    /// What comes back from the world: to a return path, from nobody; the reply to it.
    pub(crate) async fn come_back(&self, to: &str, letter: &Letter) -> String {
        self.hand_over("", None, &[to.to_owned()], letter).await
    }

    /// Where copies to people whose addresses begin so would come back to.
    pub(crate) fn return_paths(&self, beginning: &str) -> Vec<String> {
        let taken = self.recorder.taken().into_iter();
        let is_theirs = |taken: &Taken| taken.to.iter().any(|to| to.starts_with(beginning));
        taken.filter(is_theirs).map(|taken| taken.from).collect()
    }

    /// Takes in a feed of people with this affiliation: number, address, and the rest of the row.
    pub(crate) async fn feed(&self, source: &str, affiliation: &str, people: &[(String, &str)]) {
        let mut csv = "source_key,email,given_name,family_name,affiliation,unit,ferpa,country,consent_purpose,\
                       consent_basis,consent_at,consent_source\n"
            .to_owned();
        for (address, rest) in people {
            csv += &format!("{affiliation}-{address},{address},Sample,Person,{affiliation},physics,{rest}\n");
        }
        self.take_in(source, &csv).await;
    }

    /// Takes in a feed as it is.
    pub(crate) async fn take_in(&self, source: &str, csv: &str) {
        // Among three people a fourth is many.
        let path = format!("/people/import?source={source}&confirm_growth=true");
        control::ask(&self.socket, "POST", &path, None, csv.to_owned())
            .await
            .expect("taken in");
    }

    /// Takes in a feed as it is, although it lacks whoever was in the last.
    pub(crate) async fn replace(&self, source: &str, csv: &str) {
        let path = format!("/people/import?source={source}&confirm_growth=true&confirm_removals=true");
        control::ask(&self.socket, "POST", &path, None, csv.to_owned())
            .await
            .expect("taken in");
    }

    /// So long from now, as people on the campus write it.
    pub(crate) fn at(&self, time: Duration) -> String {
        let zone = jiff::tz::TimeZone::get("America/Chicago").expect("known");
        self.clock
            .now()
            .plus(time)
            .local(&zone)
            .strftime("%Y-%m-%dT%H:%M")
            .to_string()
    }

    /// The students of the campus: so many, at `s1@students.example` and on.
    pub(crate) async fn students(&self, count: usize) {
        let students: Vec<(String, &str)> = people(count, "s", "students.example")
            .into_iter()
            .map(|address| (address, ",US,,,,"))
            .collect();
        self.feed("registrar", "student", &students).await;
    }

    /// Asks the API, as the operator or in somebody's name.
    pub(crate) async fn ask(&self, method: &str, path: &str, by: Option<&str>, body: &Value) -> Result<Value, String> {
        control::ask(&self.socket, method, path, by, body.to_string()).await
    }
}

/// The number of a case that a reply names.
#[track_caller]
pub(crate) fn case(reply: &str) -> String {
    let number = reply.split_whitespace().find(|word| word.starts_with("MC-"));
    let number = number.unwrap_or_else(|| panic!("no case: {reply}"));
    number.trim_end_matches([',', '.', ':', ';']).to_owned()
}

/// Whether a reply says that it is on its way.
pub(crate) fn goes(reply: &str) -> bool {
    reply.starts_with("250 2.0.0")
}

/// The address of a list.
pub(crate) fn list(name: &str) -> Vec<String> {
    vec![format!("{name}@lists.mst.example")]
}

/// A message without the soft line breaks of quoted-printable (RFC 2045 §6.7).
fn unbroken(message: &[u8]) -> String {
    String::from_utf8_lossy(message).replace("=\r\n", "")
}

/// Time goes on from where the story has set it.
async fn walk(clock: Clock) {
    const STEP: Duration = Duration::from_millis(5);
    loop {
        tokio::time::sleep(STEP).await;
        clock.advance(STEP);
    }
}

/// The folder that ships, changed.
fn settings(dir: &Path, change: &impl Fn(&str, String) -> String) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for folder in ["", "notices"] {
        std::fs::create_dir_all(dir.join(folder)).expect("makes");
        for entry in std::fs::read_dir(shipped.join(folder)).expect("reads") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                continue;
            }
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            let text = std::fs::read_to_string(&path).expect("reads");
            std::fs::write(dir.join(folder).join(name), change(name, text)).expect("writes");
        }
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    /// Says a line, and hears the reply's last.
    async fn say(&mut self, line: &str) -> String {
        self.0.write_all(format!("{line}\r\n").as_bytes()).await.expect("sent");
        self.hear().await
    }

    async fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.expect("answered");
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }
}
