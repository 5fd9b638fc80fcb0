//! The sample campus: settings, accounts, five thousand synthetic contacts, a gateway and a recorder.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use aws_lc_rs::rand;
use data_encoding::BASE32_NOPAD;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::cli::client::{Ask, Client, Lines};
use crate::cli::{Error, out};
use crate::clock::Clock;
use crate::config;
use crate::service;
use crate::sink::{self, Recorder};
use crate::stage::worker::{Closer, shutdown};

/// The settings that ship, so that the demo needs no folder beside it.
const SHIPPED: [(&str, &str); 29] = [
    ("gateway.toml", include_str!("../../../config/gateway.toml")),
    ("policy.toml", include_str!("../../../config/policy.toml")),
    ("profile.toml", include_str!("../../../config/profile.toml")),
    ("shaping.toml", include_str!("../../../config/shaping.toml")),
    ("notices/held.txt", include_str!("../../../config/notices/held.txt")),
    ("notices/wanted.txt", include_str!("../../../config/notices/wanted.txt")),
    ("notices/ready.txt", include_str!("../../../config/notices/ready.txt")),
    (
        "notices/approved.txt",
        include_str!("../../../config/notices/approved.txt"),
    ),
    (
        "notices/returned.txt",
        include_str!("../../../config/notices/returned.txt"),
    ),
    (
        "notices/declined.txt",
        include_str!("../../../config/notices/declined.txt"),
    ),
    (
        "notices/released.txt",
        include_str!("../../../config/notices/released.txt"),
    ),
    ("notices/lapsed.txt", include_str!("../../../config/notices/lapsed.txt")),
    (
        "notices/withdrawn.txt",
        include_str!("../../../config/notices/withdrawn.txt"),
    ),
    ("notices/nudge.txt", include_str!("../../../config/notices/nudge.txt")),
    ("notices/alert.txt", include_str!("../../../config/notices/alert.txt")),
    (
        "notices/erasure.txt",
        include_str!("../../../config/notices/erasure.txt"),
    ),
    ("notices/canary.txt", include_str!("../../../config/notices/canary.txt")),
    ("notices/feed.txt", include_str!("../../../config/notices/feed.txt")),
    (
        "notices/afterwards.txt",
        include_str!("../../../config/notices/afterwards.txt"),
    ),
    (
        "notices/changed.txt",
        include_str!("../../../config/notices/changed.txt"),
    ),
    ("notices/edited.txt", include_str!("../../../config/notices/edited.txt")),
    ("notices/partly.txt", include_str!("../../../config/notices/partly.txt")),
    (
        "notices/combined.txt",
        include_str!("../../../config/notices/combined.txt"),
    ),
    ("notices/braked.txt", include_str!("../../../config/notices/braked.txt")),
    ("notices/warned.txt", include_str!("../../../config/notices/warned.txt")),
    (
        "notices/reminder.txt",
        include_str!("../../../config/notices/reminder.txt"),
    ),
    (
        "notices/answered.txt",
        include_str!("../../../config/notices/answered.txt"),
    ),
    ("notices/digest.txt", include_str!("../../../config/notices/digest.txt")),
    (
        "notices/wrong-records.txt",
        include_str!("../../../config/notices/wrong-records.txt"),
    ),
];
/// Accounts of the campus, and who they are.
const ACCOUNTS: [(&str, &str); 9] = [
    ("author", "a member of staff who writes to lists"),
    (
        "records",
        "steward of the Office of the Registrar: approves the use of students@",
    ),
    (
        "alumni-data",
        "steward of Advancement Services: approves the use of alumni@",
    ),
    (
        "hr",
        "steward of Human Resources: approves the use of faculty@ and staff@",
    ),
    ("emarcomm", "reviewer of Electronic Marketing Communications: releases"),
    ("emarcomm-deputy", "another reviewer: nobody releases their own message"),
    ("police", "duty officer: sends emergencies"),
    (
        "privacy",
        "privacy officer: reads the trail, and what carries contact data",
    ),
    ("postmaster", "looks after the machine: pauses what is leaving"),
];
/// Contacts of each feed: source, affiliation, count.
const FEEDS: [(&str, &str, u32); 4] = [
    ("registrar", "student", 3_000),
    ("hr", "staff", 600),
    ("hr", "faculty", 400),
    ("advancement", "alumnus", 1_000),
];
/// Domains the contacts read their mail at; reserved, so that none of them exists.
const DOMAINS: [&str; 4] = ["students.example", "mail.example", "post.example", "inbox.example"];
/// Where they work and study.
const UNITS: [&str; 7] = [
    "Chemistry",
    "Computer Science",
    "Economics",
    "History",
    "Mathematics",
    "Physics",
    "Student Life",
];
/// One in so many contacts is gone: their server refuses them.
const GONE_EVERY: u32 = 1_000;

/// A running campus.
#[derive(Debug)]
pub(super) struct Campus {
    home: TempDir,
    pub(super) client: Client,
    pub(super) recorder: Arc<Recorder>,
    pub(super) ports: Ports,
    passwords: Vec<(String, String)>,
    closer: Closer,
    sink: JoinHandle<()>,
    gateway: JoinHandle<anyhow::Result<()>>,
}

/// Where everything listens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) relay: u16,
    pub(super) submission: u16,
    pub(super) submissions: u16,
    pub(super) console: u16,
    pub(super) public: u16,
}

impl Campus {
    /// Sets it up and opens the gateway. What it sends is kept in a folder to look at, or in memory to be counted.
    pub(super) async fn open(keeps_mail: bool) -> Result<Self, Error> {
        let home = tempfile::Builder::new()
            .prefix("bedel-demo-")
            .tempdir()
            .context("a temporary folder")?;
        let smarthost = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("the smarthost's port")?;
        let ports = Ports::free().await?;
        let dir = home.path().join("config");
        write_settings(
            &dir,
            &ports,
            smarthost.local_addr().context("the smarthost's port")?.port(),
        )?;
        let recorder = Arc::new(if keeps_mail {
            Recorder::in_folder(&home.path().join("mail"), true).context("the folder of sent mail")?
        } else {
            Recorder::in_memory()
        });
        let (closer, closing) = shutdown();
        let sink = tokio::spawn(sink::run(smarthost, Arc::clone(&recorder), closing.clone()));
        let config = config::load(&dir)?;
        let sockets = service::bind(&config).await?;
        let keys = service::first_start(&config)?;
        let gateway = tokio::spawn(service::serve(config, keys, sockets, Clock::system(), closing));
        let client = Client::of(&dir)?;
        let mut campus = Self {
            home,
            client,
            recorder,
            ports,
            passwords: Vec::new(),
            closer,
            sink,
            gateway,
        };
        campus.settle().await?;
        Ok(campus)
    }

    /// Accounts and contacts, by the same roads as anybody's.
    async fn settle(&mut self) -> Result<(), Error> {
        for (name, _) in ACCOUNTS {
            let password = password()?;
            let account = format!("{name}@mst.example");
            self.client
                .ask(Ask::post(
                    "/accounts",
                    &json!({ "address": account, "password": password }),
                ))
                .await?;
            self.passwords.push((account, password));
        }
        for source in ["registrar", "hr", "advancement"] {
            let path = format!("/people/import?source={source}");
            let body = self
                .client
                .open(Ask::post(path, &json!(null)).with(feed(source).into()))
                .await?;
            let mut lines = Lines::of(body);
            while let Some(line) = lines.next().await? {
                if line
                    .get("status")
                    .and_then(serde_json::Value::as_u64)
                    .is_some_and(|status| status != 200)
                {
                    return Err(Error::Failed(anyhow::anyhow!(
                        "the feed of {source} was refused: {line}"
                    )));
                }
            }
        }
        Ok(())
    }

    /// The password of an account of the campus.
    pub(super) fn password(&self, account: &str) -> &str {
        let found = self.passwords.iter().find(|(name, _)| name == account);
        found.map_or("", |(_, password)| password)
    }

    /// Ports, console, accounts, and a first command to paste.
    pub(super) fn introduce(&self) -> Result<(), Error> {
        let Ports {
            relay,
            submission,
            submissions,
            console,
            public,
        } = self.ports;
        out::line("A sample campus is open, on this machine alone. Nothing leaves it.\n")?;
        out::card(&[
            ("Console", format!("http://127.0.0.1:{console}/")),
            ("Public pages", format!("http://127.0.0.1:{public}/preferences")),
            (
                "Submission",
                format!("127.0.0.1:{submission} (STARTTLS), 127.0.0.1:{submissions} (TLS)"),
            ),
            (
                "Relay",
                format!("127.0.0.1:{relay} (X-Campus-Authenticated names the author)"),
            ),
            ("Settings", self.home.path().join("config").display().to_string()),
            ("Sent mail", self.home.path().join("mail").display().to_string()),
        ])?;
        out::line("")?;
        let rows: Vec<[String; 3]> = self
            .passwords
            .iter()
            .zip(ACCOUNTS)
            .map(|((account, password), (_, who))| [account.clone(), password.clone(), who.to_owned()])
            .collect();
        out::table(["ACCOUNT", "PASSWORD", "WHO"], &rows, "")?;
        let password = self.password("author@mst.example");
        out::line("\nSend the first message (paste this into another terminal):\n")?;
        out::line(&format!(
            "printf 'From: author@mst.example\\nTo: students@lists.mst.example\\nSubject: Commencement\\n\\nHello.\\n' |\n  \
             curl --ssl-reqd --insecure --url smtp://127.0.0.1:{submission} --user author@mst.example:{password} \\\n  \
             --mail-from author@mst.example --mail-rcpt students@lists.mst.example --crlf --upload-file - --verbose"
        ))?;
        out::line(
            "\nThen sign in to the console as records@mst.example and approve, as emarcomm@mst.example and release.\n\
             Or do it on the command line, which wants these settings:\n",
        )?;
        let program = std::env::current_exe().map_or_else(|_| "bedel".to_owned(), |path| path.display().to_string());
        let settings = self.home.path().join("config");
        out::line(&format!("{program} --config {} hold list\n", settings.display()))?;
        out::line("Stop with Ctrl-C.")
    }

    /// Ends everything, in order; the folder goes with it.
    pub(super) async fn close(self) {
        self.closer.close();
        if let Ok(Err(error)) = self.gateway.await {
            tracing::error!(%error, "the gateway ended badly");
        }
        // A sink ends when it is told to; there is nothing of its to lose.
        drop(self.sink.await);
    }
}

impl Ports {
    /// The ports of the shipped settings where they are free, others where not.
    async fn free() -> Result<Self, Error> {
        Ok(Self {
            relay: free(2525).await?,
            submission: free(2587).await?,
            submissions: free(2465).await?,
            console: free(8080).await?,
            public: free(8081).await?,
        })
    }
}

async fn free(wanted: u16) -> Result<u16, Error> {
    if TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).await.is_ok() {
        return Ok(wanted);
    }
    let any = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .context("a free port")?;
    Ok(any.local_addr().context("a free port")?.port())
}

/// The shipped settings, on these ports, with web addresses that a browser on this machine can open.
/// Without its `[hours]`.
fn without_hours(policy: &str) -> String {
    let is_other = |section: &&str| !section.starts_with("hours]");
    policy.split("\n[").filter(is_other).collect::<Vec<_>>().join("\n[")
}

fn write_settings(dir: &Path, ports: &Ports, smarthost: u16) -> Result<(), Error> {
    fs::create_dir_all(dir.join("notices")).context("the demo's settings")?;
    for (name, text) in SHIPPED {
        let text = match name {
            "gateway.toml" => adapted(text, ports, smarthost)?,
            "shaping.toml" => impatient(text)?,
            // The story is played at any hour.
            "policy.toml" => without_hours(text),
            _ => text.to_owned(),
        };
        fs::write(dir.join(name), text).context("the demo's settings")?;
    }
    Ok(())
}

/// A mailing begins with its slice all the same, and nobody has to watch it wait a quarter of an hour.
fn impatient(text: &str) -> Result<String, Error> {
    let mut settings: toml::Table = toml::from_str(text).context("the shipped settings")?;
    if let Some(canary) = settings.get_mut("canary").and_then(toml::Value::as_table_mut) {
        canary.insert("wait".to_owned(), "2s".into());
    }
    Ok(toml::to_string(&settings).context("the demo's settings")?)
}

fn adapted(text: &str, ports: &Ports, smarthost: u16) -> Result<String, Error> {
    let mut settings: toml::Table = toml::from_str(text).context("the shipped settings")?;
    let here = |port: u16| toml::Value::from(SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string());
    if let Some(listeners) = settings.get_mut("listener").and_then(toml::Value::as_array_mut) {
        for listener in listeners.iter_mut().filter_map(toml::Value::as_table_mut) {
            let port = match listener.get("name").and_then(toml::Value::as_str) {
                Some("relay") => ports.relay,
                Some("submission") => ports.submission,
                _ => ports.submissions,
            };
            listener.insert("address".to_owned(), here(port));
        }
    }
    for (name, port) in [("console", ports.console), ("public", ports.public)] {
        if let Some(table) = settings.get_mut(name).and_then(toml::Value::as_table_mut) {
            table.insert("address".to_owned(), here(port));
            table.insert("url".to_owned(), format!("http://127.0.0.1:{port}").into());
        }
    }
    if let Some(relay) = settings.get_mut("relay").and_then(toml::Value::as_table_mut) {
        relay.insert("port".to_owned(), i64::from(smarthost).into());
    }
    Ok(toml::to_string(&settings).context("the demo's settings")?)
}

/// The domains of the contacts' mailboxes.
pub(super) fn contact_domains() -> impl Iterator<Item = &'static str> {
    DOMAINS.into_iter()
}

/// A feed of synthetic people; some are gone, as in every list.
fn feed(source: &str) -> String {
    // What each may send is in policy.toml.
    let attribute = if source == "hr" { "title" } else { "class" };
    let mut csv = format!(
        "source_key,email,given_name,family_name,affiliation,unit,{attribute},consent_purpose,consent_basis,consent_at,\
         consent_source,expires_at,ferpa,country\n"
    );
    for (_, affiliation, count) in FEEDS.into_iter().filter(|(of, _, _)| *of == source) {
        for n in 1..=count {
            let kind = if n.is_multiple_of(GONE_EVERY) {
                "gone"
            } else {
                affiliation
            };
            let domain = DOMAINS
                .iter()
                .cycle()
                .nth(n as usize % DOMAINS.len())
                .copied()
                .unwrap_or("mail.example");
            let class = if affiliation == "student" && n.is_multiple_of(4) {
                "freshman"
            } else {
                ""
            };
            let unit = UNITS
                .iter()
                .cycle()
                .nth(n as usize % UNITS.len())
                .copied()
                .unwrap_or_default();
            // Who has an account is staff too.
            let account = ACCOUNTS.get(n as usize - 1).filter(|_| affiliation == "staff");
            let address = account.map_or_else(
                || format!("{kind}{n}@{domain}"),
                |(account, _)| format!("{account}@mst.example"),
            );
            csv.push_str(&format!(
                "{affiliation}-{n},{address},Sample,Contact {n},{affiliation},{unit},{class},,,,,,,US\n"
            ));
        }
    }
    csv
}

/// Sixteen letters and digits.
fn password() -> Result<String, Error> {
    let mut octets = [0; 10];
    rand::fill(&mut octets).ok().context("the system has no randomness")?;
    Ok(BASE32_NOPAD.encode(&octets).to_ascii_lowercase())
}
