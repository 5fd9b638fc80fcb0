//! What was decided → the commit, and only then the answer: a case, a slice of one, mail that goes, an emergency.

use super::answer;
use super::gate::{Gate, rules};
use super::gather::Gathered;
use super::lately::Lately;
use crate::decide::notice::{self, Told};
use crate::mail::{Address, ForwardPath, Timestamp};
use crate::model::lifecycle::{Released, State, Submitted};
use crate::model::{Act, Ask, Event, Finding, Lane, Mailing, MailingId, Series};
use crate::smtp::Reply;
use crate::store::{Admission, Error, Move, News, Outgoing};

impl Gate {
    /// It is kept: as a case of its own, or as more of one.
    pub(super) async fn hold(
        &self,
        gathered: Gathered,
        findings: Vec<Finding>,
        fingerprint: [u8; 32],
    ) -> Result<Reply, Error> {
        let is_only_many = findings.iter().all(Finding::can_be_attested);
        match gathered.facts.group.case {
            Some(case) if is_only_many => self.join(gathered, case, findings, fingerprint).await,
            Some(_) | None => self.open_case(gathered, findings, fingerprint, is_only_many).await,
        }
    }

    async fn open_case(
        &self,
        gathered: Gathered,
        findings: Vec<Finding>,
        fingerprint: [u8; 32],
        is_only_many: bool,
    ) -> Result<Reply, Error> {
        let Gathered {
            facts,
            mailing,
            bytes,
            mut lately,
            turn,
            ..
        } = gathered;
        let Some(mut mailing) = mailing else {
            return Ok(answer::nobody());
        };
        let now = mailing.submitted_at;
        let mut outgoing = Vec::new();
        if is_only_many && !facts.class.members.is_empty() {
            outgoing.extend(self.class_first(&mut mailing, &facts.class.members, &bytes, now));
        }
        // Whatever people decide on is a case.
        if mailing.id.series == Series::Conveyed {
            mailing.id = self.store.next_id(Series::Case, now.year(&self.settings.zone));
        }
        outgoing.extend(self.alerts(&mailing, &findings));
        let (id, author) = (mailing.id, mailing.author.address.clone());
        let until = now.plus(self.settings.policy.lapse_after);
        let recalled = lately.under_way();
        if is_only_many {
            lately.is_held_as(id);
        }
        let event = self.event(Act::Held, &author, Some(id), rules(&findings));
        let held = Submitted::new(mailing).hold(findings.clone(), until);
        let admission = Admission {
            state: State::Held(held),
            message: bytes,
            fingerprint: Some(fingerprint),
            event: Some(event),
            traces: lately.traces(&self.store, None, now)?,
            is_unread: false,
            untold: Some(News::Held),
        };
        // What is taken back of the group belongs to the same turn.
        let (turn, _kept) = if is_only_many { (None, turn) } else { (turn, None) };
        self.store.admit_in_turn(admission, outgoing, turn).await?;
        if is_only_many {
            self.recall(&recalled, id, &findings, until).await?;
        }
        Ok(answer::held(id, &self.settings.console_url))
    }

    /// The class of a message that is held for others in it goes at once. Policy C6.
    fn class_first(&self, mailing: &mut Mailing, class: &[Address], bytes: &[u8], now: Timestamp) -> Option<Outgoing> {
        let is_class = |path: &&ForwardPath| class.iter().any(|member| member.is_same_mailbox(&path.address));
        let (goes, waits): (Vec<&ForwardPath>, Vec<&ForwardPath>) =
            mailing.envelope.forward_paths().iter().partition(is_class);
        let part = |paths: Vec<&ForwardPath>| mailing.envelope.with(paths.into_iter().cloned().collect());
        let (goes, waits) = (part(goes)?, part(waits)?);
        let first = Mailing {
            envelope: goes,
            ..mailing.clone()
        };
        let state = Submitted::new(first).pass(now, now).ok()?;
        mailing.envelope = waits;
        mailing.id = self.store.next_id(Series::Case, now.year(&self.settings.zone));
        Some(Outgoing {
            state,
            message: bytes.to_vec(),
        })
    }

    /// More of what is held already. Its author knows; nobody is told again. Policy C7.
    async fn join(
        &self,
        gathered: Gathered,
        case: MailingId,
        findings: Vec<Finding>,
        fingerprint: [u8; 32],
    ) -> Result<Reply, Error> {
        let Gathered {
            mailing,
            bytes,
            mut lately,
            turn,
            ..
        } = gathered;
        let Some(mailing) = mailing else {
            return Ok(answer::nobody());
        };
        let now = mailing.submitted_at;
        let until = now.plus(self.settings.policy.lapse_after);
        let event = self.event(
            Act::Held,
            &mailing.author.address,
            Some(case),
            format!("{} joins it", mailing.id),
        );
        lately.is_held_as(case);
        let admission = Admission {
            state: State::Held(Submitted::new(mailing).join(case, findings, until)),
            message: bytes,
            fingerprint: Some(fingerprint),
            event: Some(event),
            traces: lately.traces(&self.store, None, now)?,
            is_unread: false,
            untold: None,
        };
        self.store.admit_in_turn(admission, Vec::new(), turn).await?;
        Ok(answer::held(case, &self.settings.console_url))
    }

    /// Takes back what has not left yet of a group that is a case now. Who was faster has left.
    async fn recall(&self, ids: &[MailingId], case: MailingId, why: &[Finding], until: Timestamp) -> Result<(), Error> {
        for id in ids {
            let Some(from @ State::Released(_)) = self.store.mailing(*id)? else {
                continue;
            };
            let State::Released(released) = from.clone() else {
                continue;
            };
            let Some(held) = released.recall(case, why.to_vec(), until) else {
                continue;
            };
            self.nudged(from, State::Held(held), None).await?;
        }
        Ok(())
    }

    /// More like it may follow: what has not left waits until that is known.
    async fn settle(&self, ids: &[MailingId], until: Timestamp) -> Result<(), Error> {
        for id in ids {
            let Some(from @ State::Released(_)) = self.store.mailing(*id)? else {
                continue;
            };
            let State::Released(released) = from.clone() else {
                continue;
            };
            self.nudged(from, State::Released(released.settle(until)), None).await?;
        }
        Ok(())
    }

    /// Moves it, unless somebody was faster.
    async fn nudged(&self, from: State, to: State, event: Option<Event>) -> Result<(), Error> {
        let outgoing = Vec::new();
        match self
            .store
            .advance(Move {
                from,
                to,
                event,
                outgoing,
            })
            .await
        {
            Err(Error::Conflict) => Ok(()),
            moved => moved,
        }
    }

    /// It goes.
    pub(super) async fn pass(
        &self,
        gathered: Gathered,
        findings: Vec<Finding>,
        fingerprint: [u8; 32],
    ) -> Result<Reply, Error> {
        let Gathered {
            facts,
            mailing,
            bytes,
            mut lately,
            turn,
            unarmed,
            ..
        } = gathered;
        let Some(mailing) = mailing else {
            return Ok(answer::nobody());
        };
        if mailing.lane == Lane::Emergency {
            let is_drill = facts.is_drill(&self.settings.policy);
            let (id, author) = (mailing.id, mailing.author.address.clone());
            let reply = self.emergency((mailing, is_drill), bytes, lately, fingerprint).await?;
            if let Some(before) = unarmed.filter(|_| !is_drill) {
                self.overtake(before, id, &author).await?;
            }
            return Ok(reply);
        }
        let (id, author, now) = (mailing.id, mailing.author.address.clone(), mailing.submitted_at);
        let (not_before, is_burst) = self.not_before(&lately, now);
        let nudge: Vec<&Finding> = findings.iter().filter(|f| f.rule == "hidden-mass-mailing").collect();
        let is_nudged = !nudge.is_empty() && !facts.group.is_attested;
        let outgoing = if is_nudged {
            vec![self.nudge(&mailing, &nudge)]
        } else {
            Vec::new()
        };
        // Contact data goes by the allow-list alone, and each time is kept. Policy C10.
        let let_out = findings.iter().find(|finding| finding.rule == "contact-data-leaving");
        let event = let_out.map(|finding| self.event(Act::LetOut, &author, Some(id), finding.sentence.clone()));
        let under_way = lately.under_way();
        lately.goes(id, is_nudged);
        let traces = lately.traces(&self.store, Some(not_before), now)?;
        match Submitted::new(mailing).pass(not_before, now) {
            Ok(state) => {
                let admission = Admission {
                    fingerprint: Some(fingerprint),
                    event,
                    traces,
                    ..Admission::conveyed(Outgoing { state, message: bytes })
                };
                let (turn, _kept) = if is_burst { (None, turn) } else { (turn, None) };
                self.store.admit_in_turn(admission, outgoing, turn).await?;
                if is_burst {
                    self.settle(&under_way, not_before).await?;
                }
                Ok(answer::passed())
            }
            // No rule held what we would expand: that is a hole in the policy, and nothing leaves through it.
            Err(mailing) => {
                tracing::error!(mailing.id = %mailing.id, "no rule held a mailing to a list; it was not taken");
                Ok(Reply::try_again())
            }
        }
    }

    /// When it may leave, and whether that is late because of a burst.
    fn not_before(&self, lately: &Lately, now: Timestamp) -> (Timestamp, bool) {
        let hidden = &self.settings.policy.hidden;
        let paced = lately.wait_until.unwrap_or(now);
        if lately.grown.is_attested || !lately.may_be_first {
            return (paced, false);
        }
        let is_burst = lately.grown.burst >= hidden.burst;
        let settled = now.plus(if is_burst { hidden.settle } else { hidden.settle_first });
        (paced.max(settled), is_burst)
    }

    async fn emergency(
        &self,
        (mailing, is_drill): (Mailing, bool),
        bytes: Vec<u8>,
        lately: Lately,
        fingerprint: [u8; 32],
    ) -> Result<Reply, Error> {
        let policy = &self.settings.policy;
        let (id, author, now) = (mailing.id, mailing.author.address.clone(), mailing.submitted_at);
        let told = Told::of(&mailing);
        let reviewers = policy.offices.reviewers().into_iter();
        let outgoing = reviewers
            .map(|to| self.notice(notice::Kind::Afterwards, to, &told))
            .collect();
        let Some(herald) = policy.emergency.heralds.find(&author) else {
            return Ok(answer::nobody());
        };
        let Ok(state) = Submitted::new(mailing).emergency(&herald, now) else {
            return Ok(Reply::try_again());
        };
        let drill = if is_drill { "a drill; " } else { "" };
        let note = format!("{drill}a fresh second factor; nobody waited for");
        let admission = Admission {
            state: State::Released(state),
            message: bytes,
            fingerprint: Some(fingerprint),
            event: Some(self.event(Act::Emergency, &author, Some(id), note)),
            traces: lately.traces(&self.store, None, now)?,
            is_unread: true,
            untold: None,
        };
        self.store.admit(admission, outgoing).await?;
        Ok(answer::emergency(id, &self.settings.console_url))
    }

    /// What was held because its author had not shown a second factor yet is no question any more once it has gone.
    async fn overtake(&self, held: MailingId, gone: MailingId, author: &Address) -> Result<(), Error> {
        let Some(from @ State::Held(_)) = self.store.mailing(held)? else {
            return Ok(());
        };
        let State::Held(held) = from.clone() else {
            return Ok(());
        };
        let Ok(ended) = held.withdraw(author, self.clock.now()) else {
            return Ok(());
        };
        let event = self.event(
            Act::Withdrawn,
            author,
            Some(from.id()),
            format!("it has gone as {gone}"),
        );
        self.nudged(from, State::Ended(ended), Some(event)).await
    }

    /// Who watches over contact data is told in the same commit: what its author takes back at once was an attempt as well.
    /// Policy C10.
    pub(super) fn alerts(&self, mailing: &Mailing, findings: &[Finding]) -> Vec<Outgoing> {
        if !findings.iter().any(is_alarming) {
            return Vec::new();
        }
        let told = Told {
            reasons: findings.iter().map(|finding| finding.sentence.clone()).collect(),
            ..Told::of(mailing)
        };
        let alerts = self.settings.policy.alerts.iter();
        alerts.map(|to| self.notice(notice::Kind::Alert, to, &told)).collect()
    }

    fn nudge(&self, mailing: &Mailing, why: &[&Finding]) -> Outgoing {
        let told = Told {
            reasons: why.iter().map(|finding| finding.sentence.clone()).collect(),
            ..Told::of(mailing)
        };
        self.notice(notice::Kind::Nudge, &mailing.author.address, &told)
    }

    pub(super) fn notice(&self, kind: notice::Kind, to: &Address, told: &Told<'_>) -> Outgoing {
        let now = self.clock.now();
        let id = self.store.next_id(Series::Conveyed, now.year(&self.settings.zone));
        let (state, message): (Released, Vec<u8>) = notice::write(&self.settings.notices, kind, to, told, id, now);
        Outgoing { state, message }
    }
}

/// Whether those who watch over contact data hear of it.
fn is_alarming(finding: &Finding) -> bool {
    finding.rule == "contact-data-leaving" && matches!(finding.ask, Ask::Hold { .. })
}
