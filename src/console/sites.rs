//! How whoever receives stands: the limits in force and why, in the words of `bedel shape explain`.

use super::Room;
use super::words::{Key, Tag, Words};
use super::{chart, plan};
use crate::decide::shape::{Allowance, InForce, OTHER_DOMAINS, Passage, Rate, Scope, Shaper, Standing};
use crate::mail::Timestamp;

/// Sites shown: those in trouble come first.
const SITES_MAX: usize = 100;

/// One who receives, or a next hop.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) name: String,
    pub(super) kind: Key,
    pub(super) tags: Vec<Tag>,
    /// What with how much.
    pub(super) facts: Vec<(Key, String)>,
    /// What a copy waits for, and what has slowed it.
    pub(super) why: Vec<String>,
}

/// Everybody who stands somehow, those in trouble first; and how many more there are.
pub(super) fn sites(room: &Room, words: Words, now: Timestamp) -> (Vec<Site>, usize) {
    let shaper = room.state.desk.shape().look();
    let mut standings = shaper.standings(now);
    standings.sort_by_key(trouble);
    let more = standings.len().saturating_sub(SITES_MAX);
    standings.truncate(SITES_MAX);
    let site = |standing: &Standing| site(&shaper, words, standing, now);
    (standings.iter().map(site).collect(), more)
}

/// Next hops that nothing goes to now.
pub(super) fn silent(room: &Room, now: Timestamp) -> Vec<Standing> {
    let standings = room.state.desk.shape().look().standings(now);
    let is_silent = |one: &Standing| matches!(one.scope, Scope::Host(_)) && !matches!(one.passage, Passage::Closed);
    standings.into_iter().filter(is_silent).collect()
}

fn trouble(standing: &Standing) -> u8 {
    match (&standing.passage, standing.is_slowed) {
        (Passage::Open(..), _) => 0,
        (Passage::HalfOpen(_), _) => 1,
        (Passage::Closed, true) => 2,
        (Passage::Closed, false) => 3,
    }
}

fn site(shaper: &Shaper, words: Words, standing: &Standing, now: Timestamp) -> Site {
    let settings = shaper.settings();
    let binding = shaper.binding(&standing.scope, now);
    let binding = binding.map(|binding| {
        let sentence = binding.sentence(settings);
        words.say("site-waits").with("sentence", sentence).into()
    });
    // Where the next connection may try at once nothing binds, and yet no mail goes until one does.
    let tried = match &standing.passage {
        Passage::HalfOpen(why) if binding.is_none() => Some(words.say("site-tried").with("why", why.clone()).into()),
        Passage::HalfOpen(_) | Passage::Closed | Passage::Open(..) => None,
    };
    Site {
        name: if standing.name == OTHER_DOMAINS {
            plan::provider(words, &standing.name)
        } else {
            standing.name.clone()
        },
        kind: match standing.scope {
            Scope::Host(_) => Key("site-host"),
            Scope::Domain(_) => Key("site-domain"),
            Scope::Provider(_) | Scope::All | Scope::Pool(_) | Scope::SigningDomain(_) | Scope::Mailing(_) => {
                Key("site-provider")
            }
        },
        tags: tags(words, standing),
        facts: facts(words, standing),
        why: (binding.into_iter().chain(tried))
            .chain(standing.why(&settings.zone))
            .collect(),
    }
}

fn tags(words: Words, standing: &Standing) -> Vec<Tag> {
    let is_spent = standing.today.is_some_and(|today| today.left == 0);
    let (class, key) = match &standing.passage {
        Passage::Closed if is_spent => ("waiting", Key("site-spent")),
        Passage::Closed => ("ready", Key("breaker-closed")),
        Passage::HalfOpen(_) => ("waiting", Key("breaker-half-open")),
        Passage::Open(..) => ("ended", Key("breaker-open")),
    };
    let tag = |class, key| Tag {
        class,
        word: words.say(key).into(),
    };
    let slowed = standing.is_slowed.then(|| tag("waiting", Key("site-slowed")));
    slowed.into_iter().chain([tag(class, key)]).collect()
}

fn facts(words: Words, standing: &Standing) -> Vec<(Key, String)> {
    let rate = standing.rate.map(|rate| (Key("site-pace"), in_force(words, rate)));
    let connections = standing.connections.map(|connections| {
        let said = words.say("site-of").with("count", u64::from(standing.in_use));
        let said = said.with("most", u64::from(connections.now));
        (Key("site-connections"), said.into())
    });
    let on_one = standing.messages_per_connection;
    let on_one = on_one.map(|count| (Key("site-on-one"), words.number(u64::from(count))));
    let today = standing.today.map(|today| (Key("site-today"), allowed(words, today)));
    [rate, connections, on_one, today].into_iter().flatten().collect()
}

/// The rate now, and between what it moves.
fn in_force(words: Words, InForce { range, now }: InForce<Rate>) -> String {
    let own = |rate: Rate| chart::rate(words, rate.as_f64());
    if range.start == range.max && range.start == now {
        return own(now);
    }
    if range.start == range.max {
        return words
            .say("site-slower")
            .with("now", own(now))
            .with("most", own(range.max))
            .into();
    }
    let said = words.say("site-range").with("now", own(now));
    said.with("start", own(range.start)).with("max", own(range.max)).into()
}

fn allowed(words: Words, today: Allowance) -> String {
    let key = if today.is_warming_up {
        Key("site-warming-up")
    } else {
        Key("site-left")
    };
    let said = words.say(key).with("left", u64::from(today.left));
    said.with("messages", u64::from(today.messages)).into()
}
