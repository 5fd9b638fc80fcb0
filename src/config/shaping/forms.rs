//! The forms that values take in `shaping.toml`.

use std::fmt;
use std::marker::PhantomData;

use jiff::civil::Time;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::config::values::span;
use crate::decide::shape::{Pattern, Range, Rate, Remedy, Window};

/// A number, or `{ start = 5, max = 50 }`.
pub(super) struct RawRange<T>(pub(super) Range<T>);

impl<'de, T: Deserialize<'de> + Copy> Deserialize<'de> for RawRange<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RangeVisitor(PhantomData))
    }
}

struct RangeVisitor<T>(PhantomData<T>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBoth<T> {
    start: T,
    max: T,
}

impl<'de, T: Deserialize<'de> + Copy> Visitor<'de> for RangeVisitor<T> {
    type Value = RawRange<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or { start = …, max = … }")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        T::deserialize(serde::de::value::I64Deserializer::new(number)).map(|at| RawRange(Range::fixed(at)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        T::deserialize(serde::de::value::F64Deserializer::new(number)).map(|at| RawRange(Range::fixed(at)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let RawBoth { start, max } = RawBoth::deserialize(MapAccessDeserializer::new(map))?;
        Ok(RawRange(Range { start, max }))
    }
}

/// Messages a second: a number above none.
#[derive(Clone, Copy)]
pub(super) struct RawRate(pub(super) Rate);

impl<'de> Deserialize<'de> for RawRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        let wanted = || {
            D::Error::custom(format!(
                "`{number}` is no rate; write messages a second, such as 5 or 0.5"
            ))
        };
        Rate::per_second(number).map(Self).ok_or_else(wanted)
    }
}

pub(super) struct RawPattern(pub(super) Pattern);

impl<'de> Deserialize<'de> for RawPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wanted = || D::Error::custom(format!("`{text}` would find every reply; write words that it has"));
        Pattern::new(&text).map(Self).ok_or_else(wanted)
    }
}

/// `slow`, `fewer connections`, `shorter connections`, `silence 10m`, `one connection`, `pause`.
pub(super) struct RawRemedy(pub(super) Remedy);

impl<'de> Deserialize<'de> for RawRemedy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const KNOWN: &[&str] = &[
            "slow",
            "fewer connections",
            "shorter connections",
            "silence 10m",
            "one connection",
            "pause",
        ];
        let text = String::deserialize(deserializer)?;
        Ok(Self(match text.as_str() {
            "slow" => Remedy::Slow,
            "fewer connections" => Remedy::FewerConnections,
            "shorter connections" => Remedy::ShorterConnections,
            "one connection" => Remedy::OneConnection,
            "pause" => Remedy::Pause,
            other => {
                let time = other.strip_prefix("silence ").and_then(span);
                Remedy::Silence(time.ok_or_else(|| D::Error::unknown_variant(other, KNOWN))?)
            }
        }))
    }
}

/// `07:00-22:00`.
pub(super) struct RawWindow(pub(super) Window);

impl<'de> Deserialize<'de> for RawWindow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hours = text.split_once('-').and_then(|(from, to)| {
            let (from, to) = (from.trim().parse::<Time>().ok()?, to.trim().parse::<Time>().ok()?);
            (from < to).then_some(Window { from, to })
        });
        let wanted = || D::Error::custom(format!("`{text}` are no hours of a day; write \"07:00-22:00\""));
        hours.map(Self).ok_or_else(wanted)
    }
}
