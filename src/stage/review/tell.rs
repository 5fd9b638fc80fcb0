//! Who is told of an act, and of what.

use super::Desk;
use crate::decide::notice::{self, Kind, Told, in_words};
use crate::mail::Address;
use crate::model::lifecycle::{End, Held, State};
use crate::model::{Mailing, OfficeId, Series, Steward};
use crate::store::{News, Outgoing};

/// The notice that tells of an end.
pub(super) fn kind(end: End) -> Kind {
    match end {
        End::Declined => Kind::Declined,
        End::Lapsed => Kind::Lapsed,
        End::Withdrawn | End::Converted => Kind::Withdrawn,
        End::Combined => Kind::Combined,
    }
}

/// What there is to be told of a mailing.
fn news_of<'a>(mailing: &'a Mailing, news: &News) -> Told<'a> {
    match news {
        News::Held => Told::of(mailing),
        News::Renewed(_) => Told {
            actor: mailing.author.address.to_string(),
            comment: "Its author has sent another version.".to_owned(),
            ..Told::of(mailing)
        },
    }
}

impl Desk {
    /// The author hears of what was done to their mailing.
    pub(super) fn tell_author(&self, kind: Kind, to: &State, actor: &Address, comment: &str) -> Vec<Outgoing> {
        let mailing = to.mailing();
        let told = Told {
            actor: actor.to_string(),
            comment: comment.to_owned(),
            ..Told::of(mailing)
        };
        vec![self.notice(kind, &mailing.author.address, &told)]
    }

    /// The author hears of an approval; after the last one the reviewers do.
    pub(super) fn tell_approval(&self, held: &Held, steward: &Steward) -> Vec<Outgoing> {
        let state = State::Held(held.clone());
        let mut outgoing = self.tell_author(Kind::Approved, &state, steward.account(), "");
        if held.wanting().is_empty() {
            outgoing.extend(self.tell_reviewers(held));
        }
        outgoing
    }

    /// Who hears that it is held, as it stands by now: whoever was faster than the notice is not asked any more.
    pub(super) fn tell_hold(&self, held: &Held, news: &News, remarks: Vec<String>) -> Vec<Outgoing> {
        let state = State::Held(held.clone());
        let (findings, wanting) = (held.hold().findings(), held.wanting());
        let told = Told {
            reasons: findings.iter().map(|finding| finding.sentence.clone()).collect(),
            remarks,
            wanting: self.names(&wanting),
            until: Some(held.hold().until),
            binding: Some(held.binding()),
            ..news_of(state.mailing(), news)
        };
        let author = &state.mailing().author.address;
        let mut whom = notice::on_hold(self.offices(), author, &wanting, &|who| self.is_away(who));
        // Who gave the last approval has told the reviewers.
        whom.retain(|(kind, _)| *kind != Kind::Ready || held.hold().wants().is_empty());
        whom.into_iter()
            .map(|(kind, to)| {
                let is_void = kind == Kind::Wanted && self.had_approved(&to, news);
                self.notice(if is_void { Kind::Changed } else { kind }, &to, &told)
            })
            .collect()
    }

    /// Whether they had approved the version before.
    fn had_approved(&self, who: &Address, news: &News) -> bool {
        let approved = match news {
            News::Held => &[],
            News::Renewed(approved) => approved.as_slice(),
        };
        let offices = approved.iter().filter_map(|office| self.offices().find(office));
        offices.into_iter().any(|office| office.stewards.contains(who))
    }

    pub(super) fn tell_reviewers(&self, held: &Held) -> Vec<Outgoing> {
        let state = State::Held(held.clone());
        let told = Told {
            binding: Some(held.binding()),
            ..Told::of(state.mailing())
        };
        let reviewers = self.offices().reviewers();
        reviewers
            .into_iter()
            .map(|reviewer| self.notice(Kind::Ready, reviewer, &told))
            .collect()
    }

    /// The reviewers hear that an emergency has gone: whoever confirmed it may have been faster than the notice of the hold.
    /// Policy C17.
    pub(super) fn tell_afterwards(&self, mailing: &Mailing) -> Vec<Outgoing> {
        let reviewers = self.offices().reviewers().into_iter();
        reviewers
            .map(|reviewer| self.notice(Kind::Afterwards, reviewer, &Told::of(mailing)))
            .collect()
    }

    pub(super) fn notice(&self, kind: Kind, to: &Address, told: &Told<'_>) -> Outgoing {
        let now = self.clock.now();
        let id = self.store.next_id(Series::Conveyed, now.year(&self.settings.zone));
        let (state, message) = notice::write(&self.settings.notices, kind, to, told, id, now);
        Outgoing { state, message }
    }

    /// A steward of whom nothing can be read is taken to be there.
    pub(super) fn is_away(&self, who: &Address) -> bool {
        self.store.is_away(who, self.clock.now()).unwrap_or(false)
    }

    /// Offices by their names.
    pub(super) fn names(&self, offices: &[OfficeId]) -> Vec<String> {
        in_words(self.offices(), offices)
    }
}
