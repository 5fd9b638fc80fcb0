//! `bedel doctor`: what DNS says of us, what mailbox providers would miss in it, and the records to publish.

mod dkim;
mod dmarc;
mod exchangers;
mod spf;
mod ways_out;

use std::net::IpAddr;
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{Error, out};
use crate::config::{self, Config, Onward};
use crate::stage::deliver::{DnsSettings, Missing, Names};

/// How to say it.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Asks DNS and changes nothing. Exit code 1 when a record is wrong or wanting, 0 when all of them are\n\
    right. What cannot be judged from here is said, and is no fault.\n\n\
    Example:\n  bedel --config /etc/bedel doctor"
)]
pub(super) struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was found of one record.
struct Finding {
    what: &'static str,
    name: String,
    state: State,
    said: String,
    /// The record to publish, as a zone file has it.
    publish: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Right,
    Unknown,
    Wrong,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Unknown => "unknown",
            Self::Wrong => "wrong",
        }
    }
}

pub(super) async fn run(dir: &Path, doctor: &Doctor) -> Result<(), Error> {
    let config = config::load(dir)?;
    let findings = look(&config).await?;
    say(doctor, &findings)?;
    match findings.iter().filter(|finding| finding.state == State::Wrong).count() {
        0 => Ok(()),
        wrong => Err(Error::Failed(anyhow::anyhow!(
            "{wrong} of {} records are wrong or wanting; publish what stands above",
            findings.len()
        ))),
    }
}

fn say(doctor: &Doctor, findings: &[Finding]) -> Result<(), Error> {
    if doctor.json {
        let all = findings.iter().map(|finding| {
            json!({ "record": finding.what, "name": finding.name, "state": finding.state.word(), "said": finding.said, "publish": finding.publish })
        });
        return out::json(&all.collect());
    }
    let row = |finding: &Finding| {
        [
            finding.what.to_owned(),
            finding.name.clone(),
            finding.state.word().to_owned(),
            finding.said.clone(),
        ]
    };
    let rows: Vec<[String; 4]> = findings.iter().map(row).collect();
    out::table(["RECORD", "OF", "IT IS", "DNS SAYS"], &rows, "")?;
    let wanted: Vec<&String> = findings.iter().filter_map(|finding| finding.publish.as_ref()).collect();
    if !wanted.is_empty() {
        out::line("\nPublish:")?;
        wanted.iter().try_for_each(|record| out::line(record))?;
    }
    Ok(())
}

/// Who asks, and of whom.
struct Examination<'a> {
    config: &'a Config,
    names: Names,
    /// Addresses that mail leaves from, with what is said in EHLO from there.
    leaving: Vec<(IpAddr, String)>,
    findings: Vec<Finding>,
}

async fn look(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let gateway = &config.gateway;
    let dns = match &gateway.route.onward {
        Onward::Exchangers(exchangers) => DnsSettings {
            dane: false,
            ..exchangers.dns.clone()
        },
        Onward::Smarthost(_) => DnsSettings::default(),
    };
    let mut examination = Examination {
        config,
        names: Names::new(&dns)?,
        leaving: Vec::new(),
        findings: Vec::new(),
    };
    examination.exchangers().await;
    examination.ways_out().await;
    examination.spf().await;
    examination.dkim().await?;
    examination.dmarc().await;
    Ok(examination.findings)
}

impl Examination<'_> {
    fn find(&mut self, what: &'static str, name: String, (state, said): (State, String), publish: Option<String>) {
        self.findings.push(Finding {
            what,
            name,
            state,
            said,
            publish: publish.filter(|_| state != State::Right),
        });
    }
}

/// What an answer comes to.
fn judged<T>(found: Result<T, Missing>, judge: impl Fn(&T) -> (bool, String)) -> (State, String) {
    match found {
        Ok(found) => {
            let (is_right, said) = judge(&found);
            (if is_right { State::Right } else { State::Wrong }, said)
        }
        Err(missing @ (Missing::Record | Missing::Name)) => (State::Wrong, missing.to_string()),
        Err(missing @ Missing::NotNow(_)) => (State::Unknown, missing.to_string()),
    }
}
