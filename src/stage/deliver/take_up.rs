//! Takes up a mailing: its plan, its ledger, and how it has fared so far.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Onward;
use super::brake::{count, count_returned};
use super::courier::Courier;
use super::run::{Run, Source};
use super::ways::{Way, Ways};
use crate::decide::compose::{self, Letter, Sealed};
use crate::decide::shape::{Counts, Watch};
use crate::mail::{Domain, Timestamp};
use crate::model::lifecycle::{Expanded, State};
use crate::model::{Before, Capacity, Entry, Mailing, MailingId, Outcome, WhenUncertain};
use crate::store::Error;

impl Courier {
    pub(super) async fn take_up(&self, id: MailingId) -> Result<(), Error> {
        let Some(State::Expanded(expanded)) = self.store.mailing(id)? else {
            return Ok(());
        };
        if self.queue().has(id) {
            self.follow(id, &expanded);
            return Ok(());
        }
        loop {
            let age = self.queue().age();
            let (run, watch) = self.load(id, expanded.clone()).await?;
            self.shape().look().begin(id, watch);
            if self.queue().add(run, age) {
                return Ok(());
            }
        }
    }

    /// Paused, or resumed, since; or a person has said what is done about the uncertain.
    fn follow(&self, id: MailingId, expanded: &Expanded) {
        if expanded.when_uncertain() != WhenUncertain::Hold {
            self.queue().take_up_aside(id, self.clock.now());
        }
        let is_news = self.queue().set_paused(id, expanded.is_paused());
        if is_news
            && !expanded.is_paused()
            && let Some(watch) = self.shape().look().watch(id)
        {
            watch.forgive();
        }
    }

    /// Reads a mailing and its ledger. An intent without an outcome is what a crash hid: the recipient is uncertain.
    async fn load(&self, id: MailingId, expanded: Expanded) -> Result<(Run, Watch), Error> {
        let damaged = |what: String| Error::Unreadable(format!("{id}: {what}"));
        let sealed = self
            .store
            .sealed(id)?
            .ok_or_else(|| damaged("its sealed form is gone".to_owned()))?;
        let sealed = Sealed::from_bytes(&sealed).map_err(|error| damaged(error.to_string()))?;
        let letter = Letter::new(&sealed).map_err(|error| damaged(error.to_string()))?;
        let (sealed_at, planned, resumed_at) = (expanded.expanded_at(), expanded.planned(), expanded.resumed_at());
        let planned = u32::try_from(planned).map_err(|_too_many| damaged("its plan is too long".to_owned()))?;
        let is_paused = expanded.is_paused();
        let mailing = State::Expanded(expanded).mailing().clone();
        let source = Source {
            signing_domain: self.signing_domain(&mailing),
            mailing,
            letter: Arc::new(letter),
            sealed_at,
        };
        let canary = self.shape().look().settings().canary;
        let mut watch = Watch::new(planned, source.is_judged().then_some(&canary));
        watch.lane = source.mailing.lane;
        let (domains, of) = self.plan(id, planned)?;
        let in_force = self.in_force();
        if let Onward::Exchangers(router) = &in_force.settings.onward {
            router.find_all(&domains, self.clock.now()).await;
        }
        let (ways, of) = self.ways(&source, &domains, of);
        let mut run = Run::new(source, ways, &of, watch.canary, is_paused);
        for (name, people) in run.streams() {
            watch.at(name).planned += u64::from(people);
        }
        // Counts the ledger before this adds to it.
        self.store.tally(id)?;
        let uncertain = self.resume(id, &mut run, &mut watch, resumed_at)?;
        for entries in uncertain.chunks(100) {
            self.store.record(id, entries, None, vec![]).await?;
        }
        for entry in &uncertain {
            tracing::warn!(mailing.id = %id, recipient.seq = entry.seq, "the end of a copy is uncertain");
        }
        run.wake_all();
        Ok((run, watch))
    }

    /// The domains of a plan, and which of them each recipient is in, in its order.
    fn plan(&self, id: MailingId, planned: u32) -> Result<(Vec<Domain>, Vec<usize>), Error> {
        let planned = usize::try_from(planned).unwrap_or_default();
        let (mut domains, mut of) = (Vec::new(), Vec::with_capacity(planned));
        let mut known: HashMap<Domain, usize> = HashMap::new();
        for row in self.store.rows(id) {
            let (_, recipient) = row?;
            let domain = recipient.address.domain();
            let number = match known.get(domain) {
                Some(number) => *number,
                None => {
                    known.insert(domain.clone(), domains.len());
                    domains.push(domain.clone());
                    domains.len() - 1
                }
            };
            of.push(number);
        }
        if of.len() == planned {
            Ok((domains, of))
        } else {
            Err(Error::Unreadable(format!(
                "{id}: its plan has {} of {planned} recipients",
                of.len()
            )))
        }
    }

    /// The ways of a plan, and which of them each recipient goes.
    fn ways(&self, source: &Source, domains: &[Domain], mut of: Vec<usize>) -> (Vec<Way>, Vec<usize>) {
        let in_force = self.in_force();
        let mut ways = Ways::new(self.shape(), &in_force.hops, source.claim().pool);
        let of_domain: Vec<usize> = domains.iter().map(|domain| ways.of(domain)).collect();
        for number in &mut of {
            *number = of_domain.get(*number).copied().unwrap_or_default();
        }
        (ways.found(), of)
    }

    /// Who signs copies of a mailing; nobody signs what we only convey.
    fn signing_domain(&self, mailing: &Mailing) -> Option<Arc<str>> {
        match mailing.capacity {
            Capacity::Initiated => {
                let (in_force, now) = (self.in_force(), self.clock.now());
                let compose = &in_force.settings.compose;
                let from = compose::sender(mailing, compose, now);
                Some(compose.signers.of(&from, now).domain().as_str().into())
            }
            Capacity::Conveyed => None,
        }
    }

    /// The copies of a mailing go the ways of the settings in force, from now on; those under way end as they end.
    pub(super) fn lay_anew(&self, id: MailingId) -> Result<(), Error> {
        let Some(source) = self.queue().source(id) else {
            return Ok(());
        };
        let Some(State::Expanded(expanded)) = self.store.mailing(id)? else {
            return Ok(());
        };
        let planned = u32::try_from(expanded.planned()).unwrap_or(u32::MAX);
        let mut source = Source::clone(&source);
        source.signing_domain = self.signing_domain(&source.mailing);
        let (domains, of) = self.plan(id, planned)?;
        let (ways, of) = self.ways(&source, &domains, of);
        let first = self.shape().look().watch(id).map_or(planned, |watch| watch.canary);
        self.queue().lay_anew(id, source, (ways, &of), first);
        let streams = self.queue().streams(id);
        if let Some(watch) = self.shape().look().watch(id) {
            watch.by_provider.values_mut().for_each(|counts| counts.planned = 0);
            for (name, people) in streams {
                watch.at(&name).planned += u64::from(people);
            }
        }
        Ok(())
    }

    fn resume(
        &self,
        id: MailingId,
        run: &mut Run,
        watch: &mut Watch,
        resumed_at: Option<Timestamp>,
    ) -> Result<Vec<Entry>, Error> {
        let now = self.clock.now();
        let settings = Arc::clone(self.shape().look().settings());
        let mut seen: BTreeMap<Arc<str>, Counts> = BTreeMap::new();
        let mut uncertain = Vec::new();
        let mut last = None;
        let mut entries = self.store.ledger(id).peekable();
        while let Some(entry) = entries.next() {
            let mut entry = entry?;
            let is_last = !matches!(entries.peek(), Some(Ok(next)) if next.seq == entry.seq);
            if entry.outcome.is_none() {
                entry.outcome = Some(Outcome::Uncertain { until: now });
                uncertain.push(entry.clone());
            }
            let before = last.filter(|(seq, _)| *seq == entry.seq);
            let before = before.map_or(Before::Nothing, |(_, known)| known);
            if let Some(stream) = run.stream_of(entry.seq).cloned() {
                count(watch.at(&stream), &entry, before, &settings);
                watch.beats(&entry);
                watch.is_back(Some(entry.at));
                if resumed_at.is_some_and(|resumed| entry.at <= resumed) {
                    count(seen.entry(stream).or_default(), &entry, before, &settings);
                }
            }
            if is_last {
                run.resume(&entry);
            }
            last = Some((entry.seq, before.and(entry.outcome.as_ref())));
        }
        let stream_of = |seq| run.stream_of(seq).cloned();
        count_returned(&mut watch.by_provider, self.returned(id, stream_of, None)?);
        if resumed_at.is_some() {
            count_returned(&mut seen, self.returned(id, stream_of, resumed_at)?);
        }
        watch.forgive_these(seen);
        Ok(uncertain)
    }
}
