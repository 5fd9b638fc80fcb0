//! The session, where a dialogue is too long or asks about what is not said.

use proptest::prelude::*;

use super::*;
use crate::smtp::data::BareLf;
use crate::smtp::line::Framer;

fn settings() -> Settings {
    Settings {
        hostname: "bedel.mst.example".parse().expect("valid"),
        starttls: StartTls::Never,
        auth: true,
        line_bytes_max: 2048,
        data: DataRules {
            message_bytes_max: 1000,
            line_bytes_max: 998,
            bare_lf: BareLf::Refuse,
        },
        recipients_max: 1000,
        commands_max: 1_000_000,
        errors_max: 20,
    }
}

fn open() -> Settings {
    Settings {
        auth: false,
        ..settings()
    }
}

fn begin(settings: Settings) -> Session {
    Session::begin(Arc::new(settings), true).0
}

/// The session after a line that is answered without asking anybody but for recipients, and the answer.
fn say(session: Session, line: &str) -> (Session, u16) {
    let mut step = session.read(&Ok(line.as_bytes().to_vec()));
    if let Step::Ask(asking) = step {
        step = asking.answer(Reply::recipient_ok());
    }
    let Step::Reply(session, reply) = step else {
        panic!("{line}: {step:?}");
    };
    (session, reply.code())
}

#[test]
fn a_hundred_thousand_recipients_are_answered_and_the_limit_is_kept() {
    let mut session = say(say(begin(open()), "EHLO x").0, "MAIL FROM:<>").0;
    let mut taken = 0;
    for n in 0..100_000 {
        let (next, code) = say(session, &format!("RCPT TO:<r{n}@x.example>"));
        assert_eq!(code, if n < 1000 { 250 } else { 452 });
        taken += usize::from(code == 250);
        session = next;
    }
    let Step::Receive(Reading::Message(receiving), Some(_go_ahead)) = session.handle(Command::Data) else {
        panic!("DATA is taken");
    };
    let Progress::Done(Step::Submit(_named, envelope, _message)) = receiving.read(&mut &b"x\r\n.\r\n"[..]) else {
        panic!("it is handed over");
    };
    assert_eq!((envelope.recipients().count(), taken), (1000, 1000));
}

#[test]
fn a_password_is_not_shown_by_a_state_that_holds_it() {
    let session = say(begin(settings()), "EHLO x").0;
    // NUL ann NUL secret
    let step = session.read(&Ok(b"AUTH PLAIN AGFubgBzZWNyZXQ=".to_vec()));
    let Step::LogIn(login) = &step else {
        panic!("{step:?}");
    };
    assert_eq!(*login.credentials().password, "secret");
    let command = Command::parse(b"AUTH PLAIN AGFubgBzZWNyZXQ=");
    let shown = format!("{step:?} {command:?}");
    assert!(!shown.contains("secret") && !shown.contains("c2VjcmV0") && !shown.contains("AGFubgBz"));
}

#[test]
fn a_line_of_an_exchange_may_be_longer_than_a_command() {
    let session = say(begin(settings()), "EHLO x").0;
    let Step::Challenge(challenged, _challenge) = session.read(&Ok(b"AUTH PLAIN".to_vec())) else {
        panic!("asks for a response");
    };
    let mut framer = Framer::default();
    let line = [vec![b'A'; 12_000], b"\r\n".to_vec()].concat();
    let progress = Reading::Response(challenged).read(&mut framer, &mut line.as_slice());
    let Progress::Done(Step::Reply(_session, reply)) = progress else {
        panic!("{progress:?}");
    };
    assert_eq!(reply.code(), 501);
}

#[test]
fn an_endless_line_of_an_exchange_ends_it() {
    let session = say(begin(settings()), "EHLO x").0;
    let Step::Challenge(challenged, _challenge) = session.read(&Ok(b"AUTH PLAIN".to_vec())) else {
        panic!("asks for a response");
    };
    let step = challenged.respond(Err(LineFault::TooLong));
    let Step::Reply(Session::Named(_), reply) = step else {
        panic!("{step:?}");
    };
    assert!(reply.to_string().starts_with("500 5.5.6"));
}

/// All that is said to these bytes, by a server that takes every recipient and message and ann's password.
fn talk<'a>(slices: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut framer = Framer::default();
    let (session, greeting) = Session::begin(Arc::new(settings()), true);
    let mut said = greeting.to_string();
    let mut reading = Reading::Command(session);
    for mut input in slices {
        loop {
            let mut step = match reading.read(&mut framer, &mut input) {
                Progress::More(more) => {
                    reading = more;
                    break;
                }
                Progress::Done(step) => step,
            };
            reading = loop {
                step = match step {
                    Step::LogIn(login) => login.accept("ann@mst.example".parse().expect("valid")),
                    Step::Ask(asking) => asking.answer(Reply::recipient_ok()),
                    Step::Submit(named, envelope, message) => {
                        said += &format!("{envelope:?} {message:?}");
                        named.answer(Reply::ok())
                    }
                    Step::Reply(session, reply) => {
                        said += &reply.to_string();
                        break Reading::Command(session);
                    }
                    Step::Challenge(challenged, reply) => {
                        said += &reply.to_string();
                        break Reading::Response(challenged);
                    }
                    Step::Receive(reading, reply) => {
                        said += &reply.map(|reply| reply.to_string()).unwrap_or_default();
                        break reading;
                    }
                    Step::StartTls(securing, _reply) => break Reading::Command(securing.done()),
                    Step::Close(reply) => return said + &reply.to_string(),
                };
            };
        }
    }
    said
}

/// Sessions that get far, and go wrong anywhere.
fn wild_session() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        6 => prop::sample::select(vec![
            "EHLO x\r\n", "AUTH PLAIN AGFubgBzZWNyZXQ=\r\n", "MAIL FROM:<a@x.example>\r\n", "RCPT TO:<b@x.example>\r\n",
            "DATA\r\n", "a\r\n", ".\r\n", "BDAT 4\r\n", "BDAT 2 LAST\r\n", "RSET\r\n", "AUTH LOGIN\r\n", "NOOP\r\n", "*\r\n",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..6),
        1 => Just(b"\n".to_vec()),
    ];
    let opening = Just(b"EHLO x\r\nAUTH PLAIN AGFubgBzZWNyZXQ=\r\nMAIL FROM:<>\r\nRCPT TO:<b@x.example>\r\n".to_vec());
    (opening, proptest::collection::vec(word, 0..14)).prop_map(|(opening, words)| [opening, words.concat()].concat())
}

proptest! {
    #[test]
    fn a_session_says_the_same_however_its_input_is_sliced(bytes in wild_session(), cut in 1usize..9) {
        let whole = talk([bytes.as_slice()]);
        prop_assert_eq!(talk(bytes.chunks(cut)), whole);
    }
}
