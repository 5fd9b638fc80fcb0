//! How a feed went: remembered, written into the audit trail, told.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::{Error, Importer, Order, Report};
use crate::decide::feed::Ended;
use crate::decide::notice::{self, Kind, Told};
use crate::mail::{Address, Timestamp};
use crate::model::{Act, Event, OfficeId, Series};
use crate::store::{self, Applied, Failed, FeedRecord, Outgoing};

/// Whoever acts at a feed's hour, when nobody else does.
pub(super) const GATEWAY: &str = "gateway";
/// How long until people are told again of what has not changed.
const AGAIN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Faults that a notice names.
const FAULTS_MAX: usize = 10;

/// The feed of one office, as it is listed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Feed)]
pub struct Listed {
    /// Whose.
    #[schema(value_type = String)]
    pub office: OfficeId,
    /// In words.
    pub name: String,
    /// `csv`, `ldap` or `postgres`.
    pub source: &'static str,
    /// When it is fetched, in words; nothing when somebody does it by hand.
    pub schedule: Option<String>,
    /// Its next turn.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next: Option<Timestamp>,
    /// The last one that was applied.
    pub applied: Option<Good>,
    /// The last one that was not, when none was applied since.
    pub failed: Option<Trouble>,
}

/// A feed that was applied, as it is listed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Good {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Its good rows.
    pub rows: u64,
    /// Contacts it brought.
    pub added: u64,
    /// Contacts it changed.
    pub changed: u64,
    /// Contacts that it no longer had.
    pub removed: u64,
}

/// A feed that was not applied, as it is listed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Trouble {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why, in words.
    pub what: String,
}

impl Importer {
    /// The feed of every office that has one.
    pub fn list(&self) -> Result<Vec<Listed>, store::Error> {
        let mut listed = Vec::new();
        for (id, office) in self.settings.offices.iter() {
            let record = self.store.feed_record(id)?;
            let feed = self.settings.feeds.get(id);
            if feed.is_none() && record == FeedRecord::default() {
                continue;
            }
            let schedule = feed.and_then(|feed| feed.schedule);
            let source = feed.and_then(|feed| feed.source.as_ref());
            listed.push(Listed {
                office: id.clone(),
                name: office.name.clone(),
                source: source.map_or("csv", |source| source.word()),
                schedule: schedule.map(|schedule| schedule.to_string()),
                next: self.next_turn(id, &record),
                failed: record.trouble().map(|failed| Trouble {
                    at: failed.at,
                    what: failed.what.clone(),
                }),
                applied: record.applied.map(|applied| Good {
                    at: applied.at,
                    rows: applied.rows,
                    added: applied.added,
                    changed: applied.changed,
                    removed: applied.removed,
                }),
            });
        }
        Ok(listed)
    }

    /// When the feed of an office is fetched next.
    pub(super) fn next_turn(&self, office: &OfficeId, record: &FeedRecord) -> Option<Timestamp> {
        let schedule = self.settings.feeds.get(office)?.schedule?;
        let applied = record.applied.as_ref().map(|applied| (applied.at, Ended::Read));
        let failed = record.failed.as_ref().map(|failed| match failed.is_unreached {
            true => (failed.at, Ended::Unreached),
            false => (failed.at, Ended::Read),
        });
        let last = applied.into_iter().chain(failed).max_by_key(|(at, _)| *at);
        Some(schedule.next(last, self.open_since, &self.settings.zone))
    }

    /// The line of the trail of a feed that is applied.
    pub(super) fn applied(&self, order: &Order, report: &Report) -> Event {
        let plan = &report.plan;
        let note = format!(
            "feed of {}: {} added, {} changed, {} unchanged, {} removed",
            order.office, plan.added, plan.changed, plan.unchanged, plan.removed
        );
        self.event(order, Act::Imported, note)
    }

    /// Keeps how it went, and tells whoever has to mend it.
    pub(super) async fn remember(&self, order: &Order, done: &Result<Report, Error>) -> Result<(), store::Error> {
        let now = self.clock.now();
        let mut record = self.store.feed_record(&order.office)?;
        let (what, faults, is_unreached) = match done {
            Ok(report) => match &report.refusal {
                None => {
                    record.applied = Some(Applied {
                        at: now,
                        rows: report.findings.rows,
                        added: report.plan.added,
                        changed: report.plan.changed,
                        removed: report.plan.removed,
                    });
                    return self
                        .store
                        .put_feed_record(&order.office, &record, None, Vec::new())
                        .await;
                }
                Some(refusal) => (refusal.to_string(), report.findings.faults.as_slice(), false),
            },
            Err(Error::NoSource(_)) => return Ok(()),
            Err(error) => (error.to_string(), &[][..], true),
        };
        let before = record
            .trouble()
            .filter(|failed| failed.what == what)
            .and_then(|failed| failed.told_at);
        let is_told = before.is_some_and(|at| now.since(at) < AGAIN_AFTER);
        let tells = order.by == GATEWAY && !is_told;
        record.failed = Some(Failed {
            at: now,
            what: what.clone(),
            is_unreached,
            told_at: if tells { Some(now) } else { before },
        });
        let mut reasons = vec![what.clone()];
        reasons.extend(faults.iter().take(FAULTS_MAX).map(ToString::to_string));
        let outgoing = if tells {
            self.notices(&order.office, reasons, &record)
        } else {
            Vec::new()
        };
        let event = self.event(order, Act::FeedFailed, format!("feed of {}: {what}", order.office));
        self.store
            .put_feed_record(&order.office, &record, Some(event), outgoing)
            .await
    }

    /// To the office's stewards and the postmasters, each once.
    fn notices(&self, office: &OfficeId, reasons: Vec<String>, record: &FeedRecord) -> Vec<Outgoing> {
        let settings = &self.settings;
        let read = |at: Timestamp| at.readable(&settings.zone);
        let last = record
            .applied
            .as_ref()
            .map_or_else(|| "there was none yet".to_owned(), |applied| read(applied.at));
        let told = Told {
            office: settings.offices.name(office),
            reasons,
            comment: last,
            until: self.next_turn(office, record),
            ..Told::news()
        };
        let stewards = settings
            .offices
            .find(office)
            .map(|office| office.stewards.as_slice())
            .unwrap_or_default();
        let mut whom: Vec<&Address> = stewards.iter().chain(&settings.postmasters).collect();
        whom.sort();
        whom.dedup();
        let now = self.clock.now();
        let write = |to: &Address| {
            let id = self.store.next_id(Series::Conveyed, now.year(&settings.zone));
            let (state, message) = notice::write(&settings.notices, Kind::Feed, to, &told, id, now);
            Outgoing { state, message }
        };
        whom.into_iter().map(write).collect()
    }

    fn event(&self, order: &Order, act: Act, note: String) -> Event {
        Event {
            at: self.clock.now(),
            by: order.by.clone(),
            act,
            mailing: None,
            note,
        }
    }
}
