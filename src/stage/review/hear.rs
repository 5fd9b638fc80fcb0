//! What waits for its hour in review: answers by mail, reminders, the digest of the morning.

use std::time::Duration;

use jiff::civil::Weekday;

use super::{Desk, Done, Refusal, Words};
use crate::decide::notice::{Kind, Told};
use crate::mail::{Address, Timestamp};
use crate::model::lifecycle::{Held, State};
use crate::model::{Act, Answer, Series, Word};
use crate::store::{Error, Move, Outgoing};

/// The last reminder comes so long before it lapses.
const LAST_CALL: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// When the digest goes.
const DIGEST_HOUR: i8 = 8;

impl Desk {
    /// Acts on what people wrote back; each hears what became of it.
    pub(super) async fn hear_answers(&self) -> Result<(), Error> {
        while let Some(answer) = self.store.next_answer()? {
            let sentence = match self.answered(&answer).await {
                Ok(done) => done.sentence,
                Err(Refusal::Store(error)) => return Err(error),
                Err(refusal) => format!("That was not done: {refusal}."),
            };
            let outgoing = self.tell_answered(&answer, sentence)?;
            self.store.settle_answer(&answer, outgoing).await?;
        }
        Ok(())
    }

    async fn answered(&self, answer: &Answer) -> Result<Done, Refusal> {
        let (id, by) = (answer.mailing, &answer.by);
        // Who says yes says it to what they were told of. Law 3.
        if matches!(answer.word, Word::Approve | Word::Release) {
            self.is_as_told(id, by, answer.told_at)?;
        }
        match &answer.word {
            Word::Approve => self.approve(id, by).await,
            Word::Release => self.release(id, by, Words::default()).await,
            Word::Return(why) => self.give_back(id, by, why).await,
            Word::Decline(why) => self.decline(id, by, why).await,
            Word::Withdraw => self.withdraw(id, by).await,
            Word::Agree => self.agree(id, by).await,
            Word::Survey(lines) => self.name_survey(id, by, lines).await,
        }
    }

    /// Whoever may not see a case hears of nothing in it.
    fn tell_answered(&self, answer: &Answer, sentence: String) -> Result<Vec<Outgoing>, Error> {
        let Some(state) = self.store.mailing(answer.mailing)? else {
            return Ok(Vec::new());
        };
        if !self.may_see(&state, &answer.by) {
            return Ok(Vec::new());
        }
        let told = Told {
            comment: sentence,
            ..Told::of(state.mailing())
        };
        Ok(vec![self.notice(Kind::Answered, &answer.by, &told)])
    }

    /// Reminds of what has waited: stewards after a working day, reviewers too after three, everybody before it
    /// lapses. Policy C14.
    pub(super) async fn remind_of(&self, from: State, held: Held) -> Result<(), Error> {
        let whom = self.reminded(&held);
        let outgoing = self.reminders(&held, &whom);
        let note = format!("{} people, for the {}. time", whom.len(), held.hold().reminders() + 1);
        let to = State::Held(held.remind());
        let event = Some(self.event(Act::Reminded, &self.settings.notices.from, to.id(), note));
        self.store
            .advance(Move {
                from,
                to,
                event,
                outgoing,
            })
            .await
    }

    /// When those who are wanted are reminded next.
    pub(super) fn next_reminder(&self, held: &Held) -> Option<Timestamp> {
        let since = held.hold().since(State::Held(held.clone()).mailing());
        match held.hold().reminders() {
            0 => Some(self.working_days_after(since, 1)),
            1 => Some(self.working_days_after(since, 3)),
            2 => Some(held.hold().until.minus(LAST_CALL)),
            _ => None,
        }
    }

    pub(super) fn working_days_after(&self, since: Timestamp, days: u32) -> Timestamp {
        let mut at = since;
        let mut left = days;
        while left > 0 {
            at = at.plus(Duration::from_secs(24 * 60 * 60));
            if self.is_working_day(at) {
                left -= 1;
            }
        }
        at
    }

    fn is_working_day(&self, at: Timestamp) -> bool {
        let date = at.local(&self.settings.zone).date();
        let hours = self.settings.policy.frequency.hours.as_ref();
        let is_holiday = hours.is_some_and(|hours| hours.holidays.contains(&date));
        !is_holiday && !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// Who is reminded: whoever's turn it is; from the second time on those above them; in the end its author too.
    fn reminded(&self, held: &Held) -> Vec<Address> {
        let state = State::Held(held.clone());
        let author = state.mailing().author.address.clone();
        if held.hold().returned().is_some() || held.wants_agreement() {
            return vec![author];
        }
        let wanting = held.wanting();
        let offices = wanting.iter().filter_map(|office| self.offices().find(office));
        let mut whom: Vec<Address> = offices.flat_map(|office| office.stewards.clone()).collect();
        if wanting.is_empty() || held.hold().reminders() > 0 {
            whom.extend(self.offices().reviewers().into_iter().cloned());
        }
        if held.hold().reminders() > 1 {
            whom.push(author);
        }
        whom.sort();
        whom.dedup();
        whom
    }

    fn reminders(&self, held: &Held, whom: &[Address]) -> Vec<Outgoing> {
        let state = State::Held(held.clone());
        let since = state.mailing().submitted_at.readable(&self.settings.zone);
        let wanting = self.names(&held.wanting());
        let what = match (held.hold().returned(), wanting.is_empty()) {
            (Some(returned), _) => format!("It was returned to its author for changes: {}", returned.comment),
            (None, _) if held.wants_agreement() => {
                "A reviewer has changed it, and its author has still to agree.".to_owned()
            }
            (None, true) => format!("Submitted on {since}. Nobody's approval is wanting: a reviewer can release it."),
            (None, false) => format!("Submitted on {since}. Still wanting: {}.", wanting.join(", ")),
        };
        let told = Told {
            comment: what,
            until: Some(held.hold().until),
            binding: Some(held.binding()),
            ..Told::of(state.mailing())
        };
        whom.iter().map(|to| self.notice(Kind::Reminder, to, &told)).collect()
    }

    /// What waits for each, at eight in the morning of a working day, once.
    pub(super) async fn send_digests(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let local = now.local(&self.settings.zone);
        if local.hour() < DIGEST_HOUR || !self.is_working_day(now) {
            return Ok(());
        }
        let day = now.day(&self.settings.zone);
        match self.store.digest_day()? {
            Some(sent) if sent == day => return Ok(()),
            // The first day of a store has no morning.
            None => return self.store.put_digests(&day, Vec::new()).await,
            Some(_) => {}
        }
        let held = self.waiting()?;
        let mut accounts: Vec<Address> = self.offices().reviewers().into_iter().cloned().collect();
        accounts.extend(self.offices().iter().flat_map(|(_, office)| office.stewards.clone()));
        accounts.sort();
        accounts.dedup();
        let wrong = self.store.wrong_records()?;
        let mut outgoing: Vec<Outgoing> = accounts
            .iter()
            .filter_map(|account| self.digest(account, &held))
            .collect();
        outgoing.extend(self.tell_wrong_records(&wrong)?);
        self.store.put_digests(&day, outgoing).await?;
        self.store.told_wrong_records(&wrong).await
    }

    fn waiting(&self) -> Result<Vec<State>, Error> {
        let mut waiting = Vec::new();
        for id in self.store.in_state(crate::store::Kind::Held)? {
            if id.series == Series::Case
                && let Some(state @ State::Held(_)) = self.store.mailing(id)?
            {
                waiting.push(state);
            }
        }
        Ok(waiting)
    }

    fn digest(&self, account: &Address, waiting: &[State]) -> Option<Outgoing> {
        let can_act = |state: &&State| {
            let standing = self.standing(state, account);
            standing.approve || standing.release
        };
        let theirs: Vec<&State> = waiting.iter().filter(can_act).collect();
        let line = |state: &&State| {
            let mailing = state.mailing();
            format!("{}  {}  ({})", mailing.id, mailing.subject, mailing.author.address)
        };
        let told = Told {
            reasons: theirs.iter().map(line).collect(),
            link: Some(self.settings.notices.console_url.clone()),
            ..Told::of(theirs.first()?.mailing())
        };
        Some(self.notice(Kind::Digest, account, &told))
    }
}
