//! Likeness: whom a sink is like, with the limits and the replies that `shaping.toml` has of them.
//!
//! Both stand there once, for whoever sends and for whoever plays the receiver, so that they cannot drift apart.

use crate::decide::shape::{Meaning, Provider, Rule, Settings};

/// Octets of a line of a reply, after which it goes on in another, as theirs do.
const LINE_OCTETS: usize = 72;
/// What stands for a limit that nobody names.
const UNLIMITED: u32 = u32::MAX;

/// Whom a sink is like.
#[derive(Debug, Clone)]
pub struct Likeness {
    /// The provider's key: `gmail`.
    pub(super) key: String,
    /// What it calls itself.
    pub(super) host: String,
    pub(super) connections: u32,
    pub(super) per_connection: u32,
    pub(super) per_second: f64,
    rules: Vec<Rule>,
}

impl Likeness {
    /// Like this provider; it bears such a share of the most that the settings would let it have.
    pub fn of(settings: &Settings, provider: &Provider, bears: f64) -> Self {
        let limits = &provider.limits;
        let part = |count: u32| ((f64::from(count) * bears).round() as u32).max(1);
        let of_all = settings.rules.iter();
        Self {
            key: provider.key.clone(),
            host: provider
                .sample_exchanger
                .clone()
                .unwrap_or_else(|| format!("mx.{}.example", provider.key)),
            connections: limits.connections.map_or(UNLIMITED, |range| part(range.max.get())),
            per_connection: limits
                .messages_per_connection
                .map_or(UNLIMITED, |most| part(most.get())),
            per_second: limits
                .messages_per_second
                .map_or(f64::INFINITY, |range| range.max.as_f64() * bears),
            rules: provider.rules.iter().chain(of_all).cloned().collect(),
        }
    }

    /// The name of the rule that knows what it says when it means this, and what it says, on as many lines as it takes:
    /// its own words, or those that many have; of several those that are acted on soonest.
    pub(super) fn says(&self, meaning: Meaning) -> (&str, String) {
        let known = self.rules.iter().filter(|rule| rule.means == meaning);
        match known.min_by_key(|rule| rule.after) {
            Some(rule) => (&rule.name, folded(&rule.sample)),
            None => ("no rule", folded("451 4.3.0 Not now")),
        }
    }
}

/// A reply as it goes over the wire: each line with its code, and its enhanced code where there is one.
fn folded(sample: &str) -> String {
    let (code, text) = sample.split_once(' ').unwrap_or((sample, ""));
    let is_enhanced = |word: &&str| {
        let parts: Vec<&str> = word.split('.').collect();
        parts.len() == 3 && parts.iter().all(|part| part.parse::<u16>().is_ok())
    };
    let (enhanced, words) = match text.split_once(' ').filter(|(first, _)| is_enhanced(first)) {
        Some((enhanced, words)) => (format!("{enhanced} "), words),
        None => (String::new(), text),
    };
    let mut lines = vec![String::new()];
    for word in words.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + word.len() < LINE_OCTETS => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    let last = lines.len() - 1;
    let line = |(number, line): (usize, &String)| {
        let mark = if number == last { ' ' } else { '-' };
        format!("{code}{mark}{enhanced}{line}\r\n")
    };
    lines.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reply_goes_on_in_another_line_with_the_same_codes() {
        let long = "word ".repeat(20);
        let reply = folded(&format!("421 4.7.28 {}", long.trim_end()));
        assert_eq!(reply.lines().count(), 2, "{reply}");
        assert!(
            reply.starts_with("421-4.7.28 word ") && reply.contains("\r\n421 4.7.28 word "),
            "{reply}"
        );
        assert_eq!(folded("550 Invalid Recipient"), "550 Invalid Recipient\r\n");
    }
}
