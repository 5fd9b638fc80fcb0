//! A password that lies in a file, read when it is needed, so that a new one needs no new start.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::decide::feed::Broken;

/// The way to a password; never shown.
#[derive(Clone)]
pub struct Secret(Arc<dyn Fn() -> Result<Zeroizing<String>, String> + Send + Sync>);

impl Secret {
    /// Read by `read`, whose fault says which file and why.
    pub fn new(read: impl Fn() -> Result<Zeroizing<String>, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    pub(super) fn read(&self) -> Result<Zeroizing<String>, Broken> {
        (self.0)().map_err(Broken)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
