//! SMTP as it is spoken: runs `dialogues/*.smtp` against the pure session.
//!
//! A dialogue is a text of these lines:
//!
//! ```text
//! # a comment
//! @ listener open|submission|offered|required|normalising    which listener; the first line of all
//! @ limit recipients|commands|errors|size|line N
//! @ tls                    the handshake, after the 220 of STARTTLS
//! C: line                  the client says this line, with CRLF
//! C> bytes\r\n             the client sends exactly these bytes, in one segment, with escapes \r \n \0 \\ \xHH
//! S: line                  the server says exactly this line; `…` at its end stands for anything
//! = message bytes          the next message handed over, with escapes
//! = envelope from -> to to the next envelope handed over
//! = closed                 the server hung up
//! ```
//! Before each client line, and at the end, nothing may be left that the server said and nobody expected. The recipients
//! `unknown@…` are refused with 550; `ann@mst.example` logs in with `secret`.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use bedel::mail::Envelope;
use bedel::smtp::Reply;
use bedel::smtp::data::{BareLf, DataRules};
use bedel::smtp::line::Framer;
use bedel::smtp::server::{Progress, Reading, Securing, Session, Settings, StartTls, Step};

#[test]
fn every_dialogue_goes_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    let mut failures = vec![];
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("readable");
        // Byte by byte, the dialogue must go the same way.
        for slice in [usize::MAX, 1] {
            count += 1;
            if let Err(why) = Dialogue::new(slice).run(&text) {
                failures.push(format!("{name} (slices of {slice}): {why}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count >= 40, "only {count} dialogues were found");
}

/// One client and one session.
struct Dialogue {
    settings: Settings,
    is_secured: bool,
    slice: usize,
    framer: Framer,
    now: Now,
    said: VecDeque<String>,
    handed_over: VecDeque<(Envelope, Vec<u8>)>,
}

enum Now {
    NotYet,
    Reading(Box<Reading>),
    Handshake(Securing),
    Closed,
}

impl Dialogue {
    fn new(slice: usize) -> Self {
        Self {
            settings: Settings {
                hostname: "bedel.mst.example".parse().expect("valid"),
                starttls: StartTls::Never,
                auth: false,
                line_bytes_max: 2048,
                data: DataRules {
                    message_bytes_max: 1000,
                    line_bytes_max: 998,
                    bare_lf: BareLf::Refuse,
                },
                recipients_max: 100,
                commands_max: 1000,
                errors_max: 20,
            },
            is_secured: false,
            slice,
            framer: Framer::default(),
            now: Now::NotYet,
            said: VecDeque::new(),
            handed_over: VecDeque::new(),
        }
    }

    fn run(&mut self, text: &str) -> Result<(), String> {
        for (at, line) in text.lines().enumerate() {
            self.line(line).map_err(|why| format!("line {}: {why}", at + 1))?;
        }
        self.nothing_unexpected()?;
        match self.handed_over.pop_front() {
            Some(_unexpected) => Err("a message was handed over that nobody expected".to_owned()),
            None => Ok(()),
        }
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let (mark, rest) = line.split_at_checked(2).ok_or("a line is too short")?;
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        match mark {
            "@ " => return self.direct(rest),
            "= " => return self.expect_outcome(rest),
            _ => self.begin(),
        }
        match mark {
            "C:" => self.send(format!("{rest}\r\n").as_bytes()),
            "C>" => self.send(&unescape(rest)),
            "S:" => {
                let said = self
                    .said
                    .pop_front()
                    .ok_or_else(|| format!("expected {rest}, but nothing was said"))?;
                matches(rest, &said)
            }
            _ => Err(format!("no such mark: {mark}")),
        }
    }

    fn direct(&mut self, directive: &str) -> Result<(), String> {
        let words: Vec<&str> = directive.split(' ').collect();
        match words[..] {
            ["listener", "open"] => {}
            ["listener", "submission"] => (self.settings.auth, self.is_secured) = (true, true),
            ["listener", "offered"] => (self.settings.auth, self.settings.starttls) = (true, StartTls::Offered),
            ["listener", "required"] => (self.settings.auth, self.settings.starttls) = (true, StartTls::Required),
            ["listener", "normalising"] => self.settings.data.bare_lf = BareLf::Normalise,
            ["limit", which, number] => {
                let number = number.parse().map_err(|_no_number| "no number")?;
                match which {
                    "recipients" => self.settings.recipients_max = number,
                    "commands" => self.settings.commands_max = number,
                    "errors" => self.settings.errors_max = number,
                    "size" => self.settings.data.message_bytes_max = number,
                    "line" => self.settings.line_bytes_max = number,
                    _ => return Err(format!("no such limit: {which}")),
                }
            }
            ["tls"] => {
                self.nothing_unexpected()?;
                let Now::Handshake(securing) = std::mem::replace(&mut self.now, Now::Closed) else {
                    return Err("the server did not begin TLS".to_owned());
                };
                self.now = Now::Reading(Box::new(Reading::Command(securing.done())));
            }
            _ => return Err(format!("no such directive: {directive}")),
        }
        Ok(())
    }

    fn begin(&mut self) {
        if let Now::NotYet = self.now {
            let (session, greeting) = Session::begin(Arc::new(self.settings.clone()), self.is_secured);
            self.say(&greeting);
            self.now = Now::Reading(Box::new(Reading::Command(session)));
        }
    }

    fn expect_outcome(&mut self, outcome: &str) -> Result<(), String> {
        if outcome == "closed" {
            let is_closed = matches!(self.now, Now::Closed);
            return is_closed.then_some(()).ok_or("the server did not hang up".to_owned());
        }
        if let Some(expected) = outcome.strip_prefix("envelope ") {
            let (envelope, _message) = self.handed_over.front().ok_or("no message was handed over")?;
            let from = envelope.reverse_path().map_or("<>".to_owned(), ToString::to_string);
            let to: Vec<String> = envelope.recipients().map(ToString::to_string).collect();
            return matches(expected, &format!("{from} -> {}", to.join(" ")));
        }
        let expected = outcome
            .strip_prefix("message")
            .ok_or_else(|| format!("no such outcome: {outcome}"))?;
        let (_envelope, message) = self.handed_over.pop_front().ok_or("no message was handed over")?;
        let (expected, found) = (unescape(expected.strip_prefix(' ').unwrap_or("")), message);
        if expected != found {
            return Err(format!("the message is {}", found.escape_ascii()));
        }
        Ok(())
    }

    fn nothing_unexpected(&self) -> Result<(), String> {
        match self.said.front() {
            Some(said) => Err(format!("nobody expected: {said}")),
            None => Ok(()),
        }
    }

    /// One segment of the network: what is left of it when TLS begins is thrown away.
    fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        for mut input in bytes.chunks(self.slice.min(bytes.len().max(1))) {
            while let Some(progress) = self.read(&mut input) {
                match progress {
                    Progress::More(reading) => {
                        self.now = Now::Reading(Box::new(reading));
                        break;
                    }
                    Progress::Done(step) => self.perform(step),
                }
            }
        }
        Ok(())
    }

    /// Nothing is read while the handshake is awaited: a connection forgets what it has read beyond STARTTLS.
    fn read(&mut self, input: &mut &[u8]) -> Option<Progress> {
        match std::mem::replace(&mut self.now, Now::Closed) {
            Now::Reading(reading) => Some(reading.read(&mut self.framer, input)),
            now @ (Now::NotYet | Now::Handshake(_) | Now::Closed) => {
                self.now = now;
                None
            }
        }
    }

    fn perform(&mut self, step: Step) {
        let reading = match step {
            Step::Reply(session, reply) => {
                self.say(&reply);
                Reading::Command(session)
            }
            Step::StartTls(securing, reply) => {
                self.say(&reply);
                self.framer.clear();
                self.now = Now::Handshake(securing);
                return;
            }
            Step::Challenge(challenged, reply) => {
                self.say(&reply);
                Reading::Response(challenged)
            }
            Step::LogIn(login) => {
                let credentials = login.credentials();
                let is_right = credentials.account == "ann@mst.example" && *credentials.password == "secret";
                let step = match is_right {
                    true => login.accept("ann@mst.example".parse().expect("valid")),
                    false => login.refuse(Reply::bad_login()),
                };
                return self.perform(step);
            }
            Step::Ask(asking) => {
                let reply = match asking.path().address.local() {
                    "unknown" => Reply::new(550, (1, 1), "No such list"),
                    _ => Reply::recipient_ok(),
                };
                return self.perform(asking.answer(reply));
            }
            Step::Receive(reading, reply) => {
                if let Some(reply) = reply {
                    self.say(&reply);
                }
                reading
            }
            Step::Submit(named, envelope, message) => {
                self.handed_over.push_back((envelope, message));
                let reply = Reply::new(250, (0, 0), "Accepted");
                return self.perform(named.answer(reply));
            }
            Step::Close(reply) => {
                self.say(&reply);
                self.now = Now::Closed;
                return;
            }
        };
        self.now = Now::Reading(Box::new(reading));
    }

    fn say(&mut self, reply: &Reply) {
        self.said.extend(reply.to_string().lines().map(str::to_owned));
    }
}

fn matches(expected: &str, said: &str) -> Result<(), String> {
    let is_match = match expected.strip_suffix('…') {
        Some(start) => said.starts_with(start),
        None => said == expected,
    };
    match is_match {
        true => Ok(()),
        false => Err(format!("expected {expected}\n    but it was {said}")),
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = vec![];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let byte = match chars.next().expect("something is escaped") {
            'r' => b'\r',
            'n' => b'\n',
            '0' => 0,
            'x' => {
                let hex: String = chars.by_ref().take(2).collect();
                u8::from_str_radix(&hex, 16).expect("two hexadecimal digits")
            }
            itself => u8::try_from(itself).expect("ASCII"),
        };
        bytes.push(byte);
    }
    bytes
}
