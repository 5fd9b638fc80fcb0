//! Held → Held | Released | Declined | Lapsed | Withdrawn | Combined.
//!
//! [`Desk`] is where people act: console, API and command line all come here, so what one of them refuses, all refuse,
//! in the same words. Each act is one move in one commit, with its line of the audit trail and the notices that tell
//! of it; of a case that begins, and of another version of its author's, people are told soon after. A second click finds
//! the state moved on and is told so.

mod act;
mod around;
mod author;
mod combine;
mod counts;
mod drift;
mod edit;
mod emergency;
mod fare;
mod hear;
mod lint;
mod lookup;
mod person;
mod picture;
mod preview;
mod reckon;
mod records;
mod remind;
mod tell;
mod uncertain;
mod untold;
mod word;
mod workflow;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

pub use crate::decide::audience::{Count, Why};
pub use crate::decide::lint::{Glance, Lead, Level, Mark, Remark};
pub use crate::decide::shape::{Forecast, Leg};
pub use around::Recent;
pub use author::{Affiliated, History};
pub use edit::{Change, Edit};
pub use fare::{Fare, Leaving};
pub use lookup::{Found, Looker, Lookup, Whom};
pub use person::{Copied, Own, Person};
pub use picture::Picture;
pub use preview::Preview;
pub use reckon::FEW;
pub use remind::remind;
pub use uncertain::{Doubt, Stands};

use counts::Counts;

use crate::clock::Clock;
use crate::decide::compose;
use crate::decide::lint as checks;
use crate::decide::notice::Notices;
use crate::decide::policy::{Place, Policy};
use crate::decide::shape::{Pool, Shape};
use crate::mail::{Address, Timestamp};
use crate::model::lifecycle::{Held, State};
use crate::model::{MailingId, Offices, Series, Wanting, WhenUncertain};
use crate::stage::docket::Docket;
use crate::store::{self, Store};

/// What review needs to know of the settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who answers for what.
    pub offices: Arc<Offices>,
    /// How notices are written.
    pub notices: Arc<Notices>,
    /// How copies are made: the preview shows what recipients get.
    pub compose: Arc<compose::Settings>,
    /// The rules' numbers and names.
    pub policy: Arc<Policy>,
    /// The house style.
    pub lint: Arc<checks::Settings>,
    /// Who looks after the machine: they may pause what is leaving, and let it go on.
    pub postmasters: Vec<Address>,
    /// How fast copies leave, and how whoever receives them stands.
    pub shape: Shape,
    /// The zone in which people read times.
    pub zone: TimeZone,
}

/// Where people act on mailings.
#[derive(Debug, Clone)]
pub struct Desk {
    store: Store,
    clock: Clock,
    settings: Settings,
    /// The counts taken lately.
    counts: Arc<Counts>,
    /// Whoever looks a person up holds it: how often they did is counted before.
    looking: Arc<tokio::sync::Mutex<()>>,
    /// The newest feed after which all that waits was looked at.
    looked_at: Arc<tokio::sync::Mutex<Option<Timestamp>>>,
    /// Which held cases are to be looked at.
    docket: Arc<tokio::sync::Mutex<Docket>>,
}

/// What a reviewer says when they release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Words<'a> {
    /// Why it leaves at once, whatever the hour; empty when it need not. Policy C11.
    pub now: &'a str,
    /// Why it goes despite what the editorial checks block; empty when there is nothing. Policy C12.
    pub despite: &'a str,
}

/// An act that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What was done, and what comes next.
    pub sentence: String,
}

/// An act that was not done. Each sentence can be shown to whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No mailing has that number, or they may not see it.
    #[error("there is no mailing {0}")]
    NoSuchMailing(MailingId),
    /// It is not in the state the act needs.
    #[error("{id} is {word}: {detail}")]
    WrongState {
        /// Which.
        id: MailingId,
        /// The state it is in, as people say it.
        word: &'static str,
        /// What that means for the act.
        detail: String,
    },
    /// Their account has no such role.
    #[error("{0}")]
    NotEntitled(String),
    /// What was said cannot be understood.
    #[error("{0}")]
    Malformed(String),
    /// Returning and declining say why.
    #[error("say why: the author is sent your comment")]
    CommentWanted,
    /// Somebody's approval is still wanting, or was given already; with names and times as people read them.
    #[error("{0}")]
    WrongStanding(String),
    /// The editorial checks block it. Policy C12.
    #[error("the editorial checks block it: {0} Have it changed, or say why it goes despite that")]
    Unfit(String),
    /// They have looked up as many people lately as one does by hand. Policy C8.
    #[error("you have looked up {0} people within an hour; that is as many as one may, so try again later")]
    TooOften(usize),
    /// A law of the gateway.
    #[error("{0}")]
    Wanting(Wanting),
    /// The memory failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Which acts a person may do now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one flag an act, each asked for by its own button"
)]
pub struct Standing {
    /// Approve the use of the audience.
    pub approve: bool,
    /// Let it go.
    pub release: bool,
    /// Send it back for changes.
    pub give_back: bool,
    /// Say no.
    pub decline: bool,
    /// Take it back.
    pub withdraw: bool,
    /// Send no further copy for now.
    pub pause: bool,
    /// Go on sending.
    pub resume: bool,
    /// Say what is done about copies whose end is uncertain: this is done now.
    pub when_uncertain: Option<WhenUncertain>,
    /// Send no further copy, ever.
    pub stop: bool,
    /// Give their word that these are people they work with.
    pub attest: bool,
    /// Make it a request to a list; the best guess comes first.
    pub convert_to: Vec<Address>,
    /// Say whose survey it is.
    pub name_survey: bool,
    /// Confirm an emergency as a second person.
    pub confirm: bool,
    /// Say that they have read an emergency.
    pub reviewed: bool,
    /// Take it on.
    pub claim: bool,
    /// Let somebody else have it.
    pub unclaim: bool,
    /// Say when it is to leave.
    pub schedule: bool,
    /// Get a copy of it.
    pub test: bool,
    /// Change a passage.
    pub edit: bool,
    /// Agree to a reviewer's change.
    pub agree: bool,
    /// Why a reviewer may not release it, when they may not.
    pub why_not_release: Option<String>,
}

impl Desk {
    /// A desk over the store.
    pub fn new(store: Store, clock: Clock, settings: Settings) -> Self {
        Self {
            counts: Arc::new(Counts::of(&store)),
            docket: Arc::new(tokio::sync::Mutex::new(Docket::new(&store, store::Kind::Held))),
            store,
            clock,
            settings,
            looking: Arc::default(),
            looked_at: Arc::default(),
        }
    }

    /// The zone in which people read times.
    pub fn zone(&self) -> &TimeZone {
        &self.settings.zone
    }

    /// How long a second factor of this account counts; `None` when it has no emergency role. Policy C17.
    pub fn emergency_fresh(&self, account: &Address) -> Option<Duration> {
        let emergency = &self.settings.policy.emergency;
        emergency.heralds.find(account).map(|_herald| emergency.fresh)
    }

    /// The rules' numbers and names.
    pub fn policy(&self) -> &Policy {
        &self.settings.policy
    }

    /// The table of offices.
    pub fn offices(&self) -> &Offices {
        &self.settings.offices
    }

    /// Whether this person reads the audit trail: a reviewer, or one who watches over contact data. Law 7; Policy C10.
    pub fn may_audit(&self, who: &Address) -> bool {
        let watches = self.settings.policy.alerts.iter().any(|to| to.is_same_mailbox(who));
        watches || self.offices().reviewer(who).is_some()
    }

    /// Whether this person watches over what leaves: a reviewer or a postmaster. Policy C4.
    pub fn may_watch(&self, who: &Address) -> bool {
        self.is_postmaster(who) || self.offices().reviewer(who).is_some()
    }

    /// Whether this person looks after the machine.
    pub fn is_postmaster(&self, who: &Address) -> bool {
        self.settings.postmasters.iter().any(|to| to.is_same_mailbox(who))
    }

    /// When the copies of a mailing would leave, were it released now, or leave as it was: from the limits that delivery
    /// will use.
    pub fn forecast(&self, state: &State, count: &Count) -> Forecast {
        let begins = if let State::Released(released) = state {
            released.release().not_before
        } else {
            self.next_slot(state, count.recipients)
        };
        let begins = begins.max(self.clock.now());
        let lane = state.mailing().lane;
        self.shape().look().forecast(&count.domains, lane, begins)
    }

    /// How many read their mail at which provider, most first.
    pub fn by_provider(&self, count: &Count) -> Vec<(String, u64)> {
        let mut people: BTreeMap<String, u64> = BTreeMap::new();
        for (stream, count) in self.shape().look().by_stream(&count.domains, Pool::Mailings) {
            *people.entry(stream.name.to_string()).or_default() += count;
        }
        let mut people: Vec<(String, u64)> = people.into_iter().collect();
        people.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        people
    }

    /// How fast copies leave, and how whoever receives them stands.
    pub fn shape(&self) -> &Shape {
        &self.settings.shape
    }

    /// Whether this person may see it: its author, a steward it wants, any reviewer; what is leaving,
    /// the postmaster. Ordinary mail is its author's alone.
    pub fn may_see(&self, state: &State, who: &Address) -> bool {
        if state.id().series == Series::Conveyed {
            return state.mailing().author.address.is_same_mailbox(who);
        }
        let offices = self.offices();
        let is_wanted_steward = || {
            let stewardships = offices.stewardships(who);
            let segments = state.mailing().audience.segments();
            stewardships.iter().any(|steward| {
                segments
                    .iter()
                    .any(|segment| segment.office.as_ref() == Some(steward.office()))
                    || held(state).is_some_and(|held| held.hold().wants().contains(steward.office()))
            })
        };
        let may_confirm = || held(state).is_some_and(|held| self.may_confirm(held, who));
        // Whoever is alerted that contact data was about to leave may look at what it was. Policy C10.
        let is_alerted = || {
            let watches = self.settings.policy.alerts.iter().any(|to| to.is_same_mailbox(who));
            let findings = held(state).map(|held| held.hold().findings()).unwrap_or_default();
            watches && findings.iter().any(|finding| finding.rule == "contact-data-leaving")
        };
        let is_leaving = matches!(state, State::Expanded(_) | State::Closed(_));
        state.mailing().author.address.is_same_mailbox(who)
            || (is_leaving && self.is_postmaster(who))
            || offices.reviewer(who).is_some()
            || is_wanted_steward()
            || may_confirm()
            || is_alerted()
    }

    /// Which acts this person may do now.
    pub fn standing(&self, state: &State, who: &Address) -> Standing {
        let reviewer = self.offices().reviewer(who);
        let is_author = state.mailing().author.address.is_same_mailbox(who);
        let reviews = reviewer.is_some();
        match state {
            State::Held(held) => {
                let stewardships = self.offices().stewardships(who);
                let wanting = held.wanting();
                let now = self.clock.now();
                let is_returned = held.hold().returned().is_some();
                let has_it = held.hold().claim().is_some_and(|claim| claim.by.is_same_mailbox(who));
                let release = reviewer
                    .as_ref()
                    .map(|reviewer| held.clone().release(reviewer, now, now));
                Standing {
                    approve: !is_returned && stewardships.iter().any(|steward| wanting.contains(steward.office())),
                    release: matches!(release, Some(Ok(_))),
                    give_back: reviews && !is_returned,
                    claim: reviews && !has_it,
                    unclaim: has_it,
                    schedule: reviews && !is_returned,
                    test: is_author || reviews,
                    edit: reviews && !is_returned,
                    agree: is_author && held.wants_agreement(),
                    decline: reviews || stewardships.iter().any(|s| held.hold().wants().contains(s.office())),
                    withdraw: is_author,
                    attest: held
                        .clone()
                        .attest(who, self.settings.policy.hidden.attest_max, now)
                        .is_ok(),
                    convert_to: self.lists_for(held, state, who),
                    name_survey: (is_author || reviews) && held.hold().wants_survey(),
                    confirm: self.may_confirm(held, who),
                    why_not_release: release.and_then(Result::err).map(|why| self.in_words(&why)),
                    ..Standing::default()
                }
            }
            State::Released(_) => Standing {
                decline: reviews,
                withdraw: is_author,
                ..Standing::default()
            },
            State::Expanded(expanded) => Standing {
                reviewed: self.may_read_afterwards(state, who),
                pause: (reviews || self.is_postmaster(who)) && !expanded.is_paused(),
                resume: (reviews || self.is_postmaster(who)) && expanded.is_paused(),
                when_uncertain: (reviews || self.is_postmaster(who)).then(|| expanded.when_uncertain()),
                stop: reviews,
                ..Standing::default()
            },
            State::Closed(_) | State::Ended(_) => Standing {
                reviewed: self.may_read_afterwards(state, who),
                ..Standing::default()
            },
        }
    }

    fn may_confirm(&self, held: &Held, who: &Address) -> bool {
        let herald = self.settings.policy.emergency.heralds.find(who);
        herald.is_some_and(|herald| held.clone().confirm(&herald, self.clock.now()).is_ok())
    }

    fn may_read_afterwards(&self, state: &State, who: &Address) -> bool {
        let unread = self.store.unread_emergencies().unwrap_or_default();
        let is_own = state.mailing().author.address.is_same_mailbox(who);
        unread.contains(&state.id()) && !is_own && self.offices().reviewer(who).is_some()
    }

    /// The lists that its author may ask to write to, instead of the people they named; the likeliest first.
    fn lists_for(&self, held: &Held, state: &State, who: &Address) -> Vec<Address> {
        let (mailing, policy) = (state.mailing(), &self.settings.policy);
        if held.clone().convert(who, who, self.clock.now()).is_err() {
            return Vec::new();
        }
        let outside = mailing
            .envelope
            .recipients()
            .filter(|to| policy.place(to) == Place::Outside)
            .count();
        let is_off_campus = outside * 2 > mailing.envelope.forward_paths().len();
        let subject = mailing.subject.to_lowercase();
        let mut lists: Vec<_> = policy
            .lists
            .iter()
            .filter(|(_, rule)| rule.may_request(&mailing.author.address) && !rule.emergency)
            .map(|(list, rule)| {
                let fits = policy
                    .audiences
                    .get(&rule.audience)
                    .is_some_and(|a| a.on_campus != is_off_campus);
                (!subject.contains(&rule.audience.to_lowercase()), !fits, list.clone())
            })
            .collect();
        lists.sort();
        lists.into_iter().map(|(_, _, list)| list).collect()
    }

    /// A refusal of the model, with offices by their names.
    fn in_words(&self, why: &Wanting) -> String {
        let at = |at: &Timestamp| at.readable(&self.settings.zone);
        if let Wanting::Approvals(wanting) = why {
            let names: Vec<String> = wanting.iter().map(|office| self.offices().name(office)).collect();
            return format!("still wanting the approval of: {}", names.join(", "));
        }
        if let Wanting::NotYours(office) = why {
            return format!("{} is not asked to approve this mailing", self.offices().name(office));
        }
        if let Wanting::AlreadyApproved { by, at: when } = why {
            return format!("already approved by {by} at {}", at(when));
        }
        if let Wanting::Claimed { by, at: when } = why {
            return format!("{by} has had this one since {}", at(when));
        }
        why.to_string()
    }
}

fn held(state: &State) -> Option<&Held> {
    match state {
        State::Held(held) => Some(held),
        State::Released(_) | State::Expanded(_) | State::Closed(_) | State::Ended(_) => None,
    }
}
