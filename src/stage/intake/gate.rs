//! The gate: what the gateway itself answers. Decide, commit, and only then say so.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::tz::TimeZone;
use metrics::counter;

use super::canary::Alarms;
use super::gather::{self, Gathered};
use super::look::Reading;
use super::turns::Turns;
use super::vouch::Voucher;
use super::{Asked, Intake, Submission};
use super::{answer, aside};
use crate::clock::Clock;
use crate::decide::notice::Notices;
use crate::decide::policy::{Place, Policy};
use crate::mail::{Address, Domain, Envelope, Message, Timestamp};
use crate::model::lifecycle::State;
use crate::model::{
    Act, Audience, Author, Decision, Event, Finding, Lane, Letterbox, Mailing, MailingId, Series, TokenKey, TokenKind,
};
use crate::password;
use crate::smtp::Reply;
use crate::smtp::auth::Credentials;
use crate::store::{Error, POSTED_BYTES_MAX, Store};

/// What the gate needs to know of the settings.
#[derive(Debug, Clone)]
pub struct GateSettings {
    /// What we call ourselves in trace fields.
    pub hostname: Domain,
    /// Where bounces come back to.
    pub bounce_domain: Domain,
    /// Where others report of us.
    pub letterboxes: BTreeMap<Letterbox, Address>,
    /// Who looks after the machine: what is written to its postmaster goes to them.
    pub keepers: Vec<Address>,
    /// Where the console is, for the reply to a held message.
    pub console_url: String,
    /// Reads the tokens of return paths and unsubscribe addresses.
    pub tokens: TokenKey,
    /// The rules' numbers and names.
    pub policy: Arc<Policy>,
    /// How notices are written.
    pub notices: Arc<Notices>,
    /// The zone of case numbers and dates.
    pub zone: TimeZone,
}

/// Answers by policy and commits.
#[derive(Debug)]
pub struct Gate {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) settings: GateSettings,
    voucher: Voucher,
    turns: Turns,
    pub(super) alarms: Alarms,
}

impl Gate {
    /// A gate over the store.
    pub fn new(store: Store, clock: Clock, settings: GateSettings, voucher: Voucher) -> Self {
        Self {
            store,
            clock,
            settings,
            voucher,
            turns: Turns::default(),
            alarms: Alarms::default(),
        }
    }

    pub(super) async fn judge(
        &self,
        submission: Submission,
        envelope: Envelope,
        case: Option<MailingId>,
    ) -> Result<Reply, Error> {
        let message = match Message::parse(&submission.message) {
            Ok(message) => message,
            Err(malformed) => return Ok(answer::malformed(&malformed)),
        };
        if gather::is_looping(&message) {
            return Ok(answer::looping());
        }
        let author = self.author(&submission, &message).await;
        let plain = gather::fingerprint(author.as_ref(), &message, &submission.message, &envelope);
        let armed = self.armed_until(author.as_ref(), &envelope)?;
        let fingerprint = armed.map_or(plain, |until| gather::armed(plain, until));
        // What an author sends on two connections at the same time is counted one after the other.
        let turn = self.turns.of(&fingerprint_of(author.as_ref())).await;
        if let Some(id) = self.store.repeated(&fingerprint, self.clock.now())? {
            return self.said_before(id).await;
        }
        let case = case.or_else(|| gather::named(&message.header, &self.settings, TokenKind::Case));
        let before = self.renewable(case, author.as_ref())?;
        let number = before.as_ref().and(case);
        let (mut gathered, decision) = self.gather(submission, envelope, message, author, number).await?;
        gathered.turn = turn;
        if armed.is_some() {
            gathered.unarmed = self.store.repeated(&plain, self.clock.now())?;
        }
        counter!("bedel_intake_decisions_total", "decision" => word(&decision)).increment(1);
        let answered = match decision {
            Decision::Refuse(findings) => self.refuse(&gathered, &findings).await,
            Decision::Hold(findings) => match before.filter(|_| gathered.is_case()) {
                Some(held) => Box::pin(self.renew(gathered, held, findings, fingerprint)).await,
                None => Box::pin(self.hold(gathered, findings, fingerprint)).await,
            },
            Decision::Pass(findings) => Box::pin(self.pass(gathered, findings, fingerprint)).await,
        };
        let Err(Error::Conflict) = answered else {
            return answered;
        };
        // The client gave up on one connection and said it again on another: it is one message.
        let before = self.store.repeated(&fingerprint, self.clock.now())?;
        match before {
            Some(id) => self.said_before(id).await,
            None => answered,
        }
    }

    pub(super) async fn author(&self, submission: &Submission, message: &Message) -> Option<Author> {
        let campus = &self.settings.policy.campus_domains;
        match gather::told(submission, message, campus) {
            Some(author) => Some(author),
            None => self.voucher.vouch(message, &submission.message, campus).await,
        }
    }

    async fn gather(
        &self,
        submission: Submission,
        envelope: Envelope,
        message: Message,
        author: Option<Author>,
        number: Option<MailingId>,
    ) -> Result<(Gathered, Decision), Error> {
        let answers_to = match gather::named(&message.header, &self.settings, TokenKind::MessageId) {
            Some(id) => self
                .store
                .mailing(id)?
                .map(|state| state.mailing().author.address.clone()),
            None => None,
        };
        let policy = Arc::clone(&self.settings.policy);
        let facts = gather::facts(&policy, &envelope, &message, author, answers_to);
        let (store, now) = (self.store.clone(), self.clock.now());
        // Reading what is attached takes the processor.
        let is_short = aside::is_short(&submission.message, message.header.value("Content-Type").as_deref());
        let looked = aside::aside(is_short, move || {
            let reading = Reading {
                store: &store,
                policy: &policy,
                now,
            };
            let looked = reading.look(facts, &envelope, (&message, &submission.message));
            looked.map(|looked| (looked, message, submission))
        });
        let (looked, message, submission) = looked.await??;
        let series = match looked.resolved.audience {
            Audience::Named => Series::Conveyed,
            Audience::Lists { .. } => Series::Case,
        };
        let id = number
            .filter(|number| number.series == series)
            .unwrap_or_else(|| self.store.next_id(series, now.year(&self.settings.zone)));
        Ok(gather::mailing(looked, &submission, message, (id, now), &self.settings))
    }

    async fn refuse(&self, gathered: &Gathered, findings: &[Finding]) -> Result<Reply, Error> {
        // Strangers would fill the trail with what they were refused.
        if let Some(author) = &gathered.facts.author {
            let event = self.event(Act::Refused, &author.address, None, rules(findings));
            self.store.log(event).await?;
        }
        Ok(answer::refused(findings))
    }

    /// The answer that a repeat got the first time, or will: what it repeats may not be on the disk yet.
    async fn said_before(&self, id: MailingId) -> Result<Reply, Error> {
        self.store.synced().await?;
        let is_urgent = |state: &State| !matches!(state, State::Held(_)) && state.mailing().lane == Lane::Emergency;
        let goes_at_once = self.store.mailing(id)?.is_some_and(|state| is_urgent(&state));
        Ok(match id.series {
            Series::Case if goes_at_once => answer::emergency(id, &self.settings.console_url),
            Series::Case => answer::held(id, &self.settings.console_url),
            Series::Conveyed => answer::passed(),
        })
    }

    /// Until when the author of a message that is for emergency lists alone is armed.
    fn armed_until(&self, author: Option<&Author>, envelope: &Envelope) -> Result<Option<Timestamp>, Error> {
        let is_urgent = |list| self.settings.policy.list(list).is_some_and(|rule| rule.emergency);
        let Some(author) = author.filter(|_| envelope.recipients().all(is_urgent)) else {
            return Ok(None);
        };
        let armed = self.store.armed_until(&author.address)?;
        Ok(armed.map(|(until, _)| until).filter(|until| self.clock.now() < *until))
    }

    pub(super) fn event(&self, act: Act, by: &Address, mailing: Option<MailingId>, note: String) -> Event {
        Event {
            at: self.clock.now(),
            by: by.to_string(),
            act,
            mailing,
            note,
        }
    }
}

impl Intake for Gate {
    async fn login(&self, credentials: &Credentials, _peer: SocketAddr) -> Result<Address, Reply> {
        let campus = self.settings.policy.campus_domains.first();
        let Some(address) = gather::account(&credentials.account, campus) else {
            return Err(Reply::bad_login());
        };
        let account = self.store.account(&address).map_err(|error| answer::fault(&error))?;
        let name = account.as_ref().map(|account| account.address.clone());
        let hash = account.and_then(|account| account.password_hash);
        let password = credentials.password.clone();
        let verified = tokio::task::spawn_blocking(move || password::verify(hash.as_deref(), &password)).await;
        match (verified, name) {
            (Ok(true), Some(name)) => Ok(name),
            (Ok(_), _) => Err(Reply::bad_login()),
            (Err(_panicked), _) => Err(Reply::try_again()),
        }
    }

    async fn recipient(&self, asked: Asked<'_>) -> Reply {
        let to = &asked.to.address;
        if !self.store.has_room() {
            return answer::fault(&Error::Full);
        }
        let (place, is_canary) = (
            self.settings.policy.place(to),
            self.settings.policy.canary(to).is_some(),
        );
        // Whose class it is is known once the whole message is there.
        let is_list = matches!(place, Place::List | Place::Class);
        let comes_back = self.letterbox(to).is_some() || self.token(to).is_some();
        if is_list || is_canary || comes_back || self.is_role(to) || !self.is_ours(to) {
            return Reply::recipient_ok();
        }
        answer::no_such_list(to)
    }

    async fn admit(&self, submission: Submission) -> Reply {
        let listener = submission.listener.name.clone();
        let reply = self.answer(submission).await;
        let answer = match reply.code() {
            200..=299 => "taken",
            400..=499 => "deferred",
            _ => "refused",
        };
        counter!("bedel_intake_messages_total", "listener" => listener, "answer" => answer).increment(1);
        reply
    }
}

impl Gate {
    /// What becomes of a message.
    async fn answer(&self, submission: Submission) -> Reply {
        let submission = match self.hear_canaries(submission).await {
            Ok(Some(submission)) => submission,
            Ok(None) => return answer::noted(),
            Err(error) => return answer::fault(&error),
        };
        let submission = match self.hear_roles(submission).await {
            Ok(Some(submission)) => submission,
            Ok(None) => return answer::passed(),
            Err(no) => return no,
        };
        if self.overfills(&submission) {
            return answer::overfull(POSTED_BYTES_MAX);
        }
        let admitted = match self.take_reports(&submission).await {
            Ok((None, None)) => return answer::noted(),
            Ok((None, Some(addressed))) => Box::pin(self.to_case(submission, &addressed)).await,
            Ok((Some(envelope), addressed)) => {
                match self.keep_wish(&submission).await {
                    Ok(true) => return answer::noted(),
                    Ok(false) => {}
                    Err(error) => return answer::fault(&error),
                }
                let case = addressed.filter(|addressed| addressed.is_proved);
                self.judge(submission, envelope, case.map(|addressed| addressed.case))
                    .await
            }
            Err(error) => Err(error),
        };
        admitted.unwrap_or_else(|error| answer::fault(&error))
    }
}

/// A decision in a word, for whoever counts.
fn word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Pass(_) => "pass",
        Decision::Hold(_) => "hold",
        Decision::Refuse(_) => "refuse",
    }
}

fn fingerprint_of(author: Option<&Author>) -> String {
    author.map(|author| author.address.key()).unwrap_or_default()
}

pub(super) fn rules(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| finding.rule.as_ref())
        .collect::<Vec<_>>()
        .join(", ")
}

/// A mailing is only made when its author is known.
pub(super) type Known = Option<Mailing>;
