//! What an office may send, and how much of its contacts one feed may change.

use std::collections::BTreeSet;

use crate::mail::Address;

/// More than this share of a source's contacts does not come or go unless somebody says so, unless the settings say
/// otherwise. In percent.
const PERCENT_MAX: u32 = 10;

/// `[feed.<office>]` of policy.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The attributes it may send, in lower case; the columns that every feed knows are always allowed.
    pub fields: BTreeSet<String>,
    /// Of the contacts it had, how many percent may be missing before somebody has to confirm it.
    pub drop_percent_max: u32,
    /// By how many percent its contacts may grow before somebody has to confirm it.
    pub growth_percent_max: u32,
    /// A contact of ours among its contacts: who writes to it has copied them. Policy C10.
    pub canary: Option<Address>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            fields: BTreeSet::new(),
            drop_percent_max: PERCENT_MAX,
            growth_percent_max: PERCENT_MAX,
            canary: None,
        }
    }
}

/// How a feed's contacts compare with those of the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drift {
    /// Contacts the one before had.
    pub had: u64,
    /// Of them, those that are missing now.
    pub removed: u64,
    /// Contacts there are now.
    pub has: u64,
}

/// What somebody has confirmed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// That so many are missing.
    pub removals: bool,
    /// That so many have come.
    pub growth: bool,
}

impl Drift {
    /// Missing ones, in percent of what there was; `None` for a first feed.
    pub fn dropped_percent(&self) -> Option<f64> {
        self.percent(self.removed)
    }

    /// How much more there are, in percent of what there was; less than none when there are fewer.
    pub fn grown_percent(&self) -> Option<f64> {
        let grown = self.percent(self.has)?;
        Some(grown - 100.0)
    }

    #[expect(clippy::cast_precision_loss, reason = "a percentage for people, to one place")]
    fn percent(&self, part: u64) -> Option<f64> {
        let percent = 100.0 * part as f64 / self.had as f64;
        (self.had > 0).then(|| (percent * 10.0).round() / 10.0)
    }

    /// Why this may not be applied unless somebody confirms it: it is more likely half a file, or somebody else's.
    pub fn refusal(&self, rules: &Rules, source: &str, confirmed: Confirmed) -> Option<String> {
        let Self { had, removed, has } = *self;
        let is_over = |part: u64, most: u32| part.saturating_mul(100) > had.saturating_mul(u64::from(most));
        let grown = has.saturating_sub(had);
        if is_over(removed, rules.drop_percent_max) && !confirmed.removals {
            return Some(format!(
                "{removed} of the {had} contacts of {source} are missing from the feed, more than {} %; nothing was \
                 changed. If the feed is whole, run it with --confirm-removals",
                rules.drop_percent_max
            ));
        }
        if had > 0 && is_over(grown, rules.growth_percent_max) && !confirmed.growth {
            return Some(format!(
                "{source} had {had} contacts and the feed has {has}, more than {} % more; nothing was changed. If they \
                 are all its own, run it with --confirm-growth",
                rules.growth_percent_max
            ));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check((had, removed, has): (u64, u64, u64), expected: &str) {
        let drift = Drift { had, removed, has };
        let refusal = drift.refusal(&Rules::default(), "registrar", Confirmed::default());
        let found = refusal.map_or("", |sentence| match sentence.contains("missing") {
            true => "drop",
            false => "growth",
        });
        assert_eq!(found, expected, "{drift:?}");
    }

    #[test]
    fn one_in_ten_may_come_and_go_without_a_word() {
        check((0, 0, 0), "");
        check((0, 0, 500_000), "");
        check((100, 10, 90), "");
        check((100, 11, 89), "drop");
        check((5, 1, 4), "drop");
        check((100, 0, 110), "");
        check((100, 0, 111), "growth");
        check((100, 100, 100), "drop");
    }

    #[test]
    fn what_is_confirmed_is_no_fault_and_each_has_its_own_word() {
        let drift = Drift {
            had: 100,
            removed: 50,
            has: 200,
        };
        let refusal = |removals, growth| drift.refusal(&Rules::default(), "hr", Confirmed { removals, growth });
        assert!(refusal(true, false).is_some_and(|sentence| sentence.contains("--confirm-growth")));
        assert!(refusal(false, true).is_some_and(|sentence| sentence.contains("--confirm-removals")));
        assert_eq!(refusal(true, true), None);
        assert_eq!(drift.dropped_percent(), Some(50.0));
        assert_eq!(drift.grown_percent(), Some(100.0));
    }
}
