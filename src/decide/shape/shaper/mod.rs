//! Shaper: all flows and all mailings under way, and the one question: may this copy go now?
//!
//! Asking spends nothing; every limit is asked before any is spent. What a server says changes the pace of whoever it
//! belongs to: a reply that a provider's own rule knows is that provider's; one that only the general rules know is the
//! smarthost's, or on a direct way the receiver's.

mod hears;
mod keeps;
mod watches;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use hears::{Heard, Trip};
pub use keeps::Kept;

use super::binding::{Binding, Limit};
use super::brake::Watch;
use super::bucket::Bucket;
use super::flow::{Flow, Question};
use super::pulse::Pulse;
use super::scope::{Claim, Pool, Scope, Stream};
use super::settings::{Onward, Settings};
use crate::mail::{Domain, Timestamp};
use crate::model::MailingId;

/// The name of domains that no provider has.
pub const OTHER_DOMAINS: &str = "other domains";

/// Domains whose site is remembered.
const SITES_MAX: usize = 100_000;

/// All flows, and all mailings under way.
#[derive(Debug)]
pub struct Shaper {
    settings: Arc<Settings>,
    flows: HashMap<Scope, Flow>,
    watches: BTreeMap<MailingId, Watch>,
    /// Copies of all mailings, over the last hour.
    pulse: Pulse,
    /// Flows that are not kept yet as they are.
    changed: BTreeSet<Scope>,
    /// What was found of domains whose mail goes to their own exchangers: the site, and its hosts.
    sites: HashMap<Domain, (Arc<str>, Vec<String>)>,
    /// When it began after an unclean end: flows nobody remembers begin with nothing.
    unclean: Option<Timestamp>,
}

/// The one shaper of a house: whoever sends asks it, and whoever wants to know looks at it.
#[derive(Debug, Clone)]
pub struct Shape(Arc<Mutex<Shaper>>);

impl Shape {
    /// With nothing remembered.
    pub fn new(settings: Arc<Settings>) -> Self {
        Self(Arc::new(Mutex::new(Shaper::new(settings))))
    }

    /// The shaper, for as long as one question takes.
    pub fn look(&self) -> MutexGuard<'_, Shaper> {
        // Each of its methods leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shaper {
    /// With nothing remembered.
    pub fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            flows: HashMap::new(),
            watches: BTreeMap::new(),
            pulse: Pulse::hour(),
            changed: BTreeSet::new(),
            sites: HashMap::new(),
            unclean: None,
        }
    }

    /// The settings in force.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// These settings are in force from now on. What is known of flows and of mailings under way stays.
    pub fn renew(&mut self, settings: Arc<Settings>) {
        self.settings = settings;
    }

    /// The exchangers of a domain were found: the name of their site, and theirs.
    pub fn learn(&mut self, domain: &Domain, site: &Arc<str>, exchangers: Vec<String>) {
        if self.sites.len() >= SITES_MAX {
            self.sites.clear();
        }
        self.sites.insert(domain.clone(), (Arc::clone(site), exchangers));
    }

    /// Where a copy for this domain goes that leaves with this pool. The exchangers of a domain that nobody has looked for
    /// yet are taken for a host of the domain's name.
    pub fn stream(&self, domain: &Domain, pool: Pool) -> Stream {
        let (known, nobody) = (self.sites.get(domain), Vec::new());
        let (host, is_direct, exchangers) = match (self.settings.own_host(domain), &self.settings.onward) {
            (Some(own), _) => (own, true, &nobody),
            (None, Onward::Smarthost(host)) => (host.as_str(), false, &nobody),
            (None, Onward::Exchangers) => known.map_or((domain.as_str(), true, &nobody), |(site, exchangers)| {
                (site, true, exchangers)
            }),
        };
        // Who connects from another address is another sender to whoever is connected to.
        let host = match self.settings.sources.get(&pool) {
            Some(source) => format!("{host} from {source}"),
            None => host.to_owned(),
        };
        let providers = self.settings.providers_of(domain, exchangers);
        let receivers: Vec<Scope> = providers
            .iter()
            .map(|provider| Scope::Provider(provider.key.as_str().into()))
            .collect();
        Stream {
            name: providers
                .first()
                .map_or(OTHER_DOMAINS, |provider| &provider.name)
                .into(),
            host: Scope::Host(host.into()),
            receivers: if receivers.is_empty() {
                vec![Scope::Domain(domain.as_str().into())]
            } else {
                receivers
            },
            is_direct,
        }
    }

    /// Whether what a copy comes from lets it go; the limit that binds longest, when not.
    pub fn ask_sender(&self, claim: &Claim<'_>, now: Timestamp) -> Result<(), Binding> {
        self.longest(self.sender_binds(claim, now))
    }

    /// Whether where it goes lets it go. `own` is what the asker's connection counts against already.
    pub fn ask_receiver(
        &self,
        stream: &Stream,
        claim: &Claim<'_>,
        own: &[Scope],
        now: Timestamp,
    ) -> Result<(), Binding> {
        self.longest(self.receiver_binds(stream, claim, own, now))
    }

    /// Every limit that binds a copy, longest first.
    pub fn binds(&self, stream: &Stream, claim: &Claim<'_>, own: &[Scope], now: Timestamp) -> Vec<Binding> {
        let mut all = self.sender_binds(claim, now);
        all.extend(self.receiver_binds(stream, claim, own, now));
        all.sort_by_key(|binding| std::cmp::Reverse(binding.until));
        all
    }

    fn longest(&self, binds: Vec<Binding>) -> Result<(), Binding> {
        binds
            .into_iter()
            .max_by_key(|binding| binding.until)
            .map_or(Ok(()), Err)
    }

    fn sender_binds(&self, claim: &Claim<'_>, now: Timestamp) -> Vec<Binding> {
        let mut binds: Vec<Binding> = self.out_of_hours(claim, now).into_iter().collect();
        let own_only = |scope: &Scope| !claim.is_emergency() || matches!(scope, Scope::Pool(_));
        for scope in claim.scopes().filter(own_only) {
            let question = Question {
                // How many workers there are says how many connections.
                has_connection: true,
                is_emergency: claim.is_emergency(),
                now,
            };
            binds.extend(self.bind(&scope, question));
        }
        binds
    }

    fn receiver_binds(&self, stream: &Stream, claim: &Claim<'_>, own: &[Scope], now: Timestamp) -> Vec<Binding> {
        let bind = |scope: &Scope| {
            let question = Question {
                has_connection: own.contains(scope),
                is_emergency: claim.is_emergency(),
                now,
            };
            self.bind(scope, question)
        };
        stream.scopes().filter_map(bind).collect()
    }

    fn out_of_hours(&self, claim: &Claim<'_>, now: Timestamp) -> Option<Binding> {
        let window = self.settings.hours.of(claim.lane)?;
        let until = window.next(now, &self.settings.zone);
        (until > now).then_some(Binding {
            scope: Scope::Pool(claim.pool),
            limit: Limit::Hours(window),
            until,
        })
    }

    /// What is remembered of a scope; of one that nothing is, what a new one would be.
    pub(super) fn flow_of(&self, scope: &Scope) -> Flow {
        self.flows.get(scope).cloned().unwrap_or_else(|| self.fresh(scope))
    }

    pub(super) fn bind(&self, scope: &Scope, question: Question) -> Option<Binding> {
        match self.flows.get(scope) {
            Some(flow) => flow.binds(scope, &self.settings, question),
            None => self.fresh(scope).binds(scope, &self.settings, question),
        }
    }

    /// A copy goes: it counts against every limit of where it comes from and where it goes.
    pub fn spend(&mut self, stream: &Stream, claim: &Claim<'_>, now: Timestamp) {
        let settings = Arc::clone(&self.settings);
        for scope in claim.scopes().chain(stream.scopes().cloned()) {
            self.flow(&scope).spend(settings.limits(&scope), &settings, now);
        }
        if let Some(watch) = claim.mailing.and_then(|id| self.watch(id)) {
            watch.sets_out();
        }
    }

    /// A copy goes another way than it was asked for: it counts against every limit of where it goes.
    pub fn spend_at(&mut self, stream: &Stream, now: Timestamp) {
        let settings = Arc::clone(&self.settings);
        for scope in stream.scopes() {
            self.flow(scope).spend(settings.limits(scope), &settings, now);
        }
    }

    /// A connection, or a copy on it, counts against these from now on.
    pub fn hold(&mut self, scopes: &[Scope]) {
        for scope in scopes {
            self.flow(scope).in_use += 1;
        }
    }

    /// It does no more.
    pub fn let_go(&mut self, scopes: &[Scope]) {
        for scope in scopes {
            let flow = self.flow(scope);
            flow.in_use = flow.in_use.saturating_sub(1);
        }
    }

    /// Messages that a connection for this stream may carry.
    pub fn messages_per_connection(&self, stream: &Stream) -> u32 {
        // A connection to a smarthost is none of the receivers'.
        let counted = stream.scopes().take(if stream.is_direct { usize::MAX } else { 1 });
        let limit = |scope: &Scope| {
            let limit = self.settings.limits(scope).messages_per_connection?;
            let throttle = self.flows.get(scope).map(|flow| flow.throttle).unwrap_or_default();
            Some(throttle.per_connection(limit))
        };
        counted.filter_map(limit).min().unwrap_or(u32::MAX)
    }

    /// Flows that somebody may want to see: receivers and next hops.
    pub fn receivers(&self) -> impl Iterator<Item = (&Scope, &Flow)> {
        self.flows.iter().filter(|(scope, _)| scope.is_of_receiver())
    }

    fn flow(&mut self, scope: &Scope) -> &mut Flow {
        // A mailing's rate is not worth keeping: it is the others that somebody else counts.
        if !matches!(scope, Scope::Mailing(_)) {
            self.changed.insert(scope.clone());
        }
        if !self.flows.contains_key(scope) {
            let fresh = self.fresh(scope);
            self.flows.insert(scope.clone(), fresh);
        }
        self.flows.entry(scope.clone()).or_default()
    }

    /// A flow of which nothing is remembered.
    fn fresh(&self, scope: &Scope) -> Flow {
        let rate = self.settings.limits(scope).messages_per_second;
        let bucket = rate.zip(self.unclean).map(|(range, at)| Bucket::empty(range.start, at));
        Flow {
            bucket: bucket.unwrap_or_default(),
            ..Flow::default()
        }
    }
}
