//! Bell: a commit rings it, a waiting worker wakes.

use tokio::sync::watch;

/// One listener's ear on one table. Rings that come while nobody listens are not lost: the next wait ends at once.
#[derive(Debug, Clone)]
pub struct Bell(watch::Receiver<u64>);

impl Bell {
    pub(super) fn new(receiver: watch::Receiver<u64>) -> Self {
        Self(receiver)
    }

    /// Whether there was a commit that touches the table since the last time this was asked or waited for. Whoever's commit
    /// was answered has rung before.
    pub fn has_rung(&mut self) -> bool {
        let has_rung = self.0.has_changed().unwrap_or(true);
        self.0.mark_unchanged();
        has_rung
    }

    /// Waits for the next commit that touches the table; returns at once when there was one since the last wait.
    pub async fn rung(&mut self) {
        if self.0.changed().await.is_err() {
            // The store is closing: nobody will ring again.
            std::future::pending::<()>().await;
        }
    }
}
