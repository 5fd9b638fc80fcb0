//! Conversations with servers that offer much or little, refuse in every phase, and hang up in every phase.

use std::sync::Arc;

use proptest::prelude::*;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream, DuplexStream};
use tokio::task::JoinHandle;

use super::conversation::{Carried, Connection};
use crate::decide::compose::{Body, Copy};
use crate::mail::{Address, ForwardPath};
use smtp_proto::{EXT_CHUNKING, EXT_PIPELINING, EhloResponse};

/// How a server answers; an empty answer is a hang-up.
#[derive(Debug, Clone, Copy)]
struct Server {
    offers: u32,
    mail: &'static str,
    rcpt: &'static str,
    data: &'static str,
    end: &'static str,
    /// From which transaction on it answers so; before, it takes everything.
    from: u32,
}

const KIND: Server = Server {
    offers: EXT_PIPELINING | EXT_CHUNKING,
    mail: "250 2.1.0 Ok",
    rcpt: "250 2.1.5 Ok",
    data: "354 Go on",
    end: "250 2.0.0 Taken",
    from: 1,
};

/// What a server heard: its commands, and the messages it took.
#[derive(Debug, Default)]
struct Heard {
    commands: Vec<String>,
    messages: Vec<Vec<u8>>,
}

impl Server {
    async fn serve(self, stream: DuplexStream) -> Heard {
        let mut stream = BufStream::new(stream);
        let (mut heard, mut transactions, mut line) = (Heard::default(), 0, String::new());
        let mut has_recipient = false;
        while {
            line.clear();
            stream.read_line(&mut line).await.is_ok_and(|octets| octets > 0)
        } {
            let command = line.trim_end().to_owned();
            transactions += u32::from(command.starts_with("MAIL"));
            let now = if transactions >= self.from {
                self
            } else {
                Self {
                    offers: self.offers,
                    ..KIND
                }
            };
            let answer = match command.get(..4).unwrap_or_default() {
                "MAIL" => now.mail,
                "RCPT" => {
                    has_recipient = now.rcpt.starts_with('2');
                    now.rcpt
                }
                "DATA" => now.data,
                "BDAT" => {
                    let octets = command.split(' ').nth(1).and_then(|octets| octets.parse().ok());
                    let mut chunk = vec![0; octets.expect("a size")];
                    if stream.read_exact(&mut chunk).await.is_err() {
                        break;
                    }
                    if has_recipient {
                        heard.messages.push(chunk);
                        now.end
                    } else {
                        "503 5.5.1 No recipients"
                    }
                }
                _ => "250 2.0.0 Ok",
            };
            heard.commands.push(command);
            if answer.is_empty() || stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                break;
            }
            stream.flush().await.ok();
            if answer.starts_with("421") {
                break;
            }
            if answer.starts_with("354") {
                let Some(message) = until_dot(&mut stream).await else {
                    break;
                };
                let reply = if has_recipient {
                    now.end
                } else {
                    "554 5.5.1 No recipients"
                };
                if has_recipient {
                    heard.messages.push(message);
                }
                if reply.is_empty() || stream.write_all(format!("{reply}\r\n").as_bytes()).await.is_err() {
                    break;
                }
                stream.flush().await.ok();
            }
        }
        heard
    }
}

async fn until_dot(stream: &mut BufStream<DuplexStream>) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let mut line = Vec::new();
        stream
            .read_until(b'\n', &mut line)
            .await
            .ok()
            .filter(|octets| *octets > 0)?;
        if line == b".\r\n" {
            return Some(message);
        }
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

fn connect(server: Server) -> (Connection, JoinHandle<Heard>) {
    let (ours, theirs) = tokio::io::duplex(16 * 1024);
    let hello = EhloResponse {
        capabilities: server.offers,
        ..EhloResponse::new("there.example".to_owned())
    };
    (Connection::new(ours, &hello), tokio::spawn(server.serve(theirs)))
}

fn copy(body: &[u8]) -> Copy {
    let return_path: Address = "b@bounce.example".parse().expect("valid");
    Copy {
        return_path: Some(return_path),
        asked: (None, None),
        header: b"From: author@mst.example\r\n\r\n".to_vec(),
        body: Arc::new(Body::new(body.into())),
    }
}

fn ann() -> ForwardPath {
    ForwardPath::to("ann@outside.example".parse().expect("valid"))
}

async fn carry(connection: &mut Connection, copy: &Copy) -> Carried {
    connection.carry(copy, &ann(), false, || true).await
}

/// One copy that is taken, and one that is not; how the second fared.
async fn second(server: Server) -> (Carried, Connection, JoinHandle<Heard>) {
    let (mut connection, heard) = connect(Server { from: 2, ..server });
    let first = carry(&mut connection, &copy(b"one\r\n")).await;
    assert!(
        matches!(first, Carried::Said(ref said) if said.code == 250),
        "{first:?}"
    );
    let second = carry(&mut connection, &copy(b"two\r\n")).await;
    (second, connection, heard)
}

const PLAIN: u32 = 0;

#[tokio::test]
async fn a_copy_is_one_flight_once_the_connection_has_answered() {
    let (carried, connection, heard) = second(KIND).await;
    assert!(matches!(carried, Carried::Said(said) if said.text == "Taken"));
    connection.quit().await;
    let heard = heard.await.expect("no panic");
    let words: Vec<&str> = heard.commands.iter().filter_map(|command| command.get(..4)).collect();
    assert_eq!(words, ["MAIL", "RCPT", "DATA", "MAIL", "RCPT", "BDAT", "QUIT"]);
    assert_eq!(
        heard.messages.first(),
        heard
            .messages
            .get(1)
            .map(|_| b"From: author@mst.example\r\n\r\none\r\n".to_vec())
            .as_ref()
    );
}

#[tokio::test]
async fn the_first_refusal_is_what_was_said_and_the_connection_goes_on() {
    for offers in [KIND.offers, EXT_PIPELINING, PLAIN] {
        for server in [
            Server {
                mail: "451 4.7.515 Not now",
                offers,
                rcpt: "503 5.5.1 MAIL first",
                data: "503 5.5.1 RCPT first",
                ..KIND
            },
            Server {
                rcpt: "451 4.7.515 Not now",
                offers,
                data: "503 5.5.1 RCPT first",
                ..KIND
            },
            Server {
                rcpt: "451 4.7.515 Not now",
                offers,
                ..KIND
            },
            Server {
                data: "451 4.7.515 Not now",
                end: "451 4.7.515 Not now",
                offers,
                ..KIND
            },
            Server {
                end: "451 4.7.515 Not now",
                offers,
                ..KIND
            },
        ] {
            let (carried, connection, heard) = second(server).await;
            let Carried::Said(said) = carried else {
                panic!("{server:?}: {carried:?}")
            };
            assert_eq!(said.enhanced, Some((4, 7, 515)), "{server:?}");
            assert!(!connection.is_over(), "{server:?}");
            connection.quit().await;
            let heard = heard.await.expect("no panic");
            assert_eq!(heard.commands.last().map(String::as_str), Some("QUIT"), "{server:?}");
        }
    }
}

#[tokio::test]
async fn a_last_word_before_a_hang_up_is_heard() {
    for offers in [KIND.offers, EXT_PIPELINING, PLAIN] {
        let (carried, connection, _) = second(Server {
            mail: "421 4.7.28 Too fast",
            offers,
            ..KIND
        })
        .await;
        assert!(
            matches!(carried, Carried::Said(ref said) if said.code == 421),
            "{carried:?}"
        );
        assert!(connection.is_over());
    }
}

#[tokio::test]
async fn whoever_was_taken_gets_no_empty_message() {
    let (carried, connection, heard) = second(Server {
        mail: "451 4.3.0 No",
        offers: EXT_PIPELINING,
        ..KIND
    })
    .await;
    assert!(
        matches!(carried, Carried::Said(ref said) if said.code == 451),
        "{carried:?}"
    );
    assert!(connection.is_over());
    drop(connection);
    assert_eq!(heard.await.expect("no panic").messages.len(), 1);
}

#[tokio::test]
async fn a_hang_up_is_hidden_only_when_all_of_a_copy_had_gone() {
    for offers in [EXT_PIPELINING, PLAIN] {
        for server in [
            Server {
                mail: "",
                offers,
                ..KIND
            },
            Server {
                rcpt: "",
                offers,
                ..KIND
            },
            Server {
                data: "",
                offers,
                ..KIND
            },
        ] {
            let (carried, connection, _) = second(server).await;
            assert!(matches!(carried, Carried::Broken(_)), "{server:?}: {carried:?}");
            assert!(connection.is_over());
        }
        let (carried, _, _) = second(Server {
            end: "",
            offers,
            ..KIND
        })
        .await;
        assert!(matches!(carried, Carried::Hidden(_)), "{carried:?}");
    }
    let (carried, _, _) = second(Server { end: "", ..KIND }).await;
    assert!(matches!(carried, Carried::Hidden(_)), "{carried:?}");
}

#[tokio::test]
async fn what_may_not_leave_does_not() {
    for (server, is_over) in [
        (KIND, false),
        (
            Server {
                offers: EXT_PIPELINING,
                ..KIND
            },
            true,
        ),
    ] {
        let (mut connection, heard) = connect(server);
        carry(&mut connection, &copy(b"one\r\n")).await;
        let carried = connection.carry(&copy(b"two\r\n"), &ann(), false, || false).await;
        assert!(matches!(carried, Carried::Withheld));
        assert_eq!(connection.is_over(), is_over);
        connection.quit().await;
        assert_eq!(heard.await.expect("no panic").messages.len(), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a body is, and however it goes, it comes as it was: but for the CRLF that DATA ends with.
    #[test]
    fn a_body_comes_as_it_left(body in "([.a\u{e4}]{0,3}\r\n){0,40}[.a]{0,2}", offers in prop_oneof![Just(KIND.offers), Just(EXT_PIPELINING), Just(PLAIN)], more in 0usize..2) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut body = body.into_bytes();
        // Some are too long to go at once.
        body.extend(b"x\r\n".repeat(more * 30_000));
        let heard = runtime.block_on(async {
            let (mut connection, heard) = connect(Server { offers, ..KIND });
            for _ in 0..2 {
                let carried = carry(&mut connection, &copy(&body)).await;
                assert!(matches!(carried, Carried::Said(said) if said.code == 250));
            }
            connection.quit().await;
            heard.await.expect("no panic")
        });
        let mut whole = [b"From: author@mst.example\r\n\r\n", body.as_slice()].concat();
        if !whole.ends_with(b"\r\n") {
            whole.extend(b"\r\n");
        }
        for mut message in heard.messages {
            if !message.ends_with(b"\r\n") {
                message.extend(b"\r\n");
            }
            prop_assert!(message == whole);
        }
    }
}
