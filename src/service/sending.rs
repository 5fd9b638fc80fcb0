//! Sending: what those who send need to know of the settings.

use std::sync::Arc;

use crate::config::{Config, Exchangers, Gateway, Hop, Leaving, Onward};
use crate::decide::compose;
use crate::decide::notice::Notices;
use crate::decide::shape::Shape;
use crate::mail::Address;
use crate::stage::deliver::{self, Caller, RouteSettings};
use crate::store::Store;

pub(super) fn settings(
    config: &Config,
    store: &Store,
    compose: &Arc<compose::Settings>,
    notices: &Arc<Notices>,
    shape: &Shape,
) -> anyhow::Result<deliver::Settings> {
    let (gateway, route) = (&config.gateway, &config.gateway.route);
    let onward = match &route.onward {
        Onward::Smarthost(hop) => deliver::Onward::Smarthost(relay(hop)?),
        Onward::Exchangers(exchangers) => deliver::Onward::Exchangers(Arc::new(deliver::Router::new(
            routing(gateway, exchangers),
            shape.clone(),
            store.clone(),
        )?)),
    };
    let caller = |leaving: Option<&Leaving>| Caller {
        hostname: leaving
            .and_then(|leaving| leaving.hostname.as_ref())
            .unwrap_or(&gateway.hostname)
            .to_string(),
        sources: leaving.map(|leaving| leaving.sources.clone()).unwrap_or_default(),
    };
    Ok(deliver::Settings {
        onward,
        own_hosts: route
            .via
            .iter()
            .map(|via| relay(&via.hop))
            .collect::<anyhow::Result<_>>()?,
        caller: caller(None),
        callers: route
            .pools
            .iter()
            .map(|(pool, leaving)| (*pool, caller(Some(leaving))))
            .collect(),
        shape: shape.clone(),
        compose: Arc::clone(compose),
        notices: Arc::clone(notices),
        guardians: guardians(config),
    })
}

/// Who asks DNS what others see of us.
pub(super) fn names(gateway: &Gateway) -> Option<deliver::Names> {
    let dns = match &gateway.route.onward {
        Onward::Exchangers(exchangers) => exchangers.dns.clone(),
        Onward::Smarthost(_) => deliver::DnsSettings::default(),
    };
    let names = deliver::Names::new(&deliver::DnsSettings { dane: false, ..dns });
    if let Err(error) = &names {
        tracing::warn!(%error, "nobody looks whether DNS has our keys");
    }
    names.ok()
}

/// One next hop.
fn relay(hop: &Hop) -> anyhow::Result<deliver::RelaySettings> {
    Ok(deliver::RelaySettings {
        host: hop.host.clone(),
        port: hop.port,
        tls: hop.tls,
        trust: deliver::trust(hop.tls, hop.ca_file.as_deref())?,
    })
}

/// How exchangers are found. Mail that DNS sends to one of our own doors would come back to us.
fn routing(gateway: &Gateway, exchangers: &Exchangers) -> RouteSettings {
    let hostnames = gateway
        .route
        .pools
        .values()
        .filter_map(|leaving| leaving.hostname.as_ref());
    RouteSettings {
        port: exchangers.port,
        tls: exchangers.tls,
        tls_of: exchangers.tls_of.clone(),
        ca_file: exchangers.ca_file.clone(),
        dns: exchangers.dns.clone(),
        own_names: std::iter::once(&gateway.hostname)
            .chain(hostnames)
            .map(ToString::to_string)
            .collect(),
        own_addresses: gateway.listeners.iter().map(|listener| listener.address).collect(),
    }
}

/// Who watches over what leaves: reviewers and postmasters, each once.
fn guardians(config: &Config) -> Vec<Address> {
    let reviewers = config.policy.offices.reviewers().into_iter().cloned();
    let mut all: Vec<Address> = reviewers.chain(config.gateway.postmasters.iter().cloned()).collect();
    all.sort();
    all.dedup();
    all
}
