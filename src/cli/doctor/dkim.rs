//! DKIM: every key is published. RFC 6376.

use super::{Examination, State, judged};
use crate::cli::records;
use crate::clock::Clock;
use crate::service::Keys;

impl Examination<'_> {
    /// Every key is published, those that begin later as well, and those that have just ended.
    pub(super) async fn dkim(&mut self) -> anyhow::Result<()> {
        let config = self.config;
        if !config.gateway.dkim.key.exists() {
            let name = format!(
                "{}._domainkey.{}",
                config.gateway.dkim.selector, config.gateway.dkim.domain
            );
            let said = "the key is made at the first start".to_owned();
            self.find("DKIM", name, (State::Unknown, said), None);
            return Ok(());
        }
        for (begins, signer) in Keys::read(config)?.signers.asked_for(Clock::system().now()) {
            let (name, value) = signer.dns_record();
            let found = self.names.texts(&name).await.map(|(texts, _)| texts);
            let from = begins.map_or_else(String::new, |begins| {
                format!(" (signs from {})", begins.local(&config.gateway.time_zone).date())
            });
            let judged = judged(found, |texts| {
                let is_there = texts
                    .iter()
                    .any(|text| key_of(text).is_some() && key_of(text) == key_of(&value));
                let said = if is_there { "our key" } else { "another key" };
                (is_there, format!("{said}{from}"))
            });
            let publish = records::key(&name, &value);
            self.find("DKIM", name, judged, Some(publish));
        }
        Ok(())
    }
}

/// The key of a DKIM record.
fn key_of(record: &str) -> Option<String> {
    let mut fields = record.split(';').map(str::trim);
    let key = fields.find_map(|field| field.strip_prefix("p="))?;
    Some(key.split_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_however_it_is_written() {
        assert_eq!(key_of("v=DKIM1; k=rsa; p=MIIB IjAN"), Some("MIIBIjAN".to_owned()));
        assert_eq!(key_of("v=spf1 -all"), None);
    }
}
