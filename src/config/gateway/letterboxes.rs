//! Where others report of us.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::mail::{Address, Domain};
use crate::model::Letterbox;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLetterboxes {
    complaints: String,
    dmarc: String,
    tls: String,
}

impl Default for RawLetterboxes {
    fn default() -> Self {
        Self {
            complaints: "fbl".to_owned(),
            dmarc: "dmarc".to_owned(),
            tls: "tls".to_owned(),
        }
    }
}

impl RawLetterboxes {
    pub(super) fn check(self, domain: &Domain) -> Result<BTreeMap<Letterbox, Address>, String> {
        let named = [
            ("complaints", Letterbox::Complaints, self.complaints),
            ("dmarc", Letterbox::Dmarc, self.dmarc),
            ("tls", Letterbox::Tls, self.tls),
        ];
        let mut letterboxes = BTreeMap::new();
        for (key, letterbox, local) in named {
            let address = Address::new(&local, domain.clone());
            let address = address.map_err(|error| format!("letterboxes.{key} `{local}`: {error}"))?;
            // Those of copies and cases begin so.
            if local.contains('+') {
                return Err(format!("letterboxes.{key} `{local}`: it must have no plus"));
            }
            if letterboxes
                .values()
                .any(|taken: &Address| taken.is_same_mailbox(&address))
            {
                return Err(format!("letterboxes.{key} `{local}`: another letterbox has that name"));
            }
            letterboxes.insert(letterbox, address);
        }
        Ok(letterboxes)
    }
}
