//! What is read when somebody asks: who waits, what is still to leave, how whoever receives stands, what will run out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::config::TlsFiles;
use crate::decide::shape::{OTHER_DOMAINS, Passage, Scope, Shape, Shaper};
use crate::mail::Timestamp;
use crate::model::lifecycle::{Held, State};
use crate::model::{Lane, Series};
use crate::service::tls;
use crate::stage::import::Importer;
use crate::store::{Error, Kind, Store};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The words of a breaker.
const BREAKER: [&str; 3] = ["closed", "half-open", "open"];
/// Whose turn a case may be.
const TURNS: [&str; 3] = ["author", "steward", "reviewer"];
/// How old it may be.
const AGES: [&str; 3] = ["day", "week", "older"];

/// All that is asked.
#[derive(Debug, Clone)]
pub(in crate::service) struct Figures {
    pub(in crate::service) handle: PrometheusHandle,
    pub(in crate::service) store: Store,
    pub(in crate::service) shape: Shape,
    pub(in crate::service) importer: Importer,
    pub(in crate::service) tls: TlsFiles,
    pub(in crate::service) clock: crate::clock::Clock,
    pub(in crate::service) began: Timestamp,
}

impl Figures {
    /// The text of all figures, as they stand now.
    pub(in crate::service) fn text(&self) -> String {
        let now = self.clock.now();
        gauge!("bedel_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
        gauge!("bedel_ready").set(number(self.store.ready().is_ok()));
        gauge!("process_start_time_seconds").set(seconds(self.began));
        if let Some(free) = self.store.free_bytes() {
            gauge!("bedel_disk_free_bytes").set(free as f64);
        }
        if let Some(bytes) = resident_bytes() {
            gauge!("process_resident_memory_bytes").set(bytes as f64);
        }
        let read = self.mailings(now).and_then(|()| self.feeds());
        if let Err(error) = read {
            tracing::error!(%error, "some figures could not be read");
        }
        self.sending(now);
        self.certificate(now);
        self.handle.render()
    }

    /// Who waits for people, and what is not over.
    fn mailings(&self, now: Timestamp) -> Result<(), Error> {
        let mut cases: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        let mut oldest: BTreeMap<&str, Duration> = BTreeMap::new();
        let held = self.store.in_state(Kind::Held)?;
        for id in held.iter().filter(|id| id.series == Series::Case) {
            let Some(State::Held(held)) = self.store.mailing(*id)? else {
                continue;
            };
            let turn = turn(&held);
            let age = now.since(State::Held(held).mailing().submitted_at);
            *cases.entry((turn, age_word(age))).or_default() += 1;
            let known = oldest.entry(turn).or_default();
            *known = age.max(*known);
        }
        for turn in TURNS {
            for age in AGES {
                let count = cases.get(&(turn, age)).copied().unwrap_or_default();
                gauge!("bedel_held_cases", "waits_for" => turn, "age" => age).set(count);
            }
            gauge!("bedel_held_oldest_seconds", "waits_for" => turn).set(oldest.get(turn).copied().unwrap_or_default());
        }
        gauge!("bedel_untold_cases").set(self.store.untold_count()? as f64);
        let released = self.store.in_state(Kind::Released)?;
        let expanded = self.store.in_state(Kind::Expanded)?;
        for (state, all) in [("held", held), ("released", released), ("expanded", expanded)] {
            let cases = all.iter().filter(|id| id.series == Series::Case).count();
            gauge!("bedel_mailings", "state" => state, "kind" => "case").set(cases as f64);
            gauge!("bedel_mailings", "state" => state, "kind" => "conveyed").set((all.len() - cases) as f64);
        }
        Ok(())
    }

    /// When each feed was applied last.
    fn feeds(&self) -> Result<(), Error> {
        for feed in self.importer.list()? {
            let office = feed.office.to_string();
            if let Some(good) = &feed.applied {
                gauge!("bedel_feed_last_good_timestamp_seconds", "office" => office.clone()).set(seconds(good.at));
            }
            gauge!("bedel_feed_in_trouble", "office" => office).set(number(feed.failed.is_some()));
        }
        Ok(())
    }

    /// What is still to leave, and how whoever receives stands.
    fn sending(&self, now: Timestamp) {
        let shaper = self.shape.look();
        let settings = Arc::clone(shaper.settings());
        let mut left: BTreeMap<(&'static str, Arc<str>), (u64, u64)> = BTreeMap::new();
        let lanes = [Lane::Emergency, Lane::Official, Lane::Bulk].map(lane_word);
        for lane in lanes {
            for provider in &settings.providers {
                left.insert((lane, provider.name.as_str().into()), (0, 0));
            }
            left.insert((lane, OTHER_DOMAINS.into()), (0, 0));
        }
        let mut pace = 0.0;
        for watch in shaper.watches().values() {
            pace += watch.pace.per_second(now);
            for (name, counts) in &watch.by_provider {
                let (fresh, deferred) = left.entry((lane_word(watch.lane), Arc::clone(name))).or_default();
                *fresh += counts.fresh();
                *deferred += counts.left().saturating_sub(counts.fresh());
            }
        }
        gauge!("bedel_copies_per_second").set(pace);
        for ((lane, provider), (fresh, deferred)) in left {
            let all = [("fresh", fresh), ("deferred", deferred)];
            for (state, count) in all {
                let provider = Arc::clone(&provider);
                gauge!("bedel_outbox_copies", "lane" => lane, "provider" => provider, "state" => state)
                    .set(count as f64);
            }
        }
        for provider in &settings.providers {
            of_provider(&shaper, &provider.key, &provider.name, now);
        }
        of_others(&shaper, now);
        drop(shaper);
        self.braked();
    }

    fn braked(&self) {
        let expanded = self.store.in_state(Kind::Expanded).unwrap_or_default();
        let cases = expanded.iter().filter(|id| id.series == Series::Case);
        let states = cases.filter_map(|id| self.store.mailing(*id).ok().flatten());
        let is_braked = |state: &State| match state {
            State::Expanded(expanded) => expanded.pause().is_some_and(|pause| pause.by.is_none()),
            State::Held(_) | State::Released(_) | State::Closed(_) | State::Ended(_) => false,
        };
        gauge!("bedel_braked_mailings").set(states.filter(is_braked).count() as f64);
    }

    fn certificate(&self, now: Timestamp) {
        match tls::good_until(&self.tls) {
            Ok(until) => {
                let left = (until.as_micros() - now.as_micros()) as f64 / 1e6;
                gauge!("bedel_certificate_left_seconds").set(left);
            }
            Err(error) => tracing::error!(error = format!("{error:#}"), "when the certificate ends cannot be read"),
        }
    }
}

/// How one provider stands.
fn of_provider(shaper: &Shaper, key: &str, name: &str, now: Timestamp) {
    let standing = shaper.standing(Scope::Provider(key.into()), now);
    let name = || name.to_owned();
    for word in BREAKER {
        let is_it = standing.passage.word() == word;
        gauge!("bedel_breaker", "provider" => name(), "state" => word).set(number(is_it));
    }
    if let Some(rate) = standing.rate {
        gauge!("bedel_limit_messages_per_second", "provider" => name()).set(rate.now.as_f64());
    }
    if let Some(connections) = standing.connections {
        gauge!("bedel_limit_connections", "provider" => name()).set(connections.now);
    }
    gauge!("bedel_connections", "provider" => name()).set(standing.in_use);
    gauge!("bedel_slowed", "provider" => name()).set(number(standing.is_slowed));
}

/// How many next hops and other domains stand how: there may be thousands, so that none has a label.
fn of_others(shaper: &Shaper, now: Timestamp) {
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for (scope, _) in shaper.receivers() {
        let kind = match scope {
            Scope::Host(_) => "next hop",
            Scope::Domain(_) => "domain",
            Scope::Provider(_) | Scope::All | Scope::Pool(_) | Scope::SigningDomain(_) | Scope::Mailing(_) => continue,
        };
        let passage: Passage = shaper.standing(scope.clone(), now).passage;
        *counts.entry((kind, passage.word())).or_default() += 1;
    }
    for kind in ["next hop", "domain"] {
        for state in BREAKER {
            let count = counts.get(&(kind, state)).copied().unwrap_or_default();
            gauge!("bedel_breaker_others", "kind" => kind, "state" => state).set(count);
        }
    }
}

/// Whose turn a case is.
fn turn(held: &Held) -> &'static str {
    if held.hold().returned().is_some() || held.wants_agreement() {
        "author"
    } else if held.wanting().is_empty() {
        "reviewer"
    } else {
        "steward"
    }
}

fn age_word(age: Duration) -> &'static str {
    if age < DAY {
        "day"
    } else if age < DAY * 7 {
        "week"
    } else {
        "older"
    }
}

fn lane_word(lane: Lane) -> &'static str {
    match lane {
        Lane::Emergency => "emergency",
        Lane::Official => "official",
        Lane::Bulk => "bulk",
    }
}

fn number(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1e6
}

/// Memory the process has in use, where the system says so: the second number of `/proc/self/statm`, in pages.
fn resident_bytes() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    let page = u64::try_from(rustix::param::page_size()).ok()?;
    pages.checked_mul(page)
}
