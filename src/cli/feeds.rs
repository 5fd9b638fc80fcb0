//! `bedel people feeds`: how the feeds of the offices go.

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Ask, Client};
use super::{Error, out, view};
use crate::config::{Config, FeedSettings};
use crate::mail::Timestamp;
use crate::service;

/// How to say it.
#[derive(Debug, Args)]
pub(super) struct Feeds {
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Feed {
    office: String,
    source: String,
    schedule: Option<String>,
    next: Option<Timestamp>,
    applied: Option<Applied>,
    failed: Option<Failed>,
}

#[derive(Debug, Deserialize)]
struct Applied {
    at: Timestamp,
    rows: u64,
}

#[derive(Debug, Deserialize)]
struct Failed {
    at: Timestamp,
    what: String,
}

pub(super) async fn run(client: &Client, feeds: &Feeds) -> Result<(), Error> {
    let answer = client.ask(Ask::get("/people/feeds")).await?;
    if feeds.json {
        return out::json(&answer);
    }
    let feeds: Vec<Feed> = view::read(answer)?;
    let rows: Vec<[String; 6]> = feeds.iter().map(|feed| row(client, feed)).collect();
    let head = ["OFFICE", "SOURCE", "SCHEDULE", "LAST GOOD", "ROWS", "NEXT"];
    out::table(
        head,
        &rows,
        "No office has a feed: [feed.OFFICE] of policy.toml says what it may send.",
    )?;
    for Feed { office, failed, .. } in &feeds {
        if let Some(Failed { at, what }) = failed {
            out::line(&format!("{office} failed {}: {what}", client.time(*at)))?;
        }
    }
    Ok(())
}

fn row(client: &Client, feed: &Feed) -> [String; 6] {
    let time = |at: Timestamp| client.time(at);
    let applied = feed.applied.as_ref();
    [
        feed.office.clone(),
        feed.source.clone(),
        feed.schedule.clone().unwrap_or_else(|| "by hand".to_owned()),
        applied.map_or_else(|| "never".to_owned(), |applied| time(applied.at)),
        applied.map(|applied| out::count(applied.rows)).unwrap_or_default(),
        feed.next.map(time).unwrap_or_default(),
    ]
}

/// What each office may send, as the settings have it; a secret that cannot be used is a fault of theirs.
pub(super) fn check(config: &Config) -> Result<(), Error> {
    let row = |(office, feed): (&crate::model::OfficeId, &FeedSettings)| {
        let rules = &feed.rules;
        let fields: Vec<&str> = rules.fields.iter().map(String::as_str).collect();
        [
            office.to_string(),
            feed.source.as_ref().map_or("csv", |source| source.word()).to_owned(),
            feed.schedule
                .map_or_else(|| "by hand".to_owned(), |schedule| schedule.to_string()),
            format!("-{} % +{} %", rules.drop_percent_max, rules.growth_percent_max),
            rules
                .canary
                .as_ref()
                .map_or_else(|| "none".to_owned(), ToString::to_string),
            fields.join(" "),
        ]
    };
    let rows: Vec<[String; 6]> = config.feeds.iter().map(row).collect();
    let head = ["FEED", "SOURCE", "SCHEDULE", "MAY CHANGE", "CANARY", "ATTRIBUTES"];
    out::table(
        head,
        &rows,
        "No office has a feed: [feed.OFFICE] of policy.toml says what it may send.",
    )?;
    let bare = config.feeds.iter().filter(|(_, feed)| feed.rules.canary.is_none());
    let bare: Vec<String> = bare.map(|(office, _)| office.to_string()).collect();
    if !bare.is_empty() {
        out::line(&format!(
            "Without a canary, nobody hears that a copy of these contacts is in use (C10): {}",
            bare.join(", ")
        ))?;
    }
    for (office, feed) in &config.feeds {
        if let Some(file) = feed.source.as_ref().and_then(|source| source.secrets()) {
            service::read_secret(file)
                .map_err(|error| Error::Usage(format!("[feed.{office}] of gateway.toml: {error:#}")))?;
        }
    }
    out::line("")
}

/// The same for programs.
pub(super) fn as_json(config: &Config) -> Value {
    let feeds = config.feeds.iter().map(|(office, feed)| {
        json!({
            "office": office,
            "source": feed.source.as_ref().map_or("csv", |source| source.word()),
            "schedule": feed.schedule.map(|schedule| schedule.to_string()),
            "fields": feed.rules.fields,
            "drop_percent_max": feed.rules.drop_percent_max,
            "growth_percent_max": feed.rules.growth_percent_max,
            "canary": feed.rules.canary,
        })
    });
    feeds.collect()
}
