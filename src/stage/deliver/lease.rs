//! Lease: what a connection, or a copy on it, counts against as long as it lives.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::decide::shape::{Scope, Shape};

/// Lets go of its scopes when it is dropped, whatever ended it, and wakes somebody who may have waited for that.
#[derive(Debug)]
pub(super) struct Lease {
    shape: Shape,
    bell: Arc<Notify>,
    scopes: Vec<Scope>,
}

impl Lease {
    /// What these scopes count already, as of now.
    pub(super) fn of_held(shape: &Shape, bell: &Arc<Notify>, scopes: Vec<Scope>) -> Self {
        Self {
            shape: shape.clone(),
            bell: Arc::clone(bell),
            scopes,
        }
    }

    pub(super) fn scopes(&self) -> &[Scope] {
        &self.scopes
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.scopes.is_empty() {
            self.shape.look().let_go(&self.scopes);
            self.bell.notify_one();
        }
    }
}
