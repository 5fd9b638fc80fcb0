//! What moves a case on without ending it: back to its author, taken on, put to an hour, tried, agreed to. Policy C14.

use jiff::civil::DateTime;

use super::{Desk, Done, Refusal};
use crate::decide::compose::{self, Letter};
use crate::decide::notice::{self, Kind, Told};
use crate::mail::{Address, Message, Timestamp};
use crate::model::lifecycle::{Held, State};
use crate::model::{Act, Event, MailingId, OfficeId, Recipient, Series, Wanting};
use crate::store::{Error, Outgoing};

/// The number of a test copy in its plan: no recipient has it, so its links lead nowhere.
const TEST_SEQ: u32 = u32::MAX;

impl Desk {
    /// A reviewer wants changes: it is its author's turn, under the same number. Policy C14.
    pub async fn give_back(&self, id: MailingId, by: &Address, comment: &str) -> Result<Done, Refusal> {
        let (state, held) = self.held(id, by)?;
        let reviewer = self.reviewer(by, "return")?;
        let comment = super::act::said(comment)?;
        let now = self.clock.now();
        let until = now.plus(self.settings.policy.lapse_after);
        let returned = held
            .give_back(&reviewer, comment.clone(), until, now)
            .map_err(|why| self.wanting(why))?;
        let to = State::Held(returned);
        let outgoing = self.tell_author(Kind::Returned, &to, by, &comment);
        self.step(state, to, by, Act::Returned, comment, outgoing).await?;
        Ok(Done {
            sentence: "Returned to its author with your comment. What they send next keeps the number.".to_owned(),
        })
    }

    /// A reviewer takes it on, so that the others know.
    pub async fn claim(&self, id: MailingId, by: &Address) -> Result<Done, Refusal> {
        let (state, held) = self.held(id, by)?;
        let reviewer = self.reviewer(by, "take on")?;
        let before = held.hold().claim().map(|claim| claim.by.clone());
        let claimed = held
            .claim(&reviewer, self.clock.now())
            .map_err(|why| self.wanting(why))?;
        let note = before.map_or_else(String::new, |before| format!("from {before}"));
        self.step(state, State::Held(claimed), by, Act::Claimed, note, Vec::new())
            .await?;
        Ok(Done {
            sentence: "It is yours. The others see that you have it.".to_owned(),
        })
    }

    /// A reviewer lets somebody else have it.
    pub async fn unclaim(&self, id: MailingId, by: &Address) -> Result<Done, Refusal> {
        let (state, held) = self.held(id, by)?;
        self.reviewer(by, "let go of")?;
        let free = held.unclaim().map_err(|why| self.wanting(why))?;
        let note = "free again".to_owned();
        self.step(state, State::Held(free), by, Act::Claimed, note, Vec::new())
            .await?;
        Ok(Done {
            sentence: "Somebody else can take it on.".to_owned(),
        })
    }

    /// A reviewer says when it is to leave: `2026-12-01T09:00` as the campus reads it, or nothing for as soon as it is
    /// released. Policy C11; law 3: approvals given before were of another schedule.
    pub async fn schedule(&self, id: MailingId, by: &Address, when: &str) -> Result<Done, Refusal> {
        let (state, held) = self.held(id, by)?;
        self.reviewer(by, "schedule")?;
        let not_before = self.moment(when)?;
        let approved = held.approved();
        let scheduled = held
            .schedule(not_before, self.clock.now())
            .map_err(|why| self.wanting(why))?;
        let what = match not_before {
            Some(at) => format!("not before {}", at.readable(&self.settings.zone)),
            None => "as soon as it is released".to_owned(),
        };
        let outgoing = self.tell_void(
            &scheduled,
            &approved,
            &by.to_string(),
            &format!("It is to leave {what}."),
        );
        let told = outgoing.len();
        self.step(
            state,
            State::Held(scheduled),
            by,
            Act::Scheduled,
            what.clone(),
            outgoing,
        )
        .await?;
        let again = match told {
            0 => String::new(),
            _ => " Whoever had approved is asked again: they had approved another schedule.".to_owned(),
        };
        Ok(Done {
            sentence: format!("It leaves {what}.{again}"),
        })
    }

    fn moment(&self, when: &str) -> Result<Option<Timestamp>, Refusal> {
        let when = when.trim();
        if when.is_empty() {
            return Ok(None);
        }
        let unreadable = || Refusal::Malformed(format!("`{when}` is no time; write such as 2026-12-01T09:00"));
        let local: DateTime = when.replace(' ', "T").parse().map_err(|_source| unreadable())?;
        let zoned = local
            .to_zoned(self.settings.zone.clone())
            .map_err(|_source| unreadable())?;
        let at: Timestamp = zoned.timestamp().into();
        if at <= self.clock.now() {
            return Err(Refusal::Malformed(format!("{when} is over; name a time to come")));
        }
        Ok(Some(at))
    }

    /// One copy to whoever asks, exactly as its recipients would get it.
    pub async fn test(&self, id: MailingId, by: &Address) -> Result<Done, Refusal> {
        let (state, held) = self.held(id, by)?;
        let is_author = state.mailing().author.address.is_same_mailbox(by);
        if !is_author && self.offices().reviewer(by).is_none() {
            return Err(Refusal::NotEntitled(
                "only its author or a reviewer gets a test copy".to_owned(),
            ));
        }
        let copy = self.test_copy(&state, by)?;
        let tested = held.test();
        self.step(state, State::Held(tested), by, Act::Tested, String::new(), vec![copy])
            .await?;
        Ok(Done {
            sentence: format!("A test copy is on its way to {by}."),
        })
    }

    fn test_copy(&self, state: &State, to: &Address) -> Result<Outgoing, Refusal> {
        let unfit = |error: String| Refusal::Store(Error::Unreadable(error));
        let bytes = self.store.message(state.id())?;
        let message = Message::parse(&bytes).map_err(|error| unfit(error.to_string()))?;
        let (mailing, now) = (state.mailing(), self.clock.now());
        let settings = &self.settings.compose;
        let sealed = compose::seal(&message, mailing, &self.release_of(state), settings);
        let sealed = sealed.map_err(|error| unfit(error.to_string()))?;
        let letter = Letter::new(&sealed).map_err(|error| unfit(error.to_string()))?;
        let recipient = Recipient {
            address: to.clone(),
            contact: None,
        };
        let copy = letter.copy(mailing, (TEST_SEQ, &recipient), settings, now);
        let copy = copy.map_err(|error| unfit(error.to_string()))?;
        let bytes = [copy.header.as_slice(), copy.body.octets()].concat();
        let id = self.store.next_id(Series::Conveyed, now.year(&self.settings.zone));
        let state = notice::carry(&self.settings.notices, to, &mailing.subject, &bytes, id, now);
        Ok(Outgoing { state, message: bytes })
    }

    /// Whether the case is still what somebody looked at; without a word of that, it is taken to be. Law 3.
    pub fn is_as_seen(&self, id: MailingId, by: &Address, seen: &str) -> Result<(), Refusal> {
        if seen.is_empty() {
            return Ok(());
        }
        let (_, held) = self.held(id, by)?;
        if held.binding().as_text() == seen {
            Ok(())
        } else {
            Err(self.wanting(Wanting::Changed))
        }
    }

    /// The same, of somebody who was told of it at this time.
    pub(super) fn is_as_told(&self, id: MailingId, by: &Address, told_at: Timestamp) -> Result<(), Refusal> {
        let (_, held) = self.held(id, by)?;
        let second = |at: Timestamp| at.as_micros().div_euclid(1_000_000);
        match held.hold().changed_at() {
            Some(changed) if second(changed) > second(told_at) => Err(self.wanting(Wanting::Changed)),
            Some(_) | None => Ok(()),
        }
    }

    /// Its author agrees to what a reviewer has made of it.
    pub async fn agree(&self, id: MailingId, by: &Address) -> Result<Done, Refusal> {
        let (state, held) = self.held(id, by)?;
        let agreed = held.agree(by).map_err(|why| self.wanting(why))?;
        let outgoing = if agreed.wanting().is_empty() {
            self.tell_reviewers(&agreed)
        } else {
            Vec::new()
        };
        self.step(state, State::Held(agreed), by, Act::Agreed, String::new(), outgoing)
            .await?;
        Ok(Done {
            sentence: "Agreed. It goes on its way to a decision.".to_owned(),
        })
    }

    /// Somebody says until which day they are away, that day too, so that a deputy is asked meanwhile; or, with nothing,
    /// that they are back. Policy C15.
    pub async fn away(&self, who: &Address, until: &str) -> Result<Done, Refusal> {
        let account = self.store.account(who)?;
        let account = account.ok_or_else(|| Refusal::NotEntitled(format!("there is no account {who}")))?;
        let until = until.trim();
        let away_until = if until.is_empty() {
            None
        } else {
            let unreadable = || Refusal::Malformed(format!("`{until}` is no day; write such as 2026-12-24"));
            let day: jiff::civil::Date = until.parse().map_err(|_source| unreadable())?;
            let next = day.tomorrow().map_err(|_far| unreadable())?;
            let morning = next.to_zoned(self.settings.zone.clone()).map_err(|_far| unreadable())?;
            let morning: Timestamp = morning.timestamp().into();
            Some(morning).filter(|morning| *morning > self.clock.now())
        };
        let sentence = match away_until {
            Some(_) => format!("You are away until {until}: meanwhile your deputies are asked."),
            None => "You are back: you are asked first again.".to_owned(),
        };
        let event = Event {
            at: self.clock.now(),
            by: who.to_string(),
            act: Act::Account,
            mailing: None,
            note: away_until.map_or_else(|| "back".to_owned(), |_| format!("away until {until}")),
        };
        let account = crate::store::Account { away_until, ..account };
        self.store.put_account(&account, event).await?;
        Ok(Done { sentence })
    }

    /// Stewards whose approval was of something else now, and are asked again.
    pub(super) fn tell_void(&self, now: &Held, approved: &[OfficeId], by: &str, what: &str) -> Vec<Outgoing> {
        let wanting = now.wanting();
        let state = State::Held(now.clone());
        let told = Told {
            actor: by.to_owned(),
            comment: what.to_owned(),
            binding: Some(now.binding()),
            ..Told::of(state.mailing())
        };
        let void = approved.iter().filter(|office| wanting.contains(office));
        let offices = void.filter_map(|office| self.offices().find(office));
        let mut stewards: Vec<&Address> = offices.flat_map(|office| &office.stewards).collect();
        stewards.sort();
        stewards.dedup();
        stewards
            .into_iter()
            .map(|steward| self.notice(Kind::Changed, steward, &told))
            .collect()
    }
}
