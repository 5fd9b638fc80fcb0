//! What a steward, a reviewer or an author does.

use super::{Count, Desk, Done, Refusal, Words};
use crate::decide::notice::Kind;
use crate::mail::{Address, Timestamp};
use crate::model::lifecycle::{Ended, Expanded, Held, Pause, Refused, Released, State};
use crate::model::{Act, Event, MailingId, Reviewer, Steward, Wanting};
use crate::store::{Error, Move, Outgoing};

/// Characters of a comment that the audit trail keeps.
pub(super) const NOTE_CHARS_MAX: usize = 1_000;

impl Desk {
    /// A steward says yes to the use of the audience in their care. Policy C15.
    pub async fn approve(&self, id: MailingId, by: &Address) -> Result<Done, Refusal> {
        let (state, held) = self.held(id, by)?;
        let steward = self.steward_of(&held, by)?;
        let count = self.counted(&state).await?;
        let approved = held
            .approve(&steward, &count.prints, self.clock.now())
            .map_err(|why| self.wanting(why))?;
        let wanting = self.names(&approved.wanting());
        let outgoing = self.tell_approval(&approved, &steward);
        let note = format!("for the {}", self.offices().name(steward.office()));
        self.step(state, State::Held(approved), by, Act::Approved, note, outgoing)
            .await?;
        let next = if wanting.is_empty() {
            "Nobody is wanting any more: a reviewer can release it now.".to_owned()
        } else {
            format!("Still wanting: {}.", wanting.join(", "))
        };
        Ok(Done {
            sentence: format!("Approved for the {}. {next}", self.offices().name(steward.office())),
        })
    }

    /// A reviewer lets it go, in its hours; with a reason, which is kept, at once, or despite what blocks it.
    /// Policy C9, C11, C12; laws 1 and 2.
    pub async fn release(&self, id: MailingId, by: &Address, words: Words<'_>) -> Result<Done, Refusal> {
        let (state, held) = self.held(id, by)?;
        let reviewer = self.reviewer(by, "release")?;
        let now = self.clock.now();
        let reason = words.now.trim();
        // Whether they may comes before when.
        held.clone()
            .release(&reviewer, now, now)
            .map_err(|why| self.wanting(why))?;
        let count = self.counted(&state).await?;
        self.void_or_go_on(&state, &held, &count).await?;
        let (despite, slot) = self.weigh(&state, &held, words, count).await?;
        let released = held.release(&reviewer, slot, now).map_err(|why| self.wanting(why))?;
        let released = State::Released(released);
        let category = released.mailing().category;
        let outgoing = self.tell_author(Kind::Released, &released, by, "");
        let judged = format!("judged {category:?}").to_lowercase();
        let at_once = if reason.is_empty() {
            String::new()
        } else {
            format!("; at once: {reason}")
        };
        let note = format!("{judged}{at_once}{despite}")
            .chars()
            .take(NOTE_CHARS_MAX)
            .collect();
        self.step(state, released, by, Act::Released, note, outgoing).await?;
        let sentence = if slot > now {
            let at = slot.readable(&self.settings.zone);
            format!("Released. The copies leave from {at}, in their hours.")
        } else {
            "Released. The copies leave as fast as the mailbox providers bear.".to_owned()
        };
        Ok(Done { sentence })
    }

    /// A reviewer, or a steward it wants, says no; a steward to their part of it, a reviewer also until the first copy leaves.
    /// Policy C9, C15.
    pub async fn decline(&self, id: MailingId, by: &Address, comment: &str) -> Result<Done, Refusal> {
        if let State::Released(released) = self.visible(id, by)? {
            return self.decline_released(released, by, comment).await;
        }
        let (state, held) = self.held(id, by)?;
        let comment = said(comment)?;
        let now = self.clock.now();
        if let Some(reviewer) = self.offices().reviewer(by) {
            let ended = held.decline(&reviewer, comment.clone(), now);
            return self.declined(state, ended, by, comment).await;
        }
        let steward = self.steward_of(&held, by)?;
        let office = self.offices().name(steward.office());
        match held
            .refuse_use(&steward, comment.clone(), now)
            .map_err(|why| self.wanting(why))?
        {
            Refused::Whole(ended) => self.declined(state, *ended, by, comment).await,
            Refused::Part(held) => {
                let to = State::Held((*held).clone());
                let note = format!("for the {office}: {comment}");
                let mut outgoing = self.tell_author(Kind::Partly, &to, by, &note);
                if held.wanting().is_empty() {
                    outgoing.extend(self.tell_reviewers(&held));
                }
                self.step(state, to, by, Act::KeptOut, note, outgoing).await?;
                Ok(Done {
                    sentence: format!("Nobody the {office} answers for gets it; the others may. Its author is told."),
                })
            }
        }
    }

    /// What was released for later is not gone yet: a reviewer may think better of it.
    async fn decline_released(&self, released: Released, by: &Address, comment: &str) -> Result<Done, Refusal> {
        let reviewer = self.reviewer(by, "decline")?;
        let comment = said(comment)?;
        let ended = released.clone().decline(&reviewer, comment.clone(), self.clock.now());
        self.declined(State::Released(released), ended, by, comment).await
    }

    async fn declined(&self, state: State, ended: Ended, by: &Address, comment: String) -> Result<Done, Refusal> {
        self.end(state, ended, by, Act::Declined, comment).await?;
        Ok(Done {
            sentence: "Declined. Its author is told, with your comment.".to_owned(),
        })
    }

    /// How many it would reach; not on a thread that serves others, for it reads the whole master list.
    async fn counted(&self, state: &State) -> Result<Count, Refusal> {
        let (desk, state) = (self.clone(), state.clone());
        let counted = tokio::task::spawn_blocking(move || desk.count(&state)).await;
        counted.map_err(|panicked| Error::Disk(panicked.to_string()))?
    }

    /// Why it goes despite what blocks it, and when it leaves. Reads the message: not on a thread that serves others.
    async fn weigh(
        &self,
        state: &State,
        held: &Held,
        words: Words<'_>,
        count: Count,
    ) -> Result<(String, Timestamp), Refusal> {
        let (desk, state, held) = (self.clone(), state.clone(), held.clone());
        let (at_once, despite) = (!words.now.trim().is_empty(), words.despite.to_owned());
        let weighed = tokio::task::spawn_blocking(move || {
            let despite = desk.despite(&state, &despite)?;
            desk.tested(&state, &held, &count)?;
            let slot = if at_once {
                desk.earliest(&state)
            } else {
                desk.next_slot(&state, count.recipients)
            };
            Ok((despite, slot))
        });
        weighed.await.map_err(|panicked| Error::Disk(panicked.to_string()))?
    }

    /// What goes to many was seen by somebody as they will get it. Policy C12.
    fn tested(&self, state: &State, held: &Held, count: &Count) -> Result<(), Refusal> {
        let most = self.settings.policy.frequency.test_at;
        if state.mailing().audience.segments().is_empty() || held.is_tested() || count.recipients <= most {
            return Ok(());
        }
        Err(self.wanting(Wanting::Untested(most)))
    }

    /// Its author takes it back, until the first copy leaves. Policy C14.
    pub async fn withdraw(&self, id: MailingId, by: &Address) -> Result<Done, Refusal> {
        let state = self.visible(id, by)?;
        let now = self.clock.now();
        let ended = match state.clone() {
            State::Held(held) => held.withdraw(by, now),
            State::Released(released) => released.withdraw(by, now),
            State::Expanded(_) | State::Closed(_) | State::Ended(_) => {
                return Err(wrong(&state, "it can be withdrawn only until the first copy leaves"));
            }
        };
        let ended = ended.map_err(|why| self.wanting(why))?;
        self.end(state, ended, by, Act::Withdrawn, String::new()).await?;
        Ok(Done {
            sentence: "Withdrawn. Nothing is sent.".to_owned(),
        })
    }

    /// A reviewer holds back further copies for now. Policy C11.
    pub async fn pause(&self, id: MailingId, by: &Address) -> Result<Done, Refusal> {
        let (state, expanded) = self.expanded(id, by, "pause")?;
        if expanded.is_paused() {
            return Err(Refusal::WrongState {
                id,
                word: "paused",
                detail: "no copy leaves until somebody resumes it".to_owned(),
            });
        }
        let pause = Pause {
            by: Some(by.clone()),
            at: self.clock.now(),
            why: String::new(),
        };
        self.step(
            state,
            State::Expanded(expanded.paused(pause)),
            by,
            Act::Paused,
            String::new(),
            vec![],
        )
        .await?;
        Ok(Done {
            sentence: "Paused. No further copy leaves until somebody resumes it.".to_owned(),
        })
    }

    /// A reviewer lets copies leave again.
    pub async fn resume(&self, id: MailingId, by: &Address) -> Result<Done, Refusal> {
        let (state, expanded) = self.expanded(id, by, "resume")?;
        if !expanded.is_paused() {
            return Err(wrong(&state, "it is not paused"));
        }
        self.step(
            state,
            State::Expanded(expanded.resumed(self.clock.now())),
            by,
            Act::Resumed,
            String::new(),
            vec![],
        )
        .await?;
        Ok(Done {
            sentence: "Resumed.".to_owned(),
        })
    }

    /// A reviewer stops it for good: no further copy, ever. Policy C14.
    pub async fn stop(&self, id: MailingId, by: &Address) -> Result<Done, Refusal> {
        let (state, expanded) = self.expanded(id, by, "stop")?;
        let tally = self.store.tally(id)?;
        let closed = State::Closed(expanded.stop(by, tally, self.clock.now()));
        let note = format!("after {} of {} copies", tally.settled(), tally.planned);
        self.step(state, closed, by, Act::Stopped, note.clone(), vec![]).await?;
        Ok(Done {
            sentence: format!("Stopped {note}. It cannot be started again."),
        })
    }

    /// The mailing, when there is one that this person may see. Whoever may not see it hears the same as of one that
    /// does not exist.
    pub fn visible(&self, id: MailingId, who: &Address) -> Result<State, Refusal> {
        let state = self.store.mailing(id)?.ok_or(Refusal::NoSuchMailing(id))?;
        if self.may_see(&state, who) {
            Ok(state)
        } else {
            Err(Refusal::NoSuchMailing(id))
        }
    }

    /// The case that a link of this person's is for, as long as it waits as it did when the link was written.
    pub fn linked(&self, link: &str, id: MailingId, who: &Address) -> Result<Option<State>, Refusal> {
        let Some(state @ State::Held(_)) = self.store.mailing(id)? else {
            return Ok(None);
        };
        let State::Held(held) = &state else { return Ok(None) };
        let is_good = self.settings.notices.tokens.is_link(link, id, who, held.binding());
        Ok((is_good && self.may_see(&state, who)).then_some(state))
    }

    /// The hold, whoever asks: a second person of the emergency roles need not have seen it before.
    pub(super) fn held_unseen(&self, id: MailingId) -> Result<(State, Held), Refusal> {
        let state = self.store.mailing(id)?.ok_or(Refusal::NoSuchMailing(id))?;
        self.hold_of(state)
    }

    pub(super) fn held(&self, id: MailingId, by: &Address) -> Result<(State, Held), Refusal> {
        let state = self.visible(id, by)?;
        self.hold_of(state)
    }

    fn hold_of(&self, state: State) -> Result<(State, Held), Refusal> {
        match &state {
            State::Held(held) => {
                let held = held.clone();
                Ok((state, held))
            }
            State::Released(released) => Err(wrong(&state, &self.released_already(released.release()))),
            State::Expanded(expanded) => Err(wrong(&state, &self.released_already(expanded.release()))),
            State::Closed(closed) => Err(wrong(&state, &self.released_already(closed.release()))),
            State::Ended(ended) => {
                let at = ended.at().readable(&self.settings.zone);
                Err(wrong(&state, &format!("by {} at {at}", ended.by())))
            }
        }
    }

    fn released_already(&self, release: &crate::model::Release) -> String {
        let at = release.at.readable(&self.settings.zone);
        match &release.by {
            Some(by) => format!("already released by {by} at {at}"),
            None => format!("passed by the policy at {at}"),
        }
    }

    pub(super) fn expanded(&self, id: MailingId, by: &Address, act: &str) -> Result<(State, Expanded), Refusal> {
        let state = self.visible(id, by)?;
        // Who looks after the machine may hold mail back for a while, but not for good.
        if act == "stop" {
            self.reviewer(by, act)?;
        } else if !self.is_postmaster(by) && self.offices().reviewer(by).is_none() {
            return Err(Refusal::NotEntitled(format!(
                "only a reviewer or a postmaster can {act} a mailing, and {by} is neither"
            )));
        }
        match &state {
            State::Expanded(expanded) => {
                let expanded = expanded.clone();
                Ok((state, expanded))
            }
            State::Held(_) => Err(wrong(&state, "no copy leaves before it is released")),
            State::Released(_) => Err(wrong(
                &state,
                "no copy is leaving yet; until one does, a reviewer can decline it, and its author withdraw it",
            )),
            State::Closed(_) | State::Ended(_) => Err(wrong(&state, "no copy is leaving any more")),
        }
    }

    pub(super) fn reviewer(&self, by: &Address, act: &str) -> Result<Reviewer, Refusal> {
        let wanted = || Refusal::NotEntitled(format!("only a reviewer can {act} a mailing, and {by} is not one"));
        self.offices().reviewer(by).ok_or_else(wanted)
    }

    /// The stewardship of this account that the mailing still wants; else one it wanted, so that the answer can be
    /// "already approved"; else a refusal.
    fn steward_of(&self, held: &Held, by: &Address) -> Result<Steward, Refusal> {
        let stewardships = self.offices().stewardships(by);
        let wanting = held.wanting();
        let by_need = stewardships.iter().find(|s| wanting.contains(s.office()));
        let wanted = || stewardships.iter().find(|s| held.hold().wants().contains(s.office()));
        by_need.or_else(wanted).cloned().ok_or_else(|| {
            Refusal::NotEntitled(format!(
                "{by} is not a steward of an office whose approval this mailing wants"
            ))
        })
    }

    async fn end(&self, from: State, ended: Ended, by: &Address, act: Act, comment: String) -> Result<(), Refusal> {
        let kind = super::tell::kind(ended.end());
        let to = State::Ended(ended);
        let outgoing = self.tell_author(kind, &to, by, &comment);
        self.step(from, to, by, act, comment, outgoing).await
    }

    pub(super) async fn step(
        &self,
        from: State,
        to: State,
        by: &Address,
        act: Act,
        note: String,
        outgoing: Vec<Outgoing>,
    ) -> Result<(), Refusal> {
        let id = to.id();
        // The trail keeps the beginning; the whole comment is in the mailing and in the notice.
        let event = self.event(act, by, id, note.chars().take(NOTE_CHARS_MAX).collect());
        match self
            .store
            .advance(Move {
                from,
                to,
                event: Some(event),
                outgoing,
            })
            .await
        {
            // Somebody was faster: say what they did, as a second click would hear.
            Err(Error::Conflict) => {
                let state = self.store.mailing(id)?.ok_or(Refusal::NoSuchMailing(id))?;
                Err(wrong(&state, "somebody else has just changed it; look again"))
            }
            moved => Ok(moved?),
        }
    }

    pub(super) fn event(&self, act: Act, by: &Address, id: MailingId, note: String) -> Event {
        Event {
            at: self.clock.now(),
            by: by.to_string(),
            act,
            mailing: Some(id),
            note,
        }
    }

    pub(super) fn wanting(&self, why: Wanting) -> Refusal {
        // These read best with names and local times.
        let is_named = matches!(
            why,
            Wanting::Approvals(_) | Wanting::AlreadyApproved { .. } | Wanting::NotYours(_) | Wanting::Claimed { .. }
        );
        if is_named {
            Refusal::WrongStanding(self.in_words(&why))
        } else {
            Refusal::Wanting(why)
        }
    }
}

/// A comment must say something.
pub(super) fn said(comment: &str) -> Result<String, Refusal> {
    let comment = comment.trim();
    if comment.is_empty() {
        Err(Refusal::CommentWanted)
    } else {
        Ok(comment.to_owned())
    }
}

pub(super) fn wrong(state: &State, detail: &str) -> Refusal {
    Refusal::WrongState {
        id: state.id(),
        word: state.in_words(),
        detail: detail.to_owned(),
    }
}
