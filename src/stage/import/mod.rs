//! An office's feed → the master list: read, compared, and applied whole or not at all. Policy C8.
//!
//! A feed comes as a file that somebody hands in ([`Importer::hand_in`]), or is fetched from the office's own directory
//! or database ([`Importer::pull`]), by hand or at its hour ([`turns`]). All of them walk one line: rows are judged one
//! by one ([`feed::read`]) and go into a draft; the draft is compared with the master list; what would change too much
//! wants somebody's word; then it is applied.
//!
//! # Failure
//! A source that breaks off, a faulty row, too many that come or go: nothing is changed, and the last good feed stays in
//! force. That is kept in the audit trail; of a feed that is fetched at its hour the office's stewards and the postmasters
//! are told. When the store fails while a feed is applied, the same feed can be imported again.

mod draft;
mod fetch;
mod ldap;
mod postgres;
mod report;
mod secret;
mod tell;
mod turns;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex as Shared, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::spawn_blocking;

pub use ldap::{Directory, is_filter};
pub use postgres::{Database, Way, is_loopback};
pub use report::{Error, Order, Refusal, Report, Step, Tell};
pub use secret::Secret;
pub use tell::Listed;
pub use turns::turns;

use crate::clock::Clock;
use crate::decide::feed::{self, Csv, Drift, Findings, Rows, Rules, Schedule};
use crate::decide::notice::Notices;
use crate::mail::{Address, Timestamp};
use crate::model::{OfficeId, Offices};
use crate::store::{self, Store};

use draft::Draft;

/// Rows between two words of progress.
const ROWS_A_STEP: u64 = 1_000;

/// What importing needs to know of the settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose contacts they are.
    pub offices: Arc<Offices>,
    /// What each may send, and where it is fetched; an office without an entry may send what every feed knows.
    pub feeds: BTreeMap<OfficeId, Feed>,
    /// How notices are written.
    pub notices: Arc<Notices>,
    /// Who looks after the machine: they are told of a source that fails.
    pub postmasters: Vec<Address>,
    /// The zone whose hours are meant.
    pub zone: TimeZone,
}

/// The feed of one office.
#[derive(Debug, Clone, Default)]
pub struct Feed {
    /// What it may bring.
    pub rules: Rules,
    /// When it is fetched; `None` when somebody does it by hand.
    pub schedule: Option<Schedule>,
    /// Where it is fetched; `None` when somebody hands it in.
    pub source: Option<Source>,
}

/// Where a feed is fetched.
#[derive(Debug, Clone)]
pub enum Source {
    /// A directory (LDAP).
    Ldap(Directory),
    /// A database (PostgreSQL).
    Postgres(Database),
}

impl Source {
    /// As the settings name it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ldap(_) => "ldap",
            Self::Postgres(_) => "postgres",
        }
    }
}

/// Where feeds come in; cheap to clone, and one hand however many hold it.
#[derive(Debug, Clone)]
pub struct Importer {
    store: Store,
    clock: Clock,
    settings: Arc<Settings>,
    open_since: Timestamp,
    hand: Arc<Mutex<()>>,
}

impl Importer {
    /// Over the store, with the settings' feeds.
    pub fn new(store: Store, clock: Clock, settings: Settings) -> Self {
        let open_since = clock.now();
        Self {
            store,
            clock,
            settings: Arc::new(settings),
            open_since,
            hand: Arc::default(),
        }
    }

    /// With other settings, and the same hand: whoever imports under the old ones is waited for.
    #[must_use]
    pub fn renewed(&self, settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            ..self.clone()
        }
    }

    /// The one hand on the master list: what is compared is good only while nobody else changes it.
    pub async fn hand(&self) -> MutexGuard<'_, ()> {
        self.hand.lock().await
    }

    /// Whether an office may have a feed at all.
    pub fn check(&self, office: &OfficeId) -> Result<(), Error> {
        if self.settings.offices.find(office).is_some() {
            return Ok(());
        }
        let offices: Vec<String> = self.settings.offices.iter().map(|(id, _)| id.to_string()).collect();
        let what = format!("there is no office {office}; there are: {}", offices.join(", "));
        Err(Error::NoSource(what))
    }

    /// Takes a file in CSV that somebody hands in.
    pub async fn hand_in(&self, order: &Order, input: impl Read + Send + 'static, tell: Tell) -> Result<Report, Error> {
        self.check(&order.office)?;
        let counted = Counted {
            input,
            bytes: Arc::default(),
        };
        let bytes = Arc::clone(&counted.bytes);
        self.run(order, Csv::new(counted), (tell, bytes)).await
    }

    /// Fetches the feed of an office.
    pub async fn pull(&self, order: &Order, tell: Tell) -> Result<Report, Error> {
        let source = self.source(&order.office)?;
        self.run(order, fetch::begin(source), (tell, Arc::default())).await
    }

    /// Whether the feed of an office is fetched somewhere.
    pub fn check_source(&self, office: &OfficeId) -> Result<(), Error> {
        self.source(office).map(drop)
    }

    fn source(&self, office: &OfficeId) -> Result<Source, Error> {
        self.check(office)?;
        let feed = self.settings.feeds.get(office);
        feed.and_then(|feed| feed.source.clone()).ok_or_else(|| {
            Error::NoSource(format!(
                "the feed of {office} is fetched nowhere: there is no [feed.{office}] in gateway.toml; hand it in with \
                 `bedel people import FILE --source {office}`"
            ))
        })
    }

    /// The whole line, and its place in the trail.
    async fn run<R>(&self, order: &Order, rows: R, (tell, bytes): (Tell, Bytes)) -> Result<Report, Error>
    where
        R: Rows + Send + 'static,
    {
        // A source may be slow: nobody else waits for it.
        let read = self.read(order, rows, (&tell, bytes)).await;
        let _only_hand = self.hand().await;
        let done = match read {
            Ok((findings, draft)) => self.settle(order, findings, draft, &tell).await,
            Err(error) => Err(error),
        };
        if !order.dry_run {
            self.remember(order, &done).await?;
        }
        done
    }

    /// Rows, judged one by one, into a draft.
    async fn read<R>(
        &self,
        order: &Order,
        mut rows: R,
        (tell, bytes): (&Tell, Bytes),
    ) -> Result<(Findings, Draft), Error>
    where
        R: Rows + Send + 'static,
    {
        let (store, office, now) = (self.store.clone(), order.office.clone(), self.clock.now());
        let (rules, tell) = (self.rules(&office), Arc::clone(tell));
        let read = move || -> Result<(Findings, Draft), Error> {
            let mut draft = Draft::new(&store, &office.0, now)?;
            let mut count = 0;
            let keep = |row| -> Result<(), Error> {
                draft.push(row)?;
                count += 1;
                if count % ROWS_A_STEP == 0 {
                    let bytes = *bytes.lock().unwrap_or_else(PoisonError::into_inner);
                    tell(Step::Reading { rows: count, bytes });
                }
                Ok(())
            };
            let findings = feed::read(&mut rows, (&rules, &office.0, now), keep)?;
            tell(Step::Read { rows: findings.rows });
            Ok((findings, draft))
        };
        spawn_blocking(read).await.map_err(crashed)?
    }

    /// A draft, compared and, when it may be, applied.
    async fn settle(&self, order: &Order, findings: Findings, draft: Draft, tell: &Tell) -> Result<Report, Error> {
        let faults = findings.count();
        let mut report = Report {
            findings,
            ..Report::default()
        };
        if faults > 0 {
            report.refusal = Some(Refusal::Faulty(faulty(faults)));
            return Ok(report);
        }
        let compared = Arc::clone(tell);
        let compare = move || draft.compare(&compared);
        let (plan, ready) = spawn_blocking(compare).await.map_err(crashed)??;
        let drift = plan.drift();
        report.plan = plan;
        (report.dropped_percent, report.grown_percent) = (drift.dropped_percent(), drift.grown_percent());
        report.refusal = self.too_much(&drift, order);
        if report.refusal.is_none() && !order.dry_run {
            let event = self.applied(order, &report);
            ready.apply(&self.store, event, tell).await?;
            report.applied = true;
        }
        Ok(report)
    }

    fn too_much(&self, drift: &Drift, order: &Order) -> Option<Refusal> {
        let refusal = drift.refusal(&self.rules(&order.office), &order.office.0, order.confirmed);
        refusal.map(Refusal::Drift)
    }

    fn rules(&self, office: &OfficeId) -> Rules {
        let feed = self.settings.feeds.get(office);
        feed.map(|feed| feed.rules.clone()).unwrap_or_default()
    }
}

fn faulty(faults: u64) -> String {
    let noun = if faults == 1 { "fault" } else { "faults" };
    format!("the feed has {faults} {noun}, and is applied whole or not at all; nothing was changed")
}

/// A task of ours that panicked; its own words are in the log already.
fn crashed(_panic: tokio::task::JoinError) -> Error {
    Error::Store(store::Error::Disk("a task of the gateway stopped".to_owned()))
}

/// Octets so far.
type Bytes = Arc<Shared<u64>>;

/// Counts what is read.
struct Counted<R> {
    input: R,
    bytes: Bytes,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.input.read(buffer)?;
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) += u64::try_from(count).unwrap_or(u64::MAX);
        Ok(count)
    }
}

/// How long a source may be silent before it has failed.
const SILENCE_MAX: Duration = Duration::from_secs(120);
