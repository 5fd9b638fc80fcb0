//! One mailing, whole.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::progress::Fared;
use super::{Line, OfficeName, Paused};
use crate::console::api::actor::Actor;
use crate::mail::Timestamp;
use crate::model::lifecycle::State;
use crate::model::{Ask, CameBack, Drift, Exclusion, Finding, OfficeId, Release, Tally};
use crate::stage::review::{Count, Desk, Doubt, Fare, Preview, Remark, Standing, Stands};

/// One mailing, with what happened to it and what may happen next.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WholeMailing)]
pub(in crate::console::api) struct Whole {
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
    pause: Option<Paused>,
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

impl Whole {
    pub(in crate::console::api) fn of(state: &State, desk: &Desk, who: &Actor, tally: Tally) -> Self {
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
    pub(in crate::console::api) fn seen(mut self, preview: Preview) -> Self {
        self.preview = Some(Seen {
            headers: preview.headers,
            text: preview.text,
            attachments: preview.attachments,
        });
        self
    }

    /// With what the editorial checks say.
    pub(in crate::console::api) fn remarked(mut self, remarks: Vec<Remark>) -> Self {
        self.remarks = remarks;
        self
    }

    /// With what came back of its copies.
    pub(in crate::console::api) fn returned(mut self, came_back: CameBack) -> Self {
        self.came_back = came_back;
        self
    }

    /// With those whose copy was uncertain.
    pub(in crate::console::api) fn doubted(mut self, doubts: Vec<Doubt>) -> Self {
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
    pub(in crate::console::api) fn fared(mut self, fare: &Fare) -> Self {
        self.by_provider = fare.by_provider.iter().map(Fared::of).collect();
        self
    }

    /// With how many it would reach.
    pub(in crate::console::api) fn counted(mut self, count: Count, drifts: &[(OfficeId, Drift)], desk: &Desk) -> Self {
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
                self.pause = Paused::of(state);
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
