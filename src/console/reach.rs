//! To whom a mailing would go, or went: its lists, how many people, and who is left out.

use std::collections::BTreeMap;

use super::Room;
use super::count::Counted;
use super::error::Error;
use super::plan;
use super::words::{Key, When, Words};
use crate::model::lifecycle::State;
use crate::model::{Drift, Exclusion, Mailing, Masked, OfficeId, Segment};
use crate::stage::review::Count;

/// One list it is for.
#[derive(Debug)]
pub(super) struct List {
    pub(super) address: String,
    pub(super) selection: String,
    pub(super) office: Option<String>,
    pub(super) consent: String,
}

/// How many it would reach, or reached.
#[derive(Debug)]
pub(super) struct Reach {
    pub(super) net: String,
    /// What they would get, or got.
    pub(super) gets: Key,
    pub(super) exclusions: Vec<(String, String)>,
    /// How far the audience has changed since each approval.
    pub(super) drifts: Vec<String>,
    pub(super) samples: Vec<Masked>,
    /// How many of them got so many of our mailings lately.
    pub(super) pressed: Vec<String>,
    /// How many of them read their mail where.
    pub(super) providers: Vec<(String, String)>,
    pub(super) at: Option<When>,
}

/// The lists it is for.
pub(super) fn lists(room: &Room, words: Words, mailing: &Mailing) -> Vec<List> {
    let list = |segment: &Segment| List {
        address: segment.list.to_string(),
        selection: words.selection(&segment.selection),
        office: segment
            .office
            .as_ref()
            .map(|office| room.state.desk.offices().name(office)),
        consent: words.consent(segment.consent),
    };
    mailing.audience.segments().iter().map(list).collect()
}

/// Before it is expanded a count of the master list as it stands; after that what the plan has.
pub(super) fn reach(room: &Room, words: Words, state: &State) -> Result<Reach, Error> {
    match state {
        State::Held(_) | State::Released(_) => {
            let counted = room.counts.of(&room.state, state)?;
            let Counted { count, at } = counted.as_ref();
            Ok(Reach {
                net: words.people(count.recipients),
                gets: Key("reach-would"),
                exclusions: left_out(words, &count.exclusions),
                drifts: drifts(room, words, state, count),
                samples: count.samples.clone(),
                pressed: words.pressed(&count.pressed),
                providers: plan::providers(room, words, count),
                at: Some(words.when(*at, &room.state.zone)),
            })
        }
        State::Expanded(expanded) => Ok(sealed(words, expanded.planned(), expanded.exclusions())),
        State::Closed(closed) => Ok(sealed(words, closed.tally().planned, closed.exclusions())),
        State::Ended(_) => Ok(Reach {
            gets: Key("reach-nobody"),
            ..sealed(words, 0, &BTreeMap::new())
        }),
    }
}

/// How far the audience has changed since each approval that counts. Law 3.
fn drifts(room: &Room, words: Words, state: &State, count: &Count) -> Vec<String> {
    let State::Held(held) = state else { return Vec::new() };
    let desk = &room.state.desk;
    let most = desk.policy().drift_percent_max;
    let line = |(office, drift): (OfficeId, Drift)| {
        let said = words.say("drifted").with("office", desk.offices().name(&office));
        let said = said
            .with("joined", words.number(drift.joined))
            .with("left", words.number(drift.left));
        let said = said.with("then", words.people(drift.then));
        said.with("percent", drift.percent()).with("most", most).into()
    };
    desk.drifts(held, count).into_iter().map(line).collect()
}

/// Who stands in a plan that is sealed.
fn sealed(words: Words, planned: u64, exclusions: &BTreeMap<Exclusion, u64>) -> Reach {
    Reach {
        net: words.people(planned),
        gets: Key("reach-planned"),
        exclusions: left_out(words, exclusions),
        drifts: Vec::new(),
        samples: Vec::new(),
        pressed: Vec::new(),
        providers: Vec::new(),
        at: None,
    }
}

/// Who is left out, by reason.
pub(super) fn left_out(words: Words, exclusions: &BTreeMap<Exclusion, u64>) -> Vec<(String, String)> {
    exclusions
        .iter()
        .map(|(reason, count)| (words.exclusion(*reason), words.number(*count)))
        .collect()
}
