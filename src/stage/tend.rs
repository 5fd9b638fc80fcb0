//! Worker: what is due by the clock, whatever the mail does. The nightly export, and forgetting what has had its time.
//!
//! The engine is old and beta by its author's words, so the whole store can be had as a plain file; each night one is
//! written to `data_dir/exports`, and those of the last week are kept. What a client's repeat was recognised by is
//! forgotten after a day, what soft bounces are counted by after a month, what other hosts reported after thirteen; what is
//! known of people, as policy.toml says.

use std::fs;
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::clock::Clock;
use crate::decide::policy::Retention;
use crate::decide::report::COUNTED;
use crate::mail::Timestamp;
use crate::model::{Act, Event};
use crate::stage::worker::{Rounds, Shutdown};
use crate::store::{Error, Store, Table};

/// Exports kept.
const EXPORTS_MAX: usize = 7;
/// How often it looks at what has had its time.
const HOUR: Duration = Duration::from_secs(60 * 60);
/// How long reports of other hosts are kept: so that a month may be held against that of the year before.
const AGGREGATES: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// What tending needs to know of the settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where exports go.
    pub exports: PathBuf,
    /// The zone whose nights are meant.
    pub zone: TimeZone,
    /// How long what is known of people is kept.
    pub retention: Retention,
}

/// Runs until the house closes.
pub async fn run(store: Store, clock: Clock, settings: Settings, shutdown: Shutdown) {
    // Nobody rings for this; what counts is the tick.
    let mut rounds = Rounds::new("tend", store.watch(Table::About), shutdown);
    let mut tended_at: Option<Timestamp> = None;
    while rounds.go_on() {
        let now = clock.now();
        let is_due = tended_at.is_none_or(|at| now.since(at) >= HOUR);
        let done = if is_due {
            tend(&store, &settings, now).await
        } else {
            Ok(())
        };
        if is_due && done.is_ok() {
            tended_at = Some(now);
        }
        rounds.rest(done).await;
    }
}

/// Forgets what has had its time, and writes today's export unless it is there.
pub async fn tend(store: &Store, settings: &Settings, now: Timestamp) -> Result<(), Error> {
    if let Some(rotated) = store.finish_rotation().await? {
        tracing::info!(records = rotated.records, "ended a rotation that had been cut short");
    }
    while store.forget_fingerprints(now).await? > 0 {}
    store.forget_softs(now.minus(COUNTED)).await?;
    store.forget_aggregates(now.minus(AGGREGATES)).await?;
    if !file_of(settings, now).exists() {
        store.forget_traces(now).await?;
        store.forget_sts_policies(now).await?;
        forget(store, settings.retention, now).await?;
    }
    // No export of a master list that is half old and half new.
    let _steady = store.steady().await?;
    let (store, settings) = (store.clone(), settings.clone());
    let exported = tokio::task::spawn_blocking(move || export(&store, &settings, now)).await;
    exported.map_err(|panicked| Error::Disk(panicked.to_string()))?
}

/// What is known of people goes when its time is up. The trail is told how many, and of none who. Policy C8.
async fn forget(store: &Store, kept: Retention, now: Timestamp) -> Result<(), Error> {
    store.forget_history(now.minus(kept.history)).await?;
    let mailings = store.forget_deliveries(now.minus(kept.deliveries)).await?;
    let contacts = store.forget_gone(now.minus(kept.gone)).await?;
    let lines = store.forget_events(now.minus(kept.trail)).await?;
    if mailings + contacts + lines == 0 {
        return Ok(());
    }
    let note = format!(
        "their time is up: {contacts} contacts whom no office lists, the copies of {mailings} mailings, {lines} lines of \
         the trail"
    );
    let event = Event {
        at: now,
        by: "gateway".to_owned(),
        act: Act::Forgotten,
        mailing: None,
        note,
    };
    store.log(event).await
}

/// Today's export; its absence says that the day's work is still to do.
fn file_of(settings: &Settings, now: Timestamp) -> PathBuf {
    settings.exports.join(format!("{}.export", now.day(&settings.zone)))
}

fn export(store: &Store, settings: &Settings, now: Timestamp) -> Result<(), Error> {
    let disk = |error: std::io::Error| Error::Disk(format!("the nightly export: {error}"));
    let file = file_of(settings, now);
    if file.exists() {
        return Ok(());
    }
    fs::create_dir_all(&settings.exports).map_err(disk)?;
    // Under another name until it is whole.
    let part = file.with_extension("part");
    let opened = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part);
    let out = opened.map_err(disk)?;
    let records = store
        .export(BufWriter::new(&out))
        .map_err(|error| Error::Disk(error.to_string()))?;
    out.sync_all().map_err(disk)?;
    fs::rename(&part, &file).map_err(disk)?;
    tracing::info!(records, "wrote the nightly export");
    prune(&settings.exports).map_err(disk)
}

/// Keeps the newest exports; their names sort by day.
fn prune(folder: &Path) -> std::io::Result<()> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut exports: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    exports.retain(|path| path.extension().is_some_and(|extension| extension == "export"));
    exports.sort();
    let surplus = exports.len().saturating_sub(EXPORTS_MAX);
    exports.iter().take(surplus).try_for_each(fs::remove_file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store;

    #[tokio::test]
    async fn a_night_leaves_one_export_and_a_week_is_kept() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&store::Settings {
            data_dir: home.path().to_owned(),
            free_bytes_min: 0,
            master: store::MasterKey::new(&[9; 32]),
        })
        .expect("opens");
        let settings = Settings {
            exports: home.path().join("exports"),
            zone: TimeZone::UTC,
            retention: Retention::default(),
        };
        for day in 0..10u32 {
            let now = Timestamp::from_micros(0).plus(day * 24 * HOUR);
            tend(&store, &settings, now).await.expect("tends");
            tend(&store, &settings, now).await.expect("tends again");
        }
        let mut names: Vec<_> = fs::read_dir(&settings.exports)
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .collect();
        names.sort();
        assert_eq!(names.len(), EXPORTS_MAX);
        assert_eq!(names.first().map(String::as_str), Some("1970-01-04.export"));
    }
}
