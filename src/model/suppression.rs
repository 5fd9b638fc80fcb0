//! Suppression: an address not to be written to, how far, and why. Found by the address's mark, so that it outlives the
//! contact. Several may stand side by side for one address.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Category, ContactId, Exclusion, MailingId};
use crate::mail::{Address, Timestamp};

/// What an address is kept from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every mailing, emergencies excepted.
    Everything,
    /// Invitations and what asks for support, attendance or a purchase.
    Marketing,
    /// The mailings of one list.
    List(Address),
}

impl Scope {
    /// Whether it reaches a mailing of this category to that list.
    pub fn covers(&self, list: &Address, category: Category) -> bool {
        match self {
            Self::Everything => true,
            Self::Marketing => category.is_promotional(),
            Self::List(kept) => kept.is_same_mailbox(list),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("all mailings"),
            Self::Marketing => f.write_str("invitations and marketing"),
            Self::List(list) => write!(f, "mailings to {list}"),
        }
    }
}

/// Why an address is not to be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionReason {
    /// They have died.
    Deceased,
    /// The law, or a court.
    Legal,
    /// Somebody entitled said so.
    Manual,
    /// A provider forwarded a complaint (RFC 5965).
    Complaint,
    /// A server said that the mailbox does not exist.
    HardBounce,
    /// The person unsubscribed (RFC 8058).
    Unsubscribed,
    /// Its server put mail off, or sent it back, again and again.
    Unreachable,
}

impl SuppressionReason {
    /// The exclusion it leads to.
    pub fn exclusion(self) -> Exclusion {
        match self {
            Self::Deceased => Exclusion::DoNotContact,
            Self::Legal | Self::Manual => Exclusion::Suppressed,
            Self::Complaint => Exclusion::Complaint,
            Self::HardBounce | Self::Unreachable => Exclusion::HardBounce,
            Self::Unsubscribed => Exclusion::Unsubscribed,
        }
    }

    /// How far it reaches when it comes of a mailing to these lists, and `before` is what stood already: who unsubscribes
    /// or complains gets no more of those lists, and who complains again no more marketing. Without a list it is all.
    pub fn scopes(self, lists: &[Address], before: &[Suppression]) -> Vec<Scope> {
        let of_lists = || match lists {
            [] => vec![Scope::Everything],
            lists => lists.iter().cloned().map(Scope::List).collect(),
        };
        match self {
            Self::Deceased | Self::Legal | Self::Manual | Self::HardBounce | Self::Unreachable => {
                vec![Scope::Everything]
            }
            Self::Unsubscribed => of_lists(),
            Self::Complaint if before.iter().any(|known| known.reason == Self::Complaint) => {
                [of_lists(), vec![Scope::Marketing]].concat()
            }
            Self::Complaint => of_lists(),
        }
    }
}

/// Do not write to this address, how far, and why. Of one scope and reason the first stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// How far.
    pub scope: Scope,
    /// Why.
    pub reason: SuppressionReason,
    /// Since when.
    pub at: Timestamp,
    /// The contact, when it was one.
    pub contact: Option<ContactId>,
    /// The mailing it came of, when it was one.
    pub mailing: Option<MailingId>,
    /// What was said, by a server or a person, on one line.
    pub note: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(name: &str) -> Address {
        format!("{name}@lists.mst.example").parse().expect("valid")
    }

    fn suppression(scope: Scope, reason: SuppressionReason) -> Suppression {
        Suppression {
            scope,
            reason,
            at: Timestamp::from_micros(0),
            contact: None,
            mailing: None,
            note: String::new(),
        }
    }

    #[test]
    fn who_leaves_a_list_leaves_that_list() {
        let scopes = SuppressionReason::Unsubscribed.scopes(&[list("alumni")], &[]);
        let [scope] = scopes.as_slice() else {
            panic!("one list, one scope")
        };
        assert!(scope.covers(&list("alumni"), Category::Official));
        assert!(!scope.covers(&list("supporters"), Category::Marketing));
        assert_eq!(SuppressionReason::Unsubscribed.scopes(&[], &[]), [Scope::Everything]);
    }

    #[test]
    fn a_second_complaint_ends_all_marketing() {
        let lists = [list("alumni")];
        let first = SuppressionReason::Complaint.scopes(&lists, &[]);
        assert_eq!(first, [Scope::List(list("alumni"))]);
        let known = [suppression(first[0].clone(), SuppressionReason::Complaint)];
        let second = SuppressionReason::Complaint.scopes(&[list("supporters")], &known);
        assert_eq!(second, [Scope::List(list("supporters")), Scope::Marketing]);
        assert!(Scope::Marketing.covers(&list("students"), Category::Event));
        assert!(!Scope::Marketing.covers(&list("students"), Category::Official));
    }
}
