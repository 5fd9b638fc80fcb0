//! The house while it is open: its doors, its workers, and how both are changed for others while mail goes on.
//!
//! Settings that are read anew are made into rooms, keys and sockets first; when anything of that fails, nothing has
//! changed. Then the doors change: the new ones listen at once, on the sockets that are open, and who is inside by an old
//! one is seen out when their message is answered. Then those who send: they go on, and whatever is not under way goes by the
//! new settings, so that nobody waits for a slow host. Then the other workers: the new ones begin when the old have put down
//! what they do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;

use super::rooms::Rooms;
use super::{Keys, Sockets, tls};
use crate::config::{self, Config, Gateway};
use crate::console::api::{ReloadAsk, Reloaded};
use crate::model::{Act, Event};
use crate::stage::deliver::{Renew, Renewal};
use crate::stage::worker::{Closer, Shutdown, shutdown};

/// How long everything may take to end once it was asked to.
const FAREWELL: Duration = Duration::from_secs(45);
/// How long what a worker does may take until the settings change around it.
const PATIENCE: Duration = Duration::from_secs(11 * 60);

/// The house while it is open.
pub(super) struct House {
    config: Config,
    /// What the files were when they were read.
    read: Fingerprints,
    /// Each socket once more, for whoever listens next.
    sockets: Sockets,
    rooms: Rooms,
    doors: Crew,
    workers: Crew,
    senders: Crew,
    renew: Renew,
    /// Doors that are closed, with somebody inside.
    leaving: JoinSet<()>,
}

/// Tasks that end together.
struct Crew {
    name: &'static str,
    closer: Closer,
    tasks: JoinSet<()>,
}

/// All that other settings come to, before anything is changed.
struct Next {
    config: Config,
    read: Fingerprints,
    keys: Keys,
    sockets: Sockets,
    rooms: Rooms,
}

impl House {
    pub(super) fn open(config: Config, keys: &Keys, sockets: Sockets, rooms: Rooms) -> anyhow::Result<Self> {
        // Two bells: the doors close before the workers stop.
        let doors = doors(&rooms, &config, keys, &sockets)?;
        let workers = workers(&rooms);
        let (renew, renewals) = Renew::pair();
        let senders = senders(&rooms, renewals);
        Ok(Self {
            read: fingerprints(&config.dir),
            config,
            sockets,
            rooms,
            doors,
            workers,
            senders,
            renew,
            leaving: JoinSet::new(),
        })
    }

    /// Closes the doors, then the workers; what somebody held is taken up at the next start.
    pub(super) async fn close(self) {
        let Self {
            mut doors,
            mut workers,
            mut senders,
            sockets,
            ..
        } = self;
        // Nobody is to wait at a door that will not open again.
        drop(sockets);
        doors.end().await;
        tokio::join!(workers.end(), senders.end());
    }

    /// Reads the settings anew, and applies them whole or not at all.
    pub(super) async fn reload(&mut self, ask: ReloadAsk, closing: &mut Shutdown) {
        let answer = match self.next().await {
            Ok(next) => self.apply(next, &ask.by, closing).await,
            Err(faults) => Err(faults),
        };
        match &answer {
            Ok(changed) => tracing::info!(by = ask.by, files = changed.join(" "), "the settings were read anew"),
            Err(faults) => {
                for fault in faults {
                    tracing::error!(
                        fault,
                        "the settings were read anew, and cannot be used; nothing was changed"
                    );
                }
            }
        }
        // Whoever asked may have gone; it is done all the same.
        drop(ask.answer.send(answer));
    }

    /// Everything that the changed settings come to; a sentence for each thing that is wrong with them.
    async fn next(&self) -> Result<Next, Vec<String>> {
        // Before the files are read, so that a change in the same moment is seen the next time.
        let read = fingerprints(&self.config.dir);
        let config = config::load_whole(&self.config.dir).map_err(|faults| faults.sentences())?;
        let fixed = fixed(&self.config.gateway, &config.gateway);
        if !fixed.is_empty() {
            return Err(fixed);
        }
        let made = async {
            let keys = Keys::read(&config)?;
            tls::server(&config.gateway.tls)?;
            let sockets = self.sockets.rebound(&self.config, &config).await?;
            let before = (self.rooms.reload.clone(), Some(&self.rooms));
            let rooms = Rooms::new(&config, &keys, &self.rooms.store, &self.rooms.clock, before)?;
            anyhow::Ok((keys, sockets, rooms))
        };
        let (keys, sockets, rooms) = made.await.map_err(|error| vec![format!("{error:#}")])?;
        Ok(Next {
            config,
            read,
            keys,
            sockets,
            rooms,
        })
    }

    async fn apply(&mut self, next: Next, by: &str, closing: &mut Shutdown) -> Reloaded {
        let opened = doors(&next.rooms, &next.config, &next.keys, &next.sockets);
        let before = std::mem::replace(&mut self.doors, opened.map_err(|error| vec![format!("{error:#}")])?);
        before.closer.close();
        self.see_out(before.tasks);
        self.sockets = next.sockets;
        let shaping = Arc::new(next.config.shaping.clone());
        let is_in_force = tokio::select! {
            is_in_force = self.renew.apply(next.rooms.deliver.clone(), shaping) => is_in_force,
            () = closing.closing() => false,
        };
        if !is_in_force && !closing.is_closing() {
            tracing::error!("those who send have stopped: no copy leaves until the gateway is restarted");
        }
        self.workers.closer.close();
        put_down(&mut self.workers.tasks, closing).await;
        if closing.is_closing() {
            return Err(vec!["the gateway is closing".to_owned()]);
        }
        self.rooms = next.rooms;
        self.workers = workers(&self.rooms);
        let changed = changed(&self.read, &next.read);
        (self.config, self.read) = (next.config, next.read);
        self.log(by, &changed).await;
        Ok(changed)
    }

    /// Whoever is inside by an old door leaves when they are done; nobody waits for them.
    fn see_out(&mut self, mut doors: JoinSet<()>) {
        while self.leaving.try_join_next().is_some() {}
        self.leaving
            .spawn(async move { while doors.join_next().await.is_some() {} });
    }

    async fn log(&self, by: &str, changed: &[String]) {
        let event = Event {
            at: self.rooms.clock.now(),
            by: by.to_owned(),
            act: Act::Reloaded,
            mailing: None,
            note: changed.join(", "),
        };
        if let Err(error) = self.rooms.store.log(event).await {
            tracing::error!(%error, "that the settings were read anew is not in the audit trail");
        }
    }
}

fn doors(rooms: &Rooms, config: &Config, keys: &Keys, sockets: &Sockets) -> anyhow::Result<Crew> {
    let (closer, closing) = shutdown();
    let tasks = rooms.open_doors(config, keys, sockets.again()?, &closing)?;
    Ok(Crew {
        name: "doors",
        closer,
        tasks,
    })
}

fn workers(rooms: &Rooms) -> Crew {
    let (closer, closing) = shutdown();
    Crew {
        name: "workers",
        tasks: rooms.start_workers(&closing),
        closer,
    }
}

fn senders(rooms: &Rooms, renewals: Receiver<Renewal>) -> Crew {
    let (closer, closing) = shutdown();
    Crew {
        name: "senders",
        tasks: rooms.start_sending(renewals, &closing),
        closer,
    }
}

impl Crew {
    /// Asks them to end, and waits a while.
    async fn end(&mut self) {
        self.closer.close();
        farewell(self.name, &mut self.tasks).await;
    }
}

async fn farewell(who: &str, tasks: &mut JoinSet<()>) {
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, all).await.is_err() {
        tracing::warn!(
            who,
            "not everybody ended in time; what they held is taken up at the next start"
        );
        tasks.abort_all();
    }
}

/// Waits until the workers have put down what they do, unless the house closes meanwhile.
async fn put_down(tasks: &mut JoinSet<()>, closing: &mut Shutdown) {
    let ended = async {
        let soon = tokio::time::timeout(FAREWELL, async { while tasks.join_next().await.is_some() {} });
        if soon.await.is_ok() {
            return;
        }
        tracing::warn!("the settings are not in force for all yet: what a worker does is waited for");
        let late = tokio::time::timeout(PATIENCE, async { while tasks.join_next().await.is_some() {} });
        if late.await.is_err() {
            tracing::error!("a worker does not end; what it did is taken up by another");
            tasks.shutdown().await;
        }
    };
    tokio::select! {
        () = ended => {}
        () = closing.closing() => {}
    }
}

/// What cannot be changed while the gateway runs, and is to be: a sentence each.
fn fixed(old: &Gateway, new: &Gateway) -> Vec<String> {
    let changed = |name: &str, before: &dyn std::fmt::Display| {
        format!(
            "gateway.toml: {name} cannot change while the gateway runs; put back `{before}`, or restart the gateway: \
             nothing else of the folder is applied either"
        )
    };
    let mut said = Vec::new();
    if old.data_dir != new.data_dir {
        said.push(changed("data_dir", &old.data_dir.display()));
    }
    if old.master_key != new.master_key {
        said.push(changed("store.key", &old.master_key.display()));
    }
    if old.public_is_apart != new.public_is_apart {
        said.push(changed("public.apart", &old.public_is_apart));
    }
    if old.free_bytes_min != new.free_bytes_min {
        said.push(changed("free_bytes_min", &old.free_bytes_min));
    }
    said
}

/// Each file of settings by its path in the folder, and the hash of what it says.
type Fingerprints = BTreeMap<PathBuf, Vec<u8>>;

fn fingerprints(dir: &Path) -> Fingerprints {
    let mut files = Fingerprints::new();
    for folder in [dir.to_owned(), dir.join("notices")] {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
            let name = path.strip_prefix(dir).map(Path::to_owned).unwrap_or(path);
            files.insert(name, hash.as_ref().to_vec());
        }
    }
    files
}

/// The files that differ, or are on one side alone.
fn changed(before: &Fingerprints, after: &Fingerprints) -> Vec<String> {
    let mut names: Vec<&PathBuf> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| name.display().to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_differ_are_named() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("notices")).expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("writes");
        write("policy.toml", "a");
        write("shaping.toml", "a");
        write("notices/held.txt", "a");
        let before = fingerprints(dir.path());
        assert!(changed(&before, &fingerprints(dir.path())).is_empty());
        write("shaping.toml", "b");
        write("notices/held.txt", "b");
        write("notices/other.txt", "b");
        let after = fingerprints(dir.path());
        assert_eq!(
            changed(&before, &after),
            ["notices/held.txt", "notices/other.txt", "shaping.toml"]
        );
    }
}
