//! What lets a mailing go beside a steward's yes and a reviewer's release: its author's word, or a second person's.

use super::{Desk, Done, Refusal};
use crate::decide::policy::{Facts, Letter, Place, decide};
use crate::mail::{Address, Envelope, ForwardPath, Timestamp};
use crate::model::lifecycle::{Held, State, Submitted};
use crate::model::{Act, Category, Decision, Mailing, MailingId, Series, Survey, Wanting};
use crate::store::{Admission, Error, Move, News, Owner, Traces};

impl Desk {
    /// Its author says that these are people they work with, or their class; the reason is kept. Policy C6, C7.
    pub async fn attest(&self, id: MailingId, by: &Address, reason: &str) -> Result<Done, Refusal> {
        let (state, held) = self.held(id, by)?;
        let reason = super::act::said(reason)?;
        let most = self.settings.policy.hidden.attest_max;
        // Its slices go with it, so all that it has grown to counts.
        let owner = Owner::author(self.store.marker().mark(&by.key()));
        let group = self.store.group_of(owner, id)?;
        let grown = group.as_ref().map_or(0, |group| group.people.len());
        if u32::try_from(grown).unwrap_or(u32::MAX) > most {
            return Err(self.wanting(Wanting::NotAttestable(most)));
        }
        let released = held
            .attest(by, most, self.clock.now())
            .map_err(|why| self.wanting(why))?;
        self.step(state, State::Released(released), by, Act::Attested, reason, Vec::new())
            .await?;
        if let Some(mut group) = group {
            group.is_attested = true;
            group.case = None;
            self.store.put_group(owner, &group, self.clock.now()).await?;
        }
        Ok(Done {
            sentence: "Sent, on your word, which is kept. What you send them on this subject is not held again."
                .to_owned(),
        })
    }

    /// Its author makes it a request to a list: this case ends, and a new one begins. Policy C7.
    pub async fn convert(&self, id: MailingId, by: &Address, list: &str) -> Result<Done, Refusal> {
        let (state, held) = self.held(id, by)?;
        let list = self.settings.policy.list_called(list.trim());
        let list = list.cloned().map_err(Refusal::NotEntitled)?;
        let now = self.clock.now();
        let ended = held.convert(by, &list, now).map_err(|why| self.wanting(why))?;
        let before = state.mailing().clone();
        let facts = Facts {
            author: Some(before.author.clone()),
            reverse_path: Some(before.author.address.clone()),
            from: vec![before.author.address.clone()],
            recipients: vec![(list.clone(), Place::List)],
            at: Some(now),
            letter: Letter {
                subject: before.subject.clone(),
                ..Letter::default()
            },
            ..Facts::default()
        };
        let policy = &self.settings.policy;
        let findings = match decide(&facts, policy) {
            Decision::Refuse(findings) | Decision::Pass(findings) => {
                let why: Vec<String> = findings.into_iter().map(|finding| finding.sentence).collect();
                return Err(Refusal::NotEntitled(why.join("; ")));
            }
            Decision::Hold(findings) => findings,
        };
        let message = self.store.message(id)?;
        let new = self.store.next_id(Series::Case, now.year(&self.settings.zone));
        let resolved = policy.resolve(&facts);
        let to = vec![ForwardPath::to(list.clone())];
        let mailing = Mailing {
            id: new,
            envelope: Envelope::new(Some(by.clone()), to).unwrap_or(before.envelope),
            submitted_at: now,
            audience: resolved.audience,
            capacity: resolved.capacity,
            category: resolved.category,
            lane: resolved.lane,
            identity: resolved.identity,
            ..before
        };
        let held = Submitted::new(mailing).hold(findings, now.plus(policy.lapse_after));
        let admission = Admission {
            state: State::Held(held),
            message,
            fingerprint: None,
            event: Some(self.event(Act::Held, by, new, format!("made of {id}"))),
            traces: Traces::default(),
            is_unread: false,
            untold: Some(News::Held),
        };
        self.store.admit(admission, Vec::new()).await?;
        let note = format!("to {list}, as {new}");
        self.step(state, State::Ended(ended), by, Act::Converted, note, Vec::new())
            .await?;
        Ok(Done {
            sentence: format!("It is a request to {list} now: {new}. Nobody you named gets it first."),
        })
    }

    /// Its author, or a reviewer for them, says whose survey it is. Policy C13.
    pub async fn name_survey(&self, id: MailingId, by: &Address, text: &str) -> Result<Done, Refusal> {
        let (state, held) = self.held(id, by)?;
        let is_author = state.mailing().author.address.is_same_mailbox(by);
        if !is_author && self.offices().reviewer(by).is_none() {
            return Err(Refusal::NotEntitled(
                "only its author or a reviewer says whose survey it is".to_owned(),
            ));
        }
        if !held.hold().wants_survey() {
            return Err(Refusal::NotEntitled(format!("{id} asks nobody to answer a survey")));
        }
        let survey = survey(text);
        if let Some(fault) = survey.fault() {
            return Err(Refusal::NotEntitled(format!(
                "{fault}; write lines such as `owner: …`, `id: …`, `irb: …`, `opens: 2026-11-24`, `closes: 2026-12-08`"
            )));
        }
        let note = format!(
            "{}: id {}, IRB {}, {} to {}",
            survey.owner, survey.id, survey.irb, survey.opens, survey.closes
        );
        let named = State::Held(held.with_survey(survey));
        self.step(state, named, by, Act::SurveyNamed, note, Vec::new()).await?;
        Ok(Done {
            sentence: "Noted. It can be released once its approvals are there.".to_owned(),
        })
    }

    /// A second person of the emergency roles confirms an emergency. Policy C17.
    pub async fn confirm(&self, id: MailingId, by: &Address) -> Result<Done, Refusal> {
        let (state, held) = self.held_unseen(id)?;
        let Some(herald) = self.settings.policy.emergency.heralds.find(by) else {
            return Err(Refusal::NotEntitled(format!("{by} has no emergency role")));
        };
        let released = held
            .confirm(&herald, self.clock.now())
            .map_err(|why| self.wanting(why))?;
        let note = "a second person; nobody else waited for".to_owned();
        let to = State::Released(released);
        let outgoing = self.tell_afterwards(to.mailing());
        self.step(state, to, by, Act::Confirmed, note, outgoing).await?;
        self.store.leave_unread(id).await?;
        Ok(Done {
            sentence: "Confirmed. It goes at once; a reviewer reads it within one business day.".to_owned(),
        })
    }

    /// A reviewer has read an emergency afterwards. Policy C17.
    pub async fn reviewed(&self, id: MailingId, by: &Address, comment: &str) -> Result<Done, Refusal> {
        let state = self.visible(id, by)?;
        self.reviewer(by, "read an emergency as")?;
        if by.is_same_mailbox(&state.mailing().author.address) {
            return Err(Refusal::NotEntitled(
                "somebody else must read what you sent yourself".to_owned(),
            ));
        }
        let event = self.event(
            Act::Reviewed,
            by,
            id,
            comment.chars().take(super::act::NOTE_CHARS_MAX).collect(),
        );
        if !self.store.read_emergency(id, event).await? {
            return Err(Refusal::NotEntitled(format!(
                "{id} is no emergency that waits to be read"
            )));
        }
        Ok(Done {
            sentence: "Noted: you have read it.".to_owned(),
        })
    }

    /// A slice of a case that has been decided on goes where that went. Policy C7.
    pub(super) async fn follow_case(&self, from: State, held: Held, case: MailingId) -> Result<(), Error> {
        let Some(case) = self.store.mailing(case)? else {
            return Ok(());
        };
        let Some(to) = held.follow(&case, self.clock.now()) else {
            return Ok(());
        };
        let (event, outgoing) = (None, Vec::new());
        let step = Move {
            from,
            to,
            event,
            outgoing,
        };
        self.store.advance(step).await
    }

    /// Now, or when a reviewer has put it to leave.
    pub(super) fn earliest(&self, state: &State) -> Timestamp {
        let now = self.clock.now();
        match state {
            State::Held(held) => held.hold().not_before().map_or(now, |at| at.max(now)),
            State::Released(_) | State::Expanded(_) | State::Closed(_) | State::Ended(_) => now,
        }
    }

    /// When a mailing to so many people, released now, may begin to leave. What is critical, and what its author
    /// addressed, at once. Policy C11.
    pub fn next_slot(&self, state: &State, recipients: u64) -> Timestamp {
        let (mailing, earliest) = (state.mailing(), self.earliest(state));
        let is_bound = mailing.category != Category::Critical && !mailing.audience.segments().is_empty();
        match &self.settings.policy.frequency.hours {
            Some(hours) if is_bound => hours.next_slot(recipients, earliest, &self.settings.zone),
            Some(_) | None => earliest,
        }
    }
}

/// Lines `word: value`, in any order.
fn survey(text: &str) -> Survey {
    let value = |word: &str| {
        let line = text.lines().find_map(|line| {
            let (name, value) = line.trim_start_matches(['>', ' ']).split_once(':')?;
            name.trim().eq_ignore_ascii_case(word).then(|| value.trim().to_owned())
        });
        line.unwrap_or_default()
    };
    Survey {
        owner: value("owner"),
        id: value("id"),
        irb: value("irb"),
        opens: value("opens"),
        closes: value("closes"),
    }
}
