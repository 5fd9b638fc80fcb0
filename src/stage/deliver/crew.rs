//! Crew: the workers, as many as there may be connections, and one more.

use std::collections::BTreeMap;
use std::sync::Arc;

use metrics::gauge;
use tokio::task::{Id, JoinSet};

use super::carrier::Carrier;
use super::courier::Courier;
use crate::stage::worker::Shutdown;

/// The worker for emergencies alone: the others may all be waiting for a slow server.
pub(super) const SPARE: u32 = 0;

/// Whether there is to be a worker of this number, by the settings in force.
pub(super) fn is_wanted(courier: &Courier, number: u32) -> bool {
    number <= courier.shape().look().settings().connections_max()
}

/// The workers.
#[derive(Debug, Default)]
pub(super) struct Crew {
    workers: JoinSet<()>,
    hired: BTreeMap<u32, Id>,
}

impl Crew {
    /// Hires whoever is wanting.
    pub(super) fn fill(&mut self, courier: &Arc<Courier>, shutdown: &Shutdown) {
        while let Some(ended) = self.workers.try_join_next_with_id() {
            let id = match ended {
                Ok((id, ())) => id,
                Err(error) => {
                    tracing::error!("a worker panicked; another takes its place");
                    error.id()
                }
            };
            self.hired.retain(|_, hired| *hired != id);
        }
        let connections = courier.shape().look().settings().connections_max();
        gauge!("bedel_delivery_workers").set(f64::from(connections) + 1.0);
        for number in SPARE..=connections {
            self.hired.entry(number).or_insert_with(|| {
                let (courier, shutdown) = (Arc::clone(courier), shutdown.clone());
                let worker = async move { Carrier::new(courier, number).run(shutdown).await };
                self.workers.spawn(worker).id()
            });
        }
    }

    /// Waits until each has put down what it carries.
    pub(super) async fn end(mut self) {
        while self.workers.join_next().await.is_some() {}
    }
}
