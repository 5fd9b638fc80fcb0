//! Pressure: how much of our mail contacts have had, or are about to get. Policy C11.
//!
//! Ids of contacts are dense, so the copies of half a million are counted in an octet each.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::mail::Timestamp;
use crate::model::{Category, ContactId, Got, Segment, TopicId};

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Copies a contact had, by contact.
type Counts = Vec<u8>;

/// What contacts have had in the last 7 and 30 days, and what is on its way to them. Both together, so that two mailings
/// released in one minute do not each believe to be the first.
#[derive(Debug, Clone)]
pub struct Pressure {
    now: Timestamp,
    week: Counts,
    month: Counts,
    surveys: Counts,
    by_topic: BTreeMap<TopicId, Counts>,
}

impl Pressure {
    /// Nobody has had anything.
    pub fn none(now: Timestamp) -> Self {
        Self {
            now,
            week: Counts::new(),
            month: Counts::new(),
            surveys: Counts::new(),
            by_topic: BTreeMap::new(),
        }
    }

    /// The moment before which nothing counts.
    pub fn since(&self) -> Timestamp {
        self.now.minus(MONTH)
    }

    /// Counts a copy for each of these contacts; what is critical counts against nobody.
    pub fn add(&mut self, got: &Got, contacts: impl Iterator<Item = ContactId>) {
        let (is_this_week, is_survey) = (got.at >= self.now.minus(WEEK), got.category == Category::Survey);
        if got.at < self.since() || got.category == Category::Critical {
            return;
        }
        for contact in contacts {
            bump(&mut self.month, contact);
            if is_this_week {
                bump(&mut self.week, contact);
            }
            if is_survey {
                bump(&mut self.surveys, contact);
            }
            for topic in &got.topics {
                match self.by_topic.get_mut(topic) {
                    Some(counts) => bump(counts, contact),
                    None => bump(self.by_topic.entry(topic.clone()).or_default(), contact),
                }
            }
        }
    }

    /// Copies this contact had, or is about to get, within a week.
    pub fn in_a_week(&self, contact: ContactId) -> u32 {
        count(&self.week, contact)
    }

    /// Whether the contact has had enough lately to get no mailing of this category to this list. What is critical is
    /// never too much.
    pub(super) fn is_full(&self, contact: ContactId, segment: &Segment, category: Category) -> bool {
        let caps = segment.caps;
        let reaches = |counts: &Counts, cap: Option<u32>| cap.is_some_and(|cap| count(counts, contact) >= cap);
        let of_topic = || {
            let about = segment.about.as_ref();
            let counts = about.and_then(|about| self.by_topic.get(&about.topic));
            counts.is_some_and(|counts| reaches(counts, caps.topic_month))
        };
        category != Category::Critical
            && (reaches(&self.week, caps.week)
                || reaches(&self.month, caps.month)
                || (category == Category::Survey && reaches(&self.surveys, caps.survey_month))
                || of_topic())
    }
}

fn bump(counts: &mut Counts, contact: ContactId) {
    let Ok(at) = usize::try_from(contact.0) else { return };
    if at >= counts.len() {
        counts.resize(at.saturating_add(1), 0);
    }
    if let Some(count) = counts.get_mut(at) {
        *count = count.saturating_add(1);
    }
}

fn count(counts: &Counts, contact: ContactId) -> u32 {
    let at = usize::try_from(contact.0).unwrap_or(usize::MAX);
    counts.get(at).map_or(0, |count| u32::from(*count))
}
