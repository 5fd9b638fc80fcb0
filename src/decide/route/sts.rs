//! MTA-STS: what a domain says of the exchangers that may take its mail.
//!
//! # Standards
//! RFC 8461 §3.1 (the record), §3.2 (the policy), §4.1 (matching), §5 (applying).

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Longest time a policy may be kept (RFC 8461 §3.2: about a year).
const MAX_AGE_MAX: u64 = 31_557_600;

/// What is done about an exchanger that does not match, or does not prove itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Nothing is sent to it.
    Enforce,
    /// It is sent to, and told of.
    Testing,
    /// There is no policy any more.
    None,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// How strict it is.
    pub mode: Mode,
    /// Exchangers it names: `mail.example.com`, `*.example.net`.
    pub exchangers: Vec<String>,
    /// How long it holds.
    pub max_age: Duration,
}

/// The id of a record: `v=STSv1; id=20160831085700Z;`. Several records, or none that is one, are no policy.
pub fn id(records: &[String]) -> Option<String> {
    let mut ours = records.iter().filter(|record| record.starts_with("v=STSv1"));
    let (record, None) = (ours.next()?, ours.next()) else {
        return None;
    };
    let mut fields = record.split(';').map(str::trim);
    (fields.next()? == "v=STSv1").then_some(())?;
    let id = fields.find_map(|field| field.strip_prefix("id="))?;
    let is_one = (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_one.then(|| id.to_owned())
}

impl Policy {
    /// Reads a policy; the first of what is said twice holds, and what is not known is skipped.
    pub fn read(text: &str) -> Option<Self> {
        let (mut version, mut mode, mut max_age, mut exchangers) = (None, None, None, Vec::new());
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match key.trim() {
                "version" => version = version.or(Some(value)),
                "mode" => mode = mode.or(Some(value)),
                "max_age" => max_age = max_age.or(value.parse::<u64>().ok()),
                "mx" => exchangers.push(super::plain(value)),
                _ => {}
            }
        }
        let mode = match mode? {
            "enforce" => Mode::Enforce,
            "testing" => Mode::Testing,
            "none" => Mode::None,
            _ => return None,
        };
        let is_whole = version? == "STSv1" && (mode == Mode::None || !exchangers.is_empty());
        let max_age = Duration::from_secs(max_age?.min(MAX_AGE_MAX));
        is_whole.then_some(Self {
            mode,
            exchangers,
            max_age,
        })
    }

    /// Whether it names this exchanger. A star stands for one label, the leftmost.
    pub fn names(&self, exchanger: &str) -> bool {
        self.exchangers.iter().any(|named| match named.strip_prefix("*.") {
            Some(parent) => exchanger.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => named == exchanger,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(mode: &str, exchanger: &str) -> String {
        format!("version: STSv1\r\nmode: {mode}\r\nmx: {exchanger}\r\nmax_age: 604800\r\n")
    }

    #[test]
    fn a_record_has_one_version_and_an_id() {
        let id = |records: &[&str]| id(&records.iter().map(|&record| record.to_owned()).collect::<Vec<_>>());
        assert_eq!(
            id(&["v=STSv1; id=20160831085700Z;"]).as_deref(),
            Some("20160831085700Z")
        );
        assert_eq!(id(&["v=spf1 -all", "v=STSv1;id=a"]).as_deref(), Some("a"));
        assert_eq!(id(&["v=STSv1; id=a", "v=STSv1; id=b"]), None);
        assert_eq!(id(&["v=STSv1; id=a-b"]), None);
        assert_eq!(id(&["v=STSv12; id=a"]), None);
        assert_eq!(id(&[]), None);
    }

    #[test]
    fn a_policy_is_whole_or_none() {
        let read = Policy::read(&policy("enforce", "mail.example.com")).expect("whole");
        assert_eq!((read.mode, read.max_age.as_secs()), (Mode::Enforce, 604_800));
        assert_eq!(Policy::read(&policy("strict", "mail.example.com")), None);
        assert_eq!(Policy::read("version: STSv1\nmode: enforce\nmax_age: 1\n"), None);
        assert_eq!(Policy::read("mode: enforce\nmx: a.example\nmax_age: 1\n"), None);
        assert_eq!(
            Policy::read("version: STSv1\nmode: none\nmax_age: 1\n").map(|read| read.mode),
            Some(Mode::None)
        );
        assert_eq!(Policy::read("<html>not found</html>"), None);
    }

    #[test]
    fn a_star_stands_for_one_label() {
        let named = |pattern: &str, host: &str| Policy::read(&policy("enforce", pattern)).expect("whole").names(host);
        assert!(named("mail.example.com", "mail.example.com"));
        assert!(named("*.Example.com.", "mx1.example.com"));
        assert!(!named("*.example.com", "a.mx1.example.com"));
        assert!(!named("*.example.com", "example.com"));
        assert!(!named("mail.example.com", "mail2.example.com"));
    }
}
