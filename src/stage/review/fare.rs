//! How a mailing fares: by provider, at which pace, until when; while its copies leave, and when they have left.

use super::Desk;
use crate::decide::shape::{Counts, Judgement, Outlook, Pulse, Scope, Shaper, Slice};
use crate::mail::Timestamp;
use crate::model::MailingId;
use crate::store::Error;

/// How a mailing fares.
#[derive(Debug, Clone)]
pub struct Fare {
    /// By the name of the provider, most people first.
    pub by_provider: Vec<(String, Counts)>,
    /// What is known only while its copies leave.
    pub now: Option<Leaving>,
}

/// A mailing whose copies leave.
#[derive(Debug, Clone)]
pub struct Leaving {
    /// Copies taken a second, over the last minute.
    pub per_second: f64,
    /// What is still to come; `None` when every copy was tried.
    pub outlook: Option<Outlook>,
    /// The course it has taken so far.
    pub course: Pulse,
    /// How many go first, while the rest waits to see how they fare; until when, once they have gone.
    pub slice: Option<(u32, Option<Timestamp>)>,
    /// The next hops that copies are still to leave for.
    pub hosts_awaited: Vec<Scope>,
    /// What the brake says of it.
    pub judgement: Judgement,
}

impl Desk {
    /// How a mailing fares; nothing of one that has not begun.
    pub fn fare(&self, id: MailingId) -> Result<Fare, Error> {
        let now = self.clock.now();
        let under_way = under_way(&self.shape().look(), id, now);
        if let Some(fare) = under_way {
            return Ok(fare);
        }
        let kept = self.store.fares(id)?;
        // A record of another version says nothing any more.
        let by_provider = kept.iter().filter_map(|record| postcard::from_bytes(record).ok());
        Ok(Fare {
            by_provider: by_provider.collect(),
            now: None,
        })
    }
}

fn under_way(shaper: &Shaper, id: MailingId, now: Timestamp) -> Option<Fare> {
    let watch = shaper.watches().get(&id)?;
    let slice = match watch.slice(&shaper.settings().canary, now) {
        Slice::First => Some((watch.canary, None)),
        Slice::Waits(until) => Some((watch.canary, Some(until))),
        Slice::Whole => None,
    };
    Some(Fare {
        by_provider: watch.ranked(),
        now: Some(Leaving {
            per_second: watch.pace.per_second(now),
            outlook: shaper.outlook(id, now),
            course: watch.course.at(now),
            slice,
            hosts_awaited: watch.hosts_awaited.clone(),
            judgement: shaper.judge(id),
        }),
    })
}
