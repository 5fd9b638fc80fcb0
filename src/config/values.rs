//! The forms that values take in the files.

use std::time::Duration;

use jiff::SpanRelativeTo;
use serde::{Deserialize, Deserializer, de::Error};

use crate::mail::{Address, Domain};

/// A length of time as people write it: `"30s"`, `"5m"`, `"14d"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span(pub(super) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wanted = || {
            D::Error::custom(format!(
                "`{text}` is no length of time; write `\"30s\"`, `\"5m\"` or `\"14d\"`"
            ))
        };
        span(&text).map(Self).ok_or_else(wanted)
    }
}

/// A length of time, as people write it; `None` for no time at all.
pub(super) fn span(text: &str) -> Option<Duration> {
    let span: jiff::Span = text.parse().ok()?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(span).ok().filter(|span| !span.is_zero())
}

/// An address whose domain may be left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Short(String);

impl<'de> Deserialize<'de> for Short {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let sample: Domain = "mst.example".parse().map_err(D::Error::custom)?;
        let short = Self(text);
        short
            .try_within(&sample)
            .map_err(|error| D::Error::custom(format!("`{}`: {error}", short.0)))?;
        Ok(short)
    }
}

impl Short {
    /// The whole address, completed with this domain where it had none.
    pub(super) fn within(&self, domain: &Domain) -> Address {
        self.try_within(domain)
            .expect("checked when it was read: the domain is valid on its own")
    }

    fn try_within(&self, domain: &Domain) -> Result<Address, crate::mail::Invalid> {
        if self.0.contains('@') {
            self.0.parse()
        } else {
            Address::new(&self.0, domain.clone())
        }
    }
}
