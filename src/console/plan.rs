//! When the copies of a mailing would leave, by provider; what a reviewer sees before they release. Policy C4, C11.

use super::Room;
use super::words::{When, Words};
use crate::decide::shape::{OTHER_DOMAINS, Rate};
use crate::model::lifecycle::State;
use crate::stage::review::{Count, Forecast, Leg};

/// The plan of a mailing that waits.
#[derive(Debug)]
pub(super) struct Plan {
    /// When the first copy leaves, if not at once.
    pub(super) begins: Option<When>,
    /// How many go first, and when the rest follows.
    pub(super) first: Option<(String, When)>,
    pub(super) rows: Vec<Row>,
    pub(super) ends: When,
}

/// The copies for one provider.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) people: String,
    /// How fast it takes them.
    pub(super) pace: String,
    pub(super) ends: When,
}

/// The plan, as the limits stand now.
pub(super) fn plan(room: &Room, words: Words, state: &State, count: &Count) -> Plan {
    let Forecast {
        begins,
        first,
        legs,
        ends,
    } = room.state.desk.forecast(state, count);
    let when = |at| words.when(at, &room.state.zone);
    let row = |leg: Leg| Row {
        name: provider(words, &leg.name),
        people: words.number(leg.people),
        pace: pace(room, words, &leg),
        ends: when(leg.ends),
    };
    Plan {
        begins: (begins > room.state.clock.now()).then(|| when(begins)),
        first: first.map(|(copies, after)| (words.number(copies), when(after))),
        rows: legs.into_iter().map(row).collect(),
        ends: when(ends),
    }
}

/// How many of those it would reach read their mail where, in words.
pub(super) fn providers(room: &Room, words: Words, count: &Count) -> Vec<(String, String)> {
    let people = room.state.desk.by_provider(count).into_iter();
    people
        .map(|(name, people)| (provider(words, &name), words.number(people)))
        .collect()
}

/// The name of a provider; those nobody has named have one in every language.
pub(super) fn provider(words: Words, name: &str) -> String {
    if name == OTHER_DOMAINS {
        words.say("provider-others").into()
    } else {
        name.to_owned()
    }
}

fn pace(room: &Room, words: Words, leg: &Leg) -> String {
    let own = match leg.rate {
        Some(rate) => rate_words(words, rate),
        None => words.say("pace-each").into(),
    };
    if let Some(opens) = leg.opens {
        let said = words.say("pace-silent").with("pace", own);
        return said.with("when", words.moment(opens, &room.state.zone)).into();
    }
    match leg.today.filter(|today| u64::from(today.left) < leg.people) {
        Some(today) if today.is_warming_up => {
            let said = words.say("pace-warming-up").with("pace", own);
            said.with("left", u64::from(today.left)).into()
        }
        Some(today) => {
            let said = words.say("pace-today").with("pace", own);
            said.with("left", u64::from(today.left)).into()
        }
        None => own,
    }
}

/// A rate in the unit that reads best.
pub(super) fn rate_words(words: Words, rate: Rate) -> String {
    let (count, is_a_second) = rate.readable();
    if is_a_second {
        words.say("pace-second").with("count", count).into()
    } else {
        words.say("pace-minute").with("count", count).into()
    }
}
