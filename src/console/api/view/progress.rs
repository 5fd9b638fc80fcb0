//! How far a mailing is, and how it fares by provider.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Paused, is_paused, scheduled_for};
use crate::decide::shape::Counts;
use crate::mail::Timestamp;
use crate::model::Tally;
use crate::model::lifecycle::State;
use crate::stage::review::Fare;

/// Replies of a provider that are told.
const REPLIES_MAX: usize = 5;

/// How far a mailing is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Progress)]
pub(in crate::console::api) struct Progress {
    id: String,
    state: &'static str,
    /// The same as people say it: not a word to go by.
    in_words: &'static str,
    paused: bool,
    /// Why no copy leaves for now.
    pause: Option<Paused>,
    /// Before when it does not leave, if somebody or its hours have said so.
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_for: Option<Timestamp>,
    tally: Tally,
    /// Copies taken a second, over the last minute.
    copies_per_second: f64,
    /// When the last will have left for the first time, as limits and pace stand now.
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_end: Option<Timestamp>,
    /// How it fares, by provider, most people first.
    by_provider: Vec<Fared>,
}

/// How the copies for one provider fare.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fare)]
pub(super) struct Fared {
    provider: String,
    planned: u64,
    accepted: u64,
    /// Waiting for another attempt, the uncertain ones among them.
    deferred: u64,
    failed: u64,
    suppressed: u64,
    /// People of whom we do not know whether they got a copy: the end of one was hidden, and no later one was accepted.
    uncertain: u64,
    /// Mailboxes that are gone.
    gone: u64,
    complained: u64,
    /// What was said most often to copies that were not taken: codes and the name of the rule, or words.
    replies: Vec<Said>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reply)]
struct Said {
    reply: String,
    count: u64,
}

impl Fared {
    pub(super) fn of((provider, counts): &(String, Counts)) -> Self {
        let said = |(reply, count): (&str, u64)| Said {
            reply: reply.to_owned(),
            count,
        };
        Self {
            provider: provider.clone(),
            planned: counts.planned,
            accepted: counts.accepted,
            deferred: counts.deferred,
            failed: counts.failed,
            suppressed: counts.suppressed,
            uncertain: counts.uncertain,
            gone: counts.gone(),
            complained: counts.complained,
            replies: counts.commonest(REPLIES_MAX).into_iter().map(said).collect(),
        }
    }
}

impl Progress {
    pub(in crate::console::api) fn of(state: &State, tally: Tally, fare: &Fare) -> Self {
        let now = fare.now.as_ref();
        Self {
            id: state.id().to_string(),
            state: state.word(),
            in_words: state.in_words(),
            paused: is_paused(state),
            pause: Paused::of(state),
            scheduled_for: scheduled_for(state),
            tally,
            // To the hundredth: what follows it is noise.
            copies_per_second: now.map_or(0.0, |now| (now.per_second * 100.0).round() / 100.0),
            expected_end: now
                .and_then(|now| now.outlook)
                .map(|outlook| outlook.ends)
                .filter(|_| !is_paused(state)),
            by_provider: fare.by_provider.iter().map(Fared::of).collect(),
        }
    }
}
