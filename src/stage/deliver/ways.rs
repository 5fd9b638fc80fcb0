//! Ways: the next hop of a domain, and the stream its copies are in.

use std::collections::HashMap;
use std::sync::Arc;

use super::Onward;
use super::relay::RelaySettings;
use crate::decide::shape::{Pool, Shape, Stream};
use crate::mail::Domain;

/// A way out: the stream, and the hop it begins with.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) stream: Arc<Stream>,
    pub(super) next: Next,
}

/// Where a way leads.
#[derive(Debug, Clone)]
pub(super) enum Next {
    /// To a host of the settings.
    Host(Arc<RelaySettings>),
    /// To the exchangers of the recipient's domain.
    Exchangers,
}

/// Finds ways; streams alike are one.
pub(super) struct Ways<'a> {
    shape: &'a Shape,
    hops: &'a Hops,
    pool: Pool,
    by_stream: HashMap<Arc<Stream>, usize>,
    found: Vec<Way>,
}

/// The next hops of the settings: the smarthost, if there is one, and others by the names that shaping has for them.
#[derive(Debug)]
pub(super) struct Hops {
    smarthost: Option<Arc<RelaySettings>>,
    own: HashMap<String, Arc<RelaySettings>>,
}

impl Hops {
    pub(super) fn new(onward: &Onward, own: &[RelaySettings]) -> Self {
        let smarthost = match onward {
            Onward::Smarthost(relay) => Some(Arc::new(relay.clone())),
            Onward::Exchangers(_) => None,
        };
        let own = own.iter().map(|relay| (relay.name(), Arc::new(relay.clone())));
        Self {
            smarthost,
            own: own.collect(),
        }
    }

    fn of(&self, shape: &Shape, domain: &Domain) -> Next {
        let shaper = shape.look();
        let own = shaper.settings().own_host(domain).and_then(|host| self.own.get(host));
        let host = own.or(self.smarthost.as_ref());
        host.map_or(Next::Exchangers, |relay| Next::Host(Arc::clone(relay)))
    }
}

impl<'a> Ways<'a> {
    pub(super) fn new(shape: &'a Shape, hops: &'a Hops, pool: Pool) -> Self {
        Self {
            shape,
            hops,
            pool,
            by_stream: HashMap::new(),
            found: Vec::new(),
        }
    }

    /// The number of a domain's way.
    pub(super) fn of(&mut self, domain: &Domain) -> usize {
        let stream = Arc::new(self.shape.look().stream(domain, self.pool));
        *self.by_stream.entry(Arc::clone(&stream)).or_insert_with(|| {
            let next = self.hops.of(self.shape, domain);
            self.found.push(Way { stream, next });
            self.found.len() - 1
        })
    }

    /// All that were found, by number.
    pub(super) fn found(self) -> Vec<Way> {
        self.found
    }
}
