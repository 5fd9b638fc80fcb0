//! Mailings as programs see them. Field names here are a promise to those programs.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::actor::Actor;
use crate::decide::shape::Counts;
use crate::mail::Timestamp;
use crate::model::lifecycle::State;
use crate::model::{Ask, CameBack, Category, Drift, Exclusion, Finding, OfficeId, Release, Tally};
use crate::stage::review::{Count, Desk, Doubt, Fare, Preview, Remark, Standing, Stands};

/// Replies of a provider that are told.
const REPLIES_MAX: usize = 5;

/// One line of a listing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mailing)]
pub(super) struct Line {
    /// `MC-2026-0412`.
    id: String,
    /// The state in one word.
    state: &'static str,
    /// Whether its copies are held back for now.
    paused: bool,
    /// As decoded, on one line.
    subject: String,
    /// The account that submitted it.
    author: String,
    #[schema(value_type = String)]
    category: Category,
    /// The lists it is for; none when its author named the recipients.
    lists: Vec<String>,
    /// How many people are named beside the lists.
    people: usize,
    #[schema(value_type = String, format = DateTime)]
    submitted_at: Timestamp,
    /// Counts from 1.
    version: u16,
    /// What an approval of a held one binds to: say it back as `seen`.
    binding: Option<String>,
    /// Which reviewer has a held one.
    claimed_by: Option<String>,
    /// When a held one is to leave, if somebody has said so.
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_for: Option<Timestamp>,
    /// When a held one lapses.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Whose approval a held one still wants.
    wanting: Vec<OfficeName>,
}

/// An office, for programs and for people.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Office)]
struct OfficeName {
    id: String,
    name: String,
}

/// One mailing, with what happened to it and what may happen next.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WholeMailing)]
pub(super) struct Whole {
    #[serde(flatten)]
    line: Line,
    bytes: u64,
    message_id: Option<String>,
    findings: Vec<Found>,
    /// What the editorial checks say of a held one.
    remarks: Vec<Remark>,
    approvals: Vec<Approved>,
    released: Option<Let>,
    ended: Option<Over>,
    /// Why no copy leaves for now.
    pause: Option<Held>,
    tally: Option<Tally>,
    /// What came back of its copies.
    came_back: CameBack,
    /// Whose copy was uncertain once: it may have arrived.
    uncertain: Vec<Doubted>,
    /// What is done about them while copies leave: resend, hold, leave.
    when_uncertain: Option<&'static str>,
    /// How it fares, by provider, most people first; nothing before its copies leave.
    by_provider: Vec<Fared>,
    #[schema(value_type = BTreeMap<String, u64>)]
    exclusions: BTreeMap<Exclusion, u64>,
    /// The acts that whoever asked may do now.
    may: Vec<&'static str>,
    why_not_release: Option<String>,
    /// How many it would reach, until the plan is sealed.
    reach: Option<Reach>,
    /// The message as text; never its HTML, which is its author's and untrusted.
    preview: Option<Seen>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
struct Found {
    rule: String,
    clause: String,
    asks: &'static str,
    sentence: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approval)]
struct Approved {
    office: OfficeName,
    by: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Release)]
struct Let {
    /// `None` where the policy itself passed it.
    by: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    not_before: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pause)]
struct Held {
    /// `None` for the gateway itself, by the brake.
    by: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    why: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Uncertain)]
struct Doubted {
    /// The recipient's number in the plan.
    seq: u32,
    /// Masked; `None` of somebody who is not to be shown at all.
    who: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// How many of their copies had no end that we know.
    copies: u8,
    /// `waits`, `again`, `under-way`, `taken`, `over`.
    stands: &'static str,
    /// When they are sent another.
    #[schema(value_type = Option<String>, format = DateTime)]
    again: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = End)]
struct Over {
    by: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    comment: String,
}

/// How many a mailing would reach, as the master list stands now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reach)]
struct Reach {
    recipients: u64,
    /// How many of them got so many of our mailings in the last 7 days.
    #[schema(value_type = BTreeMap<String, u64>)]
    pressed: BTreeMap<u32, u64>,
    #[schema(value_type = BTreeMap<String, u64>)]
    exclusions: BTreeMap<Exclusion, u64>,
    /// How far the audience has changed since each approval that counts.
    drift: Vec<Drifted>,
}

/// How far an audience has changed since an office approved it; who joined and left is a close estimate.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Drift)]
struct Drifted {
    office: OfficeName,
    then: u64,
    joined: u64,
    left: u64,
    percent: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Seen)]
struct Seen {
    headers: Vec<(String, String)>,
    text: Option<String>,
    attachments: Vec<(String, u64)>,
}

/// How far a mailing is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Progress)]
pub(super) struct Progress {
    id: String,
    state: &'static str,
    paused: bool,
    tally: Tally,
    /// Copies taken a second, over the last minute.
    copies_per_second: f64,
    /// When the last will have left for the first time, as limits and pace stand now.
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_end: Option<Timestamp>,
    /// How it fares, by provider, most people first.
    by_provider: Vec<Fared>,
}

/// How the copies for one provider fare.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fare)]
struct Fared {
    provider: String,
    planned: u64,
    accepted: u64,
    /// Waiting for another attempt, the uncertain ones among them.
    deferred: u64,
    failed: u64,
    suppressed: u64,
    /// Attempts whose end we do not know.
    uncertain: u64,
    /// Mailboxes that are gone.
    gone: u64,
    complained: u64,
    /// What was said most often to copies that were not taken: codes and the name of the rule, or words.
    replies: Vec<Said>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reply)]
struct Said {
    reply: String,
    count: u64,
}

impl Fared {
    fn of((provider, counts): &(String, Counts)) -> Self {
        let said = |(reply, count): (&str, u64)| Said {
            reply: reply.to_owned(),
            count,
        };
        Self {
            provider: provider.clone(),
            planned: counts.planned,
            accepted: counts.accepted,
            deferred: counts.deferred,
            failed: counts.failed,
            suppressed: counts.suppressed,
            uncertain: counts.uncertain,
            gone: counts.gone(),
            complained: counts.complained,
            replies: counts.commonest(REPLIES_MAX).into_iter().map(said).collect(),
        }
    }
}

impl Line {
    pub(super) fn of(state: &State, desk: &Desk) -> Self {
        let mailing = state.mailing();
        let hold = match state {
            State::Held(held) => Some(held.hold()),
            State::Released(_) | State::Expanded(_) | State::Closed(_) | State::Ended(_) => None,
        };
        let wanting = hold.map(|hold| hold.wanting(mailing)).unwrap_or_default();
        Self {
            id: mailing.id.to_string(),
            state: state.word(),
            paused: is_paused(state),
            subject: mailing.subject.clone(),
            author: mailing.author.address.to_string(),
            category: mailing.category,
            lists: mailing.audience.segments().iter().map(|s| s.list.to_string()).collect(),
            people: mailing.audience.people().len(),
            submitted_at: mailing.submitted_at,
            version: mailing.version,
            binding: held_binding(state),
            claimed_by: hold.and_then(|hold| hold.claim()).map(|claim| claim.by.to_string()),
            scheduled_for: hold.and_then(|hold| hold.not_before()),
            until: hold.map(|hold| hold.until),
            wanting: wanting.iter().map(|office| OfficeName::of(office, desk)).collect(),
        }
    }
}

impl OfficeName {
    fn of(office: &OfficeId, desk: &Desk) -> Self {
        Self {
            id: office.to_string(),
            name: desk.offices().name(office),
        }
    }
}

impl Whole {
    pub(super) fn of(state: &State, desk: &Desk, who: &Actor, tally: Tally) -> Self {
        let standing = match who {
            Actor::Operator => Standing::default(),
            Actor::Account(address) | Actor::Reader(address) => desk.standing(state, address),
        };
        let mut whole = Self {
            line: Line::of(state, desk),
            bytes: state.mailing().content.bytes,
            message_id: state.mailing().message_id.clone(),
            findings: vec![],
            remarks: vec![],
            approvals: vec![],
            released: None,
            ended: None,
            pause: None,
            tally: None,
            came_back: CameBack::default(),
            uncertain: vec![],
            when_uncertain: None,
            by_provider: Vec::new(),
            exclusions: BTreeMap::new(),
            may: may(&standing),
            why_not_release: standing.why_not_release,
            reach: None,
            preview: None,
        };
        whole.tell(state, desk, tally);
        whole
    }

    /// With the message as recipients get it.
    pub(super) fn seen(mut self, preview: Preview) -> Self {
        self.preview = Some(Seen {
            headers: preview.headers,
            text: preview.text,
            attachments: preview.attachments,
        });
        self
    }

    /// With what the editorial checks say.
    pub(super) fn remarked(mut self, remarks: Vec<Remark>) -> Self {
        self.remarks = remarks;
        self
    }

    /// With what came back of its copies.
    pub(super) fn returned(mut self, came_back: CameBack) -> Self {
        self.came_back = came_back;
        self
    }

    /// With those whose copy was uncertain.
    pub(super) fn doubted(mut self, doubts: Vec<Doubt>) -> Self {
        let doubted = |doubt: Doubt| Doubted {
            seq: doubt.seq,
            who: doubt.who,
            since: doubt.since,
            copies: doubt.copies,
            stands: doubt.stands.word(),
            again: match doubt.stands {
                Stands::Again(at) => Some(at),
                Stands::Waits | Stands::UnderWay | Stands::Taken | Stands::Over => None,
            },
        };
        self.uncertain = doubts.into_iter().map(doubted).collect();
        self
    }

    /// With how it fares.
    pub(super) fn fared(mut self, fare: &Fare) -> Self {
        self.by_provider = fare.by_provider.iter().map(Fared::of).collect();
        self
    }

    /// With how many it would reach.
    pub(super) fn counted(mut self, count: Count, drifts: &[(OfficeId, Drift)], desk: &Desk) -> Self {
        let drifted = |(office, drift): &(OfficeId, Drift)| Drifted {
            office: OfficeName::of(office, desk),
            then: drift.then,
            joined: drift.joined,
            left: drift.left,
            percent: drift.percent(),
        };
        self.reach = Some(Reach {
            recipients: count.recipients,
            pressed: count.pressed,
            exclusions: count.exclusions,
            drift: drifts.iter().map(drifted).collect(),
        });
        self
    }

    /// What its state knows of it.
    fn tell(&mut self, state: &State, desk: &Desk, tally: Tally) {
        match state {
            State::Held(held) => {
                self.findings = held.hold().findings().iter().map(Found::of).collect();
                self.ended = held.hold().returned().map(|returned| Over {
                    by: Some(returned.by.to_string()),
                    at: returned.at,
                    comment: returned.comment.clone(),
                });
                let given = held.hold().approvals().iter();
                self.approvals = given
                    .map(|approval| Approved {
                        office: OfficeName::of(&approval.office, desk),
                        by: approval.by.to_string(),
                        at: approval.at,
                    })
                    .collect();
            }
            State::Released(released) => self.released = Some(Let::of(released.release())),
            State::Expanded(expanded) => {
                self.released = Some(Let::of(expanded.release()));
                self.exclusions = expanded.exclusions().clone();
                self.when_uncertain = Some(expanded.when_uncertain().word());
                self.pause = expanded.pause().map(|pause| Held {
                    by: pause.by.as_ref().map(ToString::to_string),
                    at: pause.at,
                    why: pause.why.clone(),
                });
                self.tally = Some(tally);
            }
            State::Closed(closed) => {
                self.released = Some(Let::of(closed.release()));
                self.exclusions = closed.exclusions().clone();
                self.tally = Some(*closed.tally());
                self.ended = Some(Over {
                    by: closed.stopped_by().map(ToString::to_string),
                    at: closed.closed_at(),
                    comment: String::new(),
                });
            }
            State::Ended(ended) => {
                self.ended = Some(Over {
                    by: Some(ended.by().to_string()),
                    at: ended.at(),
                    comment: ended.comment().to_owned(),
                });
            }
        }
    }
}

impl Found {
    fn of(finding: &Finding) -> Self {
        Self {
            rule: finding.rule.to_string(),
            clause: finding.clause.to_string(),
            asks: match finding.ask {
                Ask::Note => "note",
                Ask::Hold { .. } => "hold",
                Ask::Refuse { .. } => "refuse",
            },
            sentence: finding.sentence.clone(),
        }
    }
}

impl Let {
    fn of(release: &Release) -> Self {
        Self {
            by: release.by.as_ref().map(ToString::to_string),
            at: release.at,
            not_before: release.not_before,
        }
    }
}

impl Progress {
    pub(super) fn of(state: &State, tally: Tally, fare: &Fare) -> Self {
        let now = fare.now.as_ref();
        Self {
            id: state.id().to_string(),
            state: state.word(),
            paused: is_paused(state),
            tally,
            // To the hundredth: what follows it is noise.
            copies_per_second: now.map_or(0.0, |now| (now.per_second * 100.0).round() / 100.0),
            expected_end: now
                .and_then(|now| now.outlook)
                .map(|outlook| outlook.ends)
                .filter(|_| !is_paused(state)),
            by_provider: fare.by_provider.iter().map(Fared::of).collect(),
        }
    }
}

fn held_binding(state: &State) -> Option<String> {
    match state {
        State::Held(held) => Some(held.binding().as_text()),
        State::Released(_) | State::Expanded(_) | State::Closed(_) | State::Ended(_) => None,
    }
}

fn is_paused(state: &State) -> bool {
    matches!(state, State::Expanded(expanded) if expanded.is_paused())
}

/// The acts allowed, by the names of their routes.
fn may(standing: &Standing) -> Vec<&'static str> {
    let acts = [
        (standing.approve, "approve"),
        (standing.release, "release"),
        (standing.give_back, "return"),
        (standing.decline, "decline"),
        (standing.withdraw, "withdraw"),
        (standing.pause, "pause"),
        (standing.resume, "resume"),
        (standing.when_uncertain.is_some(), "uncertain"),
        (standing.stop, "stop"),
        (standing.attest, "attest"),
        (!standing.convert_to.is_empty(), "convert"),
        (standing.name_survey, "survey"),
        (standing.confirm, "confirm"),
        (standing.reviewed, "reviewed"),
        (standing.claim, "claim"),
        (standing.unclaim, "unclaim"),
        (standing.schedule, "schedule"),
        (standing.test, "test"),
        (standing.edit, "edit"),
        (standing.agree, "agree"),
    ];
    acts.into_iter().filter(|(may, _)| *may).map(|(_, act)| act).collect()
}
