//! `shaping.toml`: how fast mail leaves, and what replies mean.

mod forms;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::Path;

use serde::Deserialize;

use self::forms::{RawPattern, RawRange, RawRate, RawRemedy, RawWindow};
use super::values::Span;
use super::{Fault, Gateway, fault};
use crate::config::Onward;
use crate::decide::shape::{
    self, Brake, Canary, Direct, Hours, Limits, Meaning, Pool, Provider, Range, Rule, Settings, WarmUp,
};
use crate::mail::Domain;

/// The table of a domain that no other provider has.
const DEFAULT: &str = "default";
/// Stands for each of the campus's domains.
const CAMPUS: &str = "<campus>";

pub(super) fn read(file: &Path, gateway: &Gateway) -> Result<Settings, Fault> {
    let text = fault::text(file)?;
    let raw: Raw = fault::parse(file, &text)?;
    let settings = raw.check(gateway).map_err(|what| Fault::Sense {
        file: file.to_owned(),
        what,
    })?;
    match settings.faults().into_iter().next() {
        Some((at, what)) => Err(fault::at(file, &text, text.find(&at).unwrap_or(0), what)),
        None => Ok(settings),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    limits: RawScopes,
    warm_up: RawWarmUp,
    canary: RawCanary,
    brake: RawBrake,
    #[serde(default)]
    hours: RawHours,
    provider: BTreeMap<String, RawProvider>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScopes {
    all: RawLimits,
    #[serde(default)]
    each_host: RawLimits,
    #[serde(default)]
    conveyed: RawLimits,
    #[serde(default)]
    mailings: RawLimits,
    #[serde(default)]
    emergencies: RawLimits,
    #[serde(default)]
    each_mailing: RawLimits,
    #[serde(default)]
    each_signing_domain: RawLimits,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    connections: Option<RawRange<NonZeroU32>>,
    messages_per_connection: Option<NonZeroU32>,
    messages_per_second: Option<RawRange<RawRate>>,
    messages_per_day: Option<NonZeroU32>,
    #[serde(default)]
    warm_up: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProvider {
    name: String,
    #[serde(default)]
    domains: Vec<String>,
    #[serde(default)]
    mx: Vec<String>,
    sample_mx: Option<String>,
    connections: Option<RawRange<NonZeroU32>>,
    messages_per_connection: Option<NonZeroU32>,
    messages_per_second: Option<RawRange<RawRate>>,
    messages_per_day: Option<NonZeroU32>,
    #[serde(default)]
    warm_up: bool,
    #[serde(default)]
    rules: Vec<RawRule>,
}

/// What holds for all other domains.
struct Others {
    limits: Limits,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    name: String,
    reply: RawPattern,
    means: Meaning,
    #[serde(rename = "do")]
    remedies: Option<Vec<RawRemedy>>,
    after: Option<NonZeroU32>,
    sample: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWarmUp {
    first_day: NonZeroU32,
    growth_percent: f64,
    idle: Span,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCanary {
    copies: u32,
    percent: f64,
    wait: Span,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBrake {
    sample: u64,
    bounces_warn: f64,
    bounces_pause: f64,
    complaints_warn: f64,
    complaints_pause: f64,
    authentication: u64,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawHours {
    official: Option<RawWindow>,
    bulk: Option<RawWindow>,
}

impl Raw {
    fn check(mut self, gateway: &Gateway) -> Result<Settings, String> {
        let campus = &gateway.campus_domains;
        let others = self.provider.remove(DEFAULT);
        let others = others.ok_or("there is no [provider.default]; it says what holds for all other domains")?;
        if !(others.domains.is_empty() && others.mx.is_empty()) {
            return Err("provider.default is for all other domains, and names none".to_owned());
        }
        let scopes = self.limits;
        let all = scopes.all.check("limits.all")?;
        if all.connections.is_none() {
            return Err("limits.all has no connections; say how many may be open together".to_owned());
        }
        let others = others.check_default()?;
        let each_host = scopes.each_host.check("limits.each_host")?.or(&others.limits);
        let providers = self.provider.into_iter();
        Ok(Settings {
            all,
            each_host,
            conveyed: scopes.conveyed.check("limits.conveyed")?,
            mailings: scopes.mailings.check("limits.mailings")?,
            emergencies: scopes.emergencies.check("limits.emergencies")?,
            each_mailing: scopes.each_mailing.check("limits.each_mailing")?,
            each_signing_domain: scopes.each_signing_domain.check("limits.each_signing_domain")?,
            each_other_domain: others.limits,
            warm_up: self.warm_up.check()?,
            canary: self.canary.check()?,
            brake: self.brake.check()?,
            hours: Hours {
                official: self.hours.official.map(|window| window.0),
                bulk: self.hours.bulk.map(|window| window.0),
            },
            providers: providers
                .map(|(key, raw)| raw.check(key, campus, &others.limits))
                .collect::<Result<_, _>>()?,
            rules: others.rules,
            onward: match &gateway.route.onward {
                Onward::Smarthost(hop) => shape::Onward::Smarthost(hop.name()),
                Onward::Exchangers(_) => shape::Onward::Exchangers,
            },
            sources: sources(gateway),
            direct: gateway
                .route
                .via
                .iter()
                .map(|via| Direct {
                    domains: via.domains.clone(),
                    host: via.hop.name(),
                })
                .collect(),
            zone: gateway.time_zone.clone(),
        })
    }
}

/// The addresses each pool leaves from, where it has its own.
fn sources(gateway: &Gateway) -> BTreeMap<Pool, String> {
    let pools = gateway
        .route
        .pools
        .iter()
        .filter(|(_, leaving)| !leaving.sources.is_empty());
    let name = |sources: &[std::net::IpAddr]| {
        let all: Vec<String> = sources.iter().map(ToString::to_string).collect();
        all.join(" and ")
    };
    pools.map(|(pool, leaving)| (*pool, name(&leaving.sources))).collect()
}

impl RawLimits {
    fn check(self, place: &str) -> Result<Limits, String> {
        let rate = self.messages_per_second.map(|RawRange(Range { start, max })| Range {
            start: start.0,
            max: max.0,
        });
        let connections = self.connections.map(|range| range.0);
        let grows = |what: &str| format!("{place}.{what}: max is below start");
        if rate.is_some_and(|range| range.max < range.start) {
            return Err(grows("messages_per_second"));
        }
        if connections.is_some_and(|range| range.max < range.start) {
            return Err(grows("connections"));
        }
        Ok(Limits {
            connections,
            messages_per_connection: self.messages_per_connection,
            messages_per_second: rate,
            messages_per_day: self.messages_per_day,
            warm_up: self.warm_up,
        })
    }
}

impl RawProvider {
    fn limits(&self, key: &str) -> Result<Limits, String> {
        RawLimits {
            connections: self.connections.as_ref().map(|range| RawRange(range.0)),
            messages_per_connection: self.messages_per_connection,
            messages_per_second: self.messages_per_second.as_ref().map(|range| RawRange(range.0)),
            messages_per_day: self.messages_per_day,
            warm_up: self.warm_up,
        }
        .check(&format!("provider.{key}"))
    }

    /// What holds for all other domains: a rate and connections, so that there is something to slow down.
    fn check_default(self) -> Result<Others, String> {
        let limits = self.limits(DEFAULT)?;
        if limits.connections.is_none() || limits.messages_per_second.is_none() {
            return Err(
                "provider.default wants connections and messages_per_second: others take them from it".to_owned(),
            );
        }
        Ok(Others {
            limits,
            rules: self.rules.into_iter().map(RawRule::rule).collect(),
        })
    }

    fn check(self, key: String, campus: &[Domain], others: &Limits) -> Result<Provider, String> {
        let limits = self.limits(&key)?.or(others);
        if self.domains.is_empty() && self.mx.is_empty() {
            return Err(format!(
                "provider.{key} has neither domains nor mx, so nobody would ever be its own"
            ));
        }
        if self.mx.is_empty() != self.sample_mx.is_none() {
            return Err(format!(
                "provider.{key}: mx and sample_mx go together, so that one proves the other"
            ));
        }
        if let Some(suffix) = self
            .mx
            .iter()
            .find(|suffix| !suffix.starts_with('.') || suffix.ends_with('.'))
        {
            return Err(format!(
                "provider.{key}: mx `{suffix}` is no end of a name; write \".example.com\""
            ));
        }
        let here =
            |text: &String| -> Vec<String> { campus.iter().map(|own| text.replace(CAMPUS, own.as_str())).collect() };
        let everywhere = |names: &[String]| -> Vec<String> {
            let mut names: Vec<String> = names.iter().flat_map(here).collect();
            names.dedup();
            names
        };
        Ok(Provider {
            name: self.name,
            domains: everywhere(&self.domains),
            exchangers: everywhere(&self.mx),
            sample_exchanger: self
                .sample_mx
                .as_ref()
                .and_then(|sample| here(sample).into_iter().next()),
            limits,
            rules: self.rules.into_iter().map(RawRule::rule).collect(),
            key,
        })
    }
}

impl RawRule {
    fn rule(self) -> Rule {
        let remedies = self
            .remedies
            .map(|said| said.into_iter().map(|remedy| remedy.0).collect());
        Rule {
            name: self.name,
            pattern: self.reply.0,
            means: self.means,
            remedies: remedies.unwrap_or_else(|| self.means.usual()),
            after: self.after.map_or(1, NonZeroU32::get),
            sample: self.sample,
        }
    }
}

impl RawWarmUp {
    fn check(self) -> Result<WarmUp, String> {
        if !(1.0..=100.0).contains(&self.growth_percent) {
            return Err("warm_up.growth_percent is between 1 and 100: more is no warming up".to_owned());
        }
        Ok(WarmUp {
            first_day: self.first_day.get(),
            growth: 1.0 + self.growth_percent / 100.0,
            idle: self.idle.0,
        })
    }
}

impl RawCanary {
    fn check(self) -> Result<Canary, String> {
        if !(0.0..=100.0).contains(&self.percent) {
            return Err("canary.percent is between 0 and 100".to_owned());
        }
        Ok(Canary {
            copies: self.copies,
            percent: self.percent,
            wait: self.wait.0,
        })
    }
}

impl RawBrake {
    fn check(self) -> Result<Brake, String> {
        let pairs = [
            ("bounces", self.bounces_warn, self.bounces_pause),
            ("complaints", self.complaints_warn, self.complaints_pause),
        ];
        for (what, warn, pause) in pairs {
            if !(0.0 < warn && warn <= pause && pause <= 100.0) {
                return Err(format!("brake.{what}_warn is above 0 and not above brake.{what}_pause"));
            }
        }
        if self.authentication == 0 {
            return Err("brake.authentication is at least 1: no reply is no doubt".to_owned());
        }
        Ok(Brake {
            sample: self.sample,
            bounces_warn: self.bounces_warn,
            bounces_pause: self.bounces_pause,
            complaints_warn: self.complaints_warn,
            complaints_pause: self.complaints_pause,
            authentication: self.authentication,
        })
    }
}
