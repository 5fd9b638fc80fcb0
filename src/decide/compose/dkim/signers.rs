//! Signers: several keys, each from its day on, and which of them signs for whom.
//!
//! # Standards
//! RFC 6376 §3.1 (selectors), RFC 9989 §4.4 (alignment, relaxed).

use std::time::Duration;

use super::Signer;
use crate::mail::{Domain, Timestamp};

/// How long what we signed may be under way in the queues of others. RFC 5321 §4.5.4.1
const UNDER_WAY: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// The keys that sign.
#[derive(Debug)]
pub struct Signers {
    first: Signer,
    more: Vec<(Timestamp, Signer)>,
    /// Domains whose parts count as one organization's.
    campus: Vec<Domain>,
}

impl Signers {
    /// With one key, which signs until another does.
    pub fn new(first: Signer, campus: Vec<Domain>) -> Self {
        Self {
            first,
            more: Vec::new(),
            campus,
        }
    }

    /// And one more, which signs from then on.
    #[must_use]
    pub fn and(mut self, from: Timestamp, signer: Signer) -> Self {
        self.more.push((from, signer));
        self
    }

    /// All of them, with the time from which they sign; the first has none.
    pub fn all(&self) -> impl Iterator<Item = (Option<Timestamp>, &Signer)> {
        let more = self.more.iter().map(|(from, signer)| (Some(*from), signer));
        std::iter::once((None, &self.first)).chain(more)
    }

    /// Those whose records others may ask for: all but the ones that another has taken over from, for the same domain, so
    /// long ago that nothing they signed is under way any more.
    pub fn asked_for(&self, now: Timestamp) -> impl Iterator<Item = (Option<Timestamp>, &Signer)> {
        let taken_over = |begins: Option<Timestamp>, signer: &Signer| {
            let later = self.more.iter().filter(|(from, _)| Some(*from) > begins);
            let successors = later.filter(|(_, other)| other.domain() == signer.domain());
            successors.map(|(from, _)| *from).min()
        };
        self.all()
            .filter(move |(begins, signer)| taken_over(*begins, signer).is_none_or(|at| now < at.plus(UNDER_WAY)))
    }

    /// Who signs mail from this domain now: of the keys that are aligned with it, the one that began last; where none is,
    /// the same of all.
    pub fn of(&self, from: &Domain, now: Timestamp) -> &Signer {
        let latest = |is_for: &dyn Fn(&Signer) -> bool| {
            let begun = self
                .all()
                .filter(|(begins, _)| begins.is_none_or(|begins| begins <= now));
            let fitting = begun.filter(|(_, signer)| is_for(signer));
            fitting.max_by_key(|(begins, _)| *begins).map(|(_, signer)| signer)
        };
        let aligned = latest(&|signer| self.are_one(signer.domain(), from));
        aligned.or_else(|| latest(&|_| true)).unwrap_or(&self.first)
    }

    /// Whether what is signed now bears out a From of this domain.
    pub fn bears_out(&self, from: &Domain, now: Timestamp) -> bool {
        self.are_one(self.of(from, now).domain(), from)
    }

    /// One organization's: the one below the other, or both below one domain of the campus.
    fn are_one(&self, signing: &Domain, from: &Domain) -> bool {
        let within = |domain: &Domain| signing.is_within(domain) && from.is_within(domain);
        signing.is_within(from) || from.is_within(signing) || self.campus.iter().any(within)
    }
}

#[cfg(test)]
mod tests {
    use super::super::new_key;
    use super::*;

    fn domain(name: &str) -> Domain {
        name.parse().expect("valid")
    }

    #[test]
    fn a_key_signs_from_its_day_on_for_whom_it_is_aligned_with() {
        let pem = new_key().expect("a key");
        let signer = |selector: &str, name: &str| Signer::from_pem(&pem, selector, domain(name)).expect("our own key");
        let (today, later) = (Timestamp::from_micros(1_000_000), Duration::from_secs(3_600));
        let signers = Signers::new(signer("old", "lists.mst.example"), vec![domain("mst.example")])
            .and(today.plus(later), signer("new", "lists.mst.example"))
            .and(today, signer("other", "alumni.example"));
        let of = |from: &str, now| signers.of(&domain(from), now).dns_record().0;
        assert_eq!(of("mst.example", today), "old._domainkey.lists.mst.example");
        assert_eq!(of("mst.example", today.plus(later)), "new._domainkey.lists.mst.example");
        assert_eq!(of("news.mst.example", today), "old._domainkey.lists.mst.example");
        assert_eq!(of("news.alumni.example", today), "other._domainkey.alumni.example");
        assert!(signers.bears_out(&domain("mst.example"), today));
        assert!(!signers.bears_out(&domain("elsewhere.example"), today));
        assert_eq!(signers.all().count(), 3);
    }

    #[test]
    fn a_key_is_asked_for_until_all_it_signed_has_arrived() {
        let pem = new_key().expect("a key");
        let signer = |selector: &str, name: &str| Signer::from_pem(&pem, selector, domain(name)).expect("our own key");
        let day = |days: i64| Timestamp::from_micros(days * 24 * 60 * 60 * 1_000_000);
        let signers = Signers::new(signer("first", "lists.mst.example"), vec![])
            .and(day(30), signer("third", "lists.mst.example"))
            .and(day(10), signer("second", "lists.mst.example"))
            .and(day(10), signer("other", "alumni.example"));
        let asked_for = |days| -> Vec<String> {
            let names = signers.asked_for(day(days)).map(|(_, signer)| signer.dns_record().0);
            names
                .filter_map(|name| Some(name.split_once('.')?.0.to_owned()))
                .collect()
        };
        // One that is to take over changes nothing for the one that signs.
        assert_eq!(asked_for(0), ["first", "third", "second", "other"]);
        assert_eq!(asked_for(14), ["first", "third", "second", "other"]);
        assert_eq!(asked_for(15), ["third", "second", "other"]);
        assert_eq!(asked_for(34), ["third", "second", "other"]);
        assert_eq!(asked_for(35), ["third", "other"]);
    }
}
