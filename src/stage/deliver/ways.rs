//! Ways: the next hop of a domain, and the stream its copies are in.

use std::collections::HashMap;
use std::sync::Arc;

use super::relay::RelaySettings;
use crate::decide::shape::{Scope, Shape, Stream};
use crate::mail::Domain;

/// A way out: the stream, and the hop it begins with.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) stream: Arc<Stream>,
    pub(super) relay: Arc<RelaySettings>,
}

/// Finds ways; streams alike are one.
pub(super) struct Ways<'a> {
    shape: &'a Shape,
    hops: &'a Hops,
    by_domain: HashMap<Domain, usize>,
    by_stream: HashMap<Arc<Stream>, usize>,
    found: Vec<Way>,
}

/// The next hops there are, by the names that shaping has for them.
#[derive(Debug)]
pub(super) struct Hops {
    smarthost: Arc<RelaySettings>,
    own: HashMap<String, Arc<RelaySettings>>,
}

impl Hops {
    pub(super) fn new(smarthost: &RelaySettings, own: &[RelaySettings]) -> Self {
        let own = own.iter().map(|relay| (relay.name(), Arc::new(relay.clone())));
        Self {
            smarthost: Arc::new(smarthost.clone()),
            own: own.collect(),
        }
    }

    fn of(&self, stream: &Stream) -> &Arc<RelaySettings> {
        let Scope::Host(host) = &stream.host else {
            return &self.smarthost;
        };
        let own = self.own.get(host.as_ref()).filter(|_| stream.is_direct);
        own.unwrap_or(&self.smarthost)
    }
}

impl<'a> Ways<'a> {
    pub(super) fn new(shape: &'a Shape, hops: &'a Hops) -> Self {
        Self {
            shape,
            hops,
            by_domain: HashMap::new(),
            by_stream: HashMap::new(),
            found: Vec::new(),
        }
    }

    /// The number of a domain's way.
    pub(super) fn of(&mut self, domain: &Domain) -> usize {
        if let Some(known) = self.by_domain.get(domain) {
            return *known;
        }
        let stream = Arc::new(self.shape.look().stream(domain, &[]));
        let number = *self.by_stream.entry(Arc::clone(&stream)).or_insert_with(|| {
            let relay = Arc::clone(self.hops.of(&stream));
            self.found.push(Way { stream, relay });
            self.found.len() - 1
        });
        self.by_domain.insert(domain.clone(), number);
        number
    }

    /// All that were found, by number.
    pub(super) fn found(self) -> Vec<Way> {
        self.found
    }
}
