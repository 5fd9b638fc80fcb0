//! `bedel check`: read the settings, say all that is in force.

use std::num::NonZeroU32;
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{Error, feeds, out, records, view};
use crate::config::{self, Config, Exchangers, Leaving, Onward, Route};
use crate::decide::lint::{self, Level};
use crate::decide::policy::ListRule;
use crate::decide::shape::{self, Limits, Pool};
use crate::mail::{Address, Domain};
use crate::model::{Caps, Identity};
use crate::service::{self, Keys};
use crate::stage::deliver::RelayTls;

/// How to say it.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Reads the folder of settings and starts nothing. Exit code 2 when something is wrong.\n\n\
    Example:\n  bedel --config /etc/bedel check"
)]
pub(super) struct Check {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(dir: &Path, check: &Check) -> Result<(), Error> {
    let config = config::load(dir)?;
    // Before the first start there are no keys yet, which is no fault.
    let keys: Vec<(String, String)> = if config.gateway.dkim.key.exists() {
        let read = Keys::read(&config)?;
        read.signers.all().map(|(_, signer)| signer.dns_record()).collect()
    } else {
        Vec::new()
    };
    service::check_tls(&config.gateway.tls)?;
    if check.json {
        return out::json(&as_json(&config, &keys));
    }
    lists(&config)?;
    feeds::check(&config)?;
    clauses(&config)?;
    checks(&config)?;
    limits(&config)?;
    route(&config.gateway.route)?;
    shaping(&config.shaping)?;
    dns(&config, &keys)?;
    out::line("The settings are good.")
}

fn lists(config: &Config) -> Result<(), Error> {
    let policy = &config.policy;
    let row = |(list, rule): (&Address, &ListRule)| {
        let audience = policy.audiences.get(&rule.audience)?;
        let approves = audience.office.as_ref().map(|office| policy.offices.name(office));
        let from = match &rule.identity {
            Identity::Keep => "the author".to_owned(),
            Identity::List { address, .. } => address.to_string(),
        };
        let campus = if audience.on_campus { "on" } else { "off" };
        let approves = approves.unwrap_or_else(|| "nobody".to_owned());
        let caps = caps(audience.caps);
        let mark = if audience.sensitive { ", sensitive" } else { "" };
        Some([
            list.to_string(),
            format!("{}{mark}", rule.audience),
            campus.to_owned(),
            approves,
            from,
            caps,
            rule.may_request.join(" "),
        ])
    };
    let rows: Vec<[String; 7]> = policy.lists.iter().filter_map(row).collect();
    let head = ["LIST", "AUDIENCE", "CAMPUS", "APPROVED BY", "FROM", "CAPS", "MAY ASK"];
    out::table(head, &rows, "There are no lists.")?;
    let reviewers: Vec<String> = policy
        .offices
        .reviewers()
        .into_iter()
        .map(ToString::to_string)
        .collect();
    out::line(&format!("\nReleased by: {}\n", reviewers.join(", ")))
}

fn caps(caps: Caps) -> String {
    let said = |cap: Option<u32>, period: &str| cap.map(|cap| format!("{cap} a {period}"));
    let all: Vec<String> = [
        said(caps.week, "week"),
        said(caps.month, "month"),
        said(caps.survey_month, "month of surveys"),
        said(caps.topic_month, "month of its topic"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if all.is_empty() {
        "none".to_owned()
    } else {
        all.join(", ")
    }
}

/// The editorial checks, by how much they weigh. Policy C12.
fn checks(config: &Config) -> Result<(), Error> {
    let profile = &config.lint.profile;
    out::line(&format!("Editorial checks (C12), house style {}:", profile.version))?;
    for level in [Level::Block, Level::Warn, Level::Info] {
        let named = lint::RULES
            .iter()
            .filter(|rule| profile.level(rule.name, rule.level) == Some(level));
        let names: Vec<&str> = named.map(|rule| rule.name).collect();
        out::line(&format!("  {}: {}", level.words(), names.join(", ")))?;
    }
    out::line("")
}

/// The policy's numbers, clause by clause.
fn clauses(config: &Config) -> Result<(), Error> {
    let policy = &config.policy;
    let (hidden, data, frequency) = (&policy.hidden, &policy.contact_data, &policy.frequency);
    let days = |span: std::time::Duration| format!("{} days", span.as_secs() / (24 * 60 * 60));
    let hours = frequency.hours.as_ref().map_or_else(
        || "at any time".to_owned(),
        |hours| {
            let (from, to, large) = (hours.from, hours.to, hours.large_from);
            format!(
                "{} to {} on working days; from {} recipients on after {}",
                of_day(from),
                of_day(to),
                hours.large_at,
                of_day(large)
            )
        },
    );
    let heralds: Vec<String> = policy
        .emergency
        .heralds
        .accounts()
        .iter()
        .map(ToString::to_string)
        .collect();
    let drill: Vec<String> = policy.emergency.drill.iter().map(ToString::to_string).collect();
    let row = |clause: &str, what: &str, number: String| [clause.to_owned(), what.to_owned(), number];
    let rows = [
        row(
            "C2",
            "an account conveys",
            format!(
                "{} recipients an hour, {} a day; the excess waits",
                policy.conveyed.per_hour, policy.conveyed.per_day
            ),
        ),
        row(
            "C6",
            "a class is one",
            format!("in its term, and {} before and after", days(policy.class_grace)),
        ),
        row(
            "C7",
            "one subject is mass mail",
            format!(
                "from {} people outside or {} in all within {}; told from {} on",
                hidden.hold_at_outside,
                hidden.hold_at_campus,
                days(hidden.window),
                hidden.nudge_at
            ),
        ),
        row(
            "C8",
            "is forgotten after",
            format!(
                "{} whom no office lists; {} who got what; {} what became of copies; {} the trail",
                days(policy.retention.gone),
                days(policy.retention.history),
                days(policy.retention.deliveries),
                days(policy.retention.trail)
            ),
        ),
        row(
            "C10",
            "contact data is",
            format!(
                "{} addresses, or {} of the master list",
                data.addresses_at, data.known_at
            ),
        ),
        row("C11", "mailings leave", hours),
        row(
            "C11",
            "a mailing has",
            format!(
                "{} words on campus, {} off; {}",
                frequency.words_on_campus,
                frequency.words_off_campus,
                octets(frequency.bytes)
            ),
        ),
        row(
            "C11",
            "one topic goes to a list",
            format!(
                "{} times a term, {} apart",
                frequency.topic_max,
                days(frequency.topic_apart)
            ),
        ),
        row("C13", "surveys are asked with", policy.surveys.licensed.clone()),
        row(
            "C15",
            "an approval counts until",
            format!("{} % of its audience have joined or left", policy.drift_percent_max),
        ),
        row("C17", "emergencies come from", heralds.join(", ")),
        row("C17", "drills go to", drill.join(", ")),
    ];
    out::table(["CLAUSE", "WHAT", "IN FORCE"], &rows, "")?;
    out::line("")
}

/// Octets in the largest unit that is whole.
fn octets(count: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let whole = units
        .iter()
        .find(|(_, size)| count >= *size && count.is_multiple_of(*size));
    whole.map_or_else(
        || format!("{count} bytes"),
        |(unit, size)| format!("{} {unit}", count / size),
    )
}

/// `08:00`.
fn of_day(time: jiff::civil::Time) -> String {
    time.strftime("%H:%M").to_string()
}

fn limits(config: &Config) -> Result<(), Error> {
    let limits = &config.gateway.limits;
    let seconds = |span: std::time::Duration| format!("{} s", span.as_secs());
    out::card(&[
        (
            "connections",
            format!(
                "{}, {} of one peer",
                limits.connections_max, limits.connections_per_peer_max
            ),
        ),
        ("commands a message", limits.commands_max.to_string()),
        ("errors a session", limits.errors_max.to_string()),
        ("command line", format!("{} bytes", limits.line_bytes_max)),
        ("recipients a message", limits.recipients_max.to_string()),
        (
            "message",
            octets(u64::try_from(limits.message_bytes_max).unwrap_or(u64::MAX)),
        ),
        ("silence", seconds(limits.idle_timeout)),
        ("one message", seconds(limits.transaction_timeout)),
        (
            "failed logins in 15 min",
            format!(
                "{} of an account, {} from a peer",
                limits.failed_logins_per_account_max, limits.failed_logins_per_peer_max
            ),
        ),
        ("free disk", octets(config.gateway.free_bytes_min)),
        (
            "a hold lapses after",
            format!("{} days", config.policy.lapse_after.as_secs() / 86_400),
        ),
    ])
}

/// Where mail leaves, and as whom.
fn route(route: &Route) -> Result<(), Error> {
    out::line("")?;
    let all = |domains: &[Domain]| domains.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let tls = |tls: RelayTls| format!("{tls:?}").to_lowercase();
    let mut rows = Vec::new();
    match &route.onward {
        Onward::Smarthost(hop) => {
            rows.push([
                "all domains".to_owned(),
                format!("through {}", hop.name()),
                tls(hop.tls),
            ]);
        }
        Onward::Exchangers(exchangers) => {
            let port = exchangers.port;
            rows.push([
                "all domains".to_owned(),
                format!("to their mail exchangers, port {port}"),
                as_asked(exchangers, &tls(exchangers.tls)),
            ]);
            for (domains, asked) in &exchangers.tls_of {
                rows.push([all(domains), "to their mail exchangers".to_owned(), tls(*asked)]);
            }
        }
    }
    for via in &route.via {
        rows.push([all(&via.domains), format!("to {}", via.hop.name()), tls(via.hop.tls)]);
    }
    out::table(["MAIL FOR", "GOES", "TLS"], &rows, "")?;
    let pool = |(pool, leaving): (&Pool, &Leaving)| {
        let sources: Vec<String> = leaving.sources.iter().map(ToString::to_string).collect();
        let hostname = leaving
            .hostname
            .as_ref()
            .map_or_else(|| "the gateway's name".to_owned(), ToString::to_string);
        let sources = match sources.is_empty() {
            true => "as the system chooses".to_owned(),
            false => sources.join(" "),
        };
        [pool.words().to_owned(), sources, hostname]
    };
    let rows: Vec<[String; 3]> = route.pools.iter().map(pool).collect();
    if !rows.is_empty() {
        out::line("")?;
        out::table(["LEAVING", "FROM", "EHLO"], &rows, "")?;
    }
    Ok(())
}

fn as_asked(exchangers: &Exchangers, tls: &str) -> String {
    let more = [("MTA-STS", exchangers.dns.mta_sts), ("DANE", exchangers.dns.dane)];
    let more: Vec<&str> = more.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    match more.is_empty() || exchangers.tls == RelayTls::Off {
        true => tls.to_owned(),
        false => format!("{tls}; more where {} asks for it", more.join(" or ")),
    }
}

/// How fast mail leaves, a limit a line. Policy C4.
fn shaping(shaping: &shape::Settings) -> Result<(), Error> {
    out::line("")?;
    let scopes = [
        ("everything", &shaping.all),
        ("each host", &shaping.each_host),
        ("conveyed mail", &shaping.conveyed),
        ("mailings", &shaping.mailings),
        ("emergencies", &shaping.emergencies),
        ("each mailing", &shaping.each_mailing),
        ("each signing domain", &shaping.each_signing_domain),
        ("each other domain", &shaping.each_other_domain),
    ];
    let providers = shaping
        .providers
        .iter()
        .map(|provider| (provider.name.as_str(), &provider.limits, provider.rules.len()));
    let scopes = scopes.into_iter().map(|(name, limits)| (name, limits, 0));
    let row = |(name, limits, rules): (&str, &Limits, usize)| {
        let number = |number: Option<NonZeroU32>| number.map_or_else(String::new, |number| number.to_string());
        let connections = limits.connections.map(|range| range.to_string());
        let rate = limits.messages_per_second.map(|range| range.to_string());
        let day = match limits.warm_up {
            true => format!("{} warming up", number(limits.messages_per_day))
                .trim()
                .to_owned(),
            false => number(limits.messages_per_day),
        };
        let rules = if rules == 0 { String::new() } else { rules.to_string() };
        [
            name.to_owned(),
            connections.unwrap_or_default(),
            number(limits.messages_per_connection),
            rate.unwrap_or_default(),
            day,
            rules,
        ]
    };
    let rows: Vec<[String; 6]> = scopes.chain(providers).map(row).collect();
    out::table(
        ["LEAVING", "CONNECTIONS", "ON ONE", "COPIES", "A DAY", "RULES"],
        &rows,
        "",
    )?;
    let (canary, brake) = (shaping.canary, shaping.brake);
    out::card(&[
        (
            "a mailing begins with",
            format!(
                "{} copies, or {} % when that is more; the rest waits {}",
                canary.copies,
                canary.percent,
                view::wait(canary.wait.as_secs())
            ),
        ),
        (
            "it is paused at",
            format!(
                "{} % bounces, {} % complaints, or {} doubts who we are, from {} attempts on",
                brake.bounces_pause, brake.complaints_pause, brake.authentication, brake.sample
            ),
        ),
        (
            "replies are known by",
            format!(
                "{} rules, each of which finds its own sample",
                rows.iter()
                    .filter_map(|row| row.last()?.parse::<usize>().ok())
                    .sum::<usize>()
                    + shaping.rules.len()
            ),
        ),
    ])
}

fn dns(config: &Config, keys: &[(String, String)]) -> Result<(), Error> {
    let gateway = &config.gateway;
    out::line("\nDNS records to publish:")?;
    for (name, value) in keys {
        out::line(&records::key(name, value))?;
    }
    if keys.is_empty() {
        out::line("(the DKIM key is made at the first start)")?;
    }
    for domain in [&gateway.lists_domain, &gateway.bounce_domain] {
        out::line(&records::exchanger(gateway, domain))?;
    }
    out::line(&records::sender(&gateway.bounce_domain, "mx"))?;
    for domain in records::authors(gateway) {
        out::line(&records::author(gateway, domain))?;
    }
    out::line("")
}

fn as_json(config: &Config, keys: &[(String, String)]) -> serde_json::Value {
    let policy = &config.policy;
    let lists: Vec<_> = policy
        .lists
        .iter()
        .map(|(list, rule)| {
            let office = policy
                .audiences
                .get(&rule.audience)
                .and_then(|audience| audience.office.as_ref());
            json!({ "list": list, "audience": rule.audience, "office": office, "may_request": rule.may_request })
        })
        .collect();
    json!({
        "hostname": config.gateway.hostname,
        "lists": lists,
        "reviewers": policy.offices.reviewers(),
        "feeds": feeds::as_json(config),
        "providers": config.shaping.providers.iter().map(|provider| json!({ "key": provider.key, "name": provider.name, "rules": provider.rules.len() })).collect::<Vec<_>>(),
        "dkim": keys.first().map(|(name, value)| json!({ "name": name, "value": value })),
        "dkim_keys": keys.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
    })
}
