//! Pressure: how much of our mail a contact has had, or is about to get. Policy C11.

use std::fmt;

use crate::mail::Timestamp;
use crate::model::{Category, ContactId, Got, UnderWay};

/// What a contact has had, and what is on its way to them. Both together, so that two mailings released in one minute
/// do not each believe to be the first.
#[derive(Clone, Copy)]
pub struct Pressure<'a> {
    /// The copies a contact got since a time; `None` when that cannot be read.
    pub got: &'a dyn Fn(ContactId, Timestamp) -> Option<Vec<Got>>,
    /// The plans of mailings whose copies are leaving.
    pub under_way: &'a UnderWay,
}

impl Pressure<'_> {
    /// The copies, got and to come, of one category or of all; more than any cap when that cannot be read.
    pub(super) fn copies(self, contact: ContactId, since: Timestamp, of: Option<Category>) -> u32 {
        let Some(got) = (self.got)(contact, since) else {
            return u32::MAX;
        };
        let fits = |category: Category| of.is_none_or(|of| of == category);
        let got = got
            .iter()
            .filter(|got| fits(got.category) && !self.under_way.contains_key(&got.mailing));
        let plans = self.under_way.values();
        let coming = plans.filter(|(category, contacts)| fits(*category) && contacts.contains(&contact));
        u32::try_from(got.count() + coming.count()).unwrap_or(u32::MAX)
    }
}

impl fmt::Debug for Pressure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pressure")
            .field("under_way", &self.under_way.len())
            .finish_non_exhaustive()
    }
}
