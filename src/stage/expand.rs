//! Worker: Released → Expanded. The audience is made into a plan, and the plan sealed, before the first copy leaves.

use std::sync::Arc;

use crate::clock::Clock;
use crate::decide::audience::{self, Asked, Pressure, Purpose, Walk};
use crate::decide::compose;
use crate::mail::{Domain, Message};
use crate::model::lifecycle::{Released, State};
use crate::model::{Act, Audience, Event, Expansion, Mailing, Recipient, Series};
use crate::stage::worker::{Rounds, Shutdown};
use crate::store::{Error, Kind, Store, Table};

/// What expansion needs to know of the settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How copies are made.
    pub compose: Arc<compose::Settings>,
    /// The campus's own domains: its addresses come first in mail to its own members.
    pub campus_domains: Vec<Domain>,
}

/// Runs until the house closes.
pub async fn run(store: Store, clock: Clock, settings: Settings, shutdown: Shutdown) {
    let bell = store.watch(Table::Mailings);
    let mut rounds = Rounds::new("expand", bell, shutdown);
    while rounds.go_on() {
        let done = expand_due(&store, &clock, &settings).await;
        rounds.rest(done).await;
    }
}

/// Expands every mailing whose hour has come.
pub async fn expand_due(store: &Store, clock: &Clock, settings: &Settings) -> Result<(), Error> {
    let mut trouble = Ok(());
    for id in store.in_state(Kind::Released)? {
        let Some(State::Released(released)) = store.mailing(id)? else {
            continue;
        };
        if released.release().not_before > clock.now() {
            continue;
        }
        // One mailing's trouble must not stop the others.
        if let Err(error) = expand_one(store, clock, settings, released).await {
            tracing::error!(mailing.id = %id, %error, "a mailing could not be expanded");
            trouble = Err(error);
        }
    }
    trouble
}

async fn expand_one(store: &Store, clock: &Clock, settings: &Settings, released: Released) -> Result<(), Error> {
    let state = State::Released(released.clone());
    let mailing = state.mailing();
    let now = clock.now();
    let Expansion { recipients, exclusions } = recipients(store, mailing, clock, settings)?;
    let bytes = store.message(mailing.id)?;
    let message = Message::parse(&bytes).map_err(|error| Error::Unreadable(error.to_string()))?;
    let sealed = compose::seal(&message, mailing, released.release(), &settings.compose);
    let sealed = sealed.map_err(|error| Error::Unreadable(error.to_string()))?.to_bytes();
    let left_out: u64 = exclusions.values().sum();
    // Each step of ordinary mail would drown the trail.
    let event = (mailing.id.series == Series::Case).then(|| Event {
        at: now,
        by: "gateway".to_owned(),
        act: Act::Expanded,
        mailing: Some(mailing.id),
        note: format!("{} recipients, {left_out} left out", recipients.len()),
    });
    store
        .seal(released, &recipients, exclusions, sealed, event, now)
        .await?;
    Ok(())
}

/// Who gets a copy: those the author named, or the audience as the master list stands now.
fn recipients(store: &Store, mailing: &Mailing, clock: &Clock, settings: &Settings) -> Result<Expansion, Error> {
    match &mailing.audience {
        Audience::Named => {
            let named = mailing.envelope.recipients();
            let recipients = named
                .map(|address| Recipient {
                    address: address.clone(),
                    contact: None,
                })
                .collect();
            Ok(Expansion {
                recipients,
                ..Expansion::default()
            })
        }
        lists @ Audience::Lists { .. } => {
            // If what people said cannot be read, nobody is sent to. Policy C3.
            let suppressions = audience::Suppressions::new(store.suppressions()?, store.marker());
            let got = |contact, since| store.got_since(contact, since).ok();
            let under_way = store.under_way()?;
            let pressure = Pressure {
                got: &got,
                under_way: &under_way,
            };
            let purpose = Purpose::of(mailing.category, mailing.lane);
            let asked = Asked {
                audience: lists,
                purpose,
                suppressions: &suppressions,
                pressure,
                campus: &settings.campus_domains,
                now: clock.now(),
            };
            audience::expand(Walk::new(asked), store.contacts())
        }
    }
}
