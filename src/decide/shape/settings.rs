//! The numbers and names of `shaping.toml`.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::limits::{Limits, Range, Rate};
use super::provider::Provider;
use super::reply::{Rule, as_said};
use super::scope::Pool;
use crate::mail::{Domain, Status, Timestamp};
use crate::model::Lane;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How fast mail leaves, and what replies mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Everything that leaves, together.
    pub all: Limits,
    /// One next hop: the smarthost, or a host that mail for some domains goes to.
    pub each_host: Limits,
    /// Mail whose author named the recipients. Policy C2.
    pub conveyed: Limits,
    /// Mailings to lists.
    pub mailings: Limits,
    /// Emergencies. Policy C17.
    pub emergencies: Limits,
    /// One mailing.
    pub each_mailing: Limits,
    /// All that one domain signs.
    pub each_signing_domain: Limits,
    /// A domain of no provider here.
    pub each_other_domain: Limits,
    /// How a sender they do not know begins.
    pub warm_up: WarmUp,
    /// The first slice of a mailing.
    pub canary: Canary,
    /// What pauses a mailing.
    pub brake: Brake,
    /// When the lanes below the first may leave.
    pub hours: Hours,
    /// Where mail goes that has no other way.
    pub onward: Onward,
    /// Domains whose mail goes straight to a host of their own.
    pub direct: Vec<Direct>,
    /// The addresses that a pool leaves from, where it has its own.
    pub sources: BTreeMap<Pool, String>,
    /// Who is known.
    pub providers: Vec<Provider>,
    /// What a reply means that no rule of its provider knows.
    pub rules: Vec<Rule>,
    /// The zone of days and hours.
    pub zone: TimeZone,
}

impl Default for Settings {
    /// What holds where no file says otherwise: one smarthost, and nobody known.
    fn default() -> Self {
        let rate = |copies| Rate::per_second(copies).map(Range::fixed);
        let many = |count| NonZeroU32::new(count).map(Range::fixed);
        let hop = Limits {
            connections: many(10),
            messages_per_connection: NonZeroU32::new(500),
            messages_per_second: rate(200.0),
            ..Limits::default()
        };
        Self {
            all: Limits {
                connections: many(10),
                messages_per_second: rate(200.0),
                ..Limits::default()
            },
            each_host: hop,
            conveyed: Limits::default(),
            mailings: Limits::default(),
            emergencies: Limits::default(),
            each_mailing: Limits::default(),
            each_signing_domain: Limits::default(),
            each_other_domain: hop,
            warm_up: WarmUp {
                first_day: 300,
                growth: 1.2,
                idle: 30 * DAY,
            },
            canary: Canary {
                copies: 200,
                percent: 2.0,
                wait: DAY / 96,
            },
            brake: Brake {
                sample: 200,
                bounces_warn: 2.0,
                bounces_pause: 5.0,
                complaints_warn: 0.08,
                complaints_pause: 0.3,
                authentication: 3,
            },
            hours: Hours::default(),
            onward: Onward::Smarthost(String::new()),
            direct: Vec::new(),
            sources: BTreeMap::new(),
            providers: Vec::new(),
            rules: Vec::new(),
            zone: TimeZone::UTC,
        }
    }
}

/// Where mail leaves that has no other way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Onward {
    /// Through this host: `127.0.0.1:2526`.
    Smarthost(String),
    /// To the mail exchangers of each domain.
    Exchangers,
}

/// Domains whose mail goes straight to a host of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direct {
    /// They, and all below them.
    pub domains: Vec<Domain>,
    /// The host: `mx.cs.mst.example:25`.
    pub host: String,
}

/// The first days of a sender whom a provider does not know yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WarmUp {
    /// Messages on the first day.
    pub first_day: u32,
    /// How many times as many on the next day that mail is sent.
    pub growth: f64,
    /// After so long without any it begins anew.
    pub idle: Duration,
}

/// The slice of a mailing that goes first; the rest waits to see how it fares. Policy C4.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Canary {
    /// Copies.
    pub copies: u32,
    /// Or this share of the plan, in hundredths, when it is more.
    pub percent: f64,
    /// How long the rest waits once the slice has been tried.
    pub wait: Duration,
}

impl Canary {
    /// How many of a plan go first; all of a small one.
    pub fn of(&self, planned: u32) -> u32 {
        // A share of at most a u32 is one.
        let share = (f64::from(planned) * self.percent / 100.0).ceil() as u32;
        self.copies.max(share).min(planned)
    }
}

/// Shares at which a mailing is watched or paused, in hundredths of the attempts. Policy C4.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brake {
    /// Attempts below which nothing is judged.
    pub sample: u64,
    /// Mailboxes that are gone: said aloud from here.
    pub bounces_warn: f64,
    /// And paused from here.
    pub bounces_pause: f64,
    /// People who said that it is spam: said aloud from here.
    pub complaints_warn: f64,
    /// And paused from here.
    pub complaints_pause: f64,
    /// Replies that doubt who we are, at which it is paused.
    pub authentication: u64,
}

/// When a lane may leave; `None` is at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hours {
    /// Official mail.
    pub official: Option<Window>,
    /// All other mailings.
    pub bulk: Option<Window>,
}

/// Hours of every day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From then.
    pub from: Time,
    /// Until then, which is not before.
    pub to: Time,
}

impl Window {
    /// When copies may leave: now, or when the window opens next.
    pub fn next(&self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        let local = now.local(zone);
        if self.from <= local.time() && local.time() < self.to {
            return now;
        }
        let day = if local.time() < self.from {
            Ok(local.date())
        } else {
            local.date().tomorrow()
        };
        let opens = day.and_then(|day| day.to_datetime(self.from).to_zoned(zone.clone()));
        opens.map_or(now, |at| at.timestamp().into())
    }
}

impl Hours {
    /// The window of a lane. An emergency has none.
    pub fn of(&self, lane: Lane) -> Option<Window> {
        match lane {
            Lane::Emergency => None,
            Lane::Official => self.official,
            Lane::Bulk => self.bulk,
        }
    }
}

/// A rule that knows a reply, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The provider it belongs to; `None` for the rules that hold for everybody.
    pub provider: Option<&'a Provider>,
}

impl Settings {
    /// The host that the settings name for a domain.
    pub fn own_host(&self, domain: &Domain) -> Option<&str> {
        let is_of = |direct: &&Direct| direct.domains.iter().any(|own| domain.is_within(own));
        self.direct.iter().find(is_of).map(|direct| direct.host.as_str())
    }

    /// The providers a domain has its mail at: all that match.
    pub fn providers_of(&self, domain: &Domain, exchangers: &[String]) -> Vec<&Provider> {
        let has = |provider: &&Provider| provider.has(domain, exchangers);
        self.providers.iter().filter(has).collect()
    }

    /// The rule that knows a reply: of these providers, else of everybody.
    pub fn knows<'a>(&'a self, status: &Status, providers: &[&'a Provider]) -> Option<Known<'a>> {
        self.knows_line(&as_said(status), providers)
    }

    /// The same, for a reply on one line.
    pub fn knows_line<'a>(&'a self, line: &str, providers: &[&'a Provider]) -> Option<Known<'a>> {
        let fits = |rule: &&Rule| rule.pattern.is_in(line);
        let of_provider = providers.iter().find_map(|provider| {
            let rule = provider.rules.iter().find(fits)?;
            Some(Known {
                rule,
                provider: Some(provider),
            })
        });
        of_provider.or_else(|| {
            let rule = self.rules.iter().find(fits)?;
            Some(Known { rule, provider: None })
        })
    }

    /// What cannot work as it is written: an example that its own rule does not know, a provider that does not match its
    /// own sample. Each with the text that is at fault.
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        for provider in &self.providers {
            if let Some(sample) = &provider.sample_exchanger
                && !provider.runs(sample)
            {
                let what = format!("provider.{}: its own sample_mx ends in none of its mx", provider.key);
                faults.push((sample.clone(), what));
            }
            for rule in &provider.rules {
                faults.extend(self.fault_of(rule, &[provider], &format!("provider.{}", provider.key)));
            }
        }
        for rule in &self.rules {
            faults.extend(self.fault_of(rule, &[], "rules"));
        }
        faults
    }

    /// A rule must be the one that answers for its own sample.
    fn fault_of(&self, rule: &Rule, providers: &[&Provider], place: &str) -> Option<(String, String)> {
        let place = format!("{place}, rule \"{}\"", rule.name);
        let found = self.knows_line(&rule.sample, providers);
        let what = match found {
            Some(known) if std::ptr::eq(known.rule, rule) => return None,
            Some(known) => format!("{place}: its own sample is caught by \"{}\" before it", known.rule.name),
            None => format!("{place}: its own sample does not have those words"),
        };
        Some((rule.sample.clone(), what))
    }
}
