//! One connection: drives `smtp::server` over a socket. What to do is decided there; here it is done.
//!
//! # Failure
//! A client that hangs up or says nothing for too long ends its connection and nothing else; a transaction it had not
//! finished never was. A panic is caught by the listener.
//!
//! # Standards
//! RFC 2920 §3.2 (replies to pipelined commands leave together), RFC 3207 §4.2, RFC 5321 §3.8, §4.5.3.2.7.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::wire::Wire;
use super::{Asked, Intake, ListenerSettings, Reception, Submission};
use crate::mail::Envelope;
use crate::smtp::Reply;
use crate::smtp::line::Framer;
use crate::smtp::server::{Asking, LoggingIn, Named, Progress, Reading, Session, Settings, Step};
use crate::stage::worker::Shutdown;

/// One client and what has been read of it.
pub(super) struct Connection<'a, I> {
    pub(super) reception: &'a Reception<I>,
    pub(super) listener: &'a Arc<ListenerSettings>,
    pub(super) peer: SocketAddr,
    pub(super) wire: &'a mut Wire,
    pub(super) shutdown: Shutdown,
    framer: Framer,
    /// Read, and used up to `used`.
    input: Vec<u8>,
    used: usize,
    /// Said, and not yet written.
    output: Vec<u8>,
    /// When the transaction must have ended.
    deadline: Option<Instant>,
}

/// What a step leads to.
enum Next {
    /// Reading on.
    Read(Reading),
    /// Another step, once somebody was asked.
    Do(Step),
    /// The end, with all said.
    End,
}

impl<'a, I: Intake> Connection<'a, I> {
    pub(super) fn new(
        reception: &'a Reception<I>,
        listener: &'a Arc<ListenerSettings>,
        peer: SocketAddr,
        wire: &'a mut Wire,
        shutdown: Shutdown,
    ) -> Self {
        Self {
            reception,
            listener,
            peer,
            wire,
            shutdown,
            framer: Framer::default(),
            input: vec![],
            used: 0,
            output: vec![],
            deadline: None,
        }
    }

    /// Serves until one side has had enough.
    pub(super) async fn serve(mut self, settings: Arc<Settings>) -> io::Result<()> {
        let is_secured = matches!(self.wire, Wire::Tls(_));
        let (session, greeting) = Session::begin(settings, is_secured);
        self.say(&greeting);
        let mut reading = Reading::Command(session);
        loop {
            let mut unread = self.input.get(self.used..).unwrap_or_default();
            let progress = reading.read(&mut self.framer, &mut unread);
            self.used = self.input.len() - unread.len();
            match progress {
                Progress::More(more) => {
                    if !self.refill(&more).await? {
                        return Ok(());
                    }
                    reading = more;
                }
                Progress::Done(step) => match self.perform(step).await? {
                    Some(more) => reading = more,
                    None => return Ok(()),
                },
            }
        }
    }

    /// Does what the session wants done, until it wants to read; nothing when it is over.
    async fn perform(&mut self, step: Step) -> io::Result<Option<Reading>> {
        let mut step = step;
        loop {
            match self.advance(step).await? {
                Next::Read(reading) => return Ok(Some(reading)),
                Next::Do(next) => step = next,
                Next::End => return Ok(None),
            }
        }
    }

    async fn advance(&mut self, step: Step) -> io::Result<Next> {
        Ok(match step {
            Step::Reply(session, reply) => {
                self.say(&reply);
                self.keep_deadline(&session);
                Next::Read(Reading::Command(session))
            }
            Step::Challenge(challenged, reply) => {
                self.say(&reply);
                Next::Read(Reading::Response(challenged))
            }
            Step::Receive(reading, reply) => {
                reply.iter().for_each(|reply| self.say(reply));
                Next::Read(reading)
            }
            Step::StartTls(securing, reply) => {
                self.say(&reply);
                self.secure().await?;
                Next::Read(Reading::Command(securing.done()))
            }
            Step::LogIn(login) => Next::Do(self.log_in(login).await),
            Step::Ask(asking) => Next::Do(self.ask(asking).await),
            Step::Submit(named, envelope, message) => Next::Do(self.submit(named, envelope, message).await),
            Step::Close(reply) => {
                self.say(&reply);
                self.flush().await?;
                Next::End
            }
        })
    }

    /// Begins TLS. What was read in the clear beyond STARTTLS is thrown away: it is not the client's who comes next.
    async fn secure(&mut self) -> io::Result<()> {
        self.flush().await?;
        self.framer.clear();
        (self.input, self.used) = (vec![], 0);
        let within = self.reception.limits.idle_timeout;
        self.wire.secure(&self.reception.tls, within).await
    }

    async fn log_in(&self, login: LoggingIn) -> Step {
        let account = login.credentials().account.clone();
        let (peer, failed_logins) = (self.peer.ip(), &self.reception.failed_logins);
        let refusal = match failed_logins.attempt(&account, peer, self.reception.clock.now()) {
            Err(refusal) => refusal,
            Ok(()) => match self.reception.intake.login(login.credentials(), self.peer).await {
                Ok(address) => {
                    failed_logins.forgive(&account, peer);
                    return login.accept(address);
                }
                Err(refusal) => {
                    if refusal.code() != Reply::bad_login().code() {
                        failed_logins.take_back(&account, peer);
                    }
                    refusal
                }
            },
        };
        tracing::info!(listener = self.listener.name, %peer, reply.code = refusal.code(), "login refused");
        login.refuse(refusal)
    }

    async fn ask(&self, asking: Asking) -> Step {
        let asked = Asked {
            listener: self.listener,
            peer: self.peer,
            login: asking.login(),
            from: asking.reverse_path(),
            to: asking.path(),
        };
        let reply = self.reception.intake.recipient(asked).await;
        asking.answer(reply)
    }

    async fn submit(&self, named: Named, envelope: Envelope, message: Vec<u8>) -> Step {
        let submission = Submission {
            listener: Arc::clone(self.listener),
            peer: self.peer,
            hello: named.hello().to_owned(),
            tls: self.wire.tls(),
            login: named.login().cloned(),
            envelope,
            message,
        };
        // What a message in hand wants, 20 KB, is not kept for every connection that is open.
        let reply = Box::pin(self.reception.intake.admit(submission)).await;
        named.answer(reply)
    }

    /// Writes what was said, then waits for more of the client; false when it is over.
    async fn refill(&mut self, reading: &Reading) -> io::Result<bool> {
        self.flush().await?;
        // A message that has begun is let come to its end, and its answer said; then we stop.
        let may_stop = !matches!(reading, Reading::Message(_));
        let patience = self.patience();
        self.used = 0;
        let read = tokio::select! {
            biased;
            () = self.shutdown.closing(), if may_stop => None,
            // A client that never pauses would never be seen to be late.
            () = std::future::ready(()), if patience.is_zero() => Some(Err(io::ErrorKind::TimedOut.into())),
            read = self.wire.read(&mut self.input, patience) => Some(read),
        };
        let last_word = match read {
            None => Reply::not_now("Shutting down, try again later"),
            Some(Err(error)) if error.kind() == io::ErrorKind::TimedOut => Reply::timed_out(),
            Some(read) => return read,
        };
        self.say(&last_word);
        self.flush().await?;
        Ok(false)
    }

    /// How long we wait for the client: not for ever, and no longer than the transaction may take.
    fn patience(&self) -> Duration {
        let idle = self.reception.limits.idle_timeout;
        match self.deadline {
            Some(deadline) => idle.min(deadline.saturating_duration_since(Instant::now())),
            None => idle,
        }
    }

    /// A transaction is timed from MAIL to the answer to its message.
    fn keep_deadline(&mut self, session: &Session) {
        self.deadline = match session {
            Session::Greeted(_) | Session::Named(_) => None,
            Session::Addressed(_) | Session::Chunking(_) => {
                let fresh = || Instant::now() + self.reception.limits.transaction_timeout;
                Some(self.deadline.unwrap_or_else(fresh))
            }
        };
    }

    fn say(&mut self, reply: &Reply) {
        self.output.extend_from_slice(reply.to_string().as_bytes());
    }

    async fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let output = std::mem::take(&mut self.output);
        self.wire.write(&output, self.reception.limits.idle_timeout).await
    }
}
