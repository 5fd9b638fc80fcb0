//! Places for connections: so many at the same time, and so many for one peer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::gauge;

use super::Limits;
use crate::smtp::Reply;

/// The places of a house.
#[derive(Debug)]
pub(super) struct Places {
    total_max: usize,
    per_peer_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// One place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    peer: IpAddr,
}

impl Places {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            total_max: limits.connections_max,
            per_peer_max: limits.connections_per_peer_max,
            taken: Mutex::default(),
        }
    }

    /// A place for this peer; if there is none, what to say.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Result<Place, Reply> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.total >= self.total_max {
            return Err(Reply::not_now("Too many connections, try again later"));
        }
        let of_peer = taken.by_peer.entry(peer).or_default();
        if *of_peer >= self.per_peer_max {
            return Err(Reply::too_many("connections from your address"));
        }
        *of_peer += 1;
        taken.total += 1;
        gauge!("bedel_intake_connections").increment(1);
        Ok(Place {
            places: Arc::clone(self),
            peer,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        gauge!("bedel_intake_connections").decrement(1);
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total = taken.total.saturating_sub(1);
        if let Some(of_peer) = taken.by_peer.get_mut(&self.peer) {
            *of_peer = of_peer.saturating_sub(1);
            if *of_peer == 0 {
                taken.by_peer.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_given_back_can_be_taken_again() {
        let (total_max, per_peer_max) = (2, 1);
        let places = Arc::new(Places {
            total_max,
            per_peer_max,
            taken: Mutex::default(),
        });
        let [ann, ben, cy] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|ip| ip.parse().expect("an address"));
        let first = places.take(ann).expect("the house is empty");
        assert!(
            places
                .take(ann)
                .expect_err("one is there")
                .to_string()
                .starts_with("421 4.7.0")
        );
        let second = places.take(ben).expect("one is left");
        assert!(
            places
                .take(cy)
                .expect_err("none is left")
                .to_string()
                .starts_with("421 4.3.2")
        );
        drop(first);
        assert!(places.take(ann).is_ok());
        drop(second);
        assert!(places.taken.lock().expect("not poisoned").by_peer.is_empty());
    }
}
