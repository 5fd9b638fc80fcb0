//! The only reader of the time of day. A test sets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::mail::Timestamp;

/// What time it is; cheap to clone, and all clones agree.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Microseconds a test has put the clock at; `None` is the machine's own clock.
    set: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `at` until it is moved.
    pub fn standing_at(at: Timestamp) -> Self {
        Self {
            set: Some(Arc::new(AtomicI64::new(at.as_micros()))),
        }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match &self.set {
            Some(micros) => Timestamp::from_micros(micros.load(Ordering::SeqCst)),
            #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the time")]
            None => jiff::Timestamp::now().into(),
        }
    }

    /// Moves a clock that stands; the machine's own cannot be moved.
    pub fn advance(&self, by: Duration) {
        if let Some(micros) = &self.set {
            let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
            micros.fetch_add(by, Ordering::SeqCst);
        }
    }
}
