//! Binding: the limit that a copy waits for, in words.

use std::num::NonZeroU32;

use super::days::Allowance;
use super::limits::Rate;
use super::scope::Scope;
use super::settings::{Settings, Window};
use crate::mail::Timestamp;

/// What a copy waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// Whose limit it is.
    pub scope: Scope,
    /// Which.
    pub limit: Limit,
    /// When to ask again.
    pub until: Timestamp,
}

/// A limit that binds.
#[derive(Debug, Clone, PartialEq)]
pub enum Limit {
    /// Its lane leaves at other hours.
    Hours(Window),
    /// Nothing goes there for now.
    Silence(String),
    /// One connection tries whether it goes again.
    Trial(String),
    /// So many a second.
    Rate(Rate),
    /// So many a day.
    Day(Allowance),
    /// So many connections.
    Connections(u32),
}

impl Limit {
    /// Its name, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hours(_) => "hours",
            Self::Silence(_) => "silence",
            Self::Trial(_) => "trial",
            Self::Rate(_) => "messages_per_second",
            Self::Day(_) => "messages_per_day",
            Self::Connections(_) => "connections",
        }
    }
}

impl Binding {
    /// In a sentence.
    pub fn sentence(&self, settings: &Settings) -> String {
        let who = settings.name(&self.scope);
        let at = self.until.readable(&settings.zone);
        match &self.limit {
            Limit::Hours(Window { from, to }) => {
                let (from, to) = (from.strftime("%H:%M"), to.strftime("%H:%M"));
                format!("copies of this lane leave between {from} and {to}; next {at}")
            }
            Limit::Silence(why) => format!("{who}: nothing until {at}, because of: {why}"),
            Limit::Trial(why) => format!("{who}: one connection tries whether it goes again, after: {why}"),
            Limit::Rate(rate) => format!("{who}: {rate}"),
            Limit::Day(allowance) if allowance.is_warming_up => {
                format!(
                    "{who}: {} today, while it gets to know us; next {at}",
                    allowance.messages
                )
            }
            Limit::Day(allowance) => format!("{who}: {} a day; next {at}", allowance.messages),
            Limit::Connections(1) => format!("{who}: one connection"),
            Limit::Connections(count) => format!("{who}: {count} connections"),
        }
    }
}

impl Settings {
    /// What people call a scope.
    pub fn name(&self, scope: &Scope) -> String {
        match scope {
            Scope::All => "everything together".to_owned(),
            Scope::Pool(pool) => pool.words().to_owned(),
            Scope::SigningDomain(domain) => format!("signed by {domain}"),
            Scope::Mailing(id) => id.to_string(),
            Scope::Host(host) => host.to_string(),
            Scope::Provider(key) => {
                let found = self.providers.iter().find(|provider| provider.key == **key);
                found.map_or_else(|| key.to_string(), |provider| provider.name.clone())
            }
            Scope::Domain(domain) => domain.to_string(),
        }
    }

    /// The limits of a scope.
    pub fn limits(&self, scope: &Scope) -> &super::limits::Limits {
        match scope {
            Scope::All => &self.all,
            Scope::Pool(super::scope::Pool::Conveyed) => &self.conveyed,
            Scope::Pool(super::scope::Pool::Mailings) => &self.mailings,
            Scope::Pool(super::scope::Pool::Emergencies) => &self.emergencies,
            Scope::SigningDomain(_) => &self.each_signing_domain,
            Scope::Mailing(_) => &self.each_mailing,
            Scope::Host(_) => &self.each_host,
            Scope::Provider(key) => {
                let found = self.providers.iter().find(|provider| provider.key == **key);
                found.map_or(&self.each_other_domain, |provider| &provider.limits)
            }
            Scope::Domain(_) => &self.each_other_domain,
        }
    }

    /// How many connections there may be in all.
    pub fn connections_max(&self) -> u32 {
        self.all.connections.map_or(1, |range| NonZeroU32::get(range.max))
    }
}
