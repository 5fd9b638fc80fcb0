//! Source: what every copy of a mailing is made from; and one recipient's turn.

use std::sync::Arc;

use super::super::ways::Way;
use crate::decide::compose::Letter;
use crate::decide::shape::{Claim, Pool};
use crate::mail::Timestamp;
use crate::model::{Capacity, Lane, Mailing};

/// What every copy of one mailing is made from.
#[derive(Debug, Clone)]
pub(in crate::stage::deliver) struct Source {
    pub(in crate::stage::deliver) mailing: Mailing,
    pub(in crate::stage::deliver) letter: Arc<Letter>,
    pub(in crate::stage::deliver) sealed_at: Timestamp,
    /// Who signs its copies; nobody signs what we only convey.
    pub(in crate::stage::deliver) signing_domain: Option<Arc<str>>,
}

impl Source {
    /// What a copy of it asks for.
    pub(in crate::stage::deliver) fn claim(&self) -> Claim<'_> {
        let Mailing { id, lane, capacity, .. } = self.mailing;
        Claim {
            mailing: Some(id),
            lane,
            pool: Pool::of(capacity, lane),
            signing_domain: self.signing_domain.as_ref(),
        }
    }

    /// Whether it begins with a slice, and is judged by how that fares. Policy C4, C17.
    pub(in crate::stage::deliver) fn is_judged(&self) -> bool {
        self.mailing.capacity == Capacity::Initiated && self.mailing.lane != Lane::Emergency
    }
}

/// One recipient's turn.
#[derive(Debug, Clone)]
pub(in crate::stage::deliver) struct Job {
    pub(in crate::stage::deliver) source: Arc<Source>,
    pub(in crate::stage::deliver) seq: u32,
    pub(in crate::stage::deliver) attempt: u8,
    pub(in crate::stage::deliver) way: Way,
}
