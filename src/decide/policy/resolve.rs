//! What a message becomes, once it is known whom it is for: its audience, its capacity, and what goes with them.

use super::{AudienceRule, Facts, ListRule, Place, Policy};
use crate::mail::Address;
use crate::model::{Audience, Capacity, Category, Identity, Lane, Segment, Selection};

/// The part of a mailing that follows from whom it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Whom it is for.
    pub audience: Audience,
    /// Who chose them. Policy C2.
    pub capacity: Capacity,
    /// What it is for: the gravest of its lists' categories.
    pub category: Category,
    /// Who it goes before.
    pub lane: Lane,
    /// Which From its copies bear: the first list's.
    pub identity: Identity,
}

impl Policy {
    /// What a mailing to each list of an audience would be for, and to whom.
    pub fn segments_of(&self, audience: &str) -> Vec<(Segment, Category)> {
        let Some(rule) = self.audiences.get(audience) else {
            return Vec::new();
        };
        let lists = self.lists.iter().filter(|(_, list)| list.audience == audience);
        lists
            .map(|(address, list)| (segment(address, list, rule), list.category))
            .collect()
    }

    /// One message, one mailing: several lists and people beside them are one case.
    pub fn resolve(&self, facts: &Facts) -> Resolved {
        let lists: Vec<&Address> = facts.lists().collect();
        let rules: Vec<_> = lists
            .iter()
            .filter_map(|list| Some((*list, self.list_and_audience(list)?)))
            .collect();
        let Some((_, (first, _))) = rules.first() else {
            return Resolved {
                audience: Audience::Named,
                capacity: Capacity::Conveyed,
                category: Category::Official,
                lane: Lane::Official,
                identity: Identity::Keep,
            };
        };
        let category = rules
            .iter()
            .map(|(_, (list, _))| list.category)
            .min()
            .unwrap_or(first.category);
        // What has a survey in it is one, whatever the list is for. Policy C13.
        let category = if facts.letter.links.iter().any(|link| self.surveys.is_survey(link)) {
            Category::Survey
        } else {
            category
        };
        let is_emergency = facts.goes_at_once(self);
        // A drill takes the same road, to nobody but those who practise.
        let is_drill = facts.is_drill(self);
        let selection = |audience: &AudienceRule| {
            if is_drill {
                Selection::default()
            } else {
                audience.selection.clone()
            }
        };
        let segments = rules.iter().map(|(address, (list, audience))| Segment {
            selection: selection(audience),
            ..segment(address, list, audience)
        });
        let is_person = |place: &Place| matches!(place, Place::Campus | Place::Outside);
        let named = facts.recipients.iter().filter(|(_, place)| is_person(place));
        let people = if is_drill {
            self.emergency.drill.clone()
        } else {
            named.map(|(address, _)| address.clone()).collect()
        };
        Resolved {
            audience: Audience::Lists {
                segments: segments.collect(),
                people,
            },
            capacity: Capacity::Initiated,
            category: if is_emergency { Category::Critical } else { category },
            lane: if is_emergency { Lane::Emergency } else { lane(category) },
            identity: first.identity.clone(),
        }
    }
}

/// One list's share of an audience, as the policy has it.
fn segment(address: &Address, list: &ListRule, audience: &AudienceRule) -> Segment {
    Segment {
        list: address.clone(),
        audience: list.audience.clone(),
        selection: audience.selection.clone(),
        office: audience.office.clone(),
        consent: audience.consent,
        caps: audience.caps,
        about: list.about.clone(),
        is_on_campus: audience.on_campus,
        is_sensitive: audience.sensitive,
        is_for_outsiders: audience.for_outsiders,
    }
}

fn lane(category: Category) -> Lane {
    match category {
        Category::Critical | Category::Official => Lane::Official,
        Category::Informational | Category::Event | Category::Survey | Category::Marketing => Lane::Bulk,
    }
}
