//! `shaping.toml`: how fast mail leaves.

use std::path::Path;

use serde::Deserialize;

use super::Fault;

/// How fast mail leaves towards the smarthost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shaping {
    /// Copies a second, over all connections.
    pub messages_per_second_max: std::num::NonZeroU32,
    /// Connections open at the same time.
    pub connections_max: std::num::NonZeroU32,
    /// Copies on one connection before it is closed and opened anew.
    pub messages_per_connection_max: std::num::NonZeroU32,
}

pub(super) fn read(file: &Path) -> Result<Shaping, Fault> {
    super::fault::toml(file)
}
