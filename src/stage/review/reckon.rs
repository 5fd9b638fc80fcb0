//! How many an audience would be that nobody has asked for yet: counted while somebody chooses. Policy C8.

use super::{Desk, Refusal};
use crate::decide::audience::{Asked, Count, Counting, Pressure, Purpose, Suppressions};
use crate::mail::Address;
use crate::model::{Audience, Caps, Category, ConsentRule, Segment, Selection};

/// Fewer than so many are not told apart, and nobody of them is shown.
pub const FEW: u64 = 5;

impl Desk {
    /// Whether this account may count: whoever decides on audiences, or watches over contact data.
    pub fn may_reckon(&self, who: &Address) -> bool {
        self.may_look_up(who) || self.offices().reviewer(who).is_some()
    }

    /// How many an audience of policy.toml has, narrowed by what is chosen; or how many what is chosen has alone. Reads the
    /// whole master list.
    pub fn reckon(&self, audience: Option<&str>, chosen: &Selection) -> Result<Count, Refusal> {
        let policy = &self.settings.policy;
        let rule = audience.and_then(|name| policy.audiences.get(name));
        let base = rule.map(|rule| rule.selection.clone()).unwrap_or_default();
        let selection = narrowed(base, chosen);
        let segment = Segment {
            list: self.settings.notices.from.clone(),
            audience: audience.unwrap_or_default().to_owned(),
            is_sensitive: self.is_sensitive(&selection),
            selection,
            office: rule.and_then(|rule| rule.office.clone()),
            consent: rule.map_or(ConsentRule::NotNeeded, |rule| rule.consent),
            caps: rule.map_or(Caps::default(), |rule| rule.caps),
            about: None,
            is_on_campus: rule.is_some_and(|rule| rule.on_campus),
            is_for_outsiders: rule.is_some_and(|rule| rule.for_outsiders),
        };
        let now = self.clock.now();
        let suppressions = Suppressions::new(self.store.suppressions()?, self.store.marker());
        let mut pressure = Pressure::none(now);
        self.store.copies_since(pressure.since(), now, |got, contacts| {
            pressure.add(got, contacts.iter().copied());
        })?;
        let lists = Audience::Lists {
            segments: vec![segment],
            people: Vec::new(),
        };
        let mut counting = Counting::new(Asked {
            audience: &lists,
            purpose: Purpose {
                category: Category::Informational,
                is_emergency: false,
            },
            suppressions: &suppressions,
            pressure: &pressure,
            campus: &policy.campus_domains,
            now,
        });
        self.store.glance_at_all(|contact| counting.meet(contact))?;
        let mut count = counting.end();
        if count.recipients < FEW {
            count.samples.clear();
        }
        Ok(count)
    }

    /// Whether it asks for anything that a sensitive audience asks for: what that is nobody's business to be in is not shown
    /// under another name.
    fn is_sensitive(&self, selection: &Selection) -> bool {
        let audiences = self.settings.policy.audiences.values();
        let mut sensitive = audiences
            .filter(|rule| rule.sensitive)
            .flat_map(|rule| &rule.selection.matches);
        sensitive.any(|(key, values)| {
            let asked = selection.matches.get(key).map(Vec::as_slice).unwrap_or_default();
            asked
                .iter()
                .any(|value| values.iter().any(|known| known.eq_ignore_ascii_case(value)))
        })
    }
}

/// What both ask for.
fn narrowed(mut base: Selection, chosen: &Selection) -> Selection {
    for (key, values) in &chosen.matches {
        let wanted = |known: &String| values.iter().any(|value| value.eq_ignore_ascii_case(known));
        match base.matches.get_mut(key) {
            Some(known) => known.retain(wanted),
            None => {
                base.matches.insert(key.clone(), values.clone());
            }
        }
    }
    base
}
