//! `profile.toml`: the house style, for the checks before sending.

use std::path::Path;

use super::{Fault, fault};
use crate::decide::lint::Profile;

pub(super) fn read(file: &Path) -> Result<Profile, Fault> {
    let profile: Profile = fault::toml(file)?;
    profile.check().map_err(|what| Fault::Sense {
        file: file.to_owned(),
        what,
    })?;
    Ok(profile)
}
