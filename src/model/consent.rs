//! Consent: what a contact agreed to. Each [`Consent`] is a piece of evidence and never changes; how things stand now
//! ([`Standing`]) follows from all of them. Policy C3.

use serde::{Deserialize, Serialize};

use super::{Mark, Said};
use crate::mail::Timestamp;

/// On what ground somebody is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// They said yes.
    OptIn,
    /// They said yes, and again from the address itself; counts from then on.
    DoubleOptIn,
    /// A relationship lets us infer it, until it expires.
    Implied,
    /// Mail they need for what they have agreed on with the university; no yes to anything else.
    Contract,
    /// Mail the law wants us to send.
    LegalDuty,
    /// An interest weighed against theirs; no yes.
    LegitimateInterest,
    /// They said no.
    Withdrawn,
}

/// How a consent was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// On a page.
    WebForm,
    /// On paper.
    Paper,
    /// By telephone.
    Phone,
    /// In person, at an event.
    Event,
    /// It came with other data.
    Import,
}

/// One record of what a contact agreed to; never changed, only followed by others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// What for: a category such as `marketing`; `*` is everything.
    pub purpose: String,
    /// On what ground.
    pub basis: Basis,
    /// When it was given, or withdrawn.
    pub at: Timestamp,
    /// Where it was given: a form's address, a letter's number, a feed.
    pub source: String,
    /// When it ends; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// All else that shows it.
    pub evidence: Evidence,
}

/// What shows that a consent was given: the union of what the laws ask for. `None` is what nobody recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// For which address.
    pub address: Option<Mark>,
    /// Under whose law.
    pub jurisdiction: Option<String>,
    /// How it was given.
    pub method: Option<Method>,
    /// Which words they read.
    pub wording_version: Option<String>,
    /// SHA-256 of those words.
    pub wording_sha256: Option<[u8; 32]>,
    /// Which privacy notice they were shown.
    pub notice_version: Option<String>,
    /// Whether they were told of others who get the data.
    pub third_party_notice: Option<bool>,
    /// From which network address.
    pub ip: Option<String>,
    /// With which browser.
    pub user_agent: Option<String>,
    /// When they were asked to confirm.
    pub confirmation_sent_at: Option<Timestamp>,
    /// When they confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// Who took it down.
    pub collected_by: Option<String>,
    /// SHA-256 of a scan or recording.
    pub blob_sha256: Option<[u8; 32]>,
    /// What the relationship began with: a donation, an enrolment.
    pub relationship: Option<String>,
    /// When that was.
    pub relationship_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
    /// By which way.
    pub withdrawal_channel: Option<String>,
    /// When we acted on it.
    pub processed_at: Option<Timestamp>,
    /// Who did.
    pub processed_by: Option<String>,
    /// Which earlier consent it renews: when that was given.
    pub renews: Option<Timestamp>,
    /// What else there is to say.
    pub note: Option<String>,
}

/// The newest word of a contact on one purpose and one ground.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What for, in lower case.
    pub purpose: String,
    /// On what ground; [`Basis::Withdrawn`] is a no.
    pub basis: Basis,
    /// Since when.
    pub at: Timestamp,
    /// When it ends; `None` is never.
    pub expires_at: Option<Timestamp>,
}

impl Standing {
    /// What one piece of evidence says, each thing it says apart.
    fn said_by(consent: &Consent) -> impl Iterator<Item = Self> {
        let at = match consent.basis {
            // Until they confirm it is nobody's word.
            Basis::DoubleOptIn => consent.evidence.confirmed_at,
            Basis::OptIn
            | Basis::Implied
            | Basis::Contract
            | Basis::LegalDuty
            | Basis::LegitimateInterest
            | Basis::Withdrawn => Some(consent.at),
        };
        let purpose = consent.purpose.to_lowercase();
        let given = at.map(|at| Self {
            purpose: purpose.clone(),
            basis: consent.basis,
            at,
            expires_at: consent.expires_at,
        });
        let withdrawn = consent.evidence.withdrawn_at.map(|at| Self {
            purpose,
            basis: Basis::Withdrawn,
            at,
            expires_at: None,
        });
        given.into_iter().chain(withdrawn)
    }
}

impl Said<'_> {
    /// Whether it is a yes that has not ended. What is merely inferred counts only as long as somebody said it would.
    fn is_yes(&self, now: Timestamp) -> bool {
        match self.basis {
            Basis::OptIn | Basis::DoubleOptIn => self.expires_at.is_none_or(|end| now < end),
            Basis::Implied => self.expires_at.is_some_and(|end| now < end),
            Basis::Contract | Basis::LegalDuty | Basis::LegitimateInterest | Basis::Withdrawn => false,
        }
    }
}

/// Adds evidence to how things stand: the newest word for each purpose and ground is kept. In which order, and how often,
/// evidence is added makes no difference.
pub fn stand(standings: &mut Vec<Standing>, evidence: &[Consent]) {
    for said in evidence.iter().flat_map(Standing::said_by) {
        let of_its_kind = |s: &&mut Standing| s.purpose == said.purpose && s.basis == said.basis;
        match standings.iter_mut().find(of_its_kind) {
            Some(known) if (known.at, known.expires_at) < (said.at, said.expires_at) => *known = said,
            Some(_) => {}
            None => standings.push(said),
        }
    }
    standings.sort_by(|a, b| (&a.purpose, a.basis).cmp(&(&b.purpose, b.basis)));
}

/// What a contact's words on a purpose come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// They agree.
    Yes,
    /// They said no, and nothing since.
    No,
    /// They said nothing, or what they said has ended.
    Unsaid,
}

/// What these words come to for a purpose, `*` being every purpose. A no ends every yes that is not newer.
pub fn agreement<'a>(said: impl Iterator<Item = Said<'a>> + Clone, purpose: &str, now: Timestamp) -> Agreement {
    let words = said.filter(|s| s.purpose == "*" || s.purpose.eq_ignore_ascii_case(purpose));
    let (noes, others) = (
        words.clone().filter(|s| s.basis == Basis::Withdrawn),
        words.filter(|s| s.basis != Basis::Withdrawn),
    );
    let no_at = noes.map(|s| s.at).max();
    let mut since = others.filter(|s| no_at.is_none_or(|no_at| no_at < s.at)).peekable();
    if no_at.is_some() && since.peek().is_none() {
        Agreement::No
    } else if since.any(|s| s.is_yes(now)) {
        Agreement::Yes
    } else {
        Agreement::Unsaid
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn consent(basis: Basis, seconds: i64) -> Consent {
        Consent {
            purpose: "marketing".into(),
            basis,
            at: at(seconds),
            source: "form 12".into(),
            expires_at: None,
            evidence: Evidence::default(),
        }
    }

    fn standing(evidence: &[Consent]) -> Vec<Standing> {
        let mut standings = Vec::new();
        stand(&mut standings, evidence);
        standings
    }

    fn agreed(evidence: &[Consent]) -> Agreement {
        agreement(standing(evidence).iter().map(Standing::said), "marketing", at(100))
    }

    #[test]
    fn the_newest_word_counts() {
        let (yes, no) = (consent(Basis::OptIn, 1), consent(Basis::Withdrawn, 2));
        assert_eq!(agreed(&[]), Agreement::Unsaid);
        assert_eq!(agreed(std::slice::from_ref(&yes)), Agreement::Yes);
        assert_eq!(agreed(&[yes.clone(), no.clone()]), Agreement::No);
        assert_eq!(agreed(&[no.clone(), yes]), Agreement::No);
        assert_eq!(agreed(&[no.clone(), consent(Basis::OptIn, 3)]), Agreement::Yes);
        let to_all = Consent {
            purpose: "*".into(),
            ..no
        };
        assert_eq!(agreed(&[consent(Basis::OptIn, 1), to_all]), Agreement::No);
    }

    #[test]
    fn a_second_yes_that_never_came_is_no_yes_and_takes_none_away() {
        let mut asked = consent(Basis::DoubleOptIn, 5);
        assert_eq!(agreed(std::slice::from_ref(&asked)), Agreement::Unsaid);
        assert_eq!(agreed(&[consent(Basis::OptIn, 1), asked.clone()]), Agreement::Yes);
        asked.evidence.confirmed_at = Some(at(6));
        assert_eq!(agreed(&[consent(Basis::Withdrawn, 5), asked]), Agreement::Yes);
    }

    #[test]
    fn what_is_inferred_needs_an_end_and_ends_and_takes_no_yes_with_it() {
        let mut implied = consent(Basis::Implied, 2);
        assert_eq!(
            agreed(std::slice::from_ref(&implied)),
            Agreement::Unsaid,
            "CASL wants an end"
        );
        implied.expires_at = Some(at(101));
        assert_eq!(agreed(std::slice::from_ref(&implied)), Agreement::Yes);
        implied.expires_at = Some(at(100));
        assert_eq!(agreed(std::slice::from_ref(&implied)), Agreement::Unsaid);
        assert_eq!(agreed(&[consent(Basis::OptIn, 1), implied]), Agreement::Yes);
    }

    fn evidence() -> impl Strategy<Value = Consent> {
        let basis = prop_oneof![
            Just(Basis::OptIn),
            Just(Basis::DoubleOptIn),
            Just(Basis::Implied),
            Just(Basis::LegitimateInterest),
            Just(Basis::Withdrawn),
        ];
        let (end, confirmed) = (proptest::option::of(0i64..40), proptest::option::of(0i64..40));
        let parts = (
            basis,
            0i64..40,
            end,
            confirmed,
            proptest::option::of(0i64..40),
            any::<bool>(),
        );
        parts.prop_map(|(basis, given, end, confirmed, withdrawn, is_all)| Consent {
            purpose: if is_all { "*" } else { "Marketing" }.into(),
            expires_at: end.map(at),
            evidence: Evidence {
                confirmed_at: confirmed.map(at),
                withdrawn_at: withdrawn.map(at),
                ..Evidence::default()
            },
            ..consent(basis, given)
        })
    }

    proptest! {
        /// Law: however evidence comes in, piece by piece, twice or the other way round, it comes to the same, and to
        /// what the pieces themselves say.
        #[test]
        fn standing_is_what_the_evidence_says(
            all in proptest::collection::vec(evidence(), 0..12),
            cut in 0usize..12,
            now in 0i64..40,
        ) {
            let whole = standing(&all);
            let mut backwards = all.clone();
            backwards.reverse();
            prop_assert_eq!(&standing(&backwards), &whole);
            let (first, rest) = all.split_at(cut.min(all.len()));
            let mut pieces = standing(rest);
            stand(&mut pieces, first);
            stand(&mut pieces, rest);
            prop_assert_eq!(&pieces, &whole);
            // Told without folding: every yes, every no, each with its moment.
            let noes = all.iter().flat_map(|c| {
                let own = (c.basis == Basis::Withdrawn).then_some(c.at);
                own.into_iter().chain(c.evidence.withdrawn_at)
            });
            let no_at = noes.max();
            let given = all.iter().filter(|c| c.basis != Basis::Withdrawn).filter_map(|c| {
                let at = if c.basis == Basis::DoubleOptIn { c.evidence.confirmed_at } else { Some(c.at) };
                at.filter(|at| no_at.is_none_or(|no_at| no_at < *at)).map(|at| (at, c))
            });
            let given: Vec<_> = given.collect();
            let lasts = |(at, c): &(Timestamp, &Consent)| {
                // Of one ground the newest word counts, and of one moment the one that has an end.
                let newer = given.iter().any(|(other, d)| {
                    (&d.basis, d.purpose.as_str()) == (&c.basis, c.purpose.as_str())
                        && (*other, d.expires_at) > (*at, c.expires_at)
                });
                let is_open = match c.basis {
                    Basis::Implied => c.expires_at.is_some_and(|end| self::at(now) < end),
                    Basis::Contract | Basis::LegalDuty | Basis::LegitimateInterest | Basis::Withdrawn => false,
                    Basis::OptIn | Basis::DoubleOptIn => c.expires_at.is_none_or(|end| self::at(now) < end),
                };
                !newer && is_open
            };
            let expected = if no_at.is_some() && given.is_empty() {
                Agreement::No
            } else if given.iter().any(lasts) {
                Agreement::Yes
            } else {
                Agreement::Unsaid
            };
            prop_assert_eq!(agreement(whole.iter().map(Standing::said), "marketing", at(now)), expected);
        }
    }
}
