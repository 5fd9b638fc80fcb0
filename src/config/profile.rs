//! `profile.toml`: the house style, for the checks before sending.

use std::path::Path;

use super::{Fault, fault};
use crate::decide::lint::{Profile, Settings};
use crate::decide::policy::Policy;

pub(super) fn read(file: &Path, policy: &Policy) -> Result<Settings, Fault> {
    let profile: Profile = fault::toml(file)?;
    profile.check().map_err(|what| Fault::Sense {
        file: file.to_owned(),
        what,
    })?;
    let audiences = policy.audiences.iter();
    let off_campus = audiences.filter(|(_, rule)| !rule.on_campus);
    let words = |most: u32| usize::try_from(most).unwrap_or(usize::MAX);
    Ok(Settings {
        profile,
        campus_domains: policy.campus_domains.clone(),
        off_campus: off_campus.map(|(name, _)| name.clone()).collect(),
        words_on_campus: words(policy.frequency.words_on_campus),
        words_off_campus: words(policy.frequency.words_off_campus),
        zone: policy.zone.clone(),
    })
}
