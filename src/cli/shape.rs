//! `bedel shape`: how fast mail leaves, and what it waits for.

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::Value;

use super::client::{Ask, Client, encoded};
use super::{Error, out, view};
use crate::mail::Timestamp;

/// What to ask.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say which limit binds a copy for a domain now, and when one might go
    #[command(
        after_long_help = "Examples:\n  bedel shape explain gmail.com\n  bedel shape explain mst.edu --lane emergency --json"
    )]
    Explain(Explain),
    /// Say how everybody stands who receives: pace, connections, the day's allowance, silences
    #[command(after_long_help = "Example:\n  bedel shape list")]
    List(List),
}

/// A domain.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// Where people read their mail, such as gmail.com; an address will do
    domain: String,
    /// The lane a copy would be in
    #[arg(long, value_enum, default_value_t = LaneName::Bulk)]
    lane: LaneName,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

/// Everybody.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LaneName {
    Emergency,
    Official,
    Bulk,
}

#[derive(Debug, Deserialize)]
struct Explained {
    domain: String,
    provider: String,
    next_hop: String,
    is_direct: bool,
    next: Timestamp,
    wait_seconds: u64,
    binds: Vec<Bound>,
    limits: Vec<Scoped>,
}

#[derive(Debug, Deserialize)]
struct Bound {
    sentence: String,
}

#[derive(Debug, Deserialize)]
struct Scoped {
    who: String,
    messages_per_second: Option<Pace>,
    connections: Option<Many>,
    messages_per_connection: Option<u32>,
    today: Option<Today>,
    breaker: Breaker,
    why: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Pace {
    start: f64,
    max: f64,
    now: f64,
}

#[derive(Debug, Deserialize)]
struct Many {
    now: u32,
    in_use: u32,
}

#[derive(Debug, Deserialize)]
struct Today {
    messages: u32,
    left: u32,
    is_warming_up: bool,
}

#[derive(Debug, Deserialize)]
struct Breaker {
    state: String,
    why: Option<String>,
    until: Option<Timestamp>,
}

pub(super) async fn run(client: &Client, command: Command) -> Result<(), Error> {
    match command {
        Command::Explain(explain) => self::explain(client, explain).await,
        Command::List(list) => self::list(client, list).await,
    }
}

async fn explain(client: &Client, asked: Explain) -> Result<(), Error> {
    let lane = match asked.lane {
        LaneName::Emergency => "emergency",
        LaneName::Official => "official",
        LaneName::Bulk => "bulk",
    };
    let domain = asked.domain.rsplit('@').next().unwrap_or(&asked.domain);
    let path = format!("/shape/{}?lane={lane}", encoded(domain));
    let answer = client.ask(Ask::get(path)).await?;
    if asked.json {
        return out::json(&answer);
    }
    let told: Explained = view::read(answer)?;
    let way = if told.is_direct { "straight to" } else { "through" };
    out::line(&format!("{}: {}, {way} {}", told.domain, told.provider, told.next_hop))?;
    match told.binds.split_first() {
        None => out::line("Nothing binds: a copy may go now.")?,
        Some((first, others)) => {
            out::line(&format!("Waits for {}", first.sentence))?;
            for other in others {
                out::line(&format!("  and for {}", other.sentence))?;
            }
            out::line(&format!(
                "A copy might go in {}, at {}.",
                view::wait(told.wait_seconds),
                client.time(told.next)
            ))?;
        }
    }
    out::line("")?;
    standings(client, &told.limits)
}

async fn list(client: &Client, asked: List) -> Result<(), Error> {
    let answer: Value = client.ask(Ask::get("/shape")).await?;
    if asked.json {
        return out::json(&answer);
    }
    standings(client, &view::read::<Vec<Scoped>>(answer)?)
}

fn standings(client: &Client, scopes: &[Scoped]) -> Result<(), Error> {
    let row = |scope: &Scoped| {
        let pace = scope.messages_per_second.as_ref().map(Pace::words);
        let connections = scope.connections.as_ref();
        let is_spent = scope.today.as_ref().is_some_and(|today| today.left == 0);
        let passage = match scope.breaker.state.as_str() {
            "closed" if is_spent => "no more today, but emergencies".to_owned(),
            _ => scope.breaker.words(client),
        };
        [
            scope.who.clone(),
            pace.unwrap_or_default(),
            connections.map_or_else(String::new, |many| format!("{} of {}", many.in_use, many.now)),
            scope
                .messages_per_connection
                .map_or_else(String::new, |count| count.to_string()),
            scope.today.as_ref().map(Today::words).unwrap_or_default(),
            passage,
        ]
    };
    let rows: Vec<[String; 6]> = scopes.iter().map(row).collect();
    let head = ["WHO", "A SECOND", "CONNECTIONS", "ON ONE", "TODAY", "MAIL"];
    out::table(head, &rows, "No mail has left yet.")?;
    scopes
        .iter()
        .filter_map(|scope| scope.why.as_deref())
        .try_for_each(out::line)
}

impl Pace {
    fn words(&self) -> String {
        let Self { start, max, now } = self;
        if start == max && now == start {
            return now.to_string();
        }
        let now = (now * 100.0).round() / 100.0;
        match start == max {
            true => format!("{now} of {max}"),
            false => format!("{now} ({start} to {max})"),
        }
    }
}

impl Breaker {
    /// What an open and a closed one mean for mail.
    fn words(&self, client: &Client) -> String {
        let mail = match (self.state.as_str(), self.until) {
            ("closed", _) => "goes".to_owned(),
            ("half-open", _) => "one connection tries".to_owned(),
            (_, Some(until)) => format!("nothing until {}", client.time(until)),
            (_, None) => "nothing".to_owned(),
        };
        match &self.why {
            Some(why) => format!("{mail}: {why}"),
            None => mail,
        }
    }
}

impl Today {
    fn words(&self) -> String {
        let warming = if self.is_warming_up { ", warming up" } else { "" };
        format!("{} of {} left{warming}", self.left, self.messages)
    }
}
